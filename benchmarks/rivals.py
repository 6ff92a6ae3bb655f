"""The commands that are measured against one another, and where their programs are found."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.recoders import DONE

CHALLENGE = "ome2024-ngff-challenge==1.0.3"
CHALLENGE_PYTHON = "python3.11"
CHALLENGE_OPTIONS = ("--silent", "--rocrate-skip", "--log=warning", "--output-threads=4")
"""`--silent`: exit status 0 on success. No crate, since the others write none. Four threads were
as quick as its 16 on 2 cores, and took less than half the memory."""


class UnavailableError(Exception):
    """A program is not there; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that makes a target out of a source."""

    name: str
    before: tuple[str, ...]
    """Program, subcommand and options, which stand before source and target."""
    writes: str
    """A file that every finished target has at its root."""
    slow: bool = False

    def command(self, source: Path | str, target: Path | str) -> tuple[str, ...]:
        """The whole command line; places are paths or addresses."""
        return (*self.before, str(source), str(target))


def copier(case: Case) -> Tool:
    """`cp -r`, the least that a complete copy can cost."""
    return Tool(name="cp -r", before=("cp", "-r"), writes="zarr.json" if case.lifted else ".zgroup")


def zarrlift(program: Path, case: Case) -> Tool:
    """`zarrlift convert`, quick verification included."""
    before = (str(program), "convert", "--quiet", *case.ours)
    return Tool(name="zarrlift", before=before, writes="zarr.json")


def challenge(program: Path, case: Case) -> Tool:
    """ome2024-ngff-challenge, in the settings in which it is fastest and right."""
    before = (str(program), "resave", *CHALLENGE_OPTIONS, *case.theirs)
    return Tool(name="challenge", before=before, writes="zarr.json", slow=True)


def recoder(how: str, *options: str) -> Tool:
    """Bare codec calls, tensorstore or zarrs_reencode, see `benchmarks.recoders`."""
    before = (sys.executable, "-m", "benchmarks.recoders", how, *options)
    name = "bare calls" if how == "bare" else how
    return Tool(name=name, before=before, writes=DONE)


def find_zarrlift() -> Path:
    """The command installed beside this Python."""
    program = Path(sys.executable).with_name("zarrlift")
    if not program.is_file():
        raise UnavailableError(f"zarrlift is not measured: no {program} (run `make bench`)")
    return program


def find_challenge(folder: Path) -> Path:
    """The challenge tool in its own environment, which is made in `folder` the first time."""
    program = folder / "bin" / "ome2024-ngff-challenge"
    try:
        if not program.is_file():
            _install_challenge(folder)
        _run(str(program), "resave", "--help")
    except (OSError, subprocess.CalledProcessError) as error:
        raise UnavailableError(_why_no_challenge(error)) from error
    return program


def _install_challenge(folder: Path) -> None:
    python = shutil.which(CHALLENGE_PYTHON)
    if python is None:
        raise FileNotFoundError(f"no {CHALLENGE_PYTHON} on the path")
    print(f"Installing {CHALLENGE} into {folder}", file=sys.stderr)
    _run(python, "-m", "venv", "--clear", str(folder))
    _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", CHALLENGE)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _why_no_challenge(error: OSError | subprocess.CalledProcessError) -> str:
    told = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
    cause = told.strip().rpartition("\n")[2] or str(error)
    return f"{CHALLENGE} is not measured: {cause}"
