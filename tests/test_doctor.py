"""`linker doctor`: what it says of packages, encoders, indexes and the machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from linker.cli import app
from linker.doctor import (
    FoundIndex,
    Machine,
    diagnose,
    find_index,
    gpus,
    index_folders,
    missing_of,
    speed_of,
)
from linker.encoder import find_encoder, find_export_place


def machine(**values):
    usual = {
        "system": "Linux x86_64",
        "python": "3.11.9",
        "threads": 4,
        "omp_threads": "",
        "memory": 16 << 30,
        "memory_free": 8 << 30,
        "cpu_features": ("avx2",),
        "gpus": (),
    }
    return Machine(**{**usual, **values})


def test_an_index_is_found_by_its_manifest(index):
    found = find_index(index.path)
    manifest = index.manifest
    assert (found.terminology, found.names, found.encoder, found.encoder_found, found.problem) == (
        manifest.terminology.terminology,
        manifest.counts.names,
        "fake",
        False,
        "",
    )


def test_folders_of_indexes_are_looked_into(index, tmp_path):
    assert index_folders([index.path]) == [index.path]
    assert index_folders([index.path.parent]) == [index.path]
    assert index_folders([tmp_path]) == []


def test_what_is_no_index_says_why(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    assert "manifest" in find_index(tmp_path).problem
    assert find_index(tmp_path / "nowhere").problem


def test_a_damaged_index_is_told_if_asked(index, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(index.path, damaged)
    data = bytearray((damaged / "vectors.faiss").read_bytes())
    data[len(data) // 2] ^= 1
    (damaged / "vectors.faiss").write_bytes(data)
    assert find_index(damaged).problem == ""
    assert "vectors.faiss: sha256 is " in find_index(damaged, verify=True).problem
    assert find_index(index.path, verify=True).verified
    unfolded = CliRunner(env={"COLUMNS": ""})
    told = [
        unfolded.invoke(app, ["doctor", str(path), *flags])
        for path, flags in (
            (damaged, []),
            (damaged, ["--verify"]),
            (index.path, ["--verify"]),
            (damaged, ["--verify", "--json"]),
        )
    ]
    assert [one.exit_code for one in told] == [0, 1, 0, 1]
    rows = [one.stdout for one in told]
    assert "checksums: --verify compares them" in rows[0]
    assert f"index {damaged}  cannot be used: {damaged / 'vectors.faiss'}: sha256" in rows[1]
    assert "every checksum is right" in rows[2]


def test_gpus_are_those_of_the_driver(tmp_path):
    (tmp_path / "0000:17:00.0").mkdir()
    (tmp_path / "0000:17:00.0/information").write_text("Model: \t\t NVIDIA H200\nIRQ: 3\n")
    assert gpus(tmp_path) == ("NVIDIA H200",)
    assert gpus(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("values", "packages", "words"),
    [
        ({"gpus": ("NVIDIA H200",)}, {}, "on the GPU (NVIDIA H200)"),
        ({}, {"onnx": "1", "onnxruntime": "1"}, "ONNX Runtime on the processor"),
        ({}, {}, "torch on the processor"),
        (
            {"gpus": ("NVIDIA H200",)},
            {"torch": "2.13.0+cpu"},
            "torch is built for processors alone",
        ),
        ({"cpu_features": ("avx2", "avx512_vnni")}, {}, "ONNX Runtime with --backend onnx-int8"),
        ({"cpu_features": ("avx2", "avx512_vnni")}, {}, "has VNNI"),
        ({}, {}, "has no VNNI"),
        ({"cpu_features": ()}, {}, "no AVX2"),
        ({"threads": 1}, {}, "one core"),
        ({"omp_threads": "8"}, {}, "OMP_NUM_THREADS=8 on 4 cores"),
        ({"omp_threads": "8,1"}, {}, "OMP_NUM_THREADS=8,1 on 4 cores"),
        ({"omp_threads": "0"}, {}, "OMP_NUM_THREADS=0 is no number of threads"),
        ({"omp_threads": "-1"}, {}, "OMP_NUM_THREADS=-1 is no number of threads"),
        ({"omp_threads": "²"}, {}, "OMP_NUM_THREADS=² is no number of threads"),
        ({"memory_free": 10**9}, {}, "less than 2 GB"),
    ],
)
def test_what_is_fast_or_slow_follows_from_the_machine(values, packages, words):
    assert any(words in sentence for sentence in speed_of(machine(**values), packages))


def test_where_no_export_can_be_written_torch_runs_and_it_is_said():
    packages = {"onnx": "1", "onnxruntime": "1"}
    assert speed_of(machine(), packages, has_export=False)[0].startswith("encoding: torch")
    found = missing_of({}, [], {}, {"minilm": "/m"}, [], has_export=False)
    assert found[0][1] == "export XDG_CACHE_HOME=FOLDER"


@pytest.mark.parametrize(
    ("encoder", "command"),
    [
        ("minilm", 'pip install "concept-linker[demo]"'),
        ("sapbert", "hf download cambridgeltl/SapBERT-from-PubMedBERT-fulltext"),
        ("/models/own", "linker link --index indexes/a --encoder FOLDER"),
    ],
)
def test_the_command_for_an_encoder_is_that_of_its_kind(encoder, command):
    index = FoundIndex("indexes/a", encoder=encoder)
    what = f"indexes/a: its encoder {encoder}"
    assert (what, command) in missing_of({}, [], {}, {}, [index])


def test_an_export_is_found_and_a_place_for_one_too(tmp_path, monkeypatch):
    model, cache = tmp_path / "model", tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    beside = model / ".concept-linker"
    model.mkdir()
    assert find_export_place(str(model)) == str(beside)
    # A file where the folder should be: root may write anywhere else.
    beside.write_text("")
    assert find_export_place(str(model)) == str(cache / "concept-linker")
    cache.write_text("")
    assert find_export_place(str(model)) == ""
    beside.unlink()
    (beside / "onnx-fp32-2-abc").mkdir(parents=True)
    (beside / "onnx-fp32-2-abc/export.json").write_text("{}")
    assert find_export_place(str(model)) == str(beside)


def test_a_cache_that_cannot_be_looked_into_holds_no_encoder(monkeypatch):
    # Too long a name is refused as a home without permission is, and to root as well.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", f"/{'x' * 300}")
    assert find_encoder("sapbert") == ""


def test_an_encoder_of_the_hub_is_found_in_its_newest_whole_snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    at = tmp_path / "models--cambridgeltl--SapBERT-from-PubMedBERT-fulltext" / "snapshots"
    for day, name in enumerate(("old", "new", "broken off"), 1):
        (at / name).mkdir(parents=True)
        if name != "broken off":
            (at / name / "config.json").write_text("{}")
        os.utime(at / name, (day, day))
    for name in ("sapbert", "SapBERT", "cambridgeltl/SapBERT-from-PubMedBERT-fulltext"):
        assert find_encoder(name) == str(at / "new")


def test_an_encoder_whose_package_is_not_installed_is_not_found(monkeypatch):
    monkeypatch.setattr("linker.encoder.known.find_spec", lambda name: None)
    assert find_encoder("minilm") == ""


def test_what_is_missing_comes_with_the_command():
    index = FoundIndex("indexes/a", encoder="sapbert", encoder_found=False)
    packages = {"torch": "", "peft": ""}
    found = missing_of(packages, ["torch"], {"train": ("peft",)}, {"minilm": ""}, [index])
    assert found == [
        ("torch", "pip install concept-linker"),
        ("extra [train]: peft", 'pip install "concept-linker[train]"'),
        ("an encoder", 'pip install "concept-linker[demo]"'),
        (
            "indexes/a: its encoder sapbert",
            "hf download cambridgeltl/SapBERT-from-PubMedBERT-fulltext",
        ),
    ]


def test_nothing_is_missing_where_all_is_there():
    index = FoundIndex("indexes/a", encoder="minilm", encoder_found=True)
    assert missing_of({"torch": "2"}, ["torch"], {"train": ()}, {"minilm": "/m"}, [index]) == []


def test_what_is_installed_is_seen():
    found = diagnose([])
    assert found.packages["numpy"].startswith("1.")
    assert found.packages["faiss-cpu"]
    assert ("an index", "linker demo, or linker build --help") in found.missing


def test_without_a_folder_of_indexes_none_is_missed_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert diagnose().indexes == []
    assert ("an index", "linker demo, or linker build --help") in diagnose().missing


@pytest.mark.model
def test_an_encoder_of_a_package_is_found():
    assert find_encoder("minilm").endswith("model")


def test_a_folder_with_a_model_is_found_and_an_empty_one_is_not(tmp_path):
    assert find_encoder(str(tmp_path)) == ""
    (tmp_path / "config.json").write_text("{}")
    assert find_encoder(str(tmp_path)) == str(tmp_path)


def test_an_encoder_that_is_nowhere_is_not_found():
    assert find_encoder("nobody/no-such-model") == ""


def test_the_command_shows_it_and_ends_well(index):
    result = CliRunner().invoke(app, ["doctor", str(index.path)])
    assert result.exit_code == 0
    for words in ("package numpy", "extra [train]", "encoder minilm", "fake"):
        assert words in result.output


def test_json_holds_the_same(index):
    result = CliRunner().invoke(app, ["doctor", str(index.path), "--json"])
    found = json.loads(result.output)
    assert found["indexes"][0]["encoder"] == "fake"
    assert found["machine"]["threads"] >= 1
    assert set(found["extras"]) == {"demo", "onnx", "db", "train", "ray", "notebooks"}


def test_torch_is_not_imported():
    code = (
        "import sys; from linker.doctor import diagnose; diagnose([]); "
        "print({'torch', 'spacy', 'transformers', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
