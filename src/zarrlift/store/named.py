"""Stores that users have named in a file of settings, so that addresses can begin with the name.

The file is TOML, one table for each store, and holds no keys.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError, translated
from zarrlift.store.address import BUCKETS, WEB, Address, StoreOptions, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "ZARRLIFT_CONFIG"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*")
_TAKEN = (*BUCKETS, *WEB, "file")
_TEXTS = ("endpoint", "region", "profile", "url")
_MEMBERS = ("endpoint", "anon", "region", "profile", "url")
_SECRET = re.compile(r"(?i)key|secret|token|passw|credential|sas|signature|login|user")
_KEYS_GO = (
    "remove it from the file; put keys into the environment (AWS_ACCESS_KEY_ID and "
    'AWS_SECRET_ACCESS_KEY) or into ~/.aws/credentials, and name that with profile = "…"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedStore:
    """What a name stands for."""

    url: str = "s3://"
    """Beginning of an address, which what follows the name completes."""
    endpoint: str | None = None
    anon: bool | None = None
    region: str | None = None
    profile: str | None = None

    def address(self, rest: str) -> str:
        """Give the address that the name and `rest` stand for."""
        begun = self.url if self.url.endswith("://") else f"{self.url.rstrip('/')}/"
        return f"{begun}{rest}"

    def under(self, given: StoreOptions) -> StoreOptions:
        """Give how the store is reached: what was given goes before what the file says."""
        signs = given.profile is not None and given.anon is None
        return replace(
            given,
            endpoint=given.endpoint or self.endpoint,
            anon=False if signs else self.anon if given.anon is None else given.anon,
            region=given.region or self.region,
            profile=given.profile or self.profile,
        )


def resolve(url: str, given: StoreOptions) -> tuple[Address, StoreOptions]:
    """Give the place that an address means, by a store's name too, and how it is reached.

    Raises `UsageError` for an address that means none, and for a file that cannot be used.
    """
    name, _, rest = url.partition("://")
    if name in _TAKEN:
        return parse(url), given
    store = _find(name, url)
    rest = rest.strip("/")
    if not rest:
        raise UsageError("names no place", place=url, hint=f"write {name}://BUCKET/KEY")
    meant = parse(store.address(rest))
    return meant._replace(written=f"{name}://{rest}"), store.under(given)


def config_path() -> Path:
    """Give the path of the file, which need not be there."""
    if named := os.environ.get(VARIABLE):
        return Path(os.path.expanduser(named))
    base = os.environ.get("XDG_CONFIG_HOME")
    folder = base if base and os.path.isabs(base) else os.path.expanduser("~/.config")
    return Path(folder) / "zarrlift" / "config.toml"


def _find(name: str, url: str) -> NamedStore:
    path = config_path()
    stores = read_stores(path)
    if name in stores:
        return stores[name]
    known = f"it has {', '.join(sorted(stores))}" if stores else "which names none"
    hint = f"give an address that begins with {', '.join((*BUCKETS, *WEB))}"
    if _NAME.fullmatch(name):
        hint = f"name the store in {path} ([stores.{name}]), or {hint}"
    raise UsageError(
        f"{name}:// addresses are not known, and no store of that name is in {path} ({known})",
        place=url,
        hint=hint,
    )


def read_stores(path: Path) -> dict[str, NamedStore]:
    """Read the stores that a file names; a file that is not there names none.

    Raises `UsageError` for one that was asked for by `ZARRLIFT_CONFIG` and is not there, and for
    whatever it holds that is not known.
    """
    document = _document(path)
    _refuse_unknown(document, ("stores",), path, "the file")
    stores = document.get("stores", {})
    if not isinstance(stores, dict):
        raise UsageError("stores is no table", place=str(path), hint="write [stores.NAME]")
    return {name: _store(name, members, path) for name, members in stores.items()}


def _document(path: Path) -> Mapping[str, object]:
    import tomllib  # noqa: PLC0415 - for named stores only

    if not os.path.exists(path):  # unlike Path.exists, no error where a folder may not be entered
        if os.environ.get(VARIABLE):
            raise UsageError(
                "there is no such file", place=str(path), hint=f"correct {VARIABLE}, or unset it"
            )
        return {}
    with translated("reading", str(path)):
        data = path.read_bytes()
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(
            f"is no text in UTF-8 (line {line})", place=str(path), hint="mend the file"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"is no TOML: {error}", place=str(path), hint="mend that line") from None


def _store(name: str, members: object, path: Path) -> NamedStore:
    where = f"[stores.{name}]"
    if name in _TAKEN or not _NAME.fullmatch(name):
        why = "is taken" if name in _TAKEN else "is no word that an address can begin with"
        raise UsageError(f"{where}: the name {why}", place=str(path), hint="choose another")
    if not isinstance(members, dict):
        raise UsageError(f"stores.{name} is no table", place=str(path), hint=f"write {where}")
    _refuse_unknown(members, _MEMBERS, path, where)
    for member, value in members.items():
        _refuse_value(member, value, path, where)
    return NamedStore(**members)


def _refuse_unknown(
    members: Mapping[str, object], known: tuple[str, ...], path: Path, where: str
) -> None:
    for member in members:
        if member in known:
            continue
        if _SECRET.search(member):
            raise UsageError(
                f"{where} has a member {member!r}: this file holds no keys",
                place=str(path),
                hint=_KEYS_GO,
            )
        raise UsageError(
            f"{where} has a member {member!r}, which is not known",
            place=str(path),
            hint=f"known: {', '.join(known)}",
        )


def _refuse_value(member: str, value: object, path: Path, where: str) -> None:
    """Raise `UsageError` for a value of the wrong kind; it is not repeated, lest it be a key."""
    wrong = None
    if member == "anon" and not isinstance(value, bool):
        wrong = "is neither true nor false"
    elif member in _TEXTS and (not isinstance(value, str) or not value):
        wrong = "is no text"
    elif member == "endpoint" and not str(value).startswith(("https://", "http://")):
        wrong = "begins with neither https:// nor http://"
    elif member == "url" and str(value).partition("://")[0] not in (*BUCKETS, *WEB):
        wrong = f"begins with none of {', '.join(f'{s}://' for s in (*BUCKETS, *WEB))}"
    elif member in ("endpoint", "url") and ("@" in str(value) or "?" in str(value)):
        raise UsageError(
            f"{where}: {member} carries a login or a signature", place=str(path), hint=_KEYS_GO
        )
    if wrong is not None:
        raise UsageError(f"{where}: {member} {wrong}", place=str(path), hint="correct it")
