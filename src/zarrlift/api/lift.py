"""Lifting a dataset into another place: deciding, carrying out, proving."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Unpack, cast

from zarrlift.jobs.choices import (
    Choices,
    Decision,
    Lift,
    Work,
    details_file,
    json_file,
    one_of,
    patterns,
    place,
    price_list,
    refuse_unknown,
    run_options,
    settings,
)
from zarrlift.jobs.reach import Placed, Reach, stores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.jobs.choices import Path
    from zarrlift.jobs.options import Watch
    from zarrlift.jobs.result import Report
    from zarrlift.jobs.script import Scripts
    from zarrlift.plan.cost import Costs
    from zarrlift.plan.details import Details
    from zarrlift.plan.plan import Plan
    from zarrlift.verify.result import Verification


def plan(source: Path, target: Path, **choices: Unpack[Decision]) -> Plan:
    """Decide what `convert` would do; writes nothing.

    Parameters
    ----------
    source, target
        Folders, zipped files or addresses; the target need not exist.
    choices
        See `Choices` and `Reach`.

    Raises
    ------
    ZarrliftError
        Where the source cannot be lifted, or the choices do not fit it.

    """
    from zarrlift.jobs.convert import decide

    refuse_unknown(choices, Decision)
    return decide(
        place(source),
        place(target),
        settings(choices),
        details=details_file(choices),
        stores=stores_of(choices),
    )


def estimate(
    plan: Plan, *, count: bool = False, prices: Path | None = None, **placed: Unpack[Placed]
) -> Costs:
    """Say what a plan takes: objects, bytes, memory, time; of object stores requests and money.

    Parameters
    ----------
    plan
        A plan as `plan` gives it.
    count
        List every chunk object, for exact counts instead of bounds and estimates.
    prices
        As for `Run`.
    placed
        See `Reach` and `Written`.

    """
    from zarrlift.jobs import measure
    from zarrlift.jobs.options import RunOptions

    refuse_unknown(placed, Placed)
    options = RunOptions(stores=stores_of(placed), prices=price_list(prices))
    return measure.estimate(plan, options, count=count)


def details(plan: Plan, *, prefix: str = "") -> Details:
    """List the chunks and shards of a plan's arrays, to be edited and given back as `details`.

    Parameters
    ----------
    plan
        A plan as `plan` gives it.
    prefix
        Put before the paths of the arrays, where these are named.

    Returns
    -------
    Details
        A list in the order of the levels where there is one image and nothing else, else a
        mapping by path.

    """
    from zarrlift.plan.details import details_of

    return details_of(plan, prefix)


def script(plan: Plan, *, overwrite: bool = False, watch: Watch | None = None) -> Scripts:
    """Write groups and plain files of a lift, and a script for each array that makes it.

    The scripts call `zarrs_reencode`, of zarrs_tools, which decodes and encodes every chunk.

    Parameters
    ----------
    plan
        A plan as `plan` gives it.
    overwrite, watch
        As for `Run`.

    Raises
    ------
    ZarrliftError
        Where the target is in the way, or `zarrs_reencode` cannot read one of the arrays.

    """
    from zarrlift.jobs.script import write_scripts

    return write_scripts(plan, overwrite=overwrite, watch=watch)


def convert(source: Path, target: Path, **options: Unpack[Lift]) -> Report:
    """Lift a dataset: a complete OME-Zarr 0.5 or 0.6 copy; the source stays untouched.

    The same call again continues an interrupted lift, or verifies a finished one.

    Parameters
    ----------
    source, target
        Folders, zipped files or addresses; the target need not exist.
    options
        See `Choices`, `Run` and `Reach`.

    Returns
    -------
    Report
        What was done; `report.finished` says whether the proof holds.

    Raises
    ------
    ZarrliftError
        Where the lift could not be done; what is written so far can be continued.

    """
    refuse_unknown(options, Lift)
    choices = {k: v for k, v in options.items() if k in Decision.__annotations__}
    rest = {k: v for k, v in options.items() if k not in Choices.__annotations__}
    made = plan(source, target, **cast("Decision", choices))
    return run(made, **cast("Work", rest))


def run(saved_plan: Plan | Path, **options: Unpack[Work]) -> Report:
    """Carry out a plan, or one saved as JSON and perhaps edited.

    Parameters
    ----------
    saved_plan
        A plan, or the file that `zarrlift plan --output` wrote.
    options
        See `Run` and `Reach`.

    Raises
    ------
    ZarrliftError
        Where the plan does not fit its source any more, or the lift could not be done.

    """
    from zarrlift.jobs.convert import convert as carry_out
    from zarrlift.plan.plan import Plan

    refuse_unknown(options, Work)
    reach = {k: v for k, v in options.items() if k in Reach.__annotations__}
    made = saved_plan
    if not isinstance(made, Plan):
        made = load_plan(made, **cast("Reach", reach))
    if made.target.endswith(".ozx"):
        from zarrlift.jobs.archive import convert_to_archive as carry_out
    return carry_out(made, run_options(options), options.get("watch"))


def load_plan(path: Path, **reach: Unpack[Reach]) -> Plan:
    """Read a saved plan and make it anew, with the layouts it states."""
    from zarrlift.errors import SourceError
    from zarrlift.jobs.convert import decide
    from zarrlift.plan import saved

    file = os.fspath(path)
    held = saved.plan_from_json(json_file(file), file)
    made = decide(held.source, held.target, held.settings, held.exact, stores=stores_of(reach))
    saved.check_edited({a.path for a in made.arrays}, held)
    if made.survey_digest != held.survey_digest:
        raise SourceError(
            "the source's documents or files have changed since the plan was made",
            place=held.source,
            hint="make the plan anew",
        )
    here = dict(made.codec_versions)
    if made.encodes and here != held.codec_versions:
        raise SourceError(
            f"the plan was made with other codec libraries: {held.codec_versions}, here {here}",
            place=file,
            hint="make the plan anew, or run it where it was made",
        )
    return made


def verify(
    source: Path,
    target: Path,
    *,
    level: str = "quick",
    exclude: Sequence[str] = (),
    processes: bool = False,
    watch: Watch | None = None,
    **reach: Unpack[Reach],
) -> Verification:
    """Prove that a target holds what its source holds.

    Parameters
    ----------
    source, target
        The source and the lifted one: folders, zipped files or addresses.
    level
        `quick`: documents, every object and chunk length, a sample of bytes; `full`: every
        byte; `decode`: every chunk decoded too.
    exclude
        Patterns of paths that were left out on purpose.
    processes
        As for `Run`.
    reach
        See `Reach`.

    Raises
    ------
    ZarrliftError
        Where one side cannot be read at all; differences are findings.

    """
    from zarrlift.jobs.options import RunOptions
    from zarrlift.jobs.prove import prove
    from zarrlift.verify.level import Level

    refuse_unknown(reach, Reach)
    options = RunOptions(
        verify=one_of(Level, level, "level"), processes=processes, stores=stores_of(reach)
    )
    return prove(place(source), place(target), options, exclude=patterns(exclude), watch=watch)
