"""Files in the Rich Release Format of the US National Library of Medicine, as tables of DuckDB.

One row a line, in UTF-8; each field, the last one too, ends with "|"; nothing is quoted, so no
field holds a "|" (UMLS Reference Manual, ch. 3). Each file is checked before DuckDB reads it, which
would not name the line that is broken. A plain file without a fault is read where it lies; what is
packed, or has a fault that may pass, is copied into a temporary folder first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.database import quoted, temporary_database
from linker.terminology.release_files import translated
from linker.terminology.rrf.files import Member, find_members
from linker.terminology.rrf.rows import blocks_of, lines_of, whole_rows
from linker.terminology.temporary import in_temporary_folder

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_FOLDERS = 3
"""How far up a path is looked at for a release: RxNorm_full_01062025/rrf, 2025AB/META."""
# With the result and Python beside it, a build of nine million names stays below 4 GB.
_MEMORY = "1536MB"
SOURCES = (
    *("VCUI", "RCUI", "VSAB", "RSAB", "SON", "SF", "SVER", "VSTART", "VEND", "IMETA", "RMETA"),
    *("SLC", "SCC", "SRL", "TFR", "CFR", "CXTY", "TTYL", "ATNL", "LAT", "CENC", "CURVER"),
    *("SABIN", "SSN", "SCIT"),
)
"""The columns of MRSAB.RRF and RXNSAB.RRF."""

_FILES = ("FIL", "DES", "FMT", "CLS", "RWS", "BTS")
"""The columns of MRFILES.RRF."""

Layouts = Mapping[str, Sequence[str]]
"""The columns of each file in the order of the manual; MRFILES.RRF of a release may say another."""


class RrfRelease:
    """The files of a release, and a database to join them in. Made by `opened_release`.

    Attributes:
        main: the file without which it is no release: that of its names.
        bad: counts the rows that were left out as broken.
        progress: told of each file that is read.
    """

    def __init__(
        self,
        path: Path,
        main: str,
        members: Mapping[str, Member],
        layouts: Layouts,
        bad: BadRows,
        folder: Path,
        connection: duckdb.DuckDBPyConnection,
        progress: Progress,
    ) -> None:
        self.main = main
        self.bad = bad
        self.progress = progress
        self._path = path
        self._members = members
        self._folder = folder
        self._connection = connection
        self._layouts: dict[str, Sequence[str]] = {**layouts, "MRFILES.RRF": _FILES}
        self._layouts.update(self._stated_layouts(layouts))

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def where(self, name: str) -> str:
        """A file of the release, for messages."""
        return self._members[name].where

    def folders(self) -> list[str]:
        """The folders and archives that the main file is in, from it on up; then those given."""
        holding = self._members[self.main].folder
        return [
            part
            for place in (holding, self._path)
            for part in reversed(place.absolute().parts[-_FOLDERS:])
        ]

    def text(self, name: str) -> str:
        """A small file of the release that is no table."""
        with self._opened(name) as stream:
            return stream.read().decode("utf-8-sig", "replace")

    def rows(self, name: str, columns: Sequence[str]) -> str:
        """Check a file; what reads it, for the FROM of a query.

        Args:
            columns: those that the query needs. A blank field is NULL.

        Raises:
            TerminologyError: more rows are broken than may be, or MRFILES.RRF knows no such column.
        """
        layout = self._layouts[name]
        for column in columns:
            if column not in layout:
                raise TerminologyError(
                    f"{self.where('MRFILES.RRF')}: no column {column} for {name}; "
                    f"found: {', '.join(layout)}"
                )
        path = self._checked(name, len(layout))
        types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in (*layout, "_after_the_last"))
        return (
            f"(SELECT {', '.join(columns)} "  # noqa: S608  # columns of ours, the rest is quoted
            f"FROM read_csv({quoted(str(path))}, auto_detect=false, "
            "header=false, delim='|', quote='', escape='', new_line='\\n', "
            f"columns={{{types}}}))"
        )

    def refuse_blank(self, name: str, columns: Sequence[str]) -> None:
        """Count each row with a blank in one of `columns` as broken; the caller leaves it out.

        Raises:
            TerminologyError: more rows are broken than may be.
        """
        layout = self._layouts[name]
        indices = [(layout.index(column), column) for column in columns]
        for number, line in self._lines(name):
            fields = line.split(b"|")
            if len(fields) != len(layout) + 1:
                continue
            blank = [c for i, c in indices if not fields[i].decode(errors="replace").strip()]
            if blank:
                self.bad.skip(
                    TerminologyError(
                        f"{self.where(name)}:{number}: blank {blank[0]}; "
                        f"each row needs {' and '.join(columns)}"
                    )
                )

    def _lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        with self._opened(name) as stream:
            for first, block in blocks_of(stream):
                yield from enumerate(lines_of(block), start=first)

    @contextmanager
    def _opened(self, name: str, progress: Progress | None = None) -> Iterator[IO[bytes]]:
        """The bytes of a file, and what goes wrong with them as an error that names the release."""
        with translated(self._path), self._members[name].open(progress) as stream:
            yield stream

    def run(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; its rows, which are few."""
        return self._connection.execute(sql, list(parameters)).fetchall()

    def table(self, sql: str) -> pa.Table:
        """Run a query whose rows are many."""
        return self._connection.sql(sql).to_arrow_table()

    def _stated_layouts(self, layouts: Layouts) -> dict[str, tuple[str, ...]]:
        if "MRFILES.RRF" not in self:
            return {}
        stated = self.run(f"FROM {self.rows('MRFILES.RRF', ('FIL', 'FMT'))}")
        return {
            file: tuple(column.strip() for column in columns.split(","))
            for file, columns in stated
            if file in layouts and columns
        }

    def _checked(self, name: str, n_fields: int) -> Path:
        """A file that DuckDB can read: the member itself, or a copy without its faults."""
        member = self._members[name]
        # To DuckDB, a path with one of these is a pattern.
        if member.path is not None and not re.search(r"[*?\[]", str(member.path)):
            with self._opened(name, self.progress) as stream:
                faults = self.bad.count
                changed = {changed for _, changed in whole_rows(stream, member, n_fields, self.bad)}
            if True not in changed:
                return member.path
            # They are counted; now they are left out.
            bad, progress = BadRows(self.bad.count - faults), None
        else:
            bad, progress = self.bad, self.progress
        copy = self._folder / name
        with (
            in_temporary_folder(self._path),
            copy.open("wb") as out,
            self._opened(name, progress) as stream,
        ):
            for block, _ in whole_rows(stream, member, n_fields, bad):
                # What cannot be written is no fault of what is read.
                with in_temporary_folder(self._path):
                    out.write(block)
        return copy


@contextmanager
def opened_release(
    path: Path,
    main: str,
    layouts: Layouts,
    *,
    others: Sequence[str] = (),
    beside: Sequence[str] = (),
    max_bad_rows: int,
    progress: Progress,
) -> Iterator[RrfRelease]:
    """Find the files of a release and open a database in a temporary folder, removed at the end.

    Args:
        path: the folder that holds the files, plain or .gz; one above it; a zip; or the main file.
        main: the file without which it is no release.
        others: further files that are no tables.
        beside: files that lie beside the folder of the main one, perhaps in a folder of their own.
        progress: told of each file that is read.

    Raises:
        TerminologyError: the main file is missing or is in several folders, an archive is
            damaged, or the database fails (no disk space).
    """
    wanted = {main, *layouts, *others, *beside, "MRFILES.RRF"}
    with translated(path):
        members = find_members(path, main, wanted, beside=beside)
    with temporary_database(path, memory_limit=_MEMORY, on_disk=True) as (connection, folder):
        # Nothing is to survive a crash: without commits, nothing waits for the disk.
        connection.begin()
        yield RrfRelease(
            path, main, members, layouts, BadRows(max_bad_rows), folder, connection, progress
        )
