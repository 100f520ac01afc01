"""Invented vocabularies in the form in which OHDSI's Athena hands them out."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

HEADERS = {
    "CONCEPT": "concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept "
    "concept_code valid_start_date valid_end_date invalid_reason",
    "CONCEPT_SYNONYM": "concept_id concept_synonym_name language_concept_id",
    "CONCEPT_RELATIONSHIP": "concept_id_1 concept_id_2 relationship_id valid_start_date "
    "valid_end_date invalid_reason",
    "CONCEPT_ANCESTOR": "ancestor_concept_id descendant_concept_id min_levels_of_separation "
    "max_levels_of_separation",
    "VOCABULARY": "vocabulary_id vocabulary_name vocabulary_reference vocabulary_version "
    "vocabulary_concept_id",
}
ENGLISH, GERMAN = 4180186, 4182504
_DATES = ("20310101", "20991231")


class Athena:
    """Rows of a download, and the files that hold them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[list[object]]] = {table: [] for table in HEADERS}

    def concept(
        self,
        number: int,
        name: str,
        vocabulary: str = "INVENTED",
        *,
        domain: str = "Condition",
        kind: str = "Disorder",
        standard: str = "S",
        code: str | None = None,
        invalid: str = "",
    ) -> int:
        code = f"c{number}" if code is None else code
        row = [number, name, domain, vocabulary, kind, standard, code, *_DATES, invalid]
        self.rows["CONCEPT"].append(row)
        return number

    def synonym(self, number: int, name: str, language: int = ENGLISH) -> None:
        self.rows["CONCEPT_SYNONYM"].append([number, name, language])

    def relate(self, one: int, relationship: str, two: int, *, invalid: str = "") -> None:
        self.rows["CONCEPT_RELATIONSHIP"].append([one, two, relationship, *_DATES, invalid])

    def maps(self, one: int, two: int, **more: str) -> None:
        self.relate(one, "Maps to", two, **more)
        self.relate(two, "Mapped from", one, **more)

    def is_a(self, one: int, two: int, **more: str) -> None:
        self.relate(one, "Is a", two, **more)
        self.relate(two, "Subsumes", one, **more)

    def above(self, ancestor: int, descendant: int, levels: int = 1) -> None:
        self.rows["CONCEPT_ANCESTOR"].append([ancestor, descendant, levels, levels + 1])

    def vocabulary(self, name: str, version: str = "") -> None:
        self.rows["VOCABULARY"].append([name, f"{name}, in words", "https://", version, 44819096])

    def text(self, table: str) -> str:
        lines = [HEADERS[table].split(), *self.rows[table]]
        return "".join("\t".join(map(str, line)) + "\n" for line in lines)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for table in HEADERS:
            (folder / f"{table}.csv").write_bytes(self.text(table).encode())
        return folder

    def pack(self, path: Path) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for table in HEADERS:
                archive.writestr(f"{table}.csv", self.text(table))
            archive.writestr("cpt.sh", "not read")
        return path


def random_download(rng: random.Random) -> tuple[Athena, dict[str, dict[str, object]]]:
    """A small download, and the concepts that a reader must find in it."""
    words = ["spot", "green", "Läsion", "β", "of", '"x"', "5%", "a'b", "日本", "\\", "NULL", "N/A"]
    athena = Athena()

    def name() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 4)))

    standard = sorted(rng.sample(range(1, 1000), rng.randint(1, 6)))
    names: dict[int, dict[str, int]] = {}
    codes: dict[int, list[tuple[str, int, str]]] = {}
    parents: dict[int, set[int]] = {}
    expected: dict[str, dict[str, object]] = {}
    for number in standard:
        preferred = name()
        athena.concept(number, preferred, rng.choice(["A", "B"]), kind="Finding")
        names[number] = {preferred: 0}
        codes[number] = [(str(athena.rows["CONCEPT"][-1][3]), 0, f"c{number}")]
        for _ in range(rng.randint(0, 2)):
            language, synonym = rng.choice([ENGLISH, GERMAN]), name()
            athena.synonym(number, synonym, language)
            if language == ENGLISH:
                names[number].setdefault(synonym, 1)
        parents[number] = set(rng.sample(standard, rng.randint(0, min(2, len(standard)))))
        for parent in parents[number] - {number}:
            rng.choice([athena.is_a, lambda child, above: athena.above(above, child)])(
                number, parent
            )
        athena.above(rng.choice(standard), number, levels=2)
        athena.above(number, number, levels=0)
    replaced: dict[int, tuple[str, int | None]] = {}
    for number in sorted(rng.sample(range(1000, 2000), rng.randint(0, 5))):
        invalid = rng.choice(["", "", "D", "U"])
        lent = name()
        athena.concept(number, lent, "C", standard="", invalid=invalid)
        targets = rng.sample(standard, min(rng.choice([0, 1, 1, 2]), len(standard)))
        for target in targets:
            athena.maps(number, target)
        successor = targets[0] if len(targets) == 1 else None
        if invalid:
            if rng.random() < 0.5:
                successor = rng.choice(standard)
                athena.relate(number, "Concept replaced by", successor)
            replaced[number] = (lent, successor)
        elif successor is not None:
            replaced[number] = (lent, successor)
            names[successor].setdefault(lent, 2)
            codes[successor].append(("C", 1, f"c{number}"))
    kinds = ("preferred", "exact", "narrow")
    for number in standard:
        ordered = sorted(names[number], key=lambda n, of=names[number]: (of[n], n.encode()))
        expected[str(number)] = {
            "concept_id": str(number),
            "preferred_name": ordered[0],
            "definition": None,
            "semantic_types": ["Condition", "Finding"],
            "parents": [str(parent) for parent in sorted(parents[number] - {number})],
            "codes": [(v, code) for v, _, code in sorted(codes[number])],
            "status": "active",
            "replaced_by": None,
            "names": [(n, kinds[names[number][n]]) for n in ordered],
        }
    for number, (retired, successor) in replaced.items():
        expected[str(number)] = {
            "concept_id": str(number),
            "preferred_name": retired,
            "definition": None,
            "semantic_types": [],
            "parents": [],
            "codes": [],
            "status": "retired",
            "replaced_by": successor and str(successor),
            "names": [],
        }
    for rows in athena.rows.values():
        rng.shuffle(rows)
    return athena, expected
