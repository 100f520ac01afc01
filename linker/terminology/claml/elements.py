"""The elements of a ClaML file as values: see `reader`."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.files import opened, or_its_zip
from linker.terminology.xml_records import Record, xml_records

REFERS = "inclusions that refer to codes"
"""What `Release.skipped` calls inclusion terms that are no names."""

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_INCLUSION = "inclusion"
_NAMING = frozenset({"preferred", "preferredLong", _INCLUSION})
_READ = _NAMING | {"definition", "text", "note"}
_FRAGMENT = "Fragment"
# What stands for itself; the rest (Term) is part of the words around it.
_APART = frozenset({_FRAGMENT, "Para", "List", "ListItem", "Caption", "Cell"})
_BULLET, _COLON = re.compile(r"^\s*[•·]\s*"), re.compile(r"\s*:\s*$")

Rubrics = Mapping[str, tuple[str, ...]]
"""The texts of a class by the kind of their rubrics, in the file's order."""


@dataclass(frozen=True, slots=True)
class ModifiedBy:
    """That a class is divided by a modifier.

    Attributes:
        position: which character of the code the modifier gives ("4", "5"), or "".
        valid: the codes of its classes that apply; None for all.
    """

    modifier: str
    position: str
    valid: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class ModifierClass:
    """What a modifier adds to a code, and what that means.

    Attributes:
        not_after: the modifiers, and codes of theirs, behind which it does not apply.
    """

    modifier: str
    code: str
    rubrics: Rubrics
    not_after: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ClamlClass:
    """A chapter, block or category.

    Attributes:
        line: where it begins, from 1.
        usage: "aster" for what is coded beside a cause, "dagger" for such a cause, or "".
        above: the codes of its superclasses.
        excluded: the modifiers that do not apply from here on.
    """

    line: int
    code: str
    kind: str
    usage: str
    above: tuple[str, ...]
    modified_by: tuple[ModifiedBy, ...]
    excluded: frozenset[str]
    rubrics: Rubrics


@dataclass(frozen=True, slots=True)
class ClamlFile:
    """What a file holds."""

    name: str
    version: str
    licence: str
    classes: Sequence[ClamlClass]
    modifiers: Mapping[str, Sequence[ModifierClass]]


def read_claml(path: Path, languages: Sequence[str], bad: BadRows, progress: Progress) -> ClamlFile:
    """Read a file, a zip or a folder that holds one.

    Args:
        languages: of the labels that are read, best first; empty for all of them.
        bad: told of each class that is broken.

    Raises:
        TerminologyError: there is no such file, or several, or it is no ClaML, is damaged or has
            more broken classes than may be.
    """
    name = version = licence = ""
    classes: list[ClamlClass] = []
    modifiers: dict[str, list[ModifierClass]] = {}
    path = _file(path)
    with opened(path, inside_zip=r".*\.xml", progress=progress) as stream:
        tags = ("Meta", "Title", "Class", "ModifierClass")
        for record in xml_records(stream, tags, "ClaML", str(path)):
            element = record.element
            if element.tag == "Title":
                name = element.get("name") or _words(element)
                version = element.get("version") or element.get("date") or ""
                continue
            if element.tag == "Meta":
                if re.fullmatch(r"(?i)copyright|licen[cs]e", element.get("name", "")):
                    licence = element.get("value", "").strip()
                continue
            rubrics = _rubrics(element, languages, bad)
            try:
                if element.tag == "Class":
                    classes.append(_class(record, rubrics, str(path)))
                else:
                    made = _modifier_class(record, rubrics, str(path))
                    modifiers.setdefault(made.modifier, []).append(made)
            except TerminologyError as error:
                bad.skip(error)
    return ClamlFile(name, version, licence, classes, modifiers)


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".xml")
    if len(found) != 1:
        names = ", ".join(file.name for file in found[:4])
        raise TerminologyError(
            f"{path}: holds {len(found)} XML files{f' ({names})' if names else ''}, expected one "
            f"in ClaML; give the file{or_its_zip(path)}"
        )
    return found[0]


