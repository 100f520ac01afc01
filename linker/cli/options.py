"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linker.config import OPERATING_POINTS, threshold_of

IndexOption = Annotated[Path, typer.Option("--index", help="The index folder.", show_default=False)]
KOption = Annotated[int, typer.Option("--k", min=1, help="Candidates to keep a mention.")]


def _threshold(value: str) -> float:
    try:
        return threshold_of(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


ThresholdOption = Annotated[
    float,
    typer.Option(
        parser=_threshold,
        metavar="PROBABILITY",
        help=f"Links below it are NIL: a number, or {', '.join(OPERATING_POINTS)}.",
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(help="Where the index's encoder is now, if not where it was at the build."),
]
NestedOption = Annotated[
    bool,
    typer.Option(
        "--nested",
        help="Keep the mentions that lie in others or overlap them, if they link; else the longest "
        "that links stays.",
    ),
]
WholeCompositesOption = Annotated[
    bool,
    typer.Option(
        "--whole-composites",
        help="A composite's part has the whole phrase as its mention: breast cancer \"breast and "
        'ovarian cancer", not "breast". Such links overlap.',
    ),
]
DetectorOption = Annotated[
    str,
    typer.Option(
        help='Finds the mentions: "dictionary", "clinical", an installed spaCy or scispaCy '
        "pipeline, or several joined by +."
    ),
]
