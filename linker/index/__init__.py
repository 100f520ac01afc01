"""All that lives in an index folder: store, lexicon, vectors, manifest; writing and opening it."""

from linker.index.columns import ranges
from linker.index.folder import Index
from linker.index.lexicon import MAX_WORDS, Lexicon
from linker.index.lock import locked
from linker.index.manifest import Manifest, sha256
from linker.index.overlays.lay import kept_overlays, set_overlays, share_files
from linker.index.store.schema import NamePair, PairRows, kind_rank
from linker.index.store.store import Store
from linker.index.vectors.vectors import Vectors
from linker.index.write import check_place, check_vectors, write_index

__all__ = [
    "MAX_WORDS",
    "Index",
    "Lexicon",
    "Manifest",
    "NamePair",
    "PairRows",
    "Store",
    "Vectors",
    "check_place",
    "check_vectors",
    "kept_overlays",
    "kind_rank",
    "locked",
    "ranges",
    "set_overlays",
    "sha256",
    "share_files",
    "write_index",
]
