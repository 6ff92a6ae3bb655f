"""What a crate is to say, as settings of a plan: another licence is another plan."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SEVERAL = frozenset({"organism", "modality", "author", "keyword"})
"""Members that may have more than one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrateWords:
    """What is to be said of a dataset, in the forms that the crate has; empty is not given.

    `zarrlift.crate.words` makes it of what users write.
    """

    license: str = ""
    """Address of the licence."""
    organism: tuple[str, ...] = ()
    """`NCBI:txid9606` and the like."""
    modality: tuple[str, ...] = ()
    """`obo:FBbi_00000369` and the like."""
    name: str = ""
    description: str = ""
    author: tuple[str, ...] = ()
    """ORCID addresses, each with a space and the name after it where that is known."""
    keyword: tuple[str, ...] = ()

    @property
    def given(self) -> tuple[str, ...]:
        """Return the names of the members that are given."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name))

    def to_json(self) -> dict[str, object]:
        """Return the members that are given, as a saved plan holds them."""
        values = {name: getattr(self, name) for name in self.given}
        return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items()}


def crate_from_json(document: object) -> CrateWords:
    """Read the crate of a saved plan's settings; raises `UsageError` where it is none."""
    known = {f.name for f in fields(CrateWords)}
    if not isinstance(document, dict) or not document.keys() <= known:
        raise UsageError("the plan's crate is not understood", hint="make the plan anew")
    return CrateWords(**{name: _value(document, name) for name in document})  # type: ignore[arg-type]


def _value(document: Mapping[str, object], name: str) -> str | tuple[str, ...]:
    value = document[name]
    if name in SEVERAL and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if name not in SEVERAL and isinstance(value, str):
        return value
    raise UsageError(f"the plan's crate has no usable {name}", hint="make the plan anew")
