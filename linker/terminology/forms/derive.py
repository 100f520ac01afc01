"""Forms that people write, derived from the names as terminologies write them.

"Diabetes mellitus, type 2" is written "type 2 diabetes mellitus"; "MI - Myocardial infarction" is
two names; "Rubella NOS" is rubella. A form is looked up like a name, and shows the name that it
comes from. What a terminology says itself outranks it: a form that is a name already, of any
concept, is dropped where the index is written (`linker.index.store.make`).

Which rules are kept, and what each gains: benchmarks/RESULTS.md, "Derived names".
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby, islice

import pyarrow as pa
import pyarrow.compute as pc

from linker.terminology.forms.compounds import all_compounds, compounds
from linker.terminology.forms.icd10cm import (
    cancer,
    everyday,
    exacerbation,
    qualifier_behind,
    status,
    told,
)
from linker.terminology.forms.rules import (
    EITHER,
    ELSEWHERE,
    brand,
    cleaned,
    either,
    inverted,
    optional_words,
    synonym_in_brackets,
    with_short_form,
)
from linker.terminology.tables import FORMS, Form, NameKind, Terminology
from linker.text import stems

Rule = Callable[[str], list[Form]]
_FormRow = tuple[str, str, str, str]
"""A concept, a form, its kind, and the name that it comes from."""

_MIN_LETTERS = 2
"""A form of fewer letters names nothing."""

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
        kind == NameKind.NARROW.value and EITHER.search(name)
    ):
        return 2
    return 1 if ELSEWHERE.search(name) else 0


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


_EVERYWHERE: tuple[Rule, ...] = (cleaned, with_short_form, compounds)


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
                if sum(map(str.isalpha, made)) >= _MIN_LETTERS:
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
