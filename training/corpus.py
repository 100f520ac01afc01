"""Texts as tokens with labelled spans: gold corpora, and open texts without labels."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

SEED = 17
DISEASE, CHEMICAL = "DISEASE", "CHEMICAL"
_LABELS = {
    "Disease": DISEASE, "DiseaseClass": DISEASE, "SpecificDisease": DISEASE, "Modifier": DISEASE,
    "CompositeMention": DISEASE, "Chemical": CHEMICAL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text in tokens, and the labelled ones among them: half-open, in tokens."""

    words: tuple[str, ...]
    spaces: tuple[bool, ...]
    spans: tuple[tuple[int, int, str], ...]

    def doc(self, nlp: Language) -> Doc:
        """The doc with its entities."""
        doc = Doc(nlp.vocab, words=list(self.words), spaces=list(self.spaces))
        doc.set_ents([Span(doc, start, end, label=label) for start, end, label in self.spans])
        return doc


def read_lines(path: Path) -> Iterator[dict]:
    """The documents of a file in JSON lines, gzip or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def tokens_of(nlp: Language, text: str, spans: Iterable[tuple[int, int, str]]) -> Tokens:
    """A text and its spans in code points as tokens; a span is widened to whole tokens.

    Of spans that overlap, the longest stays.
    """
    doc = nlp.make_doc(text)
    found = [doc.char_span(a, b, label=label, alignment_mode="expand") for a, b, label in spans]
    return _tokens(doc, [span for span in found if span is not None and span.text.strip()])


def _tokens(doc: Doc, spans: list) -> Tokens:
    return Tokens(
        tuple(token.text for token in doc),
        tuple(bool(token.whitespace_) for token in doc),
        tuple(sorted((s.start, s.end, s.label_) for s in filter_spans(spans))),
    )


def gold(nlp: Language, data: Path) -> dict[str, list[Tokens]]:
    """The train splits of BC5CDR and NCBI Disease, a list of documents each."""
    return {
        name: [
            tokens_of(
                nlp,
                doc["text"],
                [(m["start"], m["end"], _LABELS[m["type"]]) for m in doc["mentions"]],
            )
            for doc in read_lines(data / "corpora" / f"{name}.train.jsonl.gz")
        ]
        for name in ("bc5cdr", "ncbi_disease")
    }


class Names:
    """The names of open terminologies, to label notes with and to put in a mention's place.

    MeSH and the Disease Ontology are CC0, the NCI Thesaurus CC BY 4.0.
    """

    def __init__(self, nlp: Language, data: Path) -> None:
        self._nlp = nlp
        self.by_label: dict[str, list[str]] = {DISEASE: [], CHEMICAL: []}
        self._matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        folder = data / "dictionaries"
        sources = (
            ("mesh_desc_2019", {"Diseases": DISEASE, "Chemicals and Drugs": CHEMICAL}),
            ("doid_2018", {"Disease": DISEASE}),
            ("ncit_disease_2018", {"Disease": DISEASE}),
        )
        for source, labels in sources:
            for concept in read_lines(folder / f"{source}.jsonl.gz"):
                label = next((labels[t] for t in concept["types"] or () if t in labels), None)
                if label is None:
                    continue
                names = [n for n in (concept["name"], *concept["synonyms"]) if _usable(n)]
                self.by_label[label] += names
                docs = [nlp.make_doc(form) for n in names for form in (n, f"{n}s")]
                self._matcher.add(label, docs)

    def mark(self, tokens: Tokens) -> Tokens:
        """A text with the names in it as its spans: the longest, without overlaps."""
        doc = replace(tokens, spans=()).doc(self._nlp)
        found = [s for s in self._matcher(doc, as_spans=True) if s.text.lower() not in _NEVER]
        return _tokens(doc, found)


_NEVER = frozenset(
    # Names that say too little, or are another thing in notes.
    """
    disease diseases disorder disorders syndrome syndromes finding findings condition conditions
    sign signs symptom symptoms complication complications water oxygen air neoplasm lesion lesions
    mass masses blood protein proteins enzymes hormones vitamin vitamins ointment patient
    recurrence emergencies emergency chronic stage grade other unknown acute solutions tablets
    capsules cream powder soap glass steel contrast media dyes foods light attention problem
    problems facies wounds coffee
    """.split()  # noqa: SIM905
)


def _usable(name: str) -> bool:
    letters = sum(c.isalpha() for c in name)
    return (
        4 <= len(name) <= 60
        and letters >= 4
        and "," not in name
        and "(" not in name
        and not (name.isupper() and len(name) <= 6)
        and name.lower() not in _NEVER
    )


def open_texts(nlp: Language, data: Path) -> dict[str, list[Tokens]]:
    """Texts without labels, for a teacher to label: definitions, articles and notes, all open.

    Definitions are those of the Disease Ontology, the NCI Thesaurus and of what MONDO matches;
    articles are the paragraphs of CRAFT; notes are those of MTS-Dialog and ACI-Bench.
    """
    definitions = {
        concept["definition"]: None
        for source in ("doid_2018", "ncit_disease_2018", "mondo_composed")
        for concept in read_lines(data / "dictionaries" / f"{source}.jsonl.gz")
        if len(concept.get("definition") or "") > _SHORTEST
    }
    paragraphs = [
        paragraph
        for article in read_lines(data / "corpora/craft_mondo.train.jsonl.gz")
        for paragraph in article["text"].split("\n\n")
        if len(paragraph) > _SHORTEST
    ]
    notes = [
        note["text"]
        for source in ("mtsdialog", "acibench")
        for note in read_lines(data / "notes" / f"{source}.jsonl.gz")
    ]
    taken = {
        "definitions": _sample(list(definitions), 24_000),
        "articles": _sample(paragraphs, len(paragraphs) * 7 // 10),
        "notes": notes,
    }
    return {name: [tokens_of(nlp, text, ()) for text in texts] for name, texts in taken.items()}


_SHORTEST = 30
"""Characters of a text to learn from."""


def _sample(texts: list[str], n: int) -> list[str]:
    random.Random(SEED).shuffle(texts)
    return texts[:n]


def beside(own: Tokens, other: Tokens, *, only: str | None = None) -> Tokens:
    """A text with the other's spans beside its own, where these leave room."""
    taken = {i for start, end, _ in own.spans for i in range(start, end)}
    more = [
        (start, end, label)
        for start, end, label in other.spans
        if only in (None, label) and taken.isdisjoint(range(start, end))
    ]
    return replace(own, spans=tuple(sorted((*own.spans, *more))))


def parts(tokens: Tokens, longest: int) -> Iterator[Tokens]:
    """A text in parts of at most so many tokens, cut behind sentences if it can be, in no span."""
    begin, n = 0, len(tokens.words)
    while begin < n:
        end = min(n, begin + longest)
        if end < n:
            ends = range(end, begin + longest // 2, -1)
            cut = next((i for i in ends if tokens.words[i - 1] in _SENTENCE_ENDS), end)
            while any(a < cut < b for a, b, _ in tokens.spans):
                cut -= 1
            end = cut if cut > begin else end
        yield Tokens(
            tokens.words[begin:end],
            tokens.spaces[begin:end],
            tuple(
                (a - begin, b - begin, label)
                for a, b, label in tokens.spans
                if begin <= a and b <= end
            ),
        )
        begin = end


_SENTENCE_ENDS = frozenset({".", "!", "?", "\n"})


def held_out(docs: list[Tokens], share: float, seed: int) -> tuple[list[Tokens], list[Tokens]]:
    """Most of the docs, and a share of them that is not trained on."""
    order = list(docs)
    random.Random(seed).shuffle(order)
    n = round(len(order) * share)
    return order[n:], order[:n]
