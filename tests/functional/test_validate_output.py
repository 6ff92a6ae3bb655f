"""`zarrlift validate`: what it prints in each form, and how it ends."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

import zarrlift as zl
from tests.build import sample, write_file, write_json
from tests.build_ome import pyramid, write_image, write_plate
from tests.functional.runs import assert_refused, in_process, in_terminal, widest, zarrlift
from tests.sarif import SARIF
from zarrlift.errors import SourceError, UsageError
from zarrlift.report.sarif import validation_to_sarif

ESCAPE = "\x1b["
CODES = re.compile("\x1b" + r"\[[0-9;]*m")


def good(folder: Path) -> Path:
    """A small image."""
    return write_image(folder, pyramid(sample((1, 1, 1, 16, 16), "<u2")))


def bad(folder: Path) -> Path:
    """A plate whose fields each lack the data of a chunk."""
    write_plate(folder, compressor=None)
    for chunk in folder.glob("*/*/*/0/0/0/0/0/0"):
        chunk.write_bytes(b"")
    return folder


@pytest.fixture(name="image")
def make_image(tmp_path: Path) -> Path:
    """A small image."""
    return good(tmp_path / "image.zarr")


@pytest.fixture(name="plate")
def make_plate(tmp_path: Path) -> Path:
    """A plate of three wells, two fields each, all with the same damage."""
    return bad(tmp_path / "plate.zarr")


def test_valid_ends_with_0(image: Path) -> None:
    """The verdict comes first, and the exit code says it too."""
    ran = in_process("validate", image, "--level", "data")

    assert ran.code == 0
    assert ran.out.startswith("VALID ")
    assert "OME-Zarr 0.4 (Zarr v2)" in ran.out
    assert "2 arrays" in ran.out
    assert "chunks decoded" in ran.out


def test_damage_ends_with_1_and_is_told_once(plate: Path) -> None:
    """Six fields with one damage are one place; JSON lists each."""
    ran = in_process("validate", plate, "--level", "chunks")
    listed = in_process("validate", plate, "--level", "chunks", "--json")

    assert (ran.code, listed.code) == (1, 1)
    assert ran.out.startswith("NOT VALID ")
    assert ran.out.count("[chunk-empty]") == 1
    assert "5 more levels" in ran.out
    assert "repair: " in ran.out
    document = json.loads(listed.out)
    empty = [f for f in document["findings"] if f["rule"] == "chunk-empty"]
    assert len(empty) == 6
    assert all(f["repair"] and f["chunk"] == [0, 0, 0, 0, 0] for f in empty)
    assert (document["schema"], document["valid"]) == (1, False)
    assert document["kind"] == "zarrlift-validation"


@pytest.mark.parametrize("columns", [80, 120])
def test_text_fits_80_columns(columns: int, plate: Path) -> None:
    """In a terminal, with colours and without, no line is longer."""
    coloured = in_terminal("validate", plate, "--level", "data", cwd=plate.parent, columns=columns)
    plain = in_terminal(
        "validate", plate, "--level", "data", cwd=plate.parent, env={"NO_COLOR": "1"}
    )

    assert ESCAPE in coloured.out
    assert CODES.search(plain.out.split("NOT VALID", 1)[-1]) is None
    verdict = CODES.sub("", coloured.out)
    assert "NOT VALID" in verdict
    lines = verdict[verdict.index("NOT VALID") :].replace("\r", "").splitlines()
    assert max(map(len, lines[1:])) <= 80  # the first has the path, which is not broken


def test_output_to_a_file_has_no_colours(plate: Path) -> None:
    """A pipe gets plain text."""
    ran = zarrlift("validate", plate, "--level", "chunks")

    assert ran.code == 1
    assert ESCAPE not in ran.out


def test_names_cannot_command_a_terminal(tmp_path: Path) -> None:
    """Control characters in names are shown, and not sent."""
    root = good(tmp_path / "image.zarr")
    write_file(root / "0" / "\x1b[31mred\x07", b"x")

    ran = in_process("validate", root, "--level", "chunks")

    assert "\x1b" not in ran.out
    assert "\\x1b[31mred\\x07" in ran.out
    ET.fromstring(in_process("validate", root, "--level", "chunks", "--format", "junit").out)  # noqa: S314 - our own


def test_strict_makes_warnings_count(tmp_path: Path) -> None:
    """A stray file is a warning: it decides with --strict only."""
    root = good(tmp_path / "image.zarr")
    write_file(root / "0" / "stray.txt", b"x")
    words = ("validate", root, "--level", "chunks")
    found = zl.validate(root, level="chunks")
    errors = [f for f in found.findings if f.severity == "error"]

    assert in_process(*words).code == (1 if errors else 0)
    ran = in_process(*words, "--strict")
    assert ran.code == 1
    assert "chunk-stray" in ran.out


@pytest.mark.parametrize("level", ["metadata", "chunks", "data"])
def test_sarif_is_valid(level: str, plate: Path) -> None:
    """The SARIF log has what the standard demands, and a result for each finding."""
    ran = in_process("validate", plate, "--level", level, "--format", "sarif")
    listed = json.loads(in_process("validate", plate, "--level", level, "--json").out)
    log = json.loads(ran.out)

    jsonschema.validate(log, SARIF)
    run = log["runs"][0]
    assert len(run["results"]) == len(listed["findings"])
    rules = run["tool"]["driver"]["rules"]
    for result, finding in zip(run["results"], listed["findings"], strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding["rule"]
        assert result["level"] == finding["severity"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (plate / uri).exists()
    if level != "metadata":
        assert ran.code == 1


def test_sarif_leads_to_the_version_that_is_meant(image: Path) -> None:
    """A version with a patch's number is judged as the release that it patches."""
    held = json.loads((image / ".zattrs").read_text())
    held["multiscales"][0].update(version="0.4.1", axes=[])
    write_json(image / ".zattrs", held)

    log = validation_to_sarif(zl.validate(image))

    links = [rule["helpUri"] for rule in cast("Any", log)["runs"][0]["tool"]["driver"]["rules"]]
    assert any("/0.4/" in link for link in links)
    assert not any("/0.6/" in link for link in links)


