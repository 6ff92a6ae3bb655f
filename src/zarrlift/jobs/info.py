"""Looking at a dataset to say what is in it: metadata only, and more where it is asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zarrlift.about.members import explained
from zarrlift.about.readers import needs_of, openings
from zarrlift.about.unusual import Remark, remarks
from zarrlift.chunks.facts import check_index, chunk_facts
from zarrlift.crate.check import check_graph
from zarrlift.crate.graph import read_graph
from zarrlift.crate.shown import shown
from zarrlift.errors import SourceError, UsageError
from zarrlift.jobs.informed import Info, Text
from zarrlift.jobs.sizes import sizes_of
from zarrlift.jobs.stores import Stores
from zarrlift.metadata import ome
from zarrlift.plan.tuning import parse_chunk
from zarrlift.store.facts import level_facts, object_facts
from zarrlift.survey.facts import CRATE
from zarrlift.survey.found import V2_DOCUMENTS, V3_DOCUMENT, FoundKind, Hierarchy
from zarrlift.survey.images import first_image, images_of, objects
from zarrlift.survey.limits import Limits, Most
from zarrlift.survey.look import look
from zarrlift.survey.refusals import refuse_no_hierarchy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.about.readers import Opening
    from zarrlift.chunks.facts import ChunkFacts
    from zarrlift.crate.shown import Crate
    from zarrlift.jobs.picture import Taken
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder
    from zarrlift.survey.found import Found
    from zarrlift.survey.images import Image

_EVERY = Most(wells=2**31, fields=2**31, alone=2**31, series=2**31, folders=2**31, nodes=2**31)
OBJECTS = 256
"""Objects of which a store is asked for class and type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoOptions:
    """What is looked at."""

    depth: int | None = None
    """Levels of folders below the address; None for all that tell something new."""
    every: bool = False
    """Every well, field, series and dataset, not only the first."""
    sizes: bool = False
    keys: bool = False
    documents: bool = False
    chunk: str | None = None
    """Such as `0/0,0,0,1,2`: a level, and a chunk's index."""
    picture: bool = False
    stores: Stores = field(default_factory=Stores)

    @property
    def only_here(self) -> bool:
        """Say whether nothing but the node itself is asked for."""
        return (self.keys or self.documents) and not (
            self.sizes or self.chunk or self.picture or self.every or self.depth
        )


def info(url: str, options: InfoOptions) -> Info:
    """Look at a dataset, or any node of one.

    Raises `SourceError` where there is none, `UsageError` where the chunk that is asked for is
    none of its own, `StorageError` where it cannot be read. What is wrong in it is said.
    """
    begun = time.perf_counter()
    url = url if options.keys else _node_of(url)
    folder = options.stores.source_at(url)
    if options.keys and _is_object(folder):
        return _of_object(folder, options, begun)
    limits = Limits(most=_EVERY if options.every else Most())
    tree = look(folder, depth=0 if options.only_here else options.depth, limits=limits)
    if not tree.datasets and not options.keys:
        refuse_no_hierarchy(folder)
    images = {
        path: images_of(tree, node)
        for path, node in tree.nodes.items()
        if "multiscales" in node.ome
    }
    found = Info(
        source=folder.root,
        tree=tree,
        images=images,
        creator=_creator(tree),
        crate=_crate(folder, tree),
        openings=_openings(tree),
        remarks=(*_zipped(folder), *remarks(tree, [i for group in images.values() for i in group])),
        left={path: number for path, number in limits.left.items() if number},
    )
    return _with_more(found, folder, options, begun)


def _with_more(found: Info, folder: Folder, options: InfoOptions, begun: float) -> Info:
    """Add what is asked for beside the facts of metadata."""
    more: dict[str, object] = {}
    # Listings of the folder end early where metadata told enough.
    ended = folder.remote and not (folder.packed or folder.unlisted)
    fresh = options.stores.source_at(folder.root) if ended else folder
    if options.sizes:
        more["sizes"] = sizes_of(fresh, _layouts(found.tree))
    if options.keys:
        listed, further = level_facts(fresh, "", OBJECTS)
        more["objects"], more["more_objects"] = tuple(listed), further
    if options.documents:
        more["documents"] = _documents(folder, found.tree)
    if options.chunk is not None:
        more["chunk"] = _chunk(found, fresh, options.chunk)
    if options.picture:
        more["picture"] = _picture(found, fresh)
    more["requests"] = options.stores.asked_so_far.get("source")
    more["seconds"] = time.perf_counter() - begun
    return replace(found, **more)  # type: ignore[arg-type]


def _node_of(url: str) -> str:
    """Give the node that an address of one of its documents means."""
    above, slash, name = url.rstrip("/").rpartition("/")
    if name not in (*V2_DOCUMENTS, V3_DOCUMENT):
        return url
    return above or slash or "."


def _is_object(folder: Folder) -> bool:
    if folder.packed:
        return False
    holds = folder.exists() if folder.unlisted else folder.has_folder("")
    return not holds and folder.size("") is not None


def _of_object(folder: Folder, options: InfoOptions, begun: float) -> Info:
    """Say what a store says of one object, be it a chunk or any other."""
    found = object_facts(folder)
    return Info(
        source=folder.root,
        tree=Hierarchy(root=folder.root, nodes={}, version=None),
        images={},
        objects=(found,),
        requests=options.stores.asked_so_far.get("source"),
        seconds=time.perf_counter() - begun,
    )


