"""Crates of lifts and upgrades: written last, merged, part of the plan, and no part of the data."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import sample, write_array
from tests.crates import (
    CC0,
    CC_BY,
    CRATE,
    entity,
    judged,
    of_the_challenge,
    panel,
    read,
    undated,
    write,
)
from tests.fakes import Stopped, StoppingWatch
from tests.functional.runs import Word, assert_refused, in_process, run, tree, write_sample
from zarrlift.errors import SourceError, TargetError, UsageError
from zarrlift.jobs.choices import CrateChoices
from zarrlift.plan.saved import plan_to_json
from zarrlift.store.target import CLAIM, OURS

ALL: CrateChoices = {
    "license": "cc-by",
    "organism": "human",
    "modality": "light sheet",
    "name": "Cells",
}


@pytest.fixture(name="source")
def make_source(tmp_path: Path) -> Path:
    """An image without a crate."""
    return write_sample(tmp_path / "image.zarr")


def without_crate(folder: Path) -> dict[str, str]:
    """Give a tree but for its crate."""
    return {name: digest for name, digest in tree(folder).items() if name != CRATE}


def test_lift_writes_a_crate(source: Path, tmp_path: Path) -> None:
    """With options the target has a crate that says them, and how it was made."""
    target = tmp_path / "target.zarr"

    more: CrateChoices = {**ALL, "author": "0000-0002-1825-0097", "keyword": ["a", "b"]}

    report = zl.convert(source, target, **more)

    document = read(target)
    judged(document)
    assert report.finished
    assert panel(document) == {
        "license": CC_BY,
        "name": "Cells",
        "description": None,
        "organism": "NCBI:txid9606",
        "modality": "obo:FBbi_00000369",
    }
    (action,) = (e for e in document["@graph"] if e["@type"] == "CreateAction")
    assert action["identifier"] == f"sha256:{report.plan.digest}"
    assert str(tmp_path) not in (target / CRATE).read_text("utf-8")
    assert zl.crate(target).valid
    assert not (target / OURS).exists()
    assert zl.verify(source, target, level="full").equal


def test_crate_is_the_only_difference(source: Path, tmp_path: Path) -> None:
    """The same plan gives the same bytes, but for the crate's date; the rest is as without."""
    first, second, plain = (tmp_path / name for name in ("a", "b", "c"))
    zl.convert(source, first, **ALL)
    zl.convert(source, second, **ALL)
    zl.convert(source, plain)

    assert without_crate(first) == without_crate(second) == tree(plain)
    assert undated(read(first)) == undated(read(second))


def test_crate_belongs_to_the_plan(source: Path, tmp_path: Path) -> None:
    """Another licence is another plan; without options the digest is what it always was."""
    target = tmp_path / "target.zarr"
    ways: list[CrateChoices] = [{}, {"license": "cc0"}, {"license": "cc-by"}, {"name": "a"}]

    digests = {zl.plan(source, target, **way).digest for way in ways}

    assert len(digests) == 4
    assert (
        zl.plan(source, target, license=CC0).digest == zl.plan(source, target, license="cc0").digest
    )


def test_crate_without_licence_is_warned_of(source: Path, tmp_path: Path) -> None:
    """A crate that states no licence is written, with a warning that says what to add."""
    ran = in_process("convert", source, tmp_path / "target.zarr", "--organism", "mouse")

    assert ran.code == 0
    assert "crate-license-missing" in ran.out
    assert "--set license=cc-by" in " ".join(ran.out.split())
    assert zl.crate(tmp_path / "target.zarr").valid


def test_lift_without_options_copies_the_crate(source: Path, tmp_path: Path) -> None:
    """A crate that is there is copied byte for byte where nothing is to be said, odd ones too."""
    for number, data in enumerate((b"{", write(source, of_the_challenge()))):
        (source / CRATE).write_bytes(data)
        target = tmp_path / str(number)

        report = zl.convert(source, target)

        assert report.finished
        assert (target / CRATE).read_bytes() == data
        assert report.findings == ()


