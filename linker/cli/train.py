"""`linker train`: an encoder adapted to the names of an index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from linker.checked import validated
from linker.cli.console import err_console, resumable
from linker.config import DEFAULT_BASE


def train(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX", help="The index folder.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="The folder to create.", show_default=False)],
    base: Annotated[
        str, typer.Option(help="The encoder to start from: a known one, a hub name or a folder.")
    ] = DEFAULT_BASE,
    full: Annotated[
        bool | None,
        typer.Option(
            "--full/--adapter",
            help="Train all weights, or an adapter of the base. [default: adapter]",
        ),
    ] = None,
    rank: Annotated[
        int | None, typer.Option(help="The rank of the adapter (LoRA). [default: 16]")
    ] = None,
    loss: Annotated[
        str | None, typer.Option(help="infonce, or ms (multi-similarity). [default: infonce]")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="The temperature of infonce. [default: 0.05]")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="The highest learning rate. [default: 0.0002]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the pairs. [default: 1]")] = None,
    warmup: Annotated[
        float | None,
        typer.Option(help="The share of the steps in which the rate rises. [default: 0.1]"),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            help="The steps of the contrastive phase, at most; 0: all that --epochs asks. "
            "[default: 0]"
        ),
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Pairs per step. [default: 192]")] = None,
    chunk: Annotated[
        int | None,
        typer.Option(
            help="Texts whose activations are held at once; larger batches go through the gradient "
            "cache. [default: 512]"
        ),
    ] = None,
    pool: Annotated[
        int | None, typer.Option(help="Pairs mined together for hard negatives. [default: 16384]")
    ] = None,
    group: Annotated[
        int | None,
        typer.Option(help="Near pairs put into one batch; 1: no hard negatives. [default: 4]"),
    ] = None,
    definitions: Annotated[
        bool | None,
        typer.Option(
            "--definitions/--no-definitions",
            help="Pair names with definitions. [default: definitions]",
        ),
    ] = None,
    descriptions: Annotated[
        bool | None,
        typer.Option(
            "--descriptions/--no-descriptions",
            help="Pair names with a sentence on their place in the hierarchy. "
            "[default: descriptions]",
        ),
    ] = None,
    names_per_concept: Annotated[
        int | None,
        typer.Option(help="The most name pairs of one concept in an epoch. [default: 8]"),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(help="Longer texts are cut off here, in training only. [default: 64]"),
    ] = None,
    distil: Annotated[
        bool | None,
        typer.Option("--distil/--no-distil", help="Run the self-distillation. [default: distil]"),
    ] = None,
    distil_steps: Annotated[
        int | None,
        typer.Option(help="The steps of the self-distillation; 0: each name once. [default: 0]"),
    ] = None,
    runs: Annotated[
        int | None, typer.Option(help="Runs to average, each with its own seed. [default: 1]")
    ] = None,
    base_share: Annotated[
        float | None,
        typer.Option(
            help="The weight of the base in the average, from 0 to below 1. [default: 0.25]"
        ),
    ] = None,
    held_out: Annotated[
        int | None, typer.Option(help="Names held out for the dev curve. [default: 200]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="The seed of everything drawn at random. [default: 0]")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, or bf16. [default: fp32]")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1. [default: a GPU if there is one]")
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(help="mean, cls or max, for a base folder that does not say which."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a training that was stopped.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a trained model, or restart an unfinished training."),
    ] = False,
) -> None:
    """Adapt an encoder to a terminology: contrastive phase, self-distillation, averaging."""
    from linker.cli.progress import Bars
    from linker.train import TrainSettings, train_encoder

    flags: dict[str, Any] = {
        "full": full, "rank": rank, "loss": loss, "temperature": temperature, "rate": rate,
        "warmup": warmup, "epochs": epochs, "steps": steps, "batch": batch, "chunk": chunk,
        "pool": pool,
        "group": group, "definitions": definitions, "descriptions": descriptions,
        "distil": distil, "distil_steps": distil_steps, "runs": runs, "base_share": base_share,
        "names_per_concept": names_per_concept, "max_tokens": max_tokens,
        "held_out": held_out, "seed": seed, "precision": precision,
    }  # fmt: skip
    given = {key: value for key, value in flags.items() if value is not None}
    settings = validated(TrainSettings, given, where="train", named=_flag)
    with resumable(out), Bars(err_console) as progress:
        report = train_encoder(
            index,
            base,
            out,
            settings,
            resume=resume,
            force=force,
            device=device,
            pooling=pooling,
            progress=progress,
        )
    for name, measure in report.measures.items():
        first, fifth, everyday = measure.columns()
        typer.echo(
            f"{name:12} held-out names hit@1 {first:>5}  hit@5 {fifth:>5}"
            f"  everyday sentences {everyday:>5}",
            err=True,
        )
    typer.echo(f"{out}: use it with: linker build ... --encoder {out}", err=True)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
