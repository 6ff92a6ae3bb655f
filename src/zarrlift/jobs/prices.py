"""Prices by the name of a table that comes with the program, or from a file of one's own."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zarrlift.errors import UsageError
from zarrlift.plan.prices import Prices
from zarrlift.store.asking import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLES = Path(__file__).with_name("prices.toml")
_NUMBERS = ("stored_gb_month", "egress_gb")
_WORDS = {"source": "a file", "date": "no date", "currency": "USD"}
_KNOWN = {*_NUMBERS, *_WORDS, "per_1000", "gb", "name"}


def known() -> dict[str, Prices]:
    """Give the tables that come with the program, by name."""
    tables = tomllib.loads(_TABLES.read_text(encoding="utf-8"))
    return {name: _prices(table, name, str(_TABLES)) for name, table in tables.items()}


def prices_of(text: str) -> Prices:
    """Give the prices that a name or a file stands for; raise `UsageError`."""
    tables = known()
    if text in tables:
        return tables[text]
    path = Path(text)
    if path.suffix not in (".toml", ".json"):
        raise UsageError(
            f"prices {text!r} are not known",
            hint=f"{', '.join(tables)}, or a file that ends in .toml or .json",
        )
    try:
        content = path.read_text(encoding="utf-8")
        table = json.loads(content) if path.suffix == ".json" else tomllib.loads(content)
    except FileNotFoundError as error:
        raise UsageError("there is no such file", place=text, hint="check the path") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read: {error}", place=text, hint="mend the file") from error
    if not isinstance(table, dict):
        raise UsageError("is no table of prices", place=text, hint="mend the file")
    return _prices(table, path.stem, text)


def _prices(table: Mapping[str, Any], name: str, place: str) -> Prices:
    unknown = sorted(table.keys() - _KNOWN)
    if unknown:
        raise UsageError(
            f"{unknown[0]!r} is no member of prices", place=place, hint=", ".join(sorted(_KNOWN))
        )
    classes = table.get("per_1000")
    if not isinstance(classes, dict) or classes.keys() != set(KINDS):
        raise UsageError(
            "per_1000 must state a price of each kind of request",
            place=place,
            hint=", ".join(KINDS),
        )
    words = {word: str(table.get(word, usual)) for word, usual in _WORDS.items()}
    return Prices(
        name=str(table.get("name", name)),
        per_1000={kind: _number(value, kind, place) for kind, value in classes.items()},
        stored_gb_month=_number(table.get("stored_gb_month"), "stored_gb_month", place),
        egress_gb=_number(table.get("egress_gb"), "egress_gb", place),
        gb=int(_number(table.get("gb", 2**30), "gb", place)) or 1,
        **words,
    )


def _number(value: object, name: str, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**18:
        raise UsageError(
            f"{name} is {value!r}, not a price", place=place, hint="write a number, such as 0.005"
        )
    return float(value)
