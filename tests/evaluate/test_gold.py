"""Files of gold: found by their form, and nothing in them dropped in silence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from cases import write_jsonl

from linker.errors import NoteError
from linker.evaluate.counts import count_overlapping, unknown_ids
from linker.evaluate.gold import read_gold
from linker.formats import Annotation, Document


def note(doc_id: str, text: str, *mentions: dict[str, Any]) -> dict[str, Any]:
    return {"id": doc_id, "text": text, "mentions": list(mentions)}


def mention(start: int, end: int, *ids: str, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "ids": list(ids), **more}


PUBTATOR = "1|t|Fever\n1|a|and pain\n1\t0\t5\tFever\tDisease\tX:6\n\n"
BIOC = (
    "<collection><document><id>1</id><passage><offset>0</offset><text>Fever</text><annotation>"
    '<infon key="type">Disease</infon><infon key="identifier">X:6</infon>'
    '<location offset="0" length="5"/><text>Fever</text></annotation></passage></document>'
    "</collection>"
)
BIOC_JSON = {
    "documents": [
        {
            "id": "1",
            "passages": [
                {
                    "offset": 0,
                    "text": "Fever",
                    "annotations": [
                        {
                            "infons": {"type": "Disease", "identifier": "X:6"},
                            "locations": [{"offset": 0, "length": 5}],
                        }
                    ],
                }
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pubtator", PUBTATOR),
        ("a.txt", PUBTATOR),
        ("a.xml", BIOC),
        ("a.json", json.dumps(BIOC_JSON)),
        ("a.jsonl", json.dumps(note("1", "Fever", mention(0, 5, "X:6", type="Disease")))),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_each_format_is_known_by_its_ending_or_first_line(
    tmp_path: Path, name: str, content: str, zipped: bool
) -> None:
    path = tmp_path / (f"{name}.gz" if zipped else name)
    path.write_bytes(gzip.compress(content.encode()) if zipped else content.encode())
    gold = read_gold([path])
    assert gold.problems == ()
    (document,) = gold.documents
    assert (document.id, document.file) == ("1", str(path))
    (found,) = document.annotations
    assert (found.spans, found.ids, found.type) == (((0, 5),), ("X:6",), "Disease")


def test_a_folder_is_read_as_brat_pairs_or_file_by_file(tmp_path: Path) -> None:
    brat, other = tmp_path / "brat", tmp_path / "other"
    brat.mkdir()
    other.mkdir()
    (brat / "n.txt").write_text("Fever")
    (brat / "n.ann").write_text("T1\tDisease 0 5\tFever\nN1\tReference T1 X:6\tFever\n")
    write_jsonl(other / "b.jsonl", [note("2", "Pain")])
    write_jsonl(other / "a.jsonl", [note("1", "Pain")])
    gold = read_gold([brat, other])
    assert [document.id for document in gold.documents] == ["n", "1", "2"]
    assert gold.documents[0].annotations[0].ids == ("X:6",)


def test_what_cannot_be_used_is_said_with_its_place(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "a.jsonl",
        [
            note("1", "Fever", mention(0, 99, "X:6"), mention(0, 5, "X:6"), mention(0, 5, "X:6")),
            note("1", "Pain"),
            {"id": "3"},
        ],
    )
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    gold = read_gold([path, empty])
    assert [(p.kind, Path(p.file).name, p.line, p.document) for p in gold.problems] == [
        ("offsets", "a.jsonl", 1, "1"),
        ("repeated annotation", "a.jsonl", 1, "1"),
        ("repeated id", "a.jsonl", 2, "1"),
        ("document", "a.jsonl", 3, "3"),
        ("empty file", "empty.jsonl", None, None),
    ]
    assert [(d.id, len(d.annotations)) for d in gold.documents] == [("1", 1)]


def test_a_document_without_the_key_of_its_mentions_is_said(tmp_path: Path) -> None:
    # Under "entities" they would be taken for none, and each link for wrong.
    marked = {"id": "1", "text": "Fever", "entities": [mention(0, 5, "X:6")]}
    gold = read_gold([write_jsonl(tmp_path / "a.jsonl", [marked, note("2", "Pain")])])
    assert [document.id for document in gold.documents] == ["1", "2"]
    (problem,) = gold.problems
    assert (problem.kind, problem.line, problem.document) == ("no mentions", 1, "1")
    assert 'counted as one in which nothing is marked; of such say "mentions": []' in str(problem)


def test_an_id_in_two_files_is_said_and_both_are_counted(tmp_path: Path) -> None:
    paths = [write_jsonl(tmp_path / name, [note("1", "Fever")]) for name in ("a.jsonl", "b.jsonl")]
    gold = read_gold(paths)
    assert len(gold.documents) == 2
    assert [(p.kind, p.file) for p in gold.problems] == [("repeated id", str(paths[1]))]


def test_a_broken_gzip_keeps_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = "".join(json.dumps(note(str(i), "Fever" * 50)) + "\n" for i in range(2000))
    path.write_bytes(gzip.compress(lines.encode())[:-200])
    gold = read_gold([path])
    assert len(gold.documents) > 100
    assert {p.kind for p in gold.problems} == {"document"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "no such file"),
        (["empty.jsonl"], r"no gold document.*make JSON lines, a document each"),
        (["a.jsonl", "a.jsonl"], "given twice"),
        (["a.jsonl", "nothing/../a.jsonl"], "given twice"),
        (["a.doc"], r"not a format.*make JSON lines, a document each"),
        (["nothing"], r"in this folder.*make JSON lines, a document each"),
    ],
)
def test_what_cannot_be_gold_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "a.doc").write_text("words")
    (tmp_path / "nothing").mkdir()
    write_jsonl(tmp_path / "a.jsonl", [note("1", "Fever")])
    with pytest.raises(NoteError, match=message):
        read_gold([tmp_path / name for name in arguments])


def test_the_form_that_other_formats_are_sent_to_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("note_id,start,end,concept_id\n")
    with pytest.raises(NoteError) as refused:
        read_gold([tmp_path / "a.csv"])
    line = str(refused.value)
    (tmp_path / "a.jsonl").write_text(line[line.index("{") :])
    (document,) = read_gold([tmp_path / "a.jsonl"]).documents
    (mention,) = document.annotations
    assert (mention.words(document.text), mention.ids) == ("fever", ("HP:0001945",))


def test_a_single_path_is_refused(tmp_path: Path) -> None:
    # A string would be gone through letter by letter, and its "/" searched for gold.
    path = write_jsonl(tmp_path / "a.jsonl", [note("1", "Fever")])
    for single in (path, str(path)):
        with pytest.raises(TypeError, match=r"^paths is \w+; give a list of files and folders$"):
            read_gold(single)  # type: ignore[arg-type]


def test_formats_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [note("1", "Fever")])
    with pytest.raises(NoteError, match="--format xls is not known"):
        read_gold([path], format="xls")
    with pytest.raises(NoteError, match="of brat give the folder"):
        read_gold([path], format="brat")


def test_ids_are_written_as_the_index_has_them(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "a.jsonl",
        [note("1", "Fever", mention(0, 5, "UMLS:C1", "D2", "OMIM:3", "C1", "MESH:D2"))],
    )
    gold = read_gold([path], prefixes={"UMLS:": "", "": "MESH:"})
    assert gold.documents[0].annotations[0].ids == ("C1", "MESH:D2", "OMIM:3", "MESH:C1")


def test_overlapping_mentions_are_counted() -> None:
    document = Document(
        "d",
        "a" * 40,
        tuple(
            Annotation(spans)
            for spans in (
                ((0, 9),),
                ((2, 4),),
                ((5, 6),),
                ((9, 12),),
                ((20, 22), (30, 32)),
                ((24, 26),),
            )
        ),
    )
    assert count_overlapping(document) == 3


def test_unknown_ids_come_most_frequent_first() -> None:
    assert unknown_ids({"b": 1, "c": 5, "a": 1}) == (("c", 5), ("a", 1), ("b", 1))
    many = {f"{i:02}": 1 for i in range(50)}
    assert [key for key, _ in unknown_ids(many)] == sorted(many)


def test_annotations_of_bio_lark_are_known_by_their_first_line(tmp_path: Path) -> None:
    for name, content in (("Text/1", "Fever"), ("Annotations/1", "[0::5]\tHP_0001945 | Fever\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)
    for path, doc_id in ((tmp_path, "Annotations/1"), (tmp_path / "Annotations", "1")):
        (document,) = read_gold([path]).documents
        assert (document.id, document.annotations[0].ids) == (doc_id, ("HP:0001945",))
    with pytest.raises(NoteError, match=r"a file; of biolark give the folder of the annotations"):
        read_gold([tmp_path / "Annotations" / "1"], format="biolark")
