"""Asking the EBI Ontology Lookup Service; its answer, or why there is none."""

from __future__ import annotations

import json
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit

from zarrlift.crate.terms import Term, Terms, search
from zarrlift.errors import StorageError, UsageError

SERVICE = "https://www.ebi.ac.uk/ols4/api/search"
_SECONDS = 20
_ROWS = 10
_MOST = 4 * 2**20


def find_terms(text: str, *, online: bool = False, service: str | None = None) -> Terms:
    """Look a text up in the table or, with `online`, at a service, if that answers."""
    if not online:
        return Terms(text=text, terms=search(text), online=False)
    try:
        found = look_up(text, service or SERVICE)
    except StorageError as error:
        return Terms(text=text, terms=search(text), online=False, problem=str(error))
    return Terms(text=text, terms=found, online=True)


def look_up(text: str, service: str = SERVICE) -> tuple[Term, ...]:
    """Ask a service for terms; raise `StorageError` where it does not answer as it should."""
    if urlsplit(service).scheme not in ("http", "https"):
        raise UsageError("the service is no http address", place=service, hint=f"such as {SERVICE}")
    query = {"q": text, "obsoletes": "false", "local": "false", "rows": _ROWS, "format": "json"}
    return read_answer(_get(f"{service}?{urlencode(query)}", service), service)


def _get(address: str, service: str) -> bytes:
    from http.client import HTTPException  # noqa: PLC0415 - rarely asked for, and slow to load
    from urllib.request import urlopen  # noqa: PLC0415 - as above

    try:
        with urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - the scheme was looked at
            data: bytes = answer.read(_MOST)
    except (HTTPException, URLError, OSError, ValueError) as error:
        why = str(getattr(error, "reason", "") or error) or type(error).__name__
        raise StorageError(f"the service did not answer: {why}", place=service) from error
    return data


def read_answer(data: bytes, service: str) -> tuple[Term, ...]:
    """Read the answer of a service; items that lack an id or a label are passed over."""
    try:
        found = json.loads(data)["response"]["docs"]
        return tuple(_term(d) for d in found if d.get("short_form") and d.get("label"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError("the service answered in another form", place=service) from error


def _term(item: dict[str, object]) -> Term:
    descriptions = item.get("description") or [""]
    first = descriptions if isinstance(descriptions, str) else descriptions[0]  # type: ignore[index]
    return Term(
        ontology=str(item.get("ontology_name") or ""),
        short=str(item["short_form"]),
        label=str(item["label"]),
        description=str(first),
    )
