"""Train the mention detector that ships with the package.

python training/detector.py DATA OUT [--rounds 12]

DATA holds `corpora/*.train.jsonl.gz`, `notes/` and `dictionaries/` in JSON lines. Only train splits
are read, and only sources that are public domain, CC0 or CC BY: see NOTICE. It stands outside the
package because it is run once a release, and on data that users need not have.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import spacy
from augment import Augmenter, name_words
from corpus import CHEMICAL, DISEASE, Names, Tokens, gold, held_out, labelled, silver
from spacy.language import Language
from spacy.training import Example
from spacy.util import compile_infix_regex, fix_random_seed, minibatch
from thinc.api import Adam

SEED = 17
HELD_OUT = 0.05
BATCH = 6
LEARN_RATE = 0.001
SHARE = {"bc5cdr": 0.5, "ncbi_disease": 0.4, "craft": 0.1, "notes": 0.12}
"""How much of each source a round sees, drawn anew each time."""
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
rows = [8000, 1000, 2500, 1500]
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


class Trainer:
    """Updates a pipeline, and keeps the running averages of its weights, which do better."""

    def __init__(self, nlp: Language, augmenter: Augmenter, *, updates: int) -> None:
        self._nlp = nlp
        self._augmenter = augmenter
        self._updates = updates
        self._done = 0
        self._rng = random.Random(SEED)
        self._optimizer = Adam(
            LEARN_RATE, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=True
        )

    def round(self, texts: list[Tokens]) -> float:
        """Update on every text once, in another order and another guise each time; the loss."""
        order = list(texts)
        self._rng.shuffle(order)
        losses = {"ner": 0.0}
        for batch in minibatch(order, BATCH):
            share = min(1.0, self._done / self._updates)
            self._optimizer.learn_rate = LEARN_RATE * (1 - 0.9 * share)
            changed = [self._augmenter(tokens, self._rng) for tokens in batch]
            self._nlp.update(
                examples(self._nlp, changed), sgd=self._optimizer, drop=0.2, losses=losses
            )
            self._done += 1
        return losses["ner"]

    def averaged(self) -> AbstractContextManager[None]:
        """While open, the pipeline has the averages for its weights."""
        return self._nlp.use_params(self._optimizer.averages)


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
    nlp.to_disk(out, exclude=["vocab"])
    shutil.copyfile(Path(__file__).with_name("MODEL.md"), out / "README.md")


def main() -> None:
    """Read the data, train, and write the pipeline after every round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument(
        "--label-after", type=int, default=4, help="the round after which the notes join in"
    )
    arguments = parser.parse_args()
    fix_random_seed(SEED)
    rng = random.Random(SEED)
    nlp = blank()
    names = Names(nlp, arguments.data)
    corpora = gold(nlp, arguments.data)
    held: list[Tokens] = []
    for name, docs in corpora.items():
        corpora[name], out = held_out(docs, HELD_OUT, SEED)
        held += out
    texts = {**corpora, "notes": silver(nlp, arguments.data, names)}
    for name, docs in texts.items():
        words, spans = sum(len(t.words) for t in docs), sum(len(t.spans) for t in docs)
        print(f"{name}: {len(docs)} texts, {words} tokens, {spans} spans", flush=True)
    nlp.initialize(lambda: examples(nlp, held))
    n_texts = sum(SHARE[name] * len(docs) for name, docs in texts.items())
    updates = round(arguments.rounds * n_texts / BATCH)
    trainer = Trainer(nlp, Augmenter(name_words(nlp, names.by_label)), updates=updates)
    begun = time.monotonic()
    for done in range(1, arguments.rounds + 1):
        taught = [
            tokens
            for name, docs in texts.items()
            if name != "notes" or done > arguments.label_after
            for tokens in rng.sample(docs, round(SHARE[name] * len(docs)))
        ]
        loss = trainer.round(taught)
        with trainer.averaged():
            scores = nlp.evaluate(examples(nlp, held))
            save(nlp, arguments.out)
            if done == arguments.label_after:
                # What the names miss in notes, and the chemicals that NCBI Disease leaves out.
                texts["notes"] = labelled(nlp, texts["notes"])
                texts["ncbi_disease"] = labelled(nlp, texts["ncbi_disease"], only=CHEMICAL)
        print(
            f"round {done} of {arguments.rounds}, {time.monotonic() - begun:.0f} s: "
            f"loss {loss:.0f}; held out P {100 * scores['ents_p']:.1f} "
            f"R {100 * scores['ents_r']:.1f} F {100 * scores['ents_f']:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
