"""The sentences in which mentions stand, as the page of errors shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from linker.detect.sentences import ends_sentence, hard_breaks, plain_newlines
from linker.evaluate.report import Place
from linker.formats import Document

_SPACE = re.compile(r"\s+")
_CONTEXT = 220
"""Characters on either side of a mention, at most."""


class Sentences:
    """Finds the sentences in which mentions stand.

    Args:
        documents: what the positions of places count.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._breaks: dict[int, frozenset[int]] = {}

    def of(self, places: Iterable[Place]) -> list[dict[str, str]]:
        """For each place its document's id and its sentence: what is before, the mention, after."""
        return [self._at(where) for where in places]

    def _at(self, where: Place) -> dict[str, str]:
        document = self._documents[where.document]
        text = plain_newlines(document.text)
        if where.document not in self._breaks:
            self._breaks = {where.document: hard_breaks(text)}
        breaks = self._breaks[where.document]
        least = max(0, where.start - _CONTEXT)
        most = min(len(text), where.end + _CONTEXT)
        begin = next(
            (
                at + 1
                for at in range(where.start - 1, least - 1, -1)
                if at in breaks or _ends(text, at)
            ),
            least,
        )
        end = next(
            (at + 1 for at in range(where.end, most) if at in breaks or _ends(text, at)), most
        )
        return {
            "document": document.id,
            "before": _before(text[begin : where.start], cut=begin == least > 0),
            "mention": _flat(text[where.start : where.end]),
            "after": _after(text[where.end : end], cut=end == most < len(text)),
        }


def _ends(text: str, at: int) -> bool:
    if text[at] not in ".!?":
        return False
    word = text[max(0, at - 20) : at].rpartition(" ")[2].lower()
    return ends_sentence(text, at, word)


def _before(text: str, *, cut: bool) -> str:
    """What stands before a mention; where it was cut within a sentence, from a word on."""
    text = _flat(text).lstrip()
    return "… " + text.partition(" ")[2] if cut else text


def _after(text: str, *, cut: bool) -> str:
    """What stands after a mention; where it was cut within a sentence, up to a word."""
    text = _flat(text).rstrip()
    return text.rpartition(" ")[0] + " …" if cut else text


def _flat(text: str) -> str:
    return _SPACE.sub(" ", text)
