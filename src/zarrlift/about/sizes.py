"""What a listing of an array's objects gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The stored objects of one array, as a listing gave them."""

    objects: int
    """Chunks, or shards, that are there."""
    due: int
    """As many as the array's shape has places for."""
    stored_bytes: int
    decoded_bytes: int = 0
    """What these objects give, about: edges, and how full shards are, are estimated."""
    shards_looked_at: int = 0
    """Shards whose index was read."""
    chunks_in_them: int = 0
    places_in_them: int = 0
    """Chunks that these shards hold, and that they have places for within the array."""
    broken: int = 0
    """Shards among these whose index is not whole."""
    strays: int = 0
    """Other files among the chunks, and chunks outside the array."""
    problem: str = ""
    """Why nothing was counted."""

    @property
    def missing(self) -> int:
        """Return how many objects are not there; they read as the fill value."""
        return self.due - self.objects

    @property
    def ratio(self) -> float | None:
        """Return decoded bytes of what is there for each stored one; None where nothing is."""
        if not (self.stored_bytes and self.decoded_bytes):
            return None
        return self.decoded_bytes / self.stored_bytes

    @property
    def fill(self) -> float | None:
        """Return the share of places in the shards looked at that hold a chunk."""
        return self.chunks_in_them / self.places_in_them if self.places_in_them else None

    def plus(self, other: Sizes) -> Sizes:
        """Add those of another array."""
        return Sizes(
            objects=self.objects + other.objects,
            due=self.due + other.due,
            stored_bytes=self.stored_bytes + other.stored_bytes,
            decoded_bytes=self.decoded_bytes + other.decoded_bytes,
            shards_looked_at=self.shards_looked_at + other.shards_looked_at,
            chunks_in_them=self.chunks_in_them + other.chunks_in_them,
            places_in_them=self.places_in_them + other.places_in_them,
            broken=self.broken + other.broken,
            strays=self.strays + other.strays,
            problem=self.problem or other.problem,
        )
