"""What was opened, as a whole: images, a plate, series, or several datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarrlift.errors import UsageError
from zarrlift.metadata import ome
from zarrlift.survey import images, screens
from zarrlift.survey.found import FoundKind
from zarrlift.survey.look import version_of
from zarrlift.view.image import Image
from zarrlift.view.level import Level
from zarrlift.view.plate import Plate, Well
from zarrlift.view.views import Views

if TYPE_CHECKING:
    from collections.abc import Mapping

    import zarr
    from zarr.abc.store import Store

    from zarrlift.jobs.informed import Info
    from zarrlift.jobs.result import Report
    from zarrlift.jobs.validated import Validation
    from zarrlift.plan.tuning import Tuning
    from zarrlift.report import looks
    from zarrlift.store.asking import Requests
    from zarrlift.store.cached import CacheFacts
    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.view.opened import Opened


class Dataset:
    """A dataset, or a node of one, read as it is asked for. Nothing is ever written."""

    __slots__ = ("_arrays", "_datasets", "_images", "_made", "_opened", "_path")

    def __init__(self, opened: Opened, path: str = "") -> None:
        self._opened, self._path = opened, path
        self._made: dict[str, Image] = {}
        self._images = Views("image", self._image_paths, self._image)
        self._datasets = Views("dataset", lambda: opened.tops(path), self._dataset)
        self._arrays = Views("array", self._array_paths, self._array)

    @property
    def url(self) -> str:
        """Return the address; of a node within, with its path."""
        return self._opened.address(self._path)

    @property
    def path(self) -> str:
        """Return the path in what was opened; empty for all of it."""
        return self._path

    @property
    def kind(self) -> str:
        """Return what it is: `image`, `label`, `plate`, `well`, `collection`, `array`, `folder`, ….

        Others are `labels`, `scene`, `group` and `unreadable`. A folder has no document of its own;
        `datasets` may lie in it.
        """
        found = self._node
        if found is None:
            return str(FoundKind.FOLDER)
        if found.kind is not FoundKind.GROUP:
            return str(found.kind)
        return next((kind for member, kind in _KINDS if member in found.ome), "group")

    @property
    def version(self) -> str | None:
        """Return the OME-Zarr version: stated here, or by the first image; None without any."""
        found = self._node
        if found is None:
            return None
        if found.stated or not found.ome:
            return found.stated
        first = self._first_image() if self.kind in _NAMING_IMAGES else None
        if first is not None:
            return self._image(first).version
        return version_of({found.path: found})

    @property
    def zarr_format(self) -> int | None:
        """Return the Zarr format, 2 or 3; None of a folder without documents."""
        return self._node.zarr_format if self._node is not None else None

    @property
    def attributes(self) -> Mapping[str, object]:
        """Return the attributes of this node as they are."""
        return self._node.attributes if self._node is not None else {}

    @property
    def documents(self) -> dict[str, Mapping[str, object] | None]:
        """Return the metadata documents of this node by name; None where one is no JSON object."""
        held = self._node.documents if self._node is not None else {}
        return {name: document.value for name, document in held.items()}

    @property
    def images(self) -> Views[Image]:
        """Return the images by path, labels left out; of a plate those of all fields.

        Of a plate the documents of all wells are read for it, side by side.
        """
        return self._images

    @property
    def image(self) -> Image:
        """Return the image, or the first of several; raise `UsageError` where there is none."""
        first = self._first_image()
        if first is None:
            raise UsageError("holds no image", place=self._place, hint="see .arrays and .datasets")
        return self._image(first)

    @property
    def labels(self) -> Views[Image]:
        """Return the label images of the only, or first, image."""
        return self.image.labels

    @property
    def plate(self) -> Plate:
        """Return the plate; raise `UsageError` where this is none."""
        made = screens.plate_of(self._node) if self._node is not None else None
        if made is None:
            raise UsageError("is no plate", place=self._place, hint=f"it is of kind {self.kind}")
        return Plate(self._opened, made)

    @property
    def well(self) -> Well:
        """Return the well; raise `UsageError` where this is none."""
        if self.kind != "well":
            raise UsageError("is no well", place=self._place, hint=f"it is of kind {self.kind}")
        return Well(self._opened, self._path)

    @property
    def datasets(self) -> Views[Dataset]:
        """Return the datasets of a folder by path; of a dataset, itself."""
        return self._datasets

    @property
    def arrays(self) -> Views[Level]:
        """Return all arrays by path, named by an image or not; looks at the whole hierarchy."""
        return self._arrays

    @property
    def array(self) -> Level:
        """Return the array, where an array was opened; raise `UsageError` where it is none."""
        if self.kind != "array":
            raise UsageError("is no array", place=self._place, hint=f"it is of kind {self.kind}")
        return self._array(self._path)

    @property
    def requests(self) -> Requests:
        """Return what was asked so far: requests by kind, and bytes; of a disk, reads and looks."""
        return self._opened.folder.asked()

    @property
    def cache(self) -> CacheFacts | None:
        """Return what the cache holds and has done; None without one."""
        held = self._opened.folder.cache
        return held.facts if held is not None else None

    def hierarchy(self) -> Hierarchy:
        """Look at all nodes of what was opened, once, and give them as plain values."""
        return self._opened.whole()

    def prefetch(self) -> None:
        """Read the documents of all images and levels, many side by side, before they are used."""
        nodes, paths = self._opened.nodes, list(self._images)
        groups = nodes.nodes(paths)
        nodes.nodes([p for g in groups if g for p, _, _ in ome.named_arrays(g.path, g.ome)])

    def info(self, **options: Any) -> Info:  # noqa: ANN401 - those of `zarrlift.info`
        """Look at all that is in it, as `zarrlift.info` does."""
        from zarrlift import api

        return api.info(self.url, **{**self._opened.reach, **options})

    def validate(self, **options: Any) -> Validation:  # noqa: ANN401 - those of `zarrlift.validate`
        """Judge it as `zarrlift.validate` does."""
        from zarrlift import api

        return api.validate(self.url, **{**self._opened.reach, **options})

    def tune(self, **options: Any) -> Tuning:  # noqa: ANN401 - those of `zarrlift.tune`
        """Measure codecs on its own chunks, as `zarrlift.tune` does."""
        from zarrlift import api

        return api.tune(self.url, **{**self._opened.reach, **options})

    def convert(self, target: Any, **options: Any) -> Report:  # noqa: ANN401 - those of `zarrlift.convert`
        """Lift it, as `zarrlift.convert` does; the store it was opened from is the source's."""
        from zarrlift import api

        reach = {_OF_SOURCE.get(name, name): v for name, v in self._opened.reach.items()}
        return api.convert(self.url, target, **{**reach, **options})

    def to_zarr(self) -> zarr.Group | zarr.Array[Any]:
        """Open the node in zarr-python, read only; see `Level.to_zarr`."""
        from zarrlift.view import arrays

        if self.kind == "array":
            return self.array.to_zarr()
        return arrays.zarr_group(self._opened, self._path)

    def zarr_store(self) -> Store:
        """Give what was opened as a store of zarr-python, read only, with requests and cache.

        Raises `MissingLibraryError` without zarr-python 3.
        """
        from zarrlift.view import arrays

        return arrays.zarr_store(self._opened)

    def __getitem__(self, path: str) -> Dataset:
        """Give a node within; a `KeyError` where there is none."""
        if path not in self:
            raise KeyError(f"no node {path!r}")
        return Dataset(self._opened, self._inner(path))

    def __contains__(self, path: object) -> bool:
        """Say whether a path leads to a node within."""
        return isinstance(path, str) and self._opened.nodes.node(self._inner(path)) is not None

    __iter__ = None  # else Python would walk it by numbers, which are no paths

    def _inner(self, path: str) -> str:
        inner = ome.resolve(self._path, path.strip("/"))
        return "" if inner == "." else inner

    @property
    def _node(self) -> Found | None:
        return self._opened.nodes.node(self._path)

    @property
    def _place(self) -> str:
        return self._opened.folder.path(self._path)

    def _first_image(self) -> str | None:
        """Find the first image without reading more documents than lead to it."""
        kind = self.kind
        if kind == "plate":
            wells = self.plate.wells.values()
            return next((field.path for well in wells for field in well.facts.fields), None)
        if kind == "folder":
            inner = (Dataset(self._opened, top)._first_image() for top in self._datasets)  # noqa: SLF001 - of the same kind
            return next((path for path in inner if path is not None), None)
        return next(iter(self._images), None)

    def _image_paths(self) -> list[str]:
        found, kind = self._node, self.kind
        if kind in ("image", "label"):
            return [self._path]
        if kind == "plate":
            return self.plate.image_paths()
        if kind == "well":
            return [field.path for field in self.well.facts.fields]
        if kind == "collection" and found is not None:
            return self._series(found)
        if kind == "labels" and found is not None:
            return [ome.resolve(self._path, n) for n in images.texts(found.ome["labels"])]
        if kind == "folder":
            inner = self._opened.tops(self._path)
            return [path for top in inner for path in Dataset(self._opened, top).images]
        return self._seen_images() if kind != "array" else []

    def _series(self, found: Found) -> list[str]:
        nodes = self._opened.nodes
        beside = nodes.node(f"{self._path}/OME".lstrip("/"))
        stated = images.texts(beside.ome.get("series")) if beside is not None else []
        return [ome.resolve(self._path, name) for name in stated or nodes.series(found.path)]

    def _seen_images(self) -> list[str]:
        """Find images that nothing names on the way: in a group, by looking at all of it."""
        inside = [i for i in images.all_images(self.hierarchy()) if _below(i.path, self._path)]
        own = [i.path for i in inside if not i.is_label]
        return own or [i.path for i in inside]

    def _array_paths(self) -> list[str]:
        return [n.path for n in self.hierarchy().arrays if _below(n.path, self._path)]

    def _image(self, path: str) -> Image:
        if path not in self._made:
            self._made[path] = Image(self._opened, path)
        return self._made[path]

    def _dataset(self, path: str) -> Dataset:
        return Dataset(self._opened, path)

    def _array(self, path: str) -> Level:
        above = path
        while above:
            above = above.rpartition("/")[0]
            group = self._opened.nodes.node(above)
            if group is not None and "multiscales" in group.ome:
                levels = Image(self._opened, above).levels
                named = next((level for level in levels if level.path == path), None)
                if named is not None:
                    return named
        return lone_array(self._opened, path)

    def __reduce__(self) -> tuple[type[Dataset], tuple[Opened, str]]:
        """Say how it is made anew, of a place that is opened anew."""
        return Dataset, (self._opened, self._path)

    def __repr__(self) -> str:
        """Say what it is; of an image its levels, of a plate its grid."""
        from zarrlift.report import looks

        return looks.dataset_text(self._opened.folder.path(self._path).rstrip("/"), self._look())

    def _look(self) -> looks.Look:
        """Gather what is to be shown without reading much."""
        from zarrlift.report import looks

        kind = self.kind
        return looks.Look(
            kind=kind,
            version=self.version,
            zarr_format=self.zarr_format,
            image=self.image.facts if kind in ("image", "label") else None,
            plate=self.plate.facts if kind == "plate" else None,
            array=self.array.facts if kind == "array" else None,
            labels=self.labels.names if kind in ("image", "label") else (),
            inside=self._names_inside(kind),
        )

    def _names_inside(self, kind: str) -> tuple[str, ...]:
        if kind == "folder":
            return self._datasets.names
        return self._images.names if kind in ("well", "collection") else ()

    def _repr_html_(self) -> str:
        from zarrlift.report import html

        look = self._look()
        picture = self.image.picture() if look.image is not None else None
        return html.dataset(
            self._place.rstrip("/"), look, picture=picture, attributes=self.attributes
        )


