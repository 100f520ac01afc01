"""How the titles of ICD-10-CM are said: the rules of `derive` for its wording alone.

What they make is as good as the title, for it has the same code by the alphabetic index.
"""

from __future__ import annotations

import re

from linker.terminology.tables import Form, NameKind

_ABOUT = r"(?P<about>(?:(?:personal|family) history of |encounter for screening for )?)"
_MALIGNANT = re.compile(
    rf"{_ABOUT}(?P<spread>secondary )?malignant neoplasm of (?:unspecified (?:part|site) of )?"
    r"(?P<where>[^,]+)",
    re.IGNORECASE,
)
_NO_SITE = re.compile(r"\b(?:other|unspecified|overlapping|ill-defined|and|or|of)\b", re.IGNORECASE)


def cancer(name: str) -> list[Form]:
    """ICD-10-CM: "Malignant neoplasm of prostate" is cancer of the prostate, and so are its
    carcinoma and adenocarcinoma; a secondary one has spread there.

    The alphabetic index has "Adenocarcinoma - see also Neoplasm, malignant, by site", and carcinoma
    likewise. What somebody had, or is screened for, is said to be cancer.
    """
    match = _MALIGNANT.fullmatch(name)
    if match is None:
        return []
    about, where = match["about"], match["where"]
    if match["spread"]:
        whats = [("metastasis", "to")]
    elif about or _NO_SITE.search(where):
        whats = [("cancer", "of")]
    else:
        whats = [(what, "of") for what in ("cancer", "carcinoma", "adenocarcinoma")]
    forms: list[Form] = [(f"{about}{what} {of} {where}", NameKind.PREFERRED) for what, of in whats]
    if not _NO_SITE.search(where):
        forms += [(f"{about}{where} {what}", NameKind.PREFERRED) for what, _ in whats]
    return forms


_TOLD = re.compile(
    r"(?P<about>personal history of|family history of|encounter for screening for) "
    r"(?P<what>(?!(?:other|unspecified|certain)\b).+)",
    re.IGNORECASE,
)
_SAID = {
    "personal history of": ("history of {}", "hx of {}", "h/o {}"),
    "family history of": ("family hx of {}", "FHx of {}", "FH of {}"),
    "encounter for screening for": ("screening for {}", "{} screening"),
}


def told(name: str) -> list[Form]:
    """ICD-10-CM: "Personal history of gout" is "history of gout", "hx of gout", "h/o gout"."""
    match = _TOLD.fullmatch(name)
    if match is None:
        return []
    return [
        (said.format(match["what"]), NameKind.PREFERRED) for said in _SAID[match["about"].lower()]
    ]


_STATUS = re.compile(
    r"(?!awaiting)(?P<what>.+ (?:transplant|ligation|extraction|bypass)|"
    r".*(?:ostomy|plasty|desis|ectomy)|(?:bariatric|obesity) surgery) status",
    re.IGNORECASE,
)
_POST = re.compile(r"status post (?P<what>.+)", re.IGNORECASE)


def status(name: str) -> list[Form]:
    """ICD-10-CM: "Kidney transplant status" is said "s/p kidney transplant"."""
    posts: tuple[str, ...]
    if match := _STATUS.fullmatch(name):
        posts = ("status post", "s/p", "history of")
    elif match := _POST.fullmatch(name):
        posts = ("s/p", "history of")
    else:
        return []
    return [(f"{post} {match['what']}", NameKind.PREFERRED) for post in posts]


_EXACERBATION = re.compile(r"(?P<what>.+) with (?:\(acute\) |acute )?exacerbation", re.IGNORECASE)


def exacerbation(name: str) -> list[Form]:
    """ICD-10-CM: "Asthma with (acute) exacerbation" is "asthma exacerbation", acute or not."""
    match = _EXACERBATION.fullmatch(name)
    if match is None:
        return []
    what = match["what"]
    return [
        (f"{what} exacerbation", NameKind.PREFERRED),
        (f"exacerbation of {what}", NameKind.PREFERRED),
        (f"acute exacerbation of {what}", NameKind.PREFERRED),
        (f"acute {what} exacerbation", NameKind.PREFERRED),
        (f"{what} with acute exacerbation", NameKind.PREFERRED),
    ]


_QUALIFIED = re.compile(
    r"(?P<how>acute|chronic|subacute|recurrent|congestive|ischemic|iron deficiency|atrial|allergic)"
    r" (?P<what>(?!and |or |on )[a-z]+(?: (?!(?:and|or|of|with|due|in|nos|nec)\b)[a-z]+)?)",
    re.IGNORECASE,
)


def qualifier_behind(name: str) -> list[Form]:
    """ICD-10-CM: "Chronic tonsillitis" is "tonsillitis, chronic" as problem lists sort it.

    Otherwise the tonsillitis of such a list is taken for one that nothing is said of, which may be
    another code.
    """
    match = _QUALIFIED.fullmatch(name)
    return [(f"{match['what']}, {match['how']}", NameKind.PREFERRED)] if match else []


_WEIGHT = re.compile(r"abnormal (weight (?:loss|gain))", re.IGNORECASE)
_HEPATITIS = re.compile(r"((?:acute |chronic )?)viral (hepatitis [A-E])", re.IGNORECASE)

_DIABETES = re.compile(
    r"((?:family history of|encounter for screening for) diabetes) mellitus", re.IGNORECASE
)


def everyday(name: str) -> list[Form]:
    """ICD-10-CM: "Viral hepatitis C" is hepatitis C, and "diabetes" diabetes mellitus.

    "Abnormal weight loss" is what a note has as weight loss.
    """
    if match := _HEPATITIS.fullmatch(name):
        return [(f"{match[1]}{match[2]}", NameKind.PREFERRED)]
    if match := _WEIGHT.fullmatch(name):
        return [(match[1], None)]
    if match := _DIABETES.fullmatch(name):
        return [(match[1], NameKind.PREFERRED)]
    return [(f"{name} mellitus", None)] if name.lower() == "diabetes" else []
