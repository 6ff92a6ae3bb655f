"""Cases of the rules of wells."""

from __future__ import annotations

from tests.validation.changes import add, drop_folder, put
from tests.validation.pairs import Pair, breaking
from tests.validation.pairs_plates import to, two_fields, two_passes, without
from tests.validation.trees import group, image, plate, under

TWICE = [{"path": "0"}, {"path": "0"}]


def of_well(rule: str, *way: str | int, value: object, versions: str = "0.4 0.6") -> list[Pair]:
    """Make pairs of a plate and of what is set in the document of a well."""
    return [
        breaking(rule, v, plate(v), to(v, "well", *way, value=value, path="A/1"))
        for v in versions.split()
    ]


PAIRS: tuple[Pair, ...] = (
    *of_well("well-object", value=[], versions="0.5 0.6"),
    *of_well("well-images", "images", value=[]),
    *of_well("well-images", "images", 0, value="0"),
    *of_well("well-path", "images", 0, "path", value="0/", versions="0.1 0.4 0.5 0.6"),
    *of_well("well-path", "images", 0, value={"acquisition": 0}, versions="0.5"),
    *of_well("well-path-once", "images", value=TWICE),
    *of_well("well-acquisition", "images", 0, "acquisition", value="0"),
    *of_well("well-acquisition-listed", "images", 0, "acquisition", value=7),
    *(
        breaking(
            "well-acquisition-stated",
            v,
            two_passes(v),
            without(v, "well", "images", 0, "acquisition", path="A/1"),
        )
        for v in ("0.3", "0.4", "0.6")
    ),
    *(
        breaking("well-version", v, plate(v), without(v, "well", "version", path="A/1"))
        for v in ("0.2", "0.4")
    ),
    *(breaking("well-fields-exist", v, plate(v), drop_folder("A/1/0")) for v in ("0.4", "0.5")),
    *(
        breaking("well-fields-listed", v, plate(v), add(under("A/1/1", image(v))))
        for v in ("0.4", "0.5")
    ),
    breaking("well-place", "0.5", plate("0.5"), put("zarr.json", group("0.5")["zarr.json"])),
    *(
        breaking(
            "well-fields-alike",
            v,
            two_fields(v),
            add(under("A/1/1", image(v, dtype="uint16"))),
        )
        for v in ("0.4", "0.5")
    ),
)
