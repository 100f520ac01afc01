"""`linker evaluate`: gold annotations to figures, a table, JSON and a report of errors."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from linker.cli.console import err_console, open_linker, show
from linker.cli.options import (
    DetectorOption,
    EncoderOption,
    IndexOption,
    NestedOption,
    ThresholdOption,
    WholeCompositesOption,
)
from linker.config import DEFAULT_THRESHOLD
from linker.counted import counted

if TYPE_CHECKING:
    from linker.evaluate import Figure, Report
    from linker.evaluate.report import Group
    from linker.formats import Document
    from linker.link import Linker

SHOWN = 5
"""Problems and ids that are told one by one; all are in the JSON."""


def evaluate(
    gold: Annotated[
        list[Path],
        typer.Argument(
            help="JSON lines, PubTator, BioC XML or JSON, also .gz; or folders, also of BRAT, "
            "CADEC or Bio-LarK (GSC+) annotations, with the texts inside or in a folder beside."
        ),
    ],
    *,
    index: IndexOption,
    gold_mentions: Annotated[
        bool,
        typer.Option(
            "--gold-mentions",
            help="Link the gold mentions. By default mentions are found, end to end.",
        ),
    ] = False,
    protocol: Annotated[
        str | None,
        typer.Option(
            help="For gold mentions: Z, the dictionary as released; A, with the mentions of "
            "--train added and composites split. [default: Z]",
            show_default=False,
        ),
    ] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            help="Gold of a train split: its names count as seen, and protocol A adds them."
        ),
    ] = None,
    split_abbreviations: Annotated[
        bool,
        typer.Option(
            "--split-abbreviations/--no-split-abbreviations",
            help="Look abbreviations up by the long form in the note or in the clinical table.",
        ),
    ] = True,
    split_composites: Annotated[
        bool | None,
        typer.Option(
            "--split-composites/--no-split-composites",
            help="Look composites up part by part, if the gold gives the parts. "
            "[default: for protocol A]",
            show_default=False,
        ),
    ] = None,
    gold_types: Annotated[
        bool,
        typer.Option(
            "--gold-types", help="Use the gold's types as if they were a detector's labels."
        ),
    ] = False,
    format: Annotated[  # noqa: A002
        str | None,
        typer.Option(
            help="The format of the gold: jsonl, pubtator, bioc-xml, bioc-json, brat, biolark."
        ),
    ] = None,
    map_prefix: Annotated[
        list[str] | None,
        typer.Option(
            help="GOLD=INDEX: replace a prefix of ids, as in UMLS:= to remove one, or =MESH: to "
            "add one where there is none; repeatable."
        ),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Candidates for each mention.")] = 25,
    threshold: ThresholdOption = DEFAULT_THRESHOLD,
    detector: DetectorOption = "dictionary",
    nested: NestedOption = False,
    whole_composites: WholeCompositesOption = False,
    encoder: EncoderOption = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Another index, measured in the same way: prints by how much the figures of "
            "--index are higher, with the same documents drawn for both."
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, help="How often documents are resampled for the intervals.")
    ] = 1000,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write all figures to this file.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page of errors to this file.")
    ] = None,
) -> None:
    """Measure the links against gold annotations."""
    from linker.atomic import refuse_as_another, refuse_as_file, write_atomically
    from linker.cli.progress import Bars
    from linker.evaluate import END_TO_END, compare, read_gold, write_page
    from linker.evaluate import evaluate as measure
    from linker.evaluate.report import figures_json
    from linker.records import json_text

    asked = _protocol(protocol, gold_mentions=gold_mentions, train=bool(train))
    _say_idle(
        {"--nested": nested, "--whole-composites": whole_composites}
        if asked
        else {
            "--gold-types": gold_types,
            "--no-split-abbreviations": not split_abbreviations,
            "--split-composites": split_composites is not None,
        },
        gold_mentions=asked is not None,
    )
    prefixes = _prefixes(map_prefix or [])
    written: list[Path] = []
    for path in (as_json, report):
        if path is not None:
            refuse_as_file(path)
            refuse_as_another(path, [*gold, *(train or ())], "is read")
            refuse_as_another(path, written, "is to be written twice")
            written.append(path)
    with ExitStack() as stack:
        progress = stack.enter_context(Bars(err_console))
        progress.step("reading gold")
        found = read_gold(gold, format=format, prefixes=prefixes)
        seen = read_gold(train, format=format, prefixes=prefixes).documents if train else ()

        def measured(path: Path, encoder: str | None) -> tuple[Linker, Report]:
            linker = open_linker(
                path,
                threshold=threshold,
                encoder=encoder,
                detector=detector,
                nested=nested,
                whole_composites=whole_composites,
            )
            if asked == "A":
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="linker-evaluate-"))
                progress.step("laying over train mentions")
                linker = _with_train_names(linker, encoder, seen, Path(folder))
            return linker, measure(
                linker,
                found.documents,
                protocol=END_TO_END if asked is None else asked,
                k=k,
                abbreviations=split_abbreviations,
                composites=split_composites,
                types=gold_types,
                train=seen,
                problems=found.problems,
                draws=draws,
                progress=progress,
            )

        linker, result = measured(index, encoder)
        other = None if against is None else measured(against, None)
    _say_problems(result)
    _say_lost(result)
    _print(result, index)
    data = {"index": str(index), "linker": linker.settings, **result.to_json()}
    if against is not None and other is not None:
        _say_lost(other[1], f"{against}: ")
        differences = compare(result, other[1])
        _print_differences(differences, result, other[1], index, against)
        data["against"] = {
            "index": str(against),
            "linker": other[0].settings,
            "figures": figures_json(other[1].figures),
            "differences": figures_json(differences),
        }
    if as_json is not None:
        write_atomically(as_json, json_text(data, indent=1) + "\n")
        typer.echo(f"json    {as_json}", err=True)
    if report is not None:
        write_page(
            report,
            result,
            found.documents,
            title=f"Accuracy of the links to {index.resolve().name}",
        )
        typer.echo(f"report  {report}  (open it in a browser)", err=True)


def _protocol(protocol: str | None, *, gold_mentions: bool, train: bool) -> str | None:
    """Z or A for gold mentions; None for end to end."""
    if protocol is None:
        return "Z" if gold_mentions else None
    if protocol not in ("Z", "A"):
        raise typer.BadParameter(f"--protocol {protocol} is not known; known: Z, A")
    if not gold_mentions:
        raise typer.BadParameter("--protocol is of gold mentions: give --gold-mentions too")
    if protocol == "A" and not train:
        raise typer.BadParameter("--protocol A adds the mentions of a train split: give --train")
    return protocol


def _say_idle(options: dict[str, bool], *, gold_mentions: bool) -> None:
    """Tell of the options, by name, that were given and are of the other way to measure."""
    given = ", ".join(option for option, is_given in options.items() if is_given)
    if given and gold_mentions:
        typer.echo(f"without effect on gold mentions: {given}; leave out --gold-mentions", err=True)
    elif given:
        typer.echo(f"without effect end to end: {given}; give --gold-mentions too", err=True)


def _prefixes(pairs: list[str]) -> dict[str, str]:
    prefixes = {}
    for pair in pairs:
        theirs, equals, ours = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"--map-prefix {pair}: expected GOLD=INDEX, as in UMLS:=")
        prefixes[theirs] = ours
    return prefixes


def _with_train_names(
    linker: Linker, encoder: str | None, seen: Sequence[Document], folder: Path
) -> Linker:
    """The same linker over an index with the train mentions as names of the house."""
    from linker.encoder import own_encoder
    from linker.evaluate import mention_names, with_names
    from linker.index import Index

    loaded = own_encoder(linker.manifest.encoder, encoder, index=linker.path)
    index = Index.open(linker.path)
    added = with_names(index, mention_names(seen), folder / "index", encoder=loaded)
    typer.echo(
        f"{counted(added.pairs, 'name')} of train mentions added, for this evaluation only",
        err=True,
    )
    return type(linker)(added.index, encoder=loaded, threshold=linker.threshold)


def _say_problems(report: Report) -> None:
    from linker.formats.document import KINDS

    for kind, count in report.problem_counts.items():
        typer.echo(f"{counted(count, *KINDS[kind])}:", err=True)
        of_kind = [problem for problem in report.problems if problem.kind == kind]
        for problem in of_kind[:SHOWN]:
            typer.echo(f"  {problem}", err=True)
        if count > SHOWN:
            typer.echo(f"  and {count - SHOWN:,} more (--json lists all)", err=True)
    if report.gold.lack:
        typer.echo(report.gold.lack, err=True)


def _say_lost(report: Report, where: str = "") -> None:
    """Tell of the gold mentions that no link can be right of, in words that begin with `where`."""
    lost = report.gold.with_ids - report.gold.known
    if lost:
        ids = ", ".join(f"{i} ({n})" for i, n in report.unknown_ids[:SHOWN])
        own = next((f", as {r.concept_id}" for r in report.results if r.concept_id), "")
        typer.echo(
            f"{where}mentions without an id that the index holds: {lost:,} of "
            f"{report.gold.with_ids:,}; they count as not found; the most frequent: {ids}. If the "
            f"index writes these ids differently{own}, map them with --map-prefix.",
            err=True,
        )


def _print(report: Report, index: Path) -> None:
    from linker.evaluate import LABELS

    gold = report.gold
    typer.echo(
        f"{index}, protocol {report.settings['protocol']}: {counted(gold.documents, 'document')}, "
        f"{counted(gold.mentions, 'mention')}, {gold.with_ids:,} with a gold id"
    )
    table = Table(box=None)
    table.add_column("figure")
    table.add_column("%", justify="right")
    table.add_column("95% interval", justify="right")
    names = {figure.name for figure in report.figures}
    for name, label in LABELS.items():
        if name in names:
            figure = report.figure(name)
            # Of one document the same one is drawn each time.
            interval = (
                f"{100 * figure.low:.1f} – {100 * figure.high:.1f}" if gold.documents > 1 else "–"
            )
            table.add_row(label, f"{100 * figure.value:.1f}", interval)
    show(table)
    by_type = [group for group in report.groups if group.by == "type"]
    if len(by_type) > 1:
        show(_types(by_type))


def _print_differences(
    differences: Sequence[Figure], report: Report, other: Report, index: Path, against: Path
) -> None:
    from linker.evaluate import LABELS

    typer.echo(f"{index} less {against}, the same documents drawn for both:")
    table = Table(box=None)
    table.add_column("figure")
    for heading in ("one", "other", "higher by", "95% interval"):
        table.add_column(heading, justify="right")
    by_name = {figure.name: figure for figure in differences}
    for name, label in LABELS.items():
        if name in by_name:
            figure = by_name[name]
            shares = (f"{100 * share:.1f}" for share in (report[name], other[name]))
            bounds = (f"{100 * bound:+.1f}" for bound in (figure.low, figure.high))
            interval = " – ".join(bounds) if report.gold.documents > 1 else "–"
            table.add_row(label, *shares, f"{100 * figure.value:+.1f}", interval)
    show(table)


def _types(groups: Sequence[Group]) -> Table:
    from linker.evaluate import COLUMNS

    table = Table(box=None)
    names = [name for name in COLUMNS if any(name in group.figures for group in groups)]
    table.add_column("type")
    for heading in ("mentions", *(COLUMNS[name] for name in names)):
        table.add_column(heading, justify="right")
    for group in groups:
        figures = (
            f"{100 * group.figures[name]:.1f}" if name in group.figures else "–" for name in names
        )
        table.add_row(Text(group.label), f"{group.mentions:,}", *figures)
    return table
