"""What 0.6 asks of each kind of transformation: its parameters, and how they fit what it joins."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.validate.told import at, found_at, wrong_list
from zarrlift.validate.values import entries, items, numbers, said, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarrlift.validate.rule import Problem

DEEPEST = 32
"""Transformations within one another; no dataset comes near."""
_FIELDS = ("nearest", "linear", "cubic", "bspline-cubic")
"""Interpolations: the schema's, and the text's own word for the last."""
_LARGEST_INDEX = 4
"""Axes are counted from 0, and there are five at most."""
_PROJECTED = 3
_SIZES = (2, 3, 4, 5)
_TOLERANCE = 1e-3
"""How far a rotation's numbers may be off, since they are often written with few digits."""


class Asked(StrEnum):
    """What is wrong with a transformation."""

    KIND = "kind"
    PARAMETERS = "parameters"
    DIMENSIONS = "dimensions"
    ROTATION = "rotation"
    COMPLETE = "complete"


class Wrong(NamedTuple):
    """One problem of a transformation."""

    asked: Asked
    problem: Problem


def wrongs(
    transform: Mapping[str, object],
    pointer: str,
    takes: int | None = None,
    gives: int | None = None,
    depth: int = 0,
) -> Iterator[Wrong]:
    """Walk all that is wrong with a transformation and those within it.

    `takes` and `gives` are the numbers of axes that it leads from and to, None where not known.
    """
    kind = transform.get("type")
    if not isinstance(kind, str) or kind not in _PARAMETERS or depth > DEEPEST:
        message = f"{found_at(transform, 'type')}; one of {', '.join(_PARAMETERS)} is due"
        if depth > DEEPEST:
            message = f"lies more than {DEEPEST} transformations deep"
        yield Wrong(Asked.KIND, at(f"{pointer}/type", message))
        return
    name = transform.get("name")
    if "name" in transform and not isinstance(name, str):
        yield _parameter(f"{pointer}/name", f"is {said(name)}, not a text")
    wrong = list(_PARAMETERS[kind](transform, pointer))
    yield from wrong
    if not wrong:
        yield from _dimensions(transform, kind, pointer, takes, gives)
    if kind == "rotation" and not wrong:
        yield from _rotation(transform, pointer)
    if kind == "byDimension" and not wrong:
        yield from _left_out(transform, pointer, gives)
    yield from _inside(transform, kind, pointer, takes, gives, depth)


def _parameter(pointer: str, message: str) -> Wrong:
    return Wrong(Asked.PARAMETERS, at(pointer, message))


def _nothing(_: Mapping[str, object], __: str) -> Iterator[Wrong]:
    return iter(())


