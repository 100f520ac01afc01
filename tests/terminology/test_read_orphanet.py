"""Invented disorders in the XML in which Orphadata releases Orphanet's."""

from __future__ import annotations

import zipfile

import pytest
from releases import orphanet_disorder as disorder
from releases import orphanet_product as product

from linker.errors import TerminologyError
from linker.terminology import read_terminology

FULL = """\
      <DisorderFlagList count="1">
        <DisorderFlag id="475"><Value>1</Value><Label></Label></DisorderFlag>
      </DisorderFlagList>
      <SynonymList count="2">
        <Synonym lang="en">Verdant macules</Synonym>
        <Synonym lang="en">VM</Synonym>
      </SynonymList>
      <DisorderType id="21394"><Name lang="en">Disease</Name></DisorderType>
      <DisorderGroup id="36547"><Name lang="en">Disorder</Name></DisorderGroup>
      <ExternalReferenceList count="3">
        <ExternalReference id="1"><Source>OMIM</Source><Reference>900001</Reference>
          <DisorderMappingRelation id="21527"><Name lang="en">E (Exact mapping: the two concepts
          are equivalent)</Name></DisorderMappingRelation></ExternalReference>
        <ExternalReference id="2"><Source>ICD-10</Source><Reference>L99.0</Reference>
          <DisorderMappingRelation id="21527"><Name lang="en">E (Exact mapping)</Name>
          </DisorderMappingRelation></ExternalReference>
        <ExternalReference id="3"><Source>ICD-11</Source><Reference>EK99</Reference>
          <DisorderMappingRelation id="21534"><Name lang="en">NTBT (narrower)</Name>
          </DisorderMappingRelation></ExternalReference>
      </ExternalReferenceList>
      <DisorderDisorderAssociationList count="1">
        <DisorderDisorderAssociation>
          <TargetDisorder id="1902" cycle="true"/>
          <RootDisorder id="1909"><OrphaCode>909</OrphaCode></RootDisorder>
        </DisorderDisorderAssociation>
      </DisorderDisorderAssociationList>
      <SummaryInformationList count="1">
        <SummaryInformation id="1" lang="en"><TextSectionList count="1">
          <TextSection id="1" lang="en">
            <TextSectionType id="1"><Name lang="en">Definition</Name></TextSectionType>
            <Contents>Spots that &lt;i&gt;are&lt;/i&gt; green,
              &amp;lt;1 cm.</Contents>
          </TextSection>
        </TextSectionList></SummaryInformation>
      </SummaryInformationList>
"""


def flags(*values: int) -> str:
    listed = "".join(
        f'<DisorderFlag id="4"><Value>{value}</Value></DisorderFlag>' for value in values
    )
    return f"      <DisorderFlagList>{listed}</DisorderFlagList>\n"


def moved_to(code: str) -> str:
    return (
        "<DisorderDisorderAssociationList><DisorderDisorderAssociation>"
        f"<TargetDisorder><OrphaCode>{code}</OrphaCode></TargetDisorder>"
        '<RootDisorder id="2" cycle="true"/></DisorderDisorderAssociation>'
        "</DisorderDisorderAssociationList>\n"
    )


def test_a_disorder_with_all_that_is_said_of_it(tmp_path, concepts):
    path = tmp_path / "en_product1.xml"
    path.write_text(product(disorder("902", "Green spots", FULL)), encoding="utf-8")
    terminology = read_terminology("orphanet", path)
    assert concepts(terminology) == {
        "ORPHA:902": {
            "concept_id": "ORPHA:902",
            "preferred_name": "Green spots",
            "definition": "Spots that are green, <1 cm.",
            "semantic_types": ["Disease", "Disorder"],
            "parents": [],
            "codes": [("OMIM", "900001"), ("ICD10", "L99.0")],
            "status": "active",
            "replaced_by": None,
            "names": [
                ("Green spots", "preferred"),
                ("Verdant macules", "exact"),
                ("VM", "exact"),
            ],
        }
    }
    release = terminology.release
    assert (release.version, release.licence) == ("2031-02-03", "INV-4.0")
    assert release.skipped == {"xrefs of other concepts": 1}


