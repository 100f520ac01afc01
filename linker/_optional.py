"""Packages that not everyone needs: imported when used, with an error that names the extra."""

from __future__ import annotations

import importlib
from types import ModuleType

from linker.errors import MissingExtraError


def require(module: str, *, extra: str) -> ModuleType:
    """Import `module`, or say which extra brings it.

    Only the absence of `module` itself is translated: a package that is there but broken raises
    its own ImportError, so that the real cause is seen.

    Raises:
        MissingExtraError: `module`, or the package that holds it, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise MissingExtraError(module.partition(".")[0], extra=extra) from error
