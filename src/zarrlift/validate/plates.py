"""Rules of a plate's own document: rows, columns and wells, and the name, size and version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.validate.rule import About, Force, Problem, Rules, between
from zarrlift.validate.told import wrong_list
from zarrlift.validate.values import entries, items, member, named, repeated, said, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.validate.subject import Subject

RULES = Rules(About.PLATE, "#plate-md")

OLD = between("0.1", "0.3")
"""Versions in which a well's path may have a leading folder, and has no indices."""
NOW = between("0.4")
_LISTS = ("rows", "columns", "wells")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")


@RULES.rule(
    "plate-object",
    Force.MUST,
    clause="What plate holds is an object.",
    repair="make plate an object with rows, columns and wells",
)
def _object(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, dict):
        yield Problem("", f"plate is {said(subject.value)}, no object")


@RULES.rule(
    "plate-lists",
    Force.MUST,
    clause="A plate lists its rows, its columns and its wells, each a list of objects that is not "
    "empty.",
    repair="list every row and column of the physical plate, and the wells that have images",
)
def _lists(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, dict):
        return
    for name in _LISTS:
        yield from wrong_list(subject.value, name)


@RULES.rule(
    "plate-names",
    Force.MUST,
    clause="Each row and column has a name, of letters and digits alone (up to 0.3 of any "
    "characters, and an object may be empty).",
    repair="name the row or column as the folders of its wells are called",
)
def _names(subject: Subject) -> Iterator[Problem]:
    for name in ("rows", "columns"):
        for entry in entries(subject.value, name):
            stated = entry.value.get("name")
            if "name" not in entry.value:
                if subject.version in NOW or entry.value:
                    yield Problem(entry.pointer, f"an entry of {name} has no name")
            elif not isinstance(stated, str):
                yield Problem(f"{entry.pointer}/name", f"name is {said(stated)}, no text")
            elif subject.version in NOW and not _ALPHANUMERIC.fullmatch(stated):
                told = f"name {said(stated)} is not of letters and digits alone"
                yield Problem(f"{entry.pointer}/name", told)


@RULES.rule(
    "plate-names-once",
    Force.MUST,
    clause="No two rows, and no two columns, have the same name.",
    repair="remove the second entry, or name it differently",
)
def _once(subject: Subject) -> Iterator[Problem]:
    for name in ("rows", "columns"):
        for entry, stated, _ in repeated(named(subject.value, name)):
            told = f"{said(stated)} is listed twice in {name}"
            yield Problem(f"{entry.pointer}/name", told)


@RULES.rule(
    "plate-names-case",
    Force.SHOULD,
    clause="Names of rows, and of columns, differ in more than case, which some file systems do "
    "not tell apart.",
    repair="name one of them differently, and its folder",
    versions=NOW,
)
def _case(subject: Subject) -> Iterator[Problem]:
    for name in ("rows", "columns"):
        seen: dict[str, str] = {}
        for entry, stated in named(subject.value, name):
            other = seen.setdefault(stated.casefold(), stated)
            if other != stated:
                told = f"{said(stated)} and {said(other)} differ in case alone"
                yield Problem(f"{entry.pointer}/name", told)


@RULES.rule(
    "plate-well-path",
    Force.MUST,
    clause="A well has a path: the name of a row, a slash, the name of a column (up to 0.3 any "
    "path).",
    repair="write the path as ROW/COLUMN, with names from the lists",
)
def _path(subject: Subject) -> Iterator[Problem]:
    rows, columns = _known(subject, "rows"), _known(subject, "columns")
    for entry in entries(subject.value, "wells"):
        pointer, stated = f"{entry.pointer}/path", entry.value.get("path")
        if "path" not in entry.value:
            yield Problem(entry.pointer, "a well has no path")
        elif not isinstance(stated, str):
            yield Problem(pointer, f"path is {said(stated)}, no text")
        elif subject.version in NOW:
            told = _misled(stated, rows, columns)
            if told:
                yield Problem(pointer, told)
        elif not stated.strip("./"):
            yield Problem(pointer, f"path {said(stated)} leads to no well")


