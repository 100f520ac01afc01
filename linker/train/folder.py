"""Where a training is written: `<name>.partial/` until it is done, then the folder itself.

As an index is built: locked against other processes, gone on with only by the same job, and renamed
at the end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from linker.atomic import write_atomically
from linker.errors import TrainingError
from linker.lock import locked

REPORT = "training.json"
_JOB = "job.json"


@dataclass(frozen=True, slots=True)
class TrainFolder:
    """The folder `out` in the making: checkpoints in `partial`, the models in `final`."""

    out: Path

    @property
    def partial(self) -> Path:
        return self.out.with_name(f"{self.out.name}.partial")

    @property
    def final(self) -> Path:
        """What becomes `out`."""
        return self.partial / "model"

    def locked(self) -> AbstractContextManager[None]:
        """Hold it against other processes. The lock goes with the process.

        Raises:
            TrainingError: on entering, if another process holds it.
        """
        return locked(
            self.out, TrainingError(f"{self.out}: another process is training this; wait for it")
        )

    def enter(self, job: Mapping[str, object], *, resume: bool, force: bool) -> None:
        """Make the unfinished folder, or go on with the one that is there.

        Args:
            job: what decides the weights, as JSON has it.

        Raises:
            TrainingError: something is in the way, or the unfinished training is of another job.
        """
        if self.out.exists():
            trained = (self.out / REPORT).is_file()
            # --force replaces a training; it never deletes something else.
            if not force or not trained:
                hint = "use --force to replace it" if trained else "choose another --out"
                if trained and resume and self.partial.exists():
                    # --force alone would throw the unfinished training away.
                    hint = "use --resume and --force to go on with the training that replaces it"
                raise TrainingError(f"{self.out}: exists already; {hint}")
        if self.partial.exists() and not resume:
            if not force:
                raise TrainingError(
                    f"{self.partial}: an unfinished training is there; use --resume to go on with "
                    "it, or --force to start over"
                )
            shutil.rmtree(self.partial)
        self.partial.mkdir(exist_ok=True)
        path = self.partial / _JOB
        if not path.is_file():
            write_atomically(path, json.dumps(job))
            return
        try:
            found = json.loads(path.read_bytes())
            changed = [_named(key, found.get(key), job[key]) for key in _changed(found, job)]
        except (ValueError, AttributeError) as error:
            raise TrainingError(f"{path}: not JSON; use --force to start over") from error
        if changed:
            raise TrainingError(
                f"{self.partial}: the unfinished training is of other {' and '.join(changed)}; "
                "use --force to start over, or go on with what it was started with"
            )

    def move_into_place(self) -> None:
        """Rename what is finished, and throw the rest away."""
        old = self.out.with_name(f".{self.out.name}.replaced")
        shutil.rmtree(old, ignore_errors=True)
        if self.out.exists():
            self.out.rename(old)
        self.final.rename(self.out)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(self.partial)


def _changed(found: Mapping[str, object], job: Mapping[str, object]) -> list[str]:
    """The keys of a job that has other values there, sorted."""
    return sorted(key for key in job if found.get(key) != job[key])


def _named(key: str, found: object, asked: object) -> str:
    """What is another: "index", or "settings (rate, seed)"."""
    if not isinstance(found, Mapping) or not isinstance(asked, Mapping) or key != "settings":
        return key
    return f"{key} ({', '.join(_changed(found, asked))})"
