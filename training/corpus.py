"""Texts with labelled spans: gold corpora and notes, as tokens."""

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
    """The train splits, a list of documents each: BC5CDR, NCBI Disease, and CRAFT by paragraphs."""
    corpora = data / "corpora"
    found = {
        name: [
            tokens_of(
                nlp,
                doc["text"],
                [(m["start"], m["end"], _LABELS.get(m["type"], DISEASE)) for m in doc["mentions"]],
            )
            for doc in read_lines(corpora / f"{name}.train.jsonl.gz")
        ]
        for name in ("bc5cdr", "ncbi_disease")
    }
    found["craft"] = list(_craft(nlp, corpora))
    return found


def _craft(nlp: Language, corpora: Path) -> Iterator[Tokens]:
    """Paragraphs of CRAFT that name a disease; diseases of MONDO and chemicals of ChEBI."""
    chemicals = {doc["id"]: doc for doc in read_lines(corpora / "craft_chebi.train.jsonl.gz")}
    for doc in read_lines(corpora / "craft_mondo.train.jsonl.gz"):
        text = doc["text"]
        spans = [
            (m["start"], m["end"], label)
            for label, mentions in (
                (DISEASE, doc["mentions"]),
                (CHEMICAL, chemicals[doc["id"]]["mentions"] if doc["id"] in chemicals else []),
            )
            for m in mentions
            if len(m.get("spans") or ()) < 2
        ]
        start = 0
        for paragraph in text.split("\n\n"):
            end = start + len(paragraph)
            inside = [(a - start, b - start, t) for a, b, t in spans if start <= a and b <= end]
            if any(label == DISEASE for _, _, label in inside):
                yield tokens_of(nlp, paragraph, inside)
            start = end + 2


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

    def spans(self, doc: Doc) -> list:
        """The longest names in a doc, without overlaps."""
        found = [s for s in self._matcher(doc, as_spans=True) if s.text.lower() not in _NEVER]
        return filter_spans(found)


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


def silver(nlp: Language, data: Path, names: Names) -> list[Tokens]:
    """The CC BY notes, labelled by the names alone."""
    found = []
    for source in ("mtsdialog", "acibench"):
        for note in read_lines(data / "notes" / f"{source}.jsonl.gz"):
            doc = nlp.make_doc(note["text"])
            found.append(_tokens(doc, names.spans(doc)))
    return found


def labelled(nlp: Language, texts: list[Tokens], *, only: str | None = None) -> list[Tokens]:
    """The texts with what a pipeline finds beside their own spans; overlapping ones are theirs."""
    docs = nlp.pipe([replace(tokens, spans=()).doc(nlp) for tokens in texts])
    made = []
    for tokens, doc in zip(texts, docs, strict=True):
        taken = {i for start, end, _ in tokens.spans for i in range(start, end)}
        more = [
            (ent.start, ent.end, ent.label_)
            for ent in doc.ents
            if only in (None, ent.label_) and taken.isdisjoint(range(ent.start, ent.end))
        ]
        made.append(replace(tokens, spans=tuple(sorted((*tokens.spans, *more)))))
    return made


def held_out(docs: list[Tokens], share: float, seed: int) -> tuple[list[Tokens], list[Tokens]]:
    """Most of the docs, and a share of them that is not trained on."""
    order = list(docs)
    random.Random(seed).shuffle(order)
    n = round(len(order) * share)
    return order[n:], order[:n]
