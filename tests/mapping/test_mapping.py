"""A column of local terms to concepts, and what a reviewer decided of them."""

from __future__ import annotations

import csv
import datetime
import gzip
import os
import shlex
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import FakeEncoder, FakeProgress, build, concept, files_of_at_most
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from linker import Linker
from linker.cli import app
from linker.errors import ConfigError, TerminologyError
from linker.mapping import Columns, Review, TermTable, map_terms, write_overlay
from linker.offline import overlay_index
from linker.schema import Candidate, Link, Mention


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=delimiter, strict=True))


def mapped(linker: Linker, table: Path, out: Path, **options: Any) -> list[dict[str, str]]:
    source = TermTable(table, "problem")
    map_terms(linker, source, out, **options)
    return read(out, source.dialect.delimiter)


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    return write(
        tmp_path / "problems.csv",
        "\ufeffcode,problem,uses",
        "P1,heart attack,7",
        'P2,"Cardiac failure",2041',
        "P3,,",
        "P4,heart attack,90",
    )


def test_every_row_and_column_is_kept_beside_what_was_found(
    linker: Linker, problems: Path, tmp_path: Path
) -> None:
    columns = Columns(2, ("OTHER", "THIRD"))
    rows = mapped(linker, problems, tmp_path / "out.csv", columns=columns)
    assert list(rows[0]) == [
        *("code", "problem", "uses", "concept_id", "preferred_name", "semantic_types"),
        *(
            "matched_name",
            "score",
            "probability",
            "codes.OTHER",
            "codes.THIRD",
            "review",
            "doubt",
            "decision",
        ),
        *("candidate_1", "candidate_1_name", "candidate_1_probability"),
        *("candidate_2", "candidate_2_name", "candidate_2_probability"),
    ]
    assert [(r["code"], r["problem"], r["uses"], r["concept_id"]) for r in rows] == [
        ("P1", "heart attack", "7", "X:0002"),
        ("P2", "Cardiac failure", "2041", "X:0001"),
        ("P3", "", "", ""),
        ("P4", "heart attack", "90", "X:0002"),
    ]
    failure = rows[1]
    assert (failure["preferred_name"], failure["matched_name"]) == (
        "Heart failure",
        "Cardiac failure",
    )
    assert (failure["codes.OTHER"], failure["codes.THIRD"]) == ("42|43", "H1")
    assert (failure["score"], failure["candidate_1"]) == ("1.0", "X:0001")
    assert failure["candidate_2"] not in ("", "X:0001")
    assert {**rows[0], "code": "", "uses": ""} == {**rows[3], "code": "", "uses": ""}
    assert (rows[2]["review"], rows[2]["candidate_1"]) == ("reject", "")


def test_a_term_of_many_rows_is_linked_once(index: Any, tmp_path: Path) -> None:
    encoder = FakeEncoder()
    table = write(tmp_path / "a.csv", "problem", *["swollen ankles"] * 500, "odd gait")
    progress = FakeProgress()
    done = map_terms(
        Linker(index, encoder=encoder),
        TermTable(table, "problem"),
        tmp_path / "out.csv",
        progress=progress,
    )
    assert encoder.encoded.count("swollen ankles") == 1
    assert (done.rows, done.terms, done.blank) == (501, 2, 0)
    assert sum(done.review.values()) == 501
    assert progress.steps == [
        ["reading a.csv", None, "rows", 501],
        ["linking", 2, "terms", 2],
        ["writing out.csv", None, "rows", 501],
    ]


def test_a_term_may_stand_in_several_columns(index: Any, tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "site,kind", "heart,attack", " ,Fever ", "cold,", ",")
    out, page, own = tmp_path / "out.csv", tmp_path / "page.html", ("--index", index.path)
    both = ("--column", "site", "--column", "kind")
    done = run(table, *both, *own, "--out", out, "--review", page)
    assert "4 rows (1 of them without a term, 3 terms)" in done.stderr
    assert [(r["site"], r["kind"], r["concept_id"]) for r in read(out)] == [
        ("heart", "attack", "X:0002"),
        (" ", "Fever ", "X:0006"),
        ("cold", "", "X:0007"),
        ("", "", ""),
    ]
    assert f"--decisions SAVED --column site --column kind --index {index.path}" in done.stderr
    # Of the table as mapped, and of what the page saves of it.
    lines = ["site,kind,concept_id,decision", "heart,attack,X:0002,accept"]
    mapped_table = write(tmp_path / "m.csv", *lines)
    saved = write(tmp_path / "s.csv", "site kind,concept_id,decision", "heart attack,,X:0002")
    for reviewed in (mapped_table, saved):
        local = tmp_path / "local.csv"
        done = run(*both, *own, "--decisions", reviewed, "--overlay-out", local)
        assert (done.exit_code, [row["name"] for row in read(local)]) == (0, ["heart attack"])
    with pytest.raises(ConfigError, match=r"a\.csv: no column 'side'; it has 'site', 'kind'"):
        TermTable(table, ["site", "side"])


