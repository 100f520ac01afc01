"""The rules by which people say a name in another way: each makes forms of one name.

What they are good for, and in what order they apply: `derive`.
"""

from __future__ import annotations

import re
from collections.abc import Container

from linker.terminology.tables import Form, NameKind

# The commonest hierarchy tags of SNOMED CT fully specified names (SNOMED CT Editorial Guide,
# "Hierarchy tag"), and "(disease)" of Mondo.
_TAG = re.compile(
    r"\s*\((?:disorder|finding|disease|situation|event|procedure|regime/therapy|substance|product|"
    r"medicinal product|clinical drug|organism|morphologic abnormality|morphology|body structure|"
    r"observable entity|qualifier value|physical object|navigational concept|"
    r"context-dependent category)\)$"
)
# Read codes, and their heirs in SNOMED CT: [X] from ICD-10, [D] working diagnosis, [M] morphology,
# [V] supplementary factors, [SO] site of operation, [Q] qualifier.
_READ_CODE = re.compile(r"^\[(?:X|D|M|V|SO|Q)\]\s*|\s*\[(?:X|D|M|V|SO|Q)\]$")
_NOS = re.compile(
    r",?\s+(?:NOS|\(NOS\)|NEC|\(NEC\)|(?i:not (?:otherwise specified|elsewhere classified)))$"
)
ELSEWHERE = re.compile(r"\b(?:NEC|(?i:not elsewhere classified))\b")
# ICD-10: "Urinary tract infection, site not specified", "Bronchitis, not specified as acute or
# chronic".
_NOT_SPECIFIED = re.compile(r",\s*(?:\w+ not specified|not specified as .+)$", re.IGNORECASE)
# "unspecified ankle" says where, which is no less for not being said exactly.
_UNSPECIFIED = re.compile(
    r"(?:,\s*|\s+-\s+|\s+)unspecified$|^unspecified\s+|"
    r",\s*unspecified\s+(?:organism|site|type|cause|species|etiology|severity|stage|eye|ear|side)$",
    re.IGNORECASE,
)
# OMIM: "PVOP1, INCLUDED", "MECKEL SYNDROME, TYPE 1, FORMERLY".
_OMIM_REMARK = re.compile(r",\s*(?:INCLUDED|FORMERLY)$", re.IGNORECASE)
_SHORT_FORM = r"[A-Z][A-Za-z0-9-]{1,7}"


def cleaned(name: str) -> list[Form]:
    """Leave off tags, codes and remarks, one by one: "[X]Asthma, unspecified (disorder)"."""
    forms: list[Form] = []
    for pattern in (_TAG, _READ_CODE, _OMIM_REMARK, _NOS, _UNSPECIFIED, _NOT_SPECIFIED):
        while (shorter := pattern.sub("", name, count=1)) != name and shorter:
            forms.append((shorter, NameKind.PREFERRED))
            name = shorter
    return forms


_BESIDE = re.compile(rf"({_SHORT_FORM}) - (.+)|({_SHORT_FORM}) \(([^()]+)\)")
_BEHIND = re.compile(rf"(.+?)(?:; ?({_SHORT_FORM})| \(({_SHORT_FORM})\))")


def with_short_form(name: str) -> list[Form]:
    """Part "MI - Myocardial infarction" and "Traumatic Brain Injury (TBI)" into short and long.

    Only where the short form's letters stand in the long form in their order, the first one first.
    """
    if match := _BESIDE.fullmatch(name):
        short, long = match[1] or match[3], match[2] or match[4]
    elif match := _BEHIND.fullmatch(name):
        long, short = match[1], match[2] or match[3]
    else:
        return []
    if not _abbreviates(short, long):
        return []
    return [(long, None), (short, NameKind.ABBREVIATION)]


def _abbreviates(short: str, long: str) -> bool:
    letters = [c for c in short.lower().removesuffix("s") if c.isalpha()]
    rest = iter(long.lower())
    return (
        len(long) > len(short)
        and sum(map(str.isupper, short)) >= 2
        and long[:1].lower() == short[:1].lower()
        and all(letter in rest for letter in letters)
    )


_SURNAME = re.compile(r"[A-Z][a-z]+")


