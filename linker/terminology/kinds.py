"""Kinds of thing that a concept may be (disorder, chemical, ...), by its semantic types.

Every terminology has types of its own: those of the UMLS Semantic Network ("T047", or written out,
"Disease or Syndrome"), SNOMED CT's semantic tags ("finding"), MeSH's categories, OMOP's domains and
concept classes. `data/kinds.toml` lists what is the same thing among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from pydantic import RootModel

from linker.checked import Checked, shipped
from linker.terminology.rrf.semantic_network import SemanticNetwork, network_of

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


_TUI = re.compile(r".*[/#:](T\d{3})")


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
    own = {name for name, kind in _kinds().items() if lower in kind.types or last in kind.endings}
    # "Clinical drug" is SNOMED CT's before it is the UMLS's, whose chemicals may be genes.
    if own:
        return frozenset(own)
    tui, groups = tui_of(semantic_type), _network().groups
    return frozenset(
        name
        for name, kind in _kinds().items()
        if any(tui in groups.get(group, ()) for group in kind.groups)
    )


@lru_cache(maxsize=4096)
def tui_of(semantic_type: str) -> str:
    """The TUI of a type of the UMLS Semantic Network; any other type as it is.

    Tables have it as its name, BioPortal's as an IRI (".../STY/T047").
    """
    semantic_type = semantic_type.strip()
    if match := _TUI.fullmatch(semantic_type):
        return match[1]
    return _by_name().get(semantic_type.casefold(), semantic_type)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    """The TUI of each type, by its name in small letters."""
    return {name.casefold(): tui for tui, name in _network().names.items()}


@lru_cache(maxsize=1)
def _network() -> SemanticNetwork:
    return network_of()


@lru_cache(maxsize=1)
def _kinds() -> dict[str, _Kind]:
    return shipped(RootModel[dict[str, _Kind]], __package__, "kinds.toml").root
