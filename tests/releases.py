"""One small invented release in each format that is read, all of the same three concepts.

"Green spots", also called "Verdant macules", and "Blue spots" are below "Skin marks".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import claml_xml
import mesh_xml
import pyarrow as pa
import pyarrow.parquet as pq
import rf2
import rrf
from athena import Athena

TOP, GREEN, ALSO, BLUE = "Skin marks", "Green spots", "Verdant macules", "Blue spots"


@dataclass(frozen=True)
class Form:
    """A format.

    Attributes:
        ids: of the three concepts, by their names.
        main: the file that holds the names, below the folder that `write` is given.
        path: what a reader is given, below that folder.
        version, licence: what a reader must find, the licence by its beginning.
        broken: what makes a row of the main file broken, and leaves the three concepts as they are:
            a text of it, or "" for its end, and what takes the text's place.
    """

    source: str
    ids: Mapping[str, str]
    write: Callable[[Path], object]
    main: str
    path: str = ""
    version: str = ""
    licence: str = ""
    broken: tuple[str, str] | None = None

    def place(self, folder: Path, *, broken: bool = False) -> Path:
        """Write the release, perhaps with a broken row in it; what a reader is given."""
        folder.mkdir(parents=True, exist_ok=True)
        self.write(folder)
        if broken and self.broken is not None:
            old, new = self.broken
            data = (folder / self.main).read_bytes().decode()
            data = data.replace(old, new, 1) if old else data + new
            (folder / self.main).write_bytes(data.encode())
        return folder / self.path


def _ids(*ids: object) -> dict[str, str]:
    return dict(zip((TOP, GREEN, BLUE), map(str, ids), strict=True))


# --- Of the NLM and SNOMED International ------------------------------------


def _umls(folder: Path) -> None:
    ids = ["C9000001", "C9000002", "C9000003"]
    rrf.put(
        folder,
        MRCONSO=[
            rrf.atom(ids[0], TOP, code="1"),
            rrf.atom(ids[1], GREEN, code="2"),
            rrf.atom(ids[1], ALSO, term_type="SY", code="2"),
            rrf.atom(ids[2], BLUE, code="3"),
        ],
        MRRANK=[
            rrf.row("MRRANK", RANK=rank, SAB="AAA", TTY=kind, SUPPRESS="N")
            for rank, kind in (("0002", "PT"), ("0001", "SY"))
        ],
        MRSTY=[rrf.row("MRSTY", CUI=cui, TUI="T033") for cui in ids],
        MRREL=[rrf.relation(cui, "PAR", ids[0], SUPPRESS="N") for cui in ids[1:]],
        MRSAB=[rrf.row("MRSAB", VSAB="MTH2031AA", RSAB="MTH", CURVER="Y")],
    )


def _rxnorm(folder: Path) -> None:
    ids = ["9000001", "9000002", "9000003"]
    rrf.put(
        folder,
        RXNCONSO=[
            rrf.drug(ids[0], TOP, "IN"),
            rrf.drug(ids[1], GREEN, "BN"),
            rrf.drug(ids[1], ALSO, "SY"),
            rrf.drug(ids[2], BLUE, "BN"),
        ],
        RXNSTY=[rrf.row("RXNSTY", RXCUI=rxcui, TUI="T121") for rxcui in ids],
        RXNREL=[rrf.link(rxcui, "tradename_of", ids[0]) for rxcui in ids[1:]],
        RXNSAB=[rrf.row("RXNSAB", RSAB="RXNORM", SVER="20AA_310106F", CURVER="Y")],
    )


def _snomed(folder: Path) -> None:
    edition = rf2.Rf2()
    top = edition.concept(101, f"{TOP} (finding)")
    green = edition.concept(102, f"{GREEN} (disorder)", parents=[top])
    edition.describe(green, ALSO, us=rf2.MAYBE)
    edition.concept(103, f"{BLUE} (disorder)", parents=[top])
    edition.map(rf2.ICD10CM, green, "L99.0")
    edition.write(folder)


def _mesh(folder: Path) -> None:
    mesh_xml.write(
        folder,
        [
            mesh_xml.descriptor("D900001", TOP, [mesh_xml.concept("M1", TOP)], ["C17"]),
            mesh_xml.descriptor(
                "D900002",
                GREEN,
                [mesh_xml.concept("M2", GREEN, [mesh_xml.term(ALSO)])],
                ["C17.800"],
            ),
            mesh_xml.descriptor("D900003", BLUE, [mesh_xml.concept("M3", BLUE)], ["C17.900"]),
        ],
    )


# --- Of OHDSI and the CDC ---------------------------------------------------


def _omop(folder: Path) -> None:
    athena = Athena()
    for number, name in ((101, TOP), (102, GREEN), (103, BLUE)):
        athena.concept(number, name, "SNOMEX")
        if number > 101:
            athena.is_a(number, 101)
    athena.synonym(102, ALSO)
    athena.vocabulary("None", "v5.0 29-AUG-31")
    athena.write(folder)


_TABULAR = f"""<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2031</version>
  <chapter>
    <name>12</name><desc>Diseases of invented skin (L00-L99)</desc>
    <section id="L80-L99">
      <desc>Block (L80-L99)</desc>
      <diag><name>L99</name><desc>{TOP}</desc>
        <diag><name>L99.0</name><desc>{GREEN}</desc>
          <inclusionTerm><note>{ALSO}</note></inclusionTerm></diag>
        <diag><name>L99.1</name><desc>{BLUE}</desc></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""