def test_terms_are_linked_some_at_a_time(
    linker: Linker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.mapping.run.BATCH", 2)
    terms = ["Fever", "heart attack", "Chest pain", "Cold", "Heart failure"]
    table, progress = write(tmp_path / "a.csv", "problem", *terms), FakeProgress()
    rows = mapped(linker, table, tmp_path / "out.csv", progress=progress)
    assert [(row["problem"], row["concept_id"]) for row in rows] == list(
        zip(terms, ["X:0006", "X:0002", "X:0012", "X:0007", "X:0001"], strict=True)
    )
    assert progress.steps[1] == ["linking", 5, "terms", 5]


def test_a_term_is_what_its_cell_holds_without_blanks_around_it(
    linker: Linker, tmp_path: Path
) -> None:
    table = write(tmp_path / "a.csv", "problem", " heart attack ", "heart attack")
    done = map_terms(linker, TermTable(table, "problem"), tmp_path / "out.csv")
    assert (done.rows, done.terms) == (2, 1)
    assert [(row["problem"], row["concept_id"]) for row in read(tmp_path / "out.csv")] == [
        (" heart attack ", "X:0002"),
        ("heart attack", "X:0002"),
    ]


def test_a_table_that_changes_while_it_is_read_is_told_and_nothing_is_written(
    linker: Linker, tmp_path: Path
) -> None:
    table, out = write(tmp_path / "a.csv", "problem", "Fever"), tmp_path / "out.csv"

    class Changing(FakeProgress):
        def step(self, name: str, total: int | None = None, unit: str = "") -> None:
            super().step(name, total, unit)
            if name == "linking":
                write(table, "problem", "Fever", "Cold")

    with pytest.raises(TerminologyError, match=r"a\.csv: changed while it was read; map it again"):
        map_terms(linker, TermTable(table, "problem"), out, progress=Changing())
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_the_most_used_come_first(linker: Linker, problems: Path, tmp_path: Path) -> None:
    rows = mapped(linker, problems, tmp_path / "out.csv", count="uses")
    assert [row["code"] for row in rows] == ["P2", "P4", "P1", "P3"]
    bad = write(tmp_path / "bad.csv", "problem,uses", "Fever,2", "Fever,often")
    with pytest.raises(TerminologyError, match=r"bad\.csv:3: uses is 'often', expected a number"):
        mapped(linker, bad, tmp_path / "bad.out.csv", count="uses")
    # With an infinite one the page could not be shown.
    for wrong in ("inf", "1e999", "1.234,5"):
        bad = write(tmp_path / "bad.csv", "problem,uses", f'Fever,"{wrong}"')
        with pytest.raises(TerminologyError, match=rf"bad\.csv:2: uses is '{wrong}', expected a n"):
            mapped(linker, bad, tmp_path / "bad.out.csv", count="uses")
    table = write(
        tmp_path / "commas.csv",
        "problem;uses",
        *("Fever;0,500", "Fever;12,5", "Heart attack;1,234", "SOB;99"),
    )
    rows = mapped(linker, table, tmp_path / "commas.out.csv", count="uses")
    assert [row["uses"] for row in rows] == ["1,234", "99", "12,5", "0,500"]
    # Dots part thousands where semicolons part the fields, blanks do everywhere.
    uses = [
        "1.234.567",
        "12 345",
        "12\u202f344",
        "1.234,5",
        "1'234",
        "1.233",
        "99",
        "12,5",
        "0.500",
    ]
    lines = (f"Fever;{number}" for number in reversed(uses))
    table = write(tmp_path / "dots.csv", "problem;uses", *lines)
    rows = mapped(linker, table, tmp_path / "dots.out.csv", count="uses")
    assert [row["uses"] for row in rows] == uses
    uses = ["1,234.5", "+1,234", "2", "1.234", "-3"]
    lines = (f'Fever,"{number}"' for number in reversed(uses))
    table = write(tmp_path / "en.csv", "problem,uses", *lines)
    rows = mapped(linker, table, tmp_path / "en.out.csv", count="uses")
    assert [row["uses"] for row in rows] == uses


def test_a_count_that_is_missing_is_none(linker: Linker, tmp_path: Path) -> None:
    blank = write(tmp_path / "a.csv", "problem,uses", "Fever, ", "Nausea,", "Heart attack, 3 ")
    nan = tmp_path / "b.parquet"
    terms = ["Fever", "Nausea", "Heart attack"]
    pq.write_table(pa.table({"problem": terms, "uses": [float("nan"), None, 3.0]}), nan)
    for table in (blank, nan):
        rows = mapped(linker, table, tmp_path / "out.csv", count="uses")
        assert [row["problem"] for row in rows] == ["Heart attack", "Fever", "Nausea"]


def _link(probability: float) -> Link:
    one = Candidate("X:1", "One", "one", 0.9, probability, codes={"A": ("1", "2"), "B": ("3",)})
    one = replace(one, semantic_types=("disorder", "injury"))
    return Link(Mention(0, 3, "uno"), None, (one,))


@pytest.mark.parametrize(
    ("probability", "verdict", "concept_id"),
    [
        (0.8, "accept", "X:1"),
        (0.79, "look", "X:1"),
        (0.2, "look", "X:1"),
        (0.19, "reject", None),
    ],
)
def test_the_review_follows_the_probability(
    probability: float, verdict: str, concept_id: str | None
) -> None:
    columns = Columns(1)
    names = [field.name for field in columns.fields]
    link = _link(probability)
    values = dict(zip(names, columns.values(link, Review().of(link)), strict=True))
    assert (values["review"], values["concept_id"]) == (verdict, concept_id)
    assert values["codes"] == ("A:1|A:2|B:3" if concept_id else None)
    assert values["semantic_types"] == ("disorder|injury" if concept_id else None)
    assert (values["candidate_1"], values["probability"]) == ("X:1", probability)


@pytest.mark.parametrize(
    ("term", "name", "verdict"),
    [
        ("TIA", "TIA", "accept"),
        ("Hx of TIA", "TIA", "look"),
        ("r/o PE", "Pulmonary embolism", "look"),
        ("History of stroke", "Personal history of stroke", "accept"),
        ("ibuprofen 400 mg prn pain", "ibuprofen", "accept"),
        ("kidney stones due to diabetes", "Nephrolithiasis", "look"),
        ("gout or pseudogout", "Gout", "look"),
        ("Hypertension secondary to pain", "Hypertension", "look"),
        ("rash caused by amoxicillin", "Rash", "look"),
        ("gout vs pseudogout", "Gout", "look"),
        ("gout VERSUS pseudogout", "Gout", "look"),
        # What is about a finding.
        ("asthma medication", "Asthma", "look"),
        ("anti-gout treatment", "Gout", "look"),
        ("POST-stroke", "Stroke", "look"),
        ("Gouty arthritis post surgery", "Gouty arthritis", "look"),
        ("postoperative pain", "Pain, postoperative", "accept"),
        ("drug eruption", "Eruption due to a drug", "accept"),
        ("ibuprofen as needed for fever", "ibuprofen", "accept"),
        ("NS 0.9% 1000 mL", "NS", "look"),
        # A laboratory's list says what is examined, not what was found.
        ("Albumin, serum", "Serum albumin low", "look"),
        ("BILIRUBIN TOTAL", "Increased total bilirubin", "look"),
        ("Anti-Ro antibody", "Anti-Ro antibody positivity", "look"),
        ("Factor XI activity", "Reduced factor XI activity", "look"),
        ("reductase activity", "Reduced reductase activity", "look"),
        ("high bilirubin", "Increased bilirubin", "accept"),
        ("abnormality of the ear", "Abnormal ear morphology", "accept"),
        ("pain of the lower limb", "Lower limb pain", "accept"),
        ("leg pain", "Lower limb pain", "accept"),
        ("ESR 20 mm/h", "ESR", "accept"),
        ("Anemia 2/2 CKD", "Anemia due to chronic kidney disease", "accept"),
    ],
)
def test_a_person_looks_at_what_says_more_than_the_name(term: str, name: str, verdict: str) -> None:
    candidate = Candidate("X:1", "One", name, 0.9, 0.95)
    assert Review().of(Link(Mention(0, len(term), term), "X:1", (candidate,))) == verdict


@pytest.mark.parametrize(
    ("term", "long_form", "features", "verdict"),
    [
        ("PE", None, {}, "look"),
        ("PE (HCC)", "PE", {}, "look"),
        ("PE", None, {"local": 1.0}, "accept"),
        ("CP", "chest pain", {}, "accept"),
        ("ESR", None, {}, "accept"),
        # No clinician's abbreviation, but some concept's; with a digit, hardly another's.
        ("NS", None, {}, "look"),
        ("OPs", None, {}, "look"),
        ("OPS", None, {"local": 1.0}, "accept"),
        ("SCA3", None, {}, "accept"),
        ("phosphorylethanolamine", None, {}, "accept"),
        ("TTN", None, {}, "accept"),
    ],
)
def test_a_person_looks_at_an_abbreviation_of_several_senses(
    term: str, long_form: str | None, features: dict[str, float], verdict: str
) -> None:
    # A gene's preferred name is its symbol.
    name = "TTN" if term == "TTN" else "phosphorylethanolamine"
    candidate = Candidate("X:1", name, long_form or term, 1.0, 0.96, features=features)
    mention = Mention(0, len(term), term, long_form=long_form)
    assert Review().of(Link(mention, "X:1", (candidate,))) == verdict


def test_a_threshold_of_zero_rejects_only_what_has_no_candidate() -> None:
    assert Review(0, 0).of(_link(0.0)) == "accept"
    assert Review(0, 0).of(replace(_link(0.0), candidates=())) == "reject"
    with pytest.raises(ConfigError, match=r"accept is 0\.2 and reject 0\.8"):
        Review(0.2, 0.8)
    with pytest.raises(ConfigError, match="k is 0"):
        Columns(0)


def test_parquet_keeps_its_types(linker: Linker, tmp_path: Path) -> None:
    day = datetime.date(2020, 1, 2)
    table = pa.table(
        {
            "n": pa.array([1, None]),
            "problem": ["Fever", None],
            "day": [day, day],
            "share": [0.5, float("inf")],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    terms = TermTable(tmp_path / "a.parquet", "problem")
    map_terms(linker, terms, tmp_path / "out.parquet", columns=Columns(1))
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.select(table.schema.names) == table
    assert found["concept_id"].to_pylist() == ["X:0006", None]
    assert found.schema.field("probability").type == pa.float64()
    map_terms(linker, terms, tmp_path / "out.tsv", columns=Columns(1))
    first, second = read(tmp_path / "out.tsv", "\t")
    assert (first["n"], first["problem"], first["day"]) == ("1", "Fever", "2020-01-02")
    assert (second["n"], second["problem"], second["review"]) == ("", "", "reject")
    assert (first["share"], first["score"], second["share"]) == ("0.5", "1.0", "inf")
    # What is no number is nothing, as elsewhere.
    pq.write_table(pa.table({"problem": ["Fever"], "n": [float("nan")]}), tmp_path / "a.parquet")
    terms = TermTable(tmp_path / "a.parquet", "problem")
    map_terms(linker, terms, tmp_path / "out.csv", columns=Columns(1))
    assert read(tmp_path / "out.csv")[0]["n"] == ""


MOMENT = 1_600_000_000_123_456_789
"""Nanoseconds since 1970, of which Python's times would lose the last three digits."""

ODD = pa.table(
    {
        "ns": pa.array([MOMENT, None, 1], pa.timestamp("ns")),
        "zone": pa.array([MOMENT, None, 1], pa.timestamp("ns", "Europe/Berlin")),
        "nowhere": pa.array([MOMENT, None, 1], pa.timestamp("ns", "Mars/Phobos")),
        "time": pa.array([1_501, None, 1], pa.time64("ns")),
        "lasts": pa.array([1_501, None, 1], pa.duration("ns")),
        "far": pa.array([10_000_000, None, 1], pa.date32()),
        "endless": pa.array([2**63 - 1, None, 1], pa.timestamp("us")),
        "part": pa.array([{"at": MOMENT}, None, {}], pa.struct([("at", pa.timestamp("ns"))])),
        "parts": pa.array([[2**62], None, []], pa.list_(pa.timestamp("us"))),
        "pairs": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "exact": pa.array([Decimal("1.50"), None, Decimal(0)], pa.decimal256(60, 2)),
        "large": pa.array([2**64 - 1, None, 1], pa.uint64()),
        "of few": pa.array(["a", None, "b"]).dictionary_encode(),
        "nothing": pa.nulls(3),
        "raw": pa.array([b"\xff\x00", None, b""], pa.large_binary()),
    }
)


@pytest.mark.parametrize("count", [None, "uses"])
def test_what_passes_through_parquet_comes_out_as_it_went_in(
    linker: Linker, tmp_path: Path, count: str | None
) -> None:
    table = ODD.append_column("problem", pa.array(["Fever", None, "SOB"]))
    table = table.append_column("uses", pa.array([1, 2, 3]))
    # Of several row groups, each with a dictionary of its own.
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    terms = TermTable(tmp_path / "a.parquet", "problem")
    map_terms(linker, terms, tmp_path / "out.parquet", columns=Columns(1), count=count)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.names == [*table.schema.names, *pa.schema(Columns(1).fields).names]
    rows = [0, 1, 2] if count is None else [2, 1, 0]
    read_back = pq.read_table(tmp_path / "a.parquet")
    assert found["concept_id"].to_pylist() == [["X:0006", None, "X:0014"][row] for row in rows]
    for name in table.schema.names:
        expected = read_back[name].unify_dictionaries().take(pa.array(rows))
        assert found.schema.field(name) == read_back.schema.field(name)
        if pa.types.is_dictionary(expected.type):
            assert found[name].to_pylist() == expected.to_pylist()
        else:
            assert found[name].combine_chunks() == expected.combine_chunks(), name


def test_a_table_without_rows_stays_one(linker: Linker, tmp_path: Path) -> None:
    table = ODD.append_column("problem", pa.array(["Fever", None, "SOB"])).slice(0, 0)
    pq.write_table(table, tmp_path / "a.parquet")
    terms = TermTable(tmp_path / "a.parquet", "problem")
    map_terms(linker, terms, tmp_path / "out.parquet", columns=Columns(1))
    assert pq.read_table(tmp_path / "out.parquet").select(table.schema.names).num_rows == 0


def test_dates_that_python_lacks_are_text_in_a_text_file(linker: Linker, tmp_path: Path) -> None:
    table = ODD.select(["far", "nowhere", "lasts", "parts"])
    pq.write_table(table.append_column("problem", pa.array(["Fever"] * 3)), tmp_path / "a.parquet")
    terms = TermTable(tmp_path / "a.parquet", "problem")
    map_terms(linker, terms, tmp_path / "out.csv", columns=Columns(1))
    first, second, third = read(tmp_path / "out.csv")
    assert first["far"] == "29349-01-26"
    assert first["nowhere"] == "2020-09-13 12:26:40.123456+00:00"
    assert (second["far"], second["parts"], third["far"]) == ("", "", "1970-01-02")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("x", pa.string()),
        ("x", pa.large_string()),
        ("x", pa.dictionary(pa.int32(), pa.string())),
        ("problem", pa.string()),
        ("problem", pa.binary()),
    ],
)
def test_text_of_parquet_that_is_not_utf_8_is_told_by_its_row(
    linker: Linker, tmp_path: Path, column: str, kind: pa.DataType
) -> None:
    odd = pa.array([b"Fever", b"zebrafish \xe9"])
    odd = odd if kind == pa.binary() else odd.view(pa.string()).cast(kind)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"problem": ["Fever", "Cold"], "x": ["1", "2"]} | {column: odd}), path)
    for out in ("out.parquet", "out.csv"):
        found = rf"a\.parquet:2: column '{column}' is not UTF-8: byte 0xe9 at position 10; write"
        with pytest.raises(TerminologyError, match=found) as refused:
            map_terms(linker, TermTable(path, "problem"), tmp_path / out)
        assert "zebrafish" not in str(refused.value)
        assert not (tmp_path / out).exists()


