"""The tutorial's notebooks run from their first cell to the last, and show what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import CellExecutionError

from docs import make_tutorial
from tests.servers import PRIVATE, seaweed

STRUCTURE, EXERCISES, LIFT = make_tutorial.sources()


@pytest.fixture(name="folder", scope="module")
def folder_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder, as a reader has it: what a notebook draws, the next one finds."""
    return tmp_path_factory.mktemp("tutorial")


def run(source: Path, folder: Path, **environment: str) -> Any:
    """Run a notebook as `make docs` does."""
    notebook = make_tutorial.read(source)
    make_tutorial.run(notebook, folder, environment)
    return notebook


def shown(notebook: Any) -> str:
    """Give all that the cells of a notebook printed, and their last values as text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert all(output.get("name") != "stderr" for output in outputs), "warnings are no teaching"
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    )


def test_structure_from_a_folder(folder: Path) -> None:
    """Four libraries open the sample in a folder, and a cache answers the second look."""
    text = shown(run(STRUCTURE, folder))

    assert '"zarr_format": 2' in text
    assert "NgffImage" in text
    assert_second_look_is_free(text)


@pytest.mark.slow
def test_structure_from_a_bucket(folder: Path, tmp_path: Path) -> None:
    """So they do in a bucket, where that is named by the environment."""
    server_folder = tmp_path / "server"
    server_folder.mkdir()
    with seaweed(server_folder) as server:
        environment = {
            **server.environment,
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ALLOW_HTTP": "true",  # for ngff-zarr
        }
        text = shown(run(STRUCTURE, folder, **environment, TUTORIAL_BUCKET=PRIVATE))

    assert f"s3://{PRIVATE}/cells.zarr" in text
    assert_second_look_is_free(text)


def assert_second_look_is_free(text: str) -> None:
    """What was looked at before is looked at again without a request."""
    first, second = (
        int(line.partition(":")[2].split()[0])
        for line in text.splitlines()
        if line.startswith("the ") and "look:" in line
    )
    assert first == second > 0


def test_exercises(folder: Path) -> None:
    """The good dataset is valid, the bad ones are not, and codecs differ as the text says."""
    text = shown(run(EXERCISES, folder))

    assert "by its documents: True" in text
    assert "by its data:      False" in text
    sizes = {
        line[:24].strip(): float(line.split()[-4].strip("%"))
        for line in text.splitlines()
        if line.endswith("of the pixels'")
    }
    assert sizes["blosc, zstd"] < sizes["zlib, shuffled first"] < sizes["zlib"]


def test_lift(folder: Path) -> None:
    """The sample is lifted, proved equal, and read the same by another library."""
    text = shown(run(LIFT, folder))

    assert "equal: True" in text
    assert text.count("the same: True") == 3
    assert "the same: False" not in text


def test_every_cell_is_run(tmp_path: Path) -> None:
    """A notebook that was run has a count at each cell; one that fails says where."""
    source = tmp_path / "notebook.md"
    source.write_text("# Title\n\n```python\n1 + 1\n```\n\n```python\n1 / 0\n```\n", "utf-8")
    notebook = make_tutorial.read(source)

    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        make_tutorial.run(notebook, tmp_path)
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2]
