"""Entries of lists of medicines that are a clinical drug of RxNorm: "lisinopril 10 mg tab".

RxNorm has a concept of each drug, strength and form, and names it "lisinopril 10 MG Oral Tablet"; a
salt stands with it where the drug is one ("metformin hydrochloride 500 MG Oral Tablet"). Lists
write the form short, and leave out the route and the salt. Where the index has no such name, the
entry is looked up as the drug.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from linker.index import Index
from linker.link.queries.wording import named
from linker.text import normalise, stems

_AMOUNT = r"\d[\d.,]*"
_STRENGTH = rf"(?P<amounts>{_AMOUNT}(?: ?[-/] ?{_AMOUNT})?) ?(?P<unit>mg|mcg|g|units?|meq)"
_FORM = r"(?:(?:oral|po) )?(?P<form>tab|cap)(?:let|sule)?s?"
_DRUG = r"(?P<drug>[^\W\d][^\d,;:()]*?),?"
_TAKEN = (
    r"po|oral|orally|by mouth|daily|nightly|once|twice"
    r"|(?:a|per|every) (?:day|morning|evening|night)|bid|tid|qid|qd|qhs|qam|qpm|hs|at bedtime|prn"
)
_ENTRIES = tuple(
    re.compile(rf"{_DRUG} {what}\.?(?:[ ,;]+(?:{_TAKEN}))*", re.IGNORECASE)
    for what in (rf"{_STRENGTH},? {_FORM}", rf"{_FORM},? {_STRENGTH}")
)
_MAY_BE = re.compile(r"\d.*(?:tab|cap)|(?:tab|cap).*\d", re.IGNORECASE | re.DOTALL)
_FORMS = {"tab": "tablet", "cap": "capsule"}
_SALTS = (
    "hydrochloride", "HCl", "sodium", "potassium", "calcium", "sulfate", "tartrate", "bitartrate",
    "succinate", "maleate", "besylate", "mesylate", "fumarate", "citrate", "acetate", "phosphate",
    "hydrobromide", "bisulfate", "medoxomil", "hyclate",
)  # fmt: skip
"""Those that RxNorm names with drugs that are swallowed."""
_LONGEST = 120
"""Code points of an entry."""


def as_clinical_drug(index: Index, entry: str) -> str | None:
    """The name of the drug, strength and form that an entry is; None if the index has none.

    An entry that is a name itself is not asked for. Where salts of the drug have the strength in
    the form, it must be one alone that has.
    """
    if len(entry) > _LONGEST or not _MAY_BE.search(entry):
        return None
    said = re.sub(r"(?<=\d)(?=[^\W\d_])", " ", " ".join(entry.split()))
    found = next(filter(None, (pattern.fullmatch(said) for pattern in _ENTRIES)), None)
    if found is None or _is_name(index, said):
        return None
    drugs, form = _drugs(found["drug"], found["amounts"]), _FORMS[found["form"].lower()]
    if not drugs:
        return None
    for ending in (f"oral {form}", form):
        name = _joined(drugs, found["unit"], ending)
        if _is_name(index, name):
            return name
        if len(drugs) == 1:
            ((drug, amount),) = drugs
            by_concepts: dict[frozenset[int], str] = {}
            for salt in _SALTS:
                name = _joined([(f"{drug} {salt}", amount)], found["unit"], ending)
                if concepts := _concepts(index, name):
                    by_concepts.setdefault(concepts, name)
            if len(by_concepts) == 1:
                return next(iter(by_concepts.values()))
    return None


def _drugs(said: str, amounts: str) -> list[tuple[str, str]]:
    """Each drug with its amount, two of "amoxicillin-clavulanate 875-125 mg"; [] if they differ."""
    each = [amount.strip().replace(",", "") for amount in re.split("[-/]", amounts)]
    drugs = re.split(r" ?[-/] ?", said) if len(each) > 1 else [said]
    return list(zip(drugs, each, strict=True)) if len(drugs) == len(each) else []


def _joined(drugs: Sequence[tuple[str, str]], unit: str, ending: str) -> str:
    return f"{' / '.join(f'{drug} {amount} {unit}' for drug, amount in drugs)} {ending}"


def _is_name(index: Index, text: str) -> bool:
    return bool(_rows(index, text))


def _rows(index: Index, text: str) -> list[int]:
    return named(index, stems(normalise(text)))


def _concepts(index: Index, name: str) -> frozenset[int]:
    rows = _rows(index, name)
    return frozenset(pair.concept for row in rows for pair in index.store.pairs(row))