def test_a_table_whose_footer_is_not_utf_8_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"problem": ["Fever"], "né": ["x"]}), path)
    path.write_bytes(path.read_bytes().replace("né".encode(), b"n\xff\xff"))
    with pytest.raises(
        TerminologyError, match=r"a\.parquet: not a Parquet file, or damaged: .*utf"
    ):
        TermTable(path, "problem")


def test_bytes_of_parquet_that_are_no_text_stay_as_they_are(linker: Linker, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"problem": pa.array([b"Fever"]), "x": pa.array([b"\xff\x00"])})
    pq.write_table(table, path)
    map_terms(linker, TermTable(path, "problem"), tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.select(table.schema.names) == table
    assert found["concept_id"].to_pylist() == ["X:0006"]


def test_a_packed_table_is_written_as_the_csv_in_it(linker: Linker, tmp_path: Path) -> None:
    table = tmp_path / "a.CSV.gz"
    table.write_bytes(gzip.compress("\ufeffid;problem\n7;heart attack\n".encode()))
    map_terms(linker, TermTable(table, "problem"), tmp_path / "out.csv", columns=Columns(1))
    written = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert written[0].startswith("\ufeffid;problem;concept_id;preferred_name;")
    assert written[1].startswith("7;heart attack;X:0002;Myocardial infarction;")


@settings(suppress_health_check=list(HealthCheck), max_examples=25)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=9),
        min_size=1,
        max_size=5,
    )
)
def test_cells_come_out_as_they_went_in(linker: Linker, tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["problem", "x"], *(["Fever", cell] for cell in cells)])
    rows = mapped(linker, path, tmp_path / "out.csv")
    assert [row["x"] for row in rows] == cells


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.csv: empty; expected a header and rows"),
        (b"problem,n\nFever,1\nFever\n", r"a\.csv:3: 1 field, expected 2"),
        (b'problem,n\n"Fever,1\n', r"a\.csv:2: a quotation mark opens here"),
        (b"problem,n\nFe\x00ver,1\n", r"a\.csv:2: NUL in (column 'problem'|the row)"),
        (b"problem,n\nFi\xe9vre,1\n", r"a\.csv:2: .*UTF-8"),
        (b"problem,problem\n", r"a\.csv:1: column 'problem' occurs twice"),
        (b"\n# x\nproblem,problem\n", r"a\.csv:3: column 'problem' occurs twice"),
        (b"sep=;\nproblem;problem\n", r"a\.csv:2: column 'problem' occurs twice"),
        (b"term,n\nFever,1\n", r"a\.csv: no column 'problem'; it has 'term', 'n'"),
        (b"problem,review\nFever,1\n", r"a\.csv: has a column 'review' already; .*--prefix"),
    ],
)
def test_a_broken_table_is_an_error_and_nothing_is_written(
    linker: Linker, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "out.csv").write_text("as it was")
    with pytest.raises((TerminologyError, ConfigError), match=message):
        mapped(linker, tmp_path / "a.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "out.csv"]


@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_a_path_that_is_not_utf_8_is_read_and_written(linker: Linker, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    folder.mkdir()
    table = pa.table({"problem": ["Fever"]})
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.parquet").rename(folder / "a.parquet")
    out = folder / "out.parquet"
    map_terms(linker, TermTable(folder / "a.parquet", "problem"), out)
    with out.open("rb") as file:
        assert pq.read_table(file)["concept_id"].to_pylist() == ["X:0006"]


def test_parquet_has_rows_and_no_lines(linker: Linker, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * 2, names=["problem", "problem"]), path)
    with pytest.raises(TerminologyError, match=r"a\.parquet: column 'problem' occurs twice"):
        TermTable(path, "problem")
    for name, packed in (("b.parquet.gz", gzip.compress(path.read_bytes())), ("c.pq.zst", b"")):
        (tmp_path / name).write_bytes(packed)
        with pytest.raises(TerminologyError, match=f"{name}: Parquet that is packed once more; un"):
            TermTable(tmp_path / name, "problem")


def test_where_to_write_must_be_another_file_of_a_known_ending(
    linker: Linker, problems: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="is the table that is read"):
        mapped(linker, problems, problems)
    with pytest.raises(ConfigError, match=r"ends in '\.xlsx', expected \.csv, \.tsv or \.parquet"):
        mapped(linker, problems, tmp_path / "out.xlsx")
    with pytest.raises(ConfigError, match=r"out: has no ending, expected \.csv, \.tsv or"):
        mapped(linker, problems, tmp_path / "out")
    with pytest.raises(TerminologyError, match=r"none\.csv: no such file"):
        TermTable(tmp_path / "none.csv", "problem")


def test_neither_the_table_nor_a_review_is_written_over(
    linker: Linker, problems: Path, tmp_path: Path
) -> None:
    out, before = tmp_path / "out.csv", problems.read_bytes()
    table = TermTable(problems, "problem")
    with pytest.raises(ConfigError, match=r"problems\.csv: is the table that is read; write anoth"):
        map_terms(linker, table, out, page=problems)
    with pytest.raises(ConfigError, match=r"out\.csv: is both the page and the table to write"):
        map_terms(linker, table, out, page=tmp_path / "." / "out.csv")
    assert problems.read_bytes() == before
    assert not out.exists()
    map_terms(linker, table, out)
    reviewed = out.read_bytes()
    with pytest.raises(ConfigError, match=r"out\.csv: is the table that is read; write another"):
        write_overlay(linker, TermTable(out, "problem"), out)
    assert out.read_bytes() == reviewed
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match=r"folder\.csv: is a folder; give the file to write"):
        map_terms(linker, table, tmp_path / "folder.csv")


