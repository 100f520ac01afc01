"""Each recipe of the project on an invented release: what its filters keep and leave out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import mesh_xml
import pytest
import rf2
import rrf
from athena import Athena
from releases import FORMS
from typer.testing import CliRunner

from linker.cli import app
from linker.config import Recipe
from linker.errors import ConfigError
from linker.index import Index, Manifest
from linker.terminology import read_terminology

RECIPES = Path(__file__).parents[1] / "indexes"


def _metathesaurus(folder: Path) -> Path:
    """Of each vocabulary one concept, and of SNOMED CT and MeSH one that a note does not name."""
    concepts = [
        ("C9000001", "Green spots", "SNOMEDCT_US", "9", "T047"),
        ("C9000002", "Spotol", "RXNORM", "0", "T121"),
        ("C9000003", "Blue spots", "ICD10CM", "0", "T047"),
        ("C9000004", "Painting", "SNOMEDCT_US", "9", "T061"),
        ("C9000005", "Painter", "SNOMEDCT_US", "9", "T097"),
        ("C9000006", "Striped spots", "MSH", "0", "T047"),
        ("C9000007", "Dotted spots", "MDR", "3", "T047"),
    ]
    return rrf.put(
        folder,
        MRCONSO=[
            rrf.atom(cui, name, source, code=cui[-1], SRL=level)
            for cui, name, source, level, _ in concepts
        ],
        MRSTY=[rrf.row("MRSTY", CUI=cui, TUI=tui) for cui, _, _, _, tui in concepts],
    )


def _rxnorm(folder: Path) -> Path:
    kinds = "IN PIN MIN BN SCD SBD GPCK BPCK SCDC DF"
    drugs = [(f"90000{i:02}", f"drug {kind}", kind) for i, kind in enumerate(kinds.split())]
    return rrf.put(folder, RXNCONSO=[rrf.drug(*drug) for drug in drugs])


_TAGS = (
    *("disorder", "finding", "situation", "event", "morphologic abnormality", "procedure"),
    *("regime/therapy", "substance", "medicinal product", "clinical drug"),
)


def _snomed(folder: Path) -> Path:
    edition = rf2.Rf2()
    for item, tag in enumerate((*_TAGS, "occupation", "body structure"), start=101):
        edition.concept(item, f"Thing of {tag} ({tag})")
    return edition.write(folder)


def _snomed_uk(folder: Path) -> Path:
    """Of each kind one; two names are accepted by the NHS alone, and one by the US alone."""
    edition = rf2.Rf2()
    for item, tag in enumerate((*_TAGS, "product", "occupation"), start=101):
        concept = edition.concept(item, f"Thing of {tag} ({tag})")
        if tag == "disorder":
            edition.accept(edition.describe(concept, "Local thing"), 999001261000000100)
            edition.describe(concept, "Thing of disorder, US", us=rf2.YES)
        if tag == "product":
            edition.accept(edition.describe(concept, "Thing tablets"), 999000691000001104)
    return edition.write(folder)


def _mesh(folder: Path) -> Path:
    return mesh_xml.write(
        folder,
        [
            mesh_xml.descriptor(f"D90000{i}", f"Thing {letter}", [_own(i, letter)], [f"{letter}01"])
            for i, letter in enumerate("ABCDEFGN")
        ],
    )


def _own(number: int, letter: str) -> str:
    return mesh_xml.concept(f"M{number}", f"Thing {letter}")


def _omop(folder: Path) -> Path:
    athena = Athena()
    wanted = ["Condition", "Drug", "Procedure", "Measurement", "Observation", "Device", "Provider"]
    vocabularies = ["SNOMED", "RxNorm", "LOINC", "ICD10CM", "SNOMED", "SNOMED", "SNOMED"]
    for number, (domain, vocabulary) in enumerate(zip(wanted, vocabularies, strict=True), start=1):
        athena.concept(number, f"Thing of {domain}", vocabulary, domain=domain)
    athena.concept(8, "Thing of NDC", "NDC")
    return athena.write(folder)


def _hpo(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "hp.obo"
    path.write_text(
        "format-version: 1.2\ndata-version: hp/releases/2031-01-16\n\n"
        "[Term]\nid: HP:0000118\nname: Phenotypic abnormality\n\n"
        "[Term]\nid: HP:9000001\nname: Green spots\nis_a: HP:0000118\n\n"
        "[Term]\nid: HP:9000002\nname: Mode of painting\n"
    )
    return path


def _loinc(folder: Path) -> Path:
    header = "LOINC_NUM CLASS STATUS CLASSTYPE LONG_COMMON_NAME DisplayName SHORTNAME CONSUMER_NAME"
    tests = [
        ("1-8", "CHEM", "ACTIVE", "1", "Spotase in Blood", "Spotase (Bld)", "Spot Bld", "Spotase"),
        ("2-6", "SKIN", "ACTIVE", "2", "Number of spots", "", "Spots", ""),
        ("3-4", "CHEM", "DEPRECATED", "1", "Deprecated spotase", "", "", ""),
        ("4-2", "SURVEY", "ACTIVE", "4", "Do you like spots", "", "", ""),
    ]
    others = ("DefinitionDescription", "RELATEDNAMES2")
    rows = [(*header.split(), *others), *((*row, "", "Blood; Random") for row in tests)]
    return _table(folder / "Loinc.csv", rows)


def _hgnc(folder: Path) -> Path:
    header = "hgnc_id symbol name locus_group alias_symbol alias_name prev_symbol prev_name"
    gene = ("HGNC:1", "SPT1", "spotase 1", "protein-coding gene", "GRN9|GRN8", "", "DOT1", "dot 1")
    codes = ("entrez_id", "omim_id", "ensembl_gene_id")
    return _table(folder / "set.tsv", [(*header.split(), *codes), (*gene, "7", "", "ENSG1")])


def _table(path: Path, rows: list[tuple[str, ...]]) -> Path:
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(rows)
    return path


CASES: Mapping[str, tuple[Callable[[Path], Path], set[str], int]] = {
    # What the recipe reads, the names that it keeps, and how many concepts it leaves out.
    "umls-level0": (_metathesaurus, {"Spotol", "Blue spots", "Striped spots"}, 4),
    "umls-clinical": (_metathesaurus, {"Green spots", "Spotol", "Blue spots", "Painting"}, 3),
    "rxnorm": (
        _rxnorm,
        {f"drug {kind}" for kind in ["IN", "PIN", "MIN", "BN", "SCD", "SBD", "GPCK", "BPCK"]},
        2,
    ),
    "snomed-us": (_snomed, {f"Thing of {tag}" for tag in _TAGS}, 2),
    # The name that the US alone accepts, and the occupation.
    "snomed-uk": (
        _snomed_uk,
        {*(f"Thing of {tag}" for tag in _TAGS[1:]), "Local thing", "Thing tablets"},
        2,
    ),
    "mesh": (_mesh, {f"Thing {letter}" for letter in "ABCDEF"}, 2),
    "omop": (
        _omop,
        {
            f"Thing of {domain}"
            for domain in ("Condition", "Drug", "Procedure", "Measurement", "Observation", "Device")
        },
        2,
    ),
    "loinc": (_loinc, {"Spotase in Blood", "Number of spots"}, 2),
    "hgnc": (_hgnc, {"SPT1"}, 0),
    "hpo": (_hpo, {"Phenotypic abnormality", "Green spots"}, 1),
    "icd10cm": (
        lambda folder: FORMS["icd10cm-tabular"].place(folder),
        {"Skin marks", "Green spots", "Blue spots"},
        0,
    ),
}


def test_every_recipe_is_here() -> None:
    assert set(CASES) == {path.stem for path in RECIPES.glob("*.toml")}


@pytest.mark.parametrize("name", sorted(CASES))
def test_memory_decides_on_the_search_of_each_recipe(name: str) -> None:
    # A kind in a recipe would go before --memory.
    assert Recipe.load(RECIPES / f"{name}.toml").index.kind == "auto"


@pytest.mark.model
@pytest.mark.parametrize("name", sorted(CASES))
def test_recipe_builds_an_index(tmp_path: Path, name: str) -> None:
    write, kept, left_out = CASES[name]
    path, out, file = write(tmp_path / "release"), tmp_path / "index", RECIPES / f"{name}.toml"
    source = Recipe.load(file).terminology.source
    result = CliRunner().invoke(
        app, ["build", source, str(path), "--recipe", str(file), "--out", str(out)]
    )
    assert result.exit_code == 0, result.stderr
    store = Index.open(out).store
    assert set(store.concept_table()["preferred_name"].to_pylist()) == kept
    manifest = Manifest.read(out)
    assert manifest.vectors.kind == "Flat"
    skipped = dict(manifest.terminology.skipped)
    assert sum(skipped.values()) == left_out, skipped


@pytest.mark.parametrize(
    ("name", "concept", "names"),
    [
        ("loinc", "1-8", ["Spotase in Blood", "Spotase (Bld)", "Spot Bld", "Spotase"]),
        ("hgnc", "HGNC:1", ["SPT1", "spotase 1", "GRN9", "GRN8", "DOT1", "dot 1"]),
    ],
)
def test_recipe_reads_the_names_of_all_columns(
    tmp_path: Path, name: str, concept: str, names: list[str]
) -> None:
    section = Recipe.load(RECIPES / f"{name}.toml").terminologies[0]
    found = read_terminology("table", CASES[name][0](tmp_path / "release"), section.options)
    rows = found.names.to_pylist()
    assert [row["name"] for row in rows if row["concept_id"] == concept] == names


@pytest.mark.parametrize("name", sorted(CASES))
def test_unknown_key_of_a_recipe_is_an_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / "recipe.toml"
    text = (RECIPES / f"{name}.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("[terminology]\n", '[terminology]\nrecursive = "yes"\n', 1))
    with pytest.raises(ConfigError, match=r"unknown key 'terminology\.recursive'; known here: "):
        Recipe.load(path)
