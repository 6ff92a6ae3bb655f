"""The verbs as a program calls them: what they take, what they give, what they leave alone."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pytest

import zarrlift as zl
from tests.build import sample
from tests.build_ome import pyramid, write_image, write_plate
from tests.oracles import assert_same_voxels
from zarrlift.errors import SourceError, TargetError, UsageError
from zarrlift.jobs.choices import Choices, Lift, Run
from zarrlift.jobs.reach import Reach, Written
from zarrlift.plan.saved import plan_to_json

Verb: TypeAlias = Callable[..., Any]

MUCH = 200
"""Characters in which a value says what it is."""

WELLS = [f"{row}/{column}" for row in "ABCD" for column in range(1, 7)]


@pytest.fixture(name="folder")
def make_folder() -> Iterator[Path]:
    """A folder with a short path, so that what a value says is not its place."""
    folder = Path(tempfile.mkdtemp(prefix="api-"))
    yield folder
    shutil.rmtree(folder)


def write(folder: Path) -> tuple[Path, Path]:
    """Write a small image; give it and the place of a target."""
    source = folder / "old.zarr"
    write_image(source, pyramid(sample((1, 2, 1, 12, 16), "<u2")))
    return source, folder / "new.zarr"


def results(source: Path, target: Path) -> Mapping[str, object]:
    """Call each verb once, and give what they return by name."""
    made = zl.plan(source, target)
    file = source.parent / "plan.json"
    zl.convert(source, target)
    return {
        "survey": zl.survey(source),
        "plan": made,
        "estimate": zl.estimate(made, count=True),
        "convert": zl.convert(source, source.parent / "other.zarr"),
        "again": zl.convert(source, target),
        "verify": zl.verify(source, target, level="full"),
        "load_plan": zl.load_plan(saved(made, file)),
        "run": zl.run(file),
        "demo": zl.demo(source.parent / "demo.zarr", size="256KiB"),
        "upgrade": zl.upgrade(source),
        "undo": zl.undo(source),
    }


def saved(plan: zl.Plan, file: Path) -> Path:
    """Save a plan as the command does."""
    file.write_text(json.dumps(plan_to_json(plan)), encoding="utf-8")
    return file


def picture(root: Path) -> dict[Path, tuple[int, int]]:
    """Give size and time of everything below a folder."""
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in (root, *root.rglob("*"))}


def test_values_are_frozen(folder: Path) -> None:
    """What a verb gives is a dataclass in which nothing can be changed."""
    for verb, value in results(*write(folder)).items():
        assert dataclasses.is_dataclass(value), verb
        name = dataclasses.fields(value)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)


@pytest.mark.parametrize("kind", ["image", "plate"])
def test_values_say_what_they_are(kind: str, folder: Path) -> None:
    """What a verb gives shows its own name and the gist in a line, however much it holds."""
    source, target = write(folder)
    if kind == "plate":
        shutil.rmtree(source)
        write_plate(source, wells=WELLS)
    long = {
        verb: repr(value)
        for verb, value in results(source, target).items()
        if not re.fullmatch(rf"{type(value).__name__}\([^\n]{{5,{MUCH}}}\)", repr(value))
    }
    assert {verb: text[:MUCH] for verb, text in long.items()} == {}


@pytest.mark.parametrize("verb", ["survey", "plan", "convert", "verify"])
def test_values_show_no_address(verb: str, folder: Path) -> None:
    """What a verb gives looks the same in each run: it shows no place in memory."""
    value = results(*write(folder))[verb]
    assert "0x" not in repr(value).replace(str(folder), "")


def test_values_tell_the_facts(folder: Path) -> None:
    """The values hold what a program wants to know."""
    source, target = write(folder)
    survey = zl.survey(source)
    assert (survey.version, [node.path for node in survey.arrays]) == ("0.4", ["0", "1"])
    report = zl.convert(source, target)
    assert report.finished
    assert (report.chunks, report.objects, report.documents, report.files) == (32, 2, 3, 0)
    assert report.bytes_in == report.undecoded_bytes > 0
    assert report.verification is not None
    assert report.verification.equal


@pytest.mark.parametrize(
    "verb", [zl.survey, zl.plan, zl.convert, zl.verify, zl.upgrade, zl.undo, zl.demo]
)
def test_misspelt_keyword_is_refused(verb: Verb, folder: Path) -> None:
    """A keyword that a verb does not know is an error that names it, and nothing is written."""
    source, target = write(folder)
    places = (source, target) if len(_positional(verb)) == 2 else (folder / "demo.zarr",)
    with pytest.raises(TypeError, match="unexpected keyword argument 'shardz'"):
        verb(*places, shardz="auto")
    assert not target.exists()
    assert not (folder / "demo.zarr").exists()


def _positional(verb: Verb) -> list[str]:
    """Give the parameters of a verb that may go without a name."""
    kinds = inspect.signature(verb).parameters.values()
    return [p.name for p in kinds if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]


def test_run_knows_no_choices(folder: Path) -> None:
    """A plan has its choices made: shards given again to `run` are refused."""
    made = zl.plan(*write(folder))
    with pytest.raises(TypeError, match="unexpected keyword argument 'shards'"):
        zl.run(made, shards="none")  # type: ignore[call-arg]


def test_plan_knows_nothing_of_running(folder: Path) -> None:
    """How a lift is carried out is no part of a plan: workers given to it are refused."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'workers'"):
        zl.plan(*write(folder), workers=2)  # type: ignore[call-arg]