def test_a_run_that_is_stopped_leaves_what_was_there(
    index: Any, problems: Path, tmp_path: Path
) -> None:
    write(problems, "problem", "unheard of")
    out = write(tmp_path / "out.csv", "as it was")
    with pytest.raises(KeyboardInterrupt):
        mapped(Linker(index, encoder=FakeEncoder(fail_after=0)), problems, out)
    assert out.read_text() == "as it was\n"
    assert not out.with_name("out.csv.partial").exists()


# --- decisions -------------------------------------------------------------------------------


def decide(path: Path, decisions: dict[str, str]) -> TermTable:
    """Fill in the column as a person does."""
    rows = read(path)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**r, "decision": decisions.get(r["problem"], "")} for r in rows)
    return TermTable(path, "problem")


def test_what_was_decided_is_found_when_the_table_is_mapped_again(tmp_path: Path) -> None:
    folder = build(tmp_path / "mini").path
    table = write(
        tmp_path / "a.csv", "problem", "pump trouble", "MI", "weak heart", "cold", "Fever", "nausea"
    )
    linker = Linker.load(folder, encoder=FakeEncoder())
    mapped(linker, table, tmp_path / "out.csv", review=Review(0.5, 0.0))
    decisions = {
        "pump trouble": "X:9001",  # An old id of X:0001.
        "MI": "X:0013",
        "weak heart": "Reject",
        "cold": "X:0008",
        "Fever": "Accept",
    }
    local = tmp_path / "local.csv"
    decided = write_overlay(linker, decide(tmp_path / "out.csv", decisions), local)
    assert [(r["concept_id"], r["name"], r["kind"], r["note.line"]) for r in read(local)] == [
        ("X:0001", "pump trouble", "exact", "2"),
        ("X:0013", "MI", "exact", "3"),
        ("", "weak heart", "remove", "4"),
        ("X:0008", "cold", "exact", "5"),
        ("X:0006", "Fever", "exact", "6"),
    ]
    assert (decided.named, decided.rejected, decided.undecided) == (4, 1, 1)
    overlay_index(folder, [local], encoder=FakeEncoder())
    again = mapped(Linker.load(folder, encoder=FakeEncoder()), table, tmp_path / "2.csv")
    found = {row["problem"]: row["concept_id"] for row in again}
    assert (found["pump trouble"], found["MI"]) == ("X:0001", "X:0013")
    assert found["cold"] == "X:0008"  # Though it is the preferred name of X:0007.
    assert {row["problem"]: row["review"] for row in again}["weak heart"] == "reject"
    assert (found["Fever"], found["nausea"]) == ("X:0006", "X:0015")


