"""Views by name, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

V = TypeVar("V")


class Views(Mapping[str, V]):
    """What lies at some names, in order; `views["A/1"]`, or by its number `views[0]`.

    Text that is no name but a number counts as one: `views["0"]` is the first where none is
    called so. Names are read when first wanted, and each view is made once.
    """

    __slots__ = ("_kind", "_known", "_made", "_make", "_names")

    def __init__(
        self, kind: str, names: Callable[[], Sequence[str]], make: Callable[[str], V]
    ) -> None:
        self._kind, self._make = kind, make
        self._names: Callable[[], Sequence[str]] | tuple[str, ...] = names
        self._known: frozenset[str] = frozenset()
        self._made: dict[str, V] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Return all names, in order."""
        if not isinstance(self._names, tuple):
            names = tuple(dict.fromkeys(self._names()))
            self._known = frozenset(names)
            self._names = names
        return self._names

    def __getitem__(self, key: str | int) -> V:
        """Give one view; a `KeyError` names what there is."""
        name = self._name(key)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _name(self, key: object) -> str:
        names = self.names
        if isinstance(key, str):
            name = key if key in self._known else key.strip("/")
            if name in self._known:
                return name
            if name.isascii() and name.isdecimal() and int(name) < len(names):
                return names[int(name)]
        elif isinstance(key, int) and -len(names) <= key < len(names):
            return names[key]
        listed = ", ".join(map(repr, names[:8])) or "none"
        more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""  # noqa: PLR2004
        raise KeyError(f"no {self._kind} {key!r}; there are: {listed}{more}")

    def __iter__(self) -> Iterator[str]:
        """Walk the names."""
        return iter(self.names)

    def __len__(self) -> int:
        """Count them."""
        return len(self.names)

    def __contains__(self, key: object) -> bool:
        """Say whether a name, or a number, leads to one."""
        try:
            self._name(key)
        except KeyError:
            return False
        return True

    def __repr__(self) -> str:
        """List the names, as far as a line goes."""
        listed = ", ".join(map(repr, self.names[:8]))
        more = f", … {len(self.names) - 8:,} more" if len(self.names) > 8 else ""  # noqa: PLR2004
        return f"{len(self.names):,} {self._kind}{'' if len(self) == 1 else 's'}: [{listed}{more}]"

    def _repr_html_(self) -> str:
        from zarrlift.report import html

        return html.listed(f"{len(self):,} {self._kind}{'' if len(self) == 1 else 's'}", self.names)
