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
    library = module.partition(".")[0]
    try:
        return import_module(module)
    except ImportError as error:
        lacks = getattr(error, "name", None) or library
        if lacks == library:
            raise _missing(f"{library}, which is not installed", call) from error
        if lacks.partition(".")[0] == library:
            raise too_old(library, call) from error
        raise _missing(f"{library}, which lacks {lacks}", call) from error


def too_old(library: str, call: str) -> MissingLibraryError:
    """Give the error for a library that is there, and lacks what a call uses of it."""
    return _missing(f"a newer {library} than the one that is installed", call)


def _missing(what: str, call: str) -> MissingLibraryError:
    hint = f"pip install 'zarrlift[{_EXTRAS.get(call, 'zarr')}]'"
    return MissingLibraryError(f"{call} needs {what}", hint=hint)