def test_what_was_decided_comes_as_decided_and_stays_beside_what_is_new(tmp_path: Path) -> None:
    folder = build(tmp_path / "mini").path
    terms = ("pump trouble", "PUMP TROUBLE", "weak heart", "cold [J00]", "two things", "nausea")
    table, local = write(tmp_path / "a.csv", "problem", *terms), tmp_path / "local.csv"
    write(
        local,
        "concept_id,name,kind",
        *("X:0001,pump trouble,", ",weak heart,remove", "X:0008,cold,"),
        *("X:0001,two things,", "X:0002,two things,", "X:0015,upset stomach,narrow"),
    )
    overlay_index(folder, [local], encoder=FakeEncoder())
    linker = Linker.load(folder, encoder=FakeEncoder())
    out = tmp_path / "out.csv"
    done = map_terms(linker, TermTable(table, "problem"), out, review=Review(1, 1))
    again = {row["problem"]: row for row in read(out)}
    assert [(again[term]["decision"], again[term]["review"]) for term in terms] == [
        ("accept", "accept"),
        ("accept", "accept"),
        ("reject", "reject"),
        # The overlay says what a cold is, and nothing of the term with its code.
        *[("", "reject")] * 3,
    ]
    assert (again["pump trouble"]["concept_id"], again["weak heart"]["concept_id"]) == (
        "X:0001",
        "",
    )
    assert done.decided == 3
    both = tmp_path / "both.csv"
    decided = write_overlay(linker, TermTable(out, "problem"), both)
    assert (decided.named, decided.rejected, decided.undecided) == (1, 1, 3)
    assert [(row["concept_id"], row["name"]) for row in read(both)] == [
        ("X:0001", "pump trouble"),
        ("", "weak heart"),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["Fever,X:0006,Z:1"],
            r"r\.csv:2: 'Z:1' is not a concept of .*mini; expected accept, reject",
        ),
        (["Fever,,accept"], r"r\.csv:2: 'accept' on a row without a concept_id"),
        ([",,X:0006"], r"r\.csv:2: a concept for a term that holds no character"),
        (["\u200b,X:0006,accept"], r"r\.csv:2: a concept for a term that holds no character"),
        (
            ["Fever,X:0006,accept", "FEVER,X:0006,X:0007"],
            r"r\.csv:3: 'FEVER' is decided otherwise on line 2",
        ),
    ],
)
def test_a_decision_that_cannot_be_is_told_by_its_line(
    linker: Linker, tmp_path: Path, rows: list[str], message: str
) -> None:
    reviewed = write(tmp_path / "r.csv", "problem,concept_id,decision", *rows)
    with pytest.raises(TerminologyError, match=message):
        write_overlay(linker, TermTable(reviewed, "problem"), tmp_path / "local.csv")
    assert not (tmp_path / "local.csv").exists()


