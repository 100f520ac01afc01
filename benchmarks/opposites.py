"""Names of an index turned into what no name of it says: how many are linked to what they were.

    python benchmarks/opposites.py INDEX [N]

In N names (1,000), drawn with a seed, one word is made its opposite ("acute", "chronic"; "hyper-",
"hypo-"), in N others one number another one, in N others one word another that says the same
("increased", "elevated"). Strings with the words of a name of the index are left out. To be linked
to the concept of the name is wrong for the first two, if it has no wider name, and right for the
last.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from usage import run

from linker import Linker
from linker.text import stems

SEED = 7
OPPOSITES = """
increased decreased, elevated reduced, raised lowered, high low, large small, enlarged shrunken,
long short, wide narrow, thick thin, thickened thinned, upper lower, left right, proximal distal,
anterior posterior, acute chronic, unilateral bilateral, benign malignant, primary secondary,
male female, excessive insufficient, internal external, medial lateral, congenital acquired,
early late, premature delayed, deep superficial, superior inferior, maternal paternal, fast slow,
strong weak, dominant recessive, systolic diastolic, central peripheral, sensory motor
"""
BEGINNINGS = "hyper hypo, over under, macro micro, tachy brady"
SYNONYMS = """
increased elevated, decreased reduced, enlarged large, wide broad, small tiny, raised elevated,
thickened thick, diminished decreased, prolonged long, absence lack, excessive increased
"""
NUMBER = re.compile(r"(?<![\d.,'-])[1-9]\d?(?![\d.,'-])")


def pairs(listed: str) -> dict[str, str]:
    """Each word and the other one of its pair, both ways."""
    both = [pair.split() for pair in listed.split(",")]
    return {**{other: one for one, other in both}, **dict(both)}


def with_words(name: str, other: dict[str, str]) -> Iterator[str]:
    """The name with one word another."""
    for word in re.finditer(r"[a-z]+", name):
        if word[0] in other:
            yield name[: word.start()] + other[word[0]] + name[word.end() :]


def opposites(name: str) -> Iterator[str]:
    yield from with_words(name, pairs(OPPOSITES))
    for begin, other in pairs(BEGINNINGS).items():
        for found in re.finditer(rf"\b{begin}(?=[a-z]{{4}})", name):
            yield name[: found.start()] + other + name[found.end() :]


def other_numbers(name: str) -> Iterator[str]:
    for number in NUMBER.finditer(name):
        for more in (1, 2, 3, 7):
            yield f"{name[: number.start()]}{int(number[0]) + more}{name[number.end() :]}"


def same_in_other_words(name: str) -> Iterator[str]:
    yield from with_words(name, pairs(SYNONYMS))


def main(index: str, n: str = "1000") -> None:
    linker = Linker.load(index)
    store = linker._index.store
    names = {store.normal(row): row for row in range(store.n_names)}
    bags = {tuple(sorted(stems(name))) for name in names}
    print(f"{'what is changed':20} names  linked to their concept  at .7 or more")
    changes: tuple[Callable[[str], Iterator[str]], ...]
    changes = (opposites, other_numbers, same_in_other_words)
    for change in changes:
        asked: dict[str, int] = {}
        for name in random.Random(SEED).sample(sorted(names), len(names)):
            new = (own for own in change(name) if tuple(sorted(stems(own))) not in bags)
            if (own := next(new, None)) is not None:
                asked.setdefault(own, names[name])
            if len(asked) == int(n):
                break
        sure = [
            link.probability
            for link, row in zip(linker.link(list(asked), k=1), asked.values(), strict=True)
            if link.concept_id in {store.concept_id(pair.concept) for pair in store.pairs(row)}
        ]
        title = change.__name__.replace("_", " ")
        print(f"{title:20} {len(asked):5} {len(sure):24} {sum(p >= 0.7 for p in sure):14}")


if __name__ == "__main__":
    run(main, __doc__)
