"""`linker demo`: sample notes to a report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from linker.cli.console import err_console, show
from linker.counted import counted


def demo(
    *,
    index: Annotated[
        Path, typer.Option(help="The index folder; built if it does not exist.")
    ] = Path("indexes/hpo"),
    out: Annotated[Path, typer.Option(help="The folder for the links and the report.")] = Path(
        "demo"
    ),
    force: Annotated[
        bool,
        typer.Option("--force", help="Build the index again, or restart an unfinished build."),
    ] = False,
) -> None:
    """Link a dozen sample notes to the Human Phenotype Ontology, and write an HTML report."""
    # Everything is in packages: nothing may be fetched, and this shows that nothing is.
    os.environ["HF_HUB_OFFLINE"] = "1"
    from linker.cli.progress import Bars
    from linker.demo import run_demo

    with Bars(err_console) as progress:
        found = run_demo(index, out, force=force, progress=progress)
    table = Table(box=None, title="Found most often", title_justify="left")
    for heading in ("concept", "name", "notes", "for example"):
        table.add_column(heading)
    for row in found.most_common:
        table.add_row(row.concept_id, Text(row.preferred_name), str(row.notes), Text(row.example))
    show(table)
    typer.echo(
        f"{counted(found.notes, 'note')}, {counted(found.links, 'link')} to "
        f"{counted(found.concepts, 'concept')}"
    )
    typer.echo(f"links   {found.jsonl}")
    typer.echo(f"report  {found.report}  (open it in a browser)")
