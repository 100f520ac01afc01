"""Gold mentions as queries: protocol Z, the note's own abbreviations resolved."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from linker import Linker, Mention
from linker.detect import expand


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold mention, its abbreviation resolved, and the ids that are right (none: NIL)."""

    mention: Mention
    ids: frozenset[str]


def read_gold(path: Path) -> Iterator[Gold]:
    """The gold mentions of a corpus in JSON lines, in the order of the file.

    Each has its type as its label. Discontinuous mentions are looked up by their pieces, joined by
    spaces. Those whose offsets fit no text are left out, and counted on stderr.
    """
    unfit = 0
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            note = json.loads(line)
            text = note["text"]
            spans = {
                (m["start"], m["end"])
                for m in note["mentions"]
                if 0 <= m["start"] < m["end"] <= len(text)
            }
            mentions = [Mention(start, end, text[start:end]) for start, end in sorted(spans)]
            expanded = {(m.start, m.end): m for m in expand(text, mentions)}
            for gold in note["mentions"]:
                if (gold["start"], gold["end"]) not in spans:
                    unfit += 1
                    continue
                mention = expanded[gold["start"], gold["end"]]
                mention = replace(mention, label=gold.get("type") or "")
                pieces = gold.get("spans") or []
                if len(pieces) > 1:
                    joined = " ".join(text[start:end] for start, end in pieces)
                    mention = replace(mention, long_form=joined)
                yield Gold(mention, frozenset(gold["ids"]))
    if unfit:
        print(f"{path.name}: {unfit} mentions left out: their offsets do not fit", file=sys.stderr)


def canonical(linker: Linker, ids: frozenset[str]) -> frozenset[str]:
    """The ids as the index has them: an alternative id becomes its concept's."""
    found = set()
    for concept_id in ids:
        try:
            found.add(linker.concept(concept_id).concept_id)
        except KeyError:
            found.add(concept_id)
    return frozenset(found)
