"""Units of length in metres: as OME-Zarr names them, and as OME-XML writes them."""

from __future__ import annotations

_PREFIXES = {
    "yotta": 24, "zetta": 21, "exa": 18, "peta": 15, "tera": 12, "giga": 9, "mega": 6, "kilo": 3,
    "hecto": 2, "": 0, "deci": -1, "centi": -2, "milli": -3, "micro": -6, "nano": -9, "pico": -12,
    "femto": -15, "atto": -18, "zepto": -21, "yocto": -24,
}  # fmt: skip
_INCH = 0.0254

METRES = {f"{prefix}meter": 10.0**power for prefix, power in _PREFIXES.items()} | {
    "angstrom": 1e-10,
    "inch": _INCH,
    "foot": 12 * _INCH,
    "yard": 36 * _INCH,
    "mile": 63360 * _INCH,
    "parsec": 3.0857e16,
}
"""By the name that OME-Zarr recommends (UDUNITS-2)."""
OME_METRES = {
    "Å": 1e-10,
    "pm": 1e-12,
    "nm": 1e-9,
    "µm": 1e-6,
    "μm": 1e-6,
    "mm": 1e-3,
    "cm": 1e-2,
    "dm": 1e-1,
    "m": 1.0,
    "in": _INCH,
}
"""By the symbol that OME-XML uses; micro by either of its two characters."""
