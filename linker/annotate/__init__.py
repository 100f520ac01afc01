"""Bulk annotation: read notes, annotate them, write links."""

from linker.annotate.compare import Compared, LinkChange, compare_links
from linker.annotate.read import BadNote, NoteStream
from linker.annotate.report import render_report, write_report
from linker.annotate.run import Counts, annotate_files
from linker.annotate.write import json_line, mention_json, note_json

__all__ = [
    "BadNote",
    "Compared",
    "Counts",
    "LinkChange",
    "NoteStream",
    "annotate_files",
    "compare_links",
    "json_line",
    "mention_json",
    "note_json",
    "render_report",
    "write_report",
]