def _tabular(folder: Path) -> None:
    (folder / "icd10cm-tabular-2031.xml").write_text(_TABULAR, encoding="utf-8")


def _order(folder: Path) -> None:
    rows = (("L99", 0, TOP, TOP), ("L990", 1, ALSO, GREEN), ("L991", 1, BLUE, BLUE))
    text = "".join(
        f"{number:05} {code:<7} {billable} {short:<60} {long}\n"
        for number, (code, billable, short, long) in enumerate(rows, start=1)
    )
    (folder / "icd10cm-order-2031.txt").write_text(text, encoding="utf-8")


# --- Ontologies -------------------------------------------------------------

_OBO = f"""format-version: 1.2
data-version: inv/releases/2031-02-03
ontology: inv
property_value: terms:license https://example.org/licence

[Term]
id: INV:1
name: {TOP}

[Term]
id: INV:2
name: {GREEN}
synonym: "{ALSO}" EXACT []
is_a: INV:1 ! {TOP}

[Term]
id: INV:3
name: {BLUE}
is_a: INV:1 ! {TOP}
"""

_PURL, _OIO = "http://purl.obolibrary.org/obo/", "http://www.geneontology.org/formats/oboInOwl#"


def _graph(folder: Path) -> None:
    synonym = {"pred": "hasExactSynonym", "val": ALSO, "xrefs": []}
    nodes = [
        {"id": f"{_PURL}INV_{n}", "lbl": name, "type": "CLASS", "meta": meta}
        for n, name, meta in ((1, TOP, {}), (2, GREEN, {"synonyms": [synonym]}), (3, BLUE, {}))
    ]
    edges = [{"sub": f"{_PURL}INV_{n}", "pred": "is_a", "obj": f"{_PURL}INV_1"} for n in (2, 3)]
    licence = {
        "pred": "http://purl.org/dc/terms/license",
        "val": "https://example.org/licence",
    }
    meta = {"version": f"{_PURL}inv/releases/2031-02-03/inv.json", "basicPropertyValues": [licence]}
    document = {"graphs": [{"id": f"{_PURL}inv", "meta": meta, "nodes": nodes, "edges": edges}]}
    (folder / "inv.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


_OWL = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:owl="http://www.w3.org/2002/07/owl#"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/"
  xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:oio="{_OIO}">
<owl:Ontology rdf:about="{_PURL}inv.owl">
  <owl:versionIRI rdf:resource="{_PURL}inv/releases/2031-02-03/inv.owl"/>
  <dcterms:license rdf:resource="https://example.org/licence"/>
</owl:Ontology>
<owl:Class rdf:about="{_PURL}INV_1">
  <rdfs:label>{TOP}</rdfs:label>
</owl:Class>
<owl:Class rdf:about="{_PURL}INV_2">
  <rdfs:label>{GREEN}</rdfs:label>
  <oio:hasExactSynonym>{ALSO}</oio:hasExactSynonym>
  <rdfs:subClassOf rdf:resource="{_PURL}INV_1"/>
</owl:Class>
<owl:Class rdf:about="{_PURL}INV_3">
  <rdfs:label>{BLUE}</rdfs:label>
  <rdfs:subClassOf rdf:resource="{_PURL}INV_1"/>
</owl:Class>
</rdf:RDF>
"""

# --- Tables and lines -------------------------------------------------------

_ROWS = (("X1", TOP, "", ""), ("X2", GREEN, ALSO, "X1"), ("X3", BLUE, "", "X1"))
_HEADER = ("concept_id", "name", "synonyms", "parents")


def _text(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


def _separated(delimiter: str) -> str:
    return "".join(f"{delimiter.join(row)}\n" for row in (_HEADER, *_ROWS))


def _parquet(folder: Path) -> None:
    table = pa.table(dict(zip(_HEADER, zip(*_ROWS, strict=True), strict=True)))
    pq.write_table(table, folder / "inv.parquet")


def _ours() -> str:
    return "".join(
        json.dumps(
            {
                "id": concept_id,
                "name": name,
                "synonyms": [also] if also else [],
                "parents": [parent] if parent else [],
            }
        )
        + "\n"
        for concept_id, name, also, parent in _ROWS
    )


def _scispacy() -> str:
    return "".join(
        json.dumps(
            {
                "concept_id": concept_id,
                "canonical_name": name,
                "aliases": [also] if also else [],
                "types": ["T033"],
            }
        )
        + "\n"
        for concept_id, name, also, _ in _ROWS
    )


def orphanet_disorder(code: str, name: str, more: str = "") -> str:
    """A disorder as product 1 of Orphadata has it."""
    return (
        f'    <Disorder id="1{code}">\n      <OrphaCode>{code}</OrphaCode>\n'
        f'      <ExpertLink lang="en">http://www.orpha.net/{code}</ExpertLink>\n'
        f'      <Name lang="en">{name}</Name>\n{more}    </Disorder>\n'
    )


def orphanet_product(*disorders: str) -> str:
    """Product 1 of Orphadata, of some disorders."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<JDBOR date="2031-02-03 07:00:00" version="1.3" copyright="Orphanet (c) 2031">\n'
        '  <Availability>\n    <Licence>\n      <FullName lang="en">Invented 4.0</FullName>\n'
        "      <ShortIdentifier>INV-4.0</ShortIdentifier>\n    </Licence>\n  </Availability>\n"
        f'  <DisorderList count="{len(disorders)}">\n{"".join(disorders)}'
        "  </DisorderList>\n</JDBOR>\n"
    )


