"""The component: the entities of docs to spans with links."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from keyword import iskeyword
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from warnings import warn
from weakref import ref

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc, Span, SpanGroup
from spacy.tokens.underscore import Underscore

from linker.ahead import one_ahead
from linker.component.asked import Asked, answered
from linker.component.kept import set_extensions
from linker.component.said import set_before
from linker.component.spans import asserted, mentions_of, spans_given, spans_of
from linker.config import DEFAULT_THRESHOLD
from linker.errors import ConfigError, DetectorError, EncoderError, IndexFolderError
from linker.home import at_home
from linker.link import KnowledgeBase, Linker, at_least_one, n_candidates
from linker.schema import Link

NIL = "NIL"

NO_CONCEPTS = (
    *("PERSON", "PER", "NORP", "FAC", "GPE", "LANGUAGE", "LAW", "WORK_OF_ART"),
    *("DATE", "TIME", "PERCENT", "MONEY", "QUANTITY", "ORDINAL", "CARDINAL"),
)
"""Labels of general models for what no terminology names: Mr. Parkinson is no disease.

Organisations are not among them: those models take the abbreviations of diseases for some.
"""


class _Given(NamedTuple):
    """What a doc brings to the linker: `spans` are to be linked, if it is not bare."""

    doc: Doc
    spans: list[Span]
    asked: Asked

    @property
    def is_bare(self) -> bool:
        return self.asked.mentions is None


_Batch: TypeAlias = "tuple[list[Doc], list[_Given] | Exception]"
"""Docs, and what they bring, or why that cannot be said."""


class ConceptLinker(Pipe):
    """Links the entities of docs. The index is opened at once, the encoder when first needed."""

    def __init__(
        self,
        index: str,
        *,
        nlp: Language | None = None,
        name: str = "concept_linker",
        encoder: str | None = None,
        detector: str = "dictionary",
        spans_key: str | None = None,
        span_getter: Callable[[Doc], Iterable[Span]] | None = None,
        threshold: float | str = DEFAULT_THRESHOLD,
        k: int = 5,
        attribute: str = "link",
        type_filter: bool = True,
        labels_discard: Collection[str] = NO_CONCEPTS,
        assertion_rules: str | None = None,
        device: str | None = None,
        backend: str | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        if not attribute.isidentifier() or iskeyword(attribute) or hasattr(Underscore, attribute):
            raise ConfigError(f"{name}: attribute is {attribute!r}; give a name for span._.NAME")
        if spans_key == "":
            raise ConfigError(
                f"{name}: spans_key is ''; give the key of doc.spans, or none to link doc.ents"
            )
        if not (span_getter is None or callable(span_getter)):
            raise ConfigError(
                f"{name}: span_getter is {type(span_getter).__name__}, expected a function of a "
                "doc; the registered function returns it"
            )
        self.name = name
        try:
            self._k = n_candidates(k)
            self.linker = Linker.load(
                index,
                encoder=encoder,
                detector=detector,
                threshold=threshold,
                type_filter=type_filter,
                assertion_rules=assertion_rules,
                device=device,
                backend=backend,
            )
        except IndexFolderError as error:
            looked = "" if at_home(index).is_absolute() else f" (relative to {Path.cwd()})"
            raise IndexFolderError(
                f"{error}{looked}. If the index of a saved pipeline is elsewhere now: "
                f"{_with_index(name)}"
            ) from error
        except (DetectorError, EncoderError, TypeError, ValueError) as error:
            raise ConfigError(f"{name}: {error}") from error
        self._index = index
        self.scorer = scorer
        # Spans that are chosen for us are no entities of the doc.
        self._spans_key = name if span_getter is not None and spans_key is None else spans_key
        self._span_getter = span_getter
        self._labels_discard = frozenset(labels_discard)
        self._attribute = attribute
        # The pipeline holds us: what stands in it may change until it runs.
        self._nlp = None if nlp is None else ref(nlp)
        self._before: frozenset[str] = frozenset()
        self._has_warned = False
        set_extensions(attribute)

    @property
    def attribute(self) -> str:
        """The name of the `._.` attribute that holds the link."""
        return self._attribute

    @property
    def threshold(self) -> float:
        """Links below this probability are NIL; may be set at any time, to a number or a name.

        `nlp.to_disk` saves the one that the component was made with.
        """
        return self.linker.threshold

    @threshold.setter
    def threshold(self, value: float | str) -> None:
        try:
            self.linker.threshold = value
        except ConfigError as error:
            raise ConfigError(f"{self.name}: {error}") from error

    @property
    def kb(self) -> KnowledgeBase:
        """The concepts, in the shape that scispaCy's users know: `kb.cui_to_entity[concept_id]`."""
        return self.linker.kb

    def __call__(self, doc: Doc) -> Doc:
        """Link the entities of one doc."""
        self._put_all(self._linked([self._given(doc)]))
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Link the entities of a stream of docs, those of a batch together.

        A thread looks up what a batch mentions while the components before make the next one, so a
        batch is given when the next was made. With `batch_size=1` no doc waits for another.
        """
        batch_size = at_least_one(batch_size, "batch_size", "take at least 1 doc at a time")
        docs = iter(stream)
        if batch_size == 1:
            yield from self._one_by_one(docs)
            return
        batches = self._batches(docs, batch_size)
        for (batch, _), linked in one_ahead(self._linked_batch, batches, name=self.name):
            # Nothing is set before all is known: docs of a batch that fails are looked at again.
            try:
                self._put_all(linked.result())
            except Exception:
                # One of them cannot be linked: which one, each alone will tell.
                yield from self._one_by_one(batch)
            else:
                yield from batch

    def _one_by_one(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        for doc in docs:
            try:
                self(doc)
            except Exception as error:
                # Raises, unless the pipeline has another idea: `nlp.set_error_handler`.
                self.get_error_handler()(self.name, self, [doc], error)
            else:
                yield doc

    def _batches(self, docs: Iterator[Doc], batch_size: int) -> Iterator[_Batch]:
        while batch := list(islice(docs, batch_size)):
            try:
                given: list[_Given] | Exception = [self._given(doc) for doc in batch]
            except Exception as error:
                given = error
            yield batch, given

    def _linked_batch(self, batch: _Batch) -> list[tuple[_Given, list[Link]]]:
        _, given = batch
        if isinstance(given, Exception):
            raise given
        return self._linked(given)

    def _linked(self, given: list[_Given]) -> list[tuple[_Given, list[Link]]]:
        """What is given of some docs, and the links of each; asks nothing of spaCy."""
        asked = [of_doc.asked for of_doc in given]
        links = answered(self.linker, asked, k=self._k, discard=self._labels_discard)
        return list(zip(given, links, strict=True))

    def _given(self, doc: Doc) -> _Given:
        if self._is_bare(doc):
            return _Given(doc, [], Asked(doc.text, None))
        spans = self._spans_given(doc)
        return _Given(doc, spans, Asked(doc.text, mentions_of(spans)))

    def _put_all(self, linked: list[tuple[_Given, list[Link]]]) -> None:
        """Set the links of docs."""
        before = self._set_before()
        pairs = [
            spans_of(given.doc, links) if given.is_bare else asserted(given.spans, links, before)
            for given, links in linked
        ]
        # A warning may be an error: nothing is set before it.
        self._warn_of(sum(len(links) for _, links in linked) - sum(map(len, pairs)))
        for (given, _), of_doc in zip(linked, pairs, strict=True):
            self._put(given.doc, [self._set(*pair) for pair in of_doc], bare=given.is_bare)

    def _warn_of(self, n_left_out: int) -> None:
        if n_left_out and not self._has_warned:
            self._has_warned = True
            warn(
                f"{self.name}: mentions that share a token with another one are left out, as "
                "entities may not overlap; linker.component.split_at_signs(nlp) has the tokenizer "
                "split words such as HTN&CKD",
                stacklevel=2,
            )

    def _is_bare(self, doc: Doc) -> bool:
        """Whether no component has looked for entities: then we do."""
        return self._spans_key is None and not doc.has_annotation("ENT_IOB")

    def _set_before(self) -> frozenset[str]:
        """What of the spans' attributes is set when a doc comes here."""
        nlp = None if self._nlp is None else self._nlp()
        if nlp is not None:
            self._before = set_before(nlp, self, self._spans_key)
        return self._before

    def _spans_given(self, doc: Doc) -> list[Span]:
        if self._span_getter is not None:
            return spans_given(doc, self._span_getter(doc), name=self.name)
        if self._spans_key is None:
            return list(doc.ents)
        return list(doc.spans.get(self._spans_key, ()))

    def _set(self, span: Span, link: Link) -> Span:
        # `Span.kb_id_` of a span in `doc.ents` is a copy's: the new span is put back by `_put`.
        span = Span(
            span.doc,
            span.start,
            span.end,
            label=span.label,
            kb_id=link.concept_id or NIL,
            span_id=span.id,
        )
        span._.set(self._attribute, link)
        return span

    def _put(self, doc: Doc, spans: list[Span], *, bare: bool) -> None:
        if self._spans_key is None:
            doc.set_ents(spans, default="outside" if bare else "unmodified")
        elif self._span_getter is not None:
            doc.spans[self._spans_key] = SpanGroup(doc, name=self._spans_key, spans=spans)
        elif self._spans_key in doc.spans:
            group = doc.spans[self._spans_key]
            # The attributes are a component's own: spaCy's span categoriser keeps its scores there.
            doc.spans[self._spans_key] = SpanGroup(
                doc, name=group.name, attrs=group.attrs, spans=spans
            )

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:  # noqa: ARG002
        """Write nothing: the settings are in the pipeline's `config.cfg`, the index stays.

        Warns where the index was given by a relative path, which the pipeline keeps as it is.
        """
        if not at_home(self._index).is_absolute():
            warn(
                f"{self.name}: the saved pipeline will look for its index at {self._index}, from "
                "the folder where the program is started that loads it; give the index by an "
                "absolute path to have it found from any folder, or say where it is when loading: "
                f"{_with_index(self.name)}",
                stacklevel=5,  # Where `nlp.to_disk` is called.
            )

    def __reduce__(self) -> tuple[Any, ...]:
        # `Pipe` is an extension type, which has a pickle of its own.
        # What stood before it goes along, the pipeline does not.
        state = {**self.__dict__, "_before": self._set_before(), "_nlp": None}
        return (_restored, (type(self), state, self.name))


def _with_index(name: str) -> str:
    """How a saved pipeline is loaded whose index is elsewhere now."""
    return f'spacy.load(..., config={{"components.{name}.index": "/path/to/index"}})'


def _restored(cls: type[ConceptLinker], state: dict[str, Any], name: str) -> ConceptLinker:
    component = cls.__new__(cls)
    component.__dict__.update(state)
    component.name = name
    # Extensions are the process's: a new process has none.
    set_extensions(component._attribute)
    return component
