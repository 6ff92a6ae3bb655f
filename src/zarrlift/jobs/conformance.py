"""Judging one document or store, for the specification's own runner of suites."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError, SourceError, UsageError, translated
from zarrlift.store import address
from zarrlift.survey.look import look
from zarrlift.validate.conformance import Measure, Verdict, judge_document, judge_store
from zarrlift.validate.rule import VERSIONS

if TYPE_CHECKING:
    from zarrlift.jobs.stores import Stores

_STRICT = re.compile(r"(^|/)strict/(in)?valid/")
"""How the runner of the suites tells a strict case: by its folder."""
_LARGEST = 2**26
"""Bytes above which a file is not read: no document of a group comes near."""


def judge(url: str, measure: Measure, stores: Stores) -> Verdict:
    """Judge a file that holds a group's attributes, or else a store.

    Raises `ZarrliftError` where there is nothing, or the file is not readable as JSON.
    """
    if measure.version is not None and measure.version not in VERSIONS:
        raise UsageError(
            f"OME-Zarr {measure.version} is not known", hint=f"one of {', '.join(VERSIONS)}"
        )
    if _STRICT.search(url):
        measure = replace(measure, strict_cases=True)
    data = _file(url, stores)
    if data is None:
        return judge_store(look(stores.source_at(url)), measure)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DocumentError(
            f"not readable as JSON: {error}", place=url, hint="name a document, or a store's folder"
        ) from error
    return judge_document(document, measure)


def _file(url: str, stores: Stores) -> bytes | None:
    """Give what a file holds; None where the place is a folder or an archive."""
    if address.is_remote(url):
        if not url.endswith(".json"):
            return None
        above, name = posixpath.split(url)
        data = stores.source_at(above).read(name)
        if data is None:
            raise SourceError("there is nothing here", place=url, hint="check the address")
        return data
    path = Path(url)
    if not path.is_file() or path.suffix == ".ozx":
        return None
    with translated("reading", url):
        if path.stat().st_size > _LARGEST:
            raise DocumentError("is too large to be a document", place=url)
        return path.read_bytes()