def test_sarif_names_addresses_as_uris(image: Path) -> None:
    """A space in the key of a bucket is written as URIs have it; what is escaped stays so."""
    found = zl.validate(image)
    for source, due in {
        "s3://bucket/my data.zarr": "s3://bucket/my%20data.zarr/",
        "https://example.org/a%20b.zarr/": "https://example.org/a%20b.zarr/",
    }.items():
        log = validation_to_sarif(replace(found, source=source))
        (run,) = cast("list[dict[str, Any]]", log["runs"])
        assert run["originalUriBaseIds"]["DATASET"]["uri"] == due


@pytest.mark.parametrize("level", ["metadata", "data"])
def test_junit_is_read(level: str, plate: Path) -> None:
    """A case for each rule that was asked; those that were broken have a failure each."""
    ran = in_process("validate", plate, "--level", level, "--format", "junit")
    suites = ET.fromstring(ran.out)  # noqa: S314 - our own output

    suite = suites.find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    failed = {c.get("name") for c in cases if c.find("failure") is not None}
    found = zl.validate(plate, level=level)
    assert failed == {f.rule for f in found.findings if f.severity == "error"}
    assert suite.get("tests") == str(len(cases))
    assert suite.get("failures") == str(len(failed))
    assert ("chunk-undecodable" in {c.get("name") for c in cases}) is (level == "data")


@pytest.mark.parametrize(("asked", "there"), [("0.3", True), ("0.4", False), (None, False)])
def test_junit_has_the_rules_that_were_asked(asked: str | None, there: bool, image: Path) -> None:
    """Of the version that was asked for, whatever the dataset states: others have not passed."""
    words = () if asked is None else ("--ome-version", asked)
    ran = in_process("validate", image, "--format", "junit", *words)

    cases = {case.get("name") for case in ET.fromstring(ran.out).iter("testcase")}  # noqa: S314 - our own output
    assert ("array-dimensions-attribute" in cases) is there
    assert ("axes-order" in cases) is not there


def test_several_datasets_are_judged(tmp_path: Path) -> None:
    """Below a plain folder each dataset is judged; one that is not valid decides for all."""
    good(tmp_path / "all" / "good")
    bad(tmp_path / "all" / "deeper" / "bad")
    zl.convert(tmp_path / "all" / "good", tmp_path / "all" / "new")

    found = zl.validate(tmp_path / "all", level="chunks")
    ran = in_process("validate", tmp_path / "all", "--level", "chunks")

    judged = {d.path: (d.version, d.zarr_format) for d in found.datasets}
    assert judged == {"deeper/bad": ("0.4", 2), "good": ("0.4", 2), "new": ("0.5", 3)}
    assert next(d.valid for d in found.datasets if d.path == "deeper/bad") is False
    assert not found.valid
    assert ran.code == 1
    assert "3 datasets" in ran.out


