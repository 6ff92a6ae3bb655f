"""A validation from beginning to end: look, judge documents, audit data, ask as browsers do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zarrlift.jobs.options import Silent, default_memory, threads
from zarrlift.jobs.validated import Depth, Judged, Looked, ValidateOptions, Validation, counts
from zarrlift.survey.facts import CRATE
from zarrlift.survey.found import LINK_OUTSIDE, FoundKind, Hierarchy
from zarrlift.survey.look import look, version_of
from zarrlift.survey.refusals import refuse_no_hierarchy
from zarrlift.validate.beyond import as_told, told
from zarrlift.validate.omexml import wanted_texts
from zarrlift.validate.places import role_of
from zarrlift.validate.run import check

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from zarrlift.audit.result import Tally
    from zarrlift.findings import Finding
    from zarrlift.jobs.options import Watch
    from zarrlift.store.asking import Requests
    from zarrlift.store.folder import Folder
    from zarrlift.survey.found import Found

_LARGEST = 2**26
"""Bytes of a text above which it is not read."""
_AT_ONCE = 32
"""Datasets whose texts are read together, while these are no larger than one may be."""


def validate(url: str, options: ValidateOptions, watch: Watch | None = None) -> Validation:
    """Judge all that lies at an address.

    Raises `SourceError` where there is no Zarr hierarchy, `StorageError` where it cannot be read,
    `UsageError` where options do not fit the address.
    """
    begun = time.monotonic()
    if options.web:
        from zarrlift.jobs import browse  # noqa: PLC0415 - few ask for it

        browse.refuse_unfit(url)
    folder = options.run.stores.source_at(url)
    tree = look(folder)
    if not tree.datasets:
        refuse_no_hierarchy(folder)
    job = _Validation(folder, tree, parts(tree), options, watch or Silent())
    job.judge()
    if options.level is not Depth.METADATA:
        job.audit()
    if options.web:
        job.browse(url)
    return job.result(time.monotonic() - begun)


@dataclass(slots=True)
class _Validation:
    folder: Folder
    tree: Hierarchy
    parts: list[Hierarchy]
    """The datasets in it, one after another."""
    options: ValidateOptions
    watch: Watch
    findings: list[Finding] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    tally: Tally | None = None
    browsed: dict[str, int] = field(default_factory=dict)

    def judge(self) -> None:
        """Ask every rule about the documents, dataset by dataset."""
        held = {finding for part in self.parts for finding in part.findings}
        for finding in self.tree.findings:
            asked = finding.rule != "keys-many" or self.options.level is not Depth.METADATA
            if asked and finding not in held:
                self.findings.append(as_told(finding))
        for some in together(self.parts):
            texts = dict(self._texts(some))
            for part in some:
                self._judge(part, texts)

    def _judge(self, part: Hierarchy, texts: dict[str, bytes]) -> None:
        self.findings += check(part, self.options.version, texts=texts)
        top = part.datasets[0]
        if part.version is None:
            message = "has no OME-Zarr metadata; judged as plain Zarr"
            self.findings.append(told("ome-missing", top.path, message))
        self._crate(top, texts)

    def _texts(self, some: Iterable[Hierarchy]) -> Iterator[tuple[str, bytes]]:
        """Read the files that rules look into."""
        wanted = {path: size for part in some for path, size in _texts_of(part).items()}
        for path, size in wanted.items():
            if size > _LARGEST:
                self.unseen.append(f"{path}: {size:,} bytes are too many to be read")
        keys = [path for path, size in wanted.items() if size <= _LARGEST]
        fetcher = getattr(self.folder, "fetcher", None) if self.folder.remote else None
        read = (
            map(self.folder.read, keys) if fetcher is None else fetcher.map(self.folder.read, keys)
        )
        for key, data in zip(keys, read, strict=True):
            if data is not None:
                yield key, data

    def _crate(self, top: Found, texts: dict[str, bytes]) -> None:
        data = texts.get(f"{top.path}/{CRATE}".lstrip("/"))
        if data is None:
            return
        from zarrlift.jobs.crate import check_at  # noqa: PLC0415 - few datasets have one

        self.findings += check_at(self.folder, top.path, data)

    def audit(self) -> None:
        """Look at the data."""
        from zarrlift.audit.run import Auditor, array_of  # noqa: PLC0415 - not for metadata
        from zarrlift.audit.sample import Choice  # noqa: PLC0415 - as above
        from zarrlift.pool import Pool  # noqa: PLC0415 - as above

        run, decode = self.options.run, self.options.level is Depth.DATA
        arrays = []
        for node in self.tree.arrays:
            array = array_of(node)
            if array is None:
                self.unseen.append(f"data of {node.path or '/'}: {node.problem}")
            else:
                arrays.append(array)
        remote = self.folder.remote
        sample = self.options.sample
        with Pool(threads(run, encodes=decode, remote=remote)) as pool:
            pool.turn.worth, pool.apart = not (remote or decode), remote
            self.watch.phase("decoding chunks" if decode else "looking at chunks", None)
            auditor = Auditor(
                folder=self.folder,
                arrays=tuple(arrays),
                decode=decode,
                choice=Choice(sample, self.options.seed) if sample is not None else None,
                pool=pool,
                memory=default_memory() if run.memory is None else run.memory,
                watch=self.watch.advance,
            )
            self.tally = auditor.run()
        self.findings += self.tally.findings
        self.unseen += self.tally.unseen

    def browse(self, url: str) -> None:
        """Ask as browsers do."""
        from zarrlift.jobs import browse  # noqa: PLC0415 - few ask for it

        findings, self.browsed = browse.browse(url, self.folder, self.tree)
        self.findings += findings

    def result(self, seconds: float) -> Validation:
        """Gather everything."""
        tree = self.tree
        order = {path: number for number, path in enumerate(tree.nodes)}
        found = sorted(self.findings, key=lambda f: order.get(_node_of(f.path, order), 0))
        nodes = {f.path: tree.nodes[_node_of(f.path, order)] for f in found if tree.nodes}
        kept = tuple(found)
        return Validation(
            source=self.folder.root,
            level=self.options.level,
            strict=self.options.strict,
            datasets=self._datasets(kept),
            findings=kept,
            roles={path: role_of(node, tree) for path, node in nodes.items() if path == node.path},
            documents={path: _document_of(node) for path, node in nodes.items()},
            looked=self._looked(),
            asked=self.options.version,
            sample=str(self.options.sample) if self.options.sample is not None else None,
            web=self.options.web,
            unseen=tuple(dict.fromkeys(self.unseen)),
            requests=self._requests(),
            seconds=seconds,
        )

    def _datasets(self, found: Iterable[Finding]) -> tuple[Judged, ...]:
        tops = {top.path: (top, part) for part in self.parts for top in part.datasets[:1]}
        strict = self.options.strict
        bad = {_node_of(f.path, tops) for f in found if counts(f, strict=strict)}
        return tuple(
            Judged(
                path=path,
                version=part.version,
                zarr_format=top.zarr_format,
                valid=path not in bad,
            )
            for path, (top, part) in tops.items()
        )

    def _looked(self) -> Looked:
        nodes = self.tree.nodes.values()
        documents = [d for node in nodes for d in node.documents.values()]
        made = Looked(
            groups=sum(1 for n in nodes if n.kind is FoundKind.GROUP),
            arrays=sum(1 for n in nodes if n.kind is FoundKind.ARRAY),
            documents=len(documents),
            document_bytes=sum(d.size for d in documents),
            files=sum(len(n.files) for n in nodes),
        )
        tally = self.tally
        if tally is None:
            return made
        return replace(
            made,
            objects=tally.objects,
            stored_bytes=tally.stored,
            chunks=tally.chunks,
            missing=sum(tally.missing.values()),
            indexes=tally.indexes,
            index_bytes=tally.index_bytes,
            decoded=tally.decoded,
            chunk_bytes=tally.chunk_bytes,
        )

    def _requests(self) -> Requests | None:
        from zarrlift.store.asking import Requests  # noqa: PLC0415 - for buckets only

        asked = self.options.run.stores.asked_so_far.get("source")
        if not self.browsed:
            return asked
        sent = self.browsed
        more = Requests(get=sent.get("GET", 0) + sent.get("OPTIONS", 0), head=sent.get("HEAD", 0))
        return more if asked is None else asked.plus(more)


def together(found: Iterable[Hierarchy]) -> Iterator[list[Hierarchy]]:
    """Walk datasets in groups whose texts fit into memory side by side."""
    some, held = list[Hierarchy](), 0
    for part in found:
        size = sum(size for size in _texts_of(part).values() if size <= _LARGEST)
        if len(some) == _AT_ONCE or (some and held + size > _LARGEST):
            yield some
            some, held = [], 0
        some.append(part)
        held += size
    if some:
        yield some


def _texts_of(part: Hierarchy) -> dict[str, int]:
    """Give the sizes of the files that rules look into, by path: OME-XML, and the crate."""
    top = part.datasets[0]
    crate = [f"{top.path}/{CRATE}".lstrip("/")] if CRATE in top.files else []
    made: dict[str, int] = {}
    for path in (*wanted_texts(part), *crate):
        above, _, name = path.rpartition("/")
        made[path] = part.nodes[above].files[name]
    return made


def parts(tree: Hierarchy) -> list[Hierarchy]:
    """Take a hierarchy apart into the datasets that it holds; paths stay as they are.

    Of its findings each keeps the links that lead out of it: what is behind them is not absent.
    """
    links = [f for f in tree.findings if f.rule == LINK_OUTSIDE]
    tops = [top.path for top in tree.datasets]
    if len(tops) == 1:
        return [replace(tree, findings=tuple(links))]
    nodes: dict[str, dict[str, Found]] = {path: {} for path in tops}
    for path, node in tree.nodes.items():
        nodes.get(_node_of(path, nodes), {})[path] = node
    behind: dict[str, list[Finding]] = {path: [] for path in tops}
    for link in links:
        behind.get(_node_of(link.path, nodes), []).append(link)
    return [
        replace(tree, nodes=held, version=version_of(held), findings=tuple(behind[path]))
        for path, held in nodes.items()
    ]


def _node_of(path: str, known: Container[str]) -> str:
    """Give the node that a path is, or lies in."""
    while path and path not in known:
        path = path.rpartition("/")[0]
    return path


def _document_of(node: Found) -> str:
    """Give the key of the document that attributes are in."""
    names = ("zarr.json", ".zattrs", ".zarray", ".zgroup")
    if node.kind is FoundKind.ARRAY:
        names = ("zarr.json", ".zarray", ".zattrs", ".zgroup")
    name = next((n for n in names if n in node.documents), "")
    return f"{node.path}/{name}".strip("/")
