"""How long a SNOMED CT release of a size takes to read, and the memory of it, on invented rows.

    python benchmarks/read_snomed.py N_CONCEPTS [N_CONCEPTS ...]

Writes an RF2 snapshot in the true format to a temporary folder: for each three active concepts a
retired one with what replaces it; names of invented words, accepted in US and GB English; five
relationships a concept, two of them is-a; maps to ICD-10-CM. 300,000 are about the size of the
International Edition. Reads it in a process of its own. Each measurement is added to
plots/read_snomed.json, and the curve over all of them is drawn to plots/read_snomed.png.
"""

from __future__ import annotations

import random
import tempfile
from contextlib import ExitStack
from pathlib import Path

from reading import add_and_plot, measure
from usage import run

CORE, DEFINED, IS_A, FINDING_SITE = 900000000000207008, 900000000000074008, 116680003, 363698007
FULL, SYNONYM, DEFINITION = 900000000000003001, 900000000000013009, 900000000000550004
US, GB, PREFERRED, ACCEPTABLE = (
    *(900000000000509007, 900000000000508004, 900000000000548007, 900000000000549004),
)
SAME_AS, REPLACED_BY, POSSIBLY = 900000000000527005, 900000000000526001, 900000000000523009
ICD10CM = 6011000124106
TAGS = ("disorder", "finding", "procedure", "substance", "body structure")

VERSIONED = "id effectiveTime active moduleId"
FILES = {
    "concept": ("Terminology/sct2_Concept_Snapshot", f"{VERSIONED} definitionStatusId"),
    "description": (
        "Terminology/sct2_Description_Snapshot-en",
        f"{VERSIONED} conceptId languageCode typeId term caseSignificanceId",
    ),
    "definition": (
        "Terminology/sct2_TextDefinition_Snapshot-en",
        f"{VERSIONED} conceptId languageCode typeId term caseSignificanceId",
    ),
    "relationship": (
        "Terminology/sct2_Relationship_Snapshot",
        f"{VERSIONED} sourceId destinationId relationshipGroup typeId characteristicTypeId "
        "modifierId",
    ),
    "language": (
        "Refset/Language/der2_cRefset_LanguageSnapshot-en",
        f"{VERSIONED} refsetId referencedComponentId acceptabilityId",
    ),
    "association": (
        "Refset/Content/der2_cRefset_AssociationSnapshot",
        f"{VERSIONED} refsetId referencedComponentId targetComponentId",
    ),
    "map": (
        "Refset/Map/der2_iisssccRefset_ExtendedMapSnapshot",
        f"{VERSIONED} refsetId referencedComponentId mapGroup mapPriority mapRule mapAdvice "
        "mapTarget correlationId mapCategoryId",
    ),
}


class Release:
    """Writes the rows of a snapshot; ids are numbered, without a true check digit."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.rng = random.Random(0)
        self.files = {}
        self.numbers = dict.fromkeys((*FILES, "member"), 0)
        for kind, (name, header) in FILES.items():
            path = folder / f"SnomedCT_INT/Snapshot/{name}_INT_20310131.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.files[kind] = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            self.files[kind].write("\t".join(header.split()) + "\r\n")

    def row(self, kind: str, partition: int, active: bool, *fields: object) -> int:
        self.numbers[kind] += 1
        identifier = (self.numbers[kind] + 10_000) * 1000 + partition * 10 + self.rng.randrange(10)
        self._write(kind, identifier, 20200131, active, fields)
        return identifier

    def member(self, kind: str, *fields: object) -> None:
        self.numbers["member"] += 1
        number, rng = self.numbers["member"], self.rng
        uuid = f"{rng.getrandbits(32):08x}-0000-5000-8000-{number:012x}"
        self._write(kind, uuid, rng.randint(20020131, 20310131), True, fields)

    def _write(
        self, kind: str, identifier: object, time: int, active: bool, fields: tuple[object, ...]
    ) -> None:
        values = (identifier, time, int(active), CORE, *fields)
        self.files[kind].write("\t".join(map(str, values)) + "\r\n")


def write_release(folder: Path, n_concepts: int) -> None:
    """Write a snapshot; the same for the same number."""
    with ExitStack() as stack:
        release = Release(folder, stack)
        rng = release.rng
        syllables = [c + v for c in "bcdfglmnprst" for v in "aeiou"]
        words = ["".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(20_000)]
        ids: list[int] = []
        for number in range(n_concepts + n_concepts // 3):
            active = number < n_concepts
            concept = release.row("concept", 0, active, DEFINED)
            ids.append(concept)
            _describe(release, concept, words, active)
            if number:
                older = min(number, n_concepts)
                for place in range(5):
                    type_ = IS_A if place < 2 else FINDING_SITE
                    of = (concept, ids[rng.randrange(older)], 0, type_)
                    kept = active and (place < 2 or rng.random() < 0.5)
                    release.row("relationship", 2, kept, *of, 900000000000011006, 0)
            if active and rng.random() < 0.5:
                for group, target in ((1, "A12.3"), (2, "S02.0XX?")):
                    of = (ICD10CM, concept, group, 1, "TRUE", f"ALWAYS {target}", target)
                    release.member("map", *of, 447561005, 447637006)
            if not active:
                refset = rng.choice((SAME_AS, REPLACED_BY, POSSIBLY))
                release.member("association", refset, concept, ids[rng.randrange(number)])


def _describe(release: Release, concept: int, words: list[str], active: bool) -> None:
    rng = release.rng
    base = " ".join(rng.choices(words, k=4))
    terms = [(FULL, f"{base} ({rng.choice(TAGS)})"), (SYNONYM, base)]
    while rng.random() < 0.35:
        terms.append((SYNONYM, " ".join(rng.choices(words, k=rng.randint(2, 7)))))
    if active and rng.random() < 0.03:
        terms.append((DEFINITION, " ".join(rng.choices(words, k=30))))
    for place, (type_, text) in enumerate(terms):
        kind = "definition" if type_ == DEFINITION else "description"
        of = (concept, "en", type_, text, 900000000000448009)
        description = release.row(kind, 1, place < 2 or rng.random() < 0.9, *of)
        for refset in (US, GB):
            how = PREFERRED if place < 2 else ACCEPTABLE
            release.member("language", refset, description, how)


def main(*sizes: str) -> None:
    for size in map(int, sizes):
        with tempfile.TemporaryDirectory() as folder:
            write_release(Path(folder), size)
            add_and_plot("read_snomed", "Reading SNOMED CT in RF2", measure("snomed", Path(folder)))


if __name__ == "__main__":
    run(main, __doc__)
