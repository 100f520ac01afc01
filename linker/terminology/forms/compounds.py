"""Compounds of Greek and Latin combining forms: "nephropathy" is a kidney disease.

Medical English makes a word of an organ and of what is wrong with it; a small encoder does not know
the parts of a word that it never saw. `data/compounds.toml` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from linker.checked import Checked, shipped
from linker.terminology.tables import Form, NameKind

_DISEASE = re.compile(
    r"(?:diseases?|disorders?) of (?:the )?(?P<of>.+)|(?P<before>.+) (?:diseases?|disorders?)",
    re.IGNORECASE,
)


class _Compounds(Checked):
    pathy: dict[str, tuple[str, ...]]
    toxicity: dict[str, tuple[str, ...]]


def compounds(name: str) -> list[Form]:
    """What a disease of an organ is called in one word, and what harm to it by poison is called.

    The second is narrower than the name; a terminology that has it itself keeps it to itself.
    """
    match = _DISEASE.fullmatch(name)
    if match is None:
        return []
    return list(_table().get((match["of"] or match["before"]).lower(), ()))


@lru_cache(maxsize=1)
def all_compounds() -> frozenset[str]:
    """Every word that `compounds` makes, in small letters."""
    return frozenset(form for forms in _table().values() for form, _ in forms)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, list[Form]]:
    """By what terminologies call an organ, in small letters: its compounds and their kinds."""
    read = shipped(_Compounds, __package__, "compounds.toml")
    table: dict[str, list[Form]] = {}
    for ending, kind in (("pathy", None), ("toxicity", NameKind.NARROW)):
        for root, organs in getattr(read, ending).items():
            for organ in organs:
                table.setdefault(organ, []).append((f"{root}{ending}", kind))
    return table
