from __future__ import annotations

import errno
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from cases import DIM, PATIENCE, FakeEncoder, files_of_at_most

from linker.encoder import Vectors
from linker.errors import ConfigError, EncoderError, IndexFolderError, TerminologyError
from linker.index import Index, check_place, write_index
from linker.index.manifest import VectorsInfo
from linker.steps import Silent
from linker.terminology import NameKind, Release, TableBuilder, Terminology

PLACES = ["femur", "tibia", "wrist", "skull", "hip"]
KINDS = ["fracture", "pain", "swelling", "burn"]
NAMES = [f"{kind} of {place}" for kind in KINDS for place in PLACES]
TERMS = [(f"X:{i:02d}", name, f"{name}, left") for i, name in enumerate(NAMES)]
N_NAMES = 40
SHARD = 7
N_SHARDS = 6
SHARDS = [(start, min(start + SHARD, N_NAMES)) for start in range(0, N_NAMES, SHARD)]


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def terminology(terms: Sequence[tuple[str, ...]]) -> Terminology:
    """Invented concepts: an id, a preferred name, further names; each replaced an older id."""
    builder = TableBuilder("test")
    for concept_id, preferred, *names in terms:
        builder.add(concept_id, preferred, names=[(name, NameKind.EXACT) for name in names])
        builder.retire(f"OLD:{concept_id}", replaced_by=concept_id)
    return builder.finish(Release("Invented", version="1", licence="none", source="test"))


def calibration(index: Index) -> dict[str, Any]:
    """The true one is of a later room; it too reads the index in the making."""
    return {"names": len(index.vectors), "dim": index.vectors.dim}


def small(
    out: Path,
    terms: Sequence[tuple[str, ...]] = TERMS,
    *,
    encoder: FakeEncoder | None = None,
    kind: str = "Flat",
    min_recall: float = 0.0,
    calibrate: Callable[[Index], dict[str, Any]] = calibration,
    shard_names: int = SHARD,
    **options: Any,
) -> Index:
    """Build an index of invented terms in small shards."""
    return write_index(
        terminology(terms),
        encoder or FakeEncoder(),
        out,
        kind=kind,
        min_recall=min_recall,
        calibrate=calibrate,
        shard_names=shard_names,
        **options,
    )


