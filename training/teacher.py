"""A teacher for the detector: MiniLM, fine-tuned on gold, marks open texts for it to learn from.

It is larger and slower than what ships, and knows words that the gold does not have.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from augment import Augmenter
from corpus import CHEMICAL, DISEASE, Tokens, parts
from torch import nn
from transformers import AutoModel, AutoTokenizer

from linker.encoder.found import find_encoder

OUTSIDE, BEGIN_DISEASE, IN_DISEASE, BEGIN_CHEMICAL, IN_CHEMICAL = range(5)
NO_DISEASE = -2
"""Of a word in a corpus that marks diseases alone: outside, or of a chemical."""
_BEGIN = {DISEASE: BEGIN_DISEASE, CHEMICAL: BEGIN_CHEMICAL}
LONGEST = 90
"""Words of a window."""
BATCH = 24
RATE, HEAD_RATE = 2e-4, 1e-3
WARM_UP = 0.06
TO_OUTSIDE = 1.5
"""Added to the log odds of "outside": the best on what was held out of the train splits."""
_NEVER, _HARDLY = -1e9, -10.0


class Teacher(nn.Module):
    """MiniLM with a tag for each word (BIO of two labels; Ramshaw and Marcus, 1995)."""

    def __init__(self) -> None:
        super().__init__()
        folder = find_encoder("minilm")
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self.body = AutoModel.from_pretrained(folder, attention_probs_dropout_prob=0.0)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(self.body.config.hidden_size, 5)

    def forward(self, texts: Sequence[Tokens]) -> list[torch.Tensor]:
        """The log probabilities of tags, of shape (words, 5) for each text; cut at 512 pieces."""
        pieces = self._tokenizer(
            [list(tokens.words) for tokens in texts],
            is_split_into_words=True, truncation=True, max_length=512, padding=True,
            return_tensors="pt",
        )  # fmt: skip
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.body(
                input_ids=pieces["input_ids"], attention_mask=pieces["attention_mask"]
            ).last_hidden_state
            tags = self.head(self.drop(hidden))
        return [
            self._of_words(row, pieces.word_ids(i), len(texts[i].words))
            for i, row in enumerate(tags)
        ]

    @staticmethod
    def _of_words(row: torch.Tensor, owners: list[int | None], n_words: int) -> torch.Tensor:
        """A word has the tag of its first piece; one without any (a blank) is outside."""
        first = {word: at for at, word in reversed(list(enumerate(owners))) if word is not None}
        log = row.float().log_softmax(-1)[[first.get(word, 0) for word in range(n_words)]]
        has_piece = torch.tensor([word in first for word in range(n_words)])
        return torch.where(has_piece[:, None], log, torch.tensor([0.0, *[_HARDLY] * 4]))

    @torch.no_grad()
    def mark(self, texts: Sequence[Tokens], *, batch: int = 32) -> list[Tokens]:
        """The texts with the spans that it finds, in place of their own."""
        self.eval()
        windows = [
            (i, window)
            for i, tokens in enumerate(texts)
            for window in parts(replace(tokens, spans=()), LONGEST)
        ]
        order = sorted(range(len(windows)), key=lambda at: len(windows[at][1].words))
        tags: dict[int, list[int]] = {}
        for start in range(0, len(order), batch):
            some = order[start : start + batch]
            for at, log in zip(some, self([windows[at][1] for at in some]), strict=True):
                tags[at] = _best_path(log.numpy())
        of_text: list[list[int]] = [[] for _ in texts]
        for at, (i, _) in enumerate(windows):
            of_text[i] += tags[at]
        return [
            replace(tokens, spans=tuple(_spans(tagged)))
            for tokens, tagged in zip(texts, of_text, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Window:
    tokens: Tokens
    has_chemicals: bool

    def tags(self) -> list[int]:
        tags = [OUTSIDE if self.has_chemicals else NO_DISEASE] * len(self.tokens.words)
        for start, end, label in self.tokens.spans:
            tags[start:end] = [_BEGIN[label], *[_BEGIN[label] + 1] * (end - start - 1)]
        return tags


def teach(
    corpora: dict[str, list[Tokens]], augmenter: Augmenter, *, epochs: int = 7, seed: int = 1
) -> Teacher:
    """Fine-tune on BC5CDR, and on NCBI Disease, which leaves chemicals open."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    teacher = Teacher()
    optimizer = torch.optim.AdamW(
        [{"params": teacher.body.parameters()}, {"params": teacher.head.parameters()}],
        lr=RATE, weight_decay=0.01,
    )  # fmt: skip
    done, steps, begun = 0, 0, time.monotonic()
    for epoch in range(epochs):
        batches = list(_batches(corpora, augmenter, rng))
        steps = steps or epochs * len(batches)
        teacher.train()
        total = 0.0
        for batch in batches:
            pace = min(1.0, (done + 1) / (WARM_UP * steps)) * max(0.0, 1 - done / steps)
            for group, rate in zip(optimizer.param_groups, (RATE, HEAD_RATE), strict=True):
                group["lr"] = rate * pace
            optimizer.zero_grad()
            loss = _loss(teacher([window.tokens for window in batch]), batch)
            loss.backward()
            nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            optimizer.step()
            done += 1
            total += loss.item()
        print(
            f"teacher, epoch {epoch + 1} of {epochs}, {time.monotonic() - begun:.0f} s: "
            f"loss {total / len(batches):.4f}",
            flush=True,
        )
    return teacher


