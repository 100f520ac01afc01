"""FHIR R4, as ndjson: a resource a link, which says what the note asserts, and where it says so.

- Condition (https://hl7.org/fhir/R4/condition.html) for disorders, by semantic type;
- Observation (https://hl7.org/fhir/R4/observation.html) for all else: `valueBoolean` is whether the
  note affirms it or negates it, and `dataAbsentReason` stands in for it where the mention is
  uncertain or hypothetical: the note does not say;
- FamilyMemberHistory where the mention is of a relative: it must not become the patient's. Only
  what the note affirms is a `condition` of it: R4 has no place there for what is not so.

`verificationStatus` of a Condition is "unconfirmed" for an uncertain or hypothetical mention,
"refuted" for a negated one, else "provisional": a program read it, nobody confirmed it. The note is
referred to (`evidence`, `derivedFrom`), and an extension holds offsets, text, assertion and
probability, and the concept (`code`) of a relative who may not have it. The subject is the note's
own (`subject`), or `Patient/person_id`; where neither is known the data-absent-reason says so. The
note's date, where it is known, is `effectiveDateTime` of an Observation that is not of the past,
and the extension `condition-assertedDate` of a Condition. NIL links have no resource.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from linker.annotate.journal import Record
from linker.annotate.writers.base import Format, RunInfo, Unwritable, Write, check_utf8
from linker.schema import ASSERTIONS, Link, Note
from linker.terminology import tui_of

SYSTEMS = {
    "SNOMEDCT_US": "http://snomed.info/sct",
    "SNOMEDCT": "http://snomed.info/sct",
    "SCTID": "http://snomed.info/sct",
    "SNOMED_CT": "http://snomed.info/sct",
    "ICD10CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "ICD10WHO": "http://hl7.org/fhir/sid/icd-10",
    "ICD10GM": "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
    "OPS": "http://fhir.de/CodeSystem/bfarm/ops",
    "ICD9CM": "http://hl7.org/fhir/sid/icd-9-cm",
    # Mondo's name for the US edition.
    "ICD9": "http://hl7.org/fhir/sid/icd-9-cm",
    "HPO": "http://human-phenotype-ontology.org",
    "HP": "http://human-phenotype-ontology.org",
    "LNC": "http://loinc.org",
    "LOINC": "http://loinc.org",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "UMLS": "http://www.nlm.nih.gov/research/umls",
    "UMLS_CUI": "http://www.nlm.nih.gov/research/umls",
    "MSH": "http://terminology.hl7.org/CodeSystem/MSH",
    "MESH": "http://terminology.hl7.org/CodeSystem/MSH",
    "MONDO": "http://purl.obolibrary.org/obo/mondo.owl",
    "OMIM": "http://www.omim.org",
    "ORPHANET": "http://www.orpha.net",
    "ORPHA": "http://www.orpha.net",
    "NCI": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "NCIT": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "ATC": "http://www.whocc.no/atc",
}
"""https://terminology.hl7.org/external_terminologies.html, by the name of the vocabulary in an
index, capitals and without "-". Others get a URN of ours, which says what it is."""

_URN = "urn:concept-linker:"
_SOURCES = {"snomed": "SNOMEDCT_US", "rxnorm": "RXNORM", "umls": "UMLS", "icd10cm": "ICD10CM"}
_PREFIXED = {"HP", "MONDO"}
"""Vocabularies whose codes keep the prefix ("HP:0001250")."""

DISORDERS = {"T019", "T020", "T037", "T046", "T047", "T048", "T049", "T050", "T190", "T191"}
"""UMLS semantic types of the group Disorders, less findings and signs (T033, T034, T184)."""

# SNOMED CT's semantic tag, and the types of MEDIC and DO.
_DISORDER = re.compile(
    r"\b(disorders?|diseases?|neoplasms?|neoplastic|abnormality)\b", re.IGNORECASE
)

# Their types are chapters, in any language.
_ICD10 = re.compile(r"(?:ICD|CIM)-?10", re.IGNORECASE)

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_NO_VALUE = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_INSTANT = re.compile(
    r".{10}T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d+)?(Z|[+-](0\d|1[0-3]):[0-5]\d|\+14:00)"
)
_ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# FHIR's strings have no control characters but tab and line ends.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _keep(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:
    patient = note.carried.get("subject", note.carried.get("person_id", ""))
    strings = (note.id, patient, *(link.mention.text for link in links))
    check_utf8(*strings)
    if any(map(_CONTROL.search, strings)):
        raise Unwritable(
            "a control character in a mention, its id or its patient's, which FHIR's strings do "
            "not have"
        )
    subject, said = _subject_of(note), _date_of(note)
    kept: dict[str, Any] = {"at": run.started}
    return kept | ({"subject": subject} if subject else {}) | ({"said": said} if said else {})


def _subject_of(note: Note) -> dict[str, Any]:
    """The patient, as FHIR refers to one; empty where the note does not say."""
    if "subject" in note.carried:
        return {"reference": note.carried["subject"]}
    if "person_id" not in note.carried:
        return {}
    return _reference("Patient", note.carried["person_id"])


def _date_of(note: Note) -> str:
    """The note's date as FHIR's dateTime: to the day, unless it says in which time zone it is."""
    for key in ("note_datetime", "note_date"):
        value = note.carried.get(key, "")
        with suppress(ValueError):
            # `fromisoformat` takes other forms, and not the same ones in every Python.
            day = datetime.strptime(value[:10], "%Y-%m-%d").date()
            return value if _INSTANT.fullmatch(value) else day.isoformat()
    return ""


def _beside(note: Note) -> str:
    return "".join(json.dumps(found) for found in (_subject_of(note), _date_of(note)) if found)


@contextmanager
def _open(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:  # noqa: ARG001
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(record: Record) -> None:
            for link in record.links():
                if link["concept_id"] is not None:
                    file.write(json.dumps(_resource(record, link, run), ensure_ascii=False) + "\n")

        yield write


def _resource(record: Record, link: dict[str, Any], run: RunInfo) -> dict[str, Any]:
    asserted = link["assertion"]
    about: dict[str, Any] = {
        # The same mention of the same note has the same id in every run.
        "id": hashlib.sha256(
            json.dumps([record.note_id, link["start"], link["end"]]).encode()
        ).hexdigest()[:40],
        "meta": {"source": f"{_URN}{run.system.replace(' ', ':')}"},
        "extension": [_mention(record, link)],
    }
    code = _code(link, run)
    is_affirmed = not asserted["negated"] and not _is_open(asserted)
    subject = _subject(record)
    note = _reference("DocumentReference", str(record.note_id))
    said = record.kept.get("said")
    if asserted["family"]:
        role = _concept(_ROLE, "FAMMEMB", "family member")
        if not is_affirmed:
            about["extension"][0]["extension"].append({"url": "code", "valueCodeableConcept": code})
        return {
            "resourceType": "FamilyMemberHistory",
            **about,
            "status": "partial",
            "patient": subject,
            "date": _instant(record),
            "relationship": role,
            **({"condition": [{"code": code}]} if is_affirmed else {}),
            "reasonReference": [note],
        }
    if is_disorder(link["semantic_types"], run):
        if said:
            about["extension"].append({"url": _ASSERTED, "valueDateTime": said})
        return {"resourceType": "Condition", **about, **_condition(asserted, record, code, note)}
    return {
        "resourceType": "Observation",
        **about,
        "status": "preliminary",
        "code": code,
        "subject": subject,
        # What a note calls past was not so on its day.
        **({"effectiveDateTime": said} if said and not asserted["historical"] else {}),
        "issued": _instant(record),
        **(
            {"dataAbsentReason": _concept(_NO_VALUE, "unknown", "Unknown")}
            if _is_open(asserted)
            else {"valueBoolean": is_affirmed}
        ),
        "derivedFrom": [note],
    }


def _is_open(asserted: dict[str, bool]) -> bool:
    """Whether the note leaves it open if it is so."""
    return asserted["uncertain"] or asserted["hypothetical"]


def _condition(
    asserted: dict[str, bool], record: Record, code: dict[str, Any], note: dict[str, Any]
) -> dict[str, Any]:
    if _is_open(asserted):
        verification = "unconfirmed"
    elif asserted["negated"]:
        verification = "refuted"
    else:
        verification = "provisional"
    clinical = _concept(_CLINICAL, "inactive" if asserted["historical"] else "active")
    return {
        # What is not there is neither active nor past.
        **({"clinicalStatus": clinical} if verification == "provisional" else {}),
        "verificationStatus": _concept(_VERIFICATION, verification),
        "code": code,
        "subject": _subject(record),
        "recordedDate": _instant(record),
        "evidence": [{"detail": [note]}],
    }


def is_disorder(semantic_types: Sequence[str], run: RunInfo) -> bool:
    """Whether a concept is a disorder, rather than a finding, a substance or the like."""
    of_diseases = run.source in ("icd10cm", "orphanet") or (
        run.source == "claml" and _ICD10.match(run.terminology)
    )
    return bool(of_diseases) or any(
        tui_of(kind) in DISORDERS or _DISORDER.search(kind) for kind in semantic_types
    )


def _instant(record: Record) -> str:
    # As FHIR's own examples have UTC.
    return str(record.kept["at"]).replace("+00:00", "Z")


def _concept(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    coding = {"system": system, "code": code}
    return {"coding": [coding | ({} if display is None else {"display": display})]}


def _code(link: dict[str, Any], run: RunInfo) -> dict[str, Any]:
    concept_id = link["concept_id"]
    prefix, colon, code = concept_id.partition(":")
    if colon and prefix.upper() in SYSTEMS:
        vocabulary = prefix
        code = concept_id if prefix.upper() in _PREFIXED else code
    else:
        is_cui = re.fullmatch(r"C\d{7}", concept_id) is not None
        vocabulary = _SOURCES.get(run.source, "UMLS" if is_cui else run.terminology)
        code = concept_id
    own = {
        "system": system_of(vocabulary),
        **({} if not run.version else {"version": run.version}),
        "code": code,
        "display": link["preferred_name"],
    }
    others = [
        {"system": system_of(name), "code": other}
        for name, codes in link["codes"].items()
        for other in codes
        if (system_of(name), other) != (own["system"], own["code"])
    ]
    # A code is a token: no blanks at its ends, none doubled.
    codings = [c for c in (own, *others) if c["code"] == " ".join(c["code"].split()) != ""]
    return {"coding": codings, "text": link["preferred_name"]}


@cache
def system_of(vocabulary: str) -> str:
    """The URI of a vocabulary."""
    known = SYSTEMS.get(vocabulary.upper().replace("-", ""))
    if known is not None:
        return known
    return f"{_URN}codes:{re.sub(r'[^A-Za-z0-9._-]+', '-', vocabulary).strip('-') or 'index'}"


def _subject(record: Record) -> dict[str, Any]:
    subject: dict[str, Any] | None = record.kept.get("subject")
    return subject or {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}


def _reference(kind: str, found: str) -> dict[str, Any]:
    if _ID.fullmatch(found):
        return {"reference": f"{kind}/{found}"}
    # Not a logical id of FHIR: a reference by what the source calls it.
    return {"type": kind, "identifier": {"value": found}}


def _mention(record: Record, link: dict[str, Any]) -> dict[str, Any]:
    """Where the note says so: offsets in code points, half-open, and how sure the linker is."""
    held = [name for name in ASSERTIONS if link["assertion"][name]]
    return {
        "url": f"{_URN}mention",
        "extension": [
            {"url": "note", "valueString": str(record.note_id)},
            {"url": "start", "valueInteger": link["start"]},
            {"url": "end", "valueInteger": link["end"]},
            {"url": "text", "valueString": link["text"]},
            {"url": "probability", "valueDecimal": link["probability"]},
            *({"url": "assertion", "valueCode": name} for name in held),
        ],
    }


FHIR = Format(_keep, _open, beside=_beside)