def test_a_term_that_is_decided_twice_alike_is_one_name(linker: Linker, tmp_path: Path) -> None:
    rows = ("Fever,X:0006, ACCEPT ", "FEVER,,X:0006", "nothing,,reject", "Nothing,X:1,reject")
    reviewed = write(tmp_path / "r.csv", "problem,concept_id,decision", *rows)
    local = tmp_path / "local.csv"
    decided = write_overlay(linker, TermTable(reviewed, "problem"), local)
    assert (decided.named, decided.rejected, decided.undecided) == (1, 1, 0)
    assert local.read_bytes() == (
        b"concept_id,name,kind,note.line\r\nX:0006,Fever,exact,2\r\n,nothing,remove,4\r\n"
    )


def test_a_row_without_a_term_may_be_rejected_with_the_others(
    linker: Linker, tmp_path: Path
) -> None:
    """The column `review` is "reject" there, and is copied into the column `decision`."""
    rows = (",,reject", "nothing,,reject", "\u200b,, Reject", ",,", "later,,")
    reviewed = write(tmp_path / "r.csv", "problem,concept_id,decision", *rows)
    decided = write_overlay(linker, TermTable(reviewed, "problem"), tmp_path / "local.csv")
    assert (decided.named, decided.rejected, decided.undecided) == (0, 1, 1)
    assert [row["name"] for row in read(tmp_path / "local.csv")] == ["nothing"]


def test_all_rows_that_cannot_be_are_told_at_once(linker: Linker, tmp_path: Path) -> None:
    """A reviewer of thousands of terms corrects them in one go."""
    rows = ["Fever,X:0006,Z:1", "Cold,,accept", "nausea,X:0015,accept", "NAUSEA,,reject"]
    reviewed = write(tmp_path / "r.csv", "problem,concept_id,decision", *rows)
    with pytest.raises(TerminologyError) as refused:
        write_overlay(linker, TermTable(reviewed, "problem"), tmp_path / "local.csv")
    first, second, third = str(refused.value).split(f"; {reviewed}")
    assert first.startswith(f"{reviewed}:2: 'Z:1' is not a concept of {linker.path}; expected ")
    assert second.startswith(":3: 'accept' on a row without a concept_id")
    assert third == ":5: 'NAUSEA' is decided otherwise on line 4; a term has one concept"
    many = [f"term {n},,Z:{n}" for n in range(1_500)]
    reviewed = write(tmp_path / "r.csv", "problem,concept_id,decision", *many)
    with pytest.raises(TerminologyError, match=r"; and 1,490 more such rows$") as refused:
        write_overlay(linker, TermTable(reviewed, "problem"), tmp_path / "local.csv")
    assert str(refused.value).count("is not a concept of") == 10
    assert not (tmp_path / "local.csv").exists()


