"""What a running job shows on stderr: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from zarrlift.report import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

_LINE_EVERY = 10.0
_BAR_EVERY = 0.1
_PATH_WIDTH = 14


class PlainWatch:
    """A line every few seconds, for logs."""

    def __init__(self, *, ask: Callable[[str], bool], every: float = _LINE_EVERY) -> None:
        self.confirm = ask
        self._every = every
        self._name, self._total, self._done = "", 0, 0
        self._begun = self._shown = time.monotonic()

    def phase(self, name: str, total: int | None) -> None:
        """Start counting a phase."""
        self._name, self._total, self._done = name, total or 0, 0
        self._begun = self._shown = time.monotonic()

    def advance(self, path: str, amount: int) -> None:
        """Count, and print a line where the last is some seconds old."""
        self._done += amount
        now = time.monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        rate = self._done / (now - self._begun)
        text = f"{self._name}: {words.size(self._done)}"
        if self._total:
            left = max(0, self._total - self._done) / max(rate, 1)
            text += f" of at most {words.size(self._total)}, {words.duration(left)} left"
        place = words.printable(path) or "/"
        print(f"{text}, {words.size(rate)}/s, at {place}", file=sys.stderr, flush=True)  # noqa: T201

    def close(self) -> None:
        """End without a further word."""


class QuietWatch(PlainWatch):
    """Says nothing."""

    def phase(self, name: str, total: int | None) -> None:
        """Ignore."""

    def advance(self, path: str, amount: int) -> None:
        """Ignore."""


class BarWatch:
    """A bar with bytes, rate, time left and the current array."""

    def __init__(self, *, ask: Callable[[str], bool]) -> None:
        self._ask = ask
        self._bar: Progress | None = None
        self._gathered, self._shown = 0, 0.0
        self._task = self._total = 0

    def confirm(self, question: str) -> bool:
        """Ask, with no bar in the way."""
        self.close()
        return self._ask(question)

    def phase(self, name: str, total: int | None) -> None:
        """Start a bar of its own for each phase."""
        self.close()
        self._bar = _bar()
        self._bar.start()
        self._task = self._bar.add_task(name, total=total, path="")
        self._gathered, self._shown = 0, 0.0

    def advance(self, path: str, amount: int) -> None:
        """Move the bar, at most ten times a second."""
        self._gathered += amount
        now = time.monotonic()
        if self._bar is None or now - self._shown < _BAR_EVERY:
            return
        path = words.printable(path)
        shown = path if len(path) <= _PATH_WIDTH else f"…{path[1 - _PATH_WIDTH :]}"
        self._bar.update(self._task, advance=self._gathered, path=shown)  # type: ignore[arg-type]
        self._bar.refresh()
        self._gathered, self._shown = 0, now

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _bar() -> Progress:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description:<17}"),
        progress.BarColumn(bar_width=16),
        progress.DownloadColumn(binary_units=True),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(compact=True),
        progress.TextColumn("{task.fields[path]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,  # its thread would keep the job from being shared out to processes
    )
