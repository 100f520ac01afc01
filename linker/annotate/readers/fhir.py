"""FHIR R4 DocumentReference: the plain text of its attachment.

https://hl7.org/fhir/R4/documentreference.html. As ndjson, a resource a line (a DocumentReference,
or a Bundle of some), as FHIR's bulk export has it; other resources are passed over. What has been
deleted since the last export comes as Bundles of requests to delete:
https://hl7.org/fhir/uv/bulkdata/export.html, "deleted".
"""

from __future__ import annotations

import base64
from email.message import Message
from typing import IO, Any

from linker.annotate.readers.base import (
    DELETED,
    ENTERED_IN_ERROR,
    BadNote,
    Columns,
    Lines,
    NoteFile,
)
from linker.annotate.readers.json_lines import lines_of
from linker.schema import Note


def read_fhir_lines(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:  # noqa: ARG001
    """Read a resource a line."""
    for number, value in lines_of(file, opened):
        if isinstance(value, BadNote):
            yield number, value
        else:
            yield from read_resource(file, number, value)


def read_resource(file: NoteFile, line: int | None, value: object) -> Lines:
    """The notes of a resource: one of a DocumentReference, any number of a Bundle."""
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str):
        reason = (
            "not a FHIR resource: it has no resourceType; --input-format jsonl reads notes a line"
        )
        yield line, file.bad(None, line, reason)
    elif kind == "Bundle":
        entries = value.get("entry") or []
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict) and "resource" in entry:
                yield from read_resource(file, line, entry["resource"])
            elif (deleted := _deleted(entry)) is not None:
                yield line, file.bad(deleted, line, DELETED)
    elif kind == "DocumentReference":
        note_id = _id(value)
        if note_id is None:
            reason = "a DocumentReference without an id or masterIdentifier"
            yield line, file.bad(None, line, reason)
            return
        try:
            _refuse_mistakes(value)
            yield line, Note(note_id, _text(value), _carried(value))
        except ValueError as error:
            yield line, file.bad(note_id, line, str(error))


def _deleted(entry: object) -> str | None:
    """The id of the DocumentReference that an entry of a Bundle deletes; None where it does not."""
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or request.get("method") != "DELETE":
        return None
    kind, _, found = str(request.get("url", "")).rpartition("/")
    return found if found and kind.rpartition("/")[2] == "DocumentReference" else None


def _id(resource: dict[str, Any]) -> str | None:
    master = resource.get("masterIdentifier")
    found = resource.get("id") or (master.get("value") if isinstance(master, dict) else None)
    return found if isinstance(found, str) and found else None


def _refuse_mistakes(resource: dict[str, Any]) -> None:
    """See that the document is none that was filed by mistake, perhaps with another patient.

    It is `status` that says so, a modifier element, which must not be passed over, or `docStatus`.

    Raises:
        ValueError: it is.
    """
    for element in ("status", "docStatus"):
        if resource.get(element) == "entered-in-error":
            raise ValueError(f"its {element} {ENTERED_IN_ERROR}")


def _text(resource: dict[str, Any]) -> str:
    """The first attachment of plain text.

    Raises:
        ValueError: there is none, or it cannot be read; the message says why.
    """
    content = resource.get("content")
    attachments = [
        part["attachment"]
        for part in (content if isinstance(content, list) else [])
        if isinstance(part, dict) and isinstance(part.get("attachment"), dict)
    ]
    if not attachments:
        raise ValueError("no content.attachment")
    kinds = []
    for attachment in attachments:
        # A MIME type with its parameters (RFC 2045), as "text/plain; charset=iso-8859-1".
        header = Message()
        header["content-type"] = str(attachment.get("contentType", "text/plain"))
        if header.get_content_type() != "text/plain":
            kinds.append(header.get_content_type())
        elif not isinstance(attachment.get("data"), str):
            kinds.append("text/plain by url" if "url" in attachment else "text/plain without data")
        else:
            return _decoded(attachment["data"], header.get_content_charset("utf-8"))
    raise ValueError(
        f"attachments are {', '.join(kinds)}; expected text/plain with its data inside "
        "(nothing is fetched)"
    )


def _decoded(data: str, charset: str) -> str:
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except ValueError as error:
        # Of characters beyond ASCII it is not `binascii.Error` that is raised.
        raise ValueError("attachment.data is not base64") from error
    try:
        return raw.decode(charset)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"attachment.data is not {charset}: byte 0x{error.object[error.start]:02x} "
            f"at position {error.start}; contentType is to name its charset, as in 'text/plain; "
            "charset=windows-1252'"
        ) from error
    except UnicodeError as error:
        # Codecs that are for no texts of documents ("idna"): their message may quote the text.
        raise ValueError(f"attachment.data cannot be decoded as {charset!r}") from error
    except (LookupError, ValueError) as error:
        raise ValueError(f"attachment.contentType names an unknown charset {charset!r}") from error


def _carried(resource: dict[str, Any]) -> dict[str, str]:
    subject = resource.get("subject")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    date = resource.get("date")
    carried = {}
    if isinstance(reference, str):
        carried["subject"] = reference
    if isinstance(date, str):
        carried["note_datetime"] = date
    return carried
