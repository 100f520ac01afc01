"""Invented records in the XML in which the NLM releases MeSH."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

DTD = "https://www.nlm.nih.gov/databases/dtd/nlm{kind}recordset_20310101.dtd"


def term(text: str, *, tag: str = "NON", preferred: bool = False, permuted: bool = False) -> str:
    best, turned = ("Y" if flag else "N" for flag in (preferred, permuted))
    return (
        f'     <Term ConceptPreferredTermYN="{best}" IsPermutedTermYN="{turned}" '
        f'LexicalTag="{tag}" RecordPreferredTermYN="{best}">\n'
        f"      <TermUI>T0</TermUI>\n      <String>{escape(text)}</String>\n     </Term>\n"
    )


def concept(
    ui: str,
    name: str,
    terms: Iterable[str] = (),
    *,
    preferred: bool = True,
    note: str = "",
    number: str | Sequence[str] = "",
    related: Iterable[str] = (),
    relations: Iterable[tuple[str, str, str]] = (),
    types: Iterable[str] = (),
) -> str:
    """A <Concept>; several numbers make a list, as since 2024; `types` are of until 2017."""
    flag = "Y" if preferred else "N"
    numbers = (
        f"<RegistryNumber>{number}</RegistryNumber>"
        if isinstance(number, str)
        else (
            "<RegistryNumberList>"
            + "".join(f"<RegistryNumber>{n}</RegistryNumber>" for n in number)
            + "</RegistryNumberList>"
        )
    )
    lists = {
        "RelatedRegistryNumberList": "".join(
            f"<RelatedRegistryNumber>{escape(r)}</RelatedRegistryNumber>" for r in related
        ),
        "SemanticTypeList": "".join(
            f"<SemanticType><SemanticTypeUI>{t}</SemanticTypeUI></SemanticType>" for t in types
        ),
        "ConceptRelationList": "".join(
            f'<ConceptRelation RelationName="{r}"><Concept1UI>{one}</Concept1UI>'
            f"<Concept2UI>{two}</Concept2UI></ConceptRelation>"
            for r, one, two in relations
        ),
    }
    return (
        f'   <Concept PreferredConceptYN="{flag}">\n    <ConceptUI>{ui}</ConceptUI>\n'
        f"    <ConceptName>\n     <String>{escape(name)}</String>\n    </ConceptName>\n"
        + (f"    {numbers}\n" if number else "")
        + (f"    <ScopeNote>{escape(note)}\n    </ScopeNote>\n" if note else "")
        + "".join(f"    <{tag}>{inner}</{tag}>\n" for tag, inner in lists.items() if inner)
        + f"    <TermList>\n{term(name, preferred=True)}{''.join(terms)}    </TermList>\n"
        + "   </Concept>\n"
    )


def descriptor(ui: str, name: str, concepts: Iterable[str], trees: Iterable[str] = ()) -> str:
    numbers = "".join(f"   <TreeNumber>{tree}</TreeNumber>\n" for tree in trees)
    return (
        f'<DescriptorRecord DescriptorClass = "1">\n <DescriptorUI>{ui}</DescriptorUI>\n'
        f" <DescriptorName>\n  <String>{escape(name)}</String>\n </DescriptorName>\n"
        f"  <SeeRelatedList><SeeRelatedDescriptor><DescriptorReferredTo>"
        f"<DescriptorUI>D999999</DescriptorUI></DescriptorReferredTo></SeeRelatedDescriptor>"
        f"</SeeRelatedList>\n"
        + (f"  <TreeNumberList>\n{numbers}  </TreeNumberList>\n" if numbers else "")
        + f"  <ConceptList>\n{''.join(concepts)}  </ConceptList>\n</DescriptorRecord>\n"
    )


def supplementary(
    ui: str,
    name: str,
    concepts: Iterable[str],
    mapped_to: Iterable[str] = (),
    *,
    kind: int = 1,
    note: str = "",
) -> str:
    headings = "".join(
        f"  <HeadingMappedTo><DescriptorReferredTo><DescriptorUI>{heading}</DescriptorUI>"
        f"<DescriptorName><String>x</String></DescriptorName></DescriptorReferredTo>"
        f"</HeadingMappedTo>\n"
        for heading in mapped_to
    )
    return (
        f'<SupplementalRecord SCRClass = "{kind}">\n'
        f" <SupplementalRecordUI>{ui}</SupplementalRecordUI>\n"
        f" <SupplementalRecordName>\n  <String>{escape(name)}</String>\n"
        f" </SupplementalRecordName>\n"
        + (f" <Note>{escape(note)}\n </Note>\n" if note else "")
        + (f" <HeadingMappedToList>\n{headings} </HeadingMappedToList>\n" if headings else "")
        + f" <ConceptList>\n{''.join(concepts)} </ConceptList>\n</SupplementalRecord>\n"
    )


def record_set(records: Iterable[str], *, kind: str = "Descriptor", head: str = "") -> bytes:
    root = f"{kind}RecordSet"
    dtd = DTD.format(kind=kind.lower())
    head = head or f'<!DOCTYPE {root} SYSTEM "{dtd}">'
    body = "".join(records)
    text = f'<?xml version="1.0"?>\n{head}\n<{root} LanguageCode = "eng">\n{body}</{root}>\n'
    return text.encode()


def write(folder: Path, descriptors: Sequence[str], records: Sequence[str] = ()) -> Path:
    """desc2031.xml and, where there are records for it, supp2031.xml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "desc2031.xml").write_bytes(record_set(descriptors))
    if records:
        data = record_set(records, kind="Supplemental")
        (folder / "supp2031.xml").write_bytes(data)
    return folder


