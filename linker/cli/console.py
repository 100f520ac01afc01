"""What every command shares of opening, showing and being stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from linker.link import Linker

STOPPED = 130
"""The exit status after Ctrl-C: 128 and the number of the signal, as shells have it."""

out_console = Console()
err_console = Console(stderr=True)


def open_linker(index: Path, **options: Any) -> Linker:
    """`Linker.load`, with torch and the rest imported only now."""
    from linker.link import Linker

    return Linker.load(index, **options)


def show(table: Table) -> None:
    """Print a table on stdout."""
    # What is piped is not cut to the width of a terminal.
    out_console.print(table, highlight=False, width=None if out_console.is_terminal else 1000)


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """After Ctrl-C, say how to go on."""
    try:
        yield
    except KeyboardInterrupt as error:
        if not out.with_name(f"{out.name}.partial").exists():
            raise
        typer.echo("stopped; what was done is kept: use --resume to go on", err=True)
        raise typer.Exit(STOPPED) from error
