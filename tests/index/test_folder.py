from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases import DIM, FakeEncoder

from linker.errors import IndexFolderError
from linker.index import Index, Manifest, Vectors
from linker.index.manifest import describe_files
from linker.text import bag_hash, words


def accept(folder: Path) -> None:
    """Make the manifest say that the files are as they are now."""
    manifest = Manifest.parse(folder)
    files = describe_files(folder, list(manifest.files))
    manifest.model_copy(update={"files": files}).write(folder)


def find(index: Index, name: str) -> list[str]:
    """The names that the lexicon finds."""
    key = bag_hash(word.stem for word in words(name))
    _, rows = index.lexicon.find(np.array([key], dtype=np.uint64))
    return [index.store.normal(row) for row in rows.tolist()]


def test_opened_index_holds_its_parts(index: Index) -> None:
    opened = Index.open(str(index.path), verify=True)
    assert opened.path == index.path
    row = opened.store.find("X:0006")
    assert opened.store.concept(row).names == ("Fever", "Pyrexia")
    encoded = FakeEncoder().encode(opened.store.normals(0, opened.store.n_names))
    assert opened.vectors.take(np.arange(len(encoded))).tolist() == encoded.tolist()
    assert find(opened, "pyrexia") == ["pyrexia"]


def test_index_may_be_moved(folder: Path, tmp_path: Path) -> None:
    moved = folder.rename(tmp_path / "elsewhere")
    index = Index.open(moved, verify=True)
    assert index.store.concept(index.store.find("X:0006")).preferred_name == "Fever"
    assert len(index.vectors) == index.store.n_names
    assert index.calibration


def test_read_only_index_opens(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        index = Index.open(folder, verify=True)
        assert len(index.vectors) == index.store.n_names
        assert index.calibration
    finally:
        folder.chmod(0o755)


def test_opening_writes_nothing(folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    index = Index.open(folder)
    index.vectors.search(index.vectors.take(np.array([0])), 3)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_damaged_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    verify = Manifest.verify
    monkeypatch.setattr(Manifest, "verify", lambda self, at: (asked.append(at), verify(self, at)))
    names = folder / "names.arrow"
    names.write_bytes(names.read_bytes()[:-1] + b"?")
    with pytest.raises(IndexFolderError, match=r"names\.arrow"):
        Index.open(folder, verify=True)
    assert asked == [folder]


def test_a_path_that_is_not_utf8_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    moved = folder.rename(tmp_path / "i\udcff")
    with pytest.raises(IndexFolderError, match=r"i\\xff': a path that is not UTF-8"):
        Index.open(moved)


def test_verify_is_asked_for(folder: Path) -> None:
    path = folder / "vectors.faiss"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    Index.open(folder)
    with pytest.raises(IndexFolderError, match=r"vectors\.faiss: sha256 is"):
        Index.open(folder, verify=True)


@pytest.mark.parametrize(
    ("more", "dim"), [(-1, DIM), (1, DIM), (0, 32)], ids=["too few", "too many", "too short"]
)
def test_vectors_of_other_names_are_refused(more: int, dim: int, folder: Path) -> None:
    n_names = Index.open(folder).store.n_names
    n = n_names + more
    vectors = np.full((n, dim), dim**-0.5, dtype=np.float32)
    Vectors.build("Flat", dim, [vectors]).save(folder / "vectors.faiss")
    accept(folder)
    index = Index.open(folder)
    message = f"{n} vectors of {dim} numbers, expected {n_names} of {DIM}; rebuild the index"
    with pytest.raises(IndexFolderError, match=message):
        _ = index.vectors


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("names.arrow", b"normal"),
        ("names.arrow", b"surface"),
        ("concepts.arrow", b"name_rows"),
        ("lexicon.arrow", b"hash"),
    ],
)
def test_table_whose_columns_are_damaged_is_refused(file: str, column: bytes, folder: Path) -> None:
    # The length is what the manifest says, so that only reading shows it.
    content = (folder / file).read_bytes()
    assert column in content
    (folder / file).write_bytes(content.replace(column, column[:-1] + b"#"))
    with pytest.raises(IndexFolderError, match=r"a file is damaged \(.*linker info --verify"):
        Index.open(folder)


@pytest.mark.parametrize("file", ["concepts.arrow", "names.arrow", "lexicon.arrow"])
def test_table_that_is_garbage_is_refused(file: str, folder: Path) -> None:
    (folder / file).write_bytes(b"garbage")
    accept(folder)
    with pytest.raises(IndexFolderError, match=f"{file}: not a readable Arrow file"):
        Index.open(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[]", "not a JSON object"),
    ],
)
def test_calibration_that_is_no_json_object_is_refused(
    content: bytes, message: str, folder: Path
) -> None:
    (folder / "calibration.json").write_bytes(content)
    accept(folder)
    index = Index.open(folder)
    with pytest.raises(IndexFolderError, match=rf"calibration\.json: {message}.*rebuild the index"):
        _ = index.calibration


def test_manifest_that_lists_no_vectors_is_refused(folder: Path) -> None:
    manifest = Index.open(folder).manifest
    files = {name: info for name, info in manifest.files.items() if name != "vectors.faiss"}
    manifest.model_copy(update={"files": files}).write(folder)
    with pytest.raises(IndexFolderError, match=r"the manifest lists no vectors\.faiss; rebuild"):
        Index.open(folder)