def test_plain_zarr_is_judged_as_such(tmp_path: Path) -> None:
    """A hierarchy without OME metadata is told apart."""
    write_json(tmp_path / "a" / ".zgroup", {"zarr_format": 2})

    found = zl.validate(tmp_path / "a")

    assert (found.version, found.zarr_format) == (None, 2)
    assert "ome-missing" in [f.rule for f in found.findings]
    assert "plain Zarr" in in_process("validate", tmp_path / "a").out


def test_crate_is_judged(tmp_path: Path) -> None:
    """What the crate lacks is told with the rest; where there is none, nothing is."""
    root = good(tmp_path / "image.zarr")
    assert not [f for f in zl.validate(root).findings if f.rule.startswith("crate-")]
    zl.describe(root, name="Cells")
    rules = {f.rule for f in zl.validate(root).findings}

    assert {"crate-license-missing", "crate-description-missing"} <= rules
    write_file(root / "ro-crate-metadata.json", b"{")
    found = zl.validate(root)
    assert "crate-unreadable" in {f.rule for f in found.findings}
    assert not found.valid


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["nowhere"], ["there is nothing here"]),
        (["a.zarr/.zattrs"], ["name the folder", "a.zarr"]),
        (["."], ["no Zarr group or array"]),
        (["http://127.0.0.1:9/a", "--patience", "1"], ["127.0.0.1"]),
    ],
)
def test_what_cannot_be_looked_at_ends_with_3(
    words: list[str], parts: list[str], tmp_path: Path
) -> None:
    """No verdict without a look."""
    assert_refused(zarrlift("validate", *words, cwd=tmp_path), *parts)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a", "--sample", "5"],
        ["a", "--level", "data", "--sample", "much"],
        ["a", "--web"],
        ["--explain", "no-such-rule"],
        ["--rules", "--format", "sarif"],
    ],
)
def test_words_that_do_not_fit_end_with_2(words: list[str], tmp_path: Path) -> None:
    """Options that do not fit together are refused."""
    good(tmp_path / "a")

    assert_refused(in_process("validate", *words, cwd=tmp_path), code=2)


def test_rules_are_listed_and_explained() -> None:
    """Each rule is listed with severity and versions, and explained with clause and repair."""
    listed = in_process("validate", "--rules")
    document = json.loads(in_process("validate", "--rules", "--format", "json").out)

    assert listed.code == 0
    assert widest(listed.out) <= 80
    rules = {rule["rule"]: rule for rule in document["rules"]}
    assert set(rules) == {rule.id for rule in zl.rules()}
    assert all(rule["clause"] and rule["repair"] for rule in rules.values())
    for name in ("shard-index", "chunk-empty"):
        explained = in_process("validate", "--explain", name)
        assert explained.code == 0
        assert name in listed.out
        lines = [line for line in explained.out.splitlines() if "https://" not in line]
        assert max(map(len, lines)) <= 80
        assert "Repair" in explained.out


def test_near_names_of_rules_are_offered() -> None:
    """A slip of the pen is helped."""
    assert_refused(in_process("validate", "--explain", "shard-indx"), "shard-index", code=2)


def test_quiet_says_it_by_the_exit_code(image: Path, plate: Path) -> None:
    """With --quiet nothing is printed."""
    assert in_process("validate", image, "--quiet", "--level", "data").out == ""
    ran = in_process("validate", plate, "--quiet", "--level", "data")
    assert (ran.code, ran.out, ran.err) == (1, "", "")


def test_from_python(plate: Path, tmp_path: Path) -> None:
    """The same from Python: a value for what is found, an error for what cannot be done."""
    found = zl.validate(plate, level="chunks")

    assert isinstance(found, zl.Validation)
    assert "NOT valid" in repr(found)
    with pytest.raises(SourceError):
        zl.validate(tmp_path / "nothing")
    with pytest.raises(UsageError):
        zl.validate(plate, level="deep")
    with pytest.raises(UsageError):
        zl.validate(plate, ome_version="0.7")
    with pytest.raises(TypeError):
        zl.validate(plate, levle="data")  # type: ignore[call-arg]
