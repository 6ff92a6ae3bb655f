"""Nodes that are read by name."""

from __future__ import annotations

from pathlib import Path

from tests.build_v3 import write_v3_group
from zarrlift.store.folder import Folder
from zarrlift.survey.on_demand import OnDemand


class Answering(Folder):
    """A folder like a server that answers for any key, with a page where there is nothing."""

    answered = 0

    def read(self, path: str) -> bytes | None:
        """Read a file, or the page."""
        self.answered += 1
        assert self.answered < 1000
        return super().read(path) or b"<html></html>"


def test_series_end_where_no_document_is_one(tmp_path: Path) -> None:
    """A page for each further number is no image, and no reason to go on for ever."""
    for name in ("", "0", "1", "2"):
        write_v3_group(tmp_path / "a" / name)

    assert OnDemand(Folder(tmp_path / "a")).series("") == ["0", "1", "2"]
    assert OnDemand(Answering(tmp_path / "a")).series("") == ["0", "1", "2"]
