"""Two invented releases in the true formats, for the notebook on UMLS and SNOMED CT.

Ids, codes and the choice of concepts are made up. With a licence you have the real files, and need
nothing of this.

Formats: UMLS Reference Manual, ch. 3 (RRF); SNOMED CT Release File Specifications (RF2).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

CONCEPTS = [
    # CUI, SNOMED CT code, ICD-10-CM code, names: SNOMED CT's own, then its synonyms.
    ("C9000001", "900001001", "Z90.01", ["Heart attack", "Myocardial infarction", "MI"]),
    ("C9000002", "900002009", "Z90.02", ["Shortness of breath", "Dyspnea", "Breathlessness"]),
    ("C9000003", "900003004", "Z90.03", ["High blood pressure", "Hypertension"]),
    ("C9000004", "900004005", "Z90.04", ["Diabetes mellitus, type 2", "Adult onset diabetes"]),
    ("C9000005", "900005006", "Z90.05", ["Chest pain", "Thoracic pain"]),
    ("C9000006", "900006007", "Z90.06", ["Kidney failure", "Renal failure"]),
    ("C9000007", "900007003", "Z90.07", ["Broken hip", "Hip fracture"]),
]
_MRCONSO = "CUI LAT TS LUI STT SUI ISPREF AUI SAUI SCUI SDUI SAB TTY CODE STR SRL SUPPRESS CVF"


def umls_release(folder: Path, *, release: str, later: bool = False) -> Path:
    """Write a META folder: MRCONSO, MRSTY, MRSAB, MRCUI.

    Args:
        later: the next release: one concept is retired into another, one is new, one gained a name.
    """
    concepts, retired = list(CONCEPTS), []
    if later:
        concepts = [concept for concept in concepts if concept[0] != "C9000005"]
        concepts.append(("C9000008", "900008008", "Z90.08", ["Chest discomfort", "Chest pain"]))
        concepts.append(("C9000009", "900009000", "Z90.09", ["Long COVID", "Post-COVID syndrome"]))
        concepts[2] = (*concepts[2][:3], [*concepts[2][3], "Raised blood pressure"])
        retired = [("C9000005", release, "SY", "", "", "C9000008", "Y")]
    names, types = [], []
    for cui, snomed, icd, terms in concepts:
        for place, term in enumerate(terms):
            names.append(_atom(cui, "SNOMEDCT_US", "PT" if place == 0 else "SY", snomed, term))
        names.append(_atom(cui, "ICD10CM", "PT", icd, terms[0]))
        types.append((cui, "T047", "B2.2.1.2.1", "Disease or Syndrome", f"AT{cui[1:]}", ""))
    names.append(_atom("C9000020", "RXNORM", "IN", "9000200", "Placebolol"))
    types.append(("C9000020", "T121", "A1.4.1.1.1", "Pharmacologic Substance", "AT9000020", ""))
    meta = folder / release / "META"
    meta.mkdir(parents=True, exist_ok=True)
    _rrf(meta / "MRCONSO.RRF", names)
    _rrf(meta / "MRSTY.RRF", types)
    _rrf(meta / "MRCUI.RRF", retired)
    versions = [("", "", f"MTH{release}", "MTH", *[""] * 17, "Y", "", "", "")]
    _rrf(meta / "MRSAB.RRF", versions)
    return meta


def _atom(cui: str, source: str, term_type: str, code: str, term: str) -> list[str]:
    row = dict.fromkeys(_MRCONSO.split(), "")
    row |= {"CUI": cui, "LAT": "ENG", "TS": "P" if term_type == "PT" else "S", "STT": "PF"}
    row |= {"ISPREF": "Y", "SAB": source, "TTY": term_type, "CODE": code, "STR": term}
    row |= {"SRL": "9" if source == "SNOMEDCT_US" else "4", "SUPPRESS": "N"}
    return list(row.values())


def _rrf(path: Path, rows: Iterable[Iterable[str]]) -> None:
    path.write_text("".join("|".join(row) + "|\n" for row in rows), encoding="utf-8")


_CORE, _US, _PREFERRED = "900000000000207008", "900000000000509007", "900000000000548007"
_FULL, _SYNONYM, _IS_A = "900000000000003001", "900000000000013009", "116680003"
_ROOT = "138875005"
_HEADERS = {
    "Terminology/sct2_Concept_Snapshot": "definitionStatusId",
    "Terminology/sct2_Description_Snapshot-en": "conceptId languageCode typeId term caseSignificanceId",
    "Terminology/sct2_Relationship_Snapshot": "sourceId destinationId relationshipGroup typeId "
    "characteristicTypeId modifierId",
    "Refset/Language/der2_cRefset_LanguageSnapshot-en": "refsetId referencedComponentId acceptabilityId",
}


def snomed_release(path: Path, *, date: str = "20310301") -> Path:
    """Write a zip of an RF2 snapshot: concepts, descriptions, relationships, language refset."""
    rows: dict[str, list[list[str]]] = {name: [] for name in _HEADERS}
    concepts, descriptions, relations, language = rows.values()
    number = 1000

    def common(identifier: str) -> list[str]:
        return [identifier, date, "1", _CORE]

    def describe(concept: str, term: str, kind: str) -> None:
        nonlocal number
        number += 1
        identifier = _sctid(number, partition="01")
        case = "900000000000448009"
        descriptions.append([*common(identifier), concept, "en", kind, term, case])
        member = f"{number:08x}-0000-5000-8000-000000000000"
        language.append([*common(member), _US, identifier, _PREFERRED])

    concepts.append([*common(_ROOT), "900000000000074008"])
    describe(_ROOT, "SNOMED CT Concept (SNOMED RT+CTV3)", _FULL)
    for item, (_, _, _, terms) in enumerate(CONCEPTS, start=90001):
        concept = _sctid(item, partition="00")
        concepts.append([*common(concept), "900000000000074008"])
        describe(concept, f"{terms[0]} (disorder)", _FULL)
        for term in terms:
            describe(concept, term, _SYNONYM)
        number += 1
        kinds = ["0", _IS_A, "900000000000011006", "900000000000451002"]
        relations.append([*common(_sctid(number, partition="02")), concept, _ROOT, *kinds])
    with zipfile.ZipFile(path, "w") as archive:
        for name, columns in _HEADERS.items():
            lines = [f"id effectiveTime active moduleId {columns}".split(), *rows[name]]
            text = "".join("\t".join(line) + "\r\n" for line in lines)
            archive.writestr(f"SnomedCT_Invented/Snapshot/{name}_INT_{date}.txt", text)
    return path


def _sctid(item: int, *, partition: str) -> str:
    """An identifier with its check digit (Verhoeff, 1969): the dihedral group of ten elements."""
    digits, check = f"{item}{partition}", 0
    for place, digit in enumerate(reversed(digits), start=1):
        value = int(digit)
        for _ in range(place % 8):
            value = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[value]
        turned = check % 5 + value % 5 if check < 5 else check % 5 - value % 5
        check = turned % 5 + 5 * ((check >= 5) != (value >= 5))
    return f"{digits}{(0, 4, 3, 2, 1, 5, 6, 7, 8, 9)[check]}"
