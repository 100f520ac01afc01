"""Files that are written whole, and what is not written over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from linker.atomic import refuse_as_file, write_atomically
from linker.errors import ConfigError


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_a_rename_would_take_the_place_of_is_refused(tmp_path: Path) -> None:
    pipe, link, loop = tmp_path / "pipe", tmp_path / "link", tmp_path / "loop"
    os.mkfifo(pipe)
    to_pipe = tmp_path / "to pipe"  # as the shell's >(...)
    to_pipe.symlink_to(pipe)
    link.symlink_to(tmp_path / "real.json")
    loop.symlink_to(loop)
    for path, message in (
        (Path("/dev/null"), "/dev/null: is a device or a pipe; give a file to write"),
        (pipe, "pipe: is a device or a pipe; give a file to write"),
        (to_pipe, "to pipe: is a device or a pipe; give a file to write"),
        (link, "link: is a link, to .*/real.json; give that path"),
        (loop, "loop: is a link, to .*loop; give that path"),
        (tmp_path, "is a folder; give the file to write"),
        (tmp_path / "none" / "out", "there is no folder .*none; make it, or give another"),
        (Path("-"), "'-' is not taken for standard output here; give the file to write"),
    ):
        with pytest.raises(ConfigError, match=message):
            refuse_as_file(path)
    refuse_as_file(tmp_path / "new.json")
    (tmp_path / "old.json").write_text("{}")
    refuse_as_file(tmp_path / "old.json")


def test_a_folder_that_may_not_be_written_to_is_told_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("to root nothing is closed")
        with pytest.raises(ConfigError, match="may not be written to; give another"):
            refuse_as_file(tmp_path / "out.json")
    finally:
        tmp_path.chmod(0o755)


def test_a_link_laid_where_a_file_is_begun_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / "out.json.partial").symlink_to(other)
    write_atomically(tmp_path / "out.json", "new")
    assert other.read_text() == "kept"
    assert (tmp_path / "out.json").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out.json"]