def load(path: Path) -> Teacher:
    """A teacher from its weights."""
    teacher = Teacher()
    teacher.load_state_dict(torch.load(path, weights_only=True))
    return teacher


def _batches(
    corpora: dict[str, list[Tokens]], augmenter: Augmenter, rng: random.Random
) -> Iterator[list[_Window]]:
    """The windows of the texts, changed at random; those of a batch are about as long."""
    windows = [
        _Window(part, has_chemicals=name == "bc5cdr")
        for name in ("bc5cdr", "ncbi_disease")
        for tokens in corpora[name]
        for part in parts(augmenter(tokens, rng), LONGEST)
    ]
    rng.shuffle(windows)
    for start in range(0, len(windows), 8 * BATCH):
        some = sorted(windows[start : start + 8 * BATCH], key=lambda w: len(w.tokens.words))
        batches = [some[i : i + BATCH] for i in range(0, len(some), BATCH)]
        rng.shuffle(batches)
        yield from batches


def _loss(found: list[torch.Tensor], batch: list[_Window]) -> torch.Tensor:
    log = torch.cat(found)
    tags = torch.tensor([tag for window in batch for tag in window.tags()])
    of_tag = log.gather(1, tags.clamp(min=0)[:, None])[:, 0]
    no_disease = log[:, [OUTSIDE, BEGIN_CHEMICAL, IN_CHEMICAL]].logsumexp(1)
    return -torch.where(tags == NO_DISEASE, no_disease, of_tag).mean()


_STEPS = np.zeros((5, 5))
for _begin in (BEGIN_DISEASE, BEGIN_CHEMICAL):
    _STEPS[:, _begin + 1] = _NEVER
    _STEPS[[_begin, _begin + 1], _begin + 1] = 0.0
_FIRST = np.where(np.isin(np.arange(5), (IN_DISEASE, IN_CHEMICAL)), _NEVER, 0.0)


def _best_path(log: np.ndarray) -> list[int]:
    """The most probable tags in which nothing goes on that has not begun (Viterbi)."""
    log = log + np.array([TO_OUTSIDE, 0.0, 0.0, 0.0, 0.0])
    score = log[0] + _FIRST
    came: list[np.ndarray] = []
    for row in log[1:]:
        ways = score[:, None] + _STEPS
        came.append(ways.argmax(axis=0))
        score = ways.max(axis=0) + row
    tags = [int(score.argmax())]
    for before in reversed(came):
        tags.append(int(before[tags[-1]]))
    return tags[::-1]


def _spans(tags: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    start, label = 0, ""
    for i, tag in enumerate([*tags, OUTSIDE]):
        if label and tag != _BEGIN[label] + 1:
            yield start, i, label
            label = ""
        if tag in (BEGIN_DISEASE, BEGIN_CHEMICAL):
            start, label = i, DISEASE if tag == BEGIN_DISEASE else CHEMICAL
