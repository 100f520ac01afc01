"""Forms that people write, derived from the names as terminologies write them.

"Diabetes mellitus, type 2" is written "type 2 diabetes mellitus"; "MI - Myocardial infarction" is
two names; "Rubella NOS" is rubella. A form is looked up like a name, and shows the name that it
comes from. What a terminology says itself outranks it: a form that is a name already, of any
concept, is dropped where the index is written (`linker.index.make_store`).

Which rules are kept, and what each gains: benchmarks/RESULTS.md, "Derived names".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby, islice

import pyarrow as pa
import pyarrow.compute as pc

from linker.terminology.compounds import all_compounds, compounds
from linker.terminology.icd10cm_forms import (
    cancer,
    everyday,
    exacerbation,
    qualifier_behind,
    status,
    told,
)
from linker.terminology.tables import FORMS, Form, NameKind, Terminology
from linker.text import stems

Rule = Callable[[str], list[Form]]
_FormRow = tuple[str, str, str, str]
"""A concept, a form, its kind, and the name that it comes from."""

_WORTH_A_LOOK = (
    r"(?i)[,;\[(]| - |\bn(?:os|ec)\b|unspecified|not otherwise specified|not elsewhere classified"
    r"|^(?:\S+ ){1,2}(?:disease|disorder)s?$|^(?:disease|disorder)s? of "
)
"""Most names have none of these, and no rule concerns them (RE2 syntax, for Arrow)."""
_ICD = frozenset({"icd10cm", "claml"})
"""Sources whose titles keep the conventions of ICD: brackets, parentheses, commas (vol. 2, 3.1)."""
_ICD_WORTH_A_LOOK = (
    rf"{_WORTH_A_LOOK}| and |malignant neoplasm|viral hepatitis|abnormal weight|exacerbation"
    r"|(?:personal|family) history of|screening for| status$|^status post "
    r"|^(?:acute|chronic|subacute|recurrent|congestive|ischemic|iron deficiency|atrial|allergic) "
)


def add_forms(terminology: Terminology) -> Terminology:
    """The same terminology with the forms of its names.

    A form is left out if its concept has a name, or an earlier form, of the same words in the same
    order, up to case and inflection.
    """
    names = terminology.names
    rules = rules_for(terminology.release.source, _heads(names))
    look = _ICD_WORTH_A_LOOK if terminology.release.source in _ICD else _WORTH_A_LOOK
    names = names.append_column("look", pc.match_substring_regex(names["name"], look))
    ids = pc.unique(names["concept_id"].filter(names["look"]))
    # The names of the concepts that may get a form, concept by concept.
    owners = names.filter(pc.is_in(names["concept_id"], value_set=ids)).sort_by("concept_id")
    found = (
        row
        for concept_id, rows in groupby(_rows(owners), key=lambda row: row[0])
        for row in _forms_of_concept(concept_id, [row[1:] for row in rows], rules)
    )
    # Piece by piece into Arrow: of nine million names, the forms alone as text of Python's would
    # take a gigabyte.
    pieces = []
    rows = _but_for_rivals(found)
    while piece := list(islice(rows, _PIECE)):
        pieces.append(pa.table(list(zip(*piece, strict=True)), schema=FORMS))
    return replace(terminology, forms=pa.concat_tables([FORMS.empty_table(), *pieces]))


_PIECE = 1 << 16


def _heads(names: pa.Table) -> frozenset[str]:
    """What stands before the first comma of some name and is a name itself, in lower case."""
    with_comma = names["name"].filter(pc.match_substring(names["name"], ", "))
    parts = pc.split_pattern(pc.utf8_lower(with_comma), ", ", max_splits=1)
    heads = pc.unique(pc.list_element(parts, 0))
    return frozenset(
        heads.filter(pc.is_in(heads, value_set=pc.utf8_lower(names["name"]))).to_pylist()
    )


def _rows(table: pa.Table) -> Iterator[tuple[str, str, str, bool]]:
    for batch in table.to_batches(max_chunksize=65536):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _forms_of_concept(
    concept_id: str, names: list[tuple[str, str, bool]], rules: tuple[Rule, ...]
) -> Iterator[_FormRow]:
    derived = [
        (form, kind, name, own)
        for name, own, look in names
        if look
        for form, kind in derive(name, rules)
    ]
    if not derived:
        return
    known = {_key(name) for name, _, _ in names}
    for form, kind, name, own in derived:
        key = _key(form)
        if key and key not in known:
            known.add(key)
            yield concept_id, form, _kind_of_form(own, kind), name


def _but_for_rivals(forms: Iterator[_FormRow]) -> Iterator[_FormRow]:
    """Forms without those by which another concept is called but for a remark.

    "Neuropathy NOS" is a polyneuropathy of ICD-10-CM, so that the nervous system's other disorders
    are not called so; "Hepatomegaly and splenomegaly" is no hepatomegaly beside "Hepatomegaly, not
    elsewhere classified", nor "Pain, not elsewhere classified" pain beside "Pain, unspecified".
    Such forms are single words.
    """
    weaker: list[tuple[int, str, _FormRow]] = []
    strongest: dict[str, int] = {}
    for row in forms:
        word = row[1].lower()
        weakness = 0 if " " in word else _weakness(row)
        if weakness:
            weaker.append((weakness, word, row))
        else:
            yield row
        if " " not in word:
            strongest[word] = min(weakness, strongest.get(word, weakness))
    yield from (row for weakness, word, row in weaker if weakness == strongest[word])


def _weakness(row: _FormRow) -> int:
    """How little speaks for a form of one word: 0, or more if it yields to those with less."""
    _, form, kind, name = row
    if (form.lower() in all_compounds() and form.lower() not in name.lower()) or (
        kind == NameKind.NARROW.value and _EITHER.search(name)
    ):
        return 2
    return 1 if _ELSEWHERE.search(name) else 0


def _kind_of_form(own: str, kind: NameKind | None) -> str:
    """The kind of a form of a name of some kind, given what its rules made of it."""
    if kind is NameKind.PREFERRED:
        return own
    if kind is None:
        # Nobody prefers such a form: that of a preferred name is as good as any exact name.
        return NameKind.EXACT.value if own == NameKind.PREFERRED.value else own
    other: str = kind.value
    return other


def _key(name: str) -> tuple[str, ...]:
    return tuple(stems(name))


def rules_for(source: str, heads: Container[str]) -> tuple[Rule, ...]:
    """The rules for the names that a reader gives, in the order in which they apply.

    Args:
        source: the reader's name ("icd10cm").
        heads: what may stand before the comma of an inverted name, in lower case.
    """
    if source in _ICD:
        # Its commas add an axis ("right ear", "subsequent encounter"): nothing is inverted.
        return (
            synonym_in_brackets, *_EVERYWHERE, exacerbation, optional_words, either, cancer,
            everyday, told, status, qualifier_behind,
        )  # fmt: skip
    if source == "rxnorm":
        return (brand, *_EVERYWHERE)
    return (*_EVERYWHERE, partial(inverted, heads=heads))


def derive(name: str, rules: tuple[Rule, ...]) -> list[Form]:
    """The forms of a name, each once, without the name itself.

    Each rule is applied to the name and to what the rules before it made of it.

    Returns:
        Each form with its kind: PREFERRED if it is as good as the name, whatever that is ("Asthma,
        unspecified" without its last word); None if it is as good, but not preferred.
    """
    forms: dict[str, NameKind | None] = {name: NameKind.PREFERRED}
    for rule in rules:
        for form, kind in list(forms.items()):
            for made, new_kind in rule(form):
                made = " ".join(made.split()).strip(" ,;")
                if sum(map(str.isalpha, made)) >= MIN_LETTERS:
                    forms.setdefault(made, _lesser(kind, new_kind))
    del forms[name]
    return list(forms.items())


def _lesser(kind: NameKind | None, made: NameKind | None) -> NameKind | None:
    """The kind of a form that a rule made of a form."""
    if made is NameKind.PREFERRED:
        return kind
    if made is None:
        return None if kind is NameKind.PREFERRED else kind
    return made


MIN_LETTERS = 2
"""A form of fewer letters names nothing."""

# --- Rules -------------------------------------------------------------------

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
_ELSEWHERE = re.compile(r"\b(?:NEC|(?i:not elsewhere classified))\b")
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


_EITHER = re.compile(r"([A-Za-z-]{5,}) and ([a-z-]{5,})")


def either(name: str) -> list[Form]:
    """ICD-10-CM: "and" in a title is "and" or "or" (Official Guidelines, section I.A.14).

    "Syncope and collapse" is either, which is narrower than both: a code of its own stands before.
    Longer titles share words between their parts.
    """
    match = _EITHER.fullmatch(name)
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
    if len(parts) > 2 and _BARE_NUMBER.fullmatch(parts[-1]):
        number = f" {parts.pop()}"
    elif _BARE_NUMBER.fullmatch(parts[-1]):
        return [(f"{parts[0]} {parts[1]}", None)]
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


_EVERYWHERE: tuple[Rule, ...] = (cleaned, with_short_form, compounds)
