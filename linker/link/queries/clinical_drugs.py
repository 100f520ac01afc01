"""Entries of lists of medicines that are a clinical drug of RxNorm: "lisinopril 10 mg tab".

RxNorm has a concept of each drug, strength and form, and names it "lisinopril 10 MG Oral Tablet"; a
salt stands with it where the drug is one, and so does how it is released ("24 HR metformin
hydrochloride 500 MG Extended Release Oral Tablet"). Lists write the form short, leave out the
route and the salt, and have units of their own. Where the index has no such name, the entry is
looked up as the drug.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from linker.index import Index
from linker.link.queries.wording import rows_of

_AMOUNT = r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
_STRENGTH = rf"(?P<amounts>{_AMOUNT}(?: ?[-/] ?{_AMOUNT})?) ?(?P<unit>mg|mcg|g|units?|meq)"
_HOW = r"er|xr|xl|sr|dr|ec|chewable|odt"
_FORM = r"(?:(?:oral|po) )?(?:(?P<form>tab|cap)(?:let|sule)?s?|odt)"
_DRUG = r"(?P<drug>[^\W\d][^\d,;:()]*?),?"
_TAKEN = (
    r"po|oral|orally|by mouth|daily|nightly|once|twice"
    r"|(?:a|per|every) (?:day|morning|evening|night)|bid|tid|qid|qd|qhs|qam|qpm|hs|at bedtime|prn"
)
_ENTRIES = tuple(
    re.compile(rf"{_DRUG} {what}\.?(?:[ ,;]+(?:{_TAKEN}))*", re.IGNORECASE)
    for what in (
        rf"(?:(?P<how>{_HOW}) )?{_STRENGTH},? (?:(?P<also>{_HOW}) )?{_FORM}",
        rf"(?:(?P<how>{_HOW}) )?{_FORM},? {_STRENGTH}",
    )
)
_MAY_BE = re.compile(r"\d.*(?:tab|cap|odt)|(?:tab|cap|odt).*\d", re.IGNORECASE | re.DOTALL)
_FORMS = {"tab": "tablet", "cap": "capsule"}
_ENDINGS = {
    "": ("oral {form}", "{form}"),
    "er": ("extended release oral {form}",),
    "dr": ("delayed release oral {form}",),
    "odt": ("disintegrating oral tablet",),
    "chewable": ("chewable tablet",),
}
_SAME = {"xr": "er", "xl": "er", "sr": "er", "ec": "dr"}
_HOURS = {
    "er": ("24 hr ", "12 hr ", ""),
    "xr": ("24 hr ", "12 hr ", ""),
    "xl": ("24 hr ", ""),
    "sr": ("12 hr ", ""),
}
"""Over how many hours a drug is released, as RxNorm writes it before the name."""
_UNITS = {
    "mcg": (("mg", -3),),
    "g": (("mg", 3), ("gm", 0)),
    "unit": (("unt", 0),),
    "units": (("unt", 0),),
}
"""Units that RxNorm may have instead, and by which power of ten an amount in them differs."""
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
    the form, or it is released over different hours, it must be one alone that has.
    """
    if len(entry) > _LONGEST or not _MAY_BE.search(entry):
        return None
    said = re.sub(r"(?<=\d)(?=[^\W\d_])", " ", " ".join(entry.split()))
    found = next(filter(None, (pattern.fullmatch(said) for pattern in _ENTRIES)), None)
    if found is None or rows_of(index, said):
        return None
    drugs = _drugs(found["drug"], found["amounts"])
    if not drugs:
        return None
    in_units = [*_in_units(drugs, found["unit"])]
    form = _FORMS.get((found["form"] or "").lower(), "")
    said_how = found["how"] or found.groupdict().get("also")
    how = (said_how or ("" if form else "odt")).lower()
    for ending in _ENDINGS[_SAME.get(how, how)]:
        for salts in ("",), _SALTS if len(drugs) == 1 else ():
            names = [
                _joined(hours, strengths, salt, ending.format(form=form))
                for hours in _HOURS.get(how, ("",))
                for salt in salts
                for strengths in in_units
            ]
            by_concepts: dict[frozenset[int], str] = {}
            for name in names:
                if concepts := _concepts(index, name):
                    by_concepts.setdefault(concepts, name)
            if by_concepts:
                return next(iter(by_concepts.values())) if len(by_concepts) == 1 else None
    return None


def _drugs(said: str, amounts: str) -> list[tuple[str, Decimal]]:
    """Each drug with its amount, two of "amoxicillin-clavulanate 875-125 mg"; [] if they differ."""
    each = [Decimal(amount.strip().replace(",", "")) for amount in re.split("[-/]", amounts)]
    drugs = re.split(r" ?[-/] ?", said) if len(each) > 1 else [said]
    return list(zip(drugs, each, strict=True)) if len(drugs) == len(each) else []


def _in_units(drugs: Sequence[tuple[str, Decimal]], unit: str) -> Iterator[list[tuple[str, str]]]:
    """Each drug with its strength, first in the unit as said: [("liothyronine", "5 mcg")]."""
    for other, power in ((unit, 0), *_UNITS.get(unit.lower(), ())):
        yield [
            # "5.0" is 5, and ".5" is 0.5.
            (drug, f"{amount.scaleb(power).normalize():f} {other}")
            for drug, amount in drugs
        ]


def _joined(hours: str, strengths: Sequence[tuple[str, str]], salt: str, ending: str) -> str:
    with_salt = f" {salt}" if salt else ""
    said = " / ".join(f"{drug}{with_salt} {strength}" for drug, strength in strengths)
    return f"{hours}{said} {ending}"


def _concepts(index: Index, name: str) -> frozenset[int]:
    return frozenset(
        pair.concept for row in rows_of(index, name) for pair in index.store.pairs(row)
    )
