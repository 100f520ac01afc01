"""Train the mention detector that ships with the package.

python training/detector.py DATA OUT [--teacher WEIGHTS]

First on gold; then on gold and on open texts, which a larger model, fine-tuned on the same gold,
has marked (distillation by hard labels: Kim and Rush, EMNLP 2016).

DATA holds `corpora/*.train.jsonl.gz`, `notes/` and `dictionaries/` in JSON lines. Only train splits
are read, and only sources that are public domain, CC0 or CC BY: see NOTICE. It stands outside the
package because it is run once a release, and on data that users need not have.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import spacy
import torch
from augment import Augmenter, name_words
from corpus import CHEMICAL, DISEASE, SEED, Names, Tokens, beside, gold, held_out, open_texts, parts
from spacy.language import Language
from spacy.training import Example
from spacy.util import compile_infix_regex, fix_random_seed
from teacher import load, teach
from thinc.api import Adam

HELD_OUT = 0.05
BATCH = 1000
"""Tokens of an update, at the least."""
LONGEST = 300
"""Tokens of a text that are learned from together."""
NOTES_AT_ONCE = 64
"""What `nlp.pipe` takes at a time: of spaCy's 1,000, notes of 600 tokens take 4 GB."""
CONFIG = """
[model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 64
maxout_pieces = 2
use_upper = true
nO = null

[model.tok2vec]
@architectures = "spacy.Tok2Vec.v2"

[model.tok2vec.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 96
attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"]
rows = [12000, 1500, 3000, 2000]
include_static_vectors = false

[model.tok2vec.encode]
@architectures = "spacy.MaxoutWindowEncoder.v2"
width = 96
depth = 3
window_size = 1
maxout_pieces = 3
"""


def blank() -> Language:
    """The untrained pipeline: an English tokenizer that also splits at every hyphen and slash."""
    nlp = spacy.blank("en")
    infixes = [*nlp.Defaults.infixes, r"[-‐‑–—/+()\[\],;:=<>]", r"(?<=[a-z])\.(?=[A-Z])"]
    nlp.tokenizer.infix_finditer = compile_infix_regex(infixes).finditer
    model = spacy.util.load_config_from_str(CONFIG, interpolate=True)
    ner = nlp.add_pipe("ner", config=dict(model))
    for label in (DISEASE, CHEMICAL):
        ner.add_label(label)
    return nlp


