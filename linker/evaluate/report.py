"""What an evaluation gives: frozen values, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from linker.evaluate.bootstrap import Draws, Figure
from linker.evaluate.counts import GoldCounts
from linker.evaluate.mentions import Bin, OperatingPoint
from linker.formats import Problem

END_TO_END = "end to end"
PROTOCOLS = ("Z", "A", END_TO_END)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the document's position among the gold, from 0, and the span."""

    document: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the gold mentions, or of the links, by one of their properties.

    Attributes:
        by: the property ("type", "words", "name", ...); label: its value.
        mentions: how many of them have a gold id, or are links; the figures are over these.
        figures: shares in [0, 1], by name; "precision" is left out where no link stands.
    """

    by: str
    label: str
    mentions: int
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ConceptErrors:
    """A gold concept and how its mentions fared: `right` is the first candidate, or the link."""

    concept_id: str
    name: str
    mentions: int
    right: int
    found: int
    examples: tuple[Place, ...]

    @property
    def wrong(self) -> int:
        """How many mentions were not right."""
        return self.mentions - self.right


@dataclass(frozen=True, slots=True)
class Confusion:
    """A gold concept that another was taken for.

    Attributes:
        gold, gold_name: the first gold id, and its name; "" for NIL: no concept was right.
        predicted, predicted_name: what was taken for it; "" where nothing was.
        mentions: how often; linked: how often the link stood.
        ranks: where the gold concept stood among the candidates; 0 is not among them.
        examples: some of the places.
    """

    gold: str
    gold_name: str
    predicted: str
    predicted_name: str
    mentions: int
    linked: int
    ranks: tuple[int, ...]
    examples: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class MentionResult:
    """One gold mention in the JSON: where it stands and what became of it; none of its text.

    Attributes:
        rank: of the first gold id among the candidates, from 1; 0 where it is not among them; None
            end to end.
        right: the first candidate is right; end to end: a link that stands is right, strictly.
    """

    document: str
    start: int
    end: int
    gold: tuple[str, ...]
    concept_id: str | None
    linked: bool
    probability: float
    rank: int | None
    right: bool


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation.

    Attributes:
        settings: protocol, threshold, k, index, files, and what else decides the figures.
        gold: what the gold holds.
        figures: by name, each with its 95% interval; see `linker.evaluate.mentions` for those of
            gold mentions, `linker.evaluate.spans` for those of end-to-end linking.
        groups: the same mentions apart, by type, words, name, and so on.
        link_groups: end to end: the links that stand, by the semantic type of their concept.
        reliability: of the probability, in ten bins.
        operating_points: what other thresholds would give.
        concepts: gold concepts with errors, most errors first.
        confusions: most frequent first.
        missed, invented: end to end: gold concepts not found, and links without gold.
        problems: what of the gold could not be used.
        unknown_ids: gold ids that the index does not hold, most frequent first.
        results: every gold mention.
        draws: what `compare` sets against those of another report; not in the JSON.
    """

    settings: Mapping[str, Any]
    gold: GoldCounts
    figures: tuple[Figure, ...]
    groups: tuple[Group, ...]
    reliability: tuple[Bin, ...]
    operating_points: tuple[OperatingPoint, ...]
    link_groups: tuple[Group, ...] = ()
    concepts: tuple[ConceptErrors, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    missed: tuple[Confusion, ...] = ()
    invented: tuple[Confusion, ...] = ()
    problems: tuple[Problem, ...] = ()
    unknown_ids: tuple[tuple[str, int], ...] = ()
    results: tuple[MentionResult, ...] = field(default=(), repr=False)
    draws: Draws | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, name: str) -> float:
        """The value of a figure.

        Raises:
            KeyError: there is no such figure: nothing to measure it on, or of another protocol.
        """
        return self.figure(name).value

    def figure(self, name: str) -> Figure:
        """A figure with its interval.

        Raises:
            KeyError: there is none of this name.
        """
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(f"no figure {name!r}; there are {', '.join(f.name for f in self.figures)}")

    @property
    def problem_counts(self) -> dict[str, int]:
        """How many problems there are of each kind."""
        counts: dict[str, int] = {}
        for problem in self.problems:
            counts[problem.kind] = counts.get(problem.kind, 0) + 1
        return dict(sorted(counts.items()))

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values: shares in [0, 1], places as offsets, no text of a document."""
        data = asdict(replace(self, draws=None))
        del data["draws"]
        data["figures"] = figures_json(self.figures)
        data["unknown_ids"] = dict(self.unknown_ids)
        data["problem_counts"] = self.problem_counts
        return data


def figures_json(figures: Iterable[Figure]) -> dict[str, dict[str, float]]:
    """Figures by name, as JSON has them."""
    return {f.name: {"value": f.value, "low": f.low, "high": f.high} for f in figures}
