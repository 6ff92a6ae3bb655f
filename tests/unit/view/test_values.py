"""Small values of the Python view: numbers with units, mappings that are read when asked."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from zarrlift.view.libraries import MissingLibraryError, wanted
from zarrlift.view.measure import Measure
from zarrlift.view.views import Views


def test_measure_is_a_number_that_knows_its_unit() -> None:
    """It counts as a float, prints with its unit, and survives pickling with it."""
    size = Measure(0.25, "micrometer")

    assert size == 0.25
    assert size * 4 == 1.0
    assert repr({"x": size, "c": Measure(1.0)}) == "{'x': 0.25 micrometer, 'c': 1.0}"
    assert f"{size:.1f}" == "0.2"
    assert pickle.loads(pickle.dumps(size)).unit == "micrometer"  # noqa: S301 - our own bytes


def views(made: list[str], names: list[str] | None = None) -> Views[str]:
    """Views that note which of them were made."""

    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    return Views("image", lambda: ["", "a/1", "7"] if names is None else names, make)


def test_views_are_made_once_and_when_asked_for() -> None:
    """Counting and listing make none."""
    made: list[str] = []
    found = views(made)

    assert len(found) == 3
    assert list(found) == ["", "a/1", "7"]
    assert "a/1" in found
    assert made == []
    assert [found["a/1"], found["/a/1/"], found[1], found["1"]] == ["A/1"] * 4
    assert made == ["a/1"]


def test_a_name_comes_before_a_number() -> None:
    """Text that is a name is one; other text of digits counts; `-1` is the last."""
    found = views([], ["1", "b"])

    assert found["1"] == "1"
    assert found["0"] == "1"
    assert found[-1] == "B"
    assert views([])["7"] == "7"


@pytest.mark.parametrize("key", ["b", "3", 3, -4, None, "-1"])
def test_what_is_not_there_is_said_with_what_is(key: object) -> None:
    """A `KeyError` lists the names."""
    found = views([])

    assert key not in found
    with pytest.raises(KeyError, match=r"no image .*there are: '', 'a/1', '7'"):
        found[key]  # type: ignore[index]


def test_views_print_in_a_line() -> None:
    """However many there are."""
    assert repr(views([])) == "3 images: ['', 'a/1', '7']"
    assert repr(views([], [str(n) for n in range(2000)])).endswith("'7', … 1,992 more]")


def test_missing_library_is_told_with_the_extra() -> None:
    """The error is both ours and Python's own of imports."""
    with pytest.raises(MissingLibraryError, match=r"to_xarray\(\) needs no_such_library") as caught:
        wanted("no_such_library.inner", "to_xarray()")

    assert isinstance(caught.value, ImportError)
    assert caught.value.hint == "pip install 'zarrlift[xarray]'"
    assert caught.value.exit_code == 2


def test_library_that_is_too_old_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that is there, but lacks what is used of it, is not said to be absent."""
    (tmp_path / "an_old_library").mkdir()
    (tmp_path / "an_old_library" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(MissingLibraryError, match="needs a newer an_old_library than"):
        wanted("an_old_library.abc.store", "to_zarr()")


def test_unit_commands_no_terminal() -> None:
    """A unit is text of a document: what cannot be seen is shown as it would be written."""
    assert repr(Measure(1.0, "\x1b[2J")) == "1.0 '\\x1b[2J'"
