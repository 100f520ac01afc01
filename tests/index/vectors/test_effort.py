from __future__ import annotations

import pytest

from linker.index.vectors.effort import Effort


@pytest.mark.parametrize("name", ["nprobe", "ef_search", "refine"])
def test_a_search_looks_at_something(name: str) -> None:
    assert getattr(Effort(**{name: 1}), name) == 1
    for value in (0, -1):
        with pytest.raises(ValueError, match=f"^{name} is {value}, expected at least 1$"):
            Effort(**{name: value})


def test_what_a_kind_has_no_parameter_for_is_not_said() -> None:
    assert str(Effort()) == ""
    assert str(Effort(nprobe=8, refine=50)) == "nprobe 8, refine 50"
    assert str(Effort(ef_search=64)) == "ef_search 64"
