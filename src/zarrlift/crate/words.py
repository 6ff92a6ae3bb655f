"""What users write of a crate, turned into the forms that the crate has; raises `UsageError`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from zarrlift.crate import terms
from zarrlift.errors import UsageError
from zarrlift.plan.crate import SEVERAL, CrateWords

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LICENSES = {
    "cc-by": ("https://creativecommons.org/licenses/by/4.0/", "CC BY 4.0"),
    "cc0": ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0"),
}
"""Licences that have a word: their address and name."""
_NAMES = dict(LICENSES.values())
_ADDRESS = re.compile(r"https?://[^\s/]+\S*")
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])")


def crate_words(given: Mapping[str, object]) -> CrateWords | None:
    """Read what is given, by name; None where nothing is."""
    made: dict[str, str | tuple[str, ...]] = {}
    for name, value in given.items():
        texts = _texts(name, value)
        if texts:
            read = tuple(dict.fromkeys(_PARSERS[name](text) for text in texts))
            made[name] = read if name in SEVERAL else read[-1]
    return CrateWords(**made) if made else None  # type: ignore[arg-type]


def assignments(pairs: Sequence[str]) -> dict[str, list[str]]:
    """Read `name=value` texts into lists by name."""
    made: dict[str, list[str]] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or name not in _PARSERS or not value.strip():
            raise UsageError(
                f"--set {pair!r} is not understood",
                hint=f"write it like license=cc-by; names are {', '.join(_PARSERS)}",
            )
        made.setdefault(name, []).append(value)
    for name, values in made.items():
        if name not in SEVERAL and len(values) > 1:
            raise UsageError(f"--set {name} is given {len(values)} times", hint="give it once")
    return made


def license_name(address: str) -> str | None:
    """Give the short name of a licence that is known."""
    return _NAMES.get(address)


def _texts(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    listed: list[object] = (
        [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    )
    for text in listed:
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"{name} {text!r} is empty or no text", hint="leave it out, or say it")
    return tuple(map(str, listed))


def _license(text: str) -> str:
    text = text.strip()
    word = text.casefold()
    if word in LICENSES:
        return LICENSES[word][0]
    if _ADDRESS.fullmatch(text):
        return text
    raise UsageError(
        f"license {text!r} is not understood",
        hint=f"{', '.join(LICENSES)}, or the licence's address: https://…",
    )


def _organism(text: str) -> str:
    return terms.taxon_id(text) or _named(text, terms.organisms(), "organism", "NCBI:txid9606")


def _modality(text: str) -> str:
    found = terms.method_id(text)
    return found or _named(text, terms.modalities(), "modality", "obo:FBbi_00000369")


def _named(text: str, among: tuple[terms.Term, ...], kind: str, such: str) -> str:
    term = terms.named(text, among)
    if term is not None:
        return term.id
    near = [f"{t.label} ({t.id})" for t in terms.near(text, among)]
    meant = f"perhaps {', '.join(near)}; " if near else ""
    raise UsageError(
        f"{kind} {text!r} is not known by this name",
        hint=f"{meant}give an id such as {such}; zarrlift crate terms looks ids up",
    )


def _author(text: str) -> str:
    """Give `https://orcid.org/… NAME`; the name may come before or after the ORCID."""
    match = _ORCID.search(text)
    if match is None or not _checks(match[1].upper()):
        what = "has no ORCID" if match is None else "has an ORCID with a wrong check digit"
        raise UsageError(f"author {text!r} {what}", hint="such as 0000-0002-1825-0097")
    rest = f"{text[: match.start()]} {text[match.end() :]}"
    name = " ".join(rest.replace("<", " ").replace(">", " ").strip(" ,;()").split())
    return f"https://orcid.org/{match[1].upper()} {name}".rstrip()


def _checks(orcid: str) -> bool:
    """Say whether the last digit is that of ISO 7064 MOD 11-2."""
    digits = orcid.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == digits[-1]


def _stripped(text: str) -> str:
    return text.strip()


_PARSERS: dict[str, Callable[[str], str]] = {
    "license": _license,
    "organism": _organism,
    "modality": _modality,
    "name": _stripped,
    "description": _stripped,
    "author": _author,
    "keyword": _stripped,
}
