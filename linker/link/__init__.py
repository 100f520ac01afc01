"""Mentions to links: retrieve, rank, calibrate, and the linker that joins them."""

from linker.link.calibrate import calibrate
from linker.link.given import at_least_one, n_candidates, refuse_one
from linker.link.knowledge_base import Entity, KnowledgeBase
from linker.link.linker import Linker

__all__ = [
    "Entity",
    "KnowledgeBase",
    "Linker",
    "at_least_one",
    "calibrate",
    "n_candidates",
    "refuse_one",
]
