"""Rules that no document is asked about: what listing, decoding and the web bring to light.

Their checks are in the rooms that look (`survey`, `audit`). Here stands what each asks,
how grave it is, and what to do: one table for findings, `--explain` and the page of rules.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.findings import Finding, Severity

if TYPE_CHECKING:
    from zarrlift.grid import Index


class Topic(StrEnum):
    """What such rules are about, as a heading."""

    PLACE = "the place itself"
    CHUNKS = "chunks and shards"
    DATA = "decoded chunks"
    WEB = "the web"


class Told(NamedTuple):
    """One such rule."""

    id: str
    topic: Topic
    severity: Severity
    clause: str
    repair: str
    link: str = ""


_SHARDS = "https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html"
_CORE = "https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html"
_CORS = "https://fetch.spec.whatwg.org/#http-cors-protocol"
_RANGES = "https://www.rfc-editor.org/rfc/rfc9110#name-range-requests"
_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_T = Topic

_PLACE = (
    Told(
        "document-large",
        _T.PLACE,
        _W,
        "A metadata document is small.",
        "see what wrote it; no reader will load it in reasonable time",
    ),
    Told(
        "folders-deep",
        _T.PLACE,
        _W,
        "Folders are nested no more deeply than paths may be long.",
        "move the data up; name a dataset further down to look at it",
    ),
    Told(
        "link-dangling",
        _T.PLACE,
        _W,
        "A link leads to something.",
        "mend the link, or remove it",
    ),
    Told(
        "link-loop",
        _T.PLACE,
        _W,
        "No link leads back to a folder above it.",
        "remove the link",
    ),
    Told(
        "link-outside",
        _T.PLACE,
        _N,
        "A dataset holds its own data: what links point to elsewhere is not looked at.",
        "copy what the link points to into the dataset",
    ),
    Told(
        "special-file",
        _T.PLACE,
        _W,
        "A dataset holds files and folders, no pipes, sockets or devices.",
        "remove it",
    ),
    Told(
        "unlisted",
        _T.PLACE,
        _N,
        "An address that lists lets everything be seen; else only what metadata names is.",
        "name the dataset by an address that lists, or validate a copy on disk",
    ),
    Told(
        "keys-many",
        _T.PLACE,
        _N,
        "Where nothing is listed every chunk is asked for by its key, so there must not be too "
        "many of them.",
        "validate the chunks by an address that lists, or on a copy on disk",
    ),
    Told(
        "separator-unproved",
        _T.PLACE,
        _N,
        "Keys that are there show which separator they have.",
        "nothing, if the array is empty",
    ),
    Told(
        "ome-missing",
        _T.PLACE,
        _N,
        "An OME-Zarr has OME-Zarr metadata; a plain Zarr hierarchy is judged as such.",
        "nothing, if it is meant to be plain Zarr",
    ),
)
_CHUNKS = (
    Told(
        "chunk-empty",
        _T.CHUNKS,
        _E,
        "A chunk that is there holds bytes: without any, it does not decode.",
        "remove it if the chunk is meant to be missing, else write it again",
        _CORE,
    ),
    Told(
        "chunk-size",
        _T.CHUNKS,
        _E,
        "An uncompressed chunk has just the size of its decoded form, at the array's edge too; a "
        "compressed one has at least its frame.",
        "write the chunk again, padded with the fill value where it reaches beyond the array",
        _CORE,
    ),
    Told(
        "chunk-long",
        _T.CHUNKS,
        _W,
        "A compressed chunk is hardly longer than its decoded form.",
        "write the chunk again; something may follow its frame",
    ),
    Told(
        "chunks-missing",
        _T.CHUNKS,
        _N,
        "Chunks may be missing: they read as the fill value.",
        "nothing, if they are meant to be empty; else write them again",
        _CORE,
    ),
    Told(
        "chunk-stray",
        _T.CHUNKS,
        _W,
        "The folder of an array holds its documents and chunks, and nothing else.",
        "move it out of the array, or remove it",
        _CORE,
    ),
    Told(
        "chunk-beyond",
        _T.CHUNKS,
        _W,
        "Chunks lie within the array's shape.",
        "remove them: no reader sees them. Or correct the shape, if it is too small",
        _CORE,
    ),
    Told(
        "chunk-odd",
        _T.CHUNKS,
        _E,
        "A chunk is a file, or an object, that can be read.",
        "put the data back",
    ),
    Told(
        "shard-index",
        _T.CHUNKS,
        _E,
        "A shard has its whole index, whose checksum agrees.",
        "write the shard again: it is cut short or damaged",
        _SHARDS,
    ),
    Told(
        "shard-bounds",
        _T.CHUNKS,
        _E,
        "The entries of a shard's index lie within the shard, and not in its index.",
        "write the shard again: it is cut short or damaged",
        _SHARDS,
    ),
    Told(
        "shard-overlap",
        _T.CHUNKS,
        _E,
        "The chunks of a shard do not lie over one another.",
        "write the shard again",
        _SHARDS,
    ),
    Told(
        "shard-shared",
        _T.CHUNKS,
        _N,
        "Each entry of a shard's index has bytes of its own; those that several chunks share read "
        "well, but some programs write them out several times.",
        "nothing, if the writer meant to",
        _SHARDS,
    ),
    Told(
        "shard-entry",
        _T.CHUNKS,
        _E,
        "An entry of a shard's index is absent as a whole, offset and length, or not at all.",
        "write the shard again",
        _SHARDS,
    ),
    Told(
        "shard-beyond",
        _T.CHUNKS,
        _N,
        "The entries of a shard for chunks outside the array's shape are absent.",
        "nothing: no reader sees them",
        _SHARDS,
    ),
    Told(
        "shard-unnamed",
        _T.CHUNKS,
        _N,
        "The bytes of a shard are those of its chunks and its index.",
        "convert the dataset to write its shards anew, if space matters",
        _SHARDS,
    ),
)
_DATA = (
    Told(
        "chunk-undecodable",
        _T.DATA,
        _E,
        "A chunk decodes by its array's codecs to the chunk's size.",
        "get the chunk from where the data came from; convert --damaged says what can be done",
        _CORE,
    ),
    Told(
        "chunk-envelope",
        _T.DATA,
        _W,
        "A chunk is one whole frame, and nothing follows it.",
        "convert encodes such chunks anew: inside a shard some readers take them for other pixels",
    ),
    Told(
        "chunk-bools",
        _T.DATA,
        _W,
        "A bool is stored as 0 or 1.",
        "write the chunk again; readers differ in what they take other bytes for",
        _CORE,
    ),
    Told(
        "entry-checksum",
        _T.DATA,
        _E,
        "The bytes of each member of a .ozx have the CRC-32 that the archive states.",
        "take another copy of the archive",
    ),
)
_WEB = (
    Told(
        "web-cors",
        _T.WEB,
        _E,
        "Answers allow pages of other origins: `Access-Control-Allow-Origin` is `*`, or theirs.",
        "allow GET and HEAD for all origins in the CORS settings of the bucket or server",
        _CORS,
    ),
    Told(
        "web-cors-missing",
        _T.WEB,
        _W,
        "So do answers that say that a key is not there: else a page takes a missing chunk for a "
        "failure of the network.",
        "send the CORS headers with every status (nginx: `always`)",
        _CORS,
    ),
    Told(
        "web-preflight",
        _T.WEB,
        _W,
        "OPTIONS for a GET with a `Range` header is answered with leave: browsers ask before some "
        "requests for a part.",
        "answer OPTIONS with 200 or 204, and name Range in Access-Control-Allow-Headers",
        _CORS,
    ),
    Told(
        "web-exposed",
        _T.WEB,
        _N,
        "`Content-Range` and `Content-Length` are exposed to pages.",
        "add them to Access-Control-Expose-Headers",
        _CORS,
    ),
    Told(
        "web-get",
        _T.WEB,
        _E,
        "A document is answered with status 200, by a plain GET.",
        "make the dataset readable for everybody",
    ),
    Told(
        "web-range",
        _T.WEB,
        _E,
        "A GET for a part is answered with just that part, and status 206: shards are read so.",
        "serve the files by a server that knows ranges",
        _RANGES,
    ),
    Told(
        "web-suffix",
        _T.WEB,
        _E,
        "So is a GET for the last bytes (`bytes=-N`): the index of a shard is read so.",
        "serve the files by a server that knows suffix ranges",
        _RANGES,
    ),
    Told(
        "web-head",
        _T.WEB,
        _W,
        "HEAD is answered as GET is, with the length: some readers ask so where a shard ends.",
        "allow HEAD, in the CORS settings too",
    ),
    Told(
        "web-missing",
        _T.WEB,
        _E,
        "A key that is not there is answered with 404: missing chunks are legal, and a page or an "
        "error in their place is not.",
        "answer 404 for what is not there; allow listing where 403 stands for it",
    ),
    Told(
        "web-refused",
        _T.WEB,
        _W,
        "A key that is not there is answered with 404, not 403, which some readers take for an "
        "error.",
        "allow listing of the bucket, so that it says 404",
    ),
    Told(
        "web-encoding",
        _T.WEB,
        _E,
        "Objects are sent as they are stored, without `Content-Encoding`: a part of a body that is "
        "compressed on its way is no part of the object.",
        "turn compression off for the data, and remove the header from the objects",
    ),
    Told(
        "web-https",
        _T.WEB,
        _W,
        "The address is one of https: pages of https are not allowed to ask others.",
        "serve the data by https",
        "https://www.w3.org/TR/mixed-content/",
    ),
)

TOLD: tuple[Told, ...] = (*_PLACE, *_CHUNKS, *_DATA, *_WEB)
_BY_ID = {one.id: one for one in TOLD}


def told(rule: str, path: str, message: str, chunk: Index | None = None) -> Finding:
    """Make a finding of one of these rules, with the severity that the table says."""
    severity = _BY_ID[rule].severity
    return Finding(rule=rule, severity=severity, path=path, message=message, chunk=chunk)


def as_told(finding: Finding) -> Finding:
    """Give a finding that another job makes too, with the severity that it has here."""
    known = _BY_ID.get(finding.rule)
    if known is None or known.topic is not Topic.PLACE or finding.severity is known.severity:
        return finding
    return told(finding.rule, finding.path, finding.message, finding.chunk)
