"""Cross-references, as ontologies and tables write them."""

from __future__ import annotations

import pytest

from linker.terminology.xrefs import code_of


@pytest.mark.parametrize(
    ("xref", "code"),
    [
        ("UMLS:C0027051", ("UMLS", "C0027051")),
        ("ICD-10:I21.9", ("ICD-10", "I21.9")),
        # As the Disease Ontology writes them.
        ("SNOMEDCT_US_2018_03_01:22298006", ("SNOMEDCT_US", "22298006")),
        ("ICD9CM_2006:410", ("ICD9CM", "410")),
        ("NCI2004_11_17:C27996", ("NCI", "C27996")),
        ("CSP2005:1234-5678", ("CSP", "1234-5678")),
        ("ICD10:2006", ("ICD10", "2006")),
        ("2006:1", ("2006", "1")),
        (" UMLS : C0027051 ", ("UMLS", "C0027051")),
        ("https://example.org/x", None),
        ("HTTP://example.org/x", None),
        ("ftp://example.org/x", None),
        ("url:example.org", None),
        ("mailto:a@example.org", None),
        ("UMLS: ", None),
        (":C0027051", None),
        ("loose", None),
        ("two words:1", None),
    ],
)
def test_the_vocabulary_of_a_code_is_its_name_without_the_release(xref, code):
    assert code_of(xref) == code
