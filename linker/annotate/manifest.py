"""The run manifest: what an output was made from, with what, under which licences."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from linker.annotate.counts import Counts
from linker.annotate.output import Totals, described
from linker.annotate.read import NoteStream
from linker.annotate.readers import NoteFile
from linker.atomic import write_atomically
from linker.link import Linker

_PACKAGES = (
    "concept-linker",
    "faiss-cpu",
    "numpy",
    "onnxruntime",
    "pyarrow",
    "scispacy",
    "spacy",
    "tokenizers",
    "torch",
    "transformers",
)
LISTED_INPUTS = 1000
"""Files of the input that the manifest lists: of a million small ones their number has to do."""
SYSTEM = f"concept-linker {version('concept-linker')}"
"""The tool, as outputs name it."""


def write_manifest(
    path: Path,
    linker: Linker,
    out: Path,
    settings: dict[str, Any],
    stream: NoteStream,
    totals: Totals,
    done: Counts,
    *,
    started: str,
    workers: int,
    seconds: float,
) -> None:
    """Write `OUT.run.json`, atomically.

    Args:
        path: where.
        out: the output, in place.
        settings: what decides the links beside the notes.
        stream: the input.
        totals: what the output holds.
        done: what the part of the run did that ends now.
        started: when the run was begun, also if it was stopped in between.
        seconds: how long that part took.
    """
    index = linker.manifest
    manifest = {
        "tool": SYSTEM,
        "output": {"path": str(out), "format": settings["format"], **described(out)},
        "holds": asdict(totals),
        "this_run": {
            "notes": done.notes,
            "resumed": done.resumed,
            "kept": done.kept,
            "dropped": done.dropped,
            "workers_replaced": done.deaths,
            "seconds": round(seconds, 1),
            "workers": workers,
        },
        "started": started,
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "index": {
            "path": str(linker.path),
            "terminology": index.terminology.terminology,
            "version": index.terminology.version,
            "licence": index.terminology.licence,
            "vectors": index.vectors.kind,
            "tool_version": index.tool_version,
            "sha256": settings["index"],
        },
        "encoder": asdict(index.encoder),
        "config": {k: value for k, value in settings.items() if k not in ("index", "tool_version")},
        "inputs": [_input(file) for file in stream.files[:LISTED_INPUTS]],
        "inputs_in_all": {"files": len(stream.files), "bytes": stream.total_bytes},
        "versions": {"python": platform.python_version(), **_versions()},
    }
    # Names of files need not be UTF-8: what is not comes as lone surrogates, which stay escapes.
    write_atomically(path, json.dumps(manifest, indent=2) + "\n")


def _input(file: NoteFile) -> dict[str, Any]:
    if file.database is not None:
        return {"database": file.database.name, "query": file.database.query}
    if file.path is None:
        return {"path": "stdin"}
    about = {"path": str(file.path), "bytes": file.size}
    if file.modified is None:
        return about
    try:
        # As it was when the run began: the file may be gone by now.
        modified = datetime.fromtimestamp(file.modified, timezone.utc)
    except (ValueError, OverflowError, OSError):
        # Some file systems hold times that no calendar has.
        return about
    return {**about, "modified": modified.isoformat(timespec="seconds")}


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
