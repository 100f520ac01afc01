"""The review of mapped terms as one HTML page: candidates side by side, decisions to download.

The page is self-contained and asks for nothing; what is decided stays in the open page until it is
downloaded. The download is a table that `write_overlay` reads: the column of the terms,
`concept_id`, `preferred_name` and `decision`. The page holds the terms: protect it as you protect
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linker.atomic import write_atomically
from linker.mapping.values import DECISION, VERDICTS, Decision, Verdict
from linker.page import shown, template
from linker.schema import Candidate

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
    """

    term: str
    uses: float
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    decided: Decision | None = None

    @property
    def proposed(self) -> Candidate | None:
        """The concept of the row in the mapped table: none where the verdict is "reject"."""
        return None if self.verdict == "reject" else next(iter(self.candidates), None)


def render_page(
    terms: Iterable[Reviewed],
    *,
    column: str,
    download: str,
    prefix: str = "",
    vocabularies: Sequence[str] = (),
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
    proposed = item.proposed
    return [
        item.term,
        item.uses,
        item.verdict,
        "" if proposed is None else proposed.concept_id,
        [[c.concept_id, shown(c.matched_name), round(c.probability, 4)] for c in item.candidates],
        item.decided,
    ]