def synonym_in_brackets(name: str) -> list[Form]:
    """ICD-10-CM: "Rubella [German measles]" to both (Official Guidelines, section I.A.7).

    What is in brackets names the whole only where the whole is short: of "Poisoning by
    psychodysleptics [hallucinogens]" it is no name, nor is a short form of the last word alone
    ("Abnormal electroencephalogram [EEG]"). Who described it gave it his name: "[Kawasaki]" is the
    disease or syndrome of Kawasaki.
    """
    match = re.fullmatch(r"([^\[\]]+?)\s*\[([^\[\]]+)\]", name)
    if match is None or "unspecified" in match[2]:
        return []
    if _SURNAME.fullmatch(match[2]):
        names: list[Form] = [(f"{match[2]} {what}", None) for what in ("disease", "syndrome")]
        return [(match[1], NameKind.PREFERRED), *names]
    whole = len(match[1].split()) <= 2 and (
        not match[2].isupper() or _abbreviates(match[2], match[1])
    )
    return [(match[1], NameKind.PREFERRED), *([(match[2], None)] if whole else [])]


def optional_words(name: str) -> list[Form]:
    """ICD-10-CM: words in parentheses may be absent (Official Guidelines, section I.A.7)."""
    shorter = re.sub(r"\s*\([^()]*\)", "", name)
    return [(shorter, NameKind.PREFERRED)] if shorter != name else []


EITHER = re.compile(r"([A-Za-z-]{5,}) and ([a-z-]{5,})")


def either(name: str) -> list[Form]:
    """ICD-10-CM: "and" in a title is "and" or "or" (Official Guidelines, section I.A.14).

    "Syncope and collapse" is either, which is narrower than both: a code of its own stands before.
    Longer titles share words between their parts.
    """
    match = EITHER.fullmatch(name)
    return [(match[1], NameKind.NARROW), (match[2], NameKind.NARROW)] if match else []


def brand(name: str) -> list[Form]:
    """RxNorm: "atorvastatin 10 MG Oral Tablet [Lipitor]" to "Lipitor 10 MG Oral Tablet"."""
    match = re.fullmatch(r"([^/\d\[\]]+) (\d[^/\[\]]*) \[([^\[\]]+)\]", name)
    return [(f"{match[3]} {match[2]}", None)] if match else []


# A part that begins so belongs behind what it follows, or makes the name a list.
_STAYS = re.compile(
    r"(?:and|or|with|without|due|to|of|in|on|by|for|from|as|at|after|during|including|excluding|"
    r"especially|esp|not|nos|unspecified|other|susceptibility|included|formerly|protection)\b",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"(?:[A-Za-z]?\d+[A-Za-z]?|[IVX]+[a-z]?|[A-Z])")
_NUMBERED = re.compile(
    r"(.*\b(?!(?:type|group|form|class|stage|grade|phase|factor|chromosome)\b)[A-Za-z-]+)"
    r" (\d+[A-Za-z]?)",
    re.IGNORECASE,
)
_LIST = re.compile(r"\b(?:and|or)\b|;", re.IGNORECASE)
MAX_COMMAS = 3


def inverted(name: str, *, heads: Container[str]) -> list[Form]:
    """Turn "Leukemia, Lymphocytic, Chronic" into "Chronic Lymphocytic Leukemia".

    Each part of a MeSH heading qualifies what stands before it. A bare number stays at the end
    ("Ataxia, Spastic, 3": "Spastic Ataxia 3"); lists and clauses ("with seizures") are left alone,
    and so is what begins with no name of its own ("Long, narrow head").
    """
    parts = name.split(", ")
    if not 2 <= len(parts) <= MAX_COMMAS + 1 or parts[0].lower() not in heads:
        return []
    number = ""
    if _BARE_NUMBER.fullmatch(parts[-1]):
        number = f" {parts.pop()}"
    elif match := _NUMBERED.fullmatch(parts[-1]):
        parts[-1], number = match[1], f" {match[2]}"
    head = parts[0].lower()
    if any(
        not part or part[0] in "([" or _STAYS.match(part) or _LIST.search(part)
        or part.lower().startswith(head)
        for part in parts[1:]
    ):  # fmt: skip
        return []
    return [(" ".join(reversed(parts)) + number, None)]
