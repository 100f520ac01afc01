"""What lists write around a mention and do not mean by it: codes, numbers of items, marks."""

from __future__ import annotations

import re
from string import whitespace

from linker.link.queries.short_forms import is_of_test
from linker.text import readable

_ICD = r"[A-Z]\d[0-9A-Z]"
_DOTTED = rf"(?:{_ICD}|\d{{3}}|E\d{{3}}|V\d\d)\.[0-9A-Z]{{1,4}}"
_LETTERED = r"[A-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}"
_SNOMED = r"(?:SCT(?:ID)?|SNOMED(?:[- ]CT)?)"
_OTHERS = r"(?:NDC|RXCUI|RxNorm|LOINC|CPT|OMOP)"
_VOCABULARY = rf"(?:ICD-?(?:9|10)?(?:-?[A-Z]{{2}})?|{_SNOMED}|{_OTHERS})[:# -]*"
_NUMBERS = r"\d{3,18}|\d{1,7}-\d|\d{4,5}-\d{3,4}-\d{1,2}"
_CODE = rf"(?:{_VOCABULARY}(?:{_DOTTED}|{_ICD}|{_NUMBERS})|{_DOTTED}|\d{{6,18}})"
# Square brackets are for codes; in round ones "(T12)" may be a vertebra, and "(B12)" a vitamin.
# Lists that are in small letters have theirs in these: "gout [m10.9]".
_AND = r"\s*[,;/|&+]\s*"
_ANY = rf"(?:{_CODE}|{_ICD})"
_BRACKETED = rf"(?i:\[{_ANY}(?:{_AND}{_ANY})*\]|\((?:{_ICD}{_AND})*{_CODE}(?:{_AND}{_ANY})*\))"
# A category of ICD-10 beside a dash: "I10 - Hypertension". No vertebra (T10 to T12) or trisomy
# (T13, T18, T21), vitamin (B12, Q10), antigen (B27) or protein (P16, P53, P63).
_CATEGORY = r"(?!B12|B27|P16|P[56]3|Q10|T1[0-38]|T21)[A-Z]\d\d"
# "(2017)", "(dx 2017)", ", 2017", "since 2017": when it was, or was found.
_YEAR = r"(?:19|20)\d\d"
_FOUND = r"(?:in|since|dx|dx'd|diagnosed|diagnosed in)"
_PAYMENT = r"(?i:[\[(](?:[A-Z]+[/-])?HCC(?:[/ -][A-Z\d]+)?[\])])"
# Chapters of the Read codes: "[D]" is for symptoms, "[X]" for what ICD-10 alone has.
_READ = r"\[(?:[DMQVX]|SO|EC)\]"

# What SNOMED CT puts behind its names, to say of what kind they are: "Fever (finding)".
_TAG = (
    r"\((?i:body structure|cell structure|clinical drug|disorder|event|finding|medicinal product"
    r"|morphologic abnormality|observable entity|organism|physical object|procedure|product"
    r"|qualifier value|regime/therapy|situation|specimen|substance)\)"
)

# What a list keeps and offers no more: "zz" puts it at the end. "ZZ" alone may be a genotype.
_OUT_OF_USE = r"zz+(?:[\s_*-]+|(?=[A-Z]))|ZZZ+[\s_*-]*|ZZ_+"
_NOT_FOR_USE = r"(?i:do not use)"

# "#HTN" heads a problem. "H. pylori" has no number.
_ITEM = r"#(?=[A-Z]{2})|#\d{1,2}[.:)]?\s+|\(?\d{1,2}[.)]\s+"

# British notes write "#" for a fracture: "# left wrist". Of what may be a problem's head, none.
_BONE = (
    r"ankle|calcaneus|clavicle|coccyx|femoral neck|femur|fibula|finger|hip|humerus|mandible|maxilla"
    r"|metacarpal|metatarsal|neck of (?:femur|humerus)|nof|olecranon|patella|pelvis|phalanx|radius"
    r"|ribs?|sacrum|scaphoid|scapula|skull|sternum|thumb|tib(?:ia)? ?(?:[/&+]|and) ?fib(?:ula)?"
    r"|tibia|toe|ulna|wrist"
)
_WHERE = r"left|right|bilateral|l|r|lt|rt|distal|proximal|mid|shaft|head|neck|of|\dth|1st|2nd|3rd"
_FRACTURE = re.compile(
    rf"#\s*(?P<bone>(?:(?:{_WHERE})\s+)*(?:{_BONE}))(?P<year>,?\s+{_YEAR})?", re.IGNORECASE
)