def test_crate_of_the_source_is_merged(source: Path, tmp_path: Path) -> None:
    """What the source's crate says stays, unless an option says it otherwise."""
    old = of_the_challenge()
    entity(old, "#bio")["strain"] = {"value": [1]}
    write(source, old)
    target = tmp_path / "target.zarr"

    report = zl.convert(source, target, license="cc0")

    document = read(target)
    assert report.finished
    assert report.findings == ()
    assert entity(document, "#bio") == entity(old, "#bio")
    assert panel(document)["license"] == CC0
    assert panel(document)["name"] == "mitosis"
    assert zl.verify(source, target).equal
    assert zl.convert(source, target, license="cc0").already
    assert zl.convert(source, target).already


def test_crate_that_lost_something_differs(source: Path, tmp_path: Path) -> None:
    """A target whose crate lacks what the source's says is not equal."""
    write(source, of_the_challenge())
    target = tmp_path / "target.zarr"
    zl.convert(source, target, license="cc0")
    document = read(target)
    document["@graph"] = [e for e in document["@graph"] if e["@id"] != "#spec"]
    write(target, document)

    proof = zl.verify(source, target)

    assert [f.rule for f in proof.findings] == ["crate-lost"]
    (target / CRATE).unlink()
    assert [f.rule for f in zl.verify(source, target).findings] == ["file-missing"]


def test_crate_left_out_is_not_merged(source: Path, tmp_path: Path) -> None:
    """A source's crate that is excluded is neither copied nor merged."""
    write(source, of_the_challenge())

    zl.convert(source, tmp_path / "target.zarr", license="cc0", exclude=[CRATE])

    assert panel(read(tmp_path / "target.zarr"))["organism"] is None


@pytest.mark.parametrize("data", [b"{", b'{"@graph": 3}', b'{"@graph": []}', b""])
def test_odd_crate_is_never_overwritten(source: Path, tmp_path: Path, data: bytes) -> None:
    """A crate that cannot be added to stops the lift before anything is written."""
    (source / CRATE).write_bytes(data)

    ran = in_process("convert", source, tmp_path / "target.zarr", "--license", "cc0")

    assert_refused(ran, CRATE, "cannot be added to", "never overwritten")
    assert not (tmp_path / "target.zarr").exists()
    with pytest.raises(SourceError, match="cannot be added to"):
        zl.describe(source, license="cc0")
    assert (source / CRATE).read_bytes() == data


@pytest.mark.parametrize("phase", ["lifting", "verifying", "writing documents"])
def test_lift_with_a_crate_is_continued(source: Path, tmp_path: Path, phase: str) -> None:
    """A lift that was stopped leaves no crate, and the same words bring it to its end."""
    write(source, of_the_challenge())
    whole, target = tmp_path / "whole.zarr", tmp_path / "target.zarr"
    zl.convert(source, whole, **ALL)
    with pytest.raises(Stopped):
        zl.convert(source, target, **ALL, watch=StoppingWatch(phase))
    assert not (target / CRATE).exists()

    with pytest.raises(TargetError, match="another plan has been started here: crate is another"):
        zl.convert(source, target, license="cc0")
    assert zl.convert(source, target, **ALL).finished

    assert without_crate(target) == without_crate(whole)
    assert undated(read(target)) == undated(read(whole))


def test_crate_of_a_killed_run_is_replaced(source: Path, tmp_path: Path) -> None:
    """A crate that stands before its root's document is one of an unfinished lift."""
    target = tmp_path / "target.zarr"
    zl.convert(source, target, **ALL)
    plan = zl.plan(source, target, **ALL)
    (target / "zarr.json").unlink()
    (target / CLAIM).parent.mkdir()
    (target / CLAIM).write_text(json.dumps({"digest": plan.digest}), "utf-8")
    (target / CRATE).write_bytes(b"{")

    report = zl.convert(source, target, **ALL)

    assert report.finished
    assert report.resumed
    assert [f for f in report.findings if f.rule != "crate-description-missing"] == []
    judged(read(target))


def test_finished_target_keeps_its_crate(source: Path, tmp_path: Path) -> None:
    """The same words confirm a finished target; others are refused, with the way to change it."""
    target = tmp_path / "target.zarr"
    zl.convert(source, target, **ALL)
    zl.describe(target, description="said since", license="cc0")
    held = (target / CRATE).read_bytes()

    assert zl.convert(source, target, **ALL).already
    assert zl.convert(source, target).already
    with pytest.raises(TargetError, match="its crate was not made by these settings"):
        zl.convert(source, target, license="cc0")
    assert (target / CRATE).read_bytes() == held


