"""Numbers that know their unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class Measure(float):
    """A number with a unit: a `float` in every other way.

    >>> Measure(0.25, "micrometer")
    0.25 micrometer
    >>> Measure(0.25, "micrometer") * 4
    1.0
    """

    __slots__ = ("unit",)

    unit: str
    """As stated, such as `micrometer`; empty without one."""

    def __new__(cls, value: float, unit: str = "") -> Self:
        """Make one; the value cannot be changed later."""
        made = super().__new__(cls, value)
        made.unit = unit
        return made

    def __repr__(self) -> str:
        """Number and unit; one that no terminal should be sent is quoted."""
        unit = self.unit if self.unit.isprintable() else repr(self.unit)
        return f"{float(self)!r} {unit}".rstrip()

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[Measure], tuple[float, str]]:
        """Say how it is made anew, unit included."""
        return Measure, (float(self), self.unit)