def test_what_is_inactive_is_retired_and_leads_on(tmp_path):
    path = tmp_path / "es_product1.xml"
    text = product(
        disorder("901", "Green spots", flags(1)),
        disorder("902", "Lime spots", flags(1, 256, 8192) + moved_to("901")),
        disorder("903", "OBSOLETE: Olive spots", flags(1, 8192)),
        # Of before there were such flags.
        disorder("904", "OBSOLETE: Teal spots"),
        disorder("905", "NON RARE IN EUROPE: Freckles", flags(1, 32, 8192)),
    )
    path.write_text(text, encoding="utf-8")
    rows = read_terminology("orphanet", path).concepts.to_pylist()
    assert [
        (row["concept_id"], row["preferred_name"], row["status"], row["replaced_by"])
        for row in rows
    ] == [
        ("ORPHA:901", "Green spots", "active", None),
        ("ORPHA:902", "Lime spots", "retired", "ORPHA:901"),
        ("ORPHA:903", "Olive spots", "retired", None),
        ("ORPHA:904", "Teal spots", "retired", None),
        ("ORPHA:905", "Freckles", "active", None),
    ]


@pytest.mark.parametrize(
    ("name", "values", "plain"),
    [
        ("NON RARE EN EUROPE : Éphélides", (1, 32, 8192), "Éphélides"),
        ("NÃO RARO NA EUROPA: Sardas", (1, 32, 8192), "Sardas"),
        ("VIH : taches", (1,), "VIH : taches"),
        ("Taches: vertes", (1, 32, 8192), "Taches: vertes"),
    ],
)
def test_a_remark_before_a_name_in_any_language(tmp_path, name, values, plain):
    path = tmp_path / "fr_product1.xml"
    path.write_text(product(disorder("905", name, flags(*values))), encoding="utf-8")
    (row,) = read_terminology("orphanet", path).concepts.to_pylist()
    assert (row["preferred_name"], row["status"]) == (plain, "active")


def node(code: str, *below: str) -> str:
    children = f"<ClassificationNodeChildList>{''.join(below)}</ClassificationNodeChildList>"
    return (
        f"<ClassificationNode><Disorder><OrphaCode>{code}</OrphaCode></Disorder>{children}"
        "</ClassificationNode>"
    )


def hierarchy(*nodes: str) -> str:
    return (
        '<JDBOR><ClassificationList count="1"><Classification id="1"><OrphaNumber>1</OrphaNumber>'
        f"<ClassificationNodeRootList>{''.join(nodes)}</ClassificationNodeRootList>"
        "</Classification></ClassificationList></JDBOR>"
    )


def test_parents_are_those_of_every_hierarchy(tmp_path):
    with zipfile.ZipFile(tmp_path / "en_product1.zip", "w") as archive:
        codes = ("901", "902", "903", "904")
        disorders = (disorder(code, f"Name {code}") for code in codes)
        archive.writestr("en_product1.xml", product(*disorders))
    (tmp_path / "en_product3_146.xml").write_text(hierarchy(node("901", node("902", node("903")))))
    (tmp_path / "en_product3_156.xml").write_text(hierarchy(node("904", node("903"))))
    (tmp_path / "en_product6.xml").write_text("<JDBOR/>")
    rows = read_terminology("orphanet", tmp_path).concepts.to_pylist()
    assert {row["concept_id"]: row["parents"] for row in rows} == {
        "ORPHA:901": [],
        "ORPHA:902": ["ORPHA:901"],
        "ORPHA:903": ["ORPHA:902", "ORPHA:904"],
        "ORPHA:904": [],
    }


def test_a_folder_of_two_languages_is_refused(tmp_path):
    for name in ("en_product1.xml", "fr_product1.xml"):
        (tmp_path / name).write_text(product(disorder("901", "Green spots")))
    with pytest.raises(
        TerminologyError, match=r"2 files of product 1 \(en_product1\.xml, fr_product1\.xml\)"
    ):
        read_terminology("orphanet", tmp_path)


def test_other_products_hold_no_disorders(tmp_path):
    path = tmp_path / "en_product3_146.xml"
    path.write_text(hierarchy(node("901")))
    with pytest.raises(TerminologyError, match=r"no concept found; is this the right file"):
        read_terminology("orphanet", path)
