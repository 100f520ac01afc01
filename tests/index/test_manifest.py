from __future__ import annotations

import json
import re
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cases import build, concept

from linker.atomic import write_atomically
from linker.errors import IndexFolderError
from linker.index import Index, Manifest
from linker.index.manifest import MANIFEST, describe_files, sha256

FILES = ["calibration.json", "concepts.arrow", "lexicon.arrow", "names.arrow", "vectors.faiss"]


def rewrite(folder: Path, **changes: Any) -> dict[str, Any]:
    """Change keys of a manifest; a key that becomes None goes."""
    data = json.loads((folder / MANIFEST).read_text())
    data.update(changes)
    data = {key: value for key, value in data.items() if value is not None}
    (folder / MANIFEST).write_text(json.dumps(data))
    return data


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_manifest_says_what_the_index_holds(tmp_path: Path) -> None:
    concepts = [
        concept("X:1", "Fever", "Pyrexia", "FEVER", alt_ids=["X:7"]),
        concept("X:2", "Cold", "fever"),
    ]
    manifest = build(tmp_path / "small", concepts).manifest
    assert manifest.format_version == 2
    assert manifest.tool_version == version("concept-linker")
    assert asdict(manifest.terminology) == {
        "terminology": "small.source",
        "version": "",
        "licence": "",
        "source": "jsonl",
        "filters": {},
        "skipped": {},
        "parts": (),
    }
    assert asdict(manifest.encoder) == {
        "name": "fake",
        "revision": "",
        "fingerprint": "sha256:fake",
        "dim": 64,
        "pooling": "mean",
        "max_tokens": 128,
        "licence": "invented",
        "precision": "fp32",
    }
    assert manifest.counts.model_dump() == {
        "concepts": 2,
        "retired": 1,
        "names": 3,
        "name_concept_pairs": 5,
        "derived": 0,
    }
    assert manifest.vectors.model_dump() == {
        "kind": "Flat",
        "effort": {"nprobe": None, "ef_search": None, "refine": None},
        "refined": False,
        "recall_at_10": 1.0,
        "recall_queries": 3,
        "recall_moved_to": 0.9,
        "recall_asked": 0.95,
    }


def test_manifest_describes_every_file(index: Index) -> None:
    assert sorted(path.name for path in index.path.iterdir()) == sorted([*FILES, MANIFEST])
    assert {name: (info.bytes, info.sha256) for name, info in index.manifest.files.items()} == {
        name: ((index.path / name).stat().st_size, sha256(index.path / name)) for name in FILES
    }


def test_written_manifest_reads_the_same(folder: Path) -> None:
    manifest = Manifest.read(folder)
    before = (folder / MANIFEST).read_bytes()
    manifest.write(folder)
    assert (folder / MANIFEST).read_bytes() == before
    assert Manifest.read(folder) == manifest


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("more", [-1, 1])
def test_file_of_another_length_is_named(file: str, more: int, folder: Path) -> None:
    path = folder / file
    size = path.stat().st_size
    path.write_bytes((path.read_bytes() + b"\0")[: size + more])
    message = re.escape(f"{path}: {size + more} bytes, expected {size}")
    with pytest.raises(IndexFolderError, match=f"{message}.*was it cut short"):
        Manifest.read(folder)


@pytest.mark.parametrize("file", FILES)
def test_missing_file_is_named(file: str, folder: Path) -> None:
    (folder / file).unlink()
    with pytest.raises(IndexFolderError, match=re.escape(f"{folder / file}: missing; rebuild")):
        Manifest.read(folder)


def test_folder_without_a_manifest_is_no_index(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    message = f"{folder}: no manifest.json, so this is not a finished index; build one with"
    with pytest.raises(IndexFolderError, match=re.escape(message)):
        Manifest.read(folder)


def test_folder_that_is_not_there_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match="does not exist; build one with: linker build"):
        Manifest.read(tmp_path / "missing")


def test_plain_file_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("{}")
    with pytest.raises(IndexFolderError, match="is a file, not an index folder"):
        Manifest.read(tmp_path / "plain")


def test_what_is_near_an_index_leads_to_it(folder: Path) -> None:
    home = folder.parent
    with pytest.raises(IndexFolderError) as caught:
        Manifest.read(home)
    said = f"{home}: no manifest.json, so this is not a finished index; it holds some: {folder}"
    assert str(caught.value) == said
    with pytest.raises(IndexFolderError) as caught:
        Manifest.read(folder / MANIFEST)
    said = f"{folder / MANIFEST}: is a file, not an index folder; give {folder}"
    assert str(caught.value) == said


