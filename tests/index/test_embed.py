"""What an older index holds is not embedded again, and a long job says how long it will take."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import FakeEncoder, build, concept

from linker.encoder import EncoderIdentity, Vectors
from linker.errors import IndexFolderError
from linker.index.embed import SAMPLE, duration

OLD = [concept("X:1", "Fever", "Pyrexia"), concept("X:2", "Chest pain"), concept("X:3", "Zoster")]
NEW = [
    concept("X:0", "Ache"),
    *OLD[:2],
    concept("X:4", "Heart attack", "Cardiac arrest", "Zz top"),
]


class Steps:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None]] = []
        self.done = 0

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        self.steps.append((name, total))
        self.done = 0

    def advance(self, n: int) -> None:
        self.done += n

    def find(self, start: str) -> tuple[str, int | None]:
        (found,) = [step for step in self.steps if step[0].startswith(start)]
        return found


@pytest.mark.parametrize("kind", ["Flat", "HNSW32"])
@pytest.mark.parametrize("shard_names", [1, 2, 4096])
def test_only_names_that_the_old_index_lacks_are_embedded(
    kind: str, shard_names: int, tmp_path: Path
) -> None:
    old = build(tmp_path / "old", OLD, kind=kind)
    encoder, steps = FakeEncoder(), Steps()
    index = build(
        tmp_path / "new", NEW, encoder=encoder, reuse=old.path, progress=steps,
        shard_names=shard_names,
    )  # fmt: skip
    assert sorted(encoder.encoded) == ["ache", "cardiac arrest", "heart attack", "zz top"]
    assert steps.find("embedding names") == ("embedding names, 3 reused", 4)
    names = index.store.normals(0, index.store.n_names)
    assert names == sorted(names)
    found = index.vectors.take(np.arange(len(names)))
    np.testing.assert_array_equal(found, FakeEncoder().encode(names))


def test_old_index_of_the_same_names_needs_no_encoder(tmp_path: Path) -> None:
    old = build(tmp_path / "old", OLD)
    encoder = FakeEncoder()
    new = build(tmp_path / "new", OLD, encoder=encoder, reuse=old.path)
    assert encoder.encoded == []
    for file in ("vectors.faiss", "names.arrow", "calibration.json"):
        assert (new.path / file).read_bytes() == (old.path / file).read_bytes()


def test_build_that_reuses_and_is_stopped_goes_on(tmp_path: Path) -> None:
    old = build(tmp_path / "old", OLD)
    options: dict[str, Any] = {"reuse": old.path, "shard_names": 2}
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "new", NEW, encoder=FakeEncoder(fail_after=1), **options)
    encoder, steps = FakeEncoder(), Steps()
    build(tmp_path / "new", NEW, encoder=encoder, progress=steps, resume=True, **options)
    assert steps.find("embedding names")[0] == "embedding names, 4 done before, 1 reused"
    assert encoder.encoded == ["heart attack", "zz top"]


def test_vectors_of_another_encoder_are_not_reused(tmp_path: Path) -> None:
    old = build(tmp_path / "old", OLD, encoder=FakeEncoder("other"))
    with pytest.raises(IndexFolderError, match=r"old: built with encoder other .*cannot be reused"):
        build(tmp_path / "new", NEW, reuse=old.path)
    assert not (tmp_path / "new.partial").exists()


class Int8Fake(FakeEncoder):
    """The fake in another precision: the same model, other vectors."""

    @property
    def identity(self) -> EncoderIdentity:
        exact = super().identity
        return replace(exact, fingerprint=f"{exact.fingerprint}+int8-1", precision="int8")


def test_vectors_of_another_precision_are_not_reused(tmp_path: Path) -> None:
    old = build(tmp_path / "old", OLD, encoder=Int8Fake())
    with pytest.raises(IndexFolderError, match=r"int8\), this build has fake .*, fp32\): its vect"):
        build(tmp_path / "new", NEW, reuse=old.path)
    encoder = Int8Fake()
    build(tmp_path / "new", NEW, encoder=encoder, reuse=old.path)
    assert sorted(encoder.encoded) == ["ache", "cardiac arrest", "heart attack", "zz top"]


@pytest.mark.parametrize("old_kind", ["SQ8", "HNSW32,SQfp16"])
@pytest.mark.parametrize("kind", ["SQ8", "HNSW32,SQfp16"])
def test_rounded_vectors_are_reused_where_they_are_rounded_anyway(
    old_kind: str, kind: str, tmp_path: Path
) -> None:
    old = build(tmp_path / "old", OLD, kind=old_kind)
    with pytest.raises(IndexFolderError, match="keeps its vectors in half precision"):
        build(tmp_path / "new", NEW, reuse=old.path)
    # Nothing was embedded: without --reuse it starts anew, and needs no --force.
    encoder = FakeEncoder()
    build(tmp_path / "new", NEW, encoder=encoder)
    assert encoder.encoded == [
        "ache",
        "cardiac arrest",
        "chest pain",
        "fever",
        "heart attack",
        "pyrexia",
        "zz top",
    ]
    afresh = build(tmp_path / "afresh", NEW, kind=kind)
    reused = build(tmp_path / "reused", NEW, kind=kind, reuse=old.path)
    for path in afresh.path.glob("vectors.f*"):
        assert (reused.path / path.name).read_bytes() == path.read_bytes()


def test_rounded_vectors_of_a_stopped_build_are_taken_up_only_where_they_are_rounded_anyway(
    tmp_path: Path,
) -> None:
    old = build(tmp_path / "old", OLD, kind="HNSW32,SQfp16")
    options: dict[str, Any] = {"kind": "HNSW32,SQfp16", "shard_names": 2}
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "new", NEW, encoder=FakeEncoder(fail_after=1), reuse=old.path, **options)
    with pytest.raises(IndexFolderError, match="unfinished build has vectors in half precision"):
        build(tmp_path / "new", NEW, resume=True, shard_names=2)
    made = build(tmp_path / "new", NEW, resume=True, **options)
    afresh = build(tmp_path / "afresh", NEW, **options)
    assert {file.name for file in made.path.iterdir()} == {
        file.name for file in afresh.path.iterdir()
    }
    for file in ("vectors.faiss", "names.arrow", "calibration.json"):
        assert (made.path / file).read_bytes() == (afresh.path / file).read_bytes()


def test_folder_that_is_no_index_cannot_be_reused(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match="does not exist"):
        build(tmp_path / "new", NEW, reuse=tmp_path / "nothing")


def test_long_job_says_how_long_it_will_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.index.embed._TIMES_SAMPLE", 3)
    monkeypatch.setattr("linker.index.embed.SAMPLE", 10)
    concepts = [concept(f"X:{i}", "a" * (i + 1)) for i in range(40)]
    encoder, steps = FakeEncoder(), Steps()
    build(tmp_path / "new", concepts, encoder=encoder, progress=steps)
    name, total = steps.find("embedding names")
    assert re.fullmatch(r"embedding names, 40 new, about \d+ s", name)
    assert total == 40
    # One name loads the model; the sample has names of all lengths, the shortest and the longest.
    sampled = [len(text) for text in encoder.encoded[1:11]]
    assert (sampled[0], sampled[-1]) == (1, 40)
    assert sampled == sorted(set(sampled))


def test_the_time_is_that_of_the_names_that_are_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.index.embed._TIMES_SAMPLE", 1)
    monkeypatch.setattr("linker.index.embed.SAMPLE", 2)
    monkeypatch.setattr("linker.index.embed._seconds_a_name", lambda *_: 2.0)
    old, steps = build(tmp_path / "old", OLD), Steps()
    build(tmp_path / "new", NEW, reuse=old.path, progress=steps)
    assert steps.find("embedding") == ("embedding names, 3 reused, 4 new, about 8 s", 4)


def test_short_job_is_not_sampled(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    index = build(tmp_path / "new", NEW, encoder=encoder)
    assert len(encoder.encoded) == index.store.n_names < SAMPLE


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "0 s"), (70, "70 s"), (150, "2 min"), (4200, "70 min"), (12600, "3.5 h")],
)
def test_durations_are_for_a_person(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


class HungryFake(FakeEncoder):
    """A fake that asks for names as a GPU does, and remembers how many each call had."""

    def __init__(self, at_once: int, *, fail_after: int | None = None) -> None:
        super().__init__(fail_after=fail_after)
        self.at_once = at_once
        self.sizes: list[int] = []

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        vectors = super().encode(texts, progress=progress)
        self.sizes.append(len(texts))
        return vectors


@pytest.mark.parametrize(("at_once", "sizes"), [(2, [2, 2, 2, 1]), (3, [4, 3]), (100, [7])])
def test_a_hungry_encoder_is_given_several_shards_at_once(
    at_once: int, sizes: list[int], tmp_path: Path
) -> None:
    encoder, steps = HungryFake(at_once), Steps()
    made = build(tmp_path / "new", NEW, encoder=encoder, progress=steps, shard_names=2)
    assert encoder.sizes == sizes
    assert steps.find("embedding names")[1] == 7
    plain = build(tmp_path / "plain", NEW)
    for file in ("vectors.faiss", "names.arrow", "calibration.json"):
        assert (made.path / file).read_bytes() == (plain.path / file).read_bytes()


def test_a_stopped_build_of_a_hungry_encoder_keeps_what_was_done(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "new", NEW, encoder=HungryFake(3, fail_after=1), shard_names=2)
    encoder, steps = HungryFake(3), Steps()
    build(tmp_path / "new", NEW, encoder=encoder, progress=steps, shard_names=2, resume=True)
    assert steps.find("embedding names") == ("embedding names, 4 done before", 3)
    assert encoder.encoded == ["heart attack", "pyrexia", "zz top"]


def test_a_hungry_encoder_is_not_asked_where_nothing_is_to_be_embedded(tmp_path: Path) -> None:
    class Unloaded(FakeEncoder):
        @property
        def at_once(self) -> int:
            raise AssertionError("the weights were loaded for nothing")

    old = build(tmp_path / "old", OLD)
    new = build(tmp_path / "new", OLD, encoder=Unloaded(), reuse=old.path)
    assert new.manifest.counts == old.manifest.counts


def test_a_hungry_encoder_is_timed_on_more_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.index.embed._TIMES_SAMPLE", 2)
    monkeypatch.setattr("linker.index.embed.SAMPLE", 2)
    concepts = [concept(f"X:{i}", "a" * (i + 1)) for i in range(40)]
    encoder = HungryFake(320)
    build(tmp_path / "new", concepts, encoder=encoder)
    assert encoder.sizes == [1, 20, 40]


# The names after it are on their way, and no more of them are embedded; the last has none.
@pytest.mark.parametrize(("shard_names", "sizes"), [(2, [2, 2]), (7, [7])])
def test_a_shard_that_cannot_be_written_stops_the_build(
    shard_names: int, sizes: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("linker.index.shards.Shards.write", write)
    encoder = HungryFake(1)
    with pytest.raises(IndexFolderError, match="No space left on device"):
        build(tmp_path / "new", NEW, encoder=encoder, shard_names=shard_names)
    assert encoder.sizes == sizes
