"""Rules of a plate's acquisitions: the passes in which its fields were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.told import wrong_list
from zarrlift.validate.values import entries, is_number, repeated, said, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zarrlift.validate.subject import Subject

RULES = Rules(About.PLATE, "#plate-md")

_TIMES = ("starttime", "endtime")


@RULES.rule(
    "plate-acquisitions",
    Force.MUST,
    clause="The acquisitions of a plate, where stated, are a list of objects.",
    repair="write an object with an id for each acquisition, or leave acquisitions out",
)
def _acquisitions(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and "acquisitions" in subject.value:
        yield from wrong_list(subject.value, "acquisitions", due="a list", empty=True)


@RULES.rule(
    "acquisition-id",
    Force.MUST,
    clause="An acquisition has an id, a whole number from 0 on.",
    repair="number the acquisitions from 0 on, and write the same numbers in the wells",
)
def _id(subject: Subject) -> Iterator[Problem]:
    for entry in entries(subject.value, "acquisitions"):
        stated = entry.value.get("id")
        if "id" not in entry.value:
            yield Problem(entry.pointer, "an acquisition has no id")
        elif not _from(0)(stated):
            yield Problem(f"{entry.pointer}/id", f"id is {said(stated)}, no whole number from 0 on")


@RULES.rule(
    "acquisition-id-once",
    Force.MUST,
    clause="No two acquisitions of a plate have the same id.",
    repair="give each acquisition an id of its own, and write it in the wells",
)
def _once(subject: Subject) -> Iterator[Problem]:
    ids = ((e, e.value.get("id")) for e in entries(subject.value, "acquisitions"))
    stated = ((e, found) for e, found in ids if is_number(found) or isinstance(found, str))
    for entry, found, _ in repeated(stated):
        yield Problem(f"{entry.pointer}/id", f"id {said(found)} is that of another one too")


@RULES.rule(
    "acquisition-members",
    Force.MUST,
    clause="Of an acquisition, name and description are texts, maximumfieldcount is a whole number "
    "from 1 on, starttime and endtime are whole numbers from 0 on.",
    repair="write the member in that form; times as seconds since 1970",
)
def _members(subject: Subject) -> Iterator[Problem]:
    fits: dict[str, tuple[Callable[[object], bool], str]] = {
        "name": (_is_text, "no text"),
        "description": (_is_text, "no text"),
        "maximumfieldcount": (_from(1), "no whole number from 1 on"),
        **dict.fromkeys(_TIMES, (_from(0), "no whole number from 0 on")),
    }
    for entry in entries(subject.value, "acquisitions"):
        for name, (is_fit, told) in fits.items():
            if name in entry.value and not is_fit(entry.value[name]):
                stated = said(entry.value[name])
                yield Problem(f"{entry.pointer}/{name}", f"{name} is {stated}, {told}")


@RULES.rule(
    "acquisition-described",
    Force.SHOULD,
    clause="An acquisition states its name and maximumfieldcount, the largest number of fields.",
    repair="add name and maximumfieldcount",
)
def _described(subject: Subject) -> Iterator[Problem]:
    for entry in entries(subject.value, "acquisitions"):
        for name in ("name", "maximumfieldcount"):
            if name not in entry.value:
                yield Problem(entry.pointer, f"an acquisition has no {name}")


@RULES.rule(
    "acquisition-times",
    Force.OURS,
    clause="An acquisition does not end before it starts.",
    repair="write the times in their order, both in the same unit",
)
def _times(subject: Subject) -> Iterator[Problem]:
    for entry in entries(subject.value, "acquisitions"):
        start, end = (entry.value.get(name) for name in _TIMES)
        if is_number(start) and is_number(end) and end < start:
            yield Problem(f"{entry.pointer}/endtime", f"ends at {end}, and starts at {start}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _from(least: int) -> Callable[[object], bool]:
    """Give a check for whole numbers that are not below `least`."""

    def is_fit(value: object) -> bool:
        number = whole(value)
        return number is not None and number >= least

    return is_fit
