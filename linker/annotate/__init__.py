"""Bulk annotation: read notes, annotate them, write links."""

from linker.annotate.compare import Compared, LinkChange, compare_links
from linker.annotate.counts import Counts
from linker.annotate.read import NoteStream
from linker.annotate.readers import NOTE_READERS, BadNote, Columns
from linker.annotate.report import render_report, write_report
from linker.annotate.run import annotate_files
from linker.annotate.writers import WRITERS, choose_format

__all__ = [
    "NOTE_READERS",
    "WRITERS",
    "BadNote",
    "Columns",
    "Compared",
    "Counts",
    "LinkChange",
    "NoteStream",
    "annotate_files",
    "choose_format",
    "compare_links",
    "render_report",
    "write_report",
]
