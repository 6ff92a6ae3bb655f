"""The lift itself, from survey to root document."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from zarrlift.engine.files import copy_files
from zarrlift.engine.run import Engine
from zarrlift.errors import ClaimLostError, SourceError, TargetError
from zarrlift.findings import Severity
from zarrlift.jobs import claim, leftovers
from zarrlift.jobs.claim import State
from zarrlift.jobs.memory import bytes_under_way
from zarrlift.jobs.options import RunOptions, Silent, Watch, crew_of, default_memory, threads
from zarrlift.jobs.stores import Stores, refuse_same, refuse_unwritable, root_of
from zarrlift.plan.memory import workers_within
from zarrlift.plan.plan import make_plan
from zarrlift.pool import Pool
from zarrlift.store.address import is_remote
from zarrlift.store.target import CLAIM, at_work
from zarrlift.survey.entries import left_out
from zarrlift.survey.facts import CRATE
from zarrlift.survey.walk import survey
from zarrlift.verify.level import Level
from zarrlift.verify.result import Checked, verification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.crew import Crew
    from zarrlift.jobs.result import Report
    from zarrlift.plan.plan import Plan
    from zarrlift.plan.settings import Exact, Settings
    from zarrlift.store.folder import Folder
    from zarrlift.store.target import Target
    from zarrlift.verify.result import Verification
    from zarrlift.verify.run import Verifier


_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())  # without any, Python itself prints warnings


def decide(
    source: str,
    target: str,
    settings: Settings,
    exact: Mapping[str, Exact] | None = None,
    details: object = None,
    stores: Stores | None = None,
    *,
    writes: bool = True,
) -> Plan:
    """Survey the source and make the plan; nothing is written.

    `details` is the content of a details file, whose rules come before those of the settings.
    `writes` is whether the target is to be written at all.
    """
    stores = stores or Stores()
    refuse_same(source, target, stores)
    if writes:
        refuse_unwritable(target)
        stores.refuse_unfit(target)
    tree = stores.source_at(source)
    found = survey(tree, settings.exclude)
    _LOG.debug("surveyed: %r", found)
    if details is not None:
        from zarrlift.plan.details import layout_rules  # noqa: PLC0415 - rarely given
        from zarrlift.plan.settings import parse_rules  # noqa: PLC0415 - as above

        rules = parse_rules(layout_rules(details, found), settings.wish)
        settings = replace(settings, rules=(*rules, *settings.rules))
    plan = make_plan(found, root_of(target), settings, exact)
    if plan.arrays and not plan.arrays[0].path:  # a survey does not enter arrays, even at the root
        there = tree.size(CRATE) is not None and not left_out(CRATE, settings.exclude)
        plan = replace(plan, crate_found=there)
    if settings.crate is not None:
        from zarrlift.jobs import crate  # noqa: PLC0415 - few datasets have one

        plan = replace(plan, findings=(*plan.findings, *crate.plan_findings(plan, tree)))
    for finding in plan.findings:
        _LOG.info("%s", finding)
    plan = replace(plan, surveyed=tree.asked())
    return replace(plan, codec_versions=_codec_versions()) if plan.encodes else plan


def _codec_versions() -> tuple[tuple[str, str], ...]:
    from zarrlift.chunks import codec  # noqa: PLC0415 - numcodecs is slow to load

    return tuple(sorted(codec.versions().items()))


def refuse_errors(plan: Plan) -> None:
    """Raise `SourceError` where the survey or the plan found what must not be passed over."""
    errors = [f for f in plan.findings if f.severity is Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise SourceError(
            f"{errors[0].message}{more}",
            place=f"{plan.source}/{errors[0].path}",
            hint="repair the source, or leave the node out with --exclude",
        )


def convert(plan: Plan, options: RunOptions, watch: Watch | None = None) -> Report:
    """Carry a plan out: continue an earlier run of it, or confirm that it is finished.

    Raises a `ZarrliftError` where it cannot be done; what is written so far stays, and the same
    call continues.
    """
    before = options.stores.asked_so_far
    made = _Lift(plan, options, watch or Silent()).run()
    if options.stores.asked:
        from zarrlift.jobs.measure import with_requests  # noqa: PLC0415 - for buckets only

        made = with_requests(made, options, before)
    return made


@dataclass(slots=True)
class _Lift:
    plan: Plan
    options: RunOptions
    watch: Watch

    def run(self) -> Report:
        """Claim the target and bring it to its end, or see that it is there."""
        refuse_errors(self.plan)
        begun = time.monotonic()
        target = self.options.stores.target_at(self.plan.target, fsync=self.options.fsync)
        self._within(1)
        if self.options.overwrite:
            self._clear(target)
        held = claim.take(self.plan, target)
        _LOG.info("%r: target is %s", self.plan, held.state)
        if held.state is State.FINISHED:
            return self._confirm(target, begun)
        with at_work(target):
            try:
                return self._write(target, held, begun)
            except ClaimLostError:
                if target.read(CLAIM) is None and target.size("zarr.json") is not None:
                    return self._confirm(target, begun)
                raise

    def _clear(self, target: Target) -> None:
        count = claim.clear_for_overwrite(target)
        if not count:
            return
        claim.confirm_removal(target, count, self.watch.confirm)
        target.clear()
        leftovers.abort(self.plan, target, whatever=True)

    def _write(self, target: Target, held: claim.Claim, begun: float) -> Report:
        resuming = held.state is State.STARTED
        with self._pool() as pool:
            source = self._source()
            tally = self._engine(target, held, pool, resuming=resuming).run()
            pool.let_go()
            for finding in tally.findings:
                _LOG.warning("%s", finding)
            extra, left = copy_files(self.plan, source, target, tally.foreign)
            tally.findings += left
            proof = self._verify(target, pool)
        if proof is None or proof.equal:
            self._documents(target)
            target.release()
            leftovers.abort(self.plan, target)
        _LOG.info("%r", proof)
        from zarrlift.jobs.result import report  # noqa: PLC0415 - loaded while objects are written

        return report(
            self.plan,
            tally,
            proof,
            files=extra,
            seconds=time.monotonic() - begun,
            resumed=resuming,
        )

    def _pool(self) -> Pool:
        wanted = threads(self.options, encodes=self.plan.encodes, remote=self._remote)
        pool = Pool(self._within(wanted))
        pool.turn.worth, pool.apart = not self._remote, self._remote
        return pool

    def _within(self, workers: int) -> int:
        decoded = self.options.verify is Level.DECODE
        under_way = bytes_under_way(self.plan)
        return workers_within(
            self.plan, workers, self._memory, decoded=decoded, under_way=under_way
        )

    @property
    def _remote(self) -> bool:
        return is_remote(self.plan.source) or is_remote(self.plan.target)

    def _source(self) -> Folder:
        return self.options.stores.source_at(self.plan.source)

    def _crew(self, pool: Pool) -> Crew[Any] | None:
        crew = None
        if not self.plan.encodes:
            crew = crew_of(self.options, pool.workers, _load_proof, remote=self._remote)
        _LOG.debug("%d %s", pool.workers, "processes" if crew else "threads")
        return crew

    @property
    def _memory(self) -> int:
        given = self.options.memory
        return default_memory() if given is None else given

    def _engine(self, target: Target, held: claim.Claim, pool: Pool, *, resuming: bool) -> Engine:
        self.watch.phase("lifting", sum(a.source.raw_bytes for a in self.plan.arrays))
        return Engine(
            plan=self.plan,
            source=self._source(),
            target=target,
            pool=pool,
            share=self._memory // pool.workers - bytes_under_way(self.plan),
            resuming=resuming,
            trusting=held.trusting,
            watch=self.watch.advance,
            crew=self._crew(pool),
        )

    def _verify(self, target: Target, pool: Pool) -> Verification | None:
        if self.options.verify is Level.NONE:
            return None
        self.watch.phase("verifying", None)
        checked = Checked()
        verifier = self._verifier(self.plan, target, self.options.verify, pool)
        verifier.data({a.path: a.target for a in self.plan.arrays}, checked)
        return verification(self.plan.source, target.root, self.options.verify, checked)

    def _verifier(self, plan: Plan, target: Target, level: Level, pool: Pool) -> Verifier:
        from zarrlift.verify.run import Verifier  # noqa: PLC0415 - as the report

        return Verifier(
            plan=plan,
            source=self._source(),
            target=target,
            level=level,
            pool=pool,
            watch=lambda path, done: self.watch.advance(path, done.bytes),
            crew=self._crew(pool),
        )

    def _documents(self, target: Target) -> None:
        """Write every document, deepest first, the root last: only then is there a dataset.

        The crate comes just before the root: it is dated, so no run takes over that of another.
        """
        self.watch.phase("writing documents", None)
        ordered = sorted(self.plan.documents, key=lambda d: (-_depth(d.path), d.path))
        for depth, alike in groupby(ordered, key=lambda d: _depth(d.path)):
            if not depth and self.plan.settings.crate is not None:
                from zarrlift.jobs import crate  # noqa: PLC0415 - few datasets have one

                target.write(CRATE, crate.of_plan(self.plan, self._source()))
            target.write_each((document.key, document.encode()) for document in alike)

    def _confirm(self, target: Target, begun: float) -> Report:
        """Verify a finished target instead of writing it."""
        level = self.options.verify if self.options.verify is not Level.NONE else Level.QUICK
        with self._pool() as pool:
            self.watch.phase("verifying", None)
            checked, source = Checked(), self._source()
            verifier = self._verifier(self.plan.without_crate(), target, level, pool)
            layouts = verifier.documents(checked)
            self._refuse_other_layout(target, layouts)
            verifier.data(layouts, checked)
            plan = self._confirm_crate(source, target, checked)
        proof = verification(self.plan.source, target.root, level, checked)
        if proof.equal:
            target.release()
            leftovers.abort(self.plan, target)
        from zarrlift.jobs.result import already_done  # noqa: PLC0415 - as the report

        return already_done(plan, proof, seconds=time.monotonic() - begun)

    def _confirm_crate(self, source: Folder, target: Target, checked: Checked) -> Plan:
        if self.plan.settings.crate is None and not self.plan.crate_found:
            return self.plan
        from zarrlift.jobs import crate  # noqa: PLC0415 - few datasets have one

        crate.compare(self.plan, source, target, checked)
        return crate.confirm(self.plan, target)

    def _refuse_other_layout(self, target: Target, layouts: Mapping[str, object]) -> None:
        for array in self.plan.arrays:
            found = layouts.get(array.path)
            if found is not None and found != array.target:
                raise TargetError(
                    f"the target is finished, but lays {array.path or 'its array'} out otherwise",
                    place=target.root,
                    hint="zarrlift verify compares them; --overwrite replaces the target",
                )


def _load_proof() -> None:
    """Load what comes after the objects, while other processes write these."""
    from zarrlift.jobs import result  # noqa: F401, PLC0415 - kept by Python, used above
    from zarrlift.verify import run  # noqa: F401, PLC0415 - as above


def _depth(path: str) -> int:
    return path.count("/") + 1 if path else 0