@pytest.mark.parametrize(("n", "more"), [(5, ""), (6, " and 1 more")])
def test_of_many_indexes_nearby_the_first_are_named(n: int, more: str, tmp_path: Path) -> None:
    for i in range(n):
        (tmp_path / f"i{i}").mkdir()
        (tmp_path / f"i{i}" / MANIFEST).touch()
    named = ", ".join(str(tmp_path / f"i{i}") for i in range(5))
    with pytest.raises(IndexFolderError, match=re.escape(f"it holds some: {named}{more}") + "$"):
        Manifest.read(tmp_path)


def test_facts_say_what_is_not_stated(tmp_path: Path) -> None:
    assert build(tmp_path / "small", [concept("X:1", "Fever", "Pyrexia")]).manifest.facts == {
        "Terminology": "small.source",
        "Release": "not stated",
        "Concepts": "1",
        "Names": "2",
        "Encoder": "fake",
        "Licence": "not stated",
    }


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"format_version": 1'])
def test_manifest_that_is_not_json_is_refused(content: bytes, folder: Path) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(IndexFolderError, match=r"manifest\.json: cannot be read .*; rebuild"):
        Manifest.read(folder)


def test_manifest_of_any_depth_is_refused(folder: Path) -> None:
    (folder / MANIFEST).write_text("[" * 100_000)
    with pytest.raises(IndexFolderError, match=r"manifest\.json: cannot be read"):
        Index.open(folder)


@pytest.mark.parametrize("name", ["../other", "/etc/hostname", "a/b", "..", "nul\0"])
def test_manifest_that_names_a_file_elsewhere_is_refused(name: str, folder: Path) -> None:
    files = json.loads((folder / MANIFEST).read_text())["files"]
    overlay = {"name": "local.csv", "sha256": "", "file": name, "rows": 1}
    for changes in (
        {"files": {**files, name: {"bytes": 0, "sha256": ""}}},
        {"layer": name},
        {"overlays": [overlay]},
    ):
        rewrite(folder, **{"files": files, "layer": "", "overlays": [], **changes})
        with pytest.raises(IndexFolderError, match="is no name of a file of this folder"):
            Index.open(folder, verify=True)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("[]", "None"),
        ("{}", "None"),
        ('{"format_version": 1}', "1"),
        ('{"format_version": 3}', "3"),
        ('{"format_version": "2"}', "'2'"),
        ('"1"', "None"),
    ],
)
def test_other_format_version_is_refused(content: str, found: str, folder: Path) -> None:
    (folder / MANIFEST).write_text(content)
    message = f"format version {found}, this version of linker reads 2; rebuild the index"
    with pytest.raises(IndexFolderError, match=message):
        Manifest.read(folder)


def test_unknown_keys_are_left_to_later_versions(folder: Path) -> None:
    manifest = Manifest.read(folder)
    counts = {**manifest.counts.model_dump(), "later": 1}
    rewrite(folder, later={"key": "value"}, counts=counts)
    assert Manifest.read(folder) == manifest


@pytest.mark.parametrize("key", ["terminology", "encoder", "vectors", "counts", "files"])
def test_missing_key_is_named(key: str, folder: Path) -> None:
    rewrite(folder, **{key: None})
    with pytest.raises(IndexFolderError, match=rf"manifest\.json: {key}: Field required; rebuild"):
        Manifest.read(folder)


def test_missing_key_of_a_part_is_named_with_the_part(folder: Path) -> None:
    encoder = asdict(Manifest.read(folder).encoder)
    del encoder["dim"]
    rewrite(folder, encoder=encoder)
    with pytest.raises(IndexFolderError, match=r"manifest\.json: encoder\.dim: Field required"):
        Manifest.read(folder)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("position", [0, -1])
def test_verify_names_a_file_with_a_flipped_bit(file: str, position: int, folder: Path) -> None:
    flip(folder / file, position)
    manifest = Manifest.read(folder)
    with pytest.raises(IndexFolderError, match=rf"{file}: sha256 is .*; the file is damaged"):
        manifest.verify(folder)


def test_verify_accepts_what_was_written(index: Index) -> None:
    index.manifest.verify(index.path)


def test_checksum_is_of_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 1000)
    whole = sha256(tmp_path / "a")
    monkeypatch.setattr("linker.index.manifest._BLOCK", 7)
    assert sha256(tmp_path / "a") == whole
    assert describe_files(tmp_path, ["a"])["a"].model_dump() == {"bytes": 3000, "sha256": whole}


def test_interrupted_write_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    write_atomically(path, b"new")
    assert path.read_text() == "new"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]
