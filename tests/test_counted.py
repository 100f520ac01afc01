from __future__ import annotations

import pytest

from linker.counted import counted


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 notes"), (1, "1 note"), (2, "2 notes"), (1_001, "1,001 notes")]
)
def test_one_is_no_plural(n: int, said: str) -> None:
    assert counted(n, "note") == said
    assert counted(n, "note", "kept") == f"{said} kept"
