"""What goes wrong in the temporary folder is said of it, not of what is read."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from athena import Athena
from cases import files_of_at_most
from rf2 import Rf2
from rrf import atom, drug, put

from linker.errors import TerminologyError
from linker.terminology import read_terminology


def omop(folder: Path) -> Path:
    athena = Athena()
    athena.concept(1, "Green spots", "SNOMED")
    return athena.write(folder)


def obo(folder: Path) -> Path:
    path = folder / "spots.obo"
    path.write_text("format-version: 1.2\n\n[Term]\nid: S:1\nname: Green spots\n")
    return path


def umls(folder: Path) -> Path:
    return put(folder, MRCONSO=[atom("C9000001", "Green spots")])


def umls_zip(folder: Path) -> Path:
    path = folder / "umls.zip"
    rows = "".join(atom(f"C9{i:06}", f"Green spots {i}") for i in range(20_000))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META/MRCONSO.RRF", rows)
    return path


def rxnorm(folder: Path) -> Path:
    return put(folder, RXNCONSO=[drug("9000001", "spotol", "IN")])


def snomed(folder: Path) -> Path:
    edition = Rf2()
    edition.concept(101, "Spots (finding)")
    return edition.write(folder)


@pytest.mark.parametrize(
    ("release", "size"),
    [(obo, 40), (omop, 4096), (umls, 4096), (umls_zip, 1_000_000), (rxnorm, 4096)],
)
def test_full_temporary_folder(release: Callable[[Path], Path], size: int, tmp_path: Path) -> None:
    path = release(tmp_path)
    source = release.__name__.partition("_")[0]
    message = rf"reading stopped: .*; is there space in {tempfile.gettempdir()}\? TMPDIR names"
    with files_of_at_most(size), pytest.raises(TerminologyError, match=message):
        read_terminology(source, path)
    assert len(read_terminology(source, path).names)


@pytest.mark.parametrize("release", [obo, omop, umls, rxnorm, snomed])
def test_no_temporary_folder(
    release: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = release(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(TerminologyError, match=r"stopped: No such .* in .*none\? TMPDIR names"):
        read_terminology(release.__name__, path)
