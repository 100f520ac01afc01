"""Notes to links: the mentions found in them, linked, with the sites beside them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from linker.detect import expand, phrase_of, sites_of
from linker.index import Index
from linker.link.answers import Answers
from linker.link.choose import Decided, shown, with_longer
from linker.link.options import Options
from linker.link.sites import SiteNames
from linker.schema import Link, Mention


class NoteLinker:
    """Links the mentions that were found in notes.

    Args:
        index: whose names.
        answers: of this index.
        options: what is shown where mentions overlap, and what says what a note asserts.
    """

    def __init__(self, index: Index, answers: Answers, options: Options) -> None:
        self._local = index.store.local_names.keys()
        self._answers = answers
        self._options = options
        self._site_names = SiteNames(index)

    def links(
        self,
        texts: Sequence[str],
        found: Sequence[Sequence[Mention]],
        k: int,
        *,
        threshold: float,
    ) -> list[list[Link]]:
        """The links of each note in reading order, with what it asserts.

        Args:
            texts: the notes.
            found: the mentions of each, as a detector gives them.
            k: candidates to keep for each mention.
            threshold: links below this probability are NIL.
        """
        expanded = [
            expand(text, mentions, drop_undetected=True, local=self._local)
            for text, mentions in zip(texts, found, strict=True)
        ]
        flat = [mention for mentions in expanded for mention in mentions]
        answers = iter(self._answers.decided(flat, k, threshold=threshold))
        decided = [[*islice(answers, len(mentions))] for mentions in expanded]
        beside = [self._with_sites(text, own) for text, own in zip(texts, decided, strict=True)]
        flat = [mention for of_text in beside for mention in of_text if mention is not None]
        answers = iter(self._answers.decided(flat, k, threshold=threshold))
        longer = [[None if of is None else next(answers) for of in of_text] for of_text in beside]
        return [
            self._shown(text, own, more)
            for text, own, more in zip(texts, decided, longer, strict=True)
        ]

    def _with_sites(self, text: str, decided: Sequence[Decided]) -> list[Mention | None]:
        """The mentions of a note with the body part beside them, where the two are a name."""
        sites = sites_of(text, [one.mention for one in decided])
        return [
            self._site_names.mention_of(text, one, of)
            for one, of in zip(decided, sites, strict=True)
        ]

    def _shown(
        self, text: str, decided: Sequence[Decided], longer: Sequence[Decided | None]
    ) -> list[Link]:
        nested = self._options.nested
        chosen = shown(with_longer(decided, longer, nested=nested), nested=nested)
        assertions = self._options.rules.assert_mentions(text, [one.mention for one in chosen])
        if self._options.whole_composites:
            # The assertions are those of the part itself.
            chosen = [one._replace(mention=phrase_of(text, one.mention)) for one in chosen]
        links = [Link(*one, assertion) for one, assertion in zip(chosen, assertions, strict=True)]
        return sorted(links, key=lambda link: link.mention.start)