def _misled(path: str, rows: set[str], columns: set[str]) -> str | None:
    row, slash, column = path.partition("/")
    if not slash or not row or not column or "/" in column:
        return f"path {said(path)} is not a row, a slash and a column"
    if row not in rows:
        return f"path {said(path)} names the row {said(row)}, which is not listed"
    if column not in columns:
        return f"path {said(path)} names the column {said(column)}, which is not listed"
    return None


@RULES.rule(
    "plate-well-index",
    Force.MUST,
    clause="A well states rowIndex and columnIndex, counted from 0: the places in the lists of the "
    "row and the column that its path names.",
    repair="write the places in rows and columns of the names in the path",
    versions=NOW,
)
def _index(subject: Subject) -> Iterator[Problem]:
    lists = {
        "rowIndex": _Listed.of(subject, "rows"),
        "columnIndex": _Listed.of(subject, "columns"),
    }
    for entry in entries(subject.value, "wells"):
        parts = (text(entry.value.get("path")) or "").split("/")
        due = dict(zip(lists, parts, strict=True)) if len(parts) == len(lists) else {}
        for name, listed in lists.items():
            told = _misplaced(name, entry.value.get(name), listed, due.get(name))
            if told:
                pointer = f"{entry.pointer}/{name}" if name in entry.value else entry.pointer
                yield Problem(pointer, told)


class _Listed(NamedTuple):
    """Names of rows or columns in their order; None for an entry without one."""

    names: list[str | None]
    known: set[str]

    @classmethod
    def of(cls, subject: Subject, name: str) -> _Listed:
        names = [text(member(v, "name")) for v in items(member(subject.value, name))]
        return cls(names, {n for n in names if n is not None})


def _misplaced(name: str, stated: object, listed: _Listed, due: str | None) -> str | None:
    index = whole(stated)
    if stated is None:
        return f"a well has no {name}"
    if index is None or index < 0:
        return f"{name} is {said(stated)}, no place in a list"
    last = len(listed.names) - 1
    if index > last:
        return f"{name} is {index}, and the last is {last}" if listed.names else None
    found = listed.names[index]
    if due in listed.known and found != due:
        return f"{name} is {index}, where {said(found)} is listed, and the path says {said(due)}"
    return None


@RULES.rule(
    "plate-wells-once",
    Force.MUST,
    clause="No well is listed twice.",
    repair="remove the second entry",
)
def _wells_once(subject: Subject) -> Iterator[Problem]:
    for entry, path, _ in repeated(named(subject.value, "wells", by="path")):
        yield Problem(f"{entry.pointer}/path", f"well {said(path)} is listed twice")


@RULES.rule(
    "plate-field-count",
    Force.MUST,
    clause="The number of fields, field_count, is a whole number from 1 on.",
    repair="write the largest number of fields that a well has",
    versions=NOW,
)
def _field_count(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    stated = held.get("field_count")
    if "field_count" in held and (whole(stated) or 0) < 1:
        yield Problem("/field_count", f"field_count is {said(stated)}, no whole number from 1 on")


@RULES.rule(
    "plate-field-count-stated",
    Force.SHOULD,
    clause="A plate states the largest number of fields that a well has.",
    repair="add field_count",
    versions=between("0.5"),
)
def _field_count_stated(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and "field_count" not in subject.value:
        yield Problem("", "the plate states no field_count")


@RULES.rule(
    "plate-name",
    Force.MUST,
    clause="The name of a plate, where it has one, is a text.",
    repair="write the name in quotes",
)
def _name(subject: Subject) -> Iterator[Problem]:
    held = subject.members
    if "name" in held and not isinstance(held["name"], str):
        yield Problem("/name", f"name is {said(held['name'])}, no text")


@RULES.rule(
    "plate-name-stated",
    Force.SHOULD,
    clause="A plate has a name.",
    repair="add the name of the plate",
    versions=NOW,
)
def _name_stated(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and "name" not in subject.value:
        yield Problem("", "the plate has no name")


@RULES.rule(
    "plate-version",
    Force.SHOULD,
    clause="In 0.1-0.4 a plate states the version of the specification.",
    repair="add the version to plate",
    versions=between("0.1", "0.4"),
)
def _version(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and "version" not in subject.value:
        yield Problem("", "the plate states no version")


def _known(subject: Subject, name: str) -> set[str]:
    return {found for _, found in named(subject.value, name)}
