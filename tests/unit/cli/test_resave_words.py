"""What the challenge's options mean: addresses of stores, the crate, words in errors."""

from __future__ import annotations

from collections.abc import Mapping

import click
import pytest

from zarrlift.cli import faces, resave
from zarrlift.cli import resave_words as words
from zarrlift.cli.resave_words import Address, CrateOptions, StoreOptions
from zarrlift.errors import UsageError

IDR = "https://uk1s3.embassy.ebi.ac.uk"


def given(line: str) -> Mapping[str, object]:
    """Parse the words after `zarrlift-resave`, as the program does."""
    context = resave.app.make_context("zarrlift-resave", line.split())
    args = [*context._protected_args, *context.args]  # noqa: SLF001 - click 8.1 keeps the first there
    _, command, rest = resave.app.resolve_command(context, args)
    assert isinstance(command, click.Command)
    return command.make_context(str(command.name), rest).params


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (
            (
                f"--input-bucket=idr --input-endpoint={IDR} --input-anon "
                "zarr/v0.4/idr0062A/6001240.zarr /tmp/6001240.zarr"
            ),
            Address(
                url="s3://idr/zarr/v0.4/idr0062A/6001240.zarr",
                store=StoreOptions(endpoint=IDR, anon=True),
            ),
        ),
        (
            (
                f"--input-bucket=idr --input-endpoint={IDR} --input-anon "
                "zarr/v0.4/idr0083A/9822152.zarr /tmp/6001240.zarr "
                "--output-shards=1,1,1,4096,4096 --output-chunks=1,1,1,1024,1024 --log debug"
            ),
            Address(
                url="s3://idr/zarr/v0.4/idr0083A/9822152.zarr",
                store=StoreOptions(endpoint=IDR, anon=True),
            ),
        ),
        (
            (
                f"--input-bucket=idr --input-endpoint={IDR} --input-anon "
                "zarr/v0.4/idr0047A/4496763.zarr /tmp/6001240.zarr --output-write-details"
            ),
            Address(
                url="s3://idr/zarr/v0.4/idr0047A/4496763.zarr",
                store=StoreOptions(endpoint=IDR, anon=True),
            ),
        ),
        (
            "resave --input-bucket b --input-region eu-west-2 /a//b.zarr/ /tmp/6001240.zarr",
            Address(url="s3://b/a/b.zarr", store=StoreOptions(region="eu-west-2")),
        ),
        ("--input-bucket=b / /tmp/6001240.zarr", Address(url="s3://b")),
        ("input.zarr /tmp/6001240.zarr", Address(url="input.zarr")),
    ],
)
def test_bucket_makes_a_path_a_key(line: str, source: Address) -> None:
    """A bucket, with endpoint, region and anon, becomes one address and how to reach it."""
    assert words.addresses(given(line)) == (source, Address(url="/tmp/6001240.zarr"))


def test_output_may_lie_in_a_store() -> None:
    """The output has the same four options."""
    line = "in.zarr out.zarr --output-bucket=b --output-endpoint=http://h:1 --output-region=r"

    _, target = words.addresses(given(line))

    assert target == Address(
        url="s3://b/out.zarr", store=StoreOptions(endpoint="http://h:1", region="r")
    )


def test_server_by_its_name_alone() -> None:
    """`--input-endpoint=HOST`, as the README has it, is an address with TLS; empty is none."""
    line = "--input-bucket=b --output-bucket=b --input-endpoint=s3.example.org"

    source, target = words.addresses(given(f"{line} --output-endpoint= in.zarr out.zarr"))

    assert source.store.endpoint == "https://s3.example.org"
    assert target.store == StoreOptions()


def test_store_options_without_a_bucket_are_named() -> None:
    """Without a bucket the other options mean nothing, as in the challenge's program."""
    line = given("in.zarr out.zarr --input-anon --output-endpoint=http://h:1")

    assert words.without_bucket(line) == ["--input-anon", "--output-endpoint"]
    assert words.addresses(line) == (Address(url="in.zarr"), Address(url="out.zarr"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", CrateOptions()),
        ("--cc-by", CrateOptions(license="https://creativecommons.org/licenses/by/4.0/")),
        ("--cc0", CrateOptions(license="https://creativecommons.org/publicdomain/zero/1.0/")),
        ("--cc0 --rocrate-skip", CrateOptions()),
        (
            (
                "--rocrate-license=https://l --rocrate-organism=NCBI:txid9606 "
                "--rocrate-modality=obo:FBbi_00000251 --rocrate-name=n --rocrate-description=d"
            ),
            CrateOptions(
                license="https://l",
                organism="NCBI:txid9606",
                modality="obo:FBbi_00000251",
                name="n",
                description="d",
            ),
        ),
    ],
)
def test_crate_options_become_words(line: str, expected: CrateOptions) -> None:
    """A licence is given by its address, whichever option names it."""
    assert words.crate(given(f"in.zarr out.zarr {line}")) == expected


@pytest.mark.parametrize(
    "line",
    [
        "--cc0 --cc-by",
        "--cc0 --rocrate-license=https://l",
        "--output-chunks=1 --output-read-details=f",
        "--output-write-details --output-chunks=1",
    ],
)
def test_options_that_exclude_one_another(line: str) -> None:
    """Those that the challenge's program takes one of at most are refused together."""
    with pytest.raises(UsageError, match="exclude one another"):
        words.refuse_together(given(f"in.zarr out.zarr {line}"))


def test_chunks_and_shards_go_together() -> None:
    """The README's pair of options is taken."""
    line = given("in.zarr out.zarr --output-chunks=1,256 --output-shards=1,2048")

    words.refuse_together(line)

    assert words.choices(line) == {"chunks": "1,256", "shards": "1,2048", "crate": True}
    assert words.choices(given("in.zarr out.zarr"))["shards"] == "whole"


def test_messages_name_this_program_s_options() -> None:
    """An error that names an option of `zarrlift convert` names the one that is here."""
    said = words.spoken("--overwrite it, not --output-overwrite; or --exclude it")

    assert said == (
        "--output-overwrite it, not --output-overwrite; or zarrlift convert --exclude it"
    )


def test_messages_name_the_options_of_stores() -> None:
    """What is said of a store names what this program has for it, or whoever has it."""
    said = words.spoken("check --endpoint, --region and --profile; raise --patience")

    assert said == (
        "check --input-endpoint or --output-endpoint, --input-region or --output-region "
        "and AWS_PROFILE; raise zarrlift convert --patience"
    )


def test_command_to_continue_names_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an interruption the line that continues is this program's own."""
    monkeypatch.setattr("sys.argv", ["/bin/zarrlift-resave", "in put.zarr", "out.zarr"])

    assert faces.own_command(words.PROGRAM) == "zarrlift-resave 'in put.zarr' out.zarr"
