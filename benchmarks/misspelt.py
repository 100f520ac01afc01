"""acc@1 on gold mentions with one slip of the pen each, beside the mentions as they are.

    python benchmarks/misspelt.py INDEX GOLD.jsonl.gz ...

In a word of at least five letters, drawn with a seed, one letter is left out, put in, changed or
swapped with the next: any of them, the first too. Distinct mentions, each once.
"""

from __future__ import annotations

import random
import re
import string
from pathlib import Path

from gold import canonical, read_gold
from usage import run

from linker import Linker

_WORD = re.compile(r"[A-Za-z]{5,}")


def with_slip(text: str, rng: random.Random) -> str | None:
    """The text with a slip; None if it has no word that is long enough."""
    words = list(_WORD.finditer(text))
    if not words:
        return None
    word = rng.choice(words)
    at, letter = rng.randrange(word.start(), word.end()), rng.choice(string.ascii_lowercase)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + letter + text[at:]
    if kind == 2:
        return text[:at] + letter + text[at + 1 :]
    at = min(at, word.end() - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def main(index: str, *paths: str) -> None:
    linker = Linker.load(index)
    print(f"{'gold':30s} mentions  acc@1   with a slip: acc@1  linked")
    for path in map(Path, paths):
        rng = random.Random(0)
        gold = {g.mention.query: canonical(linker, g.ids) for g in read_gold(path) if g.ids}
        pairs = [(text, with_slip(text, rng)) for text in sorted(gold)]
        pairs = [(text, slip) for text, slip in pairs if slip is not None and slip != text]
        right = []
        for texts in zip(*pairs, strict=True):
            links = linker.link(list(texts), k=1)
            asked = [gold[text] for text, _ in pairs]
            first = [link.candidates[0].concept_id if link.candidates else "" for link in links]
            right.append(100 * sum(f in ids for f, ids in zip(first, asked, strict=True)))
        linked = 100 * sum(link.concept_id is not None for link in links) / len(links)
        plain, slipped = (count / len(pairs) for count in right)
        name = path.name.removesuffix(".jsonl.gz")
        print(f"{name:30s} {len(pairs):8d} {plain:6.1f} {slipped:20.1f} {linked:7.1f}")


if __name__ == "__main__":
    run(main, __doc__)