_KINDS = {"NRW": "narrow", "BRD": "broad", "REL": "related"}
_PLACE = ["preferred", "exact", "abbreviation", "narrow", "broad", "related"]


def random_records(
    rng: random.Random,
) -> tuple[list[str], list[str], dict[str, dict[str, object]]]:
    """Descriptors, supplementary records, and the concepts that a reader must find in them."""
    words = ["spot", "green", "Läsion", "β", "<of>", '"x"', "5%", "a'b", "日本", "& co", "]]>"]

    def name() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 4)))

    def concepts(ui: str, preferred: str) -> tuple[list[str], list[tuple[str, str]]]:
        names, made = [(preferred, "preferred")], []
        others = [(f"M{ui}{i}", rng.choice(list(_KINDS))) for i in range(rng.randint(0, 2))]
        relations = [(kind, f"M{ui}", other) for other, kind in others]
        for own, kind in [(f"M{ui}", ""), *others]:
            title = preferred if not kind else name()
            names.append((title, _KINDS.get(kind, "exact")))
            terms = []
            for _ in range(rng.randint(0, 3)):
                text, tag = name(), rng.choice(["NON", "ABB", "ACR", "ABX", "TRD"])
                terms.append(term(text, tag=tag, permuted=rng.random() < 0.2))
                said = "abbreviation" if tag in ("ABB", "ACR") else "exact"
                names.append((text, _KINDS.get(kind, said)))
            made.append(
                concept(
                    own, title, terms, preferred=not kind, relations=relations[: not kind and 9]
                )
            )
        seen: dict[str, str] = {}
        for text, kind in sorted(names, key=lambda pair: _PLACE.index(pair[1])):
            seen.setdefault(text, kind)
        return made, list(seen.items())

    ids = [f"D{n:06}" for n in rng.sample(range(10**6), rng.randint(1, 6))]
    trees: dict[str, list[str]] = {}
    expected: dict[str, dict[str, object]] = {}
    descriptors, records = [], []
    numbers: dict[str, str] = {}
    for ui in ids:
        trees[ui] = []
        for _ in range(rng.randint(1, 2)):
            above = rng.choice(["", *numbers])
            number = f"{above}.{len(numbers):03}" if above else f"C{len(numbers):02}"
            numbers[number] = ui
            trees[ui].append(number)

    def row(ui: str, names: list[tuple[str, str]], **more: object) -> None:
        expected[ui] = {
            "concept_id": ui,
            "preferred_name": names[0][0],
            "definition": None,
            "codes": [],
            "status": "active",
            "replaced_by": None,
            "names": names,
            **more,
        }

    for ui in ids:
        preferred = name()
        made, names = concepts(ui, preferred)
        descriptors.append(descriptor(ui, preferred, made, trees[ui]))
        above = {numbers.get(number.rpartition(".")[0], ui) for number in trees[ui]} - {ui}
        row(ui, names, semantic_types=["Diseases"], parents=sorted(above))
    for n in rng.sample(range(10**6), rng.randint(0, 3)):
        ui, preferred = f"C{n:06}", name()
        made, names = concepts(ui, preferred)
        mapped = sorted(rng.sample(ids, rng.randint(0, min(2, len(ids)))))
        records.append(supplementary(ui, preferred, made, [f"*{m}" for m in mapped], kind=3))
        row(ui, names, semantic_types=["Diseases"], parents=mapped)
    return descriptors, records, expected
