"""Release files to the two tables (concepts, names): one file a format."""

from linker.terminology.readers import READERS, read_terminology
from linker.terminology.tables import CONCEPTS, NAMES, NameKind, Release, TableBuilder, Terminology

__all__ = [
    "CONCEPTS",
    "NAMES",
    "READERS",
    "NameKind",
    "Release",
    "TableBuilder",
    "Terminology",
    "read_terminology",
]
