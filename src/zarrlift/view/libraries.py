"""Libraries that are loaded when a view is turned into one of their own values."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from zarrlift.errors import UsageError


class MissingLibraryError(UsageError, ImportError):
    """A library is not installed, or too old; the hint says how to install it."""

    kind = "missing-library"


_EXTRAS = {
    "to_dask()": "dask",
    "to_tensorstore()": "tensorstore",
    "to_xarray()": "xarray",
}
"""What installs all that a call needs; where it is not named here, `zarr`."""


def wanted(module: str, call: str) -> Any:  # noqa: ANN401 - a module of any kind
    """Load a library for a call; raise `MissingLibraryError` where it is not there."""
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        lacks = getattr(error, "name", None) or library
        what = f"{library}, which is not installed"
        if lacks.partition(".")[0] != library:
            what = f"{library}, which lacks {lacks}"
        raise MissingLibraryError(
            f"{call} needs {what}", hint=f"pip install 'zarrlift[{_EXTRAS.get(call, 'zarr')}]'"
        ) from error
