"""Find the biomedical mentions in clinical text, and the concept that each one names.

The public names are resolved when first used, so that `import linker` loads neither torch nor
faiss, spacy or ray.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linker.config import Recipe
    from linker.errors import LinkerError
    from linker.link import Linker
    from linker.offline import build_index
    from linker.schema import Candidate, Concept, Link, Mention, Note

__all__ = [
    "Candidate",
    "Concept",
    "Link",
    "Linker",
    "LinkerError",
    "Mention",
    "Note",
    "Recipe",
    "build_index",
]

_HOMES = {
    "Candidate": "linker.schema",
    "Concept": "linker.schema",
    "Link": "linker.schema",
    "Linker": "linker.link",
    "LinkerError": "linker.errors",
    "Mention": "linker.schema",
    "Note": "linker.schema",
    "Recipe": "linker.config",
    "build_index": "linker.offline",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("concept-linker")
    if name not in _HOMES:
        raise AttributeError(f"module 'linker' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