_BEFORE = re.compile(
    rf"{_READ}|{_BRACKETED}|{_DOTTED}\s*[:–—-]\s|{_CATEGORY}\s+[–—-]\s"
    rf"|{_LETTERED}\s+(?!\w{{1,3}}$)|[–—-]\s|{_OUT_OF_USE}|{_ITEM}"
)
_BEHIND = re.compile(
    rf"{_BRACKETED}|{_PAYMENT}|{_TAG}|\({_NOT_FOR_USE}\)|\((?:(?i:{_FOUND})\s+)?{_YEAR}\)"
)
# Without brackets, only what can be nothing else: "ICD 2018" may be a device and its year.
_SAID_BEHIND = re.compile(
    rf"(?<![\s,;])(?:[\s,;]+(?:ICD-?(?:9|10)(?:-?[A-Z]{{2}})?[:# -]*(?:{_DOTTED}|{_ICD})"
    rf"|{_SNOMED}[:# -]*\d{{6,18}}|(?i:{_FOUND})\s+{_YEAR})|,\s*{_YEAR}"
    rf"|\s+[–—-]\s*(?:{_LETTERED}|{_CATEGORY}|{_NOT_FOR_USE}))$"
)
_READING = re.compile(r"\(([^()\d]{1,40}\d[^()]{0,40})\)")
_ENCLOSED = re.compile(r"\"([^\"]+)\"|“([^“”]+)”|\(([^()\d]+)\)")
_FOOTNOTE = re.compile(r"(?<=[A-Za-z][a-z]{3})[¹²³⁰⁴-⁹†‡§]{1,3}\Z")
_MARKS = f"{whitespace}*•?"
_LONGEST_WORD = 40
"""Code points of a last word: it may have points of its own."""
_LAYERS = 8
"""Of what stands around a term; more are none of a list's making."""


def unmarked(term: str) -> str:
    """A term as it is looked up: "PE (HCC)", "?PE", "#2: PE." and "[D]PE* [I26.99]" as "PE".

    "#" before a bone is a fracture.

    A term that is nothing else, or has nothing but blanks around it, stays as it is.
    """
    left = readable(term).strip(_MARKS)
    if (fracture := _FRACTURE.fullmatch(_without_stop(left))) is not None:
        bone = re.sub(r"(?i)\bnof\b", "neck of femur", fracture["bone"])
        return f"{bone} fracture{fracture['year'] or ''}"
    for _ in range(_LAYERS):
        before = _BEFORE.match(left)
        if before is not None:
            left = left[before.end() :].strip(_MARKS)
        # What is in the last brackets.
        start = max(left.rfind("["), left.rfind("("))
        if start >= 0 and (_BEHIND.fullmatch(left, start) or _is_reading(left, start)):
            left = left[:start].strip(_MARKS)
        elif (said := _SAID_BEHIND.search(left)) is not None:
            left = left[: said.start()].strip(_MARKS)
        if _ENCLOSED.fullmatch(left):
            left = left[1:-1].strip(_MARKS)
        left = _FOOTNOTE.sub("", _without_stop(left)).strip(_MARKS)
    return term if left in ("", term.strip()) else left


def _is_reading(term: str, start: int) -> bool:
    """Whether the bracket at a term's end holds a value that was measured: "(EF 25%)"."""
    said = _READING.fullmatch(term, start)
    return said is not None and is_of_test(said[1])


def _without_stop(term: str) -> str:
    """A term without the mark that ends a sentence or a clause: "HTN.", "DM;", not "C.O.P.D."."""
    left = term.rstrip(",;:")
    last = left[-_LONGEST_WORD:].split()[-1:]
    return left[:-1] if last and last[0].endswith(".") and last[0].count(".") == 1 else left
