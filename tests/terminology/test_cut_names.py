"""Names that were cut at their commas somewhere on their way."""

import json
from pathlib import Path

import pytest

from linker.config import ReadOptions
from linker.steps import Silent
from linker.terminology import cut_names
from linker.terminology.cut_names import CUT
from linker.terminology.readers import READERS

CUT_UP = {
    "1": ("Hypertension", ["High blood pressure"]),
    "2": ("Ocular hypertension", ["Hypertension, Ocular", "Hypertension", "Ocular"]),
    "3": ("Vision disorder", ["Blindness, Day", "Day Blindness", "Day", "Blindness", "NOS"]),
    "4": ("Sleep apnea syndrome", ["Sleep apnea", "Apnea", "Sleep", "Syndrome"]),
    "5": ("Myoclonus", ["Upper Extremity Myoclonus", "Upper Extremity", "Jerking"]),
    "6": ("Upper extremity", ["Arm"]),
    "7": ("Vision disorder NOS", ["Vision disorder"]),
    "8": ("Diabetes mellitus", ["Diabetes", "Mellitus"]),
    "9": ("Primary myelofibrosis", ["Primary", "Myelofibrosis"]),
    "10": ("Snoring", ["Primary snoring", "Snoring, Primary", "Primary"]),
    "11": ("Brain tumor", ["Primary brain tumor", "Primary"]),
    "12": ("Insomnia", ["Primary sleeplessness", "Primary"]),
}
LEFT = {
    "1": {"Hypertension", "High blood pressure"},
    # "Hypertension" is another's own name, and "ocular" nobody's.
    "2": {"Ocular hypertension", "Hypertension, Ocular"},
    # Nobody else is called "blindness" or "NOS".
    "3": {"Vision disorder", "Blindness, Day", "Day Blindness", "Blindness", "NOS"},
    "4": {"Sleep apnea syndrome", "Sleep apnea", "Apnea", "Syndrome"},
    "5": {"Myoclonus", "Upper Extremity Myoclonus", "Jerking"},
    "6": {"Upper extremity", "Arm"},
    "7": {"Vision disorder NOS", "Vision disorder"},
    # Latin qualifies from behind.
    "8": {"Diabetes mellitus", "Diabetes", "Mellitus"},
    "9": {"Primary myelofibrosis", "Myelofibrosis"},
    "10": {"Snoring", "Primary snoring", "Snoring, Primary"},
    "11": {"Brain tumor", "Primary brain tumor"},
    # Its rest is no name, but "primary" qualifies elsewhere.
    "12": {"Insomnia", "Primary sleeplessness"},
}


QUALIFIED = {
    "1": (
        "Confusion",
        [
            "Confusional", "State", "Confusional State", "State, Confusional", "Reactive",
            "Reactive Confusion", "Confusion, Reactive", "Post Ictal", "Post Ictal Confusion",
        ],
    ),
    # Half of its names end in it: it is called so.
    "2": ("Exanthem", ["Rash", "Skin", "Skin Rash", "Skin Eruption", "Red", "Red Rash"]),
    # The preferred name has the word.
    "3": ("Pulmonary edemas", ["Edema", "Lung", "Lung Edema", "Wet Lung", "Wet"]),
    "4": ("Lymphoma", ["site unspecified", "Malignant lymphoma", "no ICD-O subtype"]),
}  # fmt: skip
QUALIFIED_LEFT = {
    "1": {
        "Confusion", "Confusional State", "State, Confusional", "Reactive Confusion",
        "Confusion, Reactive", "Post Ictal", "Post Ictal Confusion",
    },
    "2": {"Exanthem", "Rash", "Skin Rash", "Skin Eruption", "Red Rash"},
    "3": {"Pulmonary edemas", "Edema", "Lung Edema", "Wet Lung"},
    "4": {"Lymphoma", "Malignant lymphoma"},
}  # fmt: skip


def _names(folder: Path, concepts: dict[str, tuple[str, list[str]]]) -> tuple[dict, int]:
    path = folder / "concepts.jsonl"
    lines = (
        json.dumps({"id": i, "name": name, "synonyms": synonyms})
        for i, (name, synonyms) in concepts.items()
    )
    path.write_text("\n".join(lines))
    read = READERS["jsonl"](path, ReadOptions(), Silent())
    found: dict[str, set[str]] = {}
    for row in read.names.to_pylist():
        found.setdefault(row["concept_id"], set()).add(row["name"])
    return found, read.release.skipped.get(CUT, 0)


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_names, "_LEAST", 5)


@pytest.mark.usefixtures("few_are_enough")
def test_parts_of_names_that_were_cut_are_left_out(tmp_path: Path) -> None:
    assert _names(tmp_path, CUT_UP) == (LEFT, 9)


@pytest.mark.usefixtures("few_are_enough")
def test_what_few_names_qualify_is_left_out_too(tmp_path: Path) -> None:
    assert _names(tmp_path, QUALIFIED) == (QUALIFIED_LEFT, 9)


@pytest.mark.usefixtures("few_are_enough")
def test_the_same_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "concepts.csv"
    rows = [f'{i},{name},"{"|".join(more)}"' for i, (name, more) in CUT_UP.items()]
    path.write_text("\n".join(["concept_id,name,synonyms", *rows]))
    read = READERS["table"](path, ReadOptions(), Silent())
    assert read.release.skipped[CUT] == 9
    assert not {"Ocular", "Day", "Upper Extremity"} & {*read.names["name"].to_pylist()}


def test_a_short_list_keeps_all_its_names(tmp_path: Path) -> None:
    """A table of a house is not judged by nine of its names."""
    held = {i: {name, *synonyms} for i, (name, synonyms) in CUT_UP.items()}
    assert _names(tmp_path, CUT_UP) == (held, 0)


@pytest.mark.usefixtures("few_are_enough")
@pytest.mark.parametrize("name", ["MI Myocardial infarction", "Myocardial infarction NOS"])
def test_a_short_form_or_a_remark_is_no_part(tmp_path: Path, name: str) -> None:
    concepts = {"1": ("Heart attack", [name, "MI", "Myocardial infarction", "NOS"])}
    found, n_cut = _names(tmp_path, concepts)
    assert found == {"1": {"Heart attack", name, "MI", "Myocardial infarction", "NOS"}}
    assert n_cut == 0


@pytest.mark.usefixtures("few_are_enough")
def test_where_they_are_few_all_stay(tmp_path: Path) -> None:
    whole = {f"W{i}": (f"finding {i}", [f"sign {i}", f"mark {i}"]) for i in range(700)}
    found, n_cut = _names(tmp_path, {**whole, **CUT_UP})
    assert found["2"] == {"Ocular hypertension", "Hypertension, Ocular", "Hypertension", "Ocular"}
    assert n_cut == 0
