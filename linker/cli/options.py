"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linker.config import OPERATING_POINTS, threshold_of

IndexOption = Annotated[Path, typer.Option("--index", help="The index folder.", show_default=False)]
KOption = Annotated[int, typer.Option("--k", min=1, help="Candidates to keep for each mention.")]


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
        help=f"A link less probable than this is NIL: a number, or {', '.join(OPERATING_POINTS)}.",
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(help="Where the index's encoder is now, if it has moved since the build."),
]
NestedOption = Annotated[
    bool,
    typer.Option(
        "--nested",
        help="Also keep mentions inside others or overlapping them, if they link; by default only "
        "the longest that links is kept.",
    ),
]
WholeCompositesOption = Annotated[
    bool,
    typer.Option(
        "--whole-composites",
        help='Mark the whole phrase for each part of a composite: for breast cancer, "breast and '
        'ovarian cancer" instead of "breast". Such links overlap.',
    ),
]
DetectorOption = Annotated[
    str,
    typer.Option(
        help='What finds the mentions: "dictionary", "clinical", an installed spaCy or scispaCy '
        "pipeline, or several joined by +."
    ),
]
