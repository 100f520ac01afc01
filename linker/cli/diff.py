"""`linker diff`: what changed between two indexes or releases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from linker.atomic import refuse_as_another, refuse_as_file, write_atomically
from linker.cli.console import err_console, open_linker, show
from linker.errors import ConfigError
from linker.records import json_text

if TYPE_CHECKING:
    from linker.annotate import NoteStream
    from linker.steps import Progress

EXAMPLES = 3
SHOWN = 80
"""Characters of a value that are shown: a definition may be a page; `--json` has it whole."""


def diff(
    old: Annotated[
        Path,
        typer.Argument(metavar="OLD", help="The older index folder or recipe.", show_default=False),
    ],
    new: Annotated[
        Path,
        typer.Argument(metavar="NEW", help="The newer index folder or recipe.", show_default=False),
    ],
    *,
    notes: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Notes (as for annotate) whose links are compared too; repeatable. Needs two "
            "index folders. Prints the mentions whose links changed.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", help="Write every change to this file; with --notes, it contains mentions."
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Examples to show for each kind of change.")
    ] = EXAMPLES,
) -> None:
    """Show which concepts, names, codes and definitions changed, and how that affects links."""
    from linker.annotate import NoteStream
    from linker.cli.progress import Bars
    from linker.offline import diff_releases

    if notes and any(path.is_file() for path in (old, new)):
        raise ConfigError("--notes needs two index folders; build the recipe first")
    if json_file is not None:
        refuse_as_file(json_file)
        refuse_as_another(json_file, map(Path, (old, new, *(notes or ()))), "is read")
    stream = NoteStream(notes) if notes else None
    with Bars(err_console) as progress:
        changes = diff_releases(old, new, progress=progress)
        links = None if stream is None else _compare(old, new, stream, progress)
    table = Table(box=None, title=Text(f"{old} to {new}"), title_justify="left")
    for heading in ("what", "how many", "for example"):
        table.add_column(heading, overflow="fold")
    for what, count in changes.counts.items():
        rows = getattr(changes, what).slice(0, examples).to_pylist()
        table.add_row(what.replace("_", " "), f"{count:,}", Text("\n".join(map(_line, rows))))
    if links is not None:
        _add_links(table, links, examples)
    show(table)
    if json_file is not None:
        content: dict[str, Any] = {"old": str(old), "new": str(new), "counts": changes.counts}
        content |= {what: getattr(changes, what).to_pylist() for what in changes.counts}
        content |= {} if links is None else {"links": links}
        write_atomically(json_file, json_text(content, indent=1) + "\n")


def _compare(old: Path, new: Path, notes: NoteStream, progress: Progress) -> dict[str, Any]:
    """Counts, and every change, of the links of some notes."""
    from linker.annotate import BadNote, compare_links

    progress.step("linking notes twice", unit="notes")
    same, bad, changes = 0, 0, []
    for found in compare_links(open_linker(old), open_linker(new), notes):
        progress.advance(1)
        if isinstance(found, BadNote):
            bad += 1
            continue
        same += found.same
        changes += [asdict(change) for change in found.changes]
    counts = Counter(change["change"] for change in changes)
    return {
        "same": same,
        **{kind: counts[kind] for kind in ("gained", "lost", "changed", "followed")},
        "notes_that_cannot_be_read": bad,
        "changes": changes,
    }


def _add_links(table: Table, links: Mapping[str, Any], examples: int) -> None:
    for kind in ("same", "gained", "lost", "changed", "followed"):
        rows = [change for change in links["changes"] if change["change"] == kind][:examples]
        lines = [
            f"{row['note_id']} {row['start']}-{row['end']} {row['text']}: "
            f"{_side(row, 'old')} > {_side(row, 'new')}"
            for row in rows
        ]
        table.add_row(f"links {kind}", f"{links[kind]:,}", Text("\n".join(lines)))
    if bad := links["notes_that_cannot_be_read"]:
        table.add_row("notes that cannot be read", f"{bad:,}", "")


def _side(row: Mapping[str, Any], side: str) -> str:
    return f"{row[side]} {row[f'{side}_name']}" if row[side] is not None else "NIL"


def _line(row: Mapping[str, str]) -> str:
    """A row of a change, in words: what it is about, and how it was and is."""
    plain = [value for key, value in row.items() if key not in ("old", "new", "into", "into_name")]
    if "into" in row:
        return f"{' '.join(plain)} > {row['into']} {row['into_name']}"
    if "old" in row:
        return f"{' '.join(plain)}: {_short(row['old'])} > {_short(row['new'])}"
    return " ".join(plain)


def _short(value: str) -> str:
    return (value if len(value) <= SHOWN else f"{value[: SHOWN - 1]}…") or "none"
