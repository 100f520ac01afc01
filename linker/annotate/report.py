"""A report to look at: the notes, what was found in them, and why; one HTML page, nothing else.

The page is self-contained. Its content security policy forbids every request and runs no script
but its own (by hash), so that a note cannot make it speak, whatever the note holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from linker.atomic import write_atomically
from linker.page import shown, template
from linker.schema import ASSERTIONS, Candidate, Link, Note

ASSERTED, NIL = "asserted", "nil"
KINDS = {
    ASSERTED: "Asserted",
    **{assertion: assertion.capitalize() for assertion in ASSERTIONS},
    NIL: "No concept",
}
"""What a mention is drawn and filtered by, in the order of the legend, with its label."""

TEMPLATE = Path(__file__).with_name("report.html")
_MAX_CANDIDATES = 8
# Two lines with a gap inside are a table made of spaces: a proportional face would pull it apart.
_GAP = re.compile(r"^.*\S(?: {3,}|\t)\S", re.MULTILINE)


def render_report(
    items: Iterable[tuple[Note, Sequence[Link]]],
    *,
    title: str = "Concepts found",
    subtitle: str = "",
    index_info: Mapping[str, str] | None = None,
) -> str:
    """Draw notes and their links as one self-contained HTML page.

    Args:
        items: notes with their links, in any order within a note; held in memory, so some
            hundreds rather than some millions.
        title: the page's heading.
        subtitle: a line under it; "" leaves it out.
        index_info: what the reader should know of the index, in order, as label to value
            ("Terminology": "Human Phenotype Ontology", "Licence": ...).

    Returns:
        The page; the same items give the same page, byte for byte. It encodes to UTF-8: NUL,
        other controls and lone surrogates are shown as U+FFFD.

    Raises:
        ValueError: a link does not lie in its note's text, or overlaps another.
    """
    notes: list[dict[str, Any]] = []
    mentions: list[dict[str, Any]] = []
    known: dict[str, Candidate] = {}
    for note, links in items:
        in_order = sorted(links, key=lambda link: (link.mention.start, link.mention.end))
        notes.append(_note(note, in_order, first=len(mentions)))
        for link in in_order:
            for candidate in link.candidates[:_MAX_CANDIDATES]:
                known.setdefault(candidate.concept_id, candidate)
            mentions.append(_mention(link, note=len(notes) - 1))
    n_kinds = Counter(kind for mention in mentions for kind in mention["kinds"])
    concepts, nil = _found(mentions, known)
    context = {
        "title": title,
        "subtitle": subtitle,
        "index_info": dict(index_info or {}),
        "notes": notes,
        "concepts": concepts,
        "nil": nil,
        "n_mentions": len(mentions),
        "kinds": {
            kind: {"label": label, "count": n_kinds[kind]}
            for kind, label in KINDS.items()
            if n_kinds[kind]
        },
        "data": {
            "kinds": KINDS,
            # A runner-up shows its name alone; the rest is for the concepts that were found.
            "names": {id_: known[id_].preferred_name for id_ in sorted(known)},
            "concepts": {row["concept_id"]: _concept(known[row["concept_id"]]) for row in concepts},
            "mentions": mentions,
        },
    }
    return template(TEMPLATE).render(shown(context))


def write_report(
    path: str | Path,
    items: Iterable[tuple[Note, Sequence[Link]]],
    *,
    title: str = "Concepts found",
    subtitle: str = "",
    index_info: Mapping[str, str] | None = None,
) -> Path:
    """Write `render_report`'s page to `path`, whole or not at all, and return the path.

    Raises:
        ValueError: a link does not lie in its note's text, or overlaps another.
        OSError: the file cannot be written.
    """
    path = Path(path)
    page = render_report(items, title=title, subtitle=subtitle, index_info=index_info)
    write_atomically(path, page)
    return path


def _note(note: Note, links: Sequence[Link], *, first: int) -> dict[str, Any]:
    """A note as the page shows it: its text in segments, of which those of mentions are marked.

    Args:
        links: in reading order.
        first: the number of the first of them among the mentions of the page.
    """
    segments: list[dict[str, Any]] = []
    at = 0
    for mark, link in enumerate(links, start=first):
        start, end = _checked(note, link, after=at)
        kinds = _kinds(link)
        segments += [
            {"text": note.text[at:start]},
            {
                "text": note.text[start:end],
                "mark": mark,
                "kinds": kinds,
                "label": _label(link, kinds),
            },
        ]
        at = end
    segments.append({"text": note.text[at:]})
    return {
        "id": note.id,
        "segments": [s for s in segments if s["text"]],
        "n_mentions": len(links),
        "fixed_pitch": len(_GAP.findall(note.text)) >= 2,
    }


def _checked(note: Note, link: Link, *, after: int) -> tuple[int, int]:
    start, end = link.mention.start, link.mention.end
    if note.text[start:end] != link.mention.text:
        raise ValueError(f"note {note.id!r}: mention [{start}, {end}) is not what the text holds")
    if start < after:
        raise ValueError(f"note {note.id!r}: mention [{start}, {end}) overlaps the one before it")
    return start, end


def _kinds(link: Link) -> list[str]:
    """The kinds of a mention, at least one: its assertions, and whether it is NIL."""
    kinds = [assertion for assertion in ASSERTIONS if link.assertion.get(assertion)]
    if link.concept_id is None:
        kinds.append(NIL)
    return kinds or [ASSERTED]


def _label(link: Link, kinds: Sequence[str]) -> str:
    """What a screen reader says: the text, the concept, and how it is meant."""
    said = [" ".join(link.mention.text.split())]
    if link.concept_id is not None:
        said += [link.candidates[0].preferred_name, link.concept_id]
    return ", ".join([*said, *(KINDS[kind].lower() for kind in kinds)])


def _mention(link: Link, *, note: int) -> dict[str, Any]:
    """A mention as the page's script reads it."""
    return {
        "note": note,
        "start": link.mention.start,
        "end": link.mention.end,
        "text": link.mention.text,
        "long_form": link.mention.long_form,
        "concept_id": link.concept_id,
        "kinds": _kinds(link),
        "candidates": [
            {
                "concept_id": candidate.concept_id,
                "matched_name": candidate.matched_name,
                "score": round(candidate.score, 4),
                "probability": round(candidate.probability, 4),
            }
            for candidate in link.candidates[:_MAX_CANDIDATES]
        ],
    }


