"""What callers may say of object stores, and its translation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.jobs.stores import Stores
    from zarrlift.store.address import StoreOptions, Writing

_SIDES = ("src", "dst")


class OneReach(TypedDict, total=False):
    """How an object store is reached; local folders need none of it."""

    endpoint: str | None
    """URL of the server: one that speaks S3, an account's of Azure, Google's; by default that of
    the named store, of `AWS_ENDPOINT_URL` and the like, or the maker's own."""
    anon: bool | None
    """Send no signature; by default where no keys are found."""
    region: str | None
    """By default that of `AWS_REGION`, or the one that AWS names for the bucket."""
    profile: str | None
    """A profile of `~/.aws`; needs `zarrlift[aws]`."""
    requester_pays: bool | None
    """Whoever asks pays, where the bucket's owner wants that; S3 only."""
    requests: int
    """Requests under way at a time; 64."""
    patience: float
    """Seconds for which a request is sent again that a store failed or did not answer; 120."""


class Reach(OneReach, total=False):
    """How the object stores of a source and a target are reached.

    What has neither `src_` nor `dst_` before its name holds for both sides.
    """

    src_endpoint: str | None
    src_anon: bool | None
    src_region: str | None
    src_profile: str | None
    src_requester_pays: bool | None
    dst_endpoint: str | None
    dst_anon: bool | None
    dst_region: str | None
    dst_profile: str | None
    dst_requester_pays: bool | None


class Written(TypedDict, total=False):
    """How the objects of a target in an object store are written; a local one has none of it."""

    storage_class: str | None
    """Such as `STANDARD_IA`; by default the bucket's."""
    cache_control: str | None
    """What `Cache-Control` says of each object, such as `public, max-age=86400`."""
    sse: str | None
    """`AES256`, `aws:kms` or `aws:kms:dsse`, the last two perhaps with `:KEY`; S3 only."""
    upload_checksum: str | None
    """`sha256` (default on AWS) or `none`; S3 only."""


class Placed(Reach, Written, total=False):
    """How both sides are reached, and the target's objects written."""


def stores_of(options: Mapping[str, Any]) -> Stores:
    """Give how both sides are reached."""
    from zarrlift.jobs.stores import Stores

    source, target = (_options(options, side) for side in _SIDES)
    target = replace(target, writing=_writing(options))
    return Stores(source=source, target=target, requests=options.get("requests") or 64)


def _options(options: Mapping[str, Any], side: str) -> StoreOptions:
    from zarrlift.store.address import PATIENCE, StoreOptions

    def said(name: str) -> Any:  # noqa: ANN401 - text or truth
        own = options.get(f"{side}_{name}")
        return options.get(name) if own is None else own

    return StoreOptions(
        endpoint=said("endpoint"),
        anon=said("anon"),
        region=said("region"),
        profile=said("profile"),
        patience=float(options.get("patience") or PATIENCE),
        side="source" if side == "src" else "target",
        requester_pays=bool(said("requester_pays")),
    )


def _writing(options: Mapping[str, Any]) -> Writing:
    from zarrlift.store.address import Writing

    return Writing(
        storage_class=options.get("storage_class"),
        cache_control=options.get("cache_control"),
        sse=options.get("sse"),
        checksum=options.get("upload_checksum"),
    )
