"""Local terms, not notes: a column to concepts, for review, and the review to an overlay."""

from linker.mapping.decisions import Decided, write_overlay
from linker.mapping.run import Mapped, map_terms
from linker.mapping.terms import TermTable
from linker.mapping.values import Columns, Review

__all__ = ["Columns", "Decided", "Mapped", "Review", "TermTable", "map_terms", "write_overlay"]
