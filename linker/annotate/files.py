"""The files of notes that a path stands for: itself, or, of a folder, what in it are notes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from linker.annotate.journal import is_journal
from linker.annotate.readers import ENDINGS, NOTE_READERS, NoteFile, known_column
from linker.errors import NoteError

STDIN = "-"
_PACKED = (".gz", ".zst")
_COLUMN = re.compile("([^=]+)=(.+)")
_NULL = "__HIVE_DEFAULT_PARTITION__"
_UNCOMMITTED = "_temporary"
"""A folder of Spark's: what jobs that are under way or failed have written."""
_LOGS = {"_delta_log": "a Delta table", ".hoodie": "a Hudi table"}
"""Folders in tables of data lakes: which rows of the files are still there, their logs say."""
_ICEBERG = re.compile(r"(v\d+|\d+-.+)\.metadata\.json")
"""Its log is files in a folder `metadata`: https://iceberg.apache.org/spec/, "File System Tables"
and "Metastore Tables"."""


def files_of(
    path: Path, left_out: Collection[Path], input_format: str | None
) -> Iterator[NoteFile]:
    """What is read of a path: a file, stdin, or the files of notes in a folder, in order.

    Args:
        left_out: files and folders that are not read though they lie in such a folder.
        input_format: a name of `NOTE_READERS`; by default each file's ending says.

    Raises:
        NoteError: as `NoteStream`.
    """
    if str(path) == STDIN:
        yield NoteFile(None, STDIN, 0)
        return
    if not path.exists():
        raise NoteError(f"{path}: no such file or folder")
    if path.is_dir():
        unread: dict[Path, str] = {}
        walked = _walk(path, left_out, unread)
        found = sorted(p for p in walked if _is_read(p, input_format, unread))
        if path in unread:
            raise NoteError(f"{path}: {unread[path]}")
        if not found and not unread:
            raise NoteError(f"{path}: no notes in this folder; expected {_expected(input_format)}")
        for place, reason in sorted(unread.items()):
            yield NoteFile(place, "", 0, unread=reason)
    else:
        if input_format is None and ending_format(path) is None:
            raise NoteError(
                f"{path}: not a format of notes that can be read; expected {_endings(ENDINGS)}; "
                "--input-format says what it is"
            )
        if _is_in(os.path.realpath(path), left_out):
            raise NoteError(f"{path}: would be read and written; choose another file to write")
        found = [path]
    for file in found:
        name = file.relative_to(path) if path.is_dir() else Path(file.name)
        name = name.with_suffix("") if _is_packed(file) else name
        yield _listed(file, name.with_suffix("").as_posix())


def _listed(path: Path, note_id: str) -> NoteFile:
    try:
        found = path.stat()
    except OSError as error:
        return NoteFile(path, note_id, 0, unread=unread_reason(error))
    carried = _of_folders(path.parent)
    return NoteFile(path, note_id, found.st_size, modified=found.st_mtime, carried=carried)


@lru_cache(maxsize=64)
def _of_folders(folder: Path) -> dict[str, str]:
    """What the names of folders say of the notes in them: "note_date=2024-01-02".

    So Hive and Spark write the columns by which they part a table; the files lack them.
    """
    found = {}
    for part in folder.parts:
        column = _COLUMN.fullmatch(part)
        key = None if column is None else known_column(column[1])
        if column is not None and key is not None and column[2] != _NULL:
            found[key] = unquote(column[2])
    return found


def _walk(top: Path, left_out: Collection[Path], unread: dict[Path, str]) -> Iterator[Path]:
    """The files below a folder, also where a link leads; each folder once, by its own name first.

    Outputs of runs are passed over: their texts were notes, and their links are none. So are names
    that begin with a dot: what programs keep there (.ipynb_checkpoints, ._note.txt) is an older
    version of a note, or none; and what Spark has not committed.

    Args:
        left_out: files and folders that are passed over too.
        unread: is told of each folder that cannot be looked into, and why.

    Raises:
        NoteError: a folder is a table of a data lake, as Delta, Iceberg and Hudi keep them.
    """

    def tell(error: OSError) -> None:
        unread[Path(error.filename)] = unread_reason(error)

    seen: set[str] = set()
    left = [top]
    for start in left:
        for at, folders, names in os.walk(start, onerror=tell):
            real = os.path.realpath(at)
            if real in seen or _is_in(real, left_out):
                folders.clear()
                continue
            seen.add(real)
            folder = Path(at)
            table = _table_kind(folder, folders)
            if table is not None:
                raise NoteError(
                    f"{at}: {table}, whose files also hold rows that were deleted or changed "
                    "since; write what it holds now to Parquet, or name the files that are to be "
                    "read"
                )
            passed_over = _of_runs(folder, {*folders, *names}) | {_UNCOMMITTED}
            passed_over |= {name for name in (*folders, *names) if name.startswith(".")}
            passed_over |= {name for name in names if _is_in(_place(real, name), left_out)}
            folders[:] = [name for name in folders if name not in passed_over]
            # Links are followed once all folders are seen under their own names.
            left += [folder / name for name in sorted(folders) if _is_link(folder / name)]
            yield from (folder / name for name in names if name not in passed_over)


