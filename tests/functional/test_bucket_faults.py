"""A net and a server that are slow, busy, or break off: the lift ends well, or in clear words."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zarrlift as zl
from tests.build import write_array, write_group
from tests.fakes import ActingWatch
from tests.faults import (
    Action,
    Answer,
    Cut,
    CutUpload,
    Fault,
    Hang,
    Request,
    Which,
    after,
    asks,
    every,
    first,
)
from tests.functional.far import Far, files
from tests.servers import ACCESS
from zarrlift.errors import AccessError, StorageError, TargetError, ZarrliftError

LATENCY = 0.05
SLOW_DOWN = Answer(503, "SlowDown")
REFUSED = Answer(403, "AccessDenied")


def test_requests_run_side_by_side(far: Far, tmp_path: Path) -> None:
    """At 50 ms for each request, every verb takes a fraction of what they sum up to."""
    zl.demo(tmp_path / "old", kind="plate", size="2MiB")
    zl.convert(tmp_path / "old", tmp_path / "new")
    source = far.stock.bucket.put(tmp_path / "old", f"{far.key}-old")
    far.proxy.latency = LATENCY

    def timed(do: Callable[[], Any], share: float) -> Any:
        far.proxy.forget()
        begun = time.monotonic()
        made = do()
        taken, summed = time.monotonic() - begun, far.proxy.count() * LATENCY
        assert taken < 1 + share * summed, (taken, summed)
        assert far.proxy.most_at_once > 4
        return made

    timed(lambda: zl.survey(source, **far.reach()), 0.2)
    plan = timed(lambda: zl.plan(source, far.target, **far.reach()), 0.2)
    report = timed(lambda: zl.run(plan, **far.reach()), 0.5)
    proof = timed(lambda: zl.verify(source, far.target, level="full", **far.reach()), 0.5)

    assert report.finished
    assert proof.equal
    assert far.held() == files(tmp_path / "new")


@pytest.mark.parametrize(
    "answer",
    [
        SLOW_DOWN,
        Answer(429, "TooManyRequests"),
        Answer(500, "InternalError"),
        pytest.param(Answer(408, "RequestTimeout"), marks=pytest.mark.slow),
    ],
    ids=["503", "429", "500", "408"],
)
def test_busy_server_is_asked_again(answer: Answer, far: Far) -> None:
    """Where each seventh request is turned away, the lift ends as if none were."""
    far.proxy.faults.append(every(7, answer))

    assert far.convert().finished

    far.assert_finished()


def test_nothing_is_written_after_an_error(far: Far, tmp_path: Path) -> None:
    """Once a document is refused and the lift has ended, no other of its documents is sent."""
    zl.demo(tmp_path / "old", kind="plate", size="1MiB")
    is_document = asks("PUT", "zarr.json")
    plan = zl.plan(tmp_path / "old", far.target, **far.reach())
    far.proxy.latency = LATENCY
    far.proxy.faults.append(first(1, REFUSED, is_document))

    with pytest.raises(AccessError):
        zl.run(plan, **far.reach(requests=2))

    sent = far.proxy.count("PUT")
    time.sleep(5 * LATENCY)
    assert far.proxy.count("PUT") == sent


def test_requests_are_bounded(far: Far) -> None:
    """On either side no more requests are under way than are wanted, and one for each worker."""
    far.proxy.latency = LATENCY

    far.convert(requests=4)

    assert 2 <= far.proxy.most_at_once <= 6


def test_busy_server_is_given_up_in_time(far: Far) -> None:
    """A server that turns all away at first is given up within seconds, with its own words."""
    far.proxy.faults.append(after(0, SLOW_DOWN))
    begun = time.monotonic()

    with pytest.raises(StorageError, match=r"SlowDown|503") as caught:
        far.convert()

    assert time.monotonic() - begun < 30
    assert caught.value.hint
    assert caught.value.place == far.stock.source


def test_server_that_becomes_busy_is_given_its_time(far: Far) -> None:
    """A server that answered once is asked again for as long as the patience lasts."""
    plan = zl.plan(far.stock.source, far.target, **far.reach(patience=3))
    far.proxy.faults.append(after(10, SLOW_DOWN))
    begun = time.monotonic()

    with pytest.raises(StorageError, match=r"SlowDown|503"):
        zl.run(plan, **far.reach(patience=3))

    assert 3 < time.monotonic() - begun < 20
    far.assert_sound()
    far.proxy.forget()
    assert zl.run(plan, **far.reach()).finished
    far.assert_finished()


CUTS: list[tuple[str, Action, Which]] = [
    ("body", Cut(after=7), asks("GET")),
    ("before-body", Cut(after=0), asks("GET")),
    ("head", Cut(head=True), asks("GET")),
    ("listing", Cut(after=200), asks("GET", lists=True)),
    ("upload", CutUpload(after=11), asks("PUT")),
    ("upload-answer", Cut(head=True), asks("PUT")),
    ("size", Cut(head=True), asks("HEAD")),
]


@pytest.mark.parametrize(("action", "which"), [c[1:] for c in CUTS], ids=[c[0] for c in CUTS])
def test_lines_that_are_cut(action: Action, which: Which, far: Far) -> None:
    """Where each fourth answer or upload is cut off, it is asked for again: no byte is wrong."""
    far.proxy.faults.append(every(4, action, which))

    far.finish_at_last(tries=1)

    assert far.proxy.count() > 50


_SLOW = [
    pytest.param(where, marks=pytest.mark.slow) for where in ("head", "answer", "begin", "complete")
]


@pytest.mark.parametrize("where", ["body", *_SLOW])
def test_large_uploads_that_are_cut(where: str, far: Far, tmp_path: Path) -> None:
    """Parts, and what opens and ends an upload, are cut off: the object is whole, or absent."""
    faults: dict[str, Fault] = {
        "body": every(2, CutUpload(after=2**20), asks("PUT", "partNumber")),
        "head": every(2, CutUpload(after=0), asks("PUT", "partNumber")),
        "answer": every(2, Cut(head=True), asks("PUT", "partNumber")),
        "begin": first(1, Cut(head=True), asks("POST", "uploads")),
        "complete": first(1, Cut(head=True), asks("POST", "uploadId")),
    }
    write_group(tmp_path / "old")
    values = np.random.default_rng(0).integers(0, 2**16, (9, 2048, 2048), dtype="<u2")
    write_array(tmp_path / "old" / "0", values, chunks=(1, 2048, 2048), compressor=None)
    layout = {"plain_zarr": True, "shards": "9,2048,2048", "verify": "full"}
    zl.convert(tmp_path / "old", tmp_path / "new", **layout)  # type: ignore[arg-type]
    far.proxy.faults.append(faults[where])

    for _ in range(3):
        try:
            report = zl.convert(tmp_path / "old", far.target, **far.reach(**layout))
        except StorageError:
            continue
        assert report.finished
        break

    assert far.held() == files(tmp_path / "new")


def test_shards_whose_parts_are_cut_off(far: Far, tmp_path: Path) -> None:
    """Ranges of a shard, and its index, are whole or asked for again."""
    zl.convert(far.stock.folder, tmp_path / "sharded")
    zl.convert(tmp_path / "sharded", tmp_path / "new", shards="none")
    source = far.stock.bucket.put(tmp_path / "sharded", f"{far.key}-old")
    far.proxy.faults.append(every(3, Cut(after=9), asks("GET")))

    assert zl.convert(source, far.target, **far.reach(shards="none", verify="full")).finished

    assert far.held() == files(tmp_path / "new")


@pytest.mark.parametrize(
    ("action", "which"),
    [
        (Hang(), asks("GET", lists=True)),
        (Hang(), asks("GET")),
        (Hang(after=5), asks("GET")),
        (Hang(), asks("PUT")),
    ],
    ids=["listing", "chunk", "amid-chunk", "upload"],
)
def test_silent_server_is_given_up_in_time(action: Action, which: Which, far: Far) -> None:
    """Where nothing more comes, the lift ends with an error; the same command continues it."""
    plan = zl.plan(far.stock.source, far.target, **far.reach(patience=2))
    far.proxy.faults.append(after(1, action, which))
    begun = time.monotonic()

    with pytest.raises(StorageError) as caught:
        zl.run(plan, **far.reach(patience=2))

    assert time.monotonic() - begun < 15
    assert "does not answer" in str(caught.value), caught.value
    far.assert_sound()
    far.proxy.forget()
    assert zl.run(plan, **far.reach()).finished
    far.assert_finished()


def test_answer_that_hangs_once_is_asked_for_again(far: Far) -> None:
    """A request that is lost without a word is sent again, and the lift ends well."""
    far.proxy.faults += [every(40, Hang(), asks("GET"))]

    assert far.convert(patience=8).finished

    far.assert_finished()


@pytest.mark.slow
def test_silent_server_at_the_usual_patience(far: Far) -> None:
    """Without a word about patience it takes no longer than the guide says."""
    plan = zl.plan(far.stock.source, far.target, **far.reach())
    far.proxy.faults.append(after(5, Hang()))
    begun = time.monotonic()

    with pytest.raises(StorageError, match="does not answer"):
        zl.run(plan, **far.reach())

    assert time.monotonic() - begun < 170


FAILURES: list[Action] = [REFUSED, Answer(500), Cut(head=True)]
MADE_UP = re.compile(r"[0-9a-f]{32}$")
"""The end of keys that a proof asks for, each time another."""


def asked_for(far: Far, do: Callable[[], object]) -> list[tuple[str, str]]:
    """Give what a job reads from a server, each once, with `{key}` for that of its target."""
    far.proxy.forget()
    do()
    seen = dict.fromkeys((r.method, r.path.replace(far.key, "{key}")) for r in far.proxy.requests)
    return [p for p in seen if p[0] in ("GET", "HEAD") and not MADE_UP.search(p[1])]


def only(pair: tuple[str, str], turn: int, key: str) -> Fault:
    """Let one request fail each time it is made, in one way or another.

    A listing that is refused has the source read by its metadata, so listings fail otherwise.
    """
    method, path = pair[0], pair[1].replace("{key}", key)
    action = FAILURES[turn % 3 if "list-type" not in path else 1 + turn % 2]
    return after(0, action, lambda r: (r.method, r.path) == (method, path))


def chosen(pairs: list[tuple[str, str]], number: int) -> list[tuple[str, str]]:
    """Choose some of many, the same each time; some are listings."""
    lists = [pair for pair in pairs if "list-type" in pair[1]]
    some = [*lists[:: max(1, len(lists) // 3)], *random.Random(0).sample(pairs, len(pairs))]
    return list(dict.fromkeys(some))[:number]


def look_at_absence(far: Far, number: int) -> None:
    """Let each of a lift's reads fail for ever, alone: never is anything taken for absent."""
    for turn, pair in enumerate(chosen(asked_for(far, far.convert), number)):
        key = f"{far.key}-{turn}"
        other = replace(far, key=key, target=far.stock.bucket.url(key))
        far.proxy.forget()
        far.proxy.faults.append(only(pair, turn, key))
        with pytest.raises(StorageError):
            other.convert(patience=1)
        other.assert_sound()