def _class(record: Record, rubrics: Rubrics, where: str) -> ClamlClass:
    element = record.element
    return ClamlClass(
        record.line,
        _code(record, rubrics, where),
        element.get("kind", ""),
        element.get("usage", ""),
        tuple(above.get("code", "") for above in element.iterfind("SuperClass")),
        tuple(_modified_by(modified) for modified in element.iterfind("ModifiedBy")),
        frozenset(other.get("code", "") for other in element.iterfind("ExcludeModifier")),
        rubrics,
    )


def _modified_by(element: ElementTree.Element) -> ModifiedBy:
    modifier = element.get("code", "")
    # The WHO's modifiers say it in their names: "S04E10_4".
    position = element.get("position") or modifier.rpartition("_")[2]
    valid = frozenset(v.get("code", "") for v in element.iterfind("ValidModifierClass"))
    # Some releases have a list and all="true", and mean the list.
    chosen = valid or element.get("all") == "false"
    return ModifiedBy(
        modifier, position if position in ("4", "5") else "", valid if chosen else None
    )


def _modifier_class(record: Record, rubrics: Rubrics, where: str) -> ModifierClass:
    element = record.element
    # "MODIFIER CODE", as in the ICD-10-GM.
    rules = (
        meta.get("value", "").split()
        for meta in element.iterfind("Meta")
        if meta.get("name") == "excludeOnPrecedingModifier"
    )
    return ModifierClass(
        element.get("modifier", ""),
        _code(record, rubrics, where),
        rubrics,
        frozenset((rule[0], rule[1]) for rule in rules if len(rule) == 2),
    )


def _code(record: Record, rubrics: Rubrics, where: str) -> str:
    """The code of a class.

    Raises:
        TerminologyError: it has none, or no preferred rubric.
    """
    code, tag = record.element.get("code", "").strip(), record.element.tag
    if not code or not rubrics.get("preferred"):
        missing = "code" if not code else 'text in a <Rubric kind="preferred">'
        raise TerminologyError(
            f"{where}:{record.line}: <{tag}> {code!r} has no {missing}; each needs a code and a "
            "preferred name (in one of the languages, if languages are given)"
        )
    return code


# --- Texts -------------------------------------------------------------------


def _rubrics(element: ElementTree.Element, languages: Sequence[str], bad: BadRows) -> Rubrics:
    texts: dict[str, list[str]] = {}
    for rubric in element.iterfind("Rubric"):
        kind = rubric.get("kind", "")
        for label in _labels(rubric, languages) if kind in _READ else ():
            if kind == _INCLUSION and _refers(label):
                bad.noted[REFERS] += 1
            elif text := _words(label, named=kind in _NAMING):
                texts.setdefault(kind, []).append(text)
    return {kind: tuple(found) for kind, found in texts.items()}


def _labels(rubric: ElementTree.Element, languages: Sequence[str]) -> Iterator[ElementTree.Element]:
    labels = rubric.findall("Label")
    if not languages:
        yield from labels
    for language in languages:
        for label in labels:
            # "de" is that of Switzerland too.
            stated = label.get(_LANGUAGE, "").casefold()
            if stated == language.casefold() or stated.startswith(f"{language.casefold()}-"):
                yield label


def _refers(label: ElementTree.Element) -> bool:
    """Whether codes are part of what a label says: "conditions in I05.0 and I05.2-I05.9".

    Those in brackets, and those coded beside it, stand for themselves.
    """
    return any(
        reference.get("class") != "in brackets" and not reference.get("usage")
        for reference in label.iter("Reference")
    )


def _words(element: ElementTree.Element, *, named: bool = True) -> str:
    """The text of an element.

    Args:
        named: it is a name: references are left out, and fragments are read on from what they are
            listed below ("Diabetes (mellitus):", "brittle").
    """
    return " ".join("".join(_pieces(element, named)).split()).rstrip(" :" if named else " ")


def _pieces(element: ElementTree.Element, named: bool) -> Iterator[str]:
    if element.tag == "Reference" and named:
        return
    text = element.text or ""
    if element.tag in _APART:
        yield " "
        if named:
            text = _COLON.sub(" ", _BULLET.sub("", text))
    before, behind = (" (", ")") if element.get("class") == "in brackets" else ("", "")
    yield f"{before}{text}"
    for child in element:
        yield from _pieces(child, named)
        yield child.tail or ""
    yield behind
