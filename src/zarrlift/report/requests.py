"""Requests to object stores, what they move and what they cost, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.plan.cost import Basis, Figure
from zarrlift.report import words
from zarrlift.store.asking import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.plan.prices import Prices
    from zarrlift.plan.requests import Side
    from zarrlift.store.asking import Requests

QUALIFIED = {Basis.COUNTED: "", Basis.BOUND: "at most ", Basis.ESTIMATED: "about "}
_CENT = 0.01


def expected_lines(
    sides: Mapping[str, Side], proof: Mapping[str, Side], indent: int, first: str
) -> list[str]:
    """Say what is expected to be asked of each side, and the share of the verification."""
    lines: list[str] = []
    for name, side in sides.items():
        text = f"{name}: {_figures(side)}"
        share = _kinds(proof[name].figures)
        if share:
            text += f"; of these the proof {share}"
        lines += words.wrapped(text, indent, "" if lines else first)
    return lines


def taken_lines(
    asked: Mapping[str, Requests], expected: Mapping[str, Side], indent: int, first: str
) -> list[str]:
    """Say what was asked of each side, and what the plan said."""
    lines: list[str] = []
    for name, requests in asked.items():
        exact = {n: Figure(value=v, basis=Basis.COUNTED) for n, v in requests._asdict().items()}
        text = f"{name}: {_kinds(exact)}; {_bytes(exact)}"
        if name in expected:
            text += f" (plan: {_figures(expected[name])})"
        lines += words.wrapped(text, indent, "" if lines else first)
    return lines


def money_lines(
    prices: Prices, sides: Mapping[str, Mapping[str, int]], kept: int, indent: int, first: str
) -> list[str]:
    """Say what the requests of each side cost, sending bytes out, and keeping the target."""
    parts = []
    for name, numbers in sides.items():
        bill = prices.bill(numbers)
        out = f" (+ {_price(bill.egress, prices)} if its bytes leave)" if bill.egress else ""
        parts.append(f"{name} {_price(bill.requests, prices)}{out}")
    if "target" in sides:
        parts.append(f"{_price(prices.kept(kept), prices)} a month to keep")
    text = f"{', '.join(parts)}; {prices.name}, {prices.date}"
    return words.wrapped(text, indent, first)


def _price(amount: float, prices: Prices) -> str:
    sign = "$" if prices.currency == "USD" else f"{prices.currency} "
    if 0 < amount < _CENT:
        return f"{sign}{amount:.2g}" if amount >= _CENT / 100 else f"under {sign}0.0001"
    return f"{sign}{amount:,.2f}"


def _figures(side: Side) -> str:
    return f"{_kinds(side.figures)}; {_bytes(side.figures)}"


def _kinds(figures: Mapping[str, Figure]) -> str:
    """Give the counts of all kinds that occur; a qualifier stands before the first it holds for."""
    said: list[str] = []
    before = Basis.COUNTED
    for kind in KINDS:
        figure = figures[kind]
        if figure.value:
            how = QUALIFIED[figure.basis] if figure.basis is not before else ""
            exact = "exactly " if figure.basis is Basis.COUNTED is not before else ""
            said.append(f"{how or exact}{figure.value:,} {kind.upper()}")
            before = figure.basis
    return ", ".join(said)


def _bytes(figures: Mapping[str, Figure]) -> str:
    ways = (("bytes_in", "received"), ("bytes_out", "sent"))
    said = [
        f"{QUALIFIED[figures[name].basis]}{words.size(figures[name].value)} {way}"
        for name, way in ways
        if figures[name].value
    ]
    return ", ".join(said) or "no bytes"
