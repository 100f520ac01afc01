"""Release files to the two tables (concepts, names): one file a format."""

from linker.terminology.bad_rows import BROKEN, BadRows
from linker.terminology.diff import Changes, diff
from linker.terminology.forms.derive import add_forms
from linker.terminology.kinds import (
    ANATOMY,
    CHEMICAL,
    DISORDER,
    MORPHOLOGY,
    QUALITY,
    kinds,
    kinds_of,
    tui_of,
)
from linker.terminology.merge import merge
from linker.terminology.overlay import (
    REMOVE,
    Contradictions,
    Overlay,
    OverlayRow,
    read_overlay,
)
from linker.terminology.readers import READERS, find_release, read_terminology
from linker.terminology.table.rows import is_parquet, table_rows
from linker.terminology.table.separated import dialect_of
from linker.terminology.table.values import as_meant
from linker.terminology.tables import (
    CONCEPTS,
    FORMS,
    NAMES,
    NameKind,
    Part,
    Release,
    TableBuilder,
    Terminology,
)

__all__ = [
    "ANATOMY",
    "BROKEN",
    "CHEMICAL",
    "CONCEPTS",
    "DISORDER",
    "FORMS",
    "MORPHOLOGY",
    "NAMES",
    "QUALITY",
    "READERS",
    "REMOVE",
    "BadRows",
    "Changes",
    "Contradictions",
    "NameKind",
    "Overlay",
    "OverlayRow",
    "Part",
    "Release",
    "TableBuilder",
    "Terminology",
    "add_forms",
    "as_meant",
    "dialect_of",
    "diff",
    "find_release",
    "is_parquet",
    "kinds",
    "kinds_of",
    "merge",
    "read_overlay",
    "read_terminology",
    "table_rows",
    "tui_of",
]
