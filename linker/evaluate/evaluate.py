"""A linker and gold documents to a report: gold mentions (protocols Z and A), or end to end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from linker.evaluate.bootstrap import DRAWS, draw, intervals
from linker.evaluate.counts import GoldCounts, unknown_ids
from linker.evaluate.end_to_end import measure_end_to_end
from linker.evaluate.gold_mentions import measure_gold_mentions
from linker.evaluate.protocol import Concepts, Linking, mention_names
from linker.evaluate.report import END_TO_END, PROTOCOLS, Report
from linker.evaluate.spans import RECENTRED
from linker.formats import Document, Problem
from linker.link import refuse_one
from linker.steps import Progress, Silent
from linker.text import normalise

DEFAULT_K = 25


def evaluate(
    linker: Linking,
    documents: Sequence[Document],
    *,
    protocol: str = "Z",
    k: int = DEFAULT_K,
    abbreviations: bool = True,
    composites: bool | None = None,
    types: bool = False,
    train: Sequence[Document] = (),
    problems: Sequence[Problem] = (),
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure a linker on gold documents.

    Args:
        linker: a `Linker`; for protocol A, one from `linker.evaluate.with_names`.
        documents: of `read_gold`.
        protocol: "Z" or "A" (gold mentions), or "end to end".
        k: candidates for each mention, at least 1; a concept ranked lower counts as not found. For
            gold mentions.
        abbreviations: look short forms up by the long form that their note defines. For gold
            mentions.
        composites: look composites up part by part; by default only under protocol A. For gold
            mentions.
        types: give gold mentions their types as a detector's labels, for the type filter.
        train: documents whose mentions count as seen. They change no link.
        problems: what could not be used of the gold; goes into the report.
        draws, seed: of the bootstrap.
        progress: told of each step.

    Raises:
        ValueError: there is no document, k is below 1, or the protocol is unknown.
        LinkerError: the linker's encoder or detector cannot be loaded.
        TypeError: `documents` is not a sequence of documents, such as a whole `Gold`.
    """
    refuse_one(documents, "documents", "evaluate takes those of read_gold(...).documents")
    if not documents or k < 1:
        raise ValueError(f"{len(documents)} documents and k {k}; at least 1 of each is needed")
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol {protocol!r} is not known; known: {', '.join(PROTOCOLS)}")
    progress = Silent() if progress is None else progress
    if composites is None:
        composites = protocol == "A"
    names: frozenset[str] | None = None
    if train:
        names = frozenset(normalise(name) for name in mention_names(train))
    # End to end the linker finds and looks up as it does in any text.
    of_gold_mentions = {
        "k": k,
        "abbreviations": abbreviations,
        "composites": composites,
        "types": types,
    }
    settings: dict[str, Any] = {
        "protocol": protocol,
        "threshold": linker.threshold,
        **({} if protocol == END_TO_END else of_gold_mentions),
        "train_documents": len(train),
        "files": sorted({d.file for d in documents if d.file is not None}),
        "draws": draws,
        "seed": seed,
    }
    concepts = Concepts(linker)
    if protocol == END_TO_END:
        measured = measure_end_to_end(linker, documents, concepts, names, progress)
    else:
        measured = measure_gold_mentions(
            linker,
            documents,
            concepts,
            names,
            k=k,
            abbreviations=abbreviations,
            composites=composites,
            types=types,
            progress=progress,
        )
    progress.step("resampling documents", total=draws, unit="draws")
    drawn = draw(
        measured.statistics, len(documents), draws=draws, seed=seed, progress=progress.advance
    )
    return Report(
        settings=settings,
        gold=GoldCounts.of(documents, measured.outcomes),
        figures=intervals(drawn, recentred=RECENTRED),
        problems=tuple(problems),
        unknown_ids=unknown_ids(concepts.unknown),
        draws=drawn,
        **measured.parts,
    )
