"""A tuning in words: figures in columns, sentences about what chunks are good for."""

from __future__ import annotations

import pytest

from tests.build import BLOSC, Index
from tests.functional.runs import widest
from tests.unit.layouts import DELTA, layout_of
from tests.unit.surveys import group, image, survey_of
from tests.unit.tunings import tuning_of
from zarrlift.report.tunings import tuning_text, tuning_to_json


def said_of(axes: str, shape: Index, chunks: Index) -> str:
    """Give the text about an image, in one line."""
    survey = survey_of(*image("", axes, [layout_of(shape, chunks)]))
    return " ".join(tuning_text(tuning_of(survey, "none")).split())


@pytest.mark.parametrize(
    "sentence",
    [
        "good for a whole plane: 1 request; decodes no more than it shows",
        "bad for an xz slice: 100 requests; reads the whole volume, decodes 1,000 times what it",
        "bad for a block of 64 x 64 x 64: 64 requests; reads 64 % of the volume, decodes 244 times",
        "fair for the whole volume: 100 requests; decodes no more than it shows",
        "bad for one pixel through time: 5 requests; decodes 1,000,000 times what it shows",
    ],
)
def test_what_planes_are_good_for(sentence: str) -> None:
    """Chunks of whole planes are good for planes, and read the whole volume for a slice."""
    assert sentence in said_of("tzyx", (5, 100, 1000, 1000), (1, 1, 1000, 1000))


def test_what_cubes_are_good_for() -> None:
    """Cubes serve a slice as well as a plane."""
    said = said_of("zyx", (512, 512, 512), (64, 64, 64))

    assert "bad for an xz slice: 64 requests; decodes 64 times what it shows" in said
    assert "bad for a whole plane: 64 requests; decodes 64 times what it shows" in said


def test_columns_hold_large_figures() -> None:
    """Long names, large ratios and huge counts keep to 80 columns, and in line."""
    huge = layout_of(
        (10**4, 4, 10**5, 10**6, 10**6), (1, 1, 1, 64, 64), order="F", filters=[DELTA, DELTA],
        compressor=BLOSC, dtype=">u2",
    )  # fmt: skip
    survey = survey_of(group(""), *image("", "tczyx", [huge]))

    text = tuning_text(tuning_of(survey, "none", raw_bytes=10**7))

    assert widest(text) <= 80
    assert "2.4e+13" in text
    assert "40,000" in text
    rates = [line for line in text.splitlines() if "    1,000    1,000" in line]
    assert len(rates) == 2
    assert len({len(line) for line in rates}) == 1


def test_json_without_advice() -> None:
    """Where nothing can be recommended, that is null, and said."""
    layout = layout_of((8, 8), (8, 8), compressor={"id": "zlib", "level": 1})
    tuning = tuning_of(survey_of(*image("", "yx", [layout])), "zlib:9")

    assert tuning_to_json(tuning)["recommended"] is None
    assert "nothing to recommend" in tuning_text(tuning)
