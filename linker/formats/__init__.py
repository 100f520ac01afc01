"""Annotated text in the formats of corpora, as plain values: text and annotations, no linking."""

from linker.formats.bioc_json import read_bioc_json
from linker.formats.bioc_xml import read_bioc_xml
from linker.formats.biolark import biolark_files, read_biolark
from linker.formats.brat import parse_brat, read_brat
from linker.formats.document import Annotation, Document, Item, Problem
from linker.formats.jsonl import read_jsonl
from linker.formats.pubtator import read_pubtator

__all__ = [
    "Annotation",
    "Document",
    "Item",
    "Problem",
    "biolark_files",
    "parse_brat",
    "read_bioc_json",
    "read_bioc_xml",
    "read_biolark",
    "read_brat",
    "read_jsonl",
    "read_pubtator",
]
