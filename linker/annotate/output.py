"""The files of an output: what is there before a run, and how all of it is put in place at the end.

OUT               the output: a file, or a folder for formats of many files
OUT.errors.jsonl  notes that have none, if any: id, place and reason, and none of their text
OUT.run.json      the run manifest
OUT.state         the journal of what OUT holds: the next run takes only new and changed notes
OUT.partial       the journal of a run that is under way or was stopped
OUT.writing       what is about to become OUT
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from linker.annotate.journal import Journal, Record, is_unbegun, pack, read_job
from linker.annotate.writers import Format, RunInfo
from linker.atomic import refuse_replacing
from linker.errors import NoteError
from linker.index import sha256
from linker.records import json_line

_RECORDS_A_FRAME = 64
_SYNCED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Totals:
    """What an output holds.

    Attributes:
        notes, links, errors: notes with their links (NIL left out), and notes in error.
        changed: notes of whose text the format wrote line ends and tabs as blanks.
    """

    notes: int
    links: int
    errors: int
    changed: int


class Output:
    """The output at a path.

    Raises:
        NoteError: the path names no file that could be put in place.
    """

    def __init__(self, out: Path, form: Format) -> None:
        if not out.name or str(out) == "-":
            raise NoteError(
                f"--out is {str(out)!r}; give the file or folder to write: nothing is written to "
                "stdout, since a run that is stopped goes on from what lies beside its output"
            )
        self.out = out
        self._form = form
        self.errors = self._beside("errors.jsonl")
        self.manifest = self._beside("run.json")
        self.state = self._beside("state")
        self.partial = self._beside("partial")
        self._writing = self._beside("writing")
        self._old = out.with_name(f".{out.name}.replaced")

    def _beside(self, what: str) -> Path:
        return self.out.with_name(f"{self.out.name}.{what}")

    def all_files(self) -> tuple[Path, ...]:
        """All that may lie among the notes and is none of them."""
        return (self.out, self.errors, self.manifest, self._writing, self._old)

    def check_kind(self) -> None:
        """Refuse a folder where a file is to be written, and a file where a folder is.

        And what would not be written to but replaced: a link, a device (`/dev/null`), a pipe.

        Raises:
            NoteError: it is one.
        """
        refuse_replacing(self.out, NoteError)
        for path in (self.errors, self.manifest, self.state, self.partial, self._writing):
            # Where a link leads, the notes' words would lie unasked.
            refuse_replacing(path, NoteError)
        if self._form.is_folder(self.out):
            if self.out.exists() and not self.out.is_dir():
                raise NoteError(f"{self.out}: is a file; this format is a folder of files")
        elif self.out.is_dir():
            raise NoteError(f"{self.out}: is a folder; give the file to write")

    def is_stopped(self) -> bool:
        """Whether there is a stopped run to go on with.

        A run that was killed before its job was on the disk did nothing: it does not count.
        """
        return self.partial.exists() and not is_unbegun(self.partial)

    def prepare(self, *, resume: bool, force: bool) -> None:
        """Refuse to harm what is there; throw away a stopped run that is not gone on with.

        Raises:
            NoteError: an output or a stopped run is there that is neither ours to go on with nor
                to be replaced.
        """
        is_stopped = self.is_stopped()
        if is_stopped and not (resume or force):
            raise NoteError(
                f"{self.partial}: a run was stopped here; use --resume to go on with it, "
                "or --force to start over"
            )
        if not is_stopped and not self.state.exists() and self._is_something():
            if self.out.is_dir():
                # --force replaces an output; it never deletes something else.
                raise NoteError(f"{self.out}: exists and is not an output; choose another --out")
            if not force:
                raise NoteError(
                    f"{self.out}: exists already; use --force to replace it, or choose another "
                    "--out"
                )
        if force and not resume:
            self.partial.unlink(missing_ok=True)

    def _is_something(self) -> bool:
        return any(self.out.iterdir()) if self.out.is_dir() else self.out.exists()

    def base(self, settings: dict[str, Any]) -> bool:
        """Whether there is a finished output whose notes need not be done again.

        Raises:
            NoteError: there is one, done with other settings, or changed since it was written.
        """
        if not (self.out.exists() and self.state.exists()):
            return False
        check_settings(
            settings,
            read_job(self.state),
            f"{self.out}: was made with another {{changed}}; use what it was made with, choose "
            "another --out, or use --force to annotate all notes again",
        )
        self._check_untouched()
        return True

    def check_stopped(self, settings: dict[str, Any], job: dict[str, Any]) -> None:
        """See that a run that was stopped can be gone on with.

        Args:
            settings: those of the run that is to go on with it.
            job: what its journal says of it.

        Raises:
            NoteError: it had other settings, or what it builds on was changed meanwhile or is gone.
        """
        check_settings(
            settings,
            job,
            f"{self.partial}: the run that was stopped had another {{changed}}; "
            "go on with what it was started with, or use --force to start over",
        )
        if not job["base"]:
            return
        if not self.state.exists():
            raise NoteError(
                f"{self.state}: is gone, and the run that was stopped builds on it; put it back, "
                "or use --force to annotate all notes again"
            )
        self._check_untouched()

    def _check_untouched(self) -> None:
        """See that the output is as it was written: an update writes all of it from the state.

        Annotations that a person corrected in place, as in BRAT, would be lost.

        Raises:
            NoteError: it was changed; the run manifest says what it was.
        """
        if not (self.out.exists() and self.manifest.exists()):
            return
        written = json.loads(self.manifest.read_text(encoding="utf-8"))["output"]
        found = described(self.out)
        if any(written.get(key, found[key]) != found[key] for key in found):
            raise NoteError(
                f"{self.out}: was changed since the run that wrote it, and an update writes it "
                "anew; to keep the changes, give the new notes another --out, or use --force to "
                "replace it"
            )

    def holds(self) -> Totals | None:
        """What the output held when its run ended; None where that is not all there any more."""
        if not self.manifest.exists():
            return None
        totals = Totals(**json.loads(self.manifest.read_text(encoding="utf-8"))["holds"])
        return totals if self.errors.exists() == (totals.errors > 0) else None

    def write(self, records: Iterable[Record], info: RunInfo) -> Totals:
        """Write the output and its errors, to be put in place by `commit`."""
        self.discard()
        notes = links = errors = changed = 0
        errors_path = self._errors_writing()
        with (
            errors_path.open("w", encoding="utf-8") as bad,
            self._form.open(self._writing, info, self.out) as write,
        ):
            for record in records:
                if record.bad is not None:
                    bad.write(json_line(asdict(record.bad)))
                    errors += 1
                else:
                    write(record)
                    notes += 1
                    links += record.n_links
                    changed += bool(record.kept.get("changed"))
        _sync(chain((errors_path,), _files(self._writing)))
        return Totals(notes, links, errors, changed)

    def commit(self, totals: Totals) -> None:
        """Put the output and its errors in place.

        A kill on the way leaves `OUT.partial`: the next run does this again from the journals.
        """
        # Of what comes now it says nothing: whoever goes on from here is not to find it changed.
        self.manifest.unlink(missing_ok=True)
        if self.out.is_dir() or self._writing.is_dir():
            if self.out.exists():
                shutil.rmtree(self._old, ignore_errors=True)
                self.out.rename(self._old)
            self._writing.rename(self.out)
            shutil.rmtree(self._old, ignore_errors=True)
        else:
            self._writing.replace(self.out)
        if totals.errors:
            self._errors_writing().replace(self.errors)
        else:
            self._errors_writing().unlink()
            self.errors.unlink(missing_ok=True)

    def close(self, state: Path) -> None:
        """The last step: the journal becomes the state of the output."""
        state.replace(self.state)
        self.partial.unlink(missing_ok=True)

    def merged_state(self, records: Iterable[Record], job: dict[str, Any]) -> Path:
        """Write one journal for all that the output holds."""
        path = self._beside("state.writing")
        path.unlink(missing_ok=True)
        with Journal(path, job) as journal:
            left = iter(records)
            while batch := list(islice(left, _RECORDS_A_FRAME)):
                journal.append(pack([record.to_bytes() for record in batch]))
            journal.sync()
        return path

    def discard(self) -> None:
        """Remove what an earlier run was about to put in place."""
        if self.out.exists():
            shutil.rmtree(self._old, ignore_errors=True)
        if self._writing.is_dir():
            shutil.rmtree(self._writing)
        for path in (self._writing, self._errors_writing(), self._beside("state.writing")):
            path.unlink(missing_ok=True)

    def _errors_writing(self) -> Path:
        return self._beside("errors.writing")


def check_settings(settings: dict[str, Any], job: dict[str, Any], message: str) -> None:
    """Refuse to go on with what was done with other settings.

    Args:
        message: what to say; `{changed}` stands for the settings that differ.

    Raises:
        NoteError: they differ.
    """
    found = job["settings"]
    # Either may lack what the other has: some settings are written down only where they are given.
    changed = sorted(
        key for key in settings.keys() | found.keys() if found.get(key) != settings.get(key)
    )
    if changed:
        raise NoteError(message.format(changed=" and ".join(changed).replace("_", " ")))


def described(out: Path) -> dict[str, Any]:
    """What an output is, as the run manifest says it: its bytes and their sha256.

    That of a folder is of its files' names and sha256, in the order of the names.
    """
    if not out.is_dir():
        return {"bytes": out.stat().st_size, "sha256": sha256(out)}
    files = sorted(_files(out))
    lines = (os.fsencode(f"{file.relative_to(out)}\0{sha256(file)}\n") for file in files)
    return {
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "sha256": hashlib.sha256(b"".join(lines)).hexdigest(),
    }


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file())
    else:
        yield path


def _sync(paths: Iterable[Path]) -> None:
    """Put files on the disk.

    Many at once: alone, each waits for the disk's journal. 2,000 files of 800 bytes took 0.5 s one
    by one and 0.25 together; on another day, when the disk was busy, 7.4 and 0.2.
    """
    left = iter(paths)
    with ThreadPoolExecutor(_SYNCED_AT_ONCE, thread_name_prefix="sync") as threads:
        # Not all of them at a time: there may be millions.
        while some := list(islice(left, _SYNCED_AT_ONCE * 64)):
            for _ in threads.map(_sync_one, some):
                pass


def _sync_one(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
