"""What a laboratory measures, as its lists name it: "Albumin, Serum", "fasting glucose".

A terminology of findings has low and high albumin, and its nearest name is no answer to what was
measured. "Protein in urine" is not of this kind: so people say that there is some.
"""

from __future__ import annotations

import re
from functools import lru_cache

from linker.checked import Checked, shipped
from linker.link.queries.short_forms import is_of_test

_WORDS = re.compile(r"[^\s,;:/()]+")
_LONGEST = 80
_LOINC = re.compile(
    r"(?!abnormal|decreas|elevat|high|increas|low|rais|reduc)[^\[\]]+"
    r"\[[^\[\]]*(?:/volume|/mass|/time|/area|#|Presence|Ratio|Titer|Fraction)[^\[\]]*\]"
    r" (?:in|of) \S",
    re.IGNORECASE,
)
"""A long common name of LOINC: "Albumin [Mass/volume] in Serum or Plasma"."""


class _Laboratory(Checked):
    of: frozenset[str]
    what: frozenset[str]


@lru_cache(maxsize=1)
def _laboratory() -> _Laboratory:
    return shipped(_Laboratory, __package__, "laboratory.toml")


def is_of_laboratory(query: str) -> bool:
    """Whether a query is something to be measured with its specimen, or the manner, beside it."""
    if _LOINC.match(query):
        return True
    if len(query) > _LONGEST:
        return False
    listed = _laboratory()
    words = _WORDS.findall(query.lower())
    if "in" in words:
        return False
    first, end = 0, len(words)
    # What is measured may be blood: one word stays.
    while end - first > 1 and words[end - 1] in listed.of:
        end -= 1
    while end - first > 1 and words[first] in listed.of:
        first += 1
    what = " ".join(words[first:end])
    return end - first < len(words) and (what in listed.what or is_of_test(what))
