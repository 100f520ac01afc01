"""Each format of output, written by a run and read back with the parsers of that format."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cases import FakeEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from linker import Candidate, Link, Linker, Mention, Note
from linker.annotate import WRITERS, annotate_files, choose_format
from linker.annotate.journal import Record
from linker.annotate.ledger import digest
from linker.annotate.writers import RunInfo, Unwritable, format_of
from linker.annotate.writers.fhir import is_disorder, system_of
from linker.annotate.writers.table import SCHEMA
from linker.component import set_extensions
from linker.errors import NoteError
from linker.formats import Document, read_bioc_json, read_bioc_xml, read_brat, read_pubtator
from linker.index import Index
from linker.records import json_line, note_json
from linker.schema import ASSERTIONS

RUN = RunInfo("concept-linker 9.9", "2026-01-02T03:04:05+00:00", "Mini & Co", "1.0", "obo")

TYPES = ("Disease or Syndrome",)
CODES = {"SNOMEDCT_US": ("84114007",), "ICD-10": ("I50", "I51")}


def _link(
    text: str, start: int, end: int, concept_id: str | None = "HP:0001", **held: bool
) -> Link:
    found = (
        Candidate(concept_id or "HP:0009", "Heart <failure>", "weak heart", 0.5, 0.9, TYPES, CODES),
        Candidate("HP:0002", "Cold", "Cold", 0.4, 0.01),
    )
    assertion = {**dict.fromkeys(ASSERTIONS, False), **held}
    return Link(Mention(start, end, text[start:end]), concept_id, found, assertion)


def _write(out: Path, name: str, *items: tuple[Note, Sequence[Link]], run: RunInfo = RUN) -> Path:
    form = format_of(name, out)
    with form.open(out, run, out) as write:
        for note, links in items:
            kept = form.keep(note, links, run)
            line = json_line(note_json(note.id, links))
            write(Record(note.id, digest(note.text), line, len(links), kept))
    return out


TEXT = "Known weak\nheart 🙂, no <cold> & SOB\there."
NOTE = Note("n1", TEXT)
LINKS = [
    _link(TEXT, 6, 16),
    _link(TEXT, 24, 28, "HP:0002", negated=True, family=True),
    _link(TEXT, 32, 35, None, uncertain=True),
]


def _spans(document: Document) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(a.start, a.end, a.ids) for a in document.annotations]


# Tables


def test_parquet_has_the_stated_schema_and_a_row_a_link(tmp_path: Path) -> None:
    table = pq.read_table(_write(tmp_path / "x.parquet", "parquet", (NOTE, LINKS)))
    assert table.schema.equals(SCHEMA)
    first, second, nil = table.to_pylist()
    assert {key: first[key] for key in ("note_id", "start", "end", "text", "concept_id")} == {
        "note_id": "n1",
        "start": 6,
        "end": 16,
        "text": "weak\nheart",
        "concept_id": "HP:0001",
    }
    assert (first["preferred_name"], first["matched_name"]) == ("Heart <failure>", "weak heart")
    assert (first["score"], first["probability"]) == (0.5, 0.9)
    assert first["semantic_types"] == list(TYPES)
    assert dict(first["codes"]) == {key: list(codes) for key, codes in CODES.items()}
    assert [c["concept_id"] for c in first["candidates"]] == ["HP:0001", "HP:0002"]
    assert [second[name] for name in ASSERTIONS] == [True, False, False, True, False]
    assert (nil["concept_id"], nil["preferred_name"], nil["codes"]) == (None, None, [])


def test_csv_is_the_same_flattened(tmp_path: Path) -> None:
    out = _write(tmp_path / "x.csv", "csv", (NOTE, LINKS))
    with out.open(encoding="utf-8", newline="") as file:
        first, second, nil = csv.DictReader(file)
    assert list(first) == SCHEMA.names
    assert (first["text"], first["codes"]) == (
        "weak\nheart",
        "SNOMEDCT_US:84114007|ICD-10:I50|ICD-10:I51",
    )
    assert json.loads(first["candidates"])[1]["name"] == "Cold"
    assert (second["negated"], second["uncertain"], nil["concept_id"]) == ("true", "false", "")


def test_a_row_has_the_long_form_and_what_was_turned_down(tmp_path: Path) -> None:
    nothing = Link(Mention(0, 2, "MI", long_form="a\tb"), None)
    out = _write(tmp_path / "x.parquet", "parquet", (Note("n", "MI SOB"), [nothing]))
    (row,) = pq.read_table(out).to_pylist()
    assert (row["long_form"], row["matched_name"], row["score"]) == ("a\tb", None, None)
    *_, nil = pq.read_table(_write(tmp_path / "y.parquet", "parquet", (NOTE, LINKS))).to_pylist()
    assert (nil["matched_name"], nil["score"]) == ("weak heart", 0.5)


# Corpora


def test_brat_is_read_back(tmp_path: Path) -> None:
    out = _write(tmp_path / "out", "brat", (NOTE, LINKS), (Note("a/b", "Fine.\r\n"), []))
    empty, document = read_brat(out)
    assert isinstance(empty, Document)
    assert isinstance(document, Document)
    assert (empty.id, empty.text, empty.annotations) == ("a/b", "Fine.\r\n", ())
    assert (document.id, document.text) == ("n1", TEXT)
    assert _spans(document) == [
        (6, 16, ("HP:0001",)),
        (24, 28, ("HP:0002",)),
        (32, 35, ()),
    ]
    assert (out / "n1.ann").read_text(encoding="utf-8").splitlines() == [
        "T1\tDisease_or_Syndrome 6 10;11 16\tweak heart",
        "N1\tReference T1 Mini_Co:HP:0001\tHeart <failure>",
        "T2\tDisease_or_Syndrome 24 28\tcold",
        "N2\tReference T2 Mini_Co:HP:0002\tHeart <failure>",
        "A1\tnegated T2",
        "A2\tfamily T2",
        "T3\tConcept 32 35\tSOB",
        "A3\tuncertain T3",
    ]


def test_brat_has_no_blank_or_line_end_where_its_fields_have_none(tmp_path: Path) -> None:
    text = "fever fever"
    odd = Candidate("X 1\t2", "A\r\nfever", "fever", 1.0, 0.9, (" (Sign/Symptom), x ",))
    plain = Candidate("X:2", "Fever", "fever", 1.0, 0.9, ("?!",))
    links = [
        Link(Mention(at, at + 5, "fever"), one.concept_id, (one,), dict.fromkeys(ASSERTIONS, False))
        for at, one in ((0, odd), (6, plain))
    ]
    run = replace(RUN, terminology="(?)")
    out = _write(tmp_path / "out", "brat", (Note("n", text), links), run=run)
    assert (out / "n.ann").read_text(encoding="utf-8").splitlines() == [
        "T1\tSign_Symptom_x 0 5\tfever",
        "N1\tReference T1 index:X_1_2\tA fever",
        "T2\tConcept 6 11\tfever",
        "N2\tReference T2 index:X:2\tFever",
    ]


def test_brat_takes_names_of_files_as_long_as_systems_have_them(tmp_path: Path) -> None:
    for note_id in ("é" * 100, "/".join(["n" * 199] * 10)):
        assert format_of("brat", tmp_path).keep(Note(note_id, "a"), [], RUN) == {"text": "a"}


def test_pubtator_is_read_back_with_further_line_ends_as_blanks(tmp_path: Path) -> None:
    one = Note("n2", "One line.")
    text = f"{TEXT}\r\nlast"
    out = _write(tmp_path / "x.pubtator", "pubtator", (Note("n1", text), LINKS), (one, []))
    with out.open("rb") as file:
        document, other = read_pubtator(file, "x")
    assert isinstance(document, Document)
    assert isinstance(other, Document)
    title, rest = text.split("\n", 1)
    assert document.text == f"{title}\n" + rest.replace("\t", " ").replace("\r\n", "  ")
    assert _spans(document) == [(6, 16, ("HP:0001",)), (24, 28, ("HP:0002",)), (32, 35, ())]
    assert other.text == "One line."
    keep = format_of("pubtator", out).keep
    assert "changed" not in keep(one, [], RUN)
    assert keep(NOTE, [], RUN)["changed"] is True


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Fever.\r\nNo ataxia.\r\n", ["n|t|Fever.", "n|a| No ataxia.  "]),
        ("Fever. \t\n No ataxia.", ["n|t|Fever.", "n|a|   No ataxia."]),
        (" \n\nNo ataxia.", ["n|t|", "n|a|  No ataxia."]),
        ("\u2028Fever.\nNo ataxia.", ["n|t| Fever.", "n|a|No ataxia."]),
        ("Fever. ", ["n|t|Fever. "]),
    ],
)
def test_pubtator_ends_no_title_in_a_blank_that_readers_strip(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    out = _write(tmp_path / "x.pubtator", "pubtator", (Note("n", text), []))
    written = out.read_text(encoding="utf-8").split("\n")
    assert written == [*lines, "", ""]
    # The library of BioC reads them so, for one.
    stripped = [line.strip().split("|", 2)[2] for line in lines]
    at = text.find("No")
    assert at == -1 or "\n".join(stripped).find("No") == at


@pytest.mark.parametrize("name", ["x.xml", "x.json"])
def test_bioc_is_read_back(tmp_path: Path, name: str) -> None:
    out = _write(tmp_path / name, "bioc", (NOTE, LINKS), (Note("2 & 3", "\r\n\tx\r"), []))
    reader = read_bioc_xml if name == "x.xml" else read_bioc_json
    with out.open("rb") as file:
        document, other = reader(file, "x")
    assert isinstance(document, Document)
    assert isinstance(other, Document)
    assert (document.id, document.text) == ("n1", TEXT)
    assert (other.id, other.text) == ("2 & 3", "\r\n\tx\r")
    assert _spans(document) == [(6, 16, ("HP:0001",)), (24, 28, ("HP:0002",)), (32, 35, ())]
    if name == "x.json":
        assert json.loads(out.read_text(encoding="utf-8"))["source"] == "Mini & Co"


def test_bioc_says_what_was_found_and_how_it_is_meant(tmp_path: Path) -> None:
    infons = {
        "type": "Disease_or_Syndrome",
        "identifier": "HP:0002",
        "preferred_name": "Heart <failure>",
        "probability": "0.9",
        "negated": "true",
        "family": "true",
    }
    xml = _write(tmp_path / "x.xml", "bioc", (NOTE, LINKS)).read_text(encoding="utf-8")
    assert xml.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<collection><source>Mini &amp; Co</source>'
        "<date>2026-01-02</date><key>concept-linker 9.9</key>\n<document><id>n1</id>"
    )
    written = "".join(
        f'<infon key="{key}">{value}</infon>'
        for key, value in {**infons, "preferred_name": "Heart &lt;failure&gt;"}.items()
    )
    assert (
        f'<annotation id="2">{written}<location offset="24" length="4"/><text>cold</text></ann'
    ) in xml
    held = json.loads(_write(tmp_path / "x.json", "bioc", (NOTE, LINKS)).read_text("utf-8"))
    assert {key: held[key] for key in ("source", "date", "key")} == {
        "source": "Mini & Co",
        "date": "2026-01-02",
        "key": "concept-linker 9.9",
    }
    ((passage,),) = [document["passages"] for document in held["documents"]]
    assert passage["annotations"][1:] == [
        {
            "id": "2",
            "infons": infons,
            "text": "cold",
            "locations": [{"offset": 24, "length": 4}],
        },
        {
            "id": "3",
            "infons": {"type": "Concept", "probability": "0.9", "uncertain": "true"},
            "text": "SOB",
            "locations": [{"offset": 32, "length": 3}],
        },
    ]


def test_an_empty_output_is_one_that_parsers_read(tmp_path: Path) -> None:
    for name in WRITERS:
        _write(tmp_path / name, name)
    assert json.loads(_write(tmp_path / "x.json", "bioc").read_text("utf-8"))["documents"] == []
    with (tmp_path / "bioc").open("rb") as file:
        assert list(read_bioc_xml(file, "x")) == []
    assert pq.read_table(tmp_path / "parquet").num_rows == 0
    assert len(DocBin().from_disk(tmp_path / "docbin" / "000000.spacy")) == 0


any_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=40)


@st.composite
def notes(draw: st.DrawFn, note_id: str) -> tuple[Note, list[Link]]:
    text = draw(any_text)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if text[a:b].strip()]
    return Note(note_id, text), [_link(text, start, end) for start, end in spans]


# Several notes an output: to open one may take longer than to write them (spaCy's tokenizer).
outputs = st.tuples(*(notes(f"n{i}") for i in range(5)))


def _takes(name: str, out: Path, note: Note, links: Sequence[Link]) -> bool:
    try:
        format_of(name, out).keep(note, links, RUN)
    except Unwritable:
        return False
    return True


def _as_pubtator(text: str) -> str:
    """As PubTator holds it: line ends beyond the title's, and tabs, are blanks there."""
    blanks = str.maketrans(dict.fromkeys("\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))
    if "\n" not in text:
        return text.translate(blanks)
    title = text[: text.index("\n")].rstrip()
    return f"{title.translate(blanks)}\n{text[len(title) + 1 :].translate(blanks)}"


def _rows(out: Path) -> list[tuple[str, int, int, str]]:
    """Of each link of a table or of resources: the note's id, the mention's place and text."""
    if out.suffix == ".ndjson":
        lines = out.read_text(encoding="utf-8").split("\n")[:-1]
        said = [json.loads(line)["extension"][0]["extension"][:4] for line in lines]
        return [tuple(next(v for k, v in e.items() if k != "url") for e in four) for four in said]
    if out.suffix == ".parquet":
        rows = pq.read_table(out).to_pylist()
    else:
        with out.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    if out.name == "omop":
        variants = [(r["note_id"], int(r["offset"]), r["lexical_variant"]) for r in rows]
        return [(note_id, at, at + len(text), text) for note_id, at, text in variants]
    return [(r["note_id"], int(r["start"]), int(r["end"]), r["text"]) for r in rows]


@pytest.mark.parametrize(
    "name",
    [
        *("x.xml", "x.json", "x.pubtator", "brat", "x.spacy", "docbin"),
        *("x.parquet", "x.csv", "omop", "x.ndjson"),
    ],
)
@settings(suppress_health_check=list(HealthCheck), max_examples=12)
@given(items=outputs)
def test_what_a_format_takes_it_gives_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, items: tuple[tuple[Note, list[Link]], ...]
) -> None:
    out = tmp_path_factory.mktemp("out") / name
    chosen = name if name in WRITERS else choose_format(out) if name != "x.json" else "bioc"
    taken = [item for item in items if _takes(chosen, out, *item)]
    _write(out, chosen, *taken)
    texts = [note.text for note, _ in taken]
    expected = [[(link.mention.start, link.mention.end) for link in links] for _, links in taken]
    if name in ("x.parquet", "x.csv", "omop", "x.ndjson"):
        assert _rows(out) == [
            (note.id, *span, note.text[slice(*span)])
            for (note, _), spans in zip(taken, expected, strict=True)
            for span in spans
        ]
        return
    if name in ("x.spacy", "docbin"):
        path = out if name == "x.spacy" else out / "000000.spacy"
        docs = list(DocBin(store_user_data=True).from_disk(path).get_docs(Vocab()))
        assert [doc.text for doc in docs] == texts
        assert [[(e.start_char, e.end_char, e.kb_id_) for e in doc.ents] for doc in docs] == [
            [(*span, "HP:0001") for span in spans] for spans in expected
        ]
        return
    documents: list[Any]
    if name == "brat":
        documents = list(read_brat(out))
    else:
        reader = {"x.xml": read_bioc_xml, "x.json": read_bioc_json, "x.pubtator": read_pubtator}
        with out.open("rb") as file:
            documents = list(reader[name](file, "x"))
    assert all(isinstance(document, Document) for document in documents)
    if name == "x.pubtator":
        texts = [_as_pubtator(text) for text in texts]
    assert [document.text for document in documents] == texts
    if name != "brat":  # whose mentions have no line ends at their ends
        spans = [[(a.start, a.end) for a in document.annotations] for document in documents]
        assert spans == expected


@pytest.mark.parametrize(
    ("name", "note_id", "text", "why"),
    [
        ("x.parquet", "n", "a\ud83d", "lone surrogate U\\+D83D at position 1"),
        ("x.parquet", "\ud83d", "a", "lone surrogate U\\+D83D at position 0"),
        ("x.csv", "n", "a\x00", "NUL"),
        ("x.csv", "\x00", "a", "NUL"),
        ("x.csv", "n", "\udcff", "lone surrogate"),
        ("omop", "n", "a\x00", "NUL"),
        ("omop", "\x00", "a", "NUL"),
        ("omop", "\udcff", "a", "lone surrogate"),
        ("brat", "../n", "a", "cannot be the name of a file"),
        ("brat", "", "a", "cannot be the name of a file"),
        ("brat", "n/.", "a", "cannot be the name of a file"),
        ("brat", "n//m", "a", "cannot be the name of a file"),
        ("brat", "n\x00", "a", "cannot be the name of a file"),
        ("brat", "é" * 100 + "n", "a", "more than 200 bytes"),
        ("brat", "n", "\ufeffa", "begins with a byte-order mark"),
        ("brat", "n", "\ud83d", "lone surrogate"),
        ("brat", "/".join(["n" * 199] * 11), "a", "more than 200 bytes, 2000 with its folders"),
        ("x.pubtator", "a|b", "a", "'\\|'"),
        ("x.pubtator", "", "a", "its id is empty"),
        ("x.pubtator", "a\tb", "a", "a blank"),
        ("x.pubtator", "n", "\udcff", "lone surrogate"),
        ("x.xml", "n", "ab\x00", "U\\+0000 at position 2 of its text, which XML cannot hold"),
        ("x.xml", "n\x0b", "a", "U\\+000B at position 1 of its id"),
        ("x.json", " n", "a", "blank at an end"),
        ("x.json", "n\n", "a", "blank at an end"),
        ("x.xml", "", "a", "its id is empty"),
        ("x.ndjson", "n", "a\x1b", "control character"),
        ("x.spacy", "n", "\ud83d", "lone surrogate"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, name: str, note_id: str, text: str, why: str
) -> None:
    out = tmp_path / name
    chosen = "bioc" if name == "x.json" else name if name in WRITERS else choose_format(out)
    with pytest.raises(Unwritable, match=why):
        _write(out, chosen, (Note(note_id, text), [_link(text, 0, len(text))]))


@pytest.mark.parametrize("key", ["subject", "person_id"])
@pytest.mark.parametrize(
    ("patient", "why"), [("M\udcfcller", "lone surrogate U\\+DCFC"), ("7\x00", "control character")]
)
def test_a_patient_that_fhir_cannot_hold_is_refused(
    tmp_path: Path, key: str, patient: str, why: str
) -> None:
    with pytest.raises(Unwritable, match=why):
        _write(tmp_path / "x.ndjson", "fhir", (Note("n1", TEXT, {key: patient}), LINKS))


def test_a_note_that_cannot_be_held_is_an_error_record(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    lines = [{"id": "1", "text": "fever \x00"}, {"id": "2", "text": "No fever."}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    out = tmp_path / "out.xml"
    counts = annotate_files(Linker(index, encoder=FakeEncoder()), [path], out, format="bioc")
    assert (counts.notes, counts.errors) == (1, 1)
    (error,) = map(json.loads, (tmp_path / "out.xml.errors.jsonl").read_text("utf-8").splitlines())
    assert error["id"] == "1"
    assert error["reason"].startswith("--format bioc cannot hold it: U+0000 at position 6")


def test_formats_are_chosen_by_ending_and_name(tmp_path: Path) -> None:
    endings = ("x", "x.parquet", "x.csv", "x.xml", "x.ndjson", "x.pubtator", "x.spacy")
    assert [choose_format(Path(name)) for name in endings] == [
        "jsonl",
        "parquet",
        "csv",
        "bioc",
        "fhir",
        "pubtator",
        "docbin",
    ]
    for name in ("x.json", "x.TSV", "x.txt", "x.ann", "x.html", "x.xlsx"):
        with pytest.raises(NoteError, match=r"say it with --format \(jsonl, .* name the output"):
            choose_format(Path(name))
    for packed in ("gz", "ZST", "zip", "bz2", "xz"):
        told = rf"name it without \.{packed.lower()}, and pack it afterwards"
        with pytest.raises(NoteError, match=told):
            format_of("jsonl", Path(f"x.jsonl.{packed}"))
    with pytest.raises(NoteError, match="format 'xlsx' is not known; known: jsonl, parquet"):
        format_of("xlsx", tmp_path)


def test_brat_has_no_folder_where_another_note_has_a_file(tmp_path: Path) -> None:
    for note_id in ("x.txt/y", "a/x.ANN/y"):
        with pytest.raises(Unwritable, match=r"a folder of a name in \.txt or \.ann"):
            WRITERS["brat"][""].keep(Note(note_id, "Fever."), (), RUN)


# OMOP

NOTE_NLP = [
    "note_nlp_id",
    "note_id",
    "section_concept_id",
    "snippet",
    "offset",
    "lexical_variant",
    "note_nlp_concept_id",
    "note_nlp_source_concept_id",
    "nlp_system",
    "nlp_date",
    "nlp_datetime",
    "term_exists",
    "term_temporal",
    "term_modifiers",
]


def _note_nlp(out: Path) -> list[dict[str, Any]]:
    if out.suffix == ".parquet":
        table = pq.read_table(out)
        assert table.schema.names == NOTE_NLP
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_note_nlp_has_all_columns_of_the_model(tmp_path: Path, name: str) -> None:
    out = _write(tmp_path / name, "omop", (NOTE, LINKS))
    first, second = _note_nlp(out)
    assert {key: str(value) for key, value in first.items()} == {
        "note_nlp_id": "1",
        "note_id": "n1",
        "section_concept_id": "0",
        "snippet": TEXT,
        "offset": "6",
        "lexical_variant": "weak\nheart",
        "note_nlp_concept_id": "0",
        "note_nlp_source_concept_id": "0",
        "nlp_system": "concept-linker 9.9",
        "nlp_date": "2026-01-02",
        "nlp_datetime": "2026-01-02 03:04:05",
        "term_exists": "Y",
        "term_temporal": "present",
        "term_modifiers": "probability=0.9,source_vocabulary=Mini & Co,source_code=HP:0001",
    }
    assert (second["term_exists"], str(second["note_nlp_id"])) == ("N", "2")
    assert second["term_modifiers"].startswith("negation=true,subject=family,probability=")


def test_terms_of_the_past_and_uncertain_ones_exist(tmp_path: Path) -> None:
    text = "fever fever fever"
    links = [
        _link(text, 0, 5, historical=True),
        _link(text, 6, 11, uncertain=True),
        _link(text, 12, 17, hypothetical=True),
        _link(text, 12, 17, negated=True),
        _link(text, 12, 17, family=True),
    ]
    rows = _note_nlp(_write(tmp_path / "x.csv", "omop", (Note("1", text), links)))
    assert [(row["term_exists"], row["term_temporal"]) for row in rows] == [
        ("Y", "past"),
        ("Y", "present"),
        *[("N", "present")] * 3,
    ]
    assert [row["term_modifiers"].split(",")[0] for row in rows] == [
        "history=true",
        "uncertain=true",
        "conditional=true",
        "negation=true",
        "subject=family",
    ]


def test_omop_ids_are_the_concept_ids(tmp_path: Path) -> None:
    omop = RunInfo("x", RUN.started, "OMOP", "v5", "omop", integer_ids=True)
    text = "fever"
    out = tmp_path / "x.parquet"
    (row,) = _note_nlp(
        _write(out, "omop", (Note("7", text), [_link(text, 0, 5, "437663")]), run=omop)
    )
    assert (row["note_id"], row["note_nlp_concept_id"]) == (7, 437663)
    assert "source_code" not in row["term_modifiers"]


@pytest.mark.parametrize(
    ("source", "concept_id", "codes", "found"),
    [
        ("obo", "437663", {}, 0),
        ("omop", "x437663", {}, 0),
        ("obo", "X:1", {"OMOP": ("none", "437663", "1")}, 437663),
        ("obo", "X:1", {"OTHER": ("437663",)}, 0),
    ],
)
def test_an_omop_id_may_be_among_the_codes(
    tmp_path: Path, source: str, concept_id: str, codes: dict[str, tuple[str, ...]], found: int
) -> None:
    one = Candidate(concept_id, "Fever", "fever", 1.0, 0.9, (), codes)
    link = Link(Mention(0, 5, "fever"), concept_id, (one,), dict.fromkeys(ASSERTIONS, False))
    run = replace(RUN, source=source)
    (row,) = _note_nlp(_write(tmp_path / "x.csv", "omop", (Note("1", "fever"), [link]), run=run))
    assert row["note_nlp_concept_id"] == str(found)
    assert ("source_code=" in row["term_modifiers"]) is (found == 0)


def test_a_snippet_is_cut_around_its_mention(tmp_path: Path) -> None:
    text = "a" * 1000 + "fever" + "b" * 1000
    out = _write(tmp_path / "x.csv", "omop", (Note("1", text), [_link(text, 1000, 1005)]))
    (row,) = _note_nlp(out)
    assert row["snippet"] == "a" * 122 + "fever" + "b" * 122
    long = "c" * 251
    with pytest.raises(Unwritable, match="a mention of 251 characters at 0; NOTE_NLP"):
        _write(tmp_path / "y.csv", "omop", (Note("1", long), [_link(long, 0, 251)]))


@pytest.mark.parametrize("around", ["\u00e4", "\u4e2d", "\U0001f600", "a\u00e4\u4e2d\U0001f600"])
def test_a_snippet_takes_no_more_bytes_than_its_column(tmp_path: Path, around: str) -> None:
    """Redshift and Oracle count the bytes of a VARCHAR(250), PostgreSQL its characters."""
    text = around * 200 + "fi\u00e8vre" + around * 200
    at = 200 * len(around)
    out = _write(tmp_path / "x.csv", "omop", (Note("1", text), [_link(text, at, at + 6)]))
    snippet = _note_nlp(out)[0]["snippet"]
    before, after = snippet.split("fi\u00e8vre")
    assert 250 - 8 < len(snippet.encode()) <= 250
    assert text[at - len(before) : at + 6 + len(after)] == snippet
    assert abs(len(before.encode()) - len(after.encode())) < 4
    wide = "\u4e2d" * 250
    out = _write(tmp_path / "y.csv", "omop", (Note("1", f"a{wide}b"), [_link(f"a{wide}b", 1, 251)]))
    assert _note_nlp(out)[0]["snippet"] == wide


# FHIR


def _resources(tmp_path: Path, *items: tuple[Note, Sequence[Link]]) -> list[dict[str, Any]]:
    from fhir.resources.R4B import get_fhir_model_class

    out = _write(tmp_path / "x.ndjson", "fhir", *items)
    resources = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for resource in resources:
        model = get_fhir_model_class(resource["resourceType"])
        assert json.loads(model.model_validate(resource).model_dump_json()) == resource
    return resources


def test_a_resource_says_what_was_read_where_and_when(tmp_path: Path) -> None:
    note = Note("n1", TEXT, {"subject": "Patient/9", "person_id": "7"})
    (found,) = _resources(tmp_path, (note, [_link(TEXT, 6, 16, negated=True, historical=True)]))
    display = "Heart <failure>"
    assert found == {
        "resourceType": "Condition",
        # The same in every run: whoever loads it again replaces it.
        "id": "cde3b6f4a17f858084ceaa8e7ba47a8998b93737",
        "meta": {"source": "urn:concept-linker:concept-linker:9.9"},
        "extension": [
            {
                "url": "urn:concept-linker:mention",
                "extension": [
                    {"url": "note", "valueString": "n1"},
                    {"url": "start", "valueInteger": 6},
                    {"url": "end", "valueInteger": 16},
                    {"url": "text", "valueString": "weak\nheart"},
                    {"url": "probability", "valueDecimal": 0.9},
                    {"url": "assertion", "valueCode": "negated"},
                    {"url": "assertion", "valueCode": "historical"},
                ],
            }
        ],
        "verificationStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
                    "code": "refuted",
                }
            ]
        },
        "code": {
            "coding": [
                {
                    "system": "http://human-phenotype-ontology.org",
                    "version": "1.0",
                    "code": "HP:0001",
                    "display": display,
                },
                {"system": "http://snomed.info/sct", "code": "84114007"},
                {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I50"},
                {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I51"},
            ],
            "text": display,
        },
        "subject": {"reference": "Patient/9"},
        "recordedDate": "2026-01-02T03:04:05Z",
        "evidence": [{"detail": [{"reference": "DocumentReference/n1"}]}],
    }
    fever, relative = _findings(tmp_path, [], ["family"])
    assert (fever["status"], fever["issued"]) == ("preliminary", "2026-01-02T03:04:05Z")
    assert (relative["status"], relative["date"]) == ("partial", "2026-01-02T03:04:05Z")
    assert relative["relationship"]["coding"] == [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
            "code": "FAMMEMB",
            "display": "family member",
        }
    ]
    assert relative["reasonReference"] == [{"reference": "DocumentReference/n2"}]


UMLS, ICD = "http://www.nlm.nih.gov/research/umls", "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.mark.parametrize(
    ("source", "concept_id", "codes", "expected"),
    [
        (
            "umls",
            "C0018801",
            {"UMLS": ("C0018801", "C0000001")},
            [(UMLS, "C0018801"), (UMLS, "C0000001")],
        ),
        # A code is a token: what has blanks at an end, or two in a row, is none.
        (
            "jsonl",
            "C0018801",
            {"ICD10CM": ("I50 ", "I  5", "", "I50.9")},
            [(UMLS, "C0018801"), (ICD, "I50.9")],
        ),
        ("icd10cm", "I50", {}, [(ICD, "I50")]),
        ("snomed", "84114007", {}, [("http://snomed.info/sct", "84114007")]),
        ("rxnorm", "161", {}, [(f"{UMLS}/rxnorm", "161")]),
        ("obo", "MONDO:05", {}, [("http://purl.obolibrary.org/obo/mondo.owl", "MONDO:05")]),
        ("obo", "MESH:D05", {}, [("http://terminology.hl7.org/CodeSystem/MSH", "D05")]),
        ("table", "C001", {}, [("urn:concept-linker:codes:Mini-Co", "C001")]),
        ("table", "my:1", {}, [("urn:concept-linker:codes:Mini-Co", "my:1")]),
    ],
)
def test_a_concept_has_the_system_of_its_terminology(
    tmp_path: Path,
    source: str,
    concept_id: str,
    codes: dict[str, tuple[str, ...]],
    expected: list[tuple[str, str]],
) -> None:
    one = Candidate(concept_id, "Fever", "fever", 1.0, 0.9, (), codes)
    link = Link(Mention(0, 5, "fever"), concept_id, (one,), dict.fromkeys(ASSERTIONS, False))
    run = replace(RUN, source=source, version=None)
    out = _write(tmp_path / "x.ndjson", "fhir", (Note("1", "fever"), [link]), run=run)
    codings = json.loads(out.read_text(encoding="utf-8"))["code"]["coding"]
    assert [(coding["system"], coding["code"]) for coding in codings] == expected
    assert "version" not in codings[0]


def test_fhir_resources_say_what_the_note_asserts(tmp_path: Path) -> None:
    text = "a b c d e f"
    held: list[dict[str, bool]] = [
        {},
        {"negated": True},
        {"uncertain": True},
        {"historical": True},
        {"family": True},
        {"hypothetical": True},
    ]
    links = [_link(text, 2 * i, 2 * i + 1, **flags) for i, flags in enumerate(held)]
    note = Note("n1", text, {"person_id": "42"})
    found = _resources(
        tmp_path,
        (
            note,
            [
                *links,
            ],
        ),
    )
    assert [resource["resourceType"] for resource in found] == [
        *["Condition"] * 4,
        "FamilyMemberHistory",
        "Condition",
    ]
    status = [
        (
            resource["verificationStatus"]["coding"][0]["code"],
            resource.get("clinicalStatus", {}).get("coding", [{}])[0].get("code"),
        )
        for resource in found
        if resource["resourceType"] == "Condition"
    ]
    assert status == [
        ("provisional", "active"),
        ("refuted", None),
        ("unconfirmed", None),
        ("provisional", "inactive"),
        ("unconfirmed", None),
    ]
    assert found[0]["subject"] == {"reference": "Patient/42"}
    assert found[0]["evidence"] == [{"detail": [{"reference": "DocumentReference/n1"}]}]
    assert found[4]["patient"] == {"reference": "Patient/42"}
    assert len({resource["id"] for resource in found}) == 6


@pytest.mark.parametrize(
    ("carried", "date"),
    [
        ({"note_date": "2020-01-02"}, "2020-01-02"),
        ({"note_datetime": "2020-01-02 03:04:05", "note_date": "2020-01-01"}, "2020-01-02"),
        ({"note_datetime": "2020-01-02T03:04:05+01:00"}, "2020-01-02T03:04:05+01:00"),
        ({"note_datetime": "2020-01-02T25:04:05Z"}, "2020-01-02"),
        ({"note_datetime": "2/1/2020", "note_date": "yesterday"}, None),
        ({}, None),
    ],
)
def test_fhir_resources_have_the_date_of_the_note(
    tmp_path: Path, carried: dict[str, str], date: str | None
) -> None:
    text = "a b c"
    disorder, *others = _link(text, 0, 1), _link(text, 2, 3), _link(text, 4, 5, historical=True)
    links = [disorder]
    for link in others:
        best = replace(link.candidates[0], semantic_types=("Finding",))
        links.append(replace(link, candidates=(best,)))
    condition, present, past = _resources(tmp_path, (Note("n1", text, carried), links))
    dates = [e["valueDateTime"] for e in condition["extension"] if "valueDateTime" in e]
    assert dates == ([] if date is None else [date])
    assert present.get("effectiveDateTime") == date
    assert "effectiveDateTime" not in past


def test_fhir_refers_to_a_patient_by_an_id_that_can_be_one(tmp_path: Path) -> None:
    for person, subject in (
        ("a-7", {"reference": "Patient/a-7"}),
        ("MRN_7 b", {"type": "Patient", "identifier": {"value": "MRN_7 b"}}),
    ):
        note = Note("n1", "fever", {"person_id": person})
        (tmp_path / person).mkdir()
        (found,) = _resources(tmp_path / person, (note, [_link("fever", 0, 5)]))
        assert found["subject"] == subject


def test_fhir_codes_have_their_systems(tmp_path: Path) -> None:
    text = "fever"
    (resource,) = _resources(tmp_path, (Note("n 1", text), [_link(text, 0, 5)]))
    assert [(c["system"], c["code"]) for c in resource["code"]["coding"]] == [
        ("http://human-phenotype-ontology.org", "HP:0001"),
        ("http://snomed.info/sct", "84114007"),
        ("http://hl7.org/fhir/sid/icd-10", "I50"),
        ("http://hl7.org/fhir/sid/icd-10", "I51"),
    ]
    assert system_of("RXNORM") == "http://www.nlm.nih.gov/research/umls/rxnorm"
    assert system_of("UMLS_CUI") == "http://www.nlm.nih.gov/research/umls"  # DOID writes it so.
    assert system_of("ICD-10-GM") == "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
    assert system_of("my own (2)") == "urn:concept-linker:codes:my-own-2"
    assert system_of("??") == "urn:concept-linker:codes:index"
    # An id that is no id of FHIR is referred to as what the source calls it.
    assert resource["evidence"][0]["detail"][0]["identifier"] == {"value": "n 1"}
    assert resource["subject"]["extension"][0]["valueCode"] == "unknown"
    extension = {e["url"]: e for e in resource["extension"][0]["extension"]}
    assert (extension["start"]["valueInteger"], extension["end"]["valueInteger"]) == (0, 5)


FINDING = Candidate("X:1", "Fever", "Fever", 1.0, 0.9, ("finding",))


def _findings(tmp_path: Path, *held: Sequence[str]) -> list[dict[str, Any]]:
    """The resources of a fever that is asserted in these ways, a note each."""
    none = dict.fromkeys(ASSERTIONS, False)
    links = [
        Link(Mention(0, 5, "fever"), "X:1", (FINDING,), none | dict.fromkeys(names, True))
        for names in held
    ]
    notes = [Note(f"n{i}", "fever") for i in range(1, 1 + len(held))]
    return _resources(tmp_path, *zip(notes, ([link] for link in links), strict=True))


def test_what_a_note_leaves_open_has_no_value(tmp_path: Path) -> None:
    held = (["uncertain"], ["hypothetical"], ["negated", "uncertain"], ["negated", "hypothetical"])
    for resource in _findings(tmp_path, *held):
        assert resource["resourceType"] == "Observation"
        assert "valueBoolean" not in resource
        assert resource["dataAbsentReason"]["coding"] == [
            {
                "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason",
                "code": "unknown",
                "display": "Unknown",
            }
        ]


def test_what_no_relative_has_is_no_condition_and_still_told(tmp_path: Path) -> None:
    held = (["family"], ["family", "negated"], ["family", "uncertain"], ["family", "hypothetical"])
    has, *have_not = _findings(tmp_path, *held)
    (condition,) = has["condition"]
    code = condition["code"]
    assert [(coding["code"], coding["display"]) for coding in code["coding"]] == [("X:1", "Fever")]
    assert "code" not in [e["url"] for e in has["extension"][0]["extension"]]
    for resource in have_not:
        assert resource["resourceType"] == "FamilyMemberHistory"
        assert "condition" not in resource
        assert {"url": "code", "valueCodeableConcept": code} in resource["extension"][0][
            "extension"
        ]


def test_findings_are_observations(tmp_path: Path) -> None:
    one, other = _findings(tmp_path, [], ["negated"])
    assert (one["resourceType"], one["valueBoolean"], other["valueBoolean"]) == (
        "Observation",
        True,
        False,
    )
    assert "dataAbsentReason" not in one
    assert one["derivedFrom"] == [{"reference": "DocumentReference/n1"}]
    disorders = ("T047", "disorder", "Nervous system disease", "Congenital abnormality")
    written_out = ("Disease or Syndrome", "Injury or Poisoning", "Mental or Behavioral Dysfunction")
    assert all(is_disorder((kind,), RUN) for kind in (*disorders, *written_out))
    assert not is_disorder(("T033", "finding", "human_phenotype", "Sign or Symptom"), RUN)


@pytest.mark.parametrize(
    ("source", "terminology", "are_disorders"),
    [
        ("claml", "ICD-10-GM", True),
        ("claml", "CIM-10 FR", True),
        ("claml", "OPS", False),
        ("orphanet", "Orphanet nomenclature of rare diseases", True),
        ("table", "ICD-10-GM", False),
    ],
)
def test_codes_of_diseases_are_disorders_in_any_language(
    source: str, terminology: str, are_disorders: bool
) -> None:
    run = replace(RUN, source=source, terminology=terminology)
    assert is_disorder(("Krankheiten des Kreislaufsystems",), run) is are_disorders


# DocBin


def test_docbin_holds_entities_and_their_links(tmp_path: Path) -> None:
    out = _write(tmp_path / "x.spacy", "docbin", (NOTE, LINKS))
    (doc,) = DocBin(store_user_data=True).from_disk(out).get_docs(Vocab())
    assert doc.text == TEXT
    assert [(e.start_char, e.end_char, e.kb_id_, e.label_) for e in doc.ents] == [
        (6, 16, "HP:0001", "Disease_or_Syndrome"),
        (24, 28, "HP:0002", "Disease_or_Syndrome"),
        (32, 35, "NIL", "Concept"),
    ]
    assert doc.user_data["note_id"] == "n1"
    assert json.loads(doc.user_data["links"]) == note_json("n1", LINKS)["links"]


@pytest.mark.parametrize(("n_notes", "sizes"), [(5, [2, 2, 1]), (4, [2, 2])])
def test_a_folder_of_docbins_holds_so_many_notes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_notes: int, sizes: list[int]
) -> None:
    monkeypatch.setattr("linker.annotate.writers.docbin.NOTES_A_FILE", 2)
    items = [(Note(f"n{i}", TEXT), LINKS) for i in range(n_notes)]
    files = sorted(_write(tmp_path / "out", "docbin", *items).iterdir())
    assert [path.name for path in files] == [f"{i:06}.spacy" for i in range(len(sizes))]
    bins = [DocBin(store_user_data=True).from_disk(path) for path in files]
    assert [len(one) for one in bins] == sizes
    docs = [doc for one in bins for doc in one.get_docs(Vocab())]
    assert [doc.user_data["note_id"] for doc in docs] == [f"n{i}" for i in range(n_notes)]
    assert len(DocBin().from_disk(_write(tmp_path / "x.spacy", "docbin", *items))) == n_notes


def test_docbin_holds_links_that_overlap(tmp_path: Path) -> None:
    text = "Known familial breast cancer."
    links = [
        _link(text, 6, 28, "HP:0001"),
        _link(text, 6, 21, "HP:0003"),
        _link(text, 15, 28, "HP:0002", negated=True),
    ]
    out = _write(tmp_path / "x.spacy", "docbin", (Note("n1", text), links))
    (doc,) = DocBin(store_user_data=True).from_disk(out).get_docs(Vocab())
    set_extensions()
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [("familial breast cancer", "HP:0001")]
    assert [(span.text, span.kb_id_, span._.link.to_dict()) for span in doc.spans["links"]] == [
        (of["text"], of["concept_id"], of) for of in note_json("n1", links)["links"]
    ]


def test_a_mention_may_end_in_a_blank_where_the_next_begins(tmp_path: Path) -> None:
    links = [Link(Mention(0, 6, "fever "), None), Link(Mention(6, 11, "chill"), None)]
    out = _write(tmp_path / "x.spacy", "docbin", (Note("n1", "fever chills "), links))
    (doc,) = DocBin(store_user_data=True).from_disk(out).get_docs(Vocab())
    assert doc.text == "fever chills "
    assert [(token.text, token.whitespace_) for token in doc] == [
        ("fever", ""),
        (" ", ""),
        ("chill", ""),
        ("s", " "),
    ]
    assert [(e.start_char, e.end_char) for e in doc.ents] == [(0, 6), (6, 11)]


def test_docs_of_a_bin_have_their_links_as_those_of_the_component(tmp_path: Path) -> None:
    out = _write(tmp_path / "x.spacy", "docbin", (NOTE, LINKS))
    (doc,) = DocBin(store_user_data=True).from_disk(out).get_docs(Vocab())
    set_extensions()
    found = [ent._.link for ent in doc.ents]
    assert [link.to_dict() for link in found] == note_json("n1", LINKS)["links"]
    assert [ent._.kb_ents for ent in doc.ents] == [
        [(c.concept_id, c.probability) for c in link.candidates if link.concept_id is not None]
        for link in LINKS
    ]
    assert found[0].candidates[0].codes == LINKS[0].candidates[0].codes