def beside(out: Path) -> list[str]:
    """What stands next to an index, and the index."""
    return sorted(path.name for path in out.parent.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "mini"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a build that nothing stops leaves in its folder."""
    return content(small(tmp_path_factory.mktemp("undisturbed") / "mini").path)


def stopped(out: Path, after: int = 3, **options: Any) -> FakeEncoder:
    """Start a build and stop it after some shards."""
    encoder = FakeEncoder(fail_after=after)
    with pytest.raises(KeyboardInterrupt):
        small(out, encoder=encoder, **options)
    return encoder


# --- the same input, the same bytes ----------------------------------------------------------


def test_finished_folder_holds_the_index_alone(out: Path, undisturbed) -> None:
    index = small(out)
    assert index.store.n_names == N_NAMES
    assert sorted(content(out)) == [
        "calibration.json",
        "concepts.arrow",
        "lexicon.arrow",
        "manifest.json",
        "names.arrow",
        "vectors.faiss",
    ]
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]


@pytest.mark.parametrize("kind", ["Flat", "HNSW32", "HNSW32,SQfp16"])
def test_order_of_the_input_changes_no_byte(kind: str, tmp_path: Path) -> None:
    shuffled = random.Random(0).sample(TERMS, len(TERMS))
    one = small(tmp_path / "one", TERMS, kind=kind)
    other = small(tmp_path / "other", shuffled, kind=kind)
    assert content(one.path) == content(other.path)


def test_size_of_the_shards_changes_no_byte(out: Path, undisturbed) -> None:
    small(out, shard_names=1000)
    assert content(out) == undisturbed


def test_vectors_are_those_of_the_names(out: Path) -> None:
    index = small(out, kind="HNSW32")
    names = index.store.normals(0, N_NAMES)
    assert index.vectors.take(np.arange(N_NAMES)).tolist() == FakeEncoder().encode(names).tolist()


def test_terminology_of_one_name(out: Path) -> None:
    index = small(out, [("X:1", "Fever")])
    scores, rows = index.vectors.search(FakeEncoder().encode(["fever"]), 5)
    assert rows.tolist() == [[0]]
    assert scores[0, 0] == pytest.approx(1)
    assert index.manifest.counts.names == 1


def test_terminology_whose_names_have_no_word(out: Path) -> None:
    index = small(out, [("X:1", "+"), ("X:2", "++")])
    assert len(index.lexicon) == 0
    assert len(index.vectors) == 2


def test_terminology_without_a_readable_name_is_no_unfinished_build(out: Path) -> None:
    with pytest.raises(TerminologyError, match="1 name, none with a character"):
        small(out, [("X:1", "\u200b")])
    small(out)
    assert beside(out) == ["mini"]


# --- stopped and gone on with ----------------------------------------------------------------


@pytest.mark.parametrize("after", range(N_SHARDS))
def test_build_stopped_at_any_shard_ends_with_the_same_bytes(
    after: int, out: Path, undisturbed
) -> None:
    first = stopped(out, after)
    assert not out.exists()
    second = FakeEncoder()
    small(out, encoder=second, resume=True)
    assert content(out) == undisturbed
    assert sorted(first.encoded + second.encoded) == sorted(set(first.encoded + second.encoded))
    assert len(first.encoded + second.encoded) == N_NAMES
    assert beside(out) == ["mini"]


def test_build_may_be_stopped_again_and_again(out: Path, undisturbed) -> None:
    encoded = []
    for _ in SHARDS[1:]:
        encoded += stopped(out, 1, resume=True).encoded
    last = FakeEncoder()
    small(out, encoder=last, resume=True)
    assert len(set(encoded + last.encoded)) == len(encoded + last.encoded) == N_NAMES
    assert content(out) == undisturbed


def test_progress_counts_each_name_once(out: Path) -> None:
    class Counted:
        def __init__(self) -> None:
            self.steps: dict[str, list[int | None]] = {}

        def step(self, name: str, total: int | None = None, unit: str = "") -> None:
            self.steps[name] = [total]

        def advance(self, n: int) -> None:
            list(self.steps.values())[-1].append(n)

    stopped(out, 2)
    progress = Counted()
    small(out, resume=True, progress=progress)
    left = N_NAMES - 2 * SHARD
    name = f"embedding names, {2 * SHARD} done before"
    assert progress.steps[name] == [left, 7, 7, 7, 5]


@pytest.mark.parametrize("resume", [True, False])
def test_resume_where_nothing_was_begun_builds(resume: bool, out: Path, undisturbed) -> None:
    out.with_name("mini.partial").mkdir()
    small(out, resume=resume)
    assert content(out) == undisturbed


def test_shards_that_were_damaged_are_made_anew(out: Path, undisturbed) -> None:
    stopped(out, 4)
    shards = sorted((out.with_name("mini.partial") / "shards").iterdir())
    shards[0].write_bytes(shards[0].read_bytes()[:-9])
    flipped = bytearray(shards[2].read_bytes())
    flipped[-1] ^= 1
    shards[2].write_bytes(flipped)
    encoder = FakeEncoder()
    index = small(out, encoder=encoder, resume=True)
    made = [row for k in (0, 2, 4, 5) for row in range(*SHARDS[k])]
    assert encoder.encoded == [index.store.normal(row) for row in made]
    assert content(out) == undisturbed


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"terms": [*TERMS, ("X:99", "fever")]}, "concepts and names"),
        ({"terms": [("Y:00", *TERMS[0][1:]), *TERMS[1:]]}, "concepts and names"),
        ({"encoder": FakeEncoder("another")}, "encoder"),
    ],
    ids=["names", "an id", "encoder"],
)
def test_unfinished_build_of_something_else_is_refused_and_kept(
    options: dict[str, Any], what: str, out: Path, undisturbed
) -> None:
    stopped(out)
    message = f"mini.partial: the unfinished build is of other {what}; use --force to start over"
    with pytest.raises(IndexFolderError, match=re.escape(message)):
        small(out, resume=True, **options)
    encoder = FakeEncoder()
    small(out, encoder=encoder, resume=True)
    assert len(encoder.encoded) == N_NAMES - 3 * SHARD
    assert content(out) == undisturbed


@pytest.mark.parametrize("job", ["", "{", "[1]", "7", "{}"])
def test_unfinished_build_whose_job_is_damaged_is_refused(job: str, out: Path) -> None:
    stopped(out)
    (out.with_name("mini.partial") / "job.json").write_text(job)
    with pytest.raises(IndexFolderError, match="use --force to start over"):
        small(out, resume=True)


def test_unfinished_build_is_not_overwritten_unasked(out: Path, undisturbed) -> None:
    stopped(out)
    before = content(out.with_name("mini.partial"))
    message = "mini.partial: an unfinished build is there; use --resume to go on with it, or"
    with pytest.raises(IndexFolderError, match=re.escape(message)):
        small(out)
    assert content(out.with_name("mini.partial")) == before
    encoder = FakeEncoder()
    small(out, encoder=encoder, force=True)
    assert len(encoder.encoded) == N_NAMES
    assert content(out) == undisturbed


def test_folder_of_that_name_that_is_no_build_is_kept(out: Path) -> None:
    partial = out.with_name("mini.partial")
    partial.mkdir()
    (partial / "thesis.txt").write_text("mine")
    with pytest.raises(IndexFolderError, match="an unfinished build is there"):
        small(out)
    assert content(partial) == {"thesis.txt": b"mine"}


# --- stopped after the embedding -------------------------------------------------------------


@pytest.mark.parametrize("min_recall", [0.0, 1.0])
def test_finished_folder_that_was_not_renamed_yet_is_renamed(
    min_recall: float, out: Path, undisturbed
) -> None:
    small(out, min_recall=min_recall).path.rename(out.with_name("mini.partial"))
    encoder = FakeEncoder()
    small(out, encoder=encoder, min_recall=min_recall, resume=True)
    assert encoder.encoded == []
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]


def test_finished_folder_that_was_not_cleared_yet_is_cleared(out: Path, undisturbed) -> None:
    stopped(out)
    partial = out.with_name("mini.partial")
    for name, data in undisturbed.items():
        (partial / name).write_bytes(data)
    encoder = FakeEncoder()
    small(out, encoder=encoder, resume=True)
    assert encoder.encoded == []
    assert content(out) == undisturbed


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"terms": TERMS[:-1]}, "concepts and names"),
        ({"encoder": FakeEncoder("another")}, "encoder"),
        ({"kind": "HNSW32"}, "kind"),
        ({"recall": 0.99}, "recall"),
        ({"min_recall": 1.1}, "recall"),
    ],
    ids=["names", "encoder", "kind", "recall", "min_recall"],
)
def test_finished_folder_of_something_else_is_not_renamed(
    options: dict[str, Any], what: str, out: Path, undisturbed
) -> None:
    small(out).path.rename(out.with_name("mini.partial"))
    with pytest.raises(IndexFolderError, match=f"the unfinished build is of other {what};"):
        small(out, resume=True, **options)
    assert not out.exists()
    small(out, resume=True)
    assert content(out) == undisturbed


@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_a_path_that_is_not_utf8_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    strange = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    encoder = FakeEncoder()
    for out in (strange, strange / "no" / "such"):
        message = r"\\xff.*': a path that is not UTF-8 cannot be opened; rename it"
        with pytest.raises(IndexFolderError, match=message):
            check_place(out, resume=False, force=False)
        with pytest.raises(IndexFolderError, match=message):
            small(out, encoder=encoder)
    assert (encoder.encoded, list(tmp_path.iterdir())) == ([], [])


def test_finished_folder_is_called_what_it_is_called_now(out: Path) -> None:
    small(out).path.rename(out.with_name("mini.partial"))
    renamed = terminology(TERMS)
    release = replace(renamed.release, version="2", licence="open")
    index = write_index(
        replace(renamed, release=release),
        FakeEncoder(),
        out,
        kind="Flat",
        min_recall=0,
        calibrate=calibration,
        resume=True,
    )
    assert (index.manifest.terminology.version, index.manifest.terminology.licence) == ("2", "open")


def test_old_index_that_was_set_aside_goes_when_the_new_one_is_in_place(
    out: Path, undisturbed
) -> None:
    # Killed between the two renamings.
    small(out, terms=TERMS[:3]).path.rename(out.with_name(".mini.replaced"))
    small(out).path.rename(out.with_name("mini.partial"))
    small(out, resume=True)
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]


def test_index_is_replaced_beside_an_older_one_that_was_set_aside(out: Path, undisturbed) -> None:
    # Killed between the two renamings, and then built anew without --resume.
    small(out, terms=TERMS[:2]).path.rename(out.with_name(".mini.replaced"))
    small(out.with_name("other"), terms=TERMS[:3]).path.rename(out)
    small(out, force=True)
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]


def test_error_of_the_calibration_loses_no_vector(out: Path, undisturbed) -> None:
    def fail(index: Index) -> dict[str, Any]:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        small(out, calibrate=fail)
    assert not out.exists()
    encoder = FakeEncoder()
    small(out, encoder=encoder, resume=True)
    assert encoder.encoded == []
    assert content(out) == undisturbed


def letters() -> list[tuple[str, str]]:
    """Names at random, so that a graph of few links misses some of the nearest."""
    rng = random.Random(0)
    return [(f"X:{i}", "".join([*rng.choices("abcdefghij", k=6), str(i)])) for i in range(400)]


def test_search_is_tuned_for_the_least_recall_where_less_is_asked(out: Path) -> None:
    asked = small(out, letters(), kind="HNSW3", recall=0.9).manifest.vectors
    least = small(out, letters(), kind="HNSW3", recall=0.3, min_recall=0.9, force=True)
    assert least.manifest.vectors == asked.model_copy(update={"recall_asked": 0.3})
    assert asked.recall_at_10 >= 0.9


def test_recall_below_the_least_makes_no_index(out: Path) -> None:
    terms, first = letters(), FakeEncoder()
    message = (
        r"'HNSW2' finds 0\.\d+ of the 10 nearest names, asked for 0.95; "
        "go on with --resume and kind"
    )
    with pytest.raises(ConfigError, match=message):
        small(out, terms, kind="HNSW2", min_recall=0.95, encoder=first)
    assert not out.exists()
    second = FakeEncoder()
    index = small(out, terms, min_recall=0.95, encoder=second, resume=True)
    assert (len(first.encoded), second.encoded) == (400, [])
    assert index.manifest.vectors == VectorsInfo(
        kind="Flat", recall_at_10=1.0, recall_queries=400, recall_moved_to=0.9, recall_asked=0.95
    )


@pytest.mark.parametrize("kind", ["IVF,RaBitQ", "IVF,SQ8", "HNSW16,SQ8", "HNSW32,SQfp16"])
def test_another_kind_and_recall_take_up_the_vectors_and_not_the_training(
    kind: str, out: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        small(out, kind="IVF4,RaBitQ", progress=StopAt("exact"))
    encoder = FakeEncoder()
    small(out, kind=kind, recall=0.5, encoder=encoder, resume=True)
    assert encoder.encoded == []
    assert content(out) == content(small(out.with_name("afresh"), kind=kind, recall=0.5).path)


def test_kind_that_cannot_be_is_refused_before_anything_is_embedded(out: Path) -> None:
    encoder = FakeEncoder()
    with pytest.raises(ConfigError, match="'IVF4,Half' is not a FAISS factory string"):
        small(out, kind="IVF4,Half", encoder=encoder)
    with pytest.raises(ConfigError, match="'NSG32' cannot take vectors part by part"):
        small(out, kind="NSG32", encoder=encoder)
    assert beside(out) == []
    with pytest.raises(ConfigError, match="'IVF64,SQ8' wants at least 64 names, there are 40"):
        small(out, kind="IVF64,SQ8", encoder=encoder)
    assert encoder.encoded == []


def test_codes_are_refined_from_half_precision_in_the_folder(out: Path) -> None:
    index = small(out, kind="IVF,RaBitQ", recall=0.9, min_recall=0.9)
    info = index.manifest.vectors
    assert (info.kind, info.refined, info.recall_asked) == ("IVF8,RaBitQ", True, 0.9)
    assert info.recall_at_10 >= 0.9
    assert index.vectors.effort == info.effort
    assert sorted(content(out)) == sorted([*index.manifest.files, "manifest.json"])
    assert index.manifest.files["vectors.f16"].bytes == N_NAMES * DIM * 2
    expected = FakeEncoder().encode(index.store.normals(0, N_NAMES))
    np.testing.assert_allclose(index.vectors.take(np.arange(N_NAMES)), expected, atol=5e-4)
    (out / "vectors.f16").unlink()
    with pytest.raises(IndexFolderError, match=r"vectors\.f16: missing"):
        Index.open(out)


def test_build_of_codes_that_was_stopped_ends_with_the_same_bytes(out: Path) -> None:
    whole = content(small(out.with_name("whole"), kind="IVF,RaBitQ").path)
    for after in ("training", "indexing", "exact", "tuning", "calibrating", "checksums"):
        with pytest.raises(KeyboardInterrupt):
            small(out, kind="IVF,RaBitQ", progress=StopAt(after), resume=True)
    assert content(small(out, kind="IVF,RaBitQ", resume=True).path) == whole


def test_another_kind_takes_up_the_vectors_and_leaves_no_file_of_the_first(
    out: Path, undisturbed
) -> None:
    with pytest.raises(KeyboardInterrupt):
        small(out, kind="IVF,RaBitQ", progress=StopAt("calibrating"))
    encoder = FakeEncoder()
    small(out, encoder=encoder, resume=True)
    assert encoder.encoded == []
    assert content(out) == undisturbed


class StopAt(Silent):
    """A user who stops a build when a step begins."""

    def __init__(self, name: str) -> None:
        self._name = name

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        if name.startswith(self._name):
            raise KeyboardInterrupt


# --- what is in the way ----------------------------------------------------------------------


def test_finished_index_is_replaced_only_by_force(out: Path, undisturbed) -> None:
    small(out, terms=TERMS[:3])
    before = content(out)
    for resume in (False, True):
        with pytest.raises(IndexFolderError, match="an index is there already; use --force"):
            small(out, resume=resume)
    assert content(out) == before
    small(out, force=True)
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]


def test_finished_index_stands_until_the_new_one_is_whole(out: Path, undisturbed) -> None:
    small(out, terms=TERMS[:3])
    before = content(out)
    first = stopped(out, force=True)
    assert content(out) == before
    second = FakeEncoder()
    small(out, encoder=second, force=True, resume=True)
    assert len(first.encoded + second.encoded) == N_NAMES
    assert content(out) == undisturbed


def test_what_is_in_the_way_is_told_before_anything_is_read(out: Path) -> None:
    check_place(out, resume=False, force=False)
    check_place(out.parent / "no" / "such", resume=False, force=False)
    stopped(out)
    with pytest.raises(IndexFolderError, match="an unfinished build is there; use --resume"):
        check_place(out, resume=False, force=False)
    check_place(out, resume=True, force=False)
    check_place(out, resume=False, force=True)
    small(out, resume=True)
    with pytest.raises(IndexFolderError, match="an index is there already; use --force"):
        check_place(out, resume=True, force=False)
    check_place(out, resume=False, force=True)
    with pytest.raises(IndexFolderError, match="exists and is not an index; choose another --out"):
        check_place(out.parent, resume=False, force=True)
    assert beside(out) == ["mini"]


def test_index_that_is_open_while_it_is_replaced_still_answers(out: Path) -> None:
    index = small(out)
    small(out, terms=TERMS[:3], force=True)
    assert index.store.normals(0, 2) == ["burn of femur", "burn of femur, left"]
    assert len(index.lexicon) == N_NAMES


@pytest.mark.parametrize("force", [False, True])
def test_folder_that_is_no_index_is_never_replaced(force: bool, out: Path) -> None:
    (out / "photos").mkdir(parents=True)
    (out / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(IndexFolderError, match="exists and is not an index; choose another --out"):
        small(out, force=force)
    assert content(out) == {"photos/cat.jpg": b"cat"}
    assert beside(out) == ["mini"]


@pytest.mark.parametrize("force", [False, True])
def test_file_is_never_replaced(force: bool, out: Path) -> None:
    out.write_text("notes")
    with pytest.raises(IndexFolderError, match="exists and is not an index; choose another --out"):
        small(out, force=force)
    assert out.read_text() == "notes"


def test_empty_folder_is_taken(out: Path, undisturbed) -> None:
    out.mkdir()
    small(out)
    assert content(out) == undisturbed


def test_disk_that_is_mounted_there_is_refused_before_anything_is_embedded() -> None:
    encoder = FakeEncoder()
    with pytest.raises(IndexFolderError, match=r"^/: the mount point .* as in --out /index$"):
        small(Path("/"), encoder=encoder, force=True)
    assert encoder.encoded == []


def test_missing_parents_are_made(tmp_path: Path, undisturbed) -> None:
    small(tmp_path / "a" / "b" / "mini")
    assert content(tmp_path / "a" / "b" / "mini") == undisturbed


def test_link_to_an_index_stays_a_link(tmp_path: Path, undisturbed) -> None:
    real = small(tmp_path / "disk" / "mini", terms=TERMS[:3]).path
    link = tmp_path / "mini"
    link.symlink_to(real)
    small(link, force=True)
    assert link.is_symlink()
    assert content(real) == undisturbed
    assert beside(real) == ["mini"]


def test_parent_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("notes")
    with pytest.raises(IndexFolderError, match=r"mini: the build stopped: .*file"):
        small(tmp_path / "file" / "mini")


# --- an encoder that is not what it says -----------------------------------------------------


class Deviant(FakeEncoder):
    """Changes its vectors after the first call."""

    def __init__(self, change: Callable[[Vectors], Vectors]) -> None:
        super().__init__()
        self._change = change

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        vectors = super().encode(texts, progress=progress)
        return vectors if self.calls == 1 else self._change(vectors)


@pytest.mark.parametrize(
    "change",
    [
        lambda vectors: vectors * np.float32(np.nan),
        lambda vectors: vectors * np.float32(2),
        lambda vectors: vectors[:-1],
        lambda vectors: vectors[:, :32] / np.linalg.norm(vectors[:, :32], axis=1, keepdims=True),
    ],
    ids=["not a number", "not of unit length", "too few", "too short"],
)
def test_vectors_that_are_no_unit_rows_are_refused(change, out: Path, undisturbed) -> None:
    with pytest.raises(EncoderError, match=r"fake: names 7 to 14 became vectors of shape \("):
        small(out, encoder=Deviant(change))
    encoder = FakeEncoder()
    small(out, encoder=encoder, resume=True)
    assert len(encoder.encoded) == N_NAMES - SHARD
    assert content(out) == undisturbed


# --- a disk that is full ---------------------------------------------------------------------


def test_full_disk_at_a_shard_loses_nothing(out: Path, undisturbed) -> None:
    def fail(vectors: Vectors) -> Vectors:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(IndexFolderError, match=r"stopped: .*No space left on device.*--resume"):
        small(out, encoder=Deviant(fail))
    assert beside(out) == ["mini.partial"]
    encoder = FakeEncoder()
    small(out, encoder=encoder, resume=True)
    assert len(encoder.encoded) == N_NAMES - SHARD
    assert content(out) == undisturbed


@pytest.mark.parametrize(
    "file", ["concepts.arrow", "names.arrow", "lexicon.arrow", "vectors.faiss"]
)
@pytest.mark.parametrize("part", [0.5, 1])
def test_file_that_cannot_be_written_in_full_loses_nothing(
    file: str, part: float, out: Path, undisturbed
) -> None:
    limit = int(len(undisturbed[file]) * part) - 1
    with files_of_at_most(limit), pytest.raises(IndexFolderError, match="the build stopped: "):
        small(out)
    assert not out.exists()
    small(out, resume=True)
    assert content(out) == undisturbed


# --- two builds at once ----------------------------------------------------------------------


def test_second_build_of_a_folder_is_refused(out: Path, undisturbed) -> None:
    begun, go_on = Event(), Event()

    def wait(vectors: Vectors) -> Vectors:
        begun.set()
        assert go_on.wait(PATIENCE)
        return vectors

    first = Thread(target=small, args=(out,), kwargs={"encoder": Deviant(wait)})
    first.start()
    try:
        assert begun.wait(PATIENCE)
        for options in ({}, {"resume": True}, {"force": True}):
            with pytest.raises(IndexFolderError, match="another process is building this index"):
                small(out, **options)
    finally:
        go_on.set()
        first.join()
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]


def test_lock_file_that_a_killed_build_left_is_no_lock(out: Path, undisturbed) -> None:
    out.with_name(".mini.lock").touch()
    small(out)
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]


def test_lock_goes_when_a_build_is_refused(out: Path) -> None:
    small(out)
    with pytest.raises(IndexFolderError):
        small(out)
    assert beside(out) == ["mini"]


# --- killed ----------------------------------------------------------------------------------

CHILD = """
import sys, time
from pathlib import Path
from test_write import FakeEncoder, small

class Slow(FakeEncoder):
    def encode(self, texts, *, progress=None):
        print("encoding", flush=True)
        # It is killed long before it is through, however busy the machine is.
        time.sleep(0.02 if self.calls < 6 else 600)
        return super().encode(texts, progress=progress)

small(Path(sys.argv[1]), encoder=Slow(), shard_names=2, resume=True)
"""


def test_killed_build_holds_others_off_and_ends_with_the_same_bytes(out: Path, undisturbed) -> None:
    here = Path(__file__).parent
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (here, here.parent)))}
    rng = random.Random(0)
    kept = 0
    for kill in range(3):
        command = [sys.executable, "-c", CHILD, str(out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as child:
            assert child.stdout
            assert child.stdout.readline() == "encoding\n"
            if kill == 0:
                with pytest.raises(IndexFolderError, match="another process is building"):
                    small(out, resume=True)
            time.sleep(rng.uniform(0, 0.12))
            child.kill()
        assert not out.exists()
        shards = list((out.with_name("mini.partial") / "shards").glob("*.npy"))
        assert len(shards) >= kept
        kept = len(shards)
    encoder = FakeEncoder()
    small(out, shard_names=2, encoder=encoder, resume=True)
    assert len(encoder.encoded) == N_NAMES - 2 * kept
    assert content(out) == undisturbed
    assert beside(out) == ["mini"]
