"""The linker: mention strings or notes in, links out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

from linker.config import DEFAULT_THRESHOLD, threshold_of
from linker.counted import counted
from linker.detect import (
    AssertionRules,
    Detector,
    NestingDetector,
    OverlappingDetector,
    clinical_long_form,
    load_detector,
)
from linker.encoder import Encoder, own_encoder, refuse_other
from linker.errors import IndexFolderError
from linker.home import at_home
from linker.index import Index, Manifest
from linker.link.answers import Answers
from linker.link.given import (
    at_least_one,
    check,
    check_each,
    keywords_told,
    n_candidates,
    refuse_one,
)
from linker.link.knowledge_base import KnowledgeBase
from linker.link.notes import NoteLinker
from linker.link.options import Options
from linker.link.queries.marks import unmarked
from linker.link.ranking.labels import TypeFilter
from linker.link.retrieve import Retriever
from linker.schema import Concept, Link, Mention
from linker.text import normalise
from linker.turns import Turns


class Linker:
    """Links mentions to the concepts of one index. Make one with `Linker.load`.

    Threads may share one: they take turns, batch by batch, and each gets the result that it would
    get alone. To use more cores, use processes: a copy in another process (fork, spawn, pickle)
    opens the same files again and shares their pages. A pickle holds the path, the options and the
    sha256 of the index's files, and is refused (`IndexFolderError`) where the index is another.
    """

    def __init__(
        self,
        index: Index,
        *,
        encoder: Encoder | str | Path | None = None,
        detector: Detector | str = "dictionary",
        threshold: float | str | None = None,
        nested: bool = False,
        whole_composites: bool = False,
        type_filter: bool = True,
        assertion_rules: AssertionRules | str | Path | None = None,
        device: str | None = None,
        backend: str | None = None,
    ) -> None:
        if not isinstance(index, Index):
            raise TypeError(
                f"index is {type(index).__name__}, expected an open Index; "
                "Linker.load opens the folder of one"
            )
        if isinstance(assertion_rules, (str, Path)):
            assertion_rules = AssertionRules(at_home(assertion_rules))
        self._options = Options(
            encoder=encoder,
            detector=detector,
            nested=nested,
            whole_composites=whole_composites,
            type_filter=type_filter,
            assertion_rules=assertion_rules,
            device=device,
            backend=backend,
        )
        refuse_other(index.manifest.encoder, encoder, index=index.path)
        self._index = index
        # A copy is made wherever the process then is.
        self._home = index.path.absolute()
        self.threshold = DEFAULT_THRESHOLD if threshold is None else threshold
        self._encoder: Encoder | None = None
        self._detector: Detector | None = None
        self._turns = Turns()
        self._retriever = Retriever(index, self._load_encoder)
        types = TypeFilter(index.store) if type_filter else None
        self._answers = Answers(index, self._retriever, types)
        self._notes = NoteLinker(index, self._answers, self._options)

    @classmethod
    @keywords_told
    def load(
        cls,
        path: str | Path,
        *,
        encoder: Encoder | str | Path | None = None,
        detector: Detector | str = "dictionary",
        threshold: float | str | None = None,
        nested: bool = False,
        whole_composites: bool = False,
        type_filter: bool = True,
        assertion_rules: AssertionRules | str | Path | None = None,
        device: str | None = None,
        backend: str | None = None,
        verify: bool = False,
    ) -> Linker:
        """Open an index. Its files are mapped, and the encoder is loaded when first needed.

        Args:
            path: the index folder; "~" is the home.
            encoder: where the index's encoder is now, if it has moved since the build: a known
                name, a folder, or an `Encoder`. Nothing is downloaded.
            detector: finds the mentions in `annotate` and `pipe`: "dictionary"; "clinical", the
                included model; the name of an installed spaCy or scispaCy pipeline; several of
                these joined by "+"; or a `Detector`.
            threshold: links below this probability are NIL; in [0, 1], or a name of
                `linker.config.OPERATING_POINTS`: "high_precision", "balanced", "high_recall".
            nested: also keep mentions inside others ("breast cancer" in "familial breast cancer")
                and those that overlap, if they link. By default only the longest that links is
                kept.
            whole_composites: mark the whole phrase for a part of a composite that lacks words: for
                breast cancer, "breast and ovarian cancer" instead of "breast", as annotators do.
                Such links overlap those of the other parts.
            type_filter: let a mention's label ("DISEASE", "CHEMICAL") count against concepts whose
                semantic types are of another kind; see `linker.link.ranking.labels`. The dictionary
                gives no labels.
            assertion_rules: a TOML file with your own phrases and section headers for what is
                negated, historical and so on, which are added to the included ones or replace them:
                see docs/assertion.md.
            device: where the encoder runs ("cpu", "cuda"); by default a GPU if there is one.
            backend: what runs the encoder, and in what precision: one of
                `linker.encoder.BACKENDS`. By default the precision that the index's names were
                embedded in, or float32 where that was bf16. Another precision moves scores in the
                second or third digit.
            verify: first compare the sha256 of every file of the index.

        Raises:
            IndexFolderError: the folder is not an index, or is damaged.
            ConfigError: the threshold is neither in [0, 1] nor a known name, or the file of rules
                cannot be read or is invalid. It is also a ValueError.
            DetectorError: there is no such detector. The detector is loaded when first needed.
            EncoderError: there is no such backend.
            EncoderMismatchError: the encoder is not the one of the index. For an encoder in a
                folder, this is found out when it is first needed.
            TypeError: an option is of another type, or there is no such option.
        """
        check(path, (str, PathLike), "path")
        check(verify, bool, "verify")
        return cls(
            Index.open(at_home(path), verify=verify),
            encoder=encoder,
            detector=detector,
            threshold=threshold,
            nested=nested,
            whole_composites=whole_composites,
            type_filter=type_filter,
            assertion_rules=assertion_rules,
            device=device,
            backend=backend,
        )

    def __repr__(self) -> str:
        holds = self.manifest.terminology
        return (
            f"<Linker {self.path}: {f'{holds.terminology} {holds.version}'.strip()}, "
            f"{counted(self.manifest.counts.concepts, 'concept')}>"
        )

    @property
    def path(self) -> Path:
        """The index folder."""
        return self._index.path

    @property
    def threshold(self) -> float:
        """Links below this probability are NIL; may be set at any time, to a number or a name."""
        return self._threshold

    @threshold.setter
    def threshold(self, value: float | str) -> None:
        self._threshold = threshold_of(value)

    @property
    def manifest(self) -> Manifest:
        """What the index holds, from what release, with what encoder, under what licence."""
        return self._index.manifest

    @property
    def kb(self) -> KnowledgeBase:
        """The concepts in the shape that scispaCy's users know."""
        return KnowledgeBase(self._index.store)

    @property
    def local_names(self) -> Collection[str]:
        """The names that overlays give, in their normal form.

        A mention that is one of them links to the concept that the overlay says, or to none. It is
        an abbreviation of nothing else, unless its note defines it.
        """
        return self._index.store.local_names.keys()

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the links besides the notes: linkers with equal settings link alike."""
        files, asked = self.manifest.files, self._options
        detector, rules = asked.detector, asked.assertion_rules
        return {
            "index": {name: files[name].sha256 for name in sorted(files)},
            "threshold": self.threshold,
            **({} if asked.backend is None else {"backend": asked.backend}),
            "nested": asked.nested,
            **({"whole_composites": True} if asked.whole_composites else {}),
            **({} if asked.type_filter else {"type_filter": False}),
            **({} if rules is None else {"assertion_rules": rules.fingerprint}),
            "detector": detector if isinstance(detector, str) else type(detector).__qualname__,
        }

    def link(self, mentions: Sequence[str], k: int = 5) -> list[Link]:
        """Link mention strings.

        Args:
            mentions: any strings, including empty ones. What problem lists write around a term is
                ignored: "Hypertension [I10]", "Obesity (HCC)", "DVT*".
            k: candidates to keep, at least 1.

        Returns:
            One link for each string, in the same order; its mention covers the whole string.

        Raises:
            TypeError: `mentions` is a single string, or holds something else.
            ValueError: `k` is below 1.
            EncoderError: the index's encoder is needed and cannot be found.
        """
        refuse_one(mentions, "mentions", "link takes a list of strings; for a note, use annotate")
        mentions = list(mentions)
        check_each(mentions, str, "mentions")
        asked = [t if normalise(t) in self.local_names else unmarked(t) for t in mentions]
        links = self.link_mentions(
            [Mention(0, len(t), t, long_form=self._long_form(t)) for t in asked], k
        )
        return [
            link if text == of else replace(link, mention=_whole(link.mention, text))
            for text, of, link in zip(mentions, asked, links, strict=True)
        ]

    def link_mentions(self, mentions: Sequence[Mention], k: int = 5) -> list[Link]:
        """Link mentions that a detector found, by their long form if they have one.

        Short forms without a long form are looked up unchanged: for the mentions of a note, call
        `linker.detect.expand` first, with this linker's `local_names`.

        Raises:
            TypeError: `mentions` is a single one, or holds something else.
            ValueError: `k` is below 1.
        """
        refuse_one(mentions, "mentions", "link_mentions takes a list of them")
        k, mentions = n_candidates(k), list(mentions)
        check_each(mentions, Mention, "mentions")
        with self._turns.lock:
            decided = self._answers.decided(mentions, k, threshold=self.threshold)
        return [Link(*one) for one in decided]

    def annotate(self, text: str, k: int = 5) -> list[Link]:
        """Find the mentions of a note and link them.

        Args:
            text: the note; the offsets of the links are code points of this text, unchanged.
            k: candidates to keep for each mention, at least 1.

        Returns:
            The links in reading order, including NIL links, with their assertions.

        Raises:
            TypeError: `text` is no string.
            ValueError: `k` is below 1.
        """
        check(text, str, "text")
        return next(self.pipe([text], batch_size=1, k=k))

    def pipe(self, texts: Iterable[str], batch_size: int = 64, k: int = 5) -> Iterator[list[Link]]:
        """Annotate a stream of notes, linking the mentions of a batch of notes together.

        Args:
            texts: any number of notes, read only as they are needed.
            batch_size: notes per batch, at least 1. It changes no link.
            k: candidates to keep for each mention, at least 1.

        Returns:
            The links of each note, in the order of the notes.

        Raises:
            TypeError: `texts` is a single string, or a note is not a string (raised when that note
                is reached).
            ValueError: `batch_size` or `k` is below 1.
        """
        refuse_one(texts, "texts", "pipe takes several; for one note, use annotate")
        n_notes = at_least_one(batch_size, "batch_size", "take at least 1 note at a time")
        return self._batches(iter(texts), n_notes, n_candidates(k))

    def _batches(self, notes: Iterator[str], batch_size: int, k: int) -> Iterator[list[Link]]:
        taken = 0
        while batch := list(islice(notes, batch_size)):
            check_each(batch, str, "texts", first=taken)
            taken += len(batch)
            with self._turns.lock:
                found = self._detect_all(batch)
                links = self._notes.links(batch, found, k, threshold=self.threshold)
            yield from links

    def concept(self, concept_id: str) -> Concept:
        """The concept of an id. A retired or alternative id gives the concept that replaced it.

        Raises:
            KeyError: the index has no such id.
        """
        row = self._index.store.find(concept_id)
        if row is None:
            raise KeyError(f"{concept_id!r} is not in the index {self.path}")
        return self._index.store.concept(row)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """Find the mentions of some notes, without linking them.

        Raises:
            TypeError: `texts` is a single string, or holds something else.
        """
        refuse_one(texts, "texts", "detect takes a list of notes")
        texts = list(texts)
        check_each(texts, str, "texts")
        with self._turns.lock:
            return self._load_detector().detect(texts)

    def assert_mentions(self, text: str, mentions: Sequence[Mention]) -> list[dict[str, bool]]:
        """What a note asserts of each of its mentions: see `Link.assertion`.

        Args:
            text: the whole note, so that sections are seen.
            mentions: of this text, in any order; they may overlap.

        Returns:
            For each mention, in the order given, a truth value for each of `schema.ASSERTIONS`.

        Raises:
            TypeError: `text` is not a string, `mentions` is a single one, or holds something else.
            ValueError: a mention ends beyond the end of the text.
        """
        check(text, str, "text")
        refuse_one(mentions, "mentions", "assert_mentions takes a list of them")
        mentions = list(mentions)
        check_each(mentions, Mention, "mentions")
        return self._options.rules.assert_mentions(text, mentions)

    def _long_form(self, text: str) -> str | None:
        # What the house means by a short form goes before clinical usage.
        return None if normalise(text) in self.local_names else clinical_long_form(text)

    def _detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        detector = self._load_detector()
        if self._options.nested and isinstance(detector, NestingDetector):
            return detector.detect_nested(texts)
        if isinstance(detector, OverlappingDetector):
            return detector.detect_all(texts)
        return detector.detect(texts)

    def _load_detector(self) -> Detector:
        if self._detector is None:
            given = self._options.detector
            self._detector = load_detector(given, self._index) if isinstance(given, str) else given
        return self._detector

    def __reduce__(self) -> tuple[Any, ...]:
        asked = self._options
        options = {field.name: getattr(asked, field.name) for field in fields(asked)}
        options["threshold"] = self.threshold
        # By its files a copy finds out where the index at the path is another one; and of a cache,
        # as that of `datasets`, what another index linked is not taken.
        return (_reload, (self._home, options, self.settings["index"]))

    def _load_encoder(self) -> Encoder:
        if self._encoder is None:
            self._encoder = own_encoder(
                self.manifest.encoder,
                self._options.encoder,
                index=self.path,
                device=self._options.device,
                backend=self._options.backend,
            )
        return self._encoder


def _whole(mention: Mention, text: str) -> Mention:
    """A mention with what its list writes around it."""
    return replace(mention, end=len(text), text=text, long_form=mention.query)


def _reload(path: Path, options: dict[str, Any], index: dict[str, str]) -> Linker:
    """A copy of a linker, of an index with these files' sha256.

    Raises:
        IndexFolderError: the index at the path has others.
    """
    linker = Linker.load(path, **options)
    if linker.settings["index"] != index:
        raise IndexFolderError(
            f"{path}: another index than the one that this Linker had when it was pickled; bring "
            "all machines to the same, or open the new index with Linker.load"
        )
    return linker
