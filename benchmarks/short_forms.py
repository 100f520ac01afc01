"""How many short forms of clinical notes an index links, each in a sentence that says nothing else.

    python benchmarks/short_forms.py INDEX FORMS.txt ... [--missed]

A form counts if one link spans all of it. Those that mean several things ("INH") count too, and
cannot be linked here, as nothing around them says which; nor can what the terminology lacks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from linker import Linker

SENTENCE = "She was seen for {} last week."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("forms", type=Path, nargs="+")
    parser.add_argument("--missed", action="store_true", help="print those that are not linked")
    given = parser.parse_args()
    linker = Linker.load(given.index)
    for path in given.forms:
        forms = path.read_text(encoding="utf-8").splitlines()
        notes = linker.pipe(SENTENCE.format(form) for form in forms)
        missed = [
            form
            for form, links in zip(forms, notes, strict=True)
            if not any(link.concept_id and form in link.mention.text for link in links)
        ]
        print(f"{path.name}: {len(forms) - len(missed)} of {len(forms)} linked")
        if given.missed:
            print("  " + ", ".join(missed))


if __name__ == "__main__":
    main()
