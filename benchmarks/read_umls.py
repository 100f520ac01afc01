"""How long a UMLS release of a size takes to read, and the memory of it, on invented rows.

    python benchmarks/read_umls.py N_NAMES [N_NAMES ...] [DICTIONARY.jsonl.gz ...]

Writes MRCONSO (three names a concept), MRSTY, MRREL and MRRANK in the true format to a temporary
folder. A name is one of the dictionaries', or a clinical word, with clinical words and a number
behind it; one in three is tagged or has what the sources add: "(disorder)", "NOS", "[X]". A process
of its own reads them, derives the forms of the names as a build does, and writes the tables. Each
measurement is added to plots/read_umls.json, and the curve over all of them is drawn to
plots/read_umls.png.
"""

from __future__ import annotations

import gzip
import itertools
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from reading import add_and_plot, measure
from usage import run

WORDS = (
    "acute chronic severe mild left right primary secondary congenital acquired recurrent diffuse "
    "focal renal hepatic cardiac pulmonary gastric cerebral femoral tibial ocular dermal aortic "
    "stenosis fracture infarction carcinoma infection deficiency neuropathy effusion hemorrhage "
    "syndrome disease injury ulcer abscess dysplasia atrophy with without of due to type stage"
)
NAMES_A_CONCEPT = 3
SHAPES = ("{}, {}", "{} {} (disorder)", "{} {} NOS", "AB - {} {}", "[X]{} {}", "{} {}, unspecified")
"""What the rules for derived names look for; one name in three has one of these shapes."""


def open_names(dictionaries: Sequence[str]) -> list[str]:
    """The distinct names of dictionaries (JSON lines, .gz), those of three letters or more."""
    names: dict[str, None] = {}
    for dictionary in dictionaries:
        with gzip.open(dictionary, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                names.update(dict.fromkeys((row["name"], *row["synonyms"])))
    return [name for name in names if len(name) > 2 and "|" not in name]


def write_release(folder: Path, n_names: int, pool: Sequence[str] = ()) -> None:
    """Write the four files of a release; the same for the same number and names."""
    rng, words = random.Random(0), WORDS.split()
    tty = ("PT", "SY", "SY")
    with (
        (folder / "MRCONSO.RRF").open("w") as conso,
        (folder / "MRSTY.RRF").open("w") as sty,
        (folder / "MRREL.RRF").open("w") as rel,
    ):
        for number in range(n_names // NAMES_A_CONCEPT):
            cui = f"C{number:07d}"
            sty.write(f"{cui}|T047|B2.2.1.2.1|Disease or Syndrome|AT1|256|\n")
            if number:
                parent = f"C{rng.randrange(number):07d}"
                rel.write(
                    f"{cui}|A1|AUI|PAR|{parent}|A2|AUI|isa|R1||SNOMEDCT_US|SNOMEDCT_US|||N||\n"
                )
            for i in range(NAMES_A_CONCEPT):
                chosen = rng.choices(words, k=rng.randint(2, 3 if pool else 7))
                shape = rng.choice(SHAPES) if rng.random() < 1 / 3 else "{} {}"
                first = rng.choice(pool) if pool else chosen[0]
                name = shape.format(first, f"{' '.join(chosen[1:])} {number % 977}")
                conso.write(
                    f"{cui}|ENG|{'P' if i == 0 else 'S'}|L1|PF|S1|Y|A{number}{i}||||SNOMEDCT_US|"
                    f"{tty[i]}|{number}|{name}|9|N|256|\n"
                )
    ranks = itertools.product(("SNOMEDCT_US",), ("PT", "SY"))
    (folder / "MRRANK.RRF").write_text(
        "".join(f"{900 - i:04d}|{sab}|{kind}|N|\n" for i, (sab, kind) in enumerate(ranks))
    )


def main(*arguments: str) -> None:
    pool = open_names([argument for argument in arguments if not argument.isdigit()])
    for size in map(int, filter(str.isdigit, arguments)):
        with tempfile.TemporaryDirectory() as folder:
            write_release(Path(folder), size, pool)
            add_and_plot("read_umls", "Reading a UMLS release", measure("umls", Path(folder)))


if __name__ == "__main__":
    run(main, __doc__)