def test_lift_takes_what_plan_and_run_take() -> None:
    """Every choice, every option of running and of reaching stores is one of `convert`."""
    parts = (Choices, Run, Reach, Written)
    assert Lift.__annotations__.keys() == set().union(*(p.__annotations__ for p in parts))


@pytest.mark.parametrize(
    "shards", ["1,1,1,8,8", (1, 1, 1, 8, 8), [1, 1, 1, 8, 8], "y=8,x=8", {"y": 8, "x": 8}]
)
def test_shapes_may_be_text_sequence_or_mapping(shards: Any, folder: Path) -> None:
    """Shards and chunks are taken as text, as a sequence, or by axis, and mean the same."""
    source, target = write(folder)
    made = zl.plan(source, target, shards=shards)
    assert [array.target.shards for array in made.arrays] == [(1, 1, 1, 8, 8)] * 2
    made = zl.plan(source, target, chunks=shards, shards="none")
    assert [array.target.chunks for array in made.arrays] == [(1, 1, 1, 8, 8), (1, 1, 1, 6, 8)]


def test_shapes_may_be_of_numpy(folder: Path) -> None:
    """Sizes may come as numpy's whole numbers."""
    shards = tuple(np.array([1, 1, 1, 8, 8]))
    made = zl.plan(*write(folder), shards=shards)
    assert made.arrays[0].target.shards == (1, 1, 1, 8, 8)


@pytest.mark.parametrize("form", [str, Path])
def test_paths_may_be_text(form: Callable[[Path], Any], folder: Path) -> None:
    """Source and target are taken as text or as paths."""
    source, target = write(folder)
    assert zl.convert(form(source), form(target)).finished
    assert zl.verify(form(source), form(target)).equal
    assert_same_voxels(source / "0", target / "0")