def test_saved_plan_keeps_the_crate(source: Path, tmp_path: Path) -> None:
    """A plan that was saved writes the crate that it was made for."""
    target, file = tmp_path / "target.zarr", tmp_path / "plan.json"
    words: list[Word] = ["--license", "cc0", "--organism", "mouse", "--output", file]

    ran = in_process("plan", source, target, *words)
    assert "RO-Crate  says license, organism" in ran.out
    assert zl.run(file).finished

    assert panel(read(target))["organism"] == "NCBI:txid10090"
    assert zl.convert(source, target, license="cc0", organism="10090").already


def test_archive_has_its_crate(source: Path, tmp_path: Path) -> None:
    """A zipped target holds the crate too, and is confirmed by the same words only."""
    target = tmp_path / "target.ozx"

    assert zl.convert(source, target, **ALL).finished

    assert [s.value for s in zl.crate(target).said["license"]] == [CC_BY]
    assert zl.convert(source, target, **ALL).already
    with pytest.raises(TargetError, match="its crate was not made"):
        zl.convert(source, target, license="cc0")
    with pytest.raises(TargetError, match="not changed in place"):
        zl.describe(target, license="cc0")


@pytest.mark.parametrize("drop", [False, True])
def test_upgrade_writes_a_crate(source: Path, drop: bool) -> None:
    """An upgrade with options has a crate too, and undo takes back both."""
    write(source, of_the_challenge())
    before = tree(source)

    dry = zl.upgrade(source, **ALL, exclude="labels", dry_run=True)
    assert dry.crate
    assert tree(source) == before
    made = zl.upgrade(source, **ALL, exclude="labels", drop_v2=drop)

    assert made.crate
    assert panel(read(source))["name"] == "Cells"
    assert entity(read(source), "#bio")["@type"] == "biosample"
    assert zl.upgrade(source, **ALL, exclude="labels", drop_v2=drop).already
    with pytest.raises(TargetError, match="made otherwise: what its crate says"):
        zl.upgrade(source, license="cc0", exclude="labels", drop_v2=drop)
    undone = zl.undo(source)
    assert (undone.upgrade, undone.crate, undone.left) == (True, "restored", 0)
    assert tree(source) == before


def test_options_that_are_not_understood(source: Path, tmp_path: Path) -> None:
    """An unknown name is refused before anything is written, at exit code 2."""
    ran = in_process("convert", source, tmp_path / "target.zarr", "--organism", "unicorn")

    assert_refused(ran, "organism 'unicorn'", "zarrlift crate terms", code=2)
    assert not (tmp_path / "target.zarr").exists()
    with pytest.raises(UsageError):
        zl.upgrade(source, license="free")
    with pytest.raises(TypeError, match="colour"):
        zl.describe(source, colour="red")  # type: ignore[call-arg]


def test_lift_without_a_crate_does_not_load_it() -> None:
    """What reads and writes crates is loaded only where there is one: starting stays quick."""
    program = (
        "import sys, zarrlift.jobs.archive, zarrlift.jobs.prove, zarrlift.jobs.upgrade;"
        "print([m for m in sys.modules if m.startswith('zarrlift.crate.')])"
    )

    assert run([sys.executable, "-c", program]).out == "[]\n"


def test_array_at_the_root_has_a_crate(tmp_path: Path) -> None:
    """An array without a group, whose folder holds its chunks too, has its crate merged as well."""
    source, target = tmp_path / "array.zarr", tmp_path / "target.zarr"
    write_array(source, sample((16, 16), "<u2"), chunks=(8, 8))
    write(source, of_the_challenge())

    assert zl.convert(source, target, plain_zarr=True, license="cc0").finished

    assert panel(read(target))["name"] == "mitosis"
    assert panel(read(target))["license"] == CC0
    assert zl.verify(source, target, level="full").findings == ()
    assert zl.convert(source, target, plain_zarr=True, license="cc0").already
    write(target, {"@graph": []})
    assert [f.rule for f in zl.verify(source, target).findings] == ["crate-lost"]


