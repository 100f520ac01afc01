"""Orphanet's rare diseases, as Orphadata releases them in XML: product 1, and product 3 beside.

Product 1 ("en_product1.xml", and likewise in other languages) has the disorders: ORPHAcode, name,
synonyms, definition, type and group, and cross-references, each with how it stands to the
disorder. Only exact ones ("E") are codes. Product 3 ("en_product3_*.xml", a file a specialty) has
what is below what. ORDO, the ontology of the same, is read by `obo`.

A disorder that is flagged as inactive (8192) is retired, and leads to the one that it was moved
or referred to; but what is inactive because it is not rare in Europe (32) stays, for notes have it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import OTHERS_CODE, BadRows
from linker.terminology.files import opened, or_its_zip
from linker.terminology.markup import plain_text
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology
from linker.terminology.xml_records import Record, xml_records
from linker.terminology.xml_text import text_of

_INACTIVE, _NOT_RARE = "8192", "32"
_VOCABULARIES = {"ICD-10": "ICD10", "ICD-11": "ICD11", "MeSH": "MESH"}
"""As other terminologies of an index call them."""
_REMARK = re.compile(r"^(?:OBSOLETE|NON RARE IN EUROPE)\s*:\s*")
_PRODUCT = r"[a-z]{2}_product%s\.(?:xml|xml\.gz|zip)"


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read product 1, plain, .gz or .zip, or a folder with it and perhaps files of product 3.

    Raises:
        TerminologyError: it is another product or no XML of Orphanet's, is damaged, or more
            disorders are broken than may be.
    """
    bad = BadRows(options.max_bad_rows)
    main, hierarchies = _files(path)
    above: dict[str, list[str]] = {}
    for hierarchy in hierarchies:
        for code, parent in _relations(hierarchy, progress):
            above.setdefault(code, []).append(parent)
    builder = TableBuilder(str(main))
    with opened(main, inside_zip=r".*product1\.xml") as stream:
        head = stream.read(1 << 16).decode("utf-8", "replace")
    with opened(main, inside_zip=r".*product1\.xml", progress=progress) as stream:
        for record in xml_records(stream, ("Disorder",), "JDBOR/DisorderList", str(main)):
            try:
                _add(builder, record, str(main), above, bad)
            except TerminologyError as error:
                bad.skip(error)
    return builder.finish(
        Release(
            terminology="Orphanet nomenclature of rare diseases",
            version=_stated(r'<JDBOR\b[^>]*\bdate="([\d-]+)', head),
            licence=_stated(r"<Licence>.*?<ShortIdentifier>([^<]+)<", head),
            source="orphanet",
            skipped=bad.counted(),
        )
    )


def _add(
    builder: TableBuilder,
    record: Record,
    where: str,
    above: dict[str, list[str]],
    bad: BadRows,
) -> None:
    disorder = record.element
    flags = {value.text for value in disorder.iterfind("DisorderFlagList/DisorderFlag/Value")}
    code, name = _text(disorder, "OrphaCode"), _plain(_text(disorder, "Name"), flags)
    if not code.isdigit() or not name:
        raise TerminologyError(
            f"{where}:{record.line}: a disorder has the OrphaCode {code!r} and the name {name!r}, "
            "expected a number and a name; is this product 1 (en_product1.xml)?"
        )
    obsolete = _text(disorder, "Name").startswith("OBSOLETE")
    if (_INACTIVE in flags and _NOT_RARE not in flags) or obsolete:
        # The one in question stands there without a code of its own.
        associations = "DisorderDisorderAssociationList/DisorderDisorderAssociation"
        target = _text(disorder, f"{associations}/TargetDisorder/OrphaCode")
        successor = _id(target) if target else None
        builder.retire(_id(code), name=name, replaced_by=successor, at=str(record.line))
        return
    synonyms = disorder.iterfind("SynonymList/Synonym")
    contents = next(disorder.iterfind(".//TextSection/Contents"), None)
    builder.add(
        _id(code),
        name,
        names=[("".join(synonym.itertext()), NameKind.EXACT) for synonym in synonyms],
        definition=None if contents is None else plain_text("".join(contents.itertext())),
        semantic_types=[
            kind for tag in ("DisorderType", "DisorderGroup") if (kind := _text(disorder, tag))
        ],
        parents=[_id(parent) for parent in above.get(code, ())],
        codes=list(_codes(disorder, bad)),
        at=str(record.line),
    )


def _plain(name: str, flags: Set[str | None]) -> str:
    """A name without the remark before it, which is in the language of the file.

    "NON RARE EN EUROPE : Fibromyalgie" has a flag as well; before there were such flags there was
    English alone.
    """
    remark, colon, rest = name.partition(":")
    if colon and remark.isupper() and not flags.isdisjoint((_INACTIVE, _NOT_RARE)):
        return rest.strip()
    return _REMARK.sub("", name)


def _codes(disorder: ElementTree.Element, bad: BadRows) -> Iterator[tuple[str, str]]:
    for reference in disorder.iterfind("ExternalReferenceList/ExternalReference"):
        source, code = _text(reference, "Source"), _text(reference, "Reference")
        # "E (Exact mapping: ...)", in every language.
        if not re.match(r"E\b", _text(reference, "DisorderMappingRelation")):
            bad.noted[OTHERS_CODE] += 1
        elif source and code:
            yield _VOCABULARIES.get(source, source), code


def _relations(path: Path, progress: Progress) -> Iterator[tuple[str, str]]:
    """Which disorder is below which, by their codes, of a file of product 3."""
    with opened(path, inside_zip=r".*\.xml", progress=progress) as stream:
        above = "JDBOR/ClassificationList"
        for record in xml_records(stream, ("Classification",), above, str(path)):
            roots = record.element.iterfind("ClassificationNodeRootList/ClassificationNode")
            # A stack, for the depth is the file's to choose.
            stack = [(node, "") for node in roots]
            while stack:
                node, parent = stack.pop()
                code = _text(node, "Disorder/OrphaCode")
                if code and parent:
                    yield code, parent
                children = node.iterfind("ClassificationNodeChildList/ClassificationNode")
                stack += [(child, code or parent) for child in children]


def _files(path: Path) -> tuple[Path, Sequence[Path]]:
    """The file of product 1, and those of product 3."""
    if not path.is_dir():
        return path, ()
    files = sorted(file for file in path.rglob("*") if file.is_file())
    main, hierarchies = (
        [file for file in files if re.fullmatch(_PRODUCT % which, file.name, re.IGNORECASE)]
        for which in ("1", r"3_\w+")
    )
    if len(main) != 1:
        found = f" ({', '.join(file.name for file in main[:4])})" if main else ""
        raise TerminologyError(
            f"{path}: holds {len(main)} files of product 1{found}, expected one, such as "
            f"en_product1.xml; give the file{or_its_zip(path)}"
        )
    return main[0], hierarchies


def _id(code: str) -> str:
    return f"ORPHA:{code}"


def _stated(pattern: str, head: str) -> str:
    match = re.search(pattern, head, re.DOTALL)
    return match[1].strip() if match else ""


def _text(element: ElementTree.Element, path: str) -> str:
    return text_of(element.find(path))
