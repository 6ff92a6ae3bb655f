"""Organisms and imaging methods by name or id, from a table that needs no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from zarrlift.crate.modalities import MODALITIES
from zarrlift.crate.organisms import ORGANISMS

_TAXON = re.compile(
    r"(?:(?:https?://purl\.obolibrary\.org/obo/|obo:)?NCBITaxon[_:]|NCBI:txid|txid)?(\d{1,9})",
    re.IGNORECASE,
)
_METHOD = re.compile(r"(?:https?://purl\.obolibrary\.org/obo/|obo:)?FBbi[_:](\d{8})", re.IGNORECASE)
_OBO = "http://purl.obolibrary.org/obo/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of an ontology, in the forms that people and crates write."""

    ontology: str
    """`ncbitaxon`, `fbbi`, or another one's short name where a service answered."""
    short: str
    """`NCBITaxon_9606`: the form of ontology services."""
    label: str
    description: str = ""
    other_names: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the id as a crate holds it; validators know no other form."""
        if self.ontology == "ncbitaxon" and self.short.startswith("NCBITaxon_"):
            return f"NCBI:txid{self.short.removeprefix('NCBITaxon_')}"
        return f"obo:{self.short}"

    @property
    def address(self) -> str:
        """Return the address under which the term can be looked up."""
        return _OBO + self.short


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was found for a text."""

    text: str
    terms: tuple[Term, ...]
    online: bool
    """A service answered; else these are terms of the table."""
    problem: str | None = None
    """Why a service that was asked did not answer."""

    def __repr__(self) -> str:
        """Give the count in one line."""
        return f"Terms({self.text!r}: {len(self.terms)} {'online' if self.online else 'offline'})"


@cache
def organisms() -> tuple[Term, ...]:
    """Give the organisms of the table."""
    return tuple(
        Term(
            ontology="ncbitaxon",
            short=f"NCBITaxon_{number}",
            label=label,
            description=", ".join(others),
            other_names=others,
        )
        for number, label, others in ORGANISMS
    )


@cache
def modalities() -> tuple[Term, ...]:
    """Give the imaging methods of the table."""
    return tuple(
        Term(
            ontology="fbbi",
            short=f"FBbi_{number}",
            label=label,
            description=", ".join(others),
            other_names=others,
        )
        for number, label, others in MODALITIES
    )


def taxon_id(text: str) -> str | None:
    """Give the crate's form of an NCBI taxon id, or None where the text is none."""
    match = _TAXON.fullmatch(text.strip())
    return f"NCBI:txid{int(match[1])}" if match else None


def method_id(text: str) -> str | None:
    """Give the crate's form of an FBbi id, or None where the text is none."""
    match = _METHOD.fullmatch(text.strip())
    return f"obo:FBbi_{match[1]}" if match else None


def known(identifier: str) -> Term | None:
    """Give the table's term of an id in the crate's form."""
    return _by_id().get(identifier)


@cache
def _by_id() -> dict[str, Term]:
    return {t.id: t for t in (*organisms(), *modalities())}


def search(text: str) -> tuple[Term, ...]:
    """Give the terms whose id or names have every word of a text, the best first."""
    terms = (*organisms(), *modalities())
    identifier = taxon_id(text) or method_id(text)
    if identifier is not None:
        return tuple(t for t in terms if t.id == identifier)
    parts = _plain(text).split()
    found = [(rank, t) for t in terms if parts and (rank := _rank(t, parts)) is not None]
    return tuple(t for _, t in sorted(found, key=lambda pair: pair[0]))


def named(text: str, among: tuple[Term, ...]) -> Term | None:
    """Give the one term that a text names in full, or None."""
    plain = _plain(text)
    found = [t for t in among if plain in {_plain(n) for n in (t.label, *t.other_names)}]
    return found[0] if len(found) == 1 else None


def near(text: str, among: tuple[Term, ...]) -> tuple[Term, ...]:
    """Give up to three terms that a text may mean: those it is a part of, else those spelt so."""
    found = [t for t in search(text) if t in among]
    if not found:
        from difflib import get_close_matches  # noqa: PLC0415 - only for what is misspelt

        by_name = {_plain(n): t for t in among for n in (t.label, *t.other_names)}
        found = [
            by_name[name] for name in get_close_matches(_plain(text), by_name, n=6, cutoff=0.8)
        ]
    return tuple({t.id: t for t in found}.values())[:3]


def _rank(term: Term, parts: list[str]) -> int | None:
    """Rank a match: a whole name, the beginning of one, within one; None where there is none."""
    names = [_plain(n) for n in (term.label, *term.other_names)]
    text = " ".join(parts)
    if text in names:
        return 0
    if any(n.startswith(text) for n in names):
        return 1
    return 2 if any(all(p in n for p in parts) for n in names) else None


def _plain(text: str) -> str:
    """Give a text without case, hyphens and double spaces: `Light-Sheet` is `light sheet`."""
    return " ".join(re.sub(r"[-_/(),]", " ", text.casefold()).split())
