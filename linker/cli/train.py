"""`linker train`: an encoder adapted to the names of an index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from linker.checked import validated
from linker.cli.console import err_console, resumable
from linker.config import DEFAULT_BASE


def train(
    index: Annotated[Path, typer.Argument(help="The index folder.", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="The folder to make.", show_default=False)],
    base: Annotated[
        str, typer.Option(help="The encoder to begin with: a known one, a hub name or a folder.")
    ] = DEFAULT_BASE,
    full: Annotated[
        bool | None,
        typer.Option(
            "--full/--adapter", help="Train all weights; else an adapter beside the base."
        ),
    ] = None,
    rank: Annotated[int | None, typer.Option(help="Of the adapter (LoRA).")] = None,
    loss: Annotated[str | None, typer.Option(help="infonce, or ms (multi-similarity).")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of infonce.")] = None,
    rate: Annotated[float | None, typer.Option(help="The highest learning rate.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Times over the pairs.")] = None,
    warmup: Annotated[
        float | None, typer.Option(help="The share of the steps in which the rate rises.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Stop after so many steps; 0: all.")] = None,
    batch: Annotated[int | None, typer.Option(help="Pairs a step.")] = None,
    chunk: Annotated[
        int | None,
        typer.Option(help="Texts held with their activations; larger batches are cached."),
    ] = None,
    pool: Annotated[int | None, typer.Option(help="Pairs mined together.")] = None,
    group: Annotated[
        int | None, typer.Option(help="Near pairs put into one batch; 1: no hard negatives.")
    ] = None,
    definitions: Annotated[
        bool | None, typer.Option("--definitions/--no-definitions", help="Pair with definitions.")
    ] = None,
    descriptions: Annotated[
        bool | None,
        typer.Option("--descriptions/--no-descriptions", help="Pair with graph descriptions."),
    ] = None,
    names_per_concept: Annotated[
        int | None, typer.Option(help="Name pairs a concept gives in an epoch, at most.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Longer texts are cut off here, in training only.")
    ] = None,
    distil: Annotated[
        bool | None, typer.Option("--distil/--no-distil", help="Run the self-distillation.")
    ] = None,
    distil_steps: Annotated[int | None, typer.Option(help="Its steps; 0: each name once.")] = None,
    runs: Annotated[int | None, typer.Option(help="Runs to average, each of its own seed.")] = None,
    base_share: Annotated[
        float | None, typer.Option(help="The base's weight in the average, from 0 to below 1.")
    ] = None,
    held_out: Annotated[int | None, typer.Option(help="Names kept for the dev curve.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all that is drawn.")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, or bf16.")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1. [default: a GPU if there is one]")
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(help="mean, cls or max, for a base folder that does not say it."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training that was stopped.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a trained model; start an unfinished one over.")
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
