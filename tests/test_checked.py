from __future__ import annotations

from pathlib import Path

import pytest

from linker.checked import Checked, shipped
from linker.errors import ConfigError


class _Words(Checked):
    words: frozenset[str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with data files."""
    data = tmp_path / "of_words" / "data"
    data.mkdir(parents=True)
    data.with_name("__init__.py").touch()
    (data / "whole.toml").write_text('words = ["was", "is"]\n', encoding="utf-8")
    (data / "other.toml").write_text('words = ["was"]\ncolours = ["red"]\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "of_words"


def test_a_data_file_of_a_package_is_read(package: str) -> None:
    assert shipped(_Words, package, "whole.toml").words == {"was", "is"}


def test_a_key_that_nobody_reads_is_an_error(package: str) -> None:
    with pytest.raises(ConfigError, match=r"other\.toml: unknown key 'colours'; known here: words"):
        shipped(_Words, package, "other.toml")


def test_what_was_read_stays_as_it_is(package: str) -> None:
    words = shipped(_Words, package, "whole.toml")
    with pytest.raises(ValueError, match="frozen"):
        words.words = frozenset()  # type: ignore[misc]
