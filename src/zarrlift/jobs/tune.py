"""Measuring codecs on a dataset's own chunks, and counting what layouts cost."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from zarrlift import grid
from zarrlift.chunks import codec, fills
from zarrlift.chunks.source import ChunkSource
from zarrlift.errors import DamageError, SourceError, UsageError
from zarrlift.findings import Finding, warning
from zarrlift.jobs.draw import Drawing, Drawn
from zarrlift.jobs.options import Silent, Watch
from zarrlift.jobs.stores import Stores
from zarrlift.plan import candidates as c
from zarrlift.plan import tuning as t
from zarrlift.plan import views as v
from zarrlift.plan.subject import find_subject
from zarrlift.survey.walk import survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.subject import Subject
    from zarrlift.store.folder import Folder
    from zarrlift.survey.facts import Survey

DEFAULT_SAMPLE = 64 * 2**20
_MOST_CHUNKS = 4096
_TIMED_BYTES, _TIMED_CHUNKS = 8 * 2**20, 8
_LEAST_SECONDS = 0.004
_REPEATS, _FEWER_REPEATS, _SLOW_SECONDS = 5, 3, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """What to measure."""

    level: str | None = None
    chunk: str | None = None
    sample: int = DEFAULT_SAMPLE
    """Decoded bytes of the chunks to measure, at most."""
    seed: int = 0
    codecs: tuple[str, ...] = ()
    stores: Stores = field(default_factory=Stores)


def tune(source: str, options: TuneOptions, watch: Watch | None = None) -> t.Tuning:
    """Measure codecs on chunks of one level, and count what layouts cost.

    Raises `UsageError` where level, chunk or sample do not fit the dataset, `SourceError` where
    there is nothing to measure, `DamageError` where no chunk decodes.
    """
    folder = options.stores.source_at(source)
    subject, named = _asked_for(survey(folder), options)
    layout = subject.level.layout
    tried = [_Trial.of(one, layout) for one in c.candidates(layout, options.codecs)]
    taking = _Taking(folder, subject, options, named)
    _measure(taking, tried, watch or Silent())
    sampled = taking.sampled(next(one.stored for one in tried if one.candidate.now))
    results = tuple(one.result(subject, sampled) for one in tried)
    views = v.typical_views(subject)
    return t.Tuning(
        source=folder.root,
        subject=subject,
        sampled=sampled,
        codecs=results,
        advice=c.advise(results),
        views=views,
        layouts=v.layout_results(subject, views),
        codec_versions=tuple(sorted(codec.versions().items())),
        findings=tuple(taking.findings),
    )


def _asked_for(found: Survey, options: TuneOptions) -> tuple[Subject, Index | None]:
    """Find level and chunk, and refuse what cannot be measured."""
    wanted, named = options.level, None
    if options.chunk is not None:
        level, named = t.parse_chunk(options.chunk)
        if level is not None and wanted not in (None, level):
            raise UsageError(f"--chunk names level {level}, --level {wanted}", hint="name one")
        wanted = level or wanted
    subject = find_subject(found, wanted)
    layout, place = subject.level.layout, subject.level.path or "/"
    if layout.data_type.variable:
        raise UsageError(
            f"is an array of {layout.data_type.name}, whose elements differ in length",
            place=place,
            hint="name an image, or an array of numbers",
        )
    if named is not None:
        t.check_chunk(named, subject)
    if layout.chunk_bytes > options.sample:
        need = math.ceil(layout.chunk_bytes / 2**20)
        raise UsageError(
            f"one chunk is {layout.chunk_bytes / 2**20:.1f} MiB decoded, --sample allows "
            f"{options.sample / 2**20:.1f} MiB",
            place=place,
            hint=f"allow --sample {need}MiB",
        )
    return subject, named


@dataclass(slots=True)
class _Trial:
    """What one candidate has given so far."""

    candidate: c.Candidate
    layout: ArrayLayout
    raw: int = 0
    stored: int = 0
    timed: int = 0
    encode_seconds: float = 0.0
    decode_seconds: float = 0.0
    encodes: bool = True

    @classmethod
    def of(cls, candidate: c.Candidate, layout: ArrayLayout) -> _Trial:
        """Start with nothing."""
        return cls(candidate, replace(layout, codecs=candidate.chain))

    def add(self, chunk: codec.Array, data: bytes, *, timed: bool) -> None:
        """Encode a chunk, whose bytes today are `data`; time it, and decoding, where asked."""
        begun = time.thread_time()
        encoded = self._encode(chunk)
        first = time.thread_time() - begun
        stored = data if self.candidate.now or encoded is None else encoded
        self.raw += self.layout.chunk_bytes
        self.stored += len(stored)
        if not timed:
            return
        self.timed += self.layout.chunk_bytes
        room = np.empty_like(chunk)
        if encoded is not None:
            self.encode_seconds += _seconds(lambda: codec.encode(chunk, self.layout), first)
        begun = time.thread_time()
        np.copyto(room, codec.decode(stored, self.layout))
        first = time.thread_time() - begun
        self.decode_seconds += _seconds(
            lambda: np.copyto(room, codec.decode(stored, self.layout)), first
        )

    def _encode(self, chunk: codec.Array) -> bytes | None:
        """Encode; the codec that the source has may be one that can only be decoded."""
        if not self.encodes:
            return None
        try:
            return codec.encode(chunk, self.layout)
        except Exception:
            if not self.candidate.now:
                raise
            self.encodes = False
            return None

    def result(self, subject: Subject, sampled: t.Sampled) -> c.CodecResult:
        """Freeze what was measured, and project it to all levels."""
        whole = sum(t.stored_chunk_bytes(level.layout) for level in subject.levels)
        return c.CodecResult(
            candidate=self.candidate,
            raw_bytes=self.raw,
            stored_bytes=self.stored,
            encode_rate=self.timed / self.encode_seconds if self.encode_seconds else None,
            decode_rate=self.timed / self.decode_seconds,
            projected_bytes=round(whole * sampled.present * self.stored / self.raw),
        )


def _seconds(call: Callable[[], object], first: float) -> float:
    """Give the median time of a call that has run once, in `first` seconds.

    Each measurement repeats the call until it takes some milliseconds, for the clock's grain. The
    clock is that of the thread: what else the machine does counts little.
    """
    loops = max(1, math.ceil(_LEAST_SECONDS / max(first, 1e-6)))
    times = []
    for _ in range(_REPEATS if first < _SLOW_SECONDS else _FEWER_REPEATS):
        begun = time.thread_time()
        for _ in range(loops):
            call()
        times.append((time.thread_time() - begun) / loops)
    return max(statistics.median(times), 1e-9)


@dataclass(slots=True)
class _Taking:
    """Takes chunks one at a time, decodes them, and notes what they are."""

    folder: Folder
    subject: Subject
    options: TuneOptions
    named: Index | None
    findings: list[Finding] = field(default_factory=list)
    taken: list[Index] = field(default_factory=list)
    filled: int = 0
    timed: int = 0
    looked_for: int = 1
    found: int = 1

    @property
    def wanted(self) -> int:
        """Return how many chunks the sample has room for."""
        if self.named is not None:
            return 1
        layout = self.subject.level.layout
        fit = self.options.sample // max(1, layout.chunk_bytes)
        return min(fit, _MOST_CHUNKS, max(1, grid.count(layout.chunk_grid)))

    def chunks(self) -> Iterator[tuple[codec.Array, bytes, bool]]:
        """Give each chunk decoded and as it is stored, and whether it is one to time.

        Raises `SourceError` where none holds anything but fill, `DamageError` where none decodes.
        """
        layout = self.subject.level.layout
        for drawn in self._drawn():
            chunk = self._decoded(drawn)
            if chunk is None:
                continue
            self.taken.append(drawn.at)
            timed = self.timed * layout.chunk_bytes < _TIMED_BYTES and self.timed < _TIMED_CHUNKS
            self.timed += timed
            yield chunk, drawn.data, timed
            if len(self.taken) == self.wanted:
                break
        if not self.taken:
            self._refuse()

    def _drawn(self) -> Iterator[Drawn]:
        path, layout = self.subject.level.path, self.subject.level.layout
        if self.named is not None:
            data = ChunkSource(self.folder, path, layout).read(self.named)
            if data is None:
                raise UsageError(
                    f"chunk {','.join(map(str, self.named))} is not stored: it reads as the fill "
                    f"value {layout.fill}",
                    place=path or "/",
                    hint="name another, or leave --chunk out: chunks that are there are drawn",
                )
            yield Drawn(self.named, data)
            return
        drawing = Drawing(self.folder, path, layout, self.options.seed)
        for drawn in drawing.chunks(self.wanted):
            self.looked_for, self.found = drawing.looked_for, drawing.found
            yield drawn
        self.looked_for, self.found = drawing.looked_for, drawing.found

    def _decoded(self, drawn: Drawn) -> codec.Array | None:
        """Decode a chunk; None where it does not decode, or holds nothing but fill."""
        path, layout = self.subject.level.path, self.subject.level.layout
        try:
            chunk: codec.Array = np.ascontiguousarray(codec.decode(drawn.data, layout))
        except DamageError as error:
            message = f"{error.message}; left out of the sample"
            self.findings.append(warning("chunk-undecodable", path, message, drawn.at))
            return None
        if fills.Blank(layout).holds(chunk):
            self.filled += 1
            return None
        return chunk.reshape(layout.chunks)

    def _refuse(self) -> None:
        place = self.folder.path(self.subject.level.path)
        if self.findings:
            first = self.findings[0]
            index = ",".join(map(str, first.chunk or ()))
            raise DamageError(
                f"none of {len(self.findings)} chunks decodes; the first, {index}, "
                f"{first.message.rpartition(';')[0]}",
                place=place,
                hint="name another level, or get the data from where it came from",
            )
        what = (
            f"{self.filled} chunks hold" if self.filled else "no chunk is stored; all of it holds"
        )
        raise SourceError(
            f"nothing to measure: {what} nothing but the fill value",
            place=place,
            hint="name another level or chunk",
        )

    def sampled(self, stored: int) -> t.Sampled:
        """Say what was taken; `stored` are its bytes today."""
        layout, broken = self.subject.level.layout, len(self.findings)
        held = max(1, self.found - self.filled - broken)
        return t.Sampled(
            seed=None if self.named is not None else self.options.seed,
            chunks=tuple(self.taken),
            edge=sum(_reaches_beyond(index, layout) for index in self.taken),
            timed=self.timed,
            filled=self.filled,
            raw_bytes=len(self.taken) * layout.chunk_bytes,
            stored_bytes=stored,
            looked_for=self.looked_for,
            present=held / max(1, self.looked_for - broken),
        )


def _reaches_beyond(index: Index, layout: ArrayLayout) -> bool:
    places = zip(index, layout.chunks, layout.shape, strict=True)
    return any((i + 1) * size > end for i, size, end in places)


def _measure(taking: _Taking, tried: list[_Trial], watch: Watch) -> None:
    """Try every candidate on every chunk, one chunk at a time."""
    size, path = taking.subject.level.layout.chunk_bytes, taking.subject.level.path
    watch.phase("measuring", taking.wanted * size * len(tried))
    for chunk, data, timed in taking.chunks():
        for one in tried:
            one.add(chunk, data, timed=timed)
            watch.advance(path, size)
