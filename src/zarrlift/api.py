"""One function a verb. Nothing of the domain is decided here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Unpack, cast

from zarrlift.jobs.choices import (
    Choices,
    Decision,
    Describing,
    Lift,
    Work,
    byte_count,
    crate_words,
    details_file,
    json_file,
    local,
    one_of,
    patterns,
    place,
    price_list,
    refuse_unknown,
    run_options,
    settings,
)
from zarrlift.jobs.judging import Judging, validate_options
from zarrlift.jobs.reach import OneReach, Placed, Reach, stores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.crate.shown import Crate
    from zarrlift.crate.terms import Terms
    from zarrlift.demo.write import Demo
    from zarrlift.jobs.choices import Path
    from zarrlift.jobs.crate import Described
    from zarrlift.jobs.informed import Info
    from zarrlift.jobs.known import KnownRule
    from zarrlift.jobs.options import Watch
    from zarrlift.jobs.repaired import Repaired
    from zarrlift.jobs.result import Report
    from zarrlift.jobs.script import Scripts
    from zarrlift.jobs.upgraded import Undone, Upgraded
    from zarrlift.jobs.validated import Validation
    from zarrlift.plan.cost import Costs
    from zarrlift.plan.details import Details
    from zarrlift.plan.plan import Plan
    from zarrlift.plan.tuning import Tuning
    from zarrlift.survey.facts import Survey
    from zarrlift.validate.conformance import Verdict
    from zarrlift.verify.result import Verification


def survey(source: Path, *, exclude: Sequence[str] = (), **reach: Unpack[Reach]) -> Survey:
    """Walk a hierarchy and keep the facts.

    Parameters
    ----------
    source
        Folder of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    exclude
        Patterns of paths to leave out.
    reach
        See `Reach`.

    Raises
    ------
    ZarrliftError
        Where there is no such hierarchy, or a document cannot be read.

    """
    from zarrlift.survey.walk import survey as walk

    refuse_unknown(reach, Reach)
    return walk(stores_of(reach).source_at(place(source)), patterns(exclude))


def info(
    url: Path,
    *,
    depth: int | None = None,
    every: bool = False,
    sizes: bool = False,
    keys: bool = False,
    documents: bool = False,
    chunk: str | None = None,
    picture: bool = False,
    **reach: Unpack[OneReach],
) -> Info:
    """Look at a dataset, or any node of one; only metadata is read unless more is asked for.

    Parameters
    ----------
    url
        Folder, zipped file or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy, of a node in
        one, or of a folder that holds several.
    depth
        Levels of folders below it that are looked at; by default all.
    every
        Every well, field, series and dataset; by default the first of them.
    sizes
        List all objects, see `Info.sizes`.
    keys
        List what lies directly under it, see `Info.objects`.
    documents
        Keep its metadata documents as they are, see `Info.documents`.
    chunk
        One chunk to look at, such as `0/0,0,0,1,2`: level, and index in array order.
    picture
        Take a picture of the first image, see `Info.picture`.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where there is no such hierarchy or chunk; what is wrong with it is said in the value.

    """
    from zarrlift.jobs.info import InfoOptions
    from zarrlift.jobs.info import info as look_at

    refuse_unknown(reach, OneReach)
    options = InfoOptions(
        depth=depth,
        every=every,
        sizes=sizes,
        keys=keys,
        documents=documents,
        chunk=chunk,
        picture=picture,
        stores=stores_of(reach),
    )
    return look_at(place(url), options)


def plan(source: Path, target: Path, **choices: Unpack[Decision]) -> Plan:
    """Decide what `convert` would do; writes nothing.

    Parameters
    ----------
    source, target
        Folders; the target need not exist.
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
    """Lift a dataset: a complete OME-Zarr 0.5 copy; the source stays untouched.

    The same call again continues an interrupted lift, or verifies a finished one.

    Parameters
    ----------
    source, target
        Folders; the target need not exist.
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
        The source's folder and the lifted one.
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
    from zarrlift.verify.result import Level

    refuse_unknown(reach, Reach)
    options = RunOptions(
        verify=one_of(Level, level, "level"), processes=processes, stores=stores_of(reach)
    )
    return prove(place(source), place(target), options, exclude=patterns(exclude), watch=watch)


def upgrade(
    url: Path,
    *,
    exclude: Sequence[str] = (),
    level: str = "metadata",
    drop_v2: bool = False,
    plain_zarr: bool = False,
    dry_run: bool = False,
    fsync: bool = False,
    watch: Watch | None = None,
    **more: Unpack[Describing],
) -> Upgraded:
    """Write OME-Zarr 0.5 documents beside those of 0.1-0.4, in place; no chunk is touched.

    The same call again completes an interrupted upgrade; `undo` takes it back.

    Parameters
    ----------
    url
        Folder or address of an OME-Zarr 0.1-0.4 or plain Zarr v2 hierarchy.
    exclude
        Patterns of paths to leave out; they keep their v2 documents only.
    level
        `metadata`: no chunk is looked at; `chunks`: the envelope of every chunk is checked first.
    drop_v2
        Set the v2 documents aside, once the new ones are read back. `watch.confirm` is asked.
    plain_zarr
        Upgrade a hierarchy without OME metadata too.
    dry_run
        Write nothing, and say what would be written; what stands in the way is in `findings`.
    fsync
        Each document is on the disk before it gets its name.
    watch
        As for `Run`.
    more
        What the crate is to say, see `CrateChoices`, and how a store is reached, see `OneReach`.

    Raises
    ------
    ZarrliftError
        Where it cannot be done; an array whose codec v3 readers do not share is refused before
        anything is written.

    """
    from zarrlift.jobs.upgrade import upgrade as carry_out
    from zarrlift.jobs.upgraded import Depth, UpgradeOptions

    refuse_unknown(more, Describing)
    options = UpgradeOptions(
        exclude=patterns(exclude),
        level=one_of(Depth, level, "level"),
        drop_v2=drop_v2,
        plain_zarr=plain_zarr,
        dry_run=dry_run,
        fsync=fsync,
        crate=crate_words(more),
        stores=stores_of(more),
    )
    return carry_out(place(url), options, watch)


def repair(
    url: Path,
    *,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    dry_run: bool = False,
    fsync: bool = False,
    watch: Watch | None = None,
    **reach: Unpack[OneReach],
) -> Repaired:
    """Put metadata right in place where it can only be meant in one way; no chunk is touched.

    The same call again completes a repair that was cut off; `undo` takes it back.

    Parameters
    ----------
    url
        Folder or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    only
        Ids of repairs, or of rules that they answer; by default all.
    exclude
        Patterns of paths whose documents stay as they are.
    dry_run
        Write nothing, and say what would be written.
    fsync
        Each document is on the disk before it gets its name.
    watch
        As for `Run`.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where it cannot be done; what cannot be repaired is in `findings` and `remaining`.

    """
    from zarrlift.jobs.repair import repair as carry_out
    from zarrlift.jobs.repaired import RepairOptions

    refuse_unknown(reach, OneReach)
    options = RepairOptions(
        only=patterns(only),
        exclude=patterns(exclude),
        dry_run=dry_run,
        fsync=fsync,
        stores=stores_of(reach),
    )
    return carry_out(place(url), options, watch)


def undo(
    url: Path, *, force: bool = False, watch: Watch | None = None, **reach: Unpack[OneReach]
) -> Undone:
    """Take back what was done last: an upgrade, a repair or a change of the crate.

    Parameters
    ----------
    url
        The folder or address of what was changed.
    force
        Go on where documents have changed since; these changes are lost.
    watch
        As for `Run`.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where there is nothing to undo, or something has changed since that would be lost.

    """
    from zarrlift.jobs.undo import undo as take_back

    refuse_unknown(reach, OneReach)
    return take_back(place(url), force=force, stores=stores_of(reach), watch=watch)


def crate(url: Path, **reach: Unpack[OneReach]) -> Crate:
    """Read and check the RO-Crate of a dataset.

    Parameters
    ----------
    url
        Folder, zipped file or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where there is no such hierarchy; what is wrong with its crate are findings.

    """
    from zarrlift.jobs.crate import look

    refuse_unknown(reach, OneReach)
    return look(place(url), stores_of(reach))


def describe(url: Path, *, fsync: bool = False, **more: Unpack[Describing]) -> Described:
    """Say something in the RO-Crate of a dataset, which is made where there is none.

    What is not named stays as it is. `undo` takes the change back.

    Parameters
    ----------
    url
        Folder or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    fsync
        The crate is on the disk before it gets its name.
    more
        See `CrateChoices` and `OneReach`.

    Raises
    ------
    ZarrliftError
        Where it cannot be done: a crate that cannot be read is never overwritten.

    """
    from zarrlift.errors import UsageError
    from zarrlift.jobs.crate import describe as carry_out

    refuse_unknown(more, Describing)
    words = crate_words(more)
    if words is None:
        raise UsageError("nothing to say in the crate", hint="give a license, name, organism, …")
    return carry_out(place(url), words, fsync=fsync, stores=stores_of(more))


def conformance(
    url: Path,
    *,
    version: str | None = None,
    strict: bool = False,
    lenient: bool | None = None,
    **reach: Unpack[OneReach],
) -> Verdict:
    """Judge one document or store as the specification's own runner of suites asks for it.

    Parameters
    ----------
    url
        A JSON file with a group's attributes, or its `zarr.json`; or a store.
    version
        OME-Zarr version to judge by; by default the one that is stated, or that the form shows.
    strict
        Advice counts too, but for what the strict suites do not ask.
    lenient
        Read what previews of 0.6 were spelled like; by default what the stated preview had.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where there is nothing to judge, or the file is not readable as JSON.

    """
    from zarrlift.jobs.conformance import judge
    from zarrlift.validate.conformance import Measure

    refuse_unknown(reach, OneReach)
    measure = Measure(version=version, strict=strict, lenient=lenient)
    return judge(place(url), measure, stores_of(reach))


def terms(text: str, *, online: bool = False, service: str | None = None) -> Terms:
    """Look up organisms and imaging methods.

    Parameters
    ----------
    text
        Part of a name, or an id.
    online
        Ask the EBI Ontology Lookup Service; where it does not answer, the table's own terms are
        given, and `problem` says why.
    service
        Address of another such service.

    """
    from zarrlift.crate.ols import find_terms

    return find_terms(text, online=online, service=service)


def demo(folder: Path, *, kind: str = "image", size: int | str = "64MiB", seed: int = 0) -> Demo:
    """Write a realistic OME-Zarr 0.4 dataset to try everything on.

    Parameters
    ----------
    folder
        Where to write; must not exist, or be empty.
    kind
        `image`, `labels`, `plate` or `collection`.
    size
        Decoded bytes of the full-resolution data, roughly.
    seed
        The same seed gives the same dataset.

    """
    from zarrlift.demo.write import Kind, write_demo

    return write_demo(
        local(folder), kind=one_of(Kind, kind, "kind"), size=byte_count(size), seed=seed
    )


def tune(
    source: Path,
    *,
    level: int | str | None = None,
    chunk: str | None = None,
    sample: int | str = "64MiB",
    seed: int = 0,
    codecs: Sequence[str] = (),
    watch: Watch | None = None,
    **reach: Unpack[OneReach],
) -> Tuning:
    """Measure codecs on a dataset's own chunks, and count what chunks and shards cost.

    Parameters
    ----------
    source
        Folder, zipped file or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
    level
        A number, the path of an array, or that of an image; by default the full resolution of the
        first image.
    chunk
        One chunk to measure, such as `2/0,0,0,0,0`: level, and index in array order.
    sample
        Decoded bytes of the chunks that are drawn, at most.
    seed
        The same seed draws the same chunks.
    codecs
        Codecs to try, as `codec` of `Choices` or `zlib[:level]`; by default a broad choice.
    reach
        See `OneReach`.

    Raises
    ------
    ZarrliftError
        Where there is no such level or chunk, or nothing that can be measured.

    """
    from zarrlift.jobs.tune import TuneOptions
    from zarrlift.jobs.tune import tune as measure

    refuse_unknown(reach, OneReach)
    options = TuneOptions(
        level=None if level is None else str(level),
        chunk=chunk,
        sample=byte_count(sample),
        seed=seed,
        codecs=patterns(codecs),
        stores=stores_of(reach),
    )
    return measure(place(source), options, watch)


def validate(url: Path, **choices: Unpack[Judging]) -> Validation:
    """Judge a dataset: whether it obeys the specification, and whether its data is whole.

    Parameters
    ----------
    url
        Folder, zipped file or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy, or of a
        folder that holds several.
    choices
        See `Judging` and `OneReach`.

    Returns
    -------
    Validation
        The verdict, and all findings; `valid` says whether none counts.

    Raises
    ------
    ZarrliftError
        Where it cannot be looked at; what is wrong with it are findings.

    """
    from zarrlift.jobs.validate import validate as judge

    refuse_unknown(choices, Judging)
    return judge(place(url), validate_options(choices), choices.get("watch"))


def rules() -> tuple[KnownRule, ...]:
    """Give every rule by which `validate` judges, in the order in which they are told."""
    from zarrlift.jobs.known import known_rules

    return tuple(known_rules().values())
