"""Stores that users have named in a file, and what is wrong with such files."""

from __future__ import annotations

from pathlib import Path

import pytest

from zarrlift.errors import UsageError
from zarrlift.store.address import Address, StoreOptions
from zarrlift.store.named import config_path, resolve

FILE = """
[stores.idr]
endpoint = "https://uk1s3.embassy.ebi.ac.uk"
anon = true

[stores.lab]
url = "s3://raw/2026"
profile = "lab"
region = "eu-west-1"

[stores.mirror]
url = "https://host.example.org/pub/"

[stores.cloud]
url = "gs://"
"""


@pytest.fixture(name="file")
def write_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of settings, which the environment names."""
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    monkeypatch.setenv("ZARRLIFT_CONFIG", str(path))
    return path


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("idr://idr/a/b.zarr/", Address("s3", "idr", "a/b.zarr", "idr://idr/a/b.zarr")),
        ("lab://b.zarr", Address("s3", "raw", "2026/b.zarr", "lab://b.zarr")),
        ("mirror://b.zarr", Address("https", "host.example.org", "pub/b.zarr", "mirror://b.zarr")),
        ("cloud://x/y", Address("gs", "x", "y", "cloud://x/y")),
    ],
)
def test_name_stands_for_the_beginning_of_an_address(url: str, address: Address) -> None:
    """What follows the name completes it; the address keeps the name for people."""
    assert resolve(url, StoreOptions())[0] == address
    assert address.url == url.rstrip("/")


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("url", "given", "due"),
    [
        (
            "idr://a/b",
            StoreOptions(),
            StoreOptions(endpoint="https://uk1s3.embassy.ebi.ac.uk", anon=True),
        ),
        (
            "idr://a/b",
            StoreOptions(endpoint="http://h", anon=False),
            StoreOptions(endpoint="http://h", anon=False),
        ),
        (
            "idr://a/b",
            StoreOptions(profile="me"),
            StoreOptions(endpoint="https://uk1s3.embassy.ebi.ac.uk", anon=False, profile="me"),
        ),
        ("lab://b", StoreOptions(region="r"), StoreOptions(region="r", profile="lab")),
        ("s3://a/b", StoreOptions(anon=True), StoreOptions(anon=True)),
    ],
)
def test_what_is_given_goes_before_the_file(
    url: str, given: StoreOptions, due: StoreOptions
) -> None:
    """Each word of the command replaces the file's; the others hold."""
    assert resolve(url, given)[1] == due


def test_file_is_not_read_for_other_addresses(file: Path) -> None:
    """A broken file is in nobody's way who names no store."""
    file.write_text("[stores")

    assert resolve("s3://a/b", StoreOptions())[0] == Address("s3", "a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[stores.idr\nanon = true", "line 1"),
        ("x = 1\n\n[[a b]]", "line 3"),
        ("[stores.idr]\nendpont = 'https://h'", "'endpont'.*known: endpoint, anon"),
        ("[store.idr]\nanon = true", "'store'.*known: stores"),
        ("[stores.idr]\nsecret_access_key = 's3cret'", "holds no keys.*AWS_SECRET_ACCESS_KEY"),
        ("[stores.idr]\naccess_key_id = 's3cret'", "holds no keys"),
        ("[stores.idr]\nsas_token = 's3cret'", "holds no keys"),
        ("[stores.idr]\nendpoint = 'https://me:s3cret@h'", "carries a login"),
        ("[stores.idr]\nurl = 'https://h/a?sig=s3cret'", "carries a login"),
        ("[stores.idr]\nanon = 'yes'", "neither true nor false"),
        ("[stores.idr]\nregion = 1", "region is no text"),
        ("[stores.idr]\nendpoint = 'h:9000'", "https://"),
        ("[stores.idr]\nurl = '/data'", "begins with none of"),
        ("[stores.s3]\nanon = true", "the name is taken"),
        ("[stores.'a b']\nanon = true", "no word"),
        ("[stores]\nidr = 1", "write \\[stores.idr\\]"),
        ("stores = 1", "no table"),
        ("", "which names none.*\\[stores.idr\\]"),
        ("[stores.b]\n[stores.a]", "it has a, b"),
        (b"[stores.idr]\nregion = '\xff'", "UTF-8 \\(line 2\\)"),
    ],
)
def test_file_that_cannot_be_used(file: Path, text: str | bytes, words: str) -> None:
    """Each error names the file, what is wrong and the next step, and repeats no key."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(UsageError, match=f"(?s){words}") as caught:
        resolve("idr://a/b", StoreOptions())

    assert str(file) in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("url", ["idr://", "idr:///", "idr://a/../b", "lab://a//b", "nobody://a"])
def test_address_that_means_nothing(url: str) -> None:
    """A name alone is no place, and steps upwards lead out of what it stands for."""
    with pytest.raises(UsageError) as caught:
        resolve(url, StoreOptions())

    assert caught.value.hint


def test_file_that_was_named_must_be_there(file: Path) -> None:
    """A wrong ZARRLIFT_CONFIG is said."""
    file.unlink()

    with pytest.raises(UsageError, match="no such file"):
        resolve("idr://a/b", StoreOptions())


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In ~/.config, unless the environment says otherwise."""
    monkeypatch.delenv("ZARRLIFT_CONFIG", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_path() == tmp_path / ".config" / "zarrlift" / "config.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "x"))
    assert config_path() == tmp_path / "x" / "zarrlift" / "config.toml"
    monkeypatch.setenv("ZARRLIFT_CONFIG", "~/z.toml")
    assert config_path() == tmp_path / "z.toml"
