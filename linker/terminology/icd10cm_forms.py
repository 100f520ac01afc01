"""How the titles of ICD-10-CM are said: the rules of `forms` for its wording alone."""

from __future__ import annotations

import re

from linker.terminology.tables import Form, NameKind

_MALIGNANT = re.compile(
    r"(?P<spread>secondary )?malignant neoplasm of (?:unspecified (?:part|site) of )?"
    r"(?P<where>[^,]+)",
    re.IGNORECASE,
)


def cancer(name: str) -> list[Form]:
    """ICD-10-CM: "Malignant neoplasm of prostate" is cancer of the prostate; a secondary one has
    spread there.
    """
    match = _MALIGNANT.fullmatch(name)
    if match is None:
        return []
    what = "metastasis to" if match["spread"] else "cancer of"
    return [(f"{what} {match['where']}", None)]


_WEIGHT = re.compile(r"abnormal (weight (?:loss|gain))", re.IGNORECASE)
_HEPATITIS = re.compile(r"((?:acute |chronic )?)viral (hepatitis [A-E])", re.IGNORECASE)


def everyday(name: str) -> list[Form]:
    """ICD-10-CM: "Viral hepatitis C" is hepatitis C, and "diabetes" diabetes mellitus.

    "Abnormal weight loss" is what a note has as weight loss.
    """
    if match := _HEPATITIS.fullmatch(name):
        return [(f"{match[1]}{match[2]}", NameKind.PREFERRED)]
    if match := _WEIGHT.fullmatch(name):
        return [(match[1], None)]
    return [(f"{name} mellitus", None)] if name.lower() == "diabetes" else []
