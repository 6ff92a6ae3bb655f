"""Cases of the rules of plates: their documents, their acquisitions, and what lies in the store."""

from __future__ import annotations

from tests.validation.changes import Change, add, assign_to, drop, drop_folder, put
from tests.validation.pairs import Pair, breaking
from tests.validation.trees import OLD, Json, Tree, group, items, ome, plate, under, well


def to(version: str, *way: str | int, value: object, path: str = "") -> Change:
    """Set what lies at the end of a way among the OME-Zarr members of a group."""
    folder = f"{path}/" if path else ""
    if version in OLD:
        return assign_to(f"{folder}.zattrs", *way, value=value)
    return assign_to(f"{folder}zarr.json", "attributes", "ome", *way, value=value)


def without(version: str, *way: str | int, path: str = "") -> Change:
    """Remove it."""
    folder = f"{path}/" if path else ""
    if version in OLD:
        return drop(f"{folder}.zattrs", *way)
    return drop(f"{folder}zarr.json", "attributes", "ome", *way)


def broken(rule: str, *way: str | int, value: object, versions: str = "0.4 0.5") -> list[Pair]:
    """Make pairs of a plate and of what is set in its own document."""
    return [
        breaking(rule, v, plate(v), to(v, "plate", *way, value=value)) for v in versions.split()
    ]


def lacking(rule: str, *way: str | int, versions: str = "0.4 0.5") -> list[Pair]:
    """Make pairs of a plate and of what is removed from its own document."""
    return [breaking(rule, v, plate(v), without(v, "plate", *way)) for v in versions.split()]


def one_more(rule: str, *way: str, value: object, versions: str = "0.4 0.5") -> list[Pair]:
    """Make pairs of a plate and of what is added to one of its lists."""

    def change(tree: Tree) -> None:
        items(ome(tree)["plate"], *way).append(value)

    return [breaking(rule, v, plate(v), change) for v in versions.split()]


def named(*names: object) -> list[object]:
    """Give rows or columns."""
    return [{"name": name} for name in names]


def passes(*numbers: int) -> list[Json]:
    """Give acquisitions."""
    return [{"id": n, "name": f"pass {n}", "maximumfieldcount": 1} for n in numbers]


def two_passes(version: str) -> Tree:
    """Give a plate with two acquisitions, each field of the first."""
    made = plate(version)
    to(version, "plate", "acquisitions", value=passes(0, 1))(made)
    for path in ("A/1", "A/2", "B/1", "B/2"):
        to(version, "well", "images", 0, "acquisition", value=0, path=path)(made)
    return made


def two_fields(version: str) -> Tree:
    """Give a plate with two fields in one well, both of the one acquisition."""
    made = plate(version) | under("A/1", well(version, 2))
    to(version, "plate", "field_count", value=2)(made)
    to(version, "plate", "acquisitions", 0, "maximumfieldcount", value=2)(made)
    for number in (0, 1):
        to(version, "well", "images", number, "acquisition", value=0, path="A/1")(made)
    return made


def three_rows(version: str) -> Tree:
    """Give a plate whose third row has no wells."""
    made = plate(version)
    to(version, "plate", "rows", value=named("A", "B", "C"))(made)
    return made


TIMES: Json = {**passes(0)[0], "starttime": 9, "endtime": 8}

PLATES: tuple[Pair, ...] = (
    *(breaking("plate-object", v, plate(v), to(v, "plate", value=[])) for v in ("0.5", "0.6")),
    *one_more("plate-lists", "rows", value="C"),
    *(
        breaking(
            "plate-lists",
            "0.5",
            plate("0.5"),
            without("0.5", "plate", "columns"),
            also={"plate-well-path"},  # a path names a column, which is then in no list
        ),
    ),
    *one_more("plate-names", "rows", value={}),
    *one_more("plate-names", "rows", value={"name": "C 1"}, versions="0.4 0.5 0.6"),
    *one_more("plate-names", "columns", value={"name": 3}, versions="0.2 0.5"),
    *one_more("plate-names-once", "columns", value={"name": "2"}),
    *one_more("plate-names-case", "rows", value={"name": "a"}),
    *one_more("plate-well-path", "wells", value={"rowIndex": 0, "columnIndex": 0}),
    *one_more("plate-well-path", "wells", value={"path": 1}, versions="0.1 0.3"),
    *one_more("plate-well-path", "wells", value={"path": "A/1/", "rowIndex": 0, "columnIndex": 0}),
    *broken("plate-well-index", "wells", 0, "rowIndex", value=5),
    *broken("plate-well-index", "wells", 0, "columnIndex", value=1),
    *broken("plate-well-index", "wells", 0, "rowIndex", value=-1, versions="0.6"),
    *lacking("plate-well-index", "wells", 0, "rowIndex"),
    *one_more("plate-wells-once", "wells", value={"path": "A/1"}, versions="0.1 0.3"),
    *one_more("plate-wells-once", "wells", value={"path": "A/1", "rowIndex": 0, "columnIndex": 0}),
    *broken("plate-field-count", "field_count", value=0),
    *broken("plate-field-count-wells", "field_count", value=2),
    *lacking("plate-field-count-stated", "field_count", versions="0.5 0.6"),
    *broken("plate-name", "name", value=7),
    *lacking("plate-name-stated", "name"),
    *lacking("plate-version", "version", versions="0.1 0.4"),
)

ACQUISITIONS: tuple[Pair, ...] = (
    *broken("plate-acquisitions", "acquisitions", value={}),
    *broken("acquisition-id", "acquisitions", 0, "id", value=-1),
    *broken("acquisition-members", "acquisitions", 0, "starttime", value="yesterday"),
    *broken("acquisition-members", "acquisitions", 0, "description", value=3, versions="0.6"),
    *lacking("acquisition-described", "acquisitions", 0, "name"),
    *broken("acquisition-times", "acquisitions", 0, value=TIMES),
    *(
        breaking(
            "acquisition-id-once",
            v,
            two_passes(v),
            to(v, "plate", "acquisitions", 1, "id", value=0),
        )
        for v in ("0.1", "0.6")
    ),
    *(
        breaking(
            "acquisition-field-count",
            v,
            two_fields(v),
            to(v, "plate", "acquisitions", 0, "maximumfieldcount", value=1),
        )
        for v in ("0.4", "0.5")
    ),
)

IN_STORE: tuple[Pair, ...] = (
    *(breaking("plate-wells-exist", v, plate(v), drop_folder("B/2")) for v in ("0.1", "0.5")),
    breaking("plate-wells-exist", "0.5", plate("0.5"), add(under("B/2", group("0.5")))),
    *(
        breaking("plate-wells-listed", v, plate(v), without(v, "plate", "wells", 3))
        for v in ("0.4", "0.5")
    ),
    *(
        breaking("plate-row-empty", v, three_rows(v), add(under("C", group(v))))
        for v in ("0.4", "0.6")
    ),
    breaking(
        "plate-row-metadata",
        "0.5",
        plate("0.5"),
        put("A/zarr.json", group("0.5", {"series": []})["zarr.json"]),
    ),
)

PAIRS = (*PLATES, *ACQUISITIONS, *IN_STORE)
