"""What object stores charge: for requests by their class, for keeping, and for sending out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Bill(NamedTuple):
    """What one side of a lift costs."""

    requests: float
    egress: float
    """Where all that is received leaves the store's region or network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """One store's prices, as it published them."""

    name: str
    source: str
    """Where they were published."""
    date: str
    per_1000: Mapping[str, float]
    """Price of a thousand requests by their kind, as `Requests` names kinds."""
    stored_gb_month: float
    egress_gb: float
    gb: int = 2**30
    """Bytes of what is charged as one GB."""
    currency: str = "USD"

    def bill(self, numbers: Mapping[str, int]) -> Bill:
        """Give the price of requests and bytes, by the names that `Requests` has."""
        asked = sum(price * numbers[kind] / 1000 for kind, price in self.per_1000.items())
        return Bill(asked, self.egress_gb * numbers["bytes_in"] / self.gb)

    def kept(self, size: int) -> float:
        """Give the price of keeping so many bytes for a month."""
        return self.stored_gb_month * size / self.gb

    def to_json(self, sides: Mapping[str, Mapping[str, int]], kept: int) -> dict[str, object]:
        """Return the bill of each side, and what a month of the target's bytes costs."""
        bills = {side: self.bill(numbers)._asdict() for side, numbers in sides.items()}
        return {
            "prices": self.name,
            "published": self.source,
            "date": self.date,
            "currency": self.currency,
            **{side: bills.get(side) for side in ("source", "target")},
            "stored_month": self.kept(kept) if "target" in sides else None,
        }