def test_failure_is_no_absence(far: Far) -> None:
    """Some reads of a lift fail for ever, each alone: it stops, and nothing is left out."""
    look_at_absence(far, 8)


@pytest.mark.slow
def test_no_failure_is_an_absence(far: Far) -> None:
    """As above, for all reads of the lift."""
    look_at_absence(far, 10_000)


@pytest.mark.parametrize("level", ["quick", pytest.param("full", marks=pytest.mark.slow)])
def test_failure_is_no_difference(level: str, far: Far) -> None:
    """What cannot be read of either side is an error of verify, and no finding."""
    far.convert()

    def verify(**more: Any) -> zl.Verification:
        return zl.verify(far.stock.source, far.target, level=level, **far.reach(**more))

    for turn, pair in enumerate(chosen(asked_for(far, verify), 6)):
        far.proxy.forget()
        far.proxy.faults.append(only(pair, turn, far.key))
        with pytest.raises(StorageError):
            verify(patience=1)


def test_failure_does_not_hide_what_is_done(far: Far) -> None:
    """A run that continues and cannot see what is there stops; it does not end without it."""
    stop = after(60, REFUSED)
    far.proxy.faults.append(stop)
    with pytest.raises(AccessError):
        far.convert(requests=4)
    far.proxy.faults[:] = [
        after(3, Answer(500), lambda r: r.method in ("GET", "HEAD") and far.key in r.path)
    ]

    with pytest.raises(ZarrliftError):
        far.convert(patience=1)

    far.assert_sound()
    far.proxy.forget()
    far.finish_at_last(tries=1)


