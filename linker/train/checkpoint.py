"""A phase on disk: one safetensors file, written whole or not at all. No pickle.

Tensors are the weights in motion ("weight|NAME"), the optimiser's ("adam|NAME|KIND") and the plan
of the pool ("plan"); the rest of a `Run` is JSON in the file's metadata.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linker.atomic import write_atomically
from linker.errors import TrainingError
from linker.train.loop import Place, Run

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A phase as it was saved.

    Attributes:
        done: whether its last step was taken; then no optimiser is kept.
    """

    run: Run
    done: bool
    weights: dict[str, torch.Tensor]
    adam: dict[str, torch.Tensor]

    def write(self, path: Path) -> None:
        """Write the file atomically.

        Raises:
            OSError: it cannot be written; an earlier one still stands.
        """
        import torch
        from safetensors.torch import save

        run = self.run
        tensors = {f"weight|{name}": value for name, value in self.weights.items()}
        tensors |= {f"adam|{name}": value for name, value in self.adam.items()}
        tensors["plan"] = torch.from_numpy(run.place.plan.copy())
        state = {
            "step": run.step,
            "place": [run.place.epoch, run.place.pool, run.place.batch],
            "losses": run.losses,
            "dev": run.dev,
            "seconds": run.seconds,
            "done": self.done,
        }
        write_atomically(path, save(tensors, metadata={"state": json.dumps(state)}))

    @classmethod
    def read(cls, path: Path) -> Checkpoint | None:
        """The checkpoint of a file; None where there is none.

        Raises:
            TrainingError: the file is damaged.
        """
        from safetensors import SafetensorError, safe_open

        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                state = json.loads(file.metadata()["state"])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            epoch, pool, batch = state["place"]
            run = Run(
                step=state["step"],
                place=Place(epoch, pool, batch, tensors["plan"].numpy()),
                losses=state["losses"],
                dev=[(step, first, fifth) for step, first, fifth in state["dev"]],
                seconds=state["seconds"],
            )
            return cls(run, state["done"], _under("weight|", tensors), _under("adam|", tensors))
        except (SafetensorError, OSError, ValueError, LookupError, TypeError) as error:
            raise TrainingError(
                f"{path}: a damaged checkpoint ({error}); delete it, and --resume begins this "
                "phase again"
            ) from error


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
    }
