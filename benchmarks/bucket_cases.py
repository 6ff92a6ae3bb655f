"""What is measured between buckets and folders, and what is to be reached."""

import shlex
import sys
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path

from benchmarks.cases import Target
from benchmarks.datasets import TEN_THOUSAND
from benchmarks.rivals import CHALLENGE_OPTIONS, Tool
from tests.servers import PUBLIC

GRID = TEN_THOUSAND.shape[-1] // TEN_THOUSAND.chunk
PER = 20
"""Chunks along each side of a shard: what `--shards auto` chooses for these."""
_SIDE = PER * TEN_THOUSAND.chunk
_OURS = (f"--shards=1,1,1,{_SIDE},{_SIDE}",)
_THEIRS = (
    f"--output-shards=1,1,1,{_SIDE},{_SIDE}",
    f"--output-chunks=1,1,1,{TEN_THOUSAND.chunk},{TEN_THOUSAND.chunk}",
)


class Where(StrEnum):
    """Which kind of place one side is."""

    BUCKET = "bucket"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketCase:
    """A dataset, where it lies and where it goes, and the targets."""

    name: str
    title: str
    source: Where = Where.BUCKET
    target: Where = Where.BUCKET
    milliseconds: int = 0
    """What every request waits on its way."""
    data: str = "T"
    planned: bool = False
    """Nothing is lifted, only planned."""
    bare: bool = True
    """Measured against the bare loop, which knows one dataset only."""
    challenged: bool = False
    ours: tuple[str, ...] = _OURS
    theirs: tuple[str, ...] = _THEIRS
    targets: tuple[Target, ...] = ()


BUCKET_CASES = (
    BucketCase(
        name="b-b",
        title="from a bucket into a bucket, 10,000 chunks of 100 KB into 25 shards",
        targets=(Target(figure="to bare loop", limit=1.3),),
    ),
    BucketCase(
        name="b-b-50ms",
        title="the same, each request 50 ms under way",
        milliseconds=50,
        targets=(Target(figure="to bare loop", limit=1.3),),
    ),
    BucketCase(
        name="b-f",
        title="from a bucket into a folder",
        target=Where.FOLDER,
        challenged=True,
        targets=(Target(figure="faster than challenge", limit=10, least=True),),
    ),
    BucketCase(
        name="b-f-50ms",
        title="the same, each request 50 ms under way",
        target=Where.FOLDER,
        milliseconds=50,
        challenged=True,
        targets=(Target(figure="faster than challenge", limit=10, least=True),),
    ),
    BucketCase(
        name="P-b-f",
        title="a plate of 96 wells x 2 fields x 3 levels, 0.56 GB, from a bucket into a folder",
        target=Where.FOLDER,
        data="P",
        bare=False,
        challenged=True,
        ours=(),
        theirs=(),
        targets=(Target(figure="faster than challenge", limit=10, least=True),),
    ),
    BucketCase(name="f-b", title="from a folder into a bucket", source=Where.FOLDER),
    BucketCase(
        name="plan-50ms",
        title="a plate of 384 wells x 2 fields x 3 levels planned, each request 50 ms under way",
        milliseconds=50,
        data="U2",
        planned=True,
        bare=False,
        targets=(Target(figure="seconds", limit=10),),
    ),
)


def bare_loop() -> Tool:
    """Obstore called from threads, see `benchmarks.bare`."""
    words = ("pack", f"--grid={GRID}", f"--per={PER}")
    before = (sys.executable, "-m", "benchmarks.bare", *words)
    return Tool(name="bare loop", before=before, writes="done")


def lifting(program: Path, case: BucketCase) -> Tool:
    """`zarrlift convert`, quick verification included."""
    before = (str(program), "convert", "--quiet", *case.ours)
    return Tool(name="zarrlift", before=before, writes="zarr.json")


def unproved(program: Path, case: BucketCase) -> Tool:
    """The same without verification, since the bare loop proves nothing either."""
    before = (*lifting(program, case).before, "--verify", "none")
    return Tool(name="zarrlift, unverified", before=before, writes="zarr.json")


class _Getter(Tool):
    """Knows what to get, and puts it nowhere."""

    def command(self, source: Path | str, target: Path | str) -> tuple[str, ...]:
        """The whole command line, without source and target."""
        del source, target
        return self.before


def c_client(program: str, endpoint: str, key: str, listed: Path) -> Tool:
    """h2load, written in C: gets every chunk, unsigned, and drops what it is sent.

    It lists, signs, checks and writes nothing: what the server and it take together is the least
    that these requests cost on this machine. `listed` is the file that it reads their addresses
    from. It ends well whatever it is answered, so the answers are counted.
    """
    chunks = product(range(GRID), range(GRID))
    below = f"{endpoint}/{PUBLIC}/{key}/0/0/0/0"
    listed.write_text("\n".join(f"{below}/{y}/{x}" for y, x in chunks))
    words = f"{program} --h1 -t 1 -c 64 -n {GRID**2} -i {shlex.quote(str(listed))}"
    before = ("sh", "-c", f"{words} | tee /dev/stderr | grep -q '{GRID**2} 2xx'")
    return _Getter(name="C client", before=before, writes="")


def planning(program: Path) -> Tool:
    """`zarrlift plan`, which writes nothing."""
    return Tool(name="zarrlift plan", before=(str(program), "plan"), writes="")


def challenge_from(program: Path, case: BucketCase, endpoint: str) -> Tool:
    """ome2024-ngff-challenge, which reads from a bucket, but writes to none.

    With keys, which it finds in the environment: its `--input-anon` is refused by the tensorstore
    that is installed with it today.
    """
    where = (f"--input-bucket={PUBLIC}", f"--input-endpoint={endpoint}")
    before = (str(program), "resave", *CHALLENGE_OPTIONS, *where, *case.theirs)
    return Tool(name="challenge", before=before, writes="zarr.json")
