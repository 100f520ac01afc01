"""Invented releases in RF2, with the ids of SNOMED CT's own metadata and nothing else of it."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from pathlib import Path

CORE = 900000000000207008
FULL, SYNONYM, DEFINITION = 900000000000003001, 900000000000013009, 900000000000550004
US, GB, OTHER = 900000000000509007, 900000000000508004, 21999999101
YES, MAYBE = 900000000000548007, 900000000000549004
SAME_AS, REPLACED_BY, POSSIBLY, MOVED_TO = (
    900000000000527005,
    900000000000526001,
    900000000000523009,
    900000000000524003,
)
POSSIBLY_REPLACED_BY = 1186921001
IS_A, FINDING_SITE = 116680003, 363698007
ICD10, ICD10CM, CTV3 = 447562003, 6011000124106, 900000000000497000

HEADERS = {
    "concept": "id effectiveTime active moduleId definitionStatusId",
    "description": "id effectiveTime active moduleId conceptId languageCode typeId term "
    "caseSignificanceId",
    "relationship": "id effectiveTime active moduleId sourceId destinationId relationshipGroup "
    "typeId characteristicTypeId modifierId",
    "language": "id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId",
    "association": "id effectiveTime active moduleId refsetId referencedComponentId "
    "targetComponentId",
    "map": "id effectiveTime active moduleId refsetId referencedComponentId mapGroup mapPriority "
    "mapRule mapAdvice mapTarget correlationId mapCategoryId",
    "simple_map": "id effectiveTime active moduleId refsetId referencedComponentId mapTarget",
}
HEADERS["definition"] = HEADERS["description"]
FILES = {
    "concept": "Terminology/sct2_Concept_{type}_{country}_{date}.txt",
    "description": "Terminology/sct2_Description_{type}-en_{country}_{date}.txt",
    "definition": "Terminology/sct2_TextDefinition_{type}-en_{country}_{date}.txt",
    "relationship": "Terminology/sct2_Relationship_{type}_{country}_{date}.txt",
    "language": "Refset/Language/der2_cRefset_Language{type}-en_{country}_{date}.txt",
    "association": "Refset/Content/der2_cRefset_Association{type}_{country}_{date}.txt",
    "map": "Refset/Map/der2_iisssccRefset_ExtendedMap{type}_{country}_{date}.txt",
    "simple_map": "Refset/Map/der2_sRefset_SimpleMap{type}_{country}_{date}.txt",
}

# --- The generator ----------------------------------------------------------

# Verhoeff's check digit: the dihedral group of ten elements.
_TIMES = [[(i + j) % 5 + (i >= 5) * 5 if j < 5 else 0 for j in range(10)] for i in range(10)]
for _i in range(10):
    for _j in range(5, 10):
        _TIMES[_i][_j] = (_i + _j) % 5 + 5 if _i < 5 else (_i - _j) % 5
    if _i >= 5:
        _TIMES[_i][:5] = [(_i - _j) % 5 + 5 for _j in range(5)]
_STEP = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
_INVERSE = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9]


def check_digit(digits: str) -> int:
    check = 0
    for place, digit in enumerate(reversed(digits), start=1):
        value = int(digit)
        for _ in range(place % 8):
            value = _STEP[value]
        check = _TIMES[check][value]
    return _INVERSE[check]


def sctid(item: int, kind: int = 0, namespace: str = "") -> int:
    """An identifier: item, namespace, partition (0 concept, 1 description, 2 relationship)."""
    digits = f"{item}{namespace}{1 if namespace else 0}{kind}"
    return int(f"{digits}{check_digit(digits)}")


class Rf2:
    """Rows of one edition, and the files that hold them."""

    def __init__(self, country="INT", date="20310131", module=CORE, namespace=""):
        self.country, self.date, self.module, self.namespace = country, date, module, namespace
        self.rows = defaultdict(list)
        self.number = 1000

    def next(self, kind):
        self.number += 1
        return sctid(self.number, kind, self.namespace)

    def row(self, kind, identifier, *fields, active=1, time=None, module=None):
        time = self.date if time is None else time
        self.rows[kind].append(
            [identifier, time, active, self.module if module is None else module, *fields]
        )
        return identifier

    def member(self, kind, *fields, **versioned):
        self.number += 1
        uuid = f"{self.number:08x}-0000-5000-8000-{self.namespace or 0:0>12}"
        return self.row(kind, uuid, *fields, **versioned)

    def concept(self, item, name=None, *, parents=(), active=1, **versioned):
        """A concept; `name` is its fully specified one, which the US and GB sets prefer."""
        concept = item if item > 10**6 else sctid(item, namespace=self.namespace)
        self.row("concept", concept, 900000000000074008, active=active, **versioned)
        if name is not None:
            self.describe(concept, name, FULL, us=YES, gb=YES)
        for parent in parents:
            self.is_a(concept, parent)
        return concept

    def describe(self, concept, term, kind=SYNONYM, *, language="en", active=1, time=None, **sets):
        file = "definition" if kind == DEFINITION else "description"
        identifier = self.row(
            file, self.next(1), concept, language, kind, term, 900000000000448009,
            active=active, time=time,
        )  # fmt: skip
        for refset, acceptability in sets.items():
            self.accept(identifier, {"us": US, "gb": GB, "other": OTHER}[refset], acceptability)
        return identifier

    def accept(self, description, refset, acceptability=YES, **versioned):
        return self.member("language", refset, description, acceptability, **versioned)

    def is_a(self, child, parent, type_=IS_A, **versioned):
        fields = (child, parent, 0, type_, 900000000000011006, 900000000000451002)
        return self.row("relationship", self.next(2), *fields, **versioned)

    def associate(self, refset, old, new, **versioned):
        return self.member("association", refset, old, new, **versioned)

    def map(self, refset, concept, target, *, group=1, priority=1, rule="TRUE", **versioned):
        advice, correlation, category = f"ALWAYS {target}", 447561005, 447637006
        fields = (refset, concept, group, priority, rule, advice, target, correlation, category)
        return self.member("map", *fields, **versioned)

    def text(self, kind):
        lines = [HEADERS[kind].split(), *self.rows[kind]]
        return "".join("\t".join(map(str, line)) + "\r\n" for line in lines)

    def files(self, type_="Snapshot"):
        for kind, name in FILES.items():
            name = name.format(type=type_, country=self.country, date=self.date)
            yield f"SnomedCT_{self.country}/{type_}/{name}", self.text(kind).encode()

    def write(self, folder: Path, type_="Snapshot") -> Path:
        for name, content in self.files(type_):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    def pack(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.files():
                archive.writestr(name, content)
                archive.writestr(f"__MACOSX/._{name.rpartition('/')[2]}", b"\0")
            archive.writestr("Readme_en.txt", "not read")
        return path