def test_the_decisions_of_several_tables_are_one_overlay(linker: Linker, tmp_path: Path) -> None:
    header = "problem,concept_id,decision"
    january = write(tmp_path / "1.csv", header, "Fever,X:0006,accept", "weak heart,,")
    february = write(
        tmp_path / "2.csv", header, "WEAK HEART,X:0001,accept", "fever,,X:0006", "cold,X:0007,"
    )
    tables = [TermTable(path, "problem") for path in (january, february)]
    decided = write_overlay(linker, tables, tmp_path / "local.csv")
    # "weak heart" is open in one table only.
    assert (decided.named, decided.rejected, decided.undecided) == (2, 0, 1)
    assert (tmp_path / "local.csv").read_text().splitlines() == [
        "concept_id,name,kind,note.line",
        "X:0006,Fever,exact,1.csv:2",
        "X:0001,WEAK HEART,exact,2.csv:2",
    ]
    write(february, header, "Fever,X:0007,accept", "weak heart,X:0001,accept")
    with pytest.raises(
        TerminologyError,
        match=r"2\.csv:2: 'Fever' is decided otherwise on .*1\.csv:2; a term has one concept$",
    ):
        write_overlay(linker, tables, tmp_path / "local.csv")


@pytest.mark.parametrize("written", ["7.0", '="7"', " 7 "])
def test_an_id_of_digits_is_known_as_pandas_and_spreadsheets_write_it(
    tmp_path: Path, written: str
) -> None:
    """A column of ids with an empty cell becomes floats there."""
    linker = Linker(build(tmp_path / "ids", [concept("7", "Fever")]), encoder=FakeEncoder())
    rows = [["problem", "concept_id", "decision"], ["pyrexia", written, "accept"]]
    with (tmp_path / "r.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    local = tmp_path / "local.csv"
    write_overlay(linker, TermTable(tmp_path / "r.csv", "problem"), local)
    assert [row["concept_id"] for row in read(local)] == ["7"]
    write(tmp_path / "r.csv", "problem,concept_id,decision", "pyrexia,,2.2298E+07")
    with pytest.raises(
        TerminologyError, match=r"'2\.2298E\+07' is not .*; a spreadsheet rounded it"
    ):
        write_overlay(linker, TermTable(tmp_path / "r.csv", "problem"), local)


def test_a_table_without_a_place_for_decisions_is_refused_though_it_has_no_row(
    linker: Linker, tmp_path: Path
) -> None:
    table = TermTable(write(tmp_path / "r.csv", "problem,concept_id"), "problem")
    with pytest.raises(ConfigError, match=r"r\.csv: no column 'decision'; it has 'problem', 'co"):
        write_overlay(linker, table, tmp_path / "local.csv")
    assert not (tmp_path / "local.csv").exists()


# --- the command -----------------------------------------------------------------------------


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["map", *map(str, arguments)])


def test_the_command(index: Any, tmp_path: Path) -> None:
    table, out = write(tmp_path / "a.csv", "problem,n", "Fever,1", ",2"), tmp_path / "out.csv"
    common = ("--column", "problem", "--index", index.path)
    done = run(table, *common, "--out", out, "--codes", "NONE, OTHER", "--prefix", "x.")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no concept of these terms has a code of NONE, OTHER; they have none\n" in done.stderr
    # The verdicts are those of the rows.
    said = "out.csv: 2 rows (1 of them without a term, 1 term): 1 accept, 0 look, 1 reject\n"
    assert said in done.stderr
    assert read(out)[0]["x.concept_id"] == "X:0006"
    local = tmp_path / "local.csv"
    done = run(*common, "--decisions", out, "--overlay-out", local, "--prefix", "x.")
    assert done.exit_code == 0
    assert "local.csv: 0 terms named, 0 rejected, 1 row und" in done.stderr
    assert local.read_bytes() == b"concept_id,name,kind,note.line\r\n"
    other = write(tmp_path / "b.csv", "problem,x.concept_id,x.decision", "Fever,,reject")
    done = run(
        *common,
        *("--decisions", out, "--decisions", other),
        "--overlay-out",
        local,
        "--prefix",
        "x.",
    )
    assert "local.csv: 0 terms named, 1 rejected, 0 rows und" in done.stderr
    for wrong in (
        (table,),
        (table, "--out", out, "--show", "n"),
        ("--decisions", out),
        (table, "--decisions", out, "--overlay-out", 1),
    ):
        assert run(*wrong, *common).exit_code == 2
    done = run(tmp_path / "none.csv", *common, "--out", out)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


def test_codes_of_no_vocabulary_are_told_with_what_there_is(index: Any, tmp_path: Path) -> None:
    table, out = (
        write(tmp_path / "a.csv", "problem", "Fever", "heart failure"),
        tmp_path / "out.csv",
    )
    common = ("--column", "problem", "--index", index.path, "--out", out)
    done = run(table, *common, "--codes", "OTHERS,THIRD")
    assert (
        "no concept of these terms has a code of OTHERS; they have codes of OTHER, THIRD\n"
        in done.stderr
    )


@pytest.mark.parametrize(("which", "room"), [("out.csv", 8), ("review.html", 2000)])
def test_a_full_disk_is_told_with_the_file(
    index: Any, tmp_path: Path, which: str, room: int
) -> None:
    table, out = write(tmp_path / "a.csv", "problem", "Fever"), tmp_path / "out.csv"
    page = tmp_path / "review.html"
    own = ("--column", "problem", "--index", index.path, "--out", out, "--review", page)
    with files_of_at_most(room):
        done = run(table, *own)
    assert done.exit_code == 1
    assert f"error: {tmp_path / which}: File too large\n" in done.stderr
    assert not (tmp_path / which).exists()


