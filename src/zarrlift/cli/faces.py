"""What every command shares: errors in words, signals, output."""

from __future__ import annotations

import io
import json
import math
import os
import re
import shlex
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from zarrlift.errors import InterruptedJobError, ZarrliftError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from zarrlift.jobs.options import Watch

FOUND = 1
FAILED = 3
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, but for tabs and ends of lines; what turns text around; halves of others."""


@contextmanager
def errors_in_words(
    program: str = "zarrlift", spoken: Callable[[str], str] = str
) -> Iterator[None]:
    """Turn errors into one clear message and an exit code.

    `spoken` puts a message into the words of another `program`, whose options are called otherwise.
    """
    try:
        yield
    except InterruptedJobError as error:
        say(f"Stopped. What is written so far is kept; to continue:\n  {own_command(program)}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
    except ZarrliftError as error:
        say(f"error: {spoken(str(error))}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:  # noqa: BLE001 - the one place that keeps a fault of ours readable
        _end(error)


def _end(error: Exception) -> NoReturn:
    """End on an error that no room has put into words."""
    if isinstance(error, MemoryError):
        say("error: memory ran out\n  next: lower --workers or --memory, or choose smaller chunks")
    elif isinstance(error, RecursionError):
        say("error: folders are nested too deeply to walk\n  next: name a dataset further down")
    elif isinstance(error, OSError):
        cause = error.strerror or str(error)
        say(f"error: {cause}\n  next: the same command continues once it is cured")
        os._exit(FAILED)  # stdout may hold what cannot be written
    else:
        _say_fault(error)
    sys.exit(FAILED)


def _say_fault(error: Exception) -> None:
    import logging
    import traceback

    logging.getLogger("zarrlift").debug("fault", exc_info=error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    say(
        f"error: a fault in zarrlift itself, at {Path(last.filename).name}:{last.lineno}: "
        f"{type(error).__name__}: {error}\n"
        "  next: please report it with this line; what is written so far can be continued"
    )


def say(text: str) -> None:
    """Print to stderr."""
    print(_harmless(text), file=sys.stderr, flush=True)


def show(text: str, *, painted: bool = False) -> None:
    """Print a result to stdout; one that is `painted` has colours of ours, and nothing else."""
    print(text if painted else _harmless(text), flush=True)


def _harmless(text: str) -> str:
    """Spell what a terminal would take for a command: names and words of a dataset may hold it."""
    return _COMMANDS.sub(lambda found: ascii(found[0])[1:-1], text)


def show_json(document: object) -> None:
    """Print a result to stdout as JSON."""
    show(json_text(document), painted=True)


def json_text(document: object) -> str:
    """Give a result as JSON; numbers that JSON does not have stand as text, as in Zarr v3."""
    try:
        return json.dumps(document, indent=2, allow_nan=False)
    except ValueError:
        return json.dumps(_without_constants(document), indent=2)


def _without_constants(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _without_constants(inner) for key, inner in value.items()}
    return [*map(_without_constants, value)] if isinstance(value, list | tuple) else value


def save(path: Path, text: str) -> None:
    """Write a report or plan to a file the user named."""
    try:
        path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ZarrliftError(
            f"could not be written: {error.strerror}", place=str(path), hint="name another file"
        ) from error


def save_bytes(path: Path, data: bytes) -> None:
    """Write a picture to a file the user named."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ZarrliftError(
            f"could not be written: {error.strerror}", place=str(path), hint="name another file"
        ) from error


def check_writable(path: object) -> None:
    """Raise where a file that the user named for later cannot be written at all."""
    if isinstance(path, Path):
        there = os.path.lexists(path)  # a link that leads nowhere stays a link
        try:
            path.open("a", encoding="utf-8").close()
            if not there:
                path.unlink()
        except OSError as error:
            raise ZarrliftError(
                f"could not be written: {error.strerror}", place=str(path), hint="name another file"
            ) from error


def own_command(program: str = "zarrlift") -> str:
    """Give the command line that is running."""
    return shlex.join([program, *sys.argv[1:]])


def answer(command: click.Command, program: str) -> int:
    """Carry out the command line; gives the exit status.

    NumPy's linear algebra, of which nothing is used, is kept from starting a thread for each CPU.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        command(prog_name=program)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def leave(status: int) -> NoReturn:
    """End the process with a status.

    It leaves without taking the interpreter apart, which takes longer than reading a small image.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or FAILED
    os._exit(status)


@contextmanager
def stopping_cleanly() -> Iterator[None]:
    """Let SIGINT and SIGTERM end a job between two objects, instead of killing it."""

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise InterruptedJobError(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {n: signal.signal(n, stop) for n in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def configure_log(given: Mapping[str, object]) -> None:
    """Send the program's own log to stderr, a file, or nowhere."""
    verbose, log = given["verbose"], given["log"]
    if not verbose and log is None:
        return
    import logging

    logger = logging.getLogger("zarrlift")
    logger.setLevel(given.get("log_level") or logging.DEBUG)  # type: ignore[arg-type]
    handlers: list[logging.Handler] = [logging.StreamHandler()] if verbose else []
    if log is not None:
        try:
            file = logging.FileHandler(str(log), encoding="utf-8", errors="backslashreplace")
            handlers.append(file)
        except OSError as error:
            raise ZarrliftError(
                f"could not be opened: {error.strerror}", place=str(log), hint="name another file"
            ) from error
    for handler in handlers:
        handler.setFormatter(_form_of_lines())
        logger.addHandler(handler)


def _form_of_lines() -> logging.Formatter:
    import logging

    class Harmless(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return _harmless(super().format(record))

    return Harmless("%(asctime)s %(levelname)s %(name)s: %(message)s")


def asker(*, yes: bool) -> Callable[[str], bool]:
    """Give what confirms a removal: `--yes`, or a person at the terminal."""

    def ask(question: str) -> bool:
        if yes:
            return True
        try:
            return sys.stdin.isatty() and click.confirm(question, err=True)
        except click.Abort:
            return False

    return ask


@contextmanager
def watching(*, quiet: bool, yes: bool) -> Iterator[Watch]:
    """Show progress while the body runs: a bar in a terminal, lines elsewhere."""
    from zarrlift.report.progress import BarWatch, PlainWatch, QuietWatch

    ask = asker(yes=yes)
    if quiet:
        watch: BarWatch | PlainWatch = QuietWatch(ask=ask)
    else:
        watch = BarWatch(ask=ask) if sys.stderr.isatty() else PlainWatch(ask=ask)
    try:
        yield watch
    finally:
        watch.close()
