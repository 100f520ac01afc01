"""Every reader says which file it reads, how large that is, and how far it has come."""

from __future__ import annotations

import gzip
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import FakeProgress

from linker.terminology import read_terminology

LINES = "".join(json.dumps({"id": f"X:{i}", "name": f"name {i}"}) + "\n" for i in range(500))


def steps(source, path):
    progress = FakeProgress()
    read_terminology(source, path, progress=progress)
    return progress.steps


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_bytes_of_a_file_as_it_lies_on_the_disk(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    data = LINES.encode()
    path.write_bytes(gzip.compress(data) if ending.endswith(".gz") else data)
    size = path.stat().st_size
    assert steps("jsonl", path) == [[f"reading x{ending}", size, "bytes", size]]


def test_bytes_of_a_file_in_a_zip(tmp_path):
    path = tmp_path / "x.zip"
    table = "id,name\n" + "".join(f"X:{i},name {i}\n" for i in range(500))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/x.csv", table)
    assert steps("table", path) == [["reading x.csv", len(table), "bytes", len(table)]]


def test_rows_of_a_parquet_file(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"id": ["X:1", "X:2"], "name": ["a", "b"]}), path)
    assert steps("table", path) == [["reading x.parquet", 2, "rows", 2]]


def test_files_of_a_release_one_after_the_other(tmp_path):
    atom = "C9000001|ENG|P|L1|PF|S1|Y|A1||||AAA|PT|1|Fever|0|N||\n"
    (tmp_path / "MRCONSO.RRF").write_text(atom)
    packed = gzip.compress(b"C9000001|T047|||||\n")
    (tmp_path / "MRSTY.RRF.gz").write_bytes(packed)
    assert steps("umls", tmp_path) == [
        ["reading MRCONSO.RRF", len(atom), "bytes", len(atom)],
        ["reading MRSTY.RRF.gz", len(packed), "bytes", len(packed)],
        ["joining names and concepts", None, "", 0],
    ]
