"""How many words of notes that are no name of an index it links all the same.

    python benchmarks/plain_words.py INDEX NOTES.jsonl ... [--words 4000] [--rank 0] [--show]

Models mark words such as "position" and "catheter" as entities. Of the most frequent words of the
notes (four letters or more, from the `--rank`th on), those that are no name of the index, in any
inflection, are looked up alone; most of what links then is wrong, and `--show` lists it, to read.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

from linker import Linker
from linker.annotate import NoteStream
from linker.schema import Note
from linker.text import stem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("notes", type=Path, nargs="+")
    parser.add_argument("--words", type=int, default=4000)
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    met: Counter[str] = Counter()
    for note in NoteStream(given.notes):
        if isinstance(note, Note):
            met.update(re.findall(r"(?<![\w'-])[a-z]{4,}(?![\w'-])", note.text.lower()))
    words = [word for word, _ in met.most_common(given.rank + given.words)[given.rank :]]
    linked = [link for link in Linker.load(given.index).link(words) if link.concept_id is not None]
    wrong = [
        link for link in linked if stem(link.best.matched_name.lower()) != stem(link.mention.text)
    ]
    print(
        f"{len(words):,} words: {len(linked) - len(wrong):,} are a name and link, "
        f"{len(wrong):,} are none and link ({len(wrong) / len(words):.1%})"
    )
    for link in wrong if given.show else ():
        print(f"  {link.probability:.2f}  {link.mention.text}  {link.best.matched_name}")


if __name__ == "__main__":
    main()
