"""Prices of object stores: the tables that come with the program, and one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zarrlift.errors import UsageError
from zarrlift.jobs import prices
from zarrlift.store.asking import KINDS, Requests

TABLE = {
    "stored_gb_month": 0.02,
    "egress_gb": 0.1,
    "gb": 1000,
    "currency": "EUR",
    "per_1000": dict.fromkeys(KINDS, 0.5) | {"delete": 0},
}


def test_known_tables_say_when_and_where() -> None:
    """Each names its source and its date, and charges for what changes more than for what reads."""
    tables = prices.known()

    assert set(tables) == {"aws-s3-standard", "cloudflare-r2-standard"}
    for table in tables.values():
        assert table.source.startswith("https://")
        assert len(table.date) == len("2025-01-01")
        assert table.per_1000["put"] > table.per_1000["get"] > 0


def test_bill_of_aws() -> None:
    """A million of each kind costs what the price list says; storage and egress are by the GiB."""
    table = prices.prices_of("aws-s3-standard")
    asked = Requests(get=10**6, put=10**6, list=10**6, delete=10**6, bytes_in=10 * 2**30)

    bill = table.bill(asked._asdict())

    assert bill.requests == pytest.approx(0.4 + 5 + 5)
    assert bill.egress == pytest.approx(0.9)
    assert table.kept(2**40) == pytest.approx(1024 * 0.023)


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_prices_of_ones_own(suffix: str, tmp_path: Path) -> None:
    """A file in either form is read, and named after itself."""
    file = tmp_path / f"ours{suffix}"
    kinds = "".join(f"{kind} = {price}\n" for kind, price in TABLE["per_1000"].items())  # type: ignore[attr-defined]
    head = 'stored_gb_month = 0.02\negress_gb = 0.1\ngb = 1000\ncurrency = "EUR"\n[per_1000]\n'
    text = head + kinds
    file.write_text(json.dumps(TABLE) if suffix == ".json" else text)

    table = prices.prices_of(str(file))

    assert (table.name, table.currency) == ("ours", "EUR")
    asked = Requests(get=1000, delete=9, bytes_in=2000)
    bill = table.bill(asked._asdict())
    assert (bill.requests, round(bill.egress, 9)) == (0.5, 0.2)
    said = table.to_json({"target": asked._asdict()}, 5000)
    assert said["source"] is None
    assert said["stored_month"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"per_1000": {"get": 1}}, "each kind"),
        ({"per_1000": dict.fromkeys(KINDS, "cheap")}, "not a price"),
        ({"egress_gb": -1}, "not a price"),
        ({"egress_gb": None}, "not a price"),
        ({"gb": True}, "not a price"),
        ({"colour": "red"}, "no member of prices"),
    ],
)
def test_what_is_no_price_is_said(change: dict[str, object], words: str, tmp_path: Path) -> None:
    """An error names what is wrong, and where."""
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(TABLE | change))

    with pytest.raises(UsageError, match=words) as caught:
        prices.prices_of(str(file))

    assert caught.value.place == str(file)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nowhere.toml", None, "no such file"),
        ("bad.toml", "[", "cannot be read"),
        ("list.json", "[]", "no table"),
        ("aws", None, "not known"),
    ],
)
def test_what_cannot_be_read_is_said(
    name: str, content: str | None, words: str, tmp_path: Path
) -> None:
    """A name that is not known, or a file that is none, gives the next step."""
    if content is not None:
        (tmp_path / name).write_text(content)

    with pytest.raises(UsageError, match=words):
        prices.prices_of(str(tmp_path / name))
