"""Notes as one night's input has them, and what an output holds of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

FEVER, PAIN = "No fever.", "Denies chest pain."


def write_notes(path: Path, notes: dict[str, str | None]) -> Path:
    """JSON lines of ids and texts."""
    lines = [json.dumps({"id": key, "text": text}) + "\n" for key, text in notes.items()]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def write_documents(path: Path, *documents: tuple[str, str, str]) -> Path:
    """FHIR DocumentReferences: id, status, text."""
    lines = [
        {
            "resourceType": "DocumentReference",
            "id": doc_id,
            "status": status,
            "content": [{"attachment": {"data": base64.b64encode(text.encode()).decode()}}],
        }
        for doc_id, status, text in documents
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def found_in(out: Path) -> dict[str, list[str]]:
    """The mentions of each note of an output of JSON lines; each note is there once."""
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    found = {line["id"]: [link["text"] for link in line["links"]] for line in lines}
    assert len(found) == len(lines)
    return found


def errors_of(out: Path) -> list[str | None]:
    """The ids of the notes in error, in the order of their list."""
    path = out.with_name(f"{out.name}.errors.jsonl")
    if not path.exists():
        return []
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]