def _concept(candidate: Candidate) -> dict[str, Any]:
    return {
        "semantic_types": list(candidate.semantic_types),
        "codes": {
            vocabulary: list(candidate.codes[vocabulary]) for vocabulary in sorted(candidate.codes)
        },
    }


def _found(
    mentions: Sequence[Mapping[str, Any]], known: Mapping[str, Candidate]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What was found over all notes: a row a concept, most mentions first; and the NIL strings."""
    by_concept: dict[str | None, list[Mapping[str, Any]]] = {}
    for mention in mentions:
        by_concept.setdefault(mention["concept_id"], []).append(mention)
    nil = _strings(by_concept.pop(None, []))
    rows = [
        {
            "concept_id": concept_id,
            "preferred_name": known[concept_id].preferred_name,
            "n_mentions": len(its),
            "n_kinds": {kind: sum(kind in m["kinds"] for m in its) for kind in KINDS},
            "notes": sorted({m["note"] for m in its}),
            "strings": _strings(its),
        }
        for concept_id, its in by_concept.items()
        if concept_id is not None
    ]
    return sorted(rows, key=lambda row: (-row["n_mentions"], row["concept_id"])), nil


def _strings(mentions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The distinct strings of mentions, blind to case and line breaks; most frequent first."""
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for mention in mentions:
        text = " ".join(mention["text"].split())
        written.setdefault(text.casefold(), text)
        counts[text.casefold()] += 1
    ordered = sorted(counts, key=lambda key: (-counts[key], key))
    return [{"text": written[key], "count": counts[key]} for key in ordered]