HTML = Answer(200, body=b"<html><body>Log in, please</body></html>")


@pytest.mark.parametrize("level", ["quick", pytest.param("full", marks=pytest.mark.slow)])
def test_page_of_html_is_no_empty_listing(level: str, far: Far) -> None:
    """A gateway that answers all with a page of its own, from some request on, empties nothing."""
    for at in (0, 4, 6, 8, 12, 60, 120):
        key = f"{far.key}-{at}"
        other = replace(far, key=key, target=far.stock.bucket.url(key))
        far.proxy.forget()
        plan = zl.plan(far.stock.source, other.target, **far.reach(patience=1))
        far.proxy.forget()
        far.proxy.faults.append(after(at, HTML))
        try:
            finished = zl.run(plan, **far.reach(patience=1, verify=level)).finished
        except ZarrliftError:
            finished = False
        assert not finished
        other.assert_sound()

    far.proxy.forget()
    assert zl.run(plan, **far.reach()).finished
    other.assert_finished()


PAGES: dict[str, tuple[Callable[[], Fault], str]] = {
    "once": (lambda: first(1, HTML, lambda r: r.lists), ""),
    "listings": (lambda: after(0, HTML, lambda r: r.lists), "was not listed"),
    "all": (lambda: after(0, HTML), "no object store"),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("more", [{}, {"codec": "zstd:1"}], ids=["packed", "recoded"])
def test_page_of_html_is_no_difference(more: dict[str, Any], page: str, far: Far) -> None:
    """A page in place of the target's listing, while a lift is proved, is named as the cause.

    Where the proof does without that listing, it comes to its end.
    """
    fault, words = PAGES[page]
    watch = ActingWatch("verifying", lambda: far.proxy.faults.append(fault()))
    reach = {f"dst_{name}": value for name, value in far.reach().items()}
    lift = partial(zl.convert, far.stock.folder, far.target, **reach, **more)

    if page == "once" or (more and page == "listings"):
        assert lift(watch=watch).finished
    else:
        with pytest.raises(StorageError, match=words):
            lift(watch=watch)

    far.proxy.forget()
    assert lift().finished


def test_page_of_html_is_no_difference_to_verify(far: Far) -> None:
    """Nor is it one where two finished datasets are compared, whatever it stands in for."""
    far.convert()

    for at in (0, 5, 10, 20, 40):
        far.proxy.forget()
        far.proxy.faults.append(after(at, HTML))
        with pytest.raises(ZarrliftError) as caught:
            zl.verify(far.stock.folder, far.target, level="full", **far.reach(patience=1))
        assert not isinstance(caught.value, TargetError), caught.value


def test_right_to_list_alone_is_told_of(far: Far) -> None:
    """Objects that may be listed, but not looked at, are no sign of a store that is none."""
    far.proxy.faults.append(after(0, REFUSED, lambda r: not r.lists))

    with pytest.raises(AccessError) as caught:
        zl.plan(f"{far.stock.source}-none", far.target, **far.reach())

    assert "no object store" not in str(caught.value)


def test_lost_page_is_no_end_of_a_listing(far: Far, tmp_path: Path) -> None:
    """Where a page of HTML comes for the second one of chunks, it is asked for once more."""
    values = np.arange(1, 1025, dtype="<u2").reshape(1, 1024)
    write_group(tmp_path / "old")
    write_array(tmp_path / "old" / "0", values, chunks=(1, 1), separator=".")
    source = far.stock.bucket.put(tmp_path / "old", f"{far.key}-old")
    layout: dict[str, Any] = {"plain_zarr": True, "shards": "1,1024"}
    zl.convert(tmp_path / "old", tmp_path / "new", **layout)
    far.proxy.faults.append(first(1, HTML, lambda r: "continuation-token" in r.path))

    assert zl.convert(source, far.target, **far.reach(**layout)).finished

    assert far.proxy.count("GET", "continuation-token") > 0
    assert far.held() == files(tmp_path / "new")


def refuse_from(far: Far, phase: str) -> ActingWatch:
    """Let all be refused when a phase of the lift begins."""
    return ActingWatch(phase, lambda: far.proxy.faults.append(after(0, REFUSED)))


@pytest.mark.parametrize("phase", ["lifting", "verifying", "writing documents"])
def test_refusal_amid_a_lift_is_an_error(phase: str, far: Far) -> None:
    """Rights that are lost in any phase stop the lift; the same command ends it later."""
    with pytest.raises(AccessError, match="with keys"):
        far.convert(watch=refuse_from(far, phase))

    far.assert_sound()
    far.proxy.forget()
    assert far.convert().finished
    far.assert_finished()


def test_requests_are_signed_for_the_proxy(far: Far) -> None:
    """The proxy counts, and what it passes on is accepted with its signature."""
    far.convert()

    assert {r.key_id for r in far.proxy.requests} == {ACCESS}
    assert far.proxy.counts()["PUT", f"/private/{far.key}/zarr.json"] == 1


def ours(request: Request) -> bool:
    """Say whether a request is for the claim."""
    return ".zarrlift" in request.path


@pytest.mark.parametrize("action", [Cut(head=True), CutUpload(after=3), Answer(503)])
def test_claim_that_is_cut_off_is_ours(action: Action, far: Far) -> None:
    """A claim whose answer is lost does not lock its own run out."""
    far.proxy.faults.append(first(1, action, lambda r: r.method == "PUT" and ours(r)))

    far.finish_at_last(tries=2)
