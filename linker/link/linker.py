"""The linker: mention strings or notes in, links out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path
from types import NoneType
from typing import Any

from linker.config import DEFAULT_THRESHOLD, threshold_of
from linker.counted import counted
from linker.detect import (
    AssertionRules,
    Detector,
    NestingDetector,
    OverlappingDetector,
    check_detector,
    clinical_long_form,
    default_rules,
    expand,
    load_detector,
    phrase_of,
    sites_of,
)
from linker.encoder import BACKENDS, Encoder, own_encoder, refuse_other
from linker.errors import EncoderError, IndexFolderError
from linker.home import at_home
from linker.index import Index, Manifest
from linker.link.answers import Answers
from linker.link.choose import Decided, shown, with_longer
from linker.link.given import (
    at_least_one,
    check,
    check_each,
    keywords_told,
    n_candidates,
    refuse_one,
)
from linker.link.knowledge_base import KnowledgeBase
from linker.link.queries.marks import unmarked
from linker.link.ranking.labels import TypeFilter
from linker.link.retrieve import Retriever
from linker.link.sites import SiteNames
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
        for name, flag in (
            ("nested", nested),
            ("whole_composites", whole_composites),
            ("type_filter", type_filter),
        ):
            check(flag, bool, name)
        check(device, (str, NoneType), "device")
        if isinstance(detector, str):
            check_detector(detector)
        elif not isinstance(detector, Detector):
            raise TypeError(_no_detector(detector))
        if backend is not None and backend not in BACKENDS:
            raise EncoderError(f"backend {backend!r} is not known; known: {', '.join(BACKENDS)}")
        if not isinstance(encoder, (str, Path, NoneType, Encoder)):
            raise TypeError(
                f"encoder is {type(encoder).__name__}, expected a name, a folder or an Encoder"
            )
        refuse_other(index.manifest.encoder, encoder, index=index.path)
        self._index = index
        # A copy is made wherever the process then is.
        self._home = index.path.absolute()
        self.threshold = DEFAULT_THRESHOLD if threshold is None else threshold
        self._nested = nested
        self._whole_composites = whole_composites
        self._type_filter = type_filter
        if isinstance(assertion_rules, (str, Path)):
            assertion_rules = AssertionRules(at_home(assertion_rules))
        elif not isinstance(assertion_rules, (AssertionRules, NoneType)):
            raise TypeError(
                f"assertion_rules is {type(assertion_rules).__name__}, expected a file or "
                "AssertionRules"
            )
        self._own_rules = assertion_rules
        self._device = device
        self._backend = backend
        self._given_encoder = encoder
        self._given_detector = detector
        self._encoder: Encoder | None = None
        self._detector: Detector | None = None
        self._turns = Turns()
        self._site_names = SiteNames(index)
        self._retriever = Retriever(index, self._load_encoder)
        types = TypeFilter(index.store) if type_filter else None
        self._answers = Answers(index, self._retriever, types)

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
        files = self.manifest.files
        detector = self._given_detector
        rules = None if self._own_rules is None else self._own_rules.fingerprint
        return {
            "index": {name: files[name].sha256 for name in sorted(files)},
            "threshold": self.threshold,
            **({} if self._backend is None else {"backend": self._backend}),
            "nested": self._nested,
            **({"whole_composites": True} if self._whole_composites else {}),
            **({} if self._type_filter else {"type_filter": False}),
            **({} if rules is None else {"assertion_rules": rules}),
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
            return [Link(*decided) for decided in self._decided(mentions, k)]

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
                links = self._annotated(batch, k)
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
        rules = default_rules() if self._own_rules is None else self._own_rules
        return rules.assert_mentions(text, mentions)

    def _annotated(self, texts: Sequence[str], k: int) -> list[list[Link]]:
        """The links of each note of a batch."""
        found = [
            expand(text, mentions, drop_undetected=True, local=self.local_names)
            for text, mentions in zip(texts, self._detect_all(texts), strict=True)
        ]
        answers = iter(self._decided([m for mentions in found for m in mentions], k))
        decided = [[*islice(answers, len(mentions))] for mentions in found]
        longer = self._with_sites(texts, decided, k)
        return [
            self._shown(text, own, more)
            for text, own, more in zip(texts, decided, longer, strict=True)
        ]

    def _shown(
        self, text: str, own: Sequence[Decided], longer: Sequence[Decided | None]
    ) -> list[Link]:
        """The links of a note in reading order, with what it asserts."""
        chosen = shown(with_longer(own, longer, nested=self._nested), nested=self._nested)
        assertions = self.assert_mentions(text, [one.mention for one in chosen])
        if self._whole_composites:
            # The assertions are those of the part itself.
            chosen = [one._replace(mention=phrase_of(text, one.mention)) for one in chosen]
        links = [Link(*one, assertion) for one, assertion in zip(chosen, assertions, strict=True)]
        return sorted(links, key=lambda link: link.mention.start)

    def _long_form(self, text: str) -> str | None:
        # What the house means by a short form goes before clinical usage.
        return None if normalise(text) in self.local_names else clinical_long_form(text)

    def _decided(self, mentions: Sequence[Mention], k: int) -> list[Decided]:
        """What each mention is linked to, or NIL."""
        threshold = self.threshold
        return [
            Decided(
                mention,
                found[0].concept_id if found and found[0].probability >= threshold else None,
                found,
            )
            for mention, found in self._answers.of(mentions, k)
        ]

    def _with_sites(
        self, texts: Sequence[str], decided: Sequence[Sequence[Decided]], k: int
    ) -> list[list[Decided | None]]:
        """The mentions of each text with the body part beside them, where that is a name."""
        longer = [
            [
                self._site_names.mention_of(text, one, sites)
                for one, sites in zip(
                    own, sites_of(text, [one.mention for one in own]), strict=True
                )
            ]
            for text, own in zip(texts, decided, strict=True)
        ]
        mentions = [mention for of_text in longer for mention in of_text if mention is not None]
        answers = iter(self._decided(mentions, k))
        return [[None if of is None else next(answers) for of in of_text] for of_text in longer]

    def _detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        detector = self._load_detector()
        if self._nested and isinstance(detector, NestingDetector):
            return detector.detect_nested(texts)
        if isinstance(detector, OverlappingDetector):
            return detector.detect_all(texts)
        return detector.detect(texts)

    def _load_detector(self) -> Detector:
        if self._detector is None:
            given = self._given_detector
            self._detector = load_detector(given, self._index) if isinstance(given, str) else given
        return self._detector

    def __reduce__(self) -> tuple[Any, ...]:
        options = {
            "encoder": self._given_encoder,
            "detector": self._given_detector,
            "threshold": self.threshold,
            "nested": self._nested,
            "whole_composites": self._whole_composites,
            "type_filter": self._type_filter,
            "assertion_rules": self._own_rules,
            "device": self._device,
            "backend": self._backend,
        }
        # By its files a copy finds out where the index at the path is another one; and of a cache,
        # as that of `datasets`, what another index linked is not taken.
        return (_reload, (self._home, options, self.settings["index"]))

    def _load_encoder(self) -> Encoder:
        if self._encoder is None:
            self._encoder = own_encoder(
                self.manifest.encoder,
                self._given_encoder,
                index=self.path,
                device=self._device,
                backend=self._backend,
            )
        return self._encoder


def _whole(mention: Mention, text: str) -> Mention:
    """A mention with what its list writes around it."""
    return replace(mention, end=len(text), text=text, long_form=mention.query)


def _no_detector(found: object) -> str:
    advice = "; for a loaded spaCy pipeline, give linker.detect.spacy_model.SpacyDetector(nlp)"
    return (
        f"detector is {type(found).__name__}, expected a name or a Detector"
        f"{advice if hasattr(found, 'pipe_names') else ''}"
    )


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
