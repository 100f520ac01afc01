"""Queries in other words than a name's: "CKD stage 3", "Crohn's", "low platelets", "K 3.2".

A clinical abbreviation that is a whole mention is said in full before (`linker.detect.expand`);
within a longer one only the index can tell whether the phrase is a name as it stands, and so for a
word that stands for a longer name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from linker.detect import (
    are_all_of_kind,
    as_written,
    called_after,
    full_names,
    in_full,
    is_examination,
    is_of_kind,
    measured_names,
    names_of_growth,
    names_of_saying,
    stands_for,
    stands_for_in_phrase,
    with_words,
    without_repeat,
    without_salt,
)
from linker.index import MAX_WORDS, Index
from linker.link.queries.clinical_drugs import as_clinical_drug
from linker.link.queries.reworded import reworded
from linker.link.queries.wording import rows_of
from linker.terminology import CHEMICAL, DISORDER
from linker.text import normalise, readable, stems

_LONGEST = 300
"""Code points of a query that is looked at."""
_KEPT = 16384
"""Queries of which is kept whether they are tests."""
_WITHOUT = re.compile(r"(?<![\w/])w/o(?![\w/])", re.IGNORECASE)
_WITH = re.compile(r"(?<![\w/])w/ ?(?=[^\W\d])", re.IGNORECASE)
_STAGE = re.compile(r"\b(stage )(i{1,3})([a-c])\b", re.IGNORECASE)
_TOKEN = re.compile(r"[^\s,;()]+")
_READING = re.compile(
    r"(?P<said>\S.*?)(?:\s*[:=<>~]\s*|\s+(?:(?:was|is|of|at)\s+)?)[<>~]?\d[\d.,]*(?:/\d[\d.,]*)?"
    r"\s*(?:%|°?[CF]|mm ?Hg|bpm|[a-z\u00b5\u03bc]+ ?/ ?[\w.]+)?(?:\s+\(?(?:high|low|h|l)\)?)?",
    re.IGNORECASE,
)
"""What is measured, and a value of it: "K 3.2", "BP 180/110", "hemoglobin: 9.8 g/dL (L)"."""


def spelled_out(index: Index, query: str) -> str:
    """A phrase with the clinical abbreviations in it in full, or the name that it stands for.

    "CKD stage 3", "Crohn's", "low platelets". A word that is a name stays, and so does an
    abbreviation that the index knows as a word, unless what is in full is a name: the terminology
    may mean another thing by "SJS type 2".
    """
    if len(query) > _LONGEST:
        return query
    query = _WITH.sub("with ", _WITHOUT.sub("without", with_words(query)))
    plain = unicodedata.normalize("NFKC", readable(query))
    other_name = _first_known(index, as_written(plain))
    # Such a word is no slip of another: "Advil" is not Avil, nor "Neurontin" neuronectin.
    if other_name is not None and not _has_words_of_a_name(index, plain):
        return other_name
    drug = as_clinical_drug(index, plain)
    if drug is not None:
        return drug
    examination = _examined(index, plain)
    if examination is not None:
        return examination
    tokens = [match.span() for match in _TOKEN.finditer(plain)]
    if len(tokens) == 1:
        word = plain.strip()
        names = (*called_after(word), *full_names(word), *names_of_saying(word))
        return _named_in_full(index, query, word, names)
    names = (
        *measured_names(stems(plain)),
        *names_of_growth(plain),
        *names_of_saying(plain),
        *full_names(plain),
        *_drug_of_salt(index, plain),
    )
    named_in_full = _named_in_full(index, query, plain, names)
    if named_in_full != query or not 2 <= len(tokens) <= MAX_WORDS:
        return named_in_full
    full, done, known = "", 0, False
    for start, end in tokens:
        long_form = stands_for_in_phrase(plain, start, end)
        if long_form is None:
            continue
        known = known or bool(index.lexicon.knows(stems(plain[start:end])).all())
        full += plain[done:start] + without_repeat(long_form, plain[end:])
        done = end
    full += plain[done:]
    if not done or _has_words_of_a_name(index, query):
        return query
    # "R knee pain" is less than a name if its side is left out, and "right knee pain" may be one.
    # "Gastro-esophageal reflux disease without esophagitis", "stage 3b"; "CA" may be a carcinoma.
    tried = (
        full,
        in_full(full),
        _STAGE.sub(_in_digits, full),
        full.replace("cancer", "carcinoma"),
    )
    for said in dict.fromkeys(tried):
        if _has_words_of_a_name(index, said):
            return said
    stays = known or _is_reworded(index, query)
    return query if stays and not _is_reworded(index, full) else full


def _in_digits(stage: re.Match[str]) -> str:
    return f"{stage[1]}{len(stage[2])}{stage[3]}"


def by_other_name(index: Index, long_form: str) -> str:
    """What a short form stands for, or the name that the index has instead: "leukocyte count"."""
    if len(long_form) > _LONGEST or _has_words_of_a_name(index, long_form):
        return long_form
    return _first_known(index, as_written(long_form)) or long_form


@lru_cache(maxsize=_KEPT)
def is_of_test(said: str) -> bool:
    """Whether a query is a test alone, or the value that it gave: "LFTs", "EF 25%".

    A terminology of findings may have what is abnormal about it under the same words.
    """
    said = said.strip()
    if len(said) > _LONGEST:
        return False
    if is_examination(said):
        return True
    reading = _READING.fullmatch(said)
    return reading is not None and is_examination(
        stands_for(said, 0, reading.end("said")) or reading["said"]
    )


def _examined(index: Index, said: str) -> str | None:
    """What is measured, without the value of it; None if nothing that the index has is.

    Whether the value is low or high is for who knows the patient.
    """
    reading = _READING.fullmatch(said.strip())
    if reading is None or _has_words_of_a_name(index, said):
        return None
    measured = stands_for(said.strip(), 0, reading.end("said")) or reading["said"]
    if not is_examination(measured):
        return None
    names = (measured, *as_written(measured))
    return next((name for name in names if _names_no_disorder(index, name)), measured)


def _names_no_disorder(index: Index, text: str) -> bool:
    rows = rows_of(index, text)
    return bool(rows) and not any(are_all_of_kind(index.store, DISORDER, row) for row in rows)


def _drug_of_salt(index: Index, said: str) -> tuple[str, ...]:
    """What is said, with the drug alone for its salt, as the index may have it: ("morphine",)."""
    bare = without_salt(said)
    if bare is None:
        return ()
    drugs = (bare.drug, *full_names(bare.drug))
    return tuple(f"{drug}{bare.rest}" for drug in drugs if _is_chemical(index, drug))


def _is_chemical(index: Index, text: str) -> bool:
    """Whether a text is the name of a chemical."""
    return any(is_of_kind(index.store, CHEMICAL, row) for row in rows_of(index, text))


def _named_in_full(index: Index, query: str, said: str, names: tuple[str, ...]) -> str:
    """The first of some names that the index has, unless it has what was said itself."""
    if not names or _is_known(index, said):
        return query
    return _first_known(index, names) or query


def _first_known(index: Index, names: Sequence[str]) -> str | None:
    """The first that is a name, or else the first that is one in another wording."""
    for is_known in (_has_words_of_a_name, _is_reworded):
        for name in names:
            if is_known(index, name):
                return name
    return None


def _is_known(index: Index, text: str) -> bool:
    return _has_words_of_a_name(index, text) or _is_reworded(index, text)


def _has_words_of_a_name(index: Index, text: str) -> bool:
    return bool(rows_of(index, text))


def _is_reworded(index: Index, text: str) -> bool:
    """Whether a text is a name in another wording."""
    return reworded(index, normalise(text), ()) is not None
