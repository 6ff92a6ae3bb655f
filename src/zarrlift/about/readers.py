"""Which programs open a dataset: a small table of what is known, and its date.

A row says what was seen to work, or what a project says of itself; nothing follows from there
being no row. Sources are named beside each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.metadata import codecs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.metadata.layout import ArrayLayout

KNOWN_ON = "2026-11"
"""Year and month in which the table was last looked through."""

_OLD = ("0.1", "0.2", "0.3", "0.4")
_SHARED_V3 = frozenset(codecs.SHARED)
_NUMCODECS = frozenset({*codecs.SHARED, *codecs.DECODABLE_V2})
_TENSORSTORE_V2 = frozenset({"transpose", "bytes", "blosc", "zlib", "gzip", "bz2", "zstd"})
_NEUROGLANCER_V3 = frozenset({"transpose", "bytes", "blosc", "gzip", "zstd", "crc32c"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a program is known to open."""

    versions: tuple[str, ...]
    """Of OME-Zarr; empty where it opens arrays, whatever OME-Zarr says of them."""
    formats: tuple[int, ...]
    since: str = ""
    """A release that is known to; an earlier one may do so too. Empty for services of the web."""
    codecs: frozenset[str] | None = None
    """All that it decodes, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A program."""

    name: str
    reads: tuple[Reads, ...]
    refuses: tuple[tuple[int, str], ...] = ()
    """Zarr formats that it is known not to open, and why."""
    images_only: bool = False
    """Plates and collections are opened image by image."""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known of one program and one dataset."""

    name: str
    opens: bool | None
    """None where it is not known."""
    since: str = ""
    why: str = ""
    """Of a program that does not open it, or only in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a dataset asks of a reader."""

    version: str | None
    """Of OME-Zarr; None where it has none."""
    formats: frozenset[int]
    codecs: frozenset[str] = frozenset()
    """Names of all codecs of its arrays, those of Zarr v2 by their own names."""
    many_images: bool = False
    """It is a plate or a collection."""


READERS: tuple[Reader, ...] = (
    Reader(
        name="napari-ome-zarr",
        reads=(
            Reads(versions=_OLD, formats=(2,), since="0.11"),
            Reads(versions=("0.5", "0.6"), formats=(3,), since="0.11"),
        ),
        source="https://pypi.org/project/napari-ome-zarr/0.11.0/ (all versions, images, plates, "
        "bioformats2raw collections)",
    ),
    Reader(
        name="ome-zarr-py",
        reads=(
            Reads(versions=_OLD, formats=(2,), since="0.12", codecs=_NUMCODECS),
            Reads(versions=("0.5",), formats=(3,), since="0.12", codecs=_NUMCODECS),
            Reads(versions=("0.6",), formats=(3,), since="0.21", codecs=_NUMCODECS),
        ),
        source="run by our tests from 0.12; 0.6 by the classes of 0.21",
    ),
    Reader(
        name="ngff-zarr",
        reads=(
            Reads(versions=_OLD, formats=(2,), since="0.50", codecs=_SHARED_V3),
            Reads(versions=("0.5", "0.6"), formats=(3,), since="0.50", codecs=_SHARED_V3),
        ),
        images_only=True,
        source="run: 0.50 reads 0.1 to 0.6, and refuses zlib",
    ),
    Reader(
        name="Fiji (MoBIE)",
        reads=(Reads(versions=("0.1", "0.3", "0.4"), formats=(2,)),),
        refuses=((3, "does not open Zarr v3 yet"),),
        source="https://github.com/mobie/mobie-viewer-fiji/issues/1250 (open), "
        "https://github.com/mobie/mobie-viewer-fiji/issues/172",
    ),
    Reader(
        name="Fiji (n5-ij)",
        reads=(Reads(versions=("0.4",), formats=(2,)),),
        source="https://github.com/saalfeldlab/n5-zarr/issues/33: v3 is in the source since "
        "January 2026; in which release is not known here",
    ),
    Reader(
        name="Bio-Formats (OMEZarrReader)",
        reads=(Reads(versions=("0.2", "0.3", "0.4"), formats=(2,), since="6.6"),),
        source="https://github.com/ome/ZarrReader/pull/1, "
        "https://github.com/aoles/RBioFormats/issues/34",
    ),
    Reader(
        name="neuroglancer",
        reads=(
            Reads(versions=("0.4",), formats=(2,), since="2.41"),
            Reads(versions=("0.5",), formats=(3,), since="2.41", codecs=_NEUROGLANCER_V3),
        ),
        images_only=True,
        source="seen with 2.41: 0.4, 0.5 and 0.5 in shards; its list of codecs for Zarr v3",
    ),
    Reader(
        name="vizarr",
        reads=(
            Reads(versions=("0.4",), formats=(2,)),
            Reads(versions=("0.5",), formats=(3,)),
        ),
        source="https://github.com/ome/ome-ngff-validator/pull/55, which offers it for both",
    ),
    Reader(
        name="Vol-E",
        reads=(
            Reads(versions=("0.4",), formats=(2,)),
            Reads(versions=("0.5",), formats=(3,)),
        ),
        images_only=True,
        source="https://github.com/ome/ome-ngff-validator/pull/55; seen with vole-core 4.9: 0.5 "
        "in shards",
    ),
    Reader(
        name="itk-vtk-viewer",
        reads=(Reads(versions=("0.4",), formats=(2,)),),
        refuses=((3, "reads Zarr v2 only"),),
        images_only=True,
        source="https://github.com/ome/ome-ngff-validator/pull/55; source of 14.51",
    ),
    Reader(
        name="zarr-python 2",
        reads=(Reads(versions=(), formats=(2,), codecs=_NUMCODECS),),
        refuses=((3, "reads Zarr v2 only"),),
        source="its documentation",
    ),
    Reader(
        name="zarr-python",
        reads=(Reads(versions=(), formats=(2, 3), since="3.1", codecs=_NUMCODECS),),
        source="run by our tests from 3.1",
    ),
    Reader(
        name="tensorstore",
        reads=(
            Reads(versions=(), formats=(2,), since="0.1.75", codecs=_TENSORSTORE_V2),
            Reads(versions=(), formats=(3,), since="0.1.75", codecs=_NEUROGLANCER_V3),
        ),
        source="run by our tests from 0.1.75; its documentation for the codecs of each format",
    ),
)


def needs_of(
    version: str | None,
    formats: Iterable[int],
    layouts: Iterable[ArrayLayout],
    *,
    many_images: bool = False,
) -> Needs:
    """Gather what a dataset asks of a reader."""
    names = frozenset(codec.name for layout in layouts for codec in layout.codecs)
    return Needs(version=version, formats=frozenset(formats), codecs=names, many_images=many_images)


def openings(needs: Needs) -> tuple[Opening, ...]:
    """Say of each program of the table whether it opens a dataset."""
    return tuple(_opening(reader, needs) for reader in READERS)


def _opening(reader: Reader, needs: Needs) -> Opening:
    if len(needs.formats) == 1:
        (zarr_format,) = needs.formats
    else:  # of both, what stands side by side is read by its v3 documents
        zarr_format = max(needs.formats, default=0)
    refused = dict(reader.refuses).get(zarr_format)
    if refused is not None:
        return Opening(name=reader.name, opens=False, why=refused)
    fitting = [r for r in reader.reads if _fits(r, needs.version, zarr_format)]
    if not fitting:
        return Opening(name=reader.name, opens=None)
    reads = fitting[0]
    lacking = sorted(needs.codecs - (reads.codecs or needs.codecs))
    if lacking:
        why = f"does not decode {', '.join(lacking)}"
        return Opening(name=reader.name, opens=False, since=reads.since, why=why)
    part = "image by image" if needs.many_images and reader.images_only else ""
    return Opening(name=reader.name, opens=True, since=reads.since, why=part)


def _fits(reads: Reads, version: str | None, zarr_format: int) -> bool:
    if zarr_format not in reads.formats:
        return False
    return not reads.versions or (version is not None and version in reads.versions)
