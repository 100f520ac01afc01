"""All of the open data beside the checkout is read, and holds what others counted in it."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import pyarrow.compute as pc
import pytest

from linker.config import ReadOptions
from linker.terminology import read_terminology
from linker.terminology.cut_names import CUT

_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
# Where there is none, one that is skipped.
DICTIONARIES = sorted(
    file.name.partition(".")[0] for file in _DATA.glob("dictionaries/*.jsonl.gz")
) or ["medic_2017"]


@pytest.mark.data
@pytest.mark.parametrize("name", DICTIONARIES)
def test_dictionary_holds_what_the_catalogue_says(data_file, name):
    """The catalogue counts concepts, names, definitions, and concepts with parents."""
    catalogue = data_file("CATALOG.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {name} \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", catalogue, re.MULTILINE)
    n_concepts, n_names, n_definitions, n_parents = map(int, row.groups())
    path = data_file(f"dictionaries/{name}.jsonl.gz")
    # MGI's has ids that stand twice.
    terminology = read_terminology("jsonl", path, ReadOptions(max_bad_rows=1000))
    broken = terminology.release.skipped.get("broken rows", 0)
    table = terminology.concepts.filter(pc.equal(terminology.concepts["status"], "active"))
    assert (broken > 0) == (name == "mgi")
    assert len(table) + broken == n_concepts
    if not broken:
        assert len(table) - table["definition"].null_count == n_definitions
        assert pc.sum(pc.greater(pc.list_value_length(table["parents"]), 0)).as_py() == n_parents
    if not broken and terminology.names.num_rows != n_names:
        # It counts names that differ in their white space alone, and parts of names that were cut.
        read = set(zip(*terminology.names.select([0, 1]).to_pydict().values(), strict=True))
        held = {
            (row["id"], " ".join(text.split()))
            for row in map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
            for text in (row["name"], *row["synonyms"])
        }
        assert read <= held
        n_cut = terminology.release.skipped.get(CUT, 0)
        assert len(held - read) == n_cut
        assert (n_cut > 0) == (name in ("pharmgkb_disease", "umls_open"))


def plain_rows(path, quoting=csv.QUOTE_MINIMAL):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, delimiter="\t", quoting=quoting))


@pytest.mark.data
@pytest.mark.parametrize("language", ["es", "fr"])
def test_translations_of_hpo(data_file, language):
    path = data_file(f"releases/hp-{language}.babelon.tsv.gz")
    header, *rows = plain_rows(path)
    options = ReadOptions(columns={"concept_id": "subject_id", "name": "translation_value"})
    terminology = read_terminology("table", path, options)
    place = {name: header.index(name) for name in ("subject_id", "translation_value")}
    pairs = {
        (row[place["subject_id"]].strip(), " ".join(row[place["translation_value"]].split()))
        for row in rows
    }
    names = terminology.names.to_pylist()
    assert {(name["concept_id"], name["name"]) for name in names} == pairs
    assert len(names) == len(pairs)


@pytest.mark.data
def test_layperson_synonyms_of_hpo(data_file):
    path = data_file("releases/hpo-layperson-synonyms.tsv.gz")
    _, *rows = plain_rows(path, csv.QUOTE_NONE)
    columns = {"concept_id": "?term", "name": "?term_label", "synonyms": "?layperson"}
    terminology = read_terminology("table", path, ReadOptions(columns=columns))
    expected: dict[str, set[str]] = {}
    for concept_id, label, synonym in rows:
        names = (re.match(r'"?([^"]*)', name)[1] for name in (label, *synonym.split("|")))
        number = re.search(r"HP_(\d+)", concept_id)[1]
        expected.setdefault(f"HP:{number}", set()).update(" ".join(n.split()) for n in names)
    found: dict[str, set[str]] = {}
    for name in terminology.names.to_pylist():
        found.setdefault(name["concept_id"], set()).add(name["name"])
    assert found == expected


@pytest.mark.data
def test_every_release_is_counted_by_some_test(data_file):
    """Those of ontologies, ICD-10-CM and CTD are counted beside their readers' other tests."""
    tests = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("*.py"))
    for file in data_file("releases").iterdir():
        # hp-es and hp-fr are written as hp-{language}.
        stem = re.sub(r"hp-(es|fr)$", "hp-{language}", file.name.partition(".")[0])
        assert f'"{stem}"' in tests or f"releases/{stem}." in tests, file.name
