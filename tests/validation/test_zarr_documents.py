"""What zarr-metadata refuses in a Zarr document is told of here too."""

from __future__ import annotations

from typing import cast

import pytest
from zarr_metadata import MetadataValidationError, ZarrV2ArrayMetadata, ZarrV3ArrayMetadata

from tests.validation import pairs_zarr3 as v3
from tests.validation.mutations import mutated
from tests.validation.pairs_zarr2 import BLOSC
from tests.validation.trees import Json, array, inner
from zarrlift.survey.given import hierarchy
from zarrlift.validate.run import check

DOCUMENTS: dict[str, Json] = {
    "v2": {
        **inner(array("0.4", [8, 8], dtype="uint16")[".zarray"]),
        "compressor": dict(BLOSC),
        "filters": [{"id": "delta", "dtype": "<u2"}],
    },
    "v3-blosc": inner(v3.table(codecs=[v3.LITTLE, v3.BLOSC])[v3.PATH]),
    "v3-shards": inner(
        v3.table(codecs=[v3.shards([4, 4], v3.F_ORDER, v3.LITTLE, v3.ZSTD)])[v3.PATH]
    ),
}


def refusal(document: Json) -> str | None:
    """Give why zarr-metadata refuses a document."""
    reader = ZarrV3ArrayMetadata if document.get("zarr_format") == 3 else ZarrV2ArrayMetadata
    try:
        reader.from_json(document)
    except MetadataValidationError as error:
        return str(error)
    return None


NOT_ASKED = "/chunk_key_encoding/configuration = {'name': ['x']}"
"""The specification does not forbid further members there."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_the_judge_refuses_is_told(name: str) -> None:
    """One thing is changed at a time, all through the document."""
    document = DOCUMENTS[name]
    file = ".zarray" if name == "v2" else "zarr.json"
    assert refusal(document) is None
    assert not check(hierarchy({file: document}))
    missed = []
    for change, made in mutated(document):
        why = refusal(cast("Json", made))
        if why is None or change == NOT_ASKED:
            continue
        if not check(hierarchy({file: cast("Json", made)})):
            missed.append(f"{change}: {why[:200]}")
    assert not missed
