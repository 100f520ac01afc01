"""Salts of drugs as queries: no span is looked for, the whole string is one medicine."""

from __future__ import annotations

import pytest
from cases import build, concept

from linker.index import Index
from linker.link.queries.short_forms import spelled_out

CONCEPTS = [
    concept("D:1", "Morphine", types=["drug"]),
    concept("D:2", "Losartan", types=["drug"]),
    concept("D:3", "Sodium", types=["drug"]),
    concept("D:4", "Zinc sulfate", types=["drug"]),
    concept("D:5", "Zinc", "Cobalt", types=["drug"]),
    concept("D:6", "Nitroprusside", types=["drug"]),
    concept("D:7", "Methylprednisolone", types=["drug"]),
    concept("D:8", "Penicillin V", types=["drug"]),
    concept("D:9", "Dioctyl sulfosuccinic acid", types=["drug"]),
    concept("D:10", "Serum", types=["anatomy"]),
    concept("D:11", "Tenofovir", types=["drug"]),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("salts") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("morphine sulfate", "morphine"),
        ("Morphine Sulphate 2 mg", "Morphine 2 mg"),
        ("losartan potassium", "losartan"),
        ("losartan potassium 50 mg", "losartan 50 mg"),
        ("losartan  potassium\t50 mg", "losartan\t50 mg"),
        ("sodium  nitroprusside", "nitroprusside"),
        ("sodium nitroprusside", "nitroprusside"),
        ("methylprednisolone sodium succinate", "methylprednisolone"),
        ("penicillin V benzoate", "penicillin V"),
        ("tenofovir disoproxil fumarate", "tenofovir"),
        ("docusate sodium", "Dioctyl sulfosuccinic acid"),
        # A name of the index, no salt, no drug, no name of the index.
        ("zinc sulfate", "zinc sulfate"),
        ("zinc phosphate", "zinc phosphate"),
        ("cobalt chloride", "cobalt chloride"),
        ("serum sodium", "serum sodium"),
        ("unheardone sodium", "unheardone sodium"),
        ("losartan potassium-sparing", "losartan potassium-sparing"),
        ("sodium", "sodium"),
    ],
)
def test_a_salt_is_looked_up_as_its_drug(index: Index, query: str, name: str) -> None:
    assert spelled_out(index, query).lower() == name.lower()
