"""`linker evaluate`: gold annotations to figures, a table, JSON and a report of errors."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linker.atomic import refuse_as_another, refuse_as_file, write_atomically
from linker.cli.console import err_console, open_linker
from linker.cli.figures import say_lost, say_problems, show_differences, show_figures
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
from linker.records import json_text

if TYPE_CHECKING:
    from linker.evaluate import Report
    from linker.formats import Document
    from linker.link import Linker


def evaluate(
    gold: Annotated[
        list[Path],
        typer.Argument(
            metavar="GOLD",
            help="JSON lines, PubTator, BioC XML or JSON, also .gz; or folders, also of BRAT, "
            "CADEC or Bio-LarK (GSC+) annotations, with the texts inside or in a folder beside.",
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
            metavar="FILE",
            help="Gold of a train split: its names count as seen, and protocol A adds them.",
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
            metavar="GOLD=INDEX",
            help="Replace a prefix of the gold's ids, as in UMLS:= to remove one, or =MESH: to add "
            "one where there is none; repeatable.",
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
    from linker.cli.progress import Bars
    from linker.evaluate import END_TO_END, compare, read_gold, write_page
    from linker.evaluate import evaluate as measure
    from linker.evaluate.report import figures_json

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
    _check_outputs([path for path in (as_json, report) if path], [*gold, *(train or ())])
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
    say_problems(result)
    say_lost(result)
    show_figures(result, index)
    data = {"index": str(index), "linker": linker.settings, **result.to_json()}
    if against is not None and other is not None:
        say_lost(other[1], f"{against}: ")
        differences = compare(result, other[1])
        show_differences(differences, result, other[1], index, against)
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


def _check_outputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """See that each file can be written, and is none that is read, nor another one of them."""
    for number, path in enumerate(outputs):
        refuse_as_file(path)
        refuse_as_another(path, inputs, "is read")
        refuse_as_another(path, outputs[:number], "is to be written twice")


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
