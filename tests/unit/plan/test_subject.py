"""Which image and level is meant."""

from __future__ import annotations

import pytest

from tests.unit.layouts import layout_of
from tests.unit.surveys import array, cells, group, image, survey_of
from zarrlift.errors import SourceError, UsageError
from zarrlift.plan.subject import find_subject
from zarrlift.survey.facts import Survey

LEVELS = [layout_of((size, size), (64, 64)) for size in (256, 128)]


def plate() -> Survey:
    """Give two fields of a well; the first has labels."""
    return survey_of(
        group(""),
        group("A"),
        group("A/1"),
        *image("A/1/0", "yx", LEVELS),
        group("A/1/0/labels", {"labels": ["cells"]}),
        *image("A/1/0/labels/cells", "yx", LEVELS[:1]),
        *image("A/1/1", "yx", LEVELS),
    )


@pytest.mark.parametrize(
    ("wanted", "path", "number"),
    [
        (None, "A/1/0/0", 0),
        ("1", "A/1/0/1", 1),
        ("A/1/1", "A/1/1/0", 0),
        ("A/1/1/1", "A/1/1/1", 1),
        ("/A/1/1/1/", "A/1/1/1", 1),
        ("A/1/0/labels/cells", "A/1/0/labels/cells/0", 0),
    ],
)
def test_level_is_found(wanted: str | None, path: str, number: int) -> None:
    """A level is named by number, by its path, or by that of its image."""
    subject = find_subject(plate(), wanted)

    assert (subject.level.path, subject.number) == (path, number)


def test_what_is_known_of_the_subject() -> None:
    """The image's levels, axes, and what else the dataset has, come along."""
    subject = find_subject(plate())

    assert subject.image == "A/1/0"
    assert [level.path for level in subject.levels] == ["A/1/0/0", "A/1/0/1"]
    assert subject.names == ("y", "x")
    assert subject.images == 2
    assert subject.labels == ("A/1/0/labels",)


def test_labels_are_no_first_image() -> None:
    """The image at the root comes before its labels."""
    assert find_subject(cells()).level.path == "0"


def test_hierarchy_without_images() -> None:
    """The array with the most bytes stands for a hierarchy that names no image."""
    found = survey_of(group(""), array("a", LEVELS[1]), array("b", LEVELS[0]), version=None)

    subject = find_subject(found)

    assert (subject.level.path, subject.image, subject.images) == ("b", "b", 0)
    assert find_subject(found, "a").level.path == "a"


def test_array_at_the_root() -> None:
    """A dataset may be one array."""
    assert find_subject(survey_of(array("", LEVELS[0]), version=None)).level.path == ""


@pytest.mark.parametrize(
    ("wanted", "hint"), [("2", "0 to 1"), ("-1", "0 to 1"), ("A/1", "path of an array")]
)
def test_no_such_level(wanted: str, hint: str) -> None:
    """A level that is not there is refused, with those that are."""
    with pytest.raises(UsageError, match=f"no level '{wanted}'") as caught:
        find_subject(plate(), wanted)

    assert hint in str(caught.value.hint)


def test_no_such_array() -> None:
    """Where there are no images, the arrays are named."""
    with pytest.raises(UsageError, match="no level '7'") as caught:
        find_subject(survey_of(group(""), array("a", LEVELS[0]), version=None), "7")

    assert str(caught.value.hint) == "name an array: a"


def test_nothing_there() -> None:
    """A hierarchy without arrays has nothing to measure."""
    with pytest.raises(SourceError, match="no array"):
        find_subject(survey_of(group("")))
