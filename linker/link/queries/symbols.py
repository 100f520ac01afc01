"""Chemical symbols as queries: "Ca" is looked up as calcium, where the index has calcium.

An encoder takes "Ca" for California and "LiCl" for a gene: two letters say nothing to it, and
terminologies list few symbols. `data/symbols.toml` has them. They are no names of an index, or its
dictionary matcher would find calcium wherever a note writes "Ca"; they only say what a mention that
somebody marked is looked up by.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from linker.checked import Checked, shipped
from linker.index import Store
from linker.terminology import CHEMICAL
from linker.text import normalise

_LONGEST = 8
"""Code points of the longest string that is looked at: that of a formula, or a symbol's charge."""
_CHARGED = re.compile(r"([A-Z][a-z]?) ?(\()?(\d?[+-]|\+\+)(?(2)\))")
_INDEXED = re.compile(r"(?<=[A-Za-z])\((\d)\)")
"""A small number of a formula, as a text without small numbers may write it: "CaCl(2)"."""


class _Table(Checked):
    elements: dict[str, str]
    labelled: dict[str, str]
    formulae: dict[str, str]


class Symbols:
    """Says which strings are symbols of what an index holds.

    What the terminology calls so itself stands, to the letter: a `Ca` that it has is no calcium.
    Single letters alone do not count as such names: they are codes (K is lysine, in proteins). A
    terminology that has an ion by its charge, `Ca(2+)`, tells it from the element.

    Args:
        store: of the index.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held = lru_cache(maxsize=None)(self._read)

    def name_of(self, query: str, kind: str | None = None) -> str:
        """The name that a symbol or formula stands for, or the query as it is.

        Args:
            query: a mention's string; case counts. An element may have its charge: "Ca2+".
            kind: of the mention, as `labels.kind_of` gives it; None if nothing is known of it. What
                is no chemical has no symbol, and some symbols need to be told to be one.
        """
        if kind not in (None, CHEMICAL) or not _may_be_symbol(query):
            return query
        written = unicodedata.normalize("NFKC", query.strip()).replace("\N{MINUS SIGN}", "-")
        written = _INDEXED.sub(r"\1", written)
        table = _table()
        name = table.elements.get(written) or table.formulae.get(written)
        own: tuple[str, ...] = (written,)
        if name is None and (charged := _CHARGED.fullmatch(written)) is not None:
            name = table.elements.get(charged[1])
            charge = charged[3].replace("++", "2+")
            own = (charged[1] + charge, f"{charged[1]}({charge})")
        if name is None and kind == CHEMICAL:
            name = table.labelled.get(written)
        return query if name is None or not self._held(name, own) else name

    def _read(self, name: str, own: tuple[str, ...]) -> bool:
        """Whether the index has the name, and nothing that it calls by a symbol itself."""
        if self._store.name_row(normalise(name)) is None:
            return False
        rows = [self._store.name_row(normalise(symbol)) for symbol in own if len(symbol) > 1]
        return not any(
            pair.written in own
            for row in rows
            if row is not None
            for pair in self._store.pairs(row)
        )


def _may_be_symbol(query: str) -> bool:
    """Whether a string is short enough, and has a capital: cheap, and true of few mentions."""
    return len(query) <= _LONGEST and not query.islower()


@lru_cache(maxsize=1)
def _table() -> _Table:
    return shipped(_Table, __package__, "symbols.toml")
