"""Gold corpora, protocols, metrics and the report of errors.

    from linker import Linker
    from linker.evaluate import evaluate, read_gold, write_page

    gold = read_gold(["corpus.jsonl.gz"])                 # .documents, .problems
    report = evaluate(Linker.load("indexes/hpo"), gold.documents, problems=gold.problems)
    report["acc@1"], report.figure("acc@1").low           # shares in [0, 1]
    write_page("errors.html", report, gold.documents)

The figures of gold mentions are defined in `mentions`, those of end-to-end linking in `spans`, what
counts as right in `protocol`.
"""

from linker.evaluate.bootstrap import Figure
from linker.evaluate.compare import compare
from linker.evaluate.counts import GoldCounts
from linker.evaluate.evaluate import DEFAULT_K, evaluate
from linker.evaluate.gold import FORMATS, Gold, read_gold
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
    "compare",
    "evaluate",
    "mention_names",
    "read_gold",
    "render_page",
    "with_names",
    "write_page",
]
