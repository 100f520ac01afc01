"""A model folder in memory, through transformers: the network, the tokenizer, in silence."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging import ERROR
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from linker.encoder.folder import ModelFolder
from linker.encoder.gpu import in_bad_fork, usable_device
from linker.errors import EncoderError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LoadedModel:
    """What encoding needs.

    Attributes:
        network: in evaluation mode, in float32 or bfloat16, on `device`.
        tokenizer: the Rust tokenizer, set to the folder's longest input, without padding.
        pad_id: the token that fills a batch up.
        process: the id of the process that loaded it.
        unset: weights that the folder lacks, of a pooler; they are at random, and take no part.
    """

    network: torch.nn.Module
    tokenizer: Any
    pad_id: int
    device: torch.device
    process: int
    unset: frozenset[str] = frozenset()


def after_fork(model: LoadedModel) -> LoadedModel:
    """Make a loaded model safe to use in a forked child.

    The parent's OpenMP threads are not there any more, and the first parallel region would wait for
    them for ever. One thread starts no region; torch's own DataLoader workers do the same.
    """
    import torch

    if model.device.type != "cpu":
        raise EncoderError(
            f"the encoder was loaded on {model.device} before this process was forked, and a GPU "
            'cannot be shared so; start the processes with "spawn", or load with device="cpu"'
        )
    torch.set_num_threads(1)
    return replace(model, process=os.getpid())


def load(folder: ModelFolder, device: str | None, *, bf16: bool = False) -> LoadedModel:
    """Load the network and the tokenizer; nothing outside the folder is read.

    Args:
        device: as torch names it; None for a GPU if there is one.
        bf16: hold the weights, and calculate, in bfloat16.

    Raises:
        EncoderError: the folder's architecture is unknown, its weights do not fit it, or the
            device does not exist.
    """
    with _quiet_imports():
        import torch
        from transformers import AutoModel, AutoTokenizer

    with _quiet():
        try:
            target = usable_device(device)
            if device is None and in_bad_fork():
                torch.set_num_threads(1)  # as in `after_fork`
            tokenizer = AutoTokenizer.from_pretrained(
                folder.path, local_files_only=True, trust_remote_code=False, use_fast=True
            )
            # `weights_only` is not passed on: it is the default, and 4.44 had no such option.
            network, report = AutoModel.from_pretrained(
                folder.path,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=folder.weights[0].suffix == ".safetensors",
                # Else its error points to a report that is kept from the terminal here.
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
            # The checkpoint may be of half precision; where it is, float32 loses nothing.
            network = network.float().to(target).eval()
            if folder.adapter is not None:
                folder.adapter.merge(network)
            if bf16:
                network = network.to(torch.bfloat16)
        except EncoderError:
            raise
        except UnpicklingError as error:
            # Its own message tells how to run whatever code the file holds.
            raise EncoderError(
                f"{folder.weights[0]}: cannot be loaded: it is damaged, or holds more than "
                "tensors, and nothing else is taken from a pickle; take the model as safetensors"
            ) from error
        except Exception as error:  # OSError, ValueError, KeyError, RuntimeError, ...
            raise EncoderError(f"{folder.path}: cannot be loaded: {_first_line(error)}") from error
    _check_weights(folder.path, report)
    if not getattr(tokenizer, "is_fast", False):
        raise EncoderError(
            f"{folder.path}: its tokenizer has no fast version; save one as tokenizer.json"
        )
    pad_id = tokenizer.pad_token_id
    return LoadedModel(
        network=network,
        tokenizer=_tokenizer(tokenizer, folder),
        pad_id=0 if pad_id is None else int(pad_id),
        device=target,
        process=os.getpid(),
        unset=frozenset(map(str, report["missing_keys"])),
    )


def _tokenizer(tokenizer: Any, folder: ModelFolder) -> Any:
    """The Rust tokenizer alone, set to our length: its file may ask for another and for padding."""
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.enable_truncation(folder.max_tokens, direction=folder.truncation_side)
    if folder.do_lower_case:
        from tokenizers import normalizers

        own = [] if backend.normalizer is None else [backend.normalizer]
        backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *own])
    return backend


def _check_weights(path: Path, report: dict[str, Any]) -> None:
    """Refuse a network of which a part was left at random: it would differ from run to run.

    The pooler, a head for BERT's next-sentence task, is often left out of a checkpoint, and is no
    part of the vectors.
    """
    missing = sorted(str(key) for key in report["missing_keys"] if "pooler." not in str(key))
    mismatched = sorted(str(entry[0]) for entry in report.get("mismatched_keys", ()))
    for what, keys in (("lack", missing), ("have another shape for", mismatched)):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise EncoderError(f"{path}: the weights {what} {', '.join(keys[:3])}{more}")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def _quiet_imports() -> Iterator[None]:
    """Keep the warnings of other packages' modules, run on import, from the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars, reports and warnings from the terminal; afterwards all is as before.

    What they would say of the weights, `_check_weights` says as an error.
    """
    from huggingface_hub import utils as hub
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    hub_bars = not hub.are_progress_bars_disabled()  # type: ignore[attr-defined]
    with _quiet_imports():
        logging.set_verbosity(ERROR)
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()  # type: ignore[no-untyped-call]
                if not hub_bars:  # the line above has switched the hub's on as well
                    hub.disable_progress_bars()  # type: ignore[attr-defined]