_KINDS = (
    ("plate", "plate"),
    ("bioformats2raw.layout", "collection"),
    ("well", "well"),
    ("image-label", "label"),
    ("multiscales", "image"),
    ("labels", "labels"),
    ("scene", "scene"),
)
"""OME members that tell what a group is, the first that it has."""
_NAMING_IMAGES = frozenset({"image", "label", "labels", "well", "collection"})
"""Kinds whose images are known without looking at all there is."""
_OF_SOURCE = {
    name: f"src_{name}" for name in ("endpoint", "anon", "region", "profile", "requester_pays")
}


def lone_array(opened: Opened, path: str) -> Level:
    """Give an array that no image names, with axes as it names them itself."""
    found = opened.nodes.node(path)
    layout = found.layout if found is not None else None
    names = (layout.dimension_names if layout is not None else None) or ()
    own = found.attributes.get("_ARRAY_DIMENSIONS") if found is not None else None
    if not names and isinstance(own, list):
        names = tuple(n if isinstance(n, str) else None for n in own)
    ndim = layout.ndim if layout is not None else 0
    if len(names) != ndim:
        names = (None,) * ndim
    facts = images.Level(
        name=path.rpartition("/")[2],
        path=path,
        layout=layout,
        problem="" if layout is not None else found.problem if found else "there is no array",
        scale=None,
        translation=None,
    )
    axes = tuple(images.Axis(name=n or f"dim_{place}") for place, n in enumerate(names))
    return Level(opened, facts, axes)


def _below(path: str, above: str) -> bool:
    return not above or path == above or path.startswith(f"{above}/")