def examples(nlp: Language, texts: list[Tokens]) -> list[Example]:
    """Gold docs, each beside a bare one of the same tokens to predict on."""
    return [Example(replace(tokens, spans=()).doc(nlp), tokens.doc(nlp)) for tokens in texts]


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the training.

    Attributes:
        tokens: how many are seen, in all.
        rate: the first learning rate; the last is a twentieth of it.
        swap: the share of mentions that another name takes the place of.
        shares: how much of what is seen comes from each source; they sum to one.
    """

    tokens: int
    rate: float
    swap: float
    shares: dict[str, float]


GOLD_ALONE = Phase(3_000_000, 1e-3, 0.30, {"bc5cdr": 0.5, "ncbi_disease": 0.5})
WITH_TEACHER = Phase(
    5_000_000, 1e-3, 0.25,
    {"bc5cdr": 0.3, "ncbi_disease": 0.3, "definitions": 0.2, "articles": 0.08, "notes": 0.12},
)  # fmt: skip


class Trainer:
    """Updates a pipeline, and keeps the running averages of its weights, which do better."""

    def __init__(
        self, nlp: Language, phase: Phase, texts: dict[str, list[Tokens]], names: Names
    ) -> None:
        self._nlp = nlp
        self._phase = phase
        self._rng = random.Random(SEED)
        self._augmenter = Augmenter(name_words(nlp, names.by_label), swap=phase.swap)
        self._feeds = {name: self._feed(texts[name]) for name in phase.shares}
        self._seen = dict.fromkeys(phase.shares, 0)
        self._optimizer = Adam(
            phase.rate, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=True
        )

    def run(self, stops: int = 6) -> Iterator[str]:
        """Train; at each of so many stops what was seen, and the loss of an update since."""
        losses: list[float] = []
        for stop in range(1, stops + 1):
            while (done := sum(self._seen.values()) / self._phase.tokens) < stop / stops:
                self._optimizer.learn_rate = self._phase.rate * (1 - 0.95 * done)
                loss = {"ner": 0.0}
                self._nlp.update(
                    examples(self._nlp, self._batch()), sgd=self._optimizer, drop=0.2, losses=loss
                )
                losses.append(loss["ner"])
            yield f"{sum(self._seen.values()):,} tokens: loss {sum(losses) / len(losses):.1f}"
            losses.clear()

    def averaged(self) -> AbstractContextManager[None]:
        """While open, the pipeline has the averages for its weights."""
        return self._nlp.use_params(self._optimizer.averages)

    def _batch(self) -> list[Tokens]:
        batch: list[Tokens] = []
        while sum(len(tokens.words) for tokens in batch) < BATCH:
            # The source that is farthest behind its share.
            name = min(self._seen, key=lambda name: self._seen[name] / self._phase.shares[name])
            batch.append(next(self._feeds[name]))
            self._seen[name] += len(batch[-1].words)
        return batch

    def _feed(self, texts: list[Tokens]) -> Iterator[Tokens]:
        """Every text, in parts, and all over again in another order and guise."""
        while True:
            for tokens in self._rng.sample(texts, len(texts)):
                yield from parts(self._augmenter(tokens, self._rng), LONGEST)


def save(nlp: Language, out: Path) -> None:
    """Write the pipeline without the words that it has met, and the card beside it."""
    nlp.meta.update(
        name="clinical_detector",
        version="1.0.0",
        description="Mentions of diseases, findings and chemicals in clinical and biomedical text",
        license="CC BY 4.0",
        spacy_version=">=3.7.0,<3.9.0",
        notes="See README.md beside this file, and NOTICE.",
    )
    nlp.batch_size = NOTES_AT_ONCE
    nlp.to_disk(out, exclude=["vocab"])
    shutil.copyfile(Path(__file__).with_name("MODEL.md"), out / "README.md")


def taught(nlp: Language, data: Path, corpora: dict, names: Names, weights: Path) -> dict:
    """What the second phase sees: the gold, and open texts as the teacher marks them.

    The teacher is made where its weights are not there yet.
    """
    if not weights.exists():
        augmenter = Augmenter(
            name_words(nlp, names.by_label), swap=0.2, lower=0.02, upper=0.04, bare=0.03
        )
        torch.save(teach(corpora, augmenter).state_dict(), weights)
    teacher = load(weights)
    texts = {name: teacher.mark(texts) for name, texts in open_texts(nlp, data).items()}
    # The names that the teacher misses in notes, and the chemicals that NCBI Disease leaves out.
    texts["notes"] = [beside(tokens, names.mark(tokens)) for tokens in texts["notes"]]
    gold_alone = corpora["ncbi_disease"]
    texts["ncbi_disease"] = [
        beside(own, found, only=CHEMICAL)
        for own, found in zip(gold_alone, teacher.mark(gold_alone), strict=True)
    ]
    return {"bc5cdr": corpora["bc5cdr"], **texts}


def main() -> None:
    """Read the data, train, and write the pipeline at every stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--teacher", type=Path, default=Path("teacher.pt"), help="its weights, written if not there"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fix_random_seed(SEED)
    nlp = blank()
    names = Names(nlp, arguments.data)
    corpora = gold(nlp, arguments.data)
    held: dict[str, list[Tokens]] = {}
    for name, docs in corpora.items():
        corpora[name], held[name] = held_out(docs, HELD_OUT, SEED)
    nlp.initialize(lambda: examples(nlp, [*held["bc5cdr"], *held["ncbi_disease"]]))
    begun = time.monotonic()
    for phase in (GOLD_ALONE, WITH_TEACHER):
        texts = (
            corpora
            if phase is GOLD_ALONE
            else taught(nlp, arguments.data, corpora, names, arguments.teacher)
        )
        for name in phase.shares:
            words, spans = (
                sum(map(len, of))
                for of in zip(*((t.words, t.spans) for t in texts[name]), strict=True)
            )
            print(f"{name}: {len(texts[name])} texts, {words} tokens, {spans} spans", flush=True)
        trainer = Trainer(nlp, phase, texts, names)
        for said in trainer.run():
            with trainer.averaged():
                f1 = {
                    name: nlp.evaluate(examples(nlp, docs))["ents_f"] for name, docs in held.items()
                }
                save(nlp, arguments.out)
            scores = ", ".join(f"{name} {100 * score:.1f}" for name, score in f1.items())
            print(f"{time.monotonic() - begun:.0f} s, {said}; held out F {scores}", flush=True)
        # The second phase goes on from the averages of the first.
        nlp.get_pipe("ner").from_disk(arguments.out / "ner", exclude=["vocab"])


if __name__ == "__main__":
    main()
