from __future__ import annotations

from pathlib import Path

import pytest
from cases import concept, linker_of, write_jsonl

from linker.terminology import NameKind, add_forms, read_terminology
from linker.terminology.forms.compounds import compounds
from linker.terminology.forms.derive import derive, rules_for


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Kidney Diseases", {"nephropathy": None, "nephrotoxicity": NameKind.NARROW}),
        ("Disorder of the liver", {"hepatopathy": None, "hepatotoxicity": NameKind.NARROW}),
        ("renal disorder", {"nephropathy": None, "nephrotoxicity": NameKind.NARROW}),
        # One form, two organs: each ending has its own.
        ("Spinal Cord Diseases", {"myelopathy": None}),
        ("Bone Marrow Diseases", {"myelotoxicity": NameKind.NARROW}),
        ("Chronic kidney disease", {}),
        ("Kidney Diseases, Cystic", {}),
        ("Wilson disease", {}),
        ("Disease", {}),
        ("", {}),
    ],
)
def test_compounds(name: str, expected: dict[str, NameKind | None]) -> None:
    assert dict(compounds(name)) == expected


def test_a_tag_does_not_hide_the_organ() -> None:
    rules = rules_for("snomed", frozenset())
    assert [form for form, _ in derive("Disorder of kidney (disorder)", rules)] == [
        "Disorder of kidney",
        "nephropathy",
        "nephrotoxicity",
    ]


def test_what_a_terminology_names_itself_keeps_its_name(tmp_path: Path) -> None:
    source = write_jsonl(
        tmp_path / "source.jsonl",
        [
            concept("X:1", "Kidney Diseases", "Disease, Kidney"),
            concept("X:2", "Nephrotoxicity", "Toxic nephropathy"),
        ],
    )
    terminology = add_forms(read_terminology("jsonl", source))
    assert {(row["concept_id"], row["form"]) for row in terminology.forms.to_pylist()} >= {
        ("X:1", "nephropathy"),
        ("X:1", "nephrotoxicity"),
    }
    links = linker_of(terminology, tmp_path / "index").link(["nephropathy", "nephrotoxicity"])
    assert [link.concept_id for link in links] == ["X:1", "X:2"]
    assert links[0].candidates[0].matched_name == "Kidney Diseases"


def test_a_compound_that_another_concept_is_called_is_no_form(tmp_path: Path) -> None:
    path = tmp_path / "n.jsonl"
    write_jsonl(
        path,
        [
            concept("N:1", "Disorders of the nervous system"),
            concept("N:2", "Polyneuropathy", "Neuropathy NOS"),
            concept("N:3", "Kidney Diseases"),
        ],
    )
    forms = add_forms(read_terminology("jsonl", path)).forms.to_pylist()
    assert sorted((row["concept_id"], row["form"]) for row in forms) == [
        ("N:1", "neurotoxicity"),
        ("N:2", "Neuropathy"),
        ("N:3", "nephropathy"),
        ("N:3", "nephrotoxicity"),
    ]