def _orphanet() -> str:
    also = f"      <SynonymList><Synonym>{ALSO}</Synonym></SynonymList>\n"
    return orphanet_product(
        orphanet_disorder("901", TOP),
        orphanet_disorder("902", GREEN, also),
        orphanet_disorder("903", BLUE),
    )


def _claml() -> str:
    return claml_xml.document(
        claml_xml.claml_class("XII", "Skin", kind="chapter"),
        claml_xml.claml_class("L99", TOP, above="XII"),
        claml_xml.claml_class("L99.0", GREEN, claml_xml.rubric("inclusion", ALSO), above="L99"),
        claml_xml.claml_class("L99.1", BLUE, above="L99"),
    )


_ROWS_IDS = _ids("X1", "X2", "X3")
_ONTOLOGY = {"version": "2031-02-03", "licence": "https://example.org/licence"}
_INV = _ids("INV:1", "INV:2", "INV:3")
_CODES = _ids("L99", "L99.0", "L99.1")

FORMS: Mapping[str, Form] = {
    "umls": Form(
        "umls",
        _ids("C9000001", "C9000002", "C9000003"),
        _umls,
        "MRCONSO.RRF",
        version="2031AA",
        licence="UMLS Metathesaurus License (NLM)",
        broken=("", "C9000009|ENG|\n"),
    ),
    "snomed": Form(
        "snomed",
        _ids(rf2.sctid(101), rf2.sctid(102), rf2.sctid(103)),
        _snomed,
        "SnomedCT_INT/Snapshot/Terminology/sct2_Description_Snapshot-en_INT_20310131.txt",
        version="2031-01-31",
        licence="SNOMED CT affiliate licence",
        broken=("", "1009011\t20310131\r\n"),
    ),
    "rxnorm": Form(
        "rxnorm",
        _ids("9000001", "9000002", "9000003"),
        _rxnorm,
        "RXNCONSO.RRF",
        version="20AA_310106F",
        licence="UMLS Metathesaurus License (NLM); RxNorm's own names",
        broken=("", "9000009|ENG|\n"),
    ),
    "omop": Form(
        "omop",
        _ids(101, 102, 103),
        _omop,
        "CONCEPT.csv",
        version="v5.0 29-AUG-31",
        licence="OHDSI Athena: each vocabulary has the licence of its owner",
        broken=("", "109\tLime spots\n"),
    ),
    "mesh": Form(
        "mesh",
        _ids("D900001", "D900002", "D900003"),
        _mesh,
        "desc2031.xml",
        version="2031",
        licence="MeSH: a work of the US Government",
        broken=("<DescriptorRecord ", "<DescriptorRecord/>\n<DescriptorRecord "),
    ),
    "icd10cm-tabular": Form(
        "icd10cm",
        _CODES,
        _tabular,
        "icd10cm-tabular-2031.xml",
        version="2031",
        licence="public domain",
        broken=("</section>", "<diag><name>L999</name></diag></section>"),
    ),
    "icd10cm-order": Form(
        "icd10cm",
        _CODES,
        _order,
        "icd10cm-order-2031.txt",
        version="2031",
        licence="public domain",
        broken=("", "00004 L999\n"),
    ),
    "claml": Form(
        "claml",
        _CODES,
        _text("inv.xml", _claml()),
        "inv.xml",
        "inv.xml",
        version="2031",
        licence="Invented centre",
        broken=("</ClaML>", '<Class code="L99.9" kind="category"/></ClaML>'),
    ),
    "orphanet": Form(
        "orphanet",
        _ids("ORPHA:901", "ORPHA:902", "ORPHA:903"),
        _text("en_product1.xml", _orphanet()),
        "en_product1.xml",
        version="2031-02-03",
        licence="INV-4.0",
        broken=(
            "</DisorderList>",
            "<Disorder><OrphaCode>904</OrphaCode></Disorder></DisorderList>",
        ),
    ),
    "obo": Form(
        "obo",
        _INV,
        _text("inv.obo", _OBO),
        "inv.obo",
        "inv.obo",
        **_ONTOLOGY,
        broken=("", "synonym: half a sy\n"),
    ),
    "obo-graph": Form(
        "obo",
        _INV,
        _graph,
        "inv.json",
        "inv.json",
        **_ONTOLOGY,
        broken=('"edges": [', '"edges": [7, '),
    ),
    "owl": Form(
        "obo",
        _INV,
        _text("inv.owl", _OWL),
        "inv.owl",
        "inv.owl",
        **_ONTOLOGY,
        broken=(
            "</rdf:RDF>",
            f'<owl:Class rdf:about="{_PURL}INV_3"><rdfs:label>Azure</rdfs:label></owl:Class>'
            "</rdf:RDF>",
        ),
    ),
    "csv": Form(
        "table",
        _ROWS_IDS,
        _text("inv.csv", _separated(",")),
        "inv.csv",
        "inv.csv",
        broken=("", "X9\n"),
    ),
    "tsv": Form(
        "table",
        _ROWS_IDS,
        _text("inv.tsv", _separated("\t")),
        "inv.tsv",
        "inv.tsv",
        broken=("", "X9\n"),
    ),
    "parquet": Form("table", _ROWS_IDS, _parquet, "inv.parquet", "inv.parquet"),
    "jsonl": Form(
        "jsonl",
        _ROWS_IDS,
        _text("inv.jsonl", _ours()),
        "inv.jsonl",
        "inv.jsonl",
        broken=("", "{}\n"),
    ),
    "scispacy": Form(
        "jsonl",
        _ROWS_IDS,
        _text("kb.jsonl", _scispacy()),
        "kb.jsonl",
        "kb.jsonl",
        broken=("", "{}\n"),
    ),
}
