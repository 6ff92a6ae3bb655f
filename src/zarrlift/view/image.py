"""One multiscale image of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.survey import images
from zarrlift.view.level import Level
from zarrlift.view.measure import Measure
from zarrlift.view.views import Views

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray
    import zarr

    from zarrlift.view.opened import Opened


class Image:
    """An image: axes, channels, levels and labels.

    Its documents are read when it is made: those of its group, and of the arrays of all levels
    side by side.
    """

    __slots__ = ("_facts", "_labels", "_levels", "_opened", "_picture")

    def __init__(self, opened: Opened, path: str) -> None:
        self._opened = opened
        self._facts = image_facts(opened, path)
        self._levels = tuple(
            Level(opened, level, self._facts.axes, self._facts.channels)
            for level in self._facts.levels
        )
        self._labels = Views("label", self._label_names, self._label)
        self._picture: bytes | str | None = "not drawn yet"

    @property
    def path(self) -> str:
        """Return the path of the image's group in what was opened."""
        return self._facts.path

    @property
    def name(self) -> str:
        """Return the image's name, as it is stated."""
        return self._facts.name

    @property
    def version(self) -> str | None:
        """Return the image's OME-Zarr version."""
        return self._facts.version

    @property
    def method(self) -> str:
        """Return how levels were made from one another, as stated; empty where it is not."""
        return self._facts.method

    @property
    def axes(self) -> tuple[images.Axis, ...]:
        """Return the axes in array order, each with `name`, `type` and `unit`."""
        return self._facts.axes

    @property
    def dims(self) -> tuple[str, ...]:
        """Return the names of the axes in array order."""
        return self._facts.axis_names

    @property
    def levels(self) -> tuple[Level, ...]:
        """Return the levels, the finest first."""
        return self._levels

    @property
    def channels(self) -> tuple[images.Channel, ...]:
        """Return the channels, as `omero` has them."""
        return self._facts.channels

    @property
    def scale(self) -> dict[str, Measure]:
        """Return the size of a pixel by axis, each with its unit: that of the finest level."""
        units = self._facts.units
        return {name: Measure(v, units.get(name, "")) for name, v in self._facts.scale.items()}

    @property
    def units(self) -> dict[str, str]:
        """Return the units that are stated, by axis."""
        return self._facts.units

    @property
    def labels(self) -> Views[Image]:
        """Return the label images by name, read when they are asked for."""
        return self._labels

    @property
    def is_label(self) -> bool:
        """Say whether this is a label image itself."""
        return self._facts.is_label

    @property
    def facts(self) -> images.Image:
        """Return what its documents say, as one plain value."""
        return self._facts

    @property
    def attributes(self) -> Mapping[str, object]:
        """Return the attributes of the image's group as they are."""
        found = self._opened.nodes.node(self.path)
        return found.attributes if found is not None else {}

    def to_zarr(self) -> zarr.Group:
        """Open the image's group in zarr-python, read only; see `Level.to_zarr`."""
        from zarrlift.view import arrays

        return arrays.zarr_group(self._opened, self.path)

    def to_xarray(self) -> xarray.DataTree:
        """Give all levels as a tree `scale0`, `scale1`, …; each holds the level as `image`.

        Raises `MissingLibraryError` without xarray or dask.
        """
        from zarrlift.view import arrays

        return arrays.data_tree(self._levels, self.name)

    def thumbnail(self, size: int = 256) -> bytes | None:
        """Draw the image's middle plane as a PNG file, no side longer than `size` pixels.

        Channels have their colours and windows. None where there is no plane, or no level that is
        small enough to be read for it.
        """
        from zarrlift.view.thumbnail import draw

        return draw(self._opened, self._facts, size)

    def picture(self) -> bytes | None:
        """Give the picture that notebooks show, drawn once; None where that would read much."""
        if isinstance(self._picture, str):
            from zarrlift.view.thumbnail import draw_unasked

            self._picture = draw_unasked(self._opened, self._facts)
        return self._picture

    def _label_names(self) -> list[str]:
        nodes, at = self._opened.nodes, f"{self.path}/labels".lstrip("/")
        group = nodes.node(at)
        if group is None:
            return []
        listed = group.ome.get("labels")
        if isinstance(listed, list):
            return [name for name in listed if isinstance(name, str)]
        names = nodes.folders(at)
        found = nodes.nodes([f"{at}/{name}" for name in names])
        return [n for n, f in zip(names, found, strict=True) if f and "multiscales" in f.ome]

    def _label(self, name: str) -> Image:
        return Image(self._opened, ome.resolve(f"{self.path}/labels".lstrip("/"), name))

    def __reduce__(self) -> tuple[type[Image], tuple[Opened, str]]:
        """Say how it is made anew, of a place that is opened anew."""
        return Image, (self._opened, self.path)

    def __repr__(self) -> str:
        """Say what it is: a line for each level."""
        from zarrlift.report.looks import image_text

        return image_text(self._facts, self._labels.names)

    def _repr_html_(self) -> str:
        from zarrlift.report import html

        return html.image(self._facts, labels=self._labels.names, picture=self.picture())


def image_facts(opened: Opened, path: str) -> images.Image:
    """Give what the documents of an image say; an empty one where there is none."""
    tree = opened.nodes.image_tree(path)
    node = tree.get(path)
    found = images.images_of(tree, node) if node is not None else ()
    return found[0] if found else images.Image(path=path)
