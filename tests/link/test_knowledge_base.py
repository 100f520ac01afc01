"""The concepts as scispaCy's users ask for them."""

from __future__ import annotations

from typing import Any

import pytest
from scispacy.linking_utils import Entity as OfScispacy

from linker import Linker
from linker.link import Entity


def test_entity_has_scispacys_fields(linker: Linker) -> None:
    assert Entity._fields == OfScispacy._fields
    assert linker.kb.cui_to_entity["X:0001"] == OfScispacy(
        "X:0001",
        "Heart failure",
        ["Cardiac failure", "Weak heart"],
        ["finding"],
        "The heart pumps too little.",
    )


def test_retired_id_gives_what_replaced_it(linker: Linker) -> None:
    entities = linker.kb.cui_to_entity
    assert entities["X:9001"] == entities["X:0001"]
    assert "X:9001" not in list(entities)


def test_ids_are_those_of_the_active_concepts(linker: Linker) -> None:
    entities = linker.kb.cui_to_entity
    assert len(list(entities)) == len(entities) == linker.manifest.counts.concepts
    assert next(iter(entities)) == "X:0001"
    assert all(entities[concept_id].concept_id == concept_id for concept_id in entities)


@pytest.mark.parametrize("concept_id", ["X:none", "", None, 1, float("nan")])
def test_unknown_id_is_a_key_error(linker: Linker, concept_id: Any) -> None:
    entities = linker.kb.cui_to_entity
    with pytest.raises(KeyError, match="is not in the index"):
        linker.concept(concept_id)
    assert linker.kb.alias_to_cuis.get(concept_id) is None
    assert concept_id not in entities
    assert entities.get(concept_id) is None
    with pytest.raises(KeyError):
        entities[concept_id]


def test_alias_gives_every_concept_that_has_it(linker: Linker) -> None:
    aliases = linker.kb.alias_to_cuis
    assert aliases["Heart attack"] == {"X:0002"}
    assert aliases["Cold"] == {"X:0007", "X:0008"}
    # As scispaCy has it: in its own capitals.
    assert "cold" not in aliases
    assert "Nothing" not in aliases
    names = list(aliases)
    assert len(names) == len(set(names)) == len(aliases)
    assert {"Cold", "MAP", "Nausea"} <= set(names)
