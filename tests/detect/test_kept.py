from __future__ import annotations

from linker.detect.kept import kept_of_note


def test_short_notes_are_remembered_and_long_ones_are_not() -> None:
    asked: list[int] = []

    @kept_of_note
    def length(text: str) -> int:
        asked.append(len(text))
        return len(text)

    short, long = "fever", "fever " * 100_000
    assert [length(text) for text in (short, long, short, long)] == [5, 600_000, 5, 600_000]
    assert asked == [5, 600_000, 600_000]
