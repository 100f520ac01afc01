"""Mentions by any spaCy or scispaCy pipeline that is installed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from threadpoolctl import ThreadpoolController

from linker.detect.long_words import bear_long_words
from linker.detect.sentences import plain_text
from linker.errors import DetectorError
from linker.schema import Mention
from linker.turns import Turns, loading

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

WORDS_KEPT = 50_000
"""Distinct words of texts that a pipeline keeps, in some 25 MB; the rest it forgets."""

_CUTS = (re.compile(r"\n[ \t]*\n"), re.compile(r"[.!?]\s|\n"), re.compile(r"\s"))
"""Where a text that is too long is cut, best first: paragraphs, sentences and lines, words."""

_TWO_MARKS = re.compile("\r\n")

_SETS_ENTS = {"ner", "beam_ner", "entity_ruler", "span_ruler"}
_SETS_NO_ENTS = {"attribute_ruler", "abbreviation_detector"}  # These do not declare what they set.


class _Seen(NamedTuple):
    """A text as a pipeline sees it: as `plain_text` has it, and with one mark for a line's end.

    To a model, a line feed with a blank is another word than the one that it was trained on.

    Attributes:
        text: what it sees.
        ends: the line feeds in it for which the note has two marks, ascending.
    """

    text: str
    ends: list[int]

    def place(self, at: int) -> int:
        """Where in the note a place of `text` is, in code points."""
        return at + bisect_left(self.ends, at)


class SpacyDetector:
    """A spaCy pipeline as a detector. Threads may share it, and take turns.

    Args:
        name_or_nlp: an installed pipeline ("en_core_sci_sm"), the folder of one, or a loaded one.
        spans: what is a mention: "ents", "noun_chunks" (needs a parser), or a key of `doc.spans`.
        batch_size: texts that a loaded pipeline takes at once; changes speed only. One that is
            loaded here takes them one by one (`_multiplied_by_numpy`).
        longest: characters that the pipeline sees at once, at least 1; by default as many as its
            own `max_length` allows. A longer text is cut where no sentence is.

    Raises:
        DetectorError: the pipeline is not installed or cannot be loaded, or has no component that
            could set what `spans` asks for.
    """

    def __init__(
        self,
        name_or_nlp: str | Path | Language,
        *,
        spans: str = "ents",
        batch_size: int = 64,
        longest: int | None = None,
    ) -> None:
        if batch_size < 1:
            raise DetectorError(f"batch_size is {batch_size}; it must be at least 1")
        self._turns = Turns()
        self._alone = False
        self._most_words: int | None = None
        if isinstance(name_or_nlp, (str, Path)):
            with loading:
                self._nlp = _load(name_or_nlp)
            self._name = str(name_or_nlp)
            self._alone = _multiplied_by_numpy(self._nlp)
            self._most_words = len(self._nlp.vocab.strings) + WORDS_KEPT
        else:
            self._nlp = name_or_nlp
            self._name = f"{name_or_nlp.lang}_{name_or_nlp.meta.get('name', 'pipeline')}"
        if longest is not None and longest < 1:
            raise DetectorError(f"longest is {longest}; it must be at least 1")
        self._longest = self._nlp.max_length if longest is None else longest
        self._spans = spans
        self._batch_size = 1 if self._alone else batch_size
        _check_sets(self._nlp, self._name, spans)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text. See `Detector`.

        Whatever a text has for blanks and line ends, the pipeline sees spaces and line feeds.
        """
        found: list[list[Mention]] = [[] for _ in texts]
        pieces = (
            (piece, (i, seen, start))
            for i, seen in enumerate(map(_as_seen, texts))
            for start, piece in self._pieces(seen.text)
        )
        docs = self._nlp.pipe(pieces, as_tuples=True, batch_size=self._batch_size)
        one_thread = _blas().limit(limits=1 if self._alone else None, user_api="blas")
        with self._turns.lock, self._forgetting(), one_thread:
            for doc, (i, seen, start) in docs:
                found[i] += _mentions(texts[i], seen, start, self._spans_of(doc))
        return found

    def _forgetting(self) -> AbstractContextManager[object]:
        """What spaCy reads within, it forgets, if it holds many words already.

        Otherwise it keeps each number and name that any note has. A pipeline of the caller's keeps
        them: docs of it may be in use.
        """
        if self._most_words is None or len(self._nlp.vocab.strings) < self._most_words:
            return nullcontext()
        # Came with spaCy 3.8.
        return getattr(self._nlp, "memory_zone", nullcontext)()

    def _pieces(self, text: str) -> Iterator[tuple[int, str]]:
        """The text in pieces that the pipeline accepts, each with its offset."""
        start, longest = 0, min(self._longest, self._nlp.max_length)
        while len(text) - start > longest:
            end = _cut(text, start, start + longest)
            yield start, text[start:end]
            start = end
        if start < len(text):
            yield start, text[start:]

    def _spans_of(self, doc: Doc) -> list[Span]:
        if self._spans == "ents":
            return list(doc.ents)
        if self._spans == "noun_chunks":
            return list(doc.noun_chunks)
        return list(doc.spans.get(self._spans, ()))


