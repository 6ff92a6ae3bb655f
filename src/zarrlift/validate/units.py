"""Units that the specification names, by type of axis: of UDUNITS-2, in full words."""

_SMALL = "yocto zepto atto femto pico nano micro milli centi deci"
_LARGE = "hecto kilo mega giga tera peta exa zetta yotta"
_PREFIXES = (*_SMALL.split(), *_LARGE.split())

UNITS = {
    "space": frozenset(
        {"angstrom", "foot", "inch", "meter", "mile", "parsec", "yard"}
        | {f"{prefix}meter" for prefix in _PREFIXES}
    ),
    "time": frozenset(
        {"day", "hour", "minute", "second"} | {f"{prefix}second" for prefix in _PREFIXES}
    ),
}