def _table_kind(folder: Path, folders: Collection[str]) -> str | None:
    """What table of a data lake a folder is; None for one that is none."""
    if "metadata" in folders and any(
        _ICEBERG.fullmatch(path.name) for path in folder.joinpath("metadata").glob("*.json")
    ):
        return "an Iceberg table"
    return next((kind for log, kind in _LOGS.items() if log in folders), None)


def _of_runs(folder: Path, names: Collection[str]) -> set[str]:
    """What of a folder's entries is the output of a run, or about to become one: see `output`."""
    outputs = {name.removesuffix(".run.json") for name in names if name.endswith(".run.json")}
    under_way = {name.removesuffix(".partial") for name in names if name.endswith(".partial")}
    # One that is being put in place has no manifest.
    outputs |= {name for name in under_way if is_journal(folder / f"{name}.partial")}
    found = {
        f"{output}{what}"
        for output in outputs.intersection(names)
        for what in ("", ".run.json", ".errors.jsonl")
    }
    return found | {f"{output}.writing" for output in under_way}


def _is_read(path: Path, input_format: str | None, unread: dict[Path, str]) -> bool:
    """Whether an entry of a folder is a file that is read.

    Args:
        unread: is told of an entry that is called as one and cannot be read, and of a link without
            an ending that leads nowhere: there may have been a folder of notes.
    """
    is_wanted = _of_format(path, input_format)
    if not is_wanted and (path.suffix or not _is_link(path)):
        return False
    try:
        mode = path.stat().st_mode
    except OSError as error:
        unread[path] = unread_reason(error)
        return False
    if is_wanted and not stat.S_ISREG(mode):
        unread[path] = "is a pipe, a socket or a device; a pipe is read where it is named itself"
        return False
    return is_wanted


def _is_link(path: Path) -> bool:
    # `Path.is_symlink` raises where the folder may be listed and its entries not be looked at.
    return os.path.islink(path)  # noqa: PTH114


def _place(folder: str, name: str) -> str:
    """Where an entry of a folder, of which all links are resolved, leads to."""
    path = Path(folder, name)
    return os.path.realpath(path) if _is_link(path) else str(path)


def _is_in(place: str, left_out: Collection[Path]) -> bool:
    """Whether a path without links is one of those left out, or lies in one."""
    return any(f"{place}{os.sep}".startswith(f"{path}{os.sep}") for path in left_out)


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() in _PACKED


def ending_format(path: Path | None) -> str | None:
    """The format that a file's name stands for, by its ending, less ".gz" and ".zst"."""
    if path is None:
        return None
    return ENDINGS.get((path.with_suffix("") if _is_packed(path) else path).suffix.lower())


def _of_format(path: Path, input_format: str | None) -> bool:
    """Whether a file of a folder is read: all that are known, or those of the format asked for."""
    found = ending_format(path)
    if input_format is None or found is None:
        return found is not None
    return _is_alike(found, input_format)


def _is_alike(found: str, asked: str) -> bool:
    return NOTE_READERS[found] is NOTE_READERS[asked]


def unread_reason(error: OSError) -> str:
    """Why a file or folder is not read, and what to do."""
    return (
        f"cannot be read ({error.strerror or type(error).__name__}); what is left of it is lost: "
        "mend that, and annotate it again onto the same output"
    )


def _expected(input_format: str | None) -> str:
    """Which files of a folder would be read."""
    if input_format is None:
        return f"files that end in {_endings(ENDINGS)}"
    endings = [ending for ending, found in ENDINGS.items() if _is_alike(found, input_format)]
    return (
        f"files that end in {_endings(endings)}; name files of another ending themselves, if they "
        f"are {input_format}"
    )


def _endings(endings: Iterable[str]) -> str:
    packed = [f"{ending} or {ending}.gz" for ending in endings if ending != ".parquet"]
    found = [f"{', '.join(packed)} (or .zst)"] if packed else []
    return ", ".join([*found, *(ending for ending in endings if ending == ".parquet")])