def _vector(name: str) -> Callable[[Mapping[str, object], str], Iterator[Wrong]]:
    def check(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
        found = numbers(transform.get(name))
        if found is None:
            is_there = found_at(transform, name)
            yield _parameter(f"{pointer}/{name}", f"{is_there}; a list of numbers is due")
        elif name == "scale" and any(number <= 0 for number in found):
            yield _parameter(f"{pointer}/{name}", f"is {said(found)}; numbers above 0 are due")

    return check


def _indices(
    transform: Mapping[str, object], name: str, pointer: str, most: int, fewest: int = 1
) -> Iterator[Wrong]:
    """Check a list of axes by number."""
    value = transform.get(name)
    found = [whole(item) for item in items(value)]
    known = [number for number in found if number is not None and 0 <= number <= _LARGEST_INDEX]
    if not isinstance(value, list) or len(known) != len(found):
        is_there = found_at(transform, name)
        yield _parameter(f"{pointer}/{name}", f"{is_there}; a list of whole numbers 0-4 is due")
    elif len(set(known)) != len(known):
        yield _parameter(f"{pointer}/{name}", f"is {said(value)}, with a number twice")
    elif not fewest <= len(known) <= most:
        yield _parameter(f"{pointer}/{name}", f"is {said(value)}; {fewest} to {most} are due")


def _map_axis(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    wrong = list(_indices(transform, "mapAxis", pointer, max(_SIZES), min(_SIZES)))
    yield from wrong
    found = items(transform.get("mapAxis"))
    if not wrong and {*map(whole, found)} != {*range(len(found))}:
        due = f"each number from 0 to {len(found) - 1} is due once"
        yield _parameter(f"{pointer}/mapAxis", f"is {said(found)}; {due}")


def _project_axis(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    names = [name for name in ("droppedInputs", "createdOutputs") if name in transform]
    if not names:
        yield _parameter(pointer, "has neither `droppedInputs` nor `createdOutputs`")
    for name in names:
        yield from _indices(transform, name, pointer, _PROJECTED)


def _matrix(name: str) -> Callable[[Mapping[str, object], str], Iterator[Wrong]]:
    def check(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
        if (name in transform) == ("path" in transform):
            both = "both" if name in transform else "neither"
            yield _parameter(pointer, f"has {both} `{name}` and `path`; one of them is due")
        elif name not in transform:
            yield from _path(transform, pointer)
        elif wrong := _wrong_matrix(transform[name], square=name == "rotation"):
            yield _parameter(f"{pointer}/{name}", wrong)

    return check


def _wrong_matrix(value: object, *, square: bool) -> str | None:
    rows = [numbers(row) for row in items(value)]
    if not isinstance(value, list) or not rows or any(row is None for row in rows):
        return f"is {said(value)}; a list of lists of numbers is due"
    lengths = {len(row) for row in rows if row is not None}
    if len(lengths) > 1:
        return f"has rows of different lengths: {said(value)}"
    if square and (lengths != {len(rows)} or len(rows) not in _SIZES):
        return f"has {len(rows)} rows of {min(lengths)} numbers; it is to be a square of 2 to 5"
    return None


def _path(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    if not isinstance(transform.get("path"), str):
        yield _parameter(f"{pointer}/path", f"{found_at(transform, 'path')}; a text is due")


def _field(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    yield from _path(transform, pointer)
    found = transform.get("interpolation", "linear")
    if found not in _FIELDS:
        message = f"is {said(found)}, none of {', '.join(_FIELDS)}"
        yield _parameter(f"{pointer}/interpolation", message)


def _list(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    found = wrong_list(transform, "transformations", pointer)
    return (Wrong(Asked.PARAMETERS, problem) for problem in found)


def _by_dimension(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    yield from _list(transform, pointer)
    for one in entries(transform, "transformations"):
        where = f"{pointer}{one.pointer}"
        if not isinstance(one.value.get("transformation"), dict):
            yield _parameter(f"{where}/transformation", "is no object; a transformation is due")
        for name in ("inputAxes", "outputAxes"):
            yield from _indices(one.value, name, where, max(_SIZES))


def _bijection(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    for name in ("forward", "inverse"):
        if not isinstance(transform.get(name), dict):
            is_there = found_at(transform, name)
            yield _parameter(f"{pointer}/{name}", f"{is_there}; a transformation is due")


_PARAMETERS: dict[str, Callable[[Mapping[str, object], str], Iterator[Wrong]]] = {
    "identity": _nothing,
    "mapAxis": _map_axis,
    "projectAxis": _project_axis,
    "scale": _vector("scale"),
    "translation": _vector("translation"),
    "affine": _matrix("affine"),
    "rotation": _matrix("rotation"),
    "bijection": _bijection,
    "sequence": _list,
    "byDimension": _by_dimension,
    "displacements": _field,
    "coordinates": _field,
}
"""Kinds of transformation, and what says whether their parameters are as they are due."""


def _extent(
    transform: Mapping[str, object], kind: str, takes: int | None
) -> tuple[int | None, int | None]:
    """Give how many axes a transformation of right parameters takes and gives, by itself."""
    if kind in {"scale", "translation", "mapAxis"}:
        length = len(items(transform.get(kind)))
        return length, length
    if kind in {"affine", "rotation"} and kind in transform:
        rows = items(transform[kind])
        return len(items(rows[0])) - (kind == "affine"), len(rows)
    if kind == "projectAxis":
        dropped, created = (
            len(items(transform.get(n))) for n in ("droppedInputs", "createdOutputs")
        )
        return takes, None if takes is None else takes - dropped + created
    same = kind in {"identity", "displacements", "rotation"}
    return takes, takes if same else None


def _dimensions(
    transform: Mapping[str, object],
    kind: str,
    pointer: str,
    takes: int | None,
    gives: int | None,
) -> Iterator[Wrong]:
    own = _extent(transform, kind, takes)
    for what, found, due in (("takes", own[0], takes), ("gives", own[1], gives)):
        if found is not None and due is not None and found != due:
            message = f"{what} {found} axes where there are {due}"
            yield Wrong(Asked.DIMENSIONS, at(pointer, message))
    ends = {"droppedInputs": takes, "createdOutputs": own[1]}
    sizes = ends if kind == "projectAxis" else {}
    for name, size in sizes.items():
        for number in filter(None, map(whole, items(transform.get(name)))):
            if size is not None and number >= size:
                message = f"names axis {number} of {size}, counted from 0"
                yield Wrong(Asked.DIMENSIONS, at(f"{pointer}/{name}", message))


def _rotation(transform: Mapping[str, object], pointer: str) -> Iterator[Wrong]:
    held = (row for row in map(numbers, items(transform.get("rotation"))) if row)
    rows = [[*map(float, row)] for row in held]  # products of whole numbers have no bound
    for i, a in enumerate(rows):
        for j, b in enumerate(rows[i:], i):
            product = sum(x * y for x, y in zip(a, b, strict=True))
            if not abs(product - (i == j)) <= _TOLERANCE:
                message = f"has rows {i} and {j} that are not at right angles"
                if i == j:
                    message = f"has row {i} of a length other than 1"
                yield Wrong(Asked.ROTATION, at(f"{pointer}/rotation", message))
                return
    if rows and _determinant(rows) < 0:
        message = "mirrors: its determinant is -1, not 1"
        yield Wrong(Asked.ROTATION, at(f"{pointer}/rotation", message))


def _determinant(rows: list[list[float]]) -> float:
    """Give the determinant of a matrix of at most five rows, by its first row's cofactors."""
    if len(rows) == 1:
        return rows[0][0]
    minors = ([r[:n] + r[n + 1 :] for r in rows[1:]] for n in range(len(rows)))
    signs = (1 - 2 * (n % 2) for n in range(len(rows)))
    return sum(s * x * _determinant(m) for s, x, m in zip(signs, rows[0], minors, strict=True))


def _inside(
    transform: Mapping[str, object],
    kind: str,
    pointer: str,
    takes: int | None,
    gives: int | None,
    depth: int,
) -> Iterator[Wrong]:
    """Walk what is wrong with the transformations within one."""
    if kind == "sequence":
        yield from _in_sequence(transform, pointer, takes, gives, depth)
    elif kind == "byDimension":
        yield from _in_dimensions(transform, pointer, takes, gives, depth)
    elif kind == "bijection":
        for name, ends in (("forward", (takes, gives)), ("inverse", (gives, takes))):
            one = transform.get(name)
            if isinstance(one, dict):
                yield from wrongs(one, f"{pointer}/{name}", *ends, depth + 1)


def _in_sequence(
    transform: Mapping[str, object],
    pointer: str,
    takes: int | None,
    gives: int | None,
    depth: int,
) -> Iterator[Wrong]:
    inside = list(entries(transform, "transformations"))
    size = takes
    for one in inside:
        end = gives if one is inside[-1] else None
        wrong = list(wrongs(one.value, f"{pointer}{one.pointer}", size, end, depth + 1))
        yield from wrong
        kind = one.value.get("type")
        known = isinstance(kind, str) and not wrong
        size = _extent(one.value, str(kind), size)[1] if known else None


def _in_dimensions(
    transform: Mapping[str, object],
    pointer: str,
    takes: int | None,
    gives: int | None,
    depth: int,
) -> Iterator[Wrong]:
    seen: set[int] = set()
    for one in entries(transform, "transformations"):
        where, sizes = f"{pointer}{one.pointer}", list[int | None]()
        for name, size in (("inputAxes", takes), ("outputAxes", gives)):
            axes = [n for n in map(whole, items(one.value.get(name))) if n is not None]
            sizes.append(len(axes) or None)
            beyond = [n for n in axes if size is not None and n >= size]
            twice = [n for n in axes if name == "outputAxes" and n in seen]
            if beyond or twice:
                message = f"names axis {(beyond or twice)[0]} " + (
                    f"of {size}, counted from 0" if beyond else "a second time"
                )
                yield Wrong(Asked.DIMENSIONS, at(f"{where}/{name}", message))
            seen.update(axes if name == "outputAxes" else ())
        inner = one.value.get("transformation")
        if isinstance(inner, dict):
            ends = (sizes[0], sizes[1])
            yield from wrongs(inner, f"{where}/transformation", *ends, depth + 1)


def _left_out(transform: Mapping[str, object], pointer: str, gives: int | None) -> Iterator[Wrong]:
    """Say which axis of its output a transformation by dimension does not give."""
    parts = entries(transform, "transformations")
    given = {axis for part in parts for axis in items(part.value.get("outputAxes"))}
    missing = [n for n in range(gives or 0) if n not in given]
    if missing:
        message = f"leaves axis {missing[0]} of {gives} out, counted from 0"
        yield Wrong(Asked.COMPLETE, at(f"{pointer}/transformations", message))


def is_simple(transform: Mapping[str, object]) -> bool:
    """Say whether a transformation is one that every reader knows, or a sequence of such."""
    kinds = [transform.get("type")]
    if kinds == ["sequence"]:
        kinds = [one.value.get("type") for one in entries(transform, "transformations")]
    return all(kind in ("identity", "scale", "translation") for kind in kinds)
