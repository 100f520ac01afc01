from __future__ import annotations

from pathlib import Path

import pytest
from cases import CONCEPTS, FakeEncoder, build, concept

from linker import Linker, Note
from linker.annotate import BadNote, Compared, LinkChange, compare_links
from linker.index import Index


@pytest.fixture(scope="module")
def linkers(tmp_path_factory: pytest.TempPathFactory, index: Index) -> tuple[Linker, Linker]:
    """The invented terminology, and a later release of it."""
    gone = {"X:0006", "X:0012", "X:0013"}
    later = [c for c in CONCEPTS if c["id"] not in gone]
    later += [
        concept("X:0106", "Febrile state", "Fever", alt_ids=["X:0006"]),
        concept("X:0112", "Thoracic pain", "Chest pain"),
        concept("X:0200", "Itch"),
    ]
    folder = tmp_path_factory.mktemp("compare") / "later"
    new = build(folder, later)
    return Linker(index, encoder=FakeEncoder()), Linker(new, encoder=FakeEncoder())


def test_every_kind_of_change_is_told_with_its_place(linkers: tuple[Linker, Linker]) -> None:
    text = "Fever, itch and chest pain. Hypertension. Nausea."
    bad = BadNote("b", "f", 3, "no text")
    found = list(compare_links(*linkers, [Note("n", text), bad, Note("e", "")]))
    assert found == [
        Compared(
            same=1,
            changes=(
                LinkChange("followed", "n", 0, 5, "Fever", "X:0006", "X:0106", "Fever",
                           "Febrile state"),
                LinkChange("gained", "n", 7, 11, "itch", None, "X:0200", "", "Itch"),
                LinkChange("changed", "n", 16, 26, "chest pain", "X:0012", "X:0112", "Chest pain",
                           "Thoracic pain"),
                LinkChange("lost", "n", 28, 40, "Hypertension", "X:0013", None, "Hypertension", ""),
            ),
        ),
        bad,
        Compared(same=0, changes=()),
    ]  # fmt: skip


def test_an_index_against_itself_changes_nothing(linkers: tuple[Linker, Linker]) -> None:
    notes = [Note(str(i), "Fever and chest pain.") for i in range(70)]
    assert list(compare_links(linkers[0], linkers[0], notes)) == [Compared(2, ())] * 70


def test_no_text_but_the_mention_is_kept(linkers: tuple[Linker, Linker], tmp_path: Path) -> None:
    (found,) = compare_links(*linkers, [Note("n", "Mr Secret has an itch.")])
    assert isinstance(found, Compared)
    assert "Secret" not in repr(found)
