"""How long a UMLS release of a size takes to read, and the memory of it, on invented rows.

    python benchmarks/read_umls.py N_NAMES [N_NAMES ...]

Writes MRCONSO (three names a concept, composed of clinical words; one in three is inverted, tagged,
or has what the sources add: "stenosis, renal", "(disorder)", "NOS"), MRSTY, MRREL and MRRANK in the
true format to a temporary folder. A process of its own reads them, derives the forms of the names
as a build does, and writes the tables. Each measurement is added to plots/read_umls.json, and the
curve over all of them is drawn to plots/read_umls.png.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
from pathlib import Path

from reading import add_and_plot, measure

WORDS = (
    "acute chronic severe mild left right primary secondary congenital acquired recurrent diffuse "
    "focal renal hepatic cardiac pulmonary gastric cerebral femoral tibial ocular dermal aortic "
    "stenosis fracture infarction carcinoma infection deficiency neuropathy effusion hemorrhage "
    "syndrome disease injury ulcer abscess dysplasia atrophy with without of due to type stage"
)
NAMES_A_CONCEPT = 3
SHAPES = ("{}, {}", "{} {} (disorder)", "{} {} NOS", "AB - {} {}", "[X]{} {}", "{} {}, unspecified")
"""What the rules for derived names look for; one name in three has one of these shapes."""


def write_release(folder: Path, n_names: int) -> None:
    """Write the four files of a release; the same for the same number."""
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
                chosen = rng.choices(words, k=rng.randint(2, 7))
                shape = rng.choice(SHAPES) if rng.random() < 1 / 3 else "{} {}"
                name = shape.format(chosen[0], f"{' '.join(chosen[1:])} {number % 977}")
                conso.write(
                    f"{cui}|ENG|{'P' if i == 0 else 'S'}|L1|PF|S1|Y|A{number}{i}||||SNOMEDCT_US|"
                    f"{tty[i]}|{number}|{name}|9|N|256|\n"
                )
    ranks = itertools.product(("SNOMEDCT_US",), ("PT", "SY"))
    (folder / "MRRANK.RRF").write_text(
        "".join(f"{900 - i:04d}|{sab}|{kind}|N|\n" for i, (sab, kind) in enumerate(ranks))
    )


def main(*sizes: str) -> None:
    for size in map(int, sizes):
        with tempfile.TemporaryDirectory() as folder:
            write_release(Path(folder), size)
            add_and_plot("read_umls", "Reading a UMLS release", measure("umls", Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
