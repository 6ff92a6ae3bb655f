"""`zarrlift conformance` of documents and stores on the web."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import zarrlift as zl
from tests.build import sample
from tests.build_ome import pyramid, write_image
from tests.servers import web
from tests.validation.schemas import attributes
from tests.validation.trees import rendered
from zarrlift.errors import SourceError


def test_addresses_are_judged_as_paths_are(tmp_path: Path) -> None:
    """A document by its name, a store by its folder, which lists nothing; what is not there."""
    folder = tmp_path / "www"
    write_image(folder / "cells.zarr", pyramid(sample((1, 2, 4, 32, 32), "uint8")))
    document = folder / "suite" / "image.json"
    document.parent.mkdir()
    document.write_text(json.dumps(attributes(rendered("0.5"), "0.5")), "utf-8")
    with web(folder) as server:
        assert zl.conformance(f"{server.url}/suite/image.json", patience=1.0).valid
        assert zl.conformance(f"{server.url}/cells.zarr", patience=1.0).valid
        (folder / "cells.zarr" / "1" / ".zarray").unlink()
        verdict = zl.conformance(f"{server.url}/cells.zarr", patience=1.0)
        assert not verdict.valid
        assert "dataset-array" in verdict.message
        with pytest.raises(SourceError, match="there is nothing here"):
            zl.conformance(f"{server.url}/suite/none.json", patience=1.0)
