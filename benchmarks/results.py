"""What was measured, the figures that follow from it, and how they stand against the targets."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cases import Case, Figure, Target
from benchmarks.measure import Series, own_peak_bytes, paired_ratio
from benchmarks.table import Table

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The series of one case on one file system, or of a command alone."""

    name: str
    place: str
    series: tuple[Series, ...]
    subject: str = "zarrlift"
    """Name of the series that the targets are about."""
    targets: tuple[Target, ...] = ()
    measured: tuple[tuple[Figure, float], ...] = ()
    """Figures of the subject that its times do not give."""

    def find(self, tool: str) -> Series | None:
        """The series of a tool, if it was measured."""
        return next((series for series in self.series if series.name == tool), None)

    def figure(self, figure: Figure) -> float | None:
        """A figure of the subject, if what it needs was measured."""
        subject = self.find(self.subject)
        return None if subject is None else self.figure_of(subject, figure)

    def figure_of(self, series: Series, figure: Figure) -> float | None:
        """A figure of one series, if what it needs was measured."""
        if figure in dict(self.measured):
            return dict(self.measured)[figure]
        if figure == "seconds":
            return series.seconds
        if figure == "peak MB":
            return series.peak_bytes / MEGABYTE
        rival = self.find(_RIVALS.get(figure, ""))
        if rival is None:
            return None
        if figure == "memory to tensorstore":
            return series.peak_bytes / rival.peak_bytes
        faster = figure.startswith("faster than")
        return paired_ratio(rival, series) if faster else paired_ratio(series, rival)

    @property
    def recodes(self) -> bool:
        """Whether chunks were encoded anew."""
        return any(target.figure == "to tensorstore" for target in self.targets)


_RIVALS: dict[Figure, str] = {
    "to cp -r": "cp -r",
    "faster than challenge": "challenge",
    "faster than yaozarrs": "yaozarrs",
    "to bare calls": "bare calls",
    "to bare loop": "bare loop",
    "to tensorstore": "tensorstore",
    "to zarrs_reencode": "zarrs_reencode",
    "memory to tensorstore": "tensorstore",
}


def case_result(case: Case, place: str, series: Sequence[Series]) -> Result:
    """The result of a case."""
    return Result(name=case.name, place=place, series=tuple(series), targets=case.targets)


def tools_table(place: str, results: Sequence[Result]) -> Table:
    """A row for each tool on each dataset of one file system."""
    heads = ("data", "tool", "runs", "median s", "to cp -r", "x challenge", "CPU s", "peak MB")
    rows = tuple(_tool_row(result, series) for result in results for series in result.series)
    return Table(title=f"Converting on {place}", heads=heads, rows=rows, left=2)


def recoding_table(place: str, results: Sequence[Result]) -> Table:
    """A row for each tool that encodes one dataset anew, on one file system."""
    heads = ("data", "tool", "runs", "median s", *_BESIDE, "CPU s", "peak MB")
    rows = tuple(_recoding_row(result, series) for result in results for series in result.series)
    return Table(title=f"Encoding anew on {place}", heads=heads, rows=rows, left=2)


_BESIDE: tuple[Figure, ...] = ("to bare calls", "to tensorstore", "to zarrs_reencode")


def commands_table(results: Sequence[Result]) -> Table:
    """A row for each command that is measured alone."""
    heads = ("command", "runs", "median s", "CPU s", "peak MB")
    rows = tuple(
        (_command(result, series), *alone(series)) for result in results for series in result.series
    )
    return Table(title="Start-up, planning and validation", heads=heads, rows=rows, left=1)


def _command(result: Result, series: Series) -> str:
    return result.name if len(result.series) == 1 else f"{result.name}: {series.name}"


def targets_table(results: Sequence[Result]) -> Table:
    """Each target beside the figure, and whether it is met."""
    heads = ("what", "on", "figure", "measured", "target", "met")
    rows = tuple(_target_row(result, target) for result in results for target in result.targets)
    return Table(title="Targets", heads=heads, rows=rows, left=3)


def _tool_row(result: Result, series: Series) -> tuple[str, ...]:
    runs, seconds, cpu, peak = alone(series)
    to_copy = shown(result.figure_of(series, "to cp -r"))
    faster = shown(result.figure_of(series, "faster than challenge"))
    return (result.name, series.name, runs, seconds, to_copy, faster, cpu, peak)


def _recoding_row(result: Result, series: Series) -> tuple[str, ...]:
    runs, seconds, cpu, peak = alone(series)
    beside = (shown(result.figure_of(series, figure)) for figure in _BESIDE)
    return (result.name, series.name, runs, seconds, *beside, cpu, peak)


def alone(series: Series) -> tuple[str, str, str, str]:
    """How many runs, seconds, seconds of CPU and megabytes, as they are shown."""
    seconds, cpu = f"{series.seconds:.2f}", f"{series.cpu_seconds:.2f}"
    return (str(len(series.runs)), seconds, cpu, _peak(series.peak_bytes))


def _peak(size: int) -> str:
    floor = own_peak_bytes()
    if size > floor:
        return f"{size / MEGABYTE:.0f}"
    return f"< {floor / MEGABYTE:.0f}"


def _target_row(result: Result, target: Target) -> tuple[str, ...]:
    value = result.figure(target.figure)
    met = "-" if value is None else "yes" if target.met(value) else "NO"
    return (result.name, result.place, target.figure, shown(value), str(target), met)


def shown(value: float | None) -> str:
    """A figure as tables show it."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