def test_the_command_that_is_told_reads_what_the_page_saves(index: Any, tmp_path: Path) -> None:
    column = "nurse's problem"
    table, page = write(tmp_path / "a.csv", column, "Fever"), tmp_path / "review.html"
    own = ("--column", column, "--prefix", "x.", "--index", index.path)
    done = run(table, *own, "--out", tmp_path / "out.csv", "--review", page)
    command = done.stderr.splitlines()[-1].partition("of what it saves with: ")[2]
    header = f"{column},x.concept_id,x.decision"
    saved = write(tmp_path / "saved.csv", header, "Fever,X:0013,accept")
    here = {"SAVED": str(saved), "LOCAL.csv": str(tmp_path / "local.csv")}
    words = [here.get(word, word) for word in shlex.split(command)]
    assert words[:2] == ["linker", "map"]
    done = run(*words[2:])
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "local.csv").read_text().splitlines()[1:] == ["X:0013,Fever,exact,2"]


def test_tables_of_spreadsheets_are_read(linker: Linker, tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", '"Local', 'id";problem;;', "1;heart attack;;x")
    (row,) = mapped(linker, table, tmp_path / "out.csv")
    assert [(name, row[name]) for name in list(row)[:4]] == [
        ("Local id", "1"),
        ("problem", "heart attack"),
        ("column 3", ""),
        ("column 4", "x"),
    ]
    table.write_bytes(b"id,problem\r1,heart attack\r")
    (row,) = mapped(linker, table, tmp_path / "out.csv")
    assert (row["id"], row["problem"], row["review"]) == ("1", "heart attack", "accept")


@pytest.mark.parametrize(
    ("name", "head", "out", "begins"),
    [
        ("a.csv", "id;problem", "out.csv", "id;problem;concept_id;"),
        ("a.csv", "\ufeffid;problem", "out.csv", "\ufeffid;problem;concept_id;"),
        ("a.csv", "\ufeffid,problem", "out.csv", "\ufeffid,problem,concept_id,"),
        ("a.csv", "sep=|\nid|problem", "out.csv", "sep=|\r\nid|problem|concept_id|"),
        ("a.csv", "\ufeffsep=;\nid;problem", "out.tsv", "\ufeffid\tproblem\tconcept_id\t"),
        ("a.tsv", "id\tproblem", "out.csv", "id,problem,concept_id,"),
        ("a.txt", "\ufeffid;problem", "out.csv", "\ufeffid,problem,concept_id,"),
        ("a.csv", "id,problem", "out.csv", "id,problem,concept_id,"),
    ],
)
def test_a_table_is_written_as_it_was_read(
    linker: Linker, tmp_path: Path, name: str, head: str, out: str, begins: str
) -> None:
    path = tmp_path / name
    parted_by = head.partition("id")[2][0]
    path.write_text(f"{head}\n7{parted_by}heart attack\n", encoding="utf-8")
    map_terms(linker, TermTable(path, "problem"), tmp_path / out)
    assert (tmp_path / out).read_bytes().decode().startswith(begins)
    # What was written is read as it was.
    (row,) = TermTable(tmp_path / out, "problem")
    assert (row.term, row.cells[0]) == ("heart attack", "7")


def test_a_cell_of_any_length_is_kept(linker: Linker, tmp_path: Path) -> None:
    long = "x" * 200_000
    table = write(tmp_path / "a.csv", "problem,about", f'heart attack,"{long}"')
    (row,) = mapped(linker, table, tmp_path / "out.csv")
    assert (row["about"], row["review"]) == (long, "accept")


def test_a_missing_folder_is_told_before_anything_is_linked(linker: Linker, tmp_path: Path) -> None:
    table = TermTable(write(tmp_path / "a.csv", "problem", "heart attack"), "problem")
    missing = tmp_path / "none"
    for out, page in ((missing / "o.csv", None), (tmp_path / "o.csv", missing / "page.html")):
        progress = FakeProgress()
        with pytest.raises(ConfigError, match=r"there is no folder .*none; make it, or give anoth"):
            map_terms(linker, table, out, page=page, progress=progress)
        assert not progress.steps


def test_a_term_is_found_without_its_code_and_kept_with_it(linker: Linker, tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "problem", "Cardiac failure (HCC)", "Heart attack* [I21.9]")
    rows = mapped(linker, table, tmp_path / "out.csv", page=tmp_path / "page.html")
    assert [(row["problem"], row["concept_id"], row["score"]) for row in rows] == [
        ("Cardiac failure (HCC)", "X:0001", "1.0"),
        ("Heart attack* [I21.9]", "X:0002", "1.0"),
    ]
    # The page's download is to hold the term of the table.
    assert "Cardiac failure (HCC)" in (tmp_path / "page.html").read_text()


def test_a_decision_on_a_term_with_its_code_is_found_again(tmp_path: Path) -> None:
    folder = build(tmp_path / "mini").path
    table = write(tmp_path / "a.csv", "problem", "Cardiac failure (HCC)", "Cardiac failure")
    mapped(Linker.load(folder, encoder=FakeEncoder()), table, tmp_path / "out.csv")
    decided = decide(tmp_path / "out.csv", {"Cardiac failure (HCC)": "X:0006"})
    write_overlay(Linker.load(folder, encoder=FakeEncoder()), decided, tmp_path / "local.csv")
    overlay_index(folder, [tmp_path / "local.csv"], encoder=FakeEncoder())
    again = mapped(Linker.load(folder, encoder=FakeEncoder()), table, tmp_path / "2.csv")
    assert [row["concept_id"] for row in again] == ["X:0006", "X:0001"]
