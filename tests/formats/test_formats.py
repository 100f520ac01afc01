"""Each format, in its own words, read to the same values; and what is wrong said with its place."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.formats import (
    Annotation,
    Document,
    Item,
    Problem,
    parse_brat,
    read_bioc_json,
    read_bioc_xml,
    read_biolark,
    read_brat,
    read_jsonl,
    read_pubtator,
)
from linker.formats.document import checked_spans, misfit, split_ids

TITLE, ABSTRACT = "Ocular and auditory toxicity.", "No fever 🙂 in naïve mice; fever later."


def lines(*rows: str) -> list[bytes]:
    return [f"{row}\n".encode() for row in rows]


def problems(items: list[Item]) -> list[tuple[str, int | None, str | None]]:
    return [(p.kind, p.line, p.document) for p in items if isinstance(p, Problem)]


def only(items: list[Item]) -> Document:
    """The one document of items that hold no problem."""
    (document,) = items
    assert isinstance(document, Document)
    return document


# Values


def test_an_annotation_knows_its_pieces() -> None:
    annotation = Annotation(((0, 6), (20, 28)), ("X:1",))
    assert (annotation.start, annotation.end) == (0, 28)
    assert annotation.words(TITLE) == "Ocular toxicity"


@pytest.mark.parametrize("spans", [(), ((3, 3),), ((4, 6), (0, 2)), ((0, 4), (3, 6)), ((-1, 2),)])
def test_an_annotation_refuses_spans_that_cannot_be(spans: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match=r"span|pieces"):
        Annotation(spans)


def test_a_document_refuses_an_annotation_beyond_its_text() -> None:
    with pytest.raises(ValueError, match="ends at 9, the text at 3"):
        Document("d", "abc", (Annotation(((0, 9),)),))


def test_a_problem_says_its_place_first() -> None:
    problem = Problem("offsets", "a.txt", 3, "d1", "what was found")
    assert str(problem) == "a.txt:3: document d1: what was found"
    with pytest.raises(ValueError, match="no kind"):
        Problem("oops", "a.txt", 3, "d1", "what")


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        ("D1|D2", ("D1", "D2")),
        ("D1+D2", ("D1", "D2")),
        ("MESH:D1; MESH:D1", ("MESH:D1",)),
        ("-1", ()),
        ("", ()),
        ("CUI-less", ()),
        ("UMLS:CUILESS", ()),
        ("MESH:-1", ()),
        ("D1|-1", ("D1",)),
    ],
)
def test_ids_of_a_field(field: str, ids: tuple[str, ...]) -> None:
    assert split_ids(field) == ids


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=1, max_size=6))
def test_checked_spans_cover_the_same_characters(pairs: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in pairs]
    joined = checked_spans(spans)
    assert {i for s, e in joined for i in range(s, e)} == {i for s, e in spans for i in range(s, e)}
    assert all(a[1] < b[0] for a, b in itertools.pairwise(joined))


@given(st.text(min_size=1), st.data())
def test_a_stretch_of_a_text_fits_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert misfit(text, ((start, end),), text[start:end]) is None
    assert misfit(text, ((start, end + len(text)),), None) is not None


# PubTator


def test_pubtator_offsets_run_over_title_one_character_and_abstract() -> None:
    start = len(TITLE) + 1 + ABSTRACT.index("fever later")
    document = only(
        list(
            read_pubtator(
                lines(
                    f"12|t|{TITLE}",
                    f"12|a|{ABSTRACT}",
                    "12\t0\t28\tOcular and auditory toxicity\tDisease\tD1|D2"
                    "\tOcular toxicity|auditory toxicity",
                    f"12\t{start}\t{start + 5}\tfever\tDisease\tMESH:D3",
                    "12\t7\t10\tand\tOther\t-1",
                    "12\tCID\tD1\tD2",
                    "",
                ),
                "f",
            )
        )
    )
    assert document.text[start:].startswith("fever later")
    assert document.annotations == (
        Annotation(
            ((0, 28),), ("D1", "D2"), "Disease", ("Ocular toxicity", "auditory toxicity"), 3
        ),
        Annotation(((start, start + 5),), ("MESH:D3",), "Disease", (), 4),
        Annotation(((7, 10),), (), "Other", (), 5),
    )


def test_pubtator_offsets_that_are_no_whole_numbers_are_no_relation() -> None:
    # As a spreadsheet or a data frame writes them.
    found = list(
        read_pubtator(
            lines(f"12|t|{TITLE}", "12\t7.0\t10.0\tand\tOther\t-1", "12\tCID\t7\t10", ""), "f"
        )
    )
    (problem,) = (item for item in found if isinstance(item, Problem))
    assert (problem.kind, problem.line) == ("annotation", 2)
    assert problem.message == "start and end are not two whole numbers that ascend"


def test_pubtator_says_what_it_cannot_use_and_keeps_the_rest() -> None:
    rows = [
        "1|t|Fever and pain",
        "1|a|",
        "1\t0\t5\tchill\tDisease\tD1",
        "1\t10\t99\tpain\tDisease\tD1",
        "1\t0",
        "2\t0\t5\tFever\tDisease\tD1",
        "1\t10\t14\tpain\tDisease\tD2",
        "",
        "",
        "no section",
    ]
    items = list(read_pubtator([*lines(*rows), b"\n", b"3|t|\xff\n"], "f"))
    assert problems(items) == [
        ("offsets", 3, "1"),
        ("offsets", 4, "1"),
        ("annotation", 5, "1"),
        ("annotation", 6, "1"),
        ("document", 10, None),
        ("document", 12, None),
    ]
    (document,) = [item for item in items if isinstance(item, Document)]
    assert [a.ids for a in document.annotations] == [("D2",)]
    assert not any("chill" in str(item) for item in items if isinstance(item, Problem))


def test_pubtator_reads_windows_line_ends_and_a_byte_order_mark() -> None:
    stream = [b"\xef\xbb\xbf1|t|Fever\r\n", b"1|a|No\r\n", b"1\t0\t5\tFever\tD\tX:1\r\n"]
    document = only(list(read_pubtator(stream, "f")))
    assert (document.id, document.text, len(document.annotations)) == ("1", "Fever\nNo", 1)


# BRAT


def test_brat_reads_pieces_and_normalisations() -> None:
    items = list(
        parse_brat(
            "d",
            TITLE,
            lines(
                "T1\tDisease 0 6;20 28\tOcular toxicity",
                "N1\tReference T1 MESH:D1\tEye Diseases",
                "N2\tReference T1 OMIM:7\tEye",
                "T2\tDisease 11 28\tauditory toxicity",
                "R1\tSame Arg1:T1 Arg2:T2",
                "#1\tAnnotatorNotes T1\tsure",
            ),
            "d.ann",
        )
    )
    assert only(items).annotations == (
        Annotation(((0, 6), (20, 28)), ("MESH:D1", "OMIM:7"), "Disease", (), 1),
        Annotation(((11, 28),), (), "Disease", (), 4),
    )


@pytest.mark.parametrize(
    ("reference", "ids"),
    [
        ("MESH:D006323", "MESH:D006323"),
        # As `linker annotate --format brat` writes an id of HPO: the resource, then the whole id.
        ("Human_Phenotype_Ontology:HP:0001695", "HP:0001695"),
        ("GO:GO:0005623", "GO:0005623"),
        ("UMLS:CUI-less", ""),
        ("MESH:D1|D2", "MESH:D1 MESH:D2"),
        ("HPO:HP:1|HP:2", "HP:1 HP:2"),
        ("C0018790", "C0018790"),
    ],
)
def test_brat_reads_the_ids_of_a_reference(reference: str, ids: str) -> None:
    rows = lines("T1\tD 0 6\tOcular", f"N1\tReference T1 {reference}\tname")
    document = only(list(parse_brat("d", TITLE, rows, "d.ann")))
    assert document.annotations == (Annotation(((0, 6),), tuple(ids.split()), "D", (), 1),)


def test_brat_reads_a_type_that_is_an_id_as_the_concept() -> None:
    # As CRAFT has it; BRAT's own types hold no colon.
    rows = lines(
        "T1\tCL:0000540 0 6\tOcular",
        "T2\tGO_EXT:0 11 19\tauditory",
        "N1\tReference T2 GO:GO:0005623\tname",
    )
    document = only(list(parse_brat("d", TITLE, rows, "d.ann")))
    assert document.annotations == (
        Annotation(((0, 6),), ("CL:0000540",), "CL", (), 1),
        Annotation(((11, 19),), ("GO_EXT:0", "GO:0005623"), "GO_EXT", (), 2),
    )


def test_brat_says_what_it_cannot_use() -> None:
    rows = ("T1\tDisease 0 x\tOcular", "T2\tDisease 0 6\tAuricular", "N1\tReference T2 X:1\ta", "Q")
    rows += ("T3\tDisease 0 6 8 9\tOcular",)
    items = list(parse_brat("d", TITLE, lines(*rows), "d.ann"))
    assert problems(items) == [
        ("annotation", 1, "d"),
        ("offsets", 2, "d"),
        ("annotation", 4, "d"),
        ("annotation", 5, "d"),
        ("annotation", 3, "d"),
    ]


def test_brat_pairs_the_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_bytes(b"Fever\r\nand pain")
    (tmp_path / "a.ann").write_text("T1\tDisease 7 15\tand pain\n")
    (tmp_path / "b/c.txt").write_text("All well")
    (tmp_path / "b/c.ann").write_text("")
    (tmp_path / "lone.txt").write_text("All well")
    for name in ("._a.ann", ".ipynb_checkpoints/a-checkpoint.ann"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\xff")
    items = list(read_brat(tmp_path))
    documents = [item for item in items if isinstance(item, Document)]
    assert [(d.id, [a.start for a in d.annotations]) for d in documents] == [
        ("a", [7]),
        ("b/c", []),
    ]
    assert problems(items) == [("document", None, "lone")]


# BioC


def bioc_xml(*documents: str, head: str = "") -> list[bytes]:
    text = f"<?xml version='1.0' encoding='UTF-8'?>\n{head}<collection>\n<source>s</source>\n"
    return lines(*(text + "\n".join(documents) + "\n</collection>").split("\n"))


def passage(offset: int, text: str, *annotations: str) -> str:
    inside = "".join(annotations)
    return f"<passage><offset>{offset}</offset><text>{escape(text)}</text>{inside}</passage>"


def annotation(text: str, *locations: tuple[object, int], **infons: str) -> str:
    keys = "".join(f'<infon key="{key}">{value}</infon>' for key, value in infons.items())
    places = "".join(f'<location offset="{o}" length="{n}"/>' for o, n in locations)
    return f'<annotation id="1">{keys}{places}<text>{escape(text)}</text></annotation>'


FEVER = len(TITLE) + 1 + ABSTRACT.index("fever later")


def test_bioc_xml_offsets_are_of_the_document() -> None:
    stream = bioc_xml(
        "<document><id>7</id>",
        passage(
            0, TITLE, annotation("Ocular toxicity", (0, 6), (20, 8), type="Disease", MESH="D1")
        ),
        passage(
            len(TITLE) + 1,
            ABSTRACT,
            annotation("fever", (FEVER, 5), type="Disease", identifier="MESH:D3|MESH:D4"),
        ),
        "</document>",
        head='<!DOCTYPE collection SYSTEM "BioC.dtd">',
    )
    document = only(list(read_bioc_xml(stream, "f")))
    assert (document.id, document.text) == ("7", f"{TITLE}\n{ABSTRACT}")
    assert document.annotations == (
        Annotation(((0, 6), (20, 28)), ("MESH:D1",), "Disease", (), 5),
        Annotation(((FEVER, FEVER + 5),), ("MESH:D3", "MESH:D4"), "Disease", (), 6),
    )


def test_bioc_offsets_in_bytes_are_seen() -> None:
    at = len(f"{TITLE} {ABSTRACT[: ABSTRACT.index('fever later')]}".encode())
    stream = bioc_xml(
        "<document><id>7</id>",
        passage(0, TITLE),
        passage(len(TITLE) + 1, ABSTRACT, annotation("fever", (at, 5), type="D")),
        "</document>",
    )
    document = only(list(read_bioc_xml(stream, "f")))
    assert document.annotations[0].words(document.text) == "fever"
    assert document.annotations[0].start == FEVER == at - 4


def test_bioc_text_may_stand_in_sentences() -> None:
    sentence = "<sentence><offset>{}</offset><text>{}</text>{}</sentence>"
    stream = bioc_xml(
        "<document><id>7</id><passage><offset>0</offset>",
        sentence.format(0, "No fever.", annotation("fever", (3, 5))),
        sentence.format(10, "Pain.", annotation("Pain", (10, 4))),
        "</passage></document>",
    )
    document = only(list(read_bioc_xml(stream, "f")))
    assert document.text == "No fever.\nPain."
    assert [a.words(document.text) for a in document.annotations] == ["fever", "Pain"]


def test_bioc_parts_of_a_composite_are_no_mentions_of_their_own() -> None:
    # As BC5CDR has it in BioC; in PubTator the parts are the line's seventh field.
    whole, alone = "CompositeMention", "IndividualMention"
    stream = bioc_xml(
        "<document><id>7</id>",
        passage(
            0,
            TITLE,
            annotation("Ocular and auditory toxicity", (0, 28), CompositeRole=whole, MESH="D1|D2"),
            annotation("Ocular toxicity", (0, 6), (20, 8), CompositeRole=alone, MESH="D1"),
            annotation("auditory toxicity", (11, 17), CompositeRole=alone, MESH="D2"),
        ),
        passage(
            len(TITLE) + 1,
            ABSTRACT,
            annotation("fever", (FEVER, 5), CompositeRole=alone, MESH="D3"),
        ),
        "</document>",
    )
    document = only(list(read_bioc_xml(stream, "f")))
    assert document.annotations == (
        Annotation(
            ((0, 28),), ("MESH:D1", "MESH:D2"), "", ("Ocular toxicity", "auditory toxicity"), 5
        ),
        # Of no composite: nothing is lost.
        Annotation(((FEVER, FEVER + 5),), ("MESH:D3",), "", (), 6),
    )


def test_bioc_xml_says_what_is_wrong_and_where() -> None:
    stream = bioc_xml(
        "<document><id>1</id>",
        passage(0, "Fever", annotation("chill", (0, 5)), annotation("", (0, 0))),
        "</document>",
        "<document><id>2</id>" + passage(0, "Fever") + passage(2, "Pain") + "</document>",
        "<document><id>3</id>" + passage(0, "Fever") + "</document>",
        "<document><id>4</id>",
    )
    items = list(read_bioc_xml(stream, "f"))
    assert problems(items) == [
        ("offsets", 5, "1"),
        ("annotation", 5, "1"),
        ("document", 7, "2"),
        ("document", 10, None),
    ]
    assert [item.id for item in items if isinstance(item, Document)] == ["1", "3"]


@pytest.mark.parametrize(
    ("offset", "message"),
    [
        ("99999999999", "a passage starts at 99999999999, 99,999,999,999 after the end of the"),
        ("zebrafish", "an offset or length that is no whole number"),
    ],
)
def test_a_bioc_offset_that_cannot_be_is_told_and_not_quoted(offset: str, message: str) -> None:
    xml = f"<passage><offset>{offset}</offset><text>Fever</text></passage>"
    xml = f"<collection><document><id>1</id>{xml}</document></collection>"
    data = {"id": "1", "passages": [{"offset": offset, "text": "Fever"}]}
    for read, content in ((read_bioc_xml, xml), (read_bioc_json, json.dumps(data))):
        (problem,) = read([content.encode()], "a")
        assert isinstance(problem, Problem)
        assert message in problem.message
        assert "zebrafish" not in problem.message


def test_a_bioc_offset_that_cannot_be_costs_its_document_alone() -> None:
    broken = "<passage><offset>zebrafish</offset><text>Fever</text></passage>"
    marked = annotation("Fever", (0, 5)), annotation("Fever", ("zebrafish", 5), type="Disease")
    stream = bioc_xml(
        "<document><id>1</id>" + passage(0, "Fever", *marked) + "</document>",
        f"<document><id>2</id>{broken}</document>",
        "<document><id>3</id>" + passage(0, "Pain") + "</document>",
    )
    of_json = [
        {
            "id": "1",
            "passages": [{"offset": 0, "text": "Fever"}],
            "annotations": [
                {"text": "Fever", "locations": [{"offset": offset, "length": 5}]}
                for offset in (0, "zebrafish")
            ],
        },
        {"id": "2", "passages": [{"offset": "zebrafish", "text": "Fever"}]},
        {"id": "3", "passages": [{"offset": 0, "text": "Pain"}]},
    ]
    for read, content, at in (
        (read_bioc_xml, stream, (4, 5)),
        (read_bioc_json, [json.dumps(of_json).encode()], (None, None)),
    ):
        items = list(read(content, "f"))
        assert problems(items) == [("annotation", at[0], "1"), ("document", at[1], "2")]
        documents = [item for item in items if isinstance(item, Document)]
        assert [(d.id, d.text, len(d.annotations)) for d in documents] == [
            ("1", "Fever", 1),
            ("3", "Pain", 0),
        ]


def test_bioc_xml_of_another_encoding_is_told_what_to_do() -> None:
    xml = f"<collection><document><id>1</id>{passage(0, 'Fièvre')}</document></collection>"
    (problem,) = read_bioc_xml(xml.encode("latin-1").splitlines(), "f")
    assert "(not UTF-8: byte 0xe8 at position 67; save the file as UTF-8 (from C" in str(problem)
    assert "or have its first line say the encoding); doc" in str(problem)
    # Cut within a character, it is cut.
    (problem,) = read_bioc_xml([xml.encode()[: xml.encode().index(b"\xc3") + 1]], "f")
    assert "UTF-8" not in str(problem)
    (problem,) = read_bioc_xml([f"<?xml version='1.0' encoding='utf-9'?>{xml}".encode()], "f")
    assert "not BioC XML (unknown encoding: utf-9); documents after" in str(problem)
    said = "<?xml version='1.0' encoding='ISO-8859-1'?>" + xml
    assert only(list(read_bioc_xml([said.encode("latin-1")], "f"))).text == "Fièvre"


def test_bioc_xml_unfolds_no_entity() -> None:
    stream = bioc_xml(head='<!DOCTYPE collection [<!ENTITY a "aaaa">]>')
    (problem,) = read_bioc_xml(stream, "f")
    assert "entity 'a'" in str(problem)


def test_bioc_json_is_read_as_the_xml() -> None:
    data = {
        "documents": [
            {
                "id": 7,
                "passages": [
                    {"offset": 0, "text": TITLE, "annotations": []},
                    {
                        "offset": len(TITLE) + 1,
                        "text": ABSTRACT,
                        "annotations": [
                            {
                                "id": "1",
                                "infons": {"type": "Disease", "identifier": "MESH:D3", "x": None},
                                "text": "fever",
                                "locations": [{"offset": FEVER, "length": 5}],
                            }
                        ],
                    },
                ],
            },
            {"passages": []},
        ]
    }
    expected = Annotation(((FEVER, FEVER + 5),), ("MESH:D3",), "Disease")
    for shape in (data, [data], {"PubTator3": data["documents"]}):
        items = list(read_bioc_json([json.dumps(shape).encode()], "f"))
        assert problems(items) == [("document", None, None)]
        (document,) = [item for item in items if isinstance(item, Document)]
        assert (document.text, document.annotations) == (f"{TITLE}\n{ABSTRACT}", (expected,))


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b"3", b'{"documents": [3]}', b'{"id": null, "passages": []}']
)
def test_bioc_json_that_is_none_is_a_problem(content: bytes) -> None:
    assert [kind for kind, *_ in problems(list(read_bioc_json([content], "f")))] == ["document"]


# JSON lines


def test_json_lines_keep_what_a_mention_says() -> None:
    mention = {
        "start": 0,
        "end": 28,
        "text": TITLE[:28],
        "ids": ["A", "B"],
        "type": "Disease",
        "parts": ["a", "b"],
        "raw_id": "A|B",
    }
    pieces = {"start": 0, "end": 28, "text": TITLE[:28], "ids": [], "spans": [[0, 6], [20, 28]]}
    line = json.dumps({"id": 5, "text": TITLE, "mentions": [mention, pieces]})
    document = only(list(read_jsonl(lines(line), "f")))
    assert document == Document(
        "5",
        TITLE,
        (
            Annotation(((0, 28),), ("A", "B"), "Disease", ("a", "b"), 1),
            Annotation(((0, 6), (20, 28)), (), "", (), 1),
        ),
        "f",
        1,
    )


def test_json_lines_may_say_that_there_is_no_concept() -> None:
    mentions = [{"start": 0, "end": 6, "ids": ids} for ids in (["CUI-less"], [""], ["A", "-1"])]
    line = json.dumps({"id": "5", "text": TITLE, "mentions": mentions})
    document = only(list(read_jsonl(lines(line), "f")))
    assert [a.ids for a in document.annotations] == [(), (), ("A",)]


def test_json_lines_say_what_they_cannot_use() -> None:
    bad = [
        "{",
        "[]",
        json.dumps({"text": "a"}),
        json.dumps({"id": "1"}),
        json.dumps({"id": "2", "text": "Fever", "mentions": [{"start": 0}, 3]}),
        json.dumps({"id": "3", "text": "Fever", "mentions": [{"start": 0, "end": 9}]}),
        json.dumps({"id": "4", "text": "Fever", "mentions": [{"start": 0, "end": 5, "ids": [3]}]}),
    ]
    items = list(read_jsonl([*lines(*bad), b'{"id": "\xff"}'], "f"))
    assert problems(items) == [
        ("document", 1, None),
        ("document", 2, None),
        ("document", 3, None),
        ("document", 4, "1"),
        ("annotation", 5, "2"),
        ("annotation", 5, "2"),
        ("offsets", 6, "3"),
        ("annotation", 7, "4"),
        ("document", 8, None),
    ]


# Any text, written in any of the formats, comes back


TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="|\t\u2028\u2029\x85"),
    min_size=1,
    max_size=40,
)


@given(title=TEXT, abstract=TEXT, data=st.data())
def test_written_by_hand_in_each_format_it_reads_the_same(
    title: str, abstract: str, data: st.DataObject
) -> None:
    text = f"{title}\n{abstract}"
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    stated = text[start:end].replace("\n", " ")
    as_pubtator = lines(
        f"1|t|{title}", f"1|a|{abstract}", f"1\t{start}\t{end}\t{stated}\tT\tX:1|X:2"
    )
    as_bioc = bioc_xml(
        "<document><id>1</id>" + passage(0, title) + passage(len(title) + 1, abstract),
        annotation(stated, (start, end - start), type="T", identifier="X:1|X:2"),
        "</document>",
    )
    as_json = lines(
        json.dumps(
            {
                "id": "1",
                "text": text,
                "mentions": [{"start": start, "end": end, "ids": ["X:1", "X:2"], "type": "T"}],
            }
        )
    )
    as_brat = lines(f"T1\tT {start} {end}\t{stated}", "N1\tReference T1 X:1|X:2\tx")
    for items in (
        list(read_pubtator(as_pubtator, "f")),
        list(read_bioc_xml(as_bioc, "f")),
        list(read_jsonl(as_json, "f")),
        list(parse_brat("1", text, as_brat, "f")),
    ):
        document = only(items)
        assert (document.id, document.text) == ("1", text)
        (found,) = document.annotations
        assert (found.spans, found.ids, found.type) == (((start, end),), ("X:1", "X:2"), "T")


# Texts in a folder of their own


@pytest.fixture
def cadec(tmp_path: Path) -> Path:
    """One post as CADEC has it: its text, and three folders of annotations."""
    for name, content in {
        "text/A.1.txt": "bit drowsy, vision blurred and sore, pain in arms, tired",
        "original/A.1.ann": "T1\tADR 0 10\tbit drowsy\n#1\tAnnotatorNotes T1\tx\n",
        "sct/A.1.ann": "TT1\t271782001 | Drowsy | 0 10\tbit drowsy\n"
        "TT2\t246636008|Hazy vision| or 111516008|Blurred vision 2| 12 26\tvision blurred\n"
        "TT3\tCONCEPT_LESS 31 35\tsore\n"
        "TT4\t102556003 | Pain in arm | + 7771000 | Left | 37 41;45 49\tpain arms\n"
        "TT5\tnothing 51 56\ttired\n",
        "meddra/A.1.ann": "TT1\t10013649 0 10\tbit drowsy\n"
        "TT2\t10047531/10047513 12 26\tvision blurred\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_cadec_has_concepts_in_lines_of_their_own_and_texts_in_a_folder_beside(
    cadec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, problem = sorted(read_brat(cadec / "sct"), key=lambda item: isinstance(item, Problem))
    assert isinstance(document, Document)
    assert document.id == "A.1"
    assert [(a.words(document.text), a.ids, a.type) for a in document.annotations] == [
        ("bit drowsy", ("271782001",), ""),
        ("vision blurred", ("246636008", "111516008"), ""),
        ("sore", (), ""),
        ("pain arms", ("102556003", "7771000"), ""),
    ]
    assert problems([problem]) == [("annotation", 5, "A.1")]
    (meddra,) = read_brat(cadec / "meddra")
    assert isinstance(meddra, Document)
    assert [a.ids for a in meddra.annotations] == [("10013649",), ("10047531", "10047513")]
    monkeypatch.chdir(cadec / "sct")
    assert list(read_brat(Path()))[-1] == replace(document, file="A.1.ann")


def test_a_text_that_several_folders_annotate_is_none_of_all(cadec: Path) -> None:
    items = list(read_brat(cadec))
    assert problems(items) == [
        ("document", None, f"{folder}/A.1") for folder in ("meddra", "original", "sct")
    ]
    assert isinstance(items[0], Problem)
    assert "annotated in other folders too; give one of the folders" in items[0].message
    # Pairs stay pairs: here only the others are without a text of their own.
    (cadec / "sct/A.1.txt").write_text((cadec / "text/A.1.txt").read_text())
    items = list(read_brat(cadec))
    assert [item.id for item in items if isinstance(item, Document)] == ["sct/A.1"]
    (cadec / "sct/A.1.txt").unlink()
    (cadec / "copy").mkdir()
    (cadec / "copy/A.1.txt").write_text("another")
    (item,) = read_brat(cadec / "sct")
    assert isinstance(item, Problem)
    assert "keep one of them there" in item.message


def test_bio_lark_has_texts_and_annotations_of_one_name(tmp_path: Path) -> None:
    for name, content in {
        "Text/10": "renal dysplasia, deaf",
        "Text/11": "well",
        "Annotations/10": "[0::15]\tHP_0000110 | renal dysplasia\n[17::21]\tHP_0000365 | dead\nx\n",
        "Annotations/11": "",
        "Annotations/.DS_Store": "\0",
        "Annotations/12": "[0::4]\tHP_0000365 | deaf\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    items = list(read_biolark(tmp_path / "Annotations"))
    documents = [item for item in items if isinstance(item, Document)]
    assert [(d.id, d.text, [(a.spans, a.ids) for a in d.annotations]) for d in documents] == [
        ("10", "renal dysplasia, deaf", [(((0, 15),), ("HP:0000110",))]),
        ("11", "well", []),
    ]
    assert problems(items) == [
        ("offsets", 2, "10"),
        ("annotation", 3, "10"),
        ("document", None, "12"),
    ]
    assert [item.id for item in read_biolark(tmp_path) if isinstance(item, Document)] == [
        "Annotations/10",
        "Annotations/11",
    ]


def test_brat_takes_no_time_for_a_row_of_blanks() -> None:
    begin = time.process_time()
    row = b"T1\tDisease" + b" " * 10_000 + b"x\tascites"
    problem, _ = parse_brat("d", TITLE, [row], "d.ann")
    assert isinstance(problem, Problem)
    assert "expected T<n>, a tab, TYPE START END" in problem.message
    assert time.process_time() - begin < 2  # Some ms; where two share the blanks, a minute.
