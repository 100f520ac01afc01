"""The codes that modifiers make of the classes of a ClaML file: see `reader`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, product

from linker.terminology.claml.elements import ClamlClass, ModifiedBy, ModifierClass


@dataclass(frozen=True, slots=True)
class Modified:
    """A code that a modifier makes.

    Attributes:
        parent: the code that it is made of.
        by: what was added last.
    """

    code: str
    parent: str
    by: ModifierClass


def modifications(
    own: ClamlClass,
    above: Sequence[ClamlClass],
    known: Mapping[str, Sequence[ModifierClass]],
) -> list[tuple[ModifiedBy, Sequence[ModifierClass]]]:
    """The modifiers of a class, each with those of its classes that apply, in their order.

    A class has those of the classes above it, but for the ones that it excludes.

    Args:
        above: the classes above that hand theirs on, nearest first.
        known: the classes of each modifier.
    """
    found: dict[str, tuple[ModifiedBy, Sequence[ModifierClass]]] = {}
    for level in (*reversed(above), own):
        for code in level.excluded:
            found.pop(code, None)
        for modified in level.modified_by:
            classes, valid = known.get(modified.modifier, ()), modified.valid
            found[modified.modifier] = (
                modified,
                [c for c in classes if valid is None or c.code in valid],
            )
    return [choice for choice in found.values() if choice[1]]


def modified_codes(
    code: str, choices: Sequence[tuple[ModifiedBy, Sequence[ModifierClass]]]
) -> Iterator[Modified]:
    """What the modifiers of a class make of its code, one after the other: E10, E10.0, E10.01.

    Those of one position are alternatives; the fourth goes before the fifth.
    """
    stems: list[tuple[str, frozenset[tuple[str, str]]]] = [(code, frozenset())]
    ordered = sorted(choices, key=lambda choice: choice[0].position)
    for _, level in groupby(ordered, key=lambda choice: choice[0].position or choice[0].modifier):
        longer: dict[str, frozenset[tuple[str, str]]] = {}
        for (modified, classes), (stem, passed) in product(list(level), stems):
            for by in classes:
                made = _joined(stem, by.code, modified.position)
                if made is None or made in longer or not passed.isdisjoint(by.not_after):
                    continue
                yield Modified(made, stem, by)
                longer[made] = passed | {(by.modifier, by.code)}
        stems = list(longer.items()) or stems


def _joined(code: str, added: str, position: str) -> str | None:
    """A code with what a modifier adds, or None where it has that already.

    Of a code of three characters, the fourth stands behind a dot; where only a fifth is given, X
    fills the fourth place (ICD-10, vol. 2, "M45.X0").
    """
    if "." in code:
        return None if added.startswith(".") else f"{code}{added}"
    between = {"4": ".", "5": ".X"}.get(position, "")
    return f"{code}{added}" if added.startswith(".") else f"{code}{between}{added}"
