"""What is said where a store cannot be reached, or refuses: side, place, cause and next step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import zarrlift as zl
from tests.fakes import ActingWatch
from tests.faults import Answer, after
from tests.functional.far import Far
from tests.functional.runs import assert_refused, in_process, in_terminal, run, widest
from tests.functional.test_resave import PROGRAM
from tests.servers import ACCESS, SECRET
from zarrlift.errors import StorageError

REGION = "<Region>eu-west-1</Region>"
BUSY = Answer(403, "AccessDenied")
HTML = b"<html><body>Welcome</body></html>"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a store answers, and what is said of it."""

    id: str
    answer: Answer
    said: str
    step: str


CASES = [
    Case(
        id="denied",
        answer=Answer(403, "AccessDenied"),
        said="listing was refused (source, asked with keys)",
        step="check the keys, and what they allow",
    ),
    Case(
        id="expired",
        answer=Answer(400, "ExpiredToken"),
        said="listing failed: ExpiredToken",
        step="the keys have expired: renew them, then run the same command again",
    ),
    Case(
        id="clock",
        answer=Answer(403, "RequestTimeTooSkewed"),
        said="listing was refused",
        step="this machine's clock is wrong: set it, then try again",
    ),
    Case(
        id="region",
        answer=Answer(400, "AuthorizationHeaderMalformed", more=REGION),
        said="listing failed: AuthorizationHeaderMalformed",
        step="the bucket is in another region: --region eu-west-1",
    ),
    Case(
        id="redirect",
        answer=Answer(301, "PermanentRedirect"),
        said="listing failed: the server sends elsewhere",
        step="the bucket is in another region: check --region, --endpoint",
    ),
    Case(
        id="html-404",
        answer=Answer(404, body=HTML),
        said="listing failed: the server answered 404",
        step="what answers there is no object store: check --endpoint",
    ),
    Case(
        id="html-200",
        answer=Answer(200, body=HTML),
        said="listing failed: what answers there is no object store",
        step="check --endpoint and the network",
    ),
    Case(
        id="busy",
        answer=Answer(503, "SlowDown"),
        said="listing failed: SlowDown",
        step="the same command continues once it is cured",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_answers_are_put_into_words(case: Case, far: Far, tmp_path: Path) -> None:
    """One message: the address, what was answered, and the next step; no key, no traceback."""
    far.proxy.faults.append(after(0, case.answer))

    where = ["--endpoint", far.proxy.endpoint, "--patience", "1"]
    ran = in_process("convert", far.stock.source, tmp_path / "new", *where)

    assert_refused(ran, far.stock.source, case.said, f"next: {case.step}")
    assert not {ACCESS, SECRET} & set(ran.said.split())
    assert widest(ran.err) < 160
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("source", "endpoint", "said", "step"),
    [
        ("", "http://no-such-host.invalid", "no connection", "there is no such host"),
        ("", "http://127.0.0.1:9", "no connection", "nothing listens there"),
        ("", "https://{server}", "no connection", "write --endpoint with http://"),
        ("s3://none-such/a", "http://{server}", "NoSuchBucket", "there is no such bucket"),
        ("s3://private/none", "http://{server}", "there is no such folder", "check the path"),
    ],
    ids=["host", "port", "tls", "bucket", "path"],
)
def test_wrong_places_are_put_into_words(
    source: str, endpoint: str, said: str, step: str, far: Far, tmp_path: Path
) -> None:
    """An address that leads nowhere is said within seconds."""
    given = endpoint.replace("{server}", far.stock.server.endpoint.removeprefix("http://"))

    ran = in_process(
        "plan", source or far.stock.source, tmp_path / "new", "--endpoint", given, "--patience", "1"
    )

    assert_refused(ran, said, step)


@pytest.mark.parametrize(
    "endpoint", ["s3.example.org", "ftp://s3.example.org", "http://", "http://a b"]
)
def test_endpoint_that_is_no_address(endpoint: str, far: Far, tmp_path: Path) -> None:
    """A word that is no address of a server is refused as a wrong call."""
    ran = in_process("plan", far.stock.source, tmp_path / "new", "--endpoint", endpoint)

    assert_refused(ran, endpoint, "https://HOST", code=2)


def test_refusal_in_a_terminal(far: Far, tmp_path: Path) -> None:
    """In a terminal of 80 columns too, the message is whole, and the last that is said."""
    far.proxy.faults.append(after(30, Answer(403, "ExpiredToken")))
    words = [far.stock.source, far.target, "--endpoint", far.proxy.endpoint]

    ran = in_terminal("convert", *words, cwd=tmp_path)

    assert ran.code == 3
    assert "the keys have expired: renew them, then run the same command again" in ran.out
    assert "Traceback" not in ran.out
    assert SECRET not in ran.out


def test_folder_of_datasets_is_told(far: Far, tmp_path: Path) -> None:
    """A prefix that holds datasets is none: they are named, and not walked first."""
    key = f"{far.key}-several"
    for name in "abc":
        far.stock.bucket.put(far.stock.folder, f"{key}/{name}.zarr")
    far.proxy.forget()

    ran = in_process("plan", far.stock.bucket.url(key), tmp_path / "new", *through(far))

    assert_refused(
        ran, "is no Zarr group", "name one of the datasets in it: a.zarr, b.zarr, c.zarr"
    )
    assert far.proxy.count() < 20


def test_folder_of_datasets_is_looked_at_side_by_side(far: Far) -> None:
    """All of them are judged, and no folder waits for the answer of another."""
    key = f"{far.key}-several"
    for name in "abc":
        far.stock.bucket.put(far.stock.folder, f"{key}/{name}.zarr")
    far.proxy.forget()
    far.proxy.latency = 0.02

    found = zl.validate(far.stock.bucket.url(key), **far.reach())

    assert [one.path for one in found.datasets] == ["a.zarr", "b.zarr", "c.zarr"]
    assert far.proxy.most_at_once > 4


def test_unfinished_target_is_told(far: Far, tmp_path: Path) -> None:
    """Whoever looks at a target that is not finished hears that, and not that nothing is there."""
    with pytest.raises(StorageError):
        far.convert(watch=ActingWatch("verifying", lambda: far.proxy.faults.append(after(0, BUSY))))
    far.proxy.forget()

    for words in (
        ["info", far.target],
        ["crate", far.target],
        ["plan", far.target, tmp_path / "b"],
    ):
        assert_refused(in_process(*words, *through(far)), far.target, "is not finished")


def test_next_step_says_how_stores_are_reached(far: Far, tmp_path: Path) -> None:
    """The command that the report ends with can be given as it is printed."""
    ran = in_process("convert", far.stock.source, tmp_path / "new", *through(far))
    command = ran.out.strip().splitlines()[-1].split()

    assert in_process(*command[1:]).code == 0
    resaved = run(
        [
            *(PROGRAM, f"--input-bucket={far.stock.bucket.name}", "stock/old", "over"),
            f"--input-endpoint={far.proxy.endpoint}",
        ],
        cwd=tmp_path,
    )
    command = resaved.out.strip().splitlines()[-1].split()
    assert in_process(*command[1:]).code == 0


def through(far: Far) -> list[str]:
    """Give the words that lead through the proxy, which is not waited for."""
    return ["--endpoint", far.proxy.endpoint, "--patience", "1"]
