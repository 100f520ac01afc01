"""All that lives in an index folder: store, lexicon, vectors, manifest; writing and opening it."""

from linker.index.folder import Index
from linker.index.lexicon import MAX_WORDS, Lexicon
from linker.index.manifest import Manifest
from linker.index.progress import Progress, Silent
from linker.index.store import NamePair, Store
from linker.index.vectors import Vectors
from linker.index.write import write_index

__all__ = [
    "MAX_WORDS",
    "Index",
    "Lexicon",
    "Manifest",
    "NamePair",
    "Progress",
    "Silent",
    "Store",
    "Vectors",
    "write_index",
]
