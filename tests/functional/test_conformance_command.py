"""`zarrlift conformance`, as the runner of the official suites calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import zarrlift as zl
from tests.build import sample
from tests.build_ome import pyramid, write_image
from tests.validation.schemas import attributes
from tests.validation.trees import Json, image, inner, rendered
from zarrlift.cli.app import app


def run(*words: str) -> tuple[int, str, str]:
    """Run the command; gives exit code, stdout, stderr."""
    made = CliRunner().invoke(app, ["conformance", *words])
    return made.exit_code, made.stdout, made.stderr


def test_a_document_and_a_store_get_a_verdict(tmp_path: Path) -> None:
    """One line of JSON on stdout, exit code 0, whatever the verdict."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(attributes(rendered("0.6"), "0.6")), "utf-8")
    bad.write_text(json.dumps({"ome": {"version": "0.6", "multiscales": []}}), "utf-8")
    store = write_image(tmp_path / "cells.zarr", pyramid(sample((1, 2, 4, 32, 32), "uint8")))
    for place, valid in ((good, True), (bad, False), (store, True)):
        code, out, err = run(str(place))
        assert (code, err) == (0, "")
        assert json.loads(out)["valid"] is valid, out
        assert out.count("\n") == 1
        assert zl.conformance(place).valid is valid


def test_options_reach_the_verdict(tmp_path: Path) -> None:
    """Version, strictness and leniency."""
    place = tmp_path / "image.json"
    document = attributes(image("0.4"), "0.4")
    document["multiscales"][0].pop("name")  # type: ignore[index]
    place.write_text(json.dumps(document), "utf-8")
    assert json.loads(run(str(place))[1])["valid"]
    assert not json.loads(run(str(place), "--strict")[1])["valid"]
    assert not json.loads(run(str(place), "--version", "0.5")[1])["valid"]
    assert not json.loads(run(str(place), "--version", "0.3", "--lenient")[1])["valid"]


@pytest.mark.parametrize("content", ["{", "{'a': 1}", '{"a": 1} // words', "[" * 5000])
def test_what_is_no_json_is_refused_in_words(tmp_path: Path, content: str) -> None:
    """Exit code 3: there was nothing to judge."""
    place = tmp_path / "image.json"
    place.write_text(content, "utf-8")
    code, out, err = run(str(place))
    assert (code, out) == (3, "")
    assert "not readable as JSON" in err
    assert "next:" in err


def test_what_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    """As is a version that does not exist, which is the call's fault."""
    code, out, err = run(str(tmp_path / "none.json"))
    assert (code, out) == (3, "")
    assert "there is nothing here" in err
    code, _, err = run(str(tmp_path), "--version", "0.9")
    assert code == 2
    assert "0.9" in err


def test_it_is_not_shown_among_the_commands() -> None:
    """It is for the runner, not for people; asked for by name it says what it does."""
    made = CliRunner().invoke(app, ["--help"])
    assert "conformance" not in made.stdout
    assert "--strict" in CliRunner().invoke(app, ["conformance", "--help"]).stdout


@pytest.mark.parametrize("stated", [True, False])
def test_a_case_in_a_folder_of_strict_ones_is_judged_strictly(stated: bool, tmp_path: Path) -> None:
    """As the runner tells them; not what is no case, whatever its folder is called."""
    document = attributes(image("0.6"), "0.6")
    inner(document, "ome", "multiscales", 0).pop("name")
    if stated:
        document["_conformance"] = {"description": "an image without a name"}
    for suite, strict in (("spec/invalid", False), ("strict/invalid", True)):
        place = tmp_path / suite / "image" / "missing_name.json"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(document), "utf-8")
        store = place.with_suffix(".ome.zarr")
        store.mkdir()
        group: Json = {"zarr_format": 3, "node_type": "group", "attributes": document}
        (store / "zarr.json").write_text(json.dumps(group), "utf-8")
        for case in (place, store):
            assert json.loads(run(str(case))[1])["valid"] is not (strict and stated)
