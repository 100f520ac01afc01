"""The review of mapped terms as one HTML page: candidates side by side, decisions to download.

The page is self-contained and asks for nothing; what is decided stays in the open page until it is
downloaded. The download is a table that `write_overlay` reads: the column of the terms,
`concept_id`, `preferred_name` and `decision`. The page holds the terms: protect it as you protect
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from linker.atomic import write_atomically
from linker.mapping.values import DECISION, VERDICTS, Decision, Verdict
from linker.page import shown, template
from linker.schema import Candidate
from linker.text import normalise

TEMPLATE = Path(__file__).with_name("review.html")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A distinct term, as a reviewer is to see it.

    Attributes:
        term: as the table has it.
        uses: how often it is used: rows, or the sum of a column that says so.
        verdict: what is proposed.
        candidates: best first.
        decided: what was decided of it before, if anything was.
        doubt: why it is to be looked at, if not for its probability.
        beside: what stands beside it in each column that is to be shown.
        also: the other ways in which the table writes it: to the index they are one name.
    """

    term: str
    uses: float
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    decided: Decision | None = None
    doubt: str = ""
    beside: tuple[tuple[str, ...], ...] = ()
    also: tuple[str, ...] = ()

    @property
    def proposed(self) -> Candidate | None:
        """The concept of the row in the mapped table: none where the verdict is "reject"."""
        return None if self.verdict == "reject" else next(iter(self.candidates), None)


def as_one_name(terms: Iterable[Reviewed]) -> list[Reviewed]:
    """Terms that differ in case and the like alone as one, for a decision on one is one on all.

    Returns:
        Where the first of each stood: with the uses of all, and to be looked at where not the same
        is proposed of all.
    """
    groups: dict[str, list[Reviewed]] = {}
    for item in terms:
        groups.setdefault(normalise(item.term), []).append(item)
    return [its[0] if len(its) == 1 else _together(its) for its in groups.values()]


def _together(its: Sequence[Reviewed]) -> Reviewed:
    first = its[0]
    one_verdict = len({item.verdict for item in its}) == 1
    one_concept = len({_id(item.proposed) for item in its}) == 1
    doubt = next((item.doubt for item in its if item.doubt), "")
    beside = zip(*(item.beside for item in its), strict=True)
    return replace(
        first,
        uses=sum(item.uses for item in its),
        verdict=first.verdict if one_verdict and one_concept else "look",
        doubt=doubt if one_concept else "is found otherwise in another spelling",
        beside=tuple(tuple(dict.fromkeys(chain(*values))) for values in beside),
        also=tuple(item.term for item in its[1:]),
    )


def _id(concept: Candidate | None) -> str:
    return "" if concept is None else concept.concept_id


def render_page(
    terms: Iterable[Reviewed],
    *,
    column: str,
    download: str,
    prefix: str = "",
    vocabularies: Sequence[str] = (),
    beside: Sequence[str] = (),
    title: str = "Terms to review",
    index_info: Mapping[str, str] | None = None,
) -> str:
    """Draw terms and their candidates as one self-contained HTML page.

    Args:
        terms: in the order in which they are to be shown.
        column: the name of the column of the terms.
        download: the name of the file that the page's button gives.
        prefix: what the names of our columns begin with.
        vocabularies: whose codes are shown; with none, those of all.
        beside: the names of the columns of which `Reviewed.beside` has the values.
        title: the page's heading.
        index_info: what the reader should know of the index, in order, as label to value.

    Returns:
        The page; the same terms give the same page, byte for byte. It encodes to UTF-8.
    """
    items = [item for item in terms if item.term]
    counts = {verdict: sum(item.verdict == verdict for item in items) for verdict in VERDICTS}
    concepts = {c.concept_id: c for item in items for c in item.candidates}
    # Where all are of one type, it says nothing.
    typed = len({c.semantic_types for c in concepts.values()}) > 1
    context = shown({"title": title, "index_info": dict(index_info or {}), "counts": counts})
    data = {
        "download": shown(download),
        "header": [column, f"{prefix}concept_id", f"{prefix}preferred_name", f"{prefix}{DECISION}"],
        "concepts": {
            concept_id: shown(
                [
                    concept.preferred_name,
                    _codes(concept, vocabularies),
                    ", ".join(concept.semantic_types) if typed else "",
                ]
            )
            for concept_id, concept in sorted(concepts.items())
        },
        "beside": shown(list(beside)),
        # As they are: the download must hold the term of the table, to the character.
        "terms": [_term(item) for item in items],
    }
    return template(TEMPLATE).render(**context, n=len(items), data=data)


def write_page(path: str | Path, terms: Iterable[Reviewed], **options: Any) -> Path:
    """Write `render_page`'s page to `path`, whole or not at all, and return the path.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    write_atomically(path, render_page(terms, **options))
    return path


def _codes(concept: Candidate, vocabularies: Sequence[str]) -> list[list[str]]:
    shown_of = [name for name in vocabularies or sorted(concept.codes) if name in concept.codes]
    return [[name, *concept.codes[name]] for name in shown_of]


def _term(item: Reviewed) -> list[Any]:
    return [
        item.term,
        item.uses,
        item.verdict,
        _id(item.proposed),
        [[c.concept_id, shown(c.matched_name), round(c.probability, 4)] for c in item.candidates],
        item.decided,
        item.doubt,
        shown(item.beside),
        item.also,
    ]
