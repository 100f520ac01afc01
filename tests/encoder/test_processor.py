"""What Linux says of a processor, and what follows for integers."""

from __future__ import annotations

from pathlib import Path

import pytest

from linker.encoder import processor
from linker.encoder.processor import cpu_features, multiplies_signed_exactly

X86 = "processor\t: 0\nflags\t\t: fpu sse2 avx2 avx512f avx512_vnni\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (X86, ("avx2", "avx512f", "avx512_vnni")),
        ("Features\t: fp asimd\n", ("asimd",)),
        ("flags\t\t: fpu\n", ()),
        ("nothing of the kind\n", None),
    ],
)
def test_features_are_those_of_the_first_processor(
    tmp_path: Path, text: str, expected: tuple[str, ...] | None
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert cpu_features(tmp_path / "cpuinfo") == expected


def test_no_cpuinfo_is_not_no_features(tmp_path: Path) -> None:
    assert cpu_features(tmp_path / "cpuinfo") is None


@pytest.mark.parametrize(
    ("text", "exact"),
    [(X86, True), ("Features: fp asimd\n", True), ("flags: fpu avx2\n", False), ("", False)],
)
def test_signed_integers_ask_for_vnni_or_arm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, exact: bool
) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(text)
    monkeypatch.setattr(processor, "cpu_features", lambda: cpu_features(path))
    assert multiplies_signed_exactly() is exact