def test_paths_may_be_relative(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path, with or without a slash at its end, is taken from where the program is."""
    source, target = write(folder)
    monkeypatch.chdir(folder)
    assert zl.convert("old.zarr/", "./new.zarr/").finished
    assert zl.verify(source, target).equal


def test_sizes_may_be_text(folder: Path) -> None:
    """Sizes are taken as bytes or as text with a unit."""
    source, target = write(folder)
    as_text = zl.plan(source, target, shard_size="1KiB")
    assert as_text.arrays == zl.plan(source, target, shard_size=1024).arrays
    assert zl.convert(source, target, memory="64MiB", workers=1).finished


@pytest.mark.parametrize(
    "wrong",
    [
        {"verify": "thoroughly"},
        {"damaged": "heal"},
        {"shard_size": "64 parsecs"},
        {"memory": "much"},
        {"memory": 1},
        {"codec": "jpeg"},
        {"shards": "keep"},
        {"chunks": (0, 1, 1, 1, 1)},
    ],
)
def test_words_that_mean_nothing_are_usage_errors(wrong: dict[str, Any], folder: Path) -> None:
    """An option's value that is not understood is a usage error, and nothing is written."""
    source, target = write(folder)
    with pytest.raises(UsageError):
        zl.convert(source, target, **wrong)
    assert not target.exists() or not any(target.rglob("zarr.json"))


def test_one_pattern_is_not_taken_for_many(folder: Path) -> None:
    """A pattern given as text where a list is due is one pattern or an error, not its letters."""
    source, target = write(folder)
    try:
        made = zl.plan(source, target, exclude="label*")
    except (TypeError, UsageError):
        return
    assert made.settings.exclude == ("label*",)


def test_plan_and_estimate_write_nothing(folder: Path) -> None:
    """A plan, its cost and a count leave source and target's folder as they were."""
    source, target = write(folder)
    before = picture(folder)
    made = zl.plan(source, target)
    costs = [zl.estimate(made), zl.estimate(made, count=True)]
    assert picture(folder) == before
    assert {str(cost.total("objects_in").basis) for cost in costs} == {"bound", "counted"}
    assert costs[1].total("objects_out").value == 2
    assert costs[1].total("bytes_in").value == sum(
        path.stat().st_size for path in source.rglob("[0-9]") if path.is_file()
    )


def test_plan_below_a_folder_that_is_not_there_makes_none(folder: Path) -> None:
    """Planning for a target whose parents are missing does not make them; converting does."""
    source, _ = write(folder)
    target = folder / "a" / "b" / "new.zarr"
    zl.plan(source, target)
    assert not (folder / "a").exists()
    assert zl.convert(source, target).finished


def test_plan_may_be_run_as_it_is(folder: Path) -> None:
    """A plan that was never saved is carried out, and is the report's plan."""
    source, target = write(folder)
    made = zl.plan(source, target, shards="none")
    report = zl.run(made, verify="none", workers=2)
    assert report.plan is made
    assert report.verification is None
    assert report.finished
    assert zl.verify(source, target, level="decode").equal


class Listener:
    """Hears what a job says of itself, and agrees to what it asks."""

    def __init__(self, *, agrees: bool) -> None:
        self.agrees = agrees
        self.phases: list[str] = []
        self.advanced: dict[str, int] = {}
        self.questions: list[str] = []

    def phase(self, name: str, total: int | None) -> None:
        """Keep the phase's name; a total is not negative."""
        assert total is None or total >= 0
        self.phases.append(name)

    def advance(self, path: str, amount: int) -> None:
        """Add up what was dealt with."""
        assert amount >= 0
        self.advanced[path] = self.advanced.get(path, 0) + amount

    def confirm(self, question: str) -> bool:
        """Keep the question and answer it."""
        self.questions.append(question)
        return self.agrees


def test_watcher_hears_phases_and_progress(folder: Path) -> None:
    """Who watches a lift hears its phases in order, and of each array how much is done."""
    source, target = write(folder)
    watch = Listener(agrees=True)
    zl.convert(source, target, watch=watch)
    assert watch.phases == ["lifting", "verifying", "writing documents"]
    assert set(watch.advanced) == {"0", "1"}
    assert all(amount > 0 for amount in watch.advanced.values())
    assert watch.questions == []


@pytest.mark.parametrize("agrees", [True, False])
def test_watcher_is_asked_before_anything_is_removed(*, agrees: bool, folder: Path) -> None:
    """Replacing a target asks who watches, says how many files go, and does as it is told."""
    source, target = write(folder)
    zl.convert(source, target)
    before, watch = picture(target), Listener(agrees=agrees)
    if agrees:
        assert zl.convert(source, target, shards="none", overwrite=True, watch=watch).objects == 32
    else:
        with pytest.raises(TargetError, match="5 files"):
            zl.convert(source, target, shards="none", overwrite=True, watch=watch)
        assert picture(target) == before
    assert len(watch.questions) == 1
    assert "5 files" in watch.questions[0]


def test_overwrite_is_enough_for_a_program(folder: Path) -> None:
    """With nobody to ask, a program that says `overwrite=True` has its target replaced."""
    source, target = write(folder)
    zl.convert(source, target)
    assert zl.convert(source, target, shards="none", overwrite=True).objects == 32


def test_errors_carry_their_parts(folder: Path) -> None:
    """An error of ours has kind, cause, place and next step, and shows them all as text."""
    with pytest.raises(zl.ZarrliftError) as caught:
        zl.convert(folder / "nothing.zarr", folder / "new.zarr")
    error = cast("SourceError", caught.value)
    assert (error.kind, error.exit_code) == ("source", 3)
    assert str(folder / "nothing.zarr") in str(error)
    assert error.message in str(error)
    assert f"next: {error.hint}" in str(error)
