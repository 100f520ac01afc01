"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

IndexOption = Annotated[Path, typer.Option("--index", help="The index folder.", show_default=False)]
KOption = Annotated[int, typer.Option("--k", min=1, help="Candidates to keep a mention.")]
ThresholdOption = Annotated[
    float,
    typer.Option(min=0, max=1, help="Links below this probability are NIL."),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(help="Where the index's encoder is now, if not where it was at the build."),
]
DetectorOption = Annotated[
    str,
    typer.Option(
        help='Finds the mentions: "dictionary", or an installed spaCy or scispaCy pipeline.'
    ),
]