def _zipped(folder: Folder) -> Iterator[Remark]:
    if folder.packed:
        yield Remark("", "zipped: the programs are those that open it once it is unzipped")


def _creator(tree: Hierarchy) -> str:
    """Give the program that the first node names which names one."""
    for node in tree.nodes.values():
        for held in (node.ome, node.attributes):
            stated = held.get(ome.CREATOR)
            if isinstance(stated, dict) and isinstance(stated.get("name"), str):
                version = stated.get("version")
                return f"{stated['name']} {version}" if isinstance(version, str) else stated["name"]
    return _by_method(tree)


def _by_method(tree: Hierarchy) -> str:
    """Tell bioformats2raw by the way it says that levels were made."""
    for node in tree.nodes.values():
        for multiscale in objects(node.ome.get("multiscales")):
            made = multiscale.get("metadata")
            method = made.get("method") if isinstance(made, dict) else None
            if isinstance(method, str) and method.startswith("loci."):
                version = made.get("version") if isinstance(made, dict) else None
                if not isinstance(version, str):
                    return "bioformats2raw"
                return f"bioformats2raw (Bio-Formats {version.removeprefix('Bio-Formats ')})"
    return ""


def _crate(folder: Folder, tree: Hierarchy) -> Crate | None:
    """Read the crate of the one dataset that is looked at, where its root holds one."""
    root = tree.get("")
    if root is None or not root.documents or root.kind is not FoundKind.GROUP:
        return None
    if CRATE not in root.files:
        return shown(folder.root, None, [], exists=False)
    data = folder.read(CRATE)
    if data is None:
        return None
    graph, findings = read_graph(data)
    if graph is not None:
        findings += check_graph(graph)
    return shown(folder.root, graph, findings, exists=True)


def _openings(tree: Hierarchy) -> tuple[Opening, ...]:
    formats = {n.zarr_format for n in tree.nodes.values() if n.zarr_format is not None}
    if not formats or len(tree.datasets) > 1:
        return ()
    many = any("plate" in n.ome or "bioformats2raw.layout" in n.ome for n in tree.nodes.values())
    layouts = [a.layout for a in tree.arrays if a.layout is not None]
    return openings(needs_of(tree.version, formats, layouts, many_images=many))


def _layouts(tree: Hierarchy) -> list[tuple[str, ArrayLayout]]:
    return [(node.path, _proved(node)) for node in tree.arrays if node.layout is not None]


def _proved(node: Found) -> ArrayLayout:
    """Give an array's layout, with keys in the form that its objects have."""
    if node.layout is None:
        raise SourceError(
            f"cannot be read as an array: {node.problem}",
            place=node.path or "/",
            hint="zarrlift validate says what is wrong with it",
        )
    return node.layout if node.proved is None else node.layout.with_keys(node.proved)


def _documents(folder: Folder, tree: Hierarchy) -> tuple[Text, ...]:
    root = tree.get("")
    found = []
    for document in root.documents.values() if root is not None else ():
        data = None if document.problem.startswith("is ") else folder.read(document.name)
        text = (data or b"").decode("utf-8", "replace")
        members = explained(document.name, document.value or {})
        found.append(Text(document=document, text=text, members=members))
    return tuple(found)


def _chunk(found: Info, folder: Folder, wanted: str) -> ChunkFacts:
    level, index = parse_chunk(wanted)
    node, names = _array(found, level)
    layout = _proved(node)
    check_index(layout, index, place=node.path or "/", names=names)
    return chunk_facts(folder, node.path, layout, index)


def _array(found: Info, level: str | None) -> tuple[Found, tuple[str, ...]]:
    """Find the array that a level's number, its name or a path means."""
    tree = found.tree
    named = {i.path: i for group in found.images.values() for i in group}
    image = first_image(found.images)
    if level is not None and (node := tree.get(level)) is not None:
        if node.kind is FoundKind.ARRAY:
            return node, _names(named, node.path)
        image = first_image(found.images, level)
        level = None
    root = tree.get("")
    if level is None and root is not None and root.kind is FoundKind.ARRAY:
        return root, ()
    levels = image.levels if image is not None else ()
    called = [x for x in levels if level in (None, x.name)]
    called += [x for place, x in enumerate(levels) if level == str(place)]
    node = next((tree.nodes[x.path] for x in called if x.path in tree.nodes), None)
    if image is not None and node is not None:
        return node, image.axis_names
    known = ", ".join(one.name for one in levels) or "none"
    raise UsageError(
        f"there is no level or array {level or '0'!r}",
        place=found.source,
        hint=f"levels of the first image: {known}; or the path of an array that --all shows",
    )


def _names(images: Mapping[str, Image], path: str) -> tuple[str, ...]:
    """Give the axes of the image that an array is a level of."""
    holders = (i for i in images.values() if any(level.path == path for level in i.levels))
    holder = next(holders, None)
    return holder.axis_names if holder is not None else ()


def _picture(found: Info, folder: Folder) -> Taken:
    from zarrlift.jobs.picture import picture_of  # noqa: PLC0415 - NumPy is slow to load

    image = first_image(found.images)
    if image is None:
        raise SourceError(
            "has no image to take a picture of",
            place=found.source,
            hint="name an image, a well, a plate or a label",
        )
    return picture_of(folder, found.tree, image)
