"""What readers call the figures, on the terminal and on the page."""

from __future__ import annotations

LABELS = {
    "acc@1": "acc@1",
    "acc@5": "acc@5",
    "acc@25": "acc@25",
    "mrr": "Mean reciprocal rank",
    "acc@1 known": "acc@1, gold id in the index",
    "acc@5 known": "acc@5, gold id in the index",
    "acc@25 known": "acc@25, gold id in the index",
    "mrr known": "Mean reciprocal rank, gold id in the index",
    "precision": "Precision of links made",
    "recall": "Recall of links made",
    "f1": "F1 of links made",
    "nil_precision": "NIL precision",
    "nil_recall": "NIL recall",
    "nil_f1": "NIL F1",
    "decision": "Right decision, NIL among them",
    "strict_precision": "Strict precision (span and id)",
    "strict_recall": "Strict recall (span and id)",
    "strict_f1": "Strict F1 (span and id)",
    "overlap_precision": "Overlapping precision",
    "overlap_recall": "Overlapping recall",
    "overlap_f1": "Overlapping F1",
    "strict_precision macro": "Strict precision, mean of documents",
    "strict_recall macro": "Strict recall, mean of documents",
    "strict_f1 macro": "Strict F1, mean of documents",
    "overlap_precision macro": "Overlapping precision, mean of documents",
    "overlap_recall macro": "Overlapping recall, mean of documents",
    "overlap_f1 macro": "Overlapping F1, mean of documents",
    "spans_precision": "Span precision (id left aside)",
    "spans_recall": "Span recall (id left aside)",
    "spans_f1": "Span F1 (id left aside)",
    "char_iou": "Macro character IoU",
    "ece": "Expected calibration error",
    "brier": "Brier score",
}
"""What a reader calls each figure, in the order of display."""

COLUMNS = {
    "acc@1": "acc@1",
    "acc@5": "acc@5",
    "acc@25": "acc@25",
    "mrr": "MRR",
    "precision": "P",
    "recall": "R",
    "strict_recall": "strict R",
    "overlap_recall": "overlap R",
    "spans_recall": "span R",
    "strict_precision": "strict P",
    "overlap_precision": "overlap P",
    "stray": "no gold there",
}
"""The figures of groups, as column heads."""
