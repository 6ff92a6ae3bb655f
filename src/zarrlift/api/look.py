"""Looking at datasets: what is in them, whether they are right, what their codecs are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zarrlift.jobs.choices import byte_count, patterns, place, refuse_unknown
from zarrlift.jobs.judging import Judging, validate_options
from zarrlift.jobs.reach import OneReach, Reach, stores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.jobs.choices import Path
    from zarrlift.jobs.informed import Info
    from zarrlift.jobs.known import KnownRule
    from zarrlift.jobs.options import Watch
    from zarrlift.jobs.validated import Validation
    from zarrlift.plan.tuning import Tuning
    from zarrlift.survey.facts import Survey
    from zarrlift.validate.conformance import Verdict


def survey(source: Path, *, exclude: Sequence[str] = (), **reach: Unpack[Reach]) -> Survey:
    """Walk a hierarchy and keep the facts.

    Parameters
    ----------
    source
        Folder, zipped file or address of an OME-Zarr 0.1-0.6 or plain Zarr hierarchy.
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
