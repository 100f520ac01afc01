from __future__ import annotations

from collections.abc import Iterator

import pytest
from pipelines import pipeline
from spacy.language import Language
from spacy.tokens.underscore import Underscore

from linker.index import Index


@pytest.fixture
def nlp(index: Index) -> Language:
    return pipeline(index)


@pytest.fixture(autouse=True)
def extensions() -> Iterator[None]:
    """Leave spaCy's extensions, which are the process's, as they were."""
    before = Underscore.span_extensions
    Underscore.span_extensions = before.copy()
    yield
    Underscore.span_extensions = before
