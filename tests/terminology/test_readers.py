from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from linker.cli import app
from linker.config import ReadOptions, option_name
from linker.errors import ConfigError, MissingExtraError, TerminologyError
from linker.terminology import READERS, read_terminology


@pytest.fixture
def tree(tmp_path):
    """X:1 > X:2 > X:3, a circle X:4 > X:5 > X:4 below X:1, X:6 apart, and alternative ids."""
    parents = {
        "X:1": [],
        "X:2": ["X:1", "Y:404"],
        "X:3": ["X:2"],
        "X:4": ["X:1", "X:5"],
        "X:5": ["X:4"],
        "X:6": [],
    }
    path = tmp_path / "tree.jsonl"
    path.write_text(
        "".join(
            json.dumps(
                {"id": key, "name": f"name of {key}", "parents": value, "alt_ids": [f"old {key}"]}
            )
            + "\n"
            for key, value in parents.items()
        )
    )
    return path


def test_unknown_source_lists_the_known_ones(tmp_path):
    with pytest.raises(
        TerminologyError, match=r"unknown source 'ob0'; known: .*icd10cm.*jsonl.*obo"
    ):
        read_terminology("ob0", tmp_path)


@pytest.mark.parametrize("source", sorted(READERS))
def test_missing_file_says_what_to_do(source, tmp_path):
    with pytest.raises(TerminologyError, match=r"gone\.x: no such file or folder; check the path"):
        read_terminology(source, tmp_path / "gone.x")


def test_missing_package_names_the_extra():
    with pytest.raises(MissingExtraError, match=r'concept-linker\[demo\]"'):
        read_terminology("obo", "package:no_such_package_at_all/data/x.obo")


def test_missing_file_in_a_package():
    with pytest.raises(TerminologyError, match=r"package json holds no 'x\.obo'"):
        read_terminology("obo", "package:json/x.obo")


def test_package_that_is_no_name():
    with pytest.raises(TerminologyError, match="not the name of a package"):
        read_terminology("obo", "package:../x.obo")


def test_folder_where_a_file_is_expected(tmp_path):
    with pytest.raises(TerminologyError, match="cannot be read"):
        read_terminology("obo", tmp_path)


def test_stated_release_is_overridden(tree):
    options = ReadOptions(terminology="Trees", version="", licence="CC0")
    release = read_terminology("jsonl", tree, options).release
    assert (release.terminology, release.version, release.licence) == ("Trees", "", "CC0")


def test_roots_keep_their_branch(tree, concepts):
    terminology = read_terminology("jsonl", tree, ReadOptions(roots=("X:2",)))
    found = concepts(terminology)
    assert {key: row["replaced_by"] for key, row in found.items()} == {
        "X:2": None,
        "X:3": None,
        "old X:2": "X:2",
        "old X:3": "X:3",
    }
    assert found["X:3"]["names"] == [("name of X:3", "preferred")]
    assert terminology.release.filters == {"roots": ["X:2"]}
    assert terminology.release.skipped == {"parents that are not there": 1, "outside the roots": 4}


def test_roots_pass_circles(tree):
    kept = read_terminology("jsonl", tree, ReadOptions(roots=("X:4", "X:6"))).names
    assert kept["concept_id"].to_pylist() == ["X:4", "X:5", "X:6"]


def test_concepts_without_a_type_have_the_default_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name,type\nX:1,Rash,\nX:2,Left,qualifier value\nX:3,Fever,\n")
    options = ReadOptions(default_type="disorder")
    assert read_terminology("table", path, options).concepts["semantic_types"].to_pylist() == [
        ["disorder"],
        ["qualifier value"],
        ["disorder"],
    ]
    with pytest.raises(
        ConfigError, match=r"default_type \(--default-type\): 'diagnosis' is no type "
    ):
        read_terminology("table", path, ReadOptions(default_type="diagnosis"))


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("X:9", r"root 'X:9' is not a concept of this source; ids look like 'X:1'"),
        ("old X:2", r"root 'old X:2' is retired; use X:2"),
    ],
)
def test_wrong_root(tree, root, message):
    with pytest.raises(TerminologyError, match=message):
        read_terminology("jsonl", tree, ReadOptions(roots=(root,)))


def test_roots_of_a_flat_source(tmp_path):
    path = tmp_path / "flat.jsonl"
    path.write_text('{"id": "X:1", "name": "a"}\n')
    with pytest.raises(TerminologyError, match="no concept of this source has a parent"):
        read_terminology("jsonl", path, ReadOptions(roots=("X:1",)))


def test_readers_are_loaded_when_used():
    code = (
        "import sys, linker.terminology as t; print('pronto' in sys.modules, len(t.READERS) >= 4)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.model
def test_package_is_found_but_not_imported(needs_package):
    needs_package("simple_icd_10_cm")
    code = (
        "import sys; from linker.terminology.files import resolve; "
        "print(resolve('package:simple_icd_10_cm').name, 'simple_icd_10_cm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["simple_icd_10_cm", "False"]


def test_an_option_that_a_reader_does_not_heed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": "X:1", "name": "Fever"}\n')
    with pytest.raises(ConfigError, match=r"jsonl has no option sources; it has default_type "):
        read_terminology("jsonl", path, ReadOptions(sources=("MSH",)))
    named = (
        r"no option columns \(--column\); .* max_bad_rows \(--max-bad-rows\), roots \(--root\), "
    )
    with pytest.raises(ConfigError, match=named):
        read_terminology("jsonl", path, ReadOptions(columns={"concept_id": "id"}))
    assert read_terminology("jsonl", path, ReadOptions(sources=())).names.num_rows == 1


def test_the_flags_that_errors_name_are_those_of_the_command() -> None:
    command = get_command(app).commands["build"]
    flags = {flag for option in command.params for flag in option.opts}
    assert {option_name("roots"), option_name("sources")} == {"roots (--root)", "sources"}
    for name in ReadOptions.model_fields:
        _, bracket, flag = option_name(name).partition(" (")
        assert not bracket or flag.removesuffix(")") in flags
