"""Gold corpora, protocols, metrics and the report of errors."""

from linker.evaluate.bootstrap import Figure
from linker.evaluate.evaluate import DEFAULT_K, evaluate
from linker.evaluate.gold import FORMATS, Gold, GoldCounts, read_gold
from linker.evaluate.labels import COLUMNS, LABELS
from linker.evaluate.names import with_names
from linker.evaluate.page import render_page, write_page
from linker.evaluate.protocol import mention_names
from linker.evaluate.report import END_TO_END, Report

__all__ = [
    "COLUMNS",
    "DEFAULT_K",
    "END_TO_END",
    "FORMATS",
    "LABELS",
    "Figure",
    "Gold",
    "GoldCounts",
    "Report",
    "evaluate",
    "mention_names",
    "read_gold",
    "render_page",
    "with_names",
    "write_page",
]
