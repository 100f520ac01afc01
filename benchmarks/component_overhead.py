"""How much `concept_linker` adds to the time of a spaCy pipeline with a statistical `ner`.

    python benchmarks/component_overhead.py INDEX NOTES.jsonl [--notes 300] [--repeat 2]
        [--pipeline NAME] [--profile 25]

The pipeline is the clinical model that comes along, or an installed one. `nlp.pipe` runs over the
notes without the component and with it, in turns, in one process. Two passes are given: the first,
whose mentions are new to the linker, and the later ones, which find their candidates kept. CPU time
is that of all threads; on a busy machine it is the one to look at.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from pathlib import Path

import spacy

import linker.detect
from linker.component import ConceptLinker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--notes", dest="n", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--backend", help="of the encoder, as of `Linker.load`")
    parser.add_argument("--pipeline", help="by default the model that comes along")
    parser.add_argument("--profile", type=int, default=0, help="lines of the profile to print")
    given = parser.parse_args()
    with given.notes.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for _, line in zip(range(given.n), lines, strict=False)]
    own = Path(linker.detect.__file__).with_name("model")
    plain, linked = (spacy.load(given.pipeline or own) for _ in range(2))
    linked.add_pipe("concept_linker", config={"index": str(given.index), "backend": given.backend})
    component = linked.get_pipe("concept_linker")
    assert isinstance(component, ConceptLinker)
    print(f"{len(texts)} notes, {sum(map(len, texts)):,} characters")
    # What is loaded at the first mention is no part of a pass.
    list(plain.pipe(texts[:2]))
    component.linker.link(["a finding that no terminology has"])
    list(linked.pipe(["Fever (F)."]))
    for i in range(given.repeat):
        profile = cProfile.Profile()
        seconds = []
        for nlp in (plain, linked):
            if nlp is linked and given.profile and i == 0:
                profile.enable()
            wall, cpu = time.perf_counter(), time.process_time()
            n_ents = sum(len(doc.ents) for doc in nlp.pipe(texts))
            seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
            profile.disable()
        (wall, cpu), (wall_linked, cpu_linked) = seconds
        print(
            f"pass {i + 1}: ner {wall:.1f} s ({cpu:.1f} CPU), with concept_linker {wall_linked:.1f}"
            f" s ({cpu_linked:.1f} CPU): {wall_linked / wall - 1:+.0%} wall, "
            f"{cpu_linked / cpu - 1:+.0%} CPU; {n_ents:,} entities"
        )
        if given.profile and i == 0:
            pstats.Stats(profile).sort_stats("tottime").print_stats(given.profile)


if __name__ == "__main__":
    main()