def find_pipeline(name: str | Path) -> None:
    """Look whether there is a spaCy pipeline of a name or in a folder, and load none.

    Raises:
        DetectorError: there is none.
    """
    import spacy

    if not Path(name).exists() and not spacy.util.is_package(str(name)):
        installed = ", ".join(sorted(spacy.util.get_installed_models())) or "none"
        raise DetectorError(
            f"{name}: no such spaCy pipeline; installed: {installed}. Install it with"
            f' "python -m spacy download {name}", or, for a scispaCy model, with pip, as'
            " told at https://allenai.github.io/scispacy/; or give the folder of one"
        )


def _load(name: str | Path) -> Language:
    import spacy

    find_pipeline(name)
    try:
        return bear_long_words(spacy.load(name))
    except OSError as error:
        raise DetectorError(
            f"{name}: is not a spaCy pipeline that can be loaded: {error}"
        ) from error
    except (ValueError, ImportError, TypeError) as error:
        # A model of another spaCy, or one whose components are not installed.
        raise DetectorError(f"{name}: this spaCy pipeline cannot be loaded: {error}") from error


def _multiplied_by_numpy(nlp: Language) -> bool:
    """Have the BLAS of NumPy multiply a pipeline's matrices, where thinc's own would; whether any.

    It is two to three times as fast, and its sums differ in their last bits with the number of
    rows: what is found in a text stays the same whatever comes beside it only if each text is
    multiplied alone, by one thread.
    """
    from thinc.api import Model, NumpyOps

    plain = NumpyOps(use_blis=False)
    nodes = [
        node
        for _, pipe in nlp.pipeline
        if isinstance(model := getattr(pipe, "model", None), Model)
        for node in model.walk()
        if type(node.ops) is NumpyOps
    ]
    for node in nodes:
        node.ops = plain
    return bool(nodes)


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    """The libraries whose threads can be counted. To look for them takes a millisecond."""
    return ThreadpoolController()


def _check_sets(nlp: Language, name: str, spans: str) -> None:
    factories = {
        nlp.get_pipe_meta(pipe).factory: nlp.get_pipe_meta(pipe).assigns for pipe in nlp.pipe_names
    }
    assigned = {attribute for assigns in factories.values() for attribute in assigns}
    has = ", ".join(nlp.pipe_names) or "nothing"
    if spans == "ents":
        # A custom component need not declare what it assigns.
        undeclared = any(
            not assigns for factory, assigns in factories.items() if factory not in _SETS_NO_ENTS
        )
        if not factories.keys() & _SETS_ENTS and "doc.ents" not in assigned and not undeclared:
            raise DetectorError(
                f"{name}: the pipeline holds {has}, and nothing that sets doc.ents; choose one with"
                ' an entity recogniser, or spans="noun_chunks"'
            )
    elif spans == "noun_chunks" and "token.dep" not in assigned and "parser" not in factories:
        raise DetectorError(f"{name}: the pipeline holds {has}; noun chunks need a parser")


def _cut(text: str, start: int, limit: int) -> int:
    """The best place to cut text[start:limit], in its second half; `limit` where there is none."""
    middle = start + (limit - start) // 2
    for pattern in _CUTS:
        last = None
        for last in pattern.finditer(text, middle, limit):  # noqa: B007
            pass
        if last is not None:
            return last.end()
    return limit


def _as_seen(text: str) -> _Seen:
    ends = [end.start() - i for i, end in enumerate(_TWO_MARKS.finditer(text))]
    return _Seen(plain_text(text.replace("\r\n", "\n")), ends)


def _mentions(text: str, seen: _Seen, shift: int, spans: list[Span]) -> list[Mention]:
    """The spans as mentions: trimmed, none empty, the longest of overlapping ones."""
    edges = []
    for span in spans:
        start, end = shift + span.start_char, shift + span.end_char
        said = seen.text[start:end]
        end -= len(said) - len(said.rstrip())
        start += len(said) - len(said.lstrip())
        if start < end:
            edges.append((seen.place(start), seen.place(end), span.label_))
    chosen: list[tuple[int, int, str]] = []
    taken: set[int] = set()
    for start, end, label in sorted(edges, key=lambda edge: (edge[0] - edge[1], edge)):
        # The longest come first: one that overlaps a shorter one holds or cuts across an end of it.
        if start not in taken and end - 1 not in taken:
            taken.update(range(start, end))
            chosen.append((start, end, label))
    return [
        Mention(start, end, text[start:end], label=label) for start, end, label in sorted(chosen)
    ]
