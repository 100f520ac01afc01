"""Kinds of thing that a concept may be (disorder, chemical, ...), by its semantic types.

Every terminology has types of its own: those of the UMLS Semantic Network ("T047"), SNOMED CT's
semantic tags ("finding"), MeSH's categories, OMOP's domains. `data/kinds.toml` lists what is the
same thing among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from pydantic import RootModel

from linker.checked import Checked, shipped
from linker.terminology.rrf.semantic_network import network_of

DISORDER = "disorder"
"""The kind of diseases, symptoms and findings."""
CHEMICAL = "chemical"
"""The kind of drugs and other substances."""
ANATOMY = "anatomy"
"""The kind of body parts."""
MORPHOLOGY = "morphology"
"""The kind of what tissue looks like: disorders too, but nothing that is said of a patient."""
QUALITY = "quality"
"""The kind of what says how, where, when and how much."""


class _Kind(Checked):
    groups: tuple[str, ...]
    types: tuple[str, ...]
    endings: tuple[str, ...]


def kinds() -> tuple[str, ...]:
    """All kinds that there are, always in one order."""
    return tuple(_kinds())


def kinds_of(semantic_types: Iterable[str]) -> frozenset[str]:
    """The kinds of thing that a concept of some semantic types may be; none if none is known."""
    return frozenset().union(*map(kinds_of_type, semantic_types))


@lru_cache(maxsize=4096)
def kinds_of_type(semantic_type: str) -> frozenset[str]:
    """The kinds of thing that a concept of a semantic type may be; none if it is not known."""
    lower = semantic_type.lower()
    last = lower.split()[-1] if lower.strip() else ""
    return frozenset(
        name
        for name, kind in _kinds().items()
        if lower in kind.types
        or last in kind.endings
        or any(semantic_type in _groups().get(group, ()) for group in kind.groups)
    )


@lru_cache(maxsize=1)
def _groups() -> Mapping[str, frozenset[str]]:
    """The types of each group of the UMLS Semantic Network."""
    return network_of().groups


@lru_cache(maxsize=1)
def _kinds() -> dict[str, _Kind]:
    return shipped(RootModel[dict[str, _Kind]], __package__, "kinds.toml").root