@pytest.mark.parametrize("verb", ["convert", "upgrade"])
def test_every_option_of_the_command_line(verb: str, source: Path, tmp_path: Path) -> None:
    """Each option arrives in the crate in the form that it has there; lists may be given again."""
    target = tmp_path / "target.zarr" if verb == "convert" else source
    paths: list[Word] = [source, target] if verb == "convert" else [source, "--exclude", "labels"]
    words: list[Word] = ["--license", "https://example.org/terms", "--organism", "Homo sapiens"]
    words += ["--organism", "10090", "--modality", "confocal", "--name", "Cells"]
    words += ["--description", "Two sorts", "--keyword", "mitosis", "--keyword", "cells"]
    words += ["--author", "Josiah Carberry 0000-0002-1825-0097"]

    ran = in_process(verb, *paths, *words)

    assert ran.code == 0, ran.said
    document = read(target)
    judged(document)
    root = entity(document, "./")
    orcid = "https://orcid.org/0000-0002-1825-0097"
    assert panel(document) == {
        "license": "https://example.org/terms",
        "name": "Cells",
        "description": "Two sorts",
        "organism": "NCBI:txid9606",
        "modality": "obo:FBbi_00000251",
    }
    assert root["keywords"] == ["mitosis", "cells"]
    assert root["author"] == {"@id": orcid}
    assert entity(document, orcid) == {"@id": orcid, "@type": "Person", "name": "Josiah Carberry"}
    samples = [e for e in document["@graph"] if e["@type"] == "biosample"]
    assert [e["organism_classification"]["@id"] for e in samples] == [
        "NCBI:txid9606",
        "NCBI:txid10090",
    ]


def test_crate_says_how_it_was_made(source: Path, tmp_path: Path) -> None:
    """The action names source, program and version, plan and time, and what came of it."""
    before = datetime.now(UTC).replace(microsecond=0)
    report = zl.convert(source, tmp_path / "target.zarr", crate=True)
    after = datetime.now(UTC)

    document = read(tmp_path / "target.zarr")
    (action,) = (e for e in document["@graph"] if e["@type"] == "CreateAction")
    program = entity(document, action["instrument"]["@id"])
    assert (program["@type"], program["name"]) == ("SoftwareApplication", "zarrlift")
    assert program["version"] == version("zarrlift")
    assert entity(document, action["object"]["@id"])["name"] == "image.zarr"
    assert entity(document, action["object"]["@id"])["encodingFormat"] == "OME-Zarr 0.4"
    assert action["identifier"] == f"sha256:{report.plan.digest}"
    assert before <= datetime.fromisoformat(action["endTime"]) <= after
    assert action["result"] == {"@id": "./"}
    assert entity(document, "./")["mentions"] == {"@id": action["@id"]}
    assert date.fromisoformat(entity(document, "./")["datePublished"]) <= after.date()


def test_crate_that_says_nothing_is_of_a_plan_too(source: Path, tmp_path: Path) -> None:
    """`crate=True` writes one without a word; a saved plan keeps that, and it is another plan."""
    target = tmp_path / "target.zarr"
    plan = zl.plan(source, target, crate=True)
    assert plan.digest not in (
        zl.plan(source, target).digest,
        zl.plan(source, target, name="image.zarr").digest,
    )
    assert [f.rule for f in plan.findings if f.rule == "crate-license-missing"]

    saved = plan_to_json(plan, zl.estimate(plan))
    (tmp_path / "plan.json").write_text(json.dumps(saved), "utf-8")
    assert zl.run(tmp_path / "plan.json").finished

    assert panel(read(target))["name"] == "image.zarr"
    assert zl.convert(source, target, crate=True).already


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ('"name": "a", "name": "b"', "lose a member 'name' that stands twice"),
        ('"size": 1e999', "lose the number 1e999, which is out of range"),
        ('"a": ' + "[" * 700 + "]" * 700, "is nested too deeply to be read"),
    ],
    ids=["twice", "number", "nested"],
)
def test_crate_that_writing_would_harm_is_let_be(
    member: str, words: str, source: Path, tmp_path: Path
) -> None:
    """What would not be the same after reading and writing is refused before the lift begins."""
    root = f'{{"@id": "./", "@type": "Dataset", {member}}}'
    (source / CRATE).write_text(f'{{"@context": "c", "@graph": [{root}]}}')

    for ran in (
        in_process("convert", source, tmp_path / "new", "--license", "cc0"),
        in_process("crate", source, "--set", "license=cc0"),
    ):
        assert_refused(ran, CRATE, words)
    assert not (tmp_path / "new").exists()
    assert zl.convert(source, tmp_path / "new").finished
    assert (tmp_path / "new" / CRATE).read_bytes() == (source / CRATE).read_bytes()
