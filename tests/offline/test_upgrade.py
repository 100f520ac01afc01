"""Builds of several terminologies, with overlays, and what an upgrade does to these."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cases import concept, recipe, write_jsonl
from typer.testing import CliRunner, Result

from linker import Linker, build_index
from linker.cli import app
from linker.errors import ConfigError, IndexFolderError, TerminologyError
from linker.index import Index, Manifest
from linker.offline import overlay_index
from linker.steps import Silent

pytestmark = pytest.mark.model

OLD = [
    concept("X:1", "Heart failure", "Weak heart"),
    concept("X:2", "Ataxia", "Ataxia, Spastic"),
    concept("X:3", "Fever"),
    concept("X:4", "Rash"),
]
NEW = [
    concept("X:1", "Heart failure", "Weak heart", alt_ids=["X:3"]),
    concept("X:2", "Ataxia"),
]
LOCAL = (
    "concept_id,name,preferred_name\nX:1,Pump trouble,\nX:3,Temp,\nX:4,Spots,\nL:1,,Ward bug\n"
    "X:2,Wobbly,\n"
)


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def section(folder: Path, name: str, concepts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    path = write_jsonl(folder / f"{name}.jsonl", concepts)
    return {"source": "jsonl", "path": str(path), **more}


@pytest.fixture
def local(tmp_path: Path) -> Path:
    path = tmp_path / "local.csv"
    path.write_text(LOCAL)
    return path


def test_an_overlay_survives_an_upgrade(tmp_path: Path, local: Path) -> None:
    out = tmp_path / "mini"
    build_index(recipe(terminology=section(tmp_path, "old", OLD), overlay=[str(local)]), out)
    linker = Linker.load(out)
    assert [link.concept_id for link in linker.link(["temp", "spots", "ward bug"])] == [
        "X:3", "X:4", "L:1",
    ]  # fmt: skip
    local.unlink()

    upgraded = build_index(recipe(terminology=section(tmp_path, "new", NEW)), out, force=True)
    (info,) = upgraded.manifest.overlays
    assert (info.name, info.rows, info.names_added) == ("local.csv", 5, 4)
    assert info.followed == {"X:3": "X:1"}
    assert [(row.line, row.concept_id) for row in info.left_out] == [(4, "X:4")]
    linker = Linker.load(out)
    found = linker.link(["temp", "pump trouble", "wobbly", "ward bug"])
    assert [link.concept_id for link in found] == ["X:1", "X:1", "X:2", "L:1"]
    said = run("info", out).stdout
    assert "5 rows: 4 names added, 1 new concept" in said
    assert "line 4" in said
    assert "'X:4' is not a concept of the index" in said


class Meanwhile(Silent):
    """Lays an overlay over an index while a terminology is read."""

    def __init__(self, index: Path, overlay: Path) -> None:
        self._laid = index, overlay

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        if name == "reading jsonl":
            index, overlay = self._laid
            overlay_index(index, [overlay])


def test_an_overlay_laid_while_the_terminology_is_read_survives(
    tmp_path: Path, local: Path
) -> None:
    out = tmp_path / "mini"
    build_index(recipe(terminology=section(tmp_path, "old", OLD)), out)
    new = recipe(terminology=section(tmp_path, "new", NEW))
    build_index(new, out, force=True, progress=Meanwhile(out, local))
    assert laid_over(out) == [("local.csv", LOCAL.encode())]


def test_the_path_of_a_recipe_is_for_load(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"recipe is str, expected Recipe; Recipe\.load"):
        build_index("recipe.toml", tmp_path / "index")  # type: ignore[arg-type]


def test_a_broken_overlay_stops_a_build_before_it_begins(tmp_path: Path, local: Path) -> None:
    local.write_text("concept_id,nme\nX:1,a\n")
    with pytest.raises(TerminologyError, match="unknown column 'nme'"):
        build_index(
            recipe(terminology=section(tmp_path, "old", OLD), overlay=[str(local)]),
            tmp_path / "mini",
        )
    assert not (tmp_path / "mini.partial").exists()


@pytest.fixture
def overlaid(tmp_path: Path, local: Path) -> Path:
    """An index whose overlay is in its own folder alone."""
    out = tmp_path / "mini"
    build_index(recipe(terminology=section(tmp_path, "old", OLD), overlay=[str(local)]), out)
    local.unlink()
    return out


def laid_over(out: Path) -> list[tuple[str, bytes]]:
    infos = Manifest.read(out).overlays
    return [(info.name, (out / info.file).read_bytes()) for info in infos]


def cut_short(folder: Path) -> None:
    (folder / "vectors.faiss").write_bytes(b"")


def of_another_version(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["encoder"]
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format_version": 99}))


@pytest.mark.parametrize("damage", [cut_short, of_another_version])
def test_index_that_cannot_be_opened_is_rebuilt_with_its_overlays(
    damage: Callable[[Path], None], tmp_path: Path, overlaid: Path
) -> None:
    damage(overlaid)
    with pytest.raises(IndexFolderError, match="ebuild the index"):
        Index.open(overlaid)
    build_index(recipe(terminology=section(tmp_path, "new", NEW)), overlaid, force=True)
    assert laid_over(overlaid) == [("local.csv", LOCAL.encode())]
    assert Linker.load(overlaid).link(["pump trouble"])[0].concept_id == "X:1"


@pytest.mark.parametrize("left", ["concept_id,name\nX:1,Pump tr", 'concept_id,name\nX:1,"Pu', None])
def test_overlay_that_is_lost_stops_a_rebuild_unless_it_is_given_again(
    left: str | None, tmp_path: Path, overlaid: Path, local: Path
) -> None:
    copy = next(overlaid.glob("overlay-*-local.csv"))
    copy.unlink()
    if left is not None:
        copy.write_text(left)
    new = section(tmp_path, "new", NEW)
    with pytest.raises(IndexFolderError, match=r"missing or damaged: local\.csv; give these files"):
        build_index(recipe(terminology=new), overlaid, force=True)
    local.write_text(LOCAL)
    build_index(recipe(terminology=new, overlay=[str(local)]), overlaid, force=True)
    assert laid_over(overlaid) == [("local.csv", LOCAL.encode())]


def test_manifest_that_is_no_json_stops_a_rebuild_where_there_are_overlays(
    tmp_path: Path, overlaid: Path
) -> None:
    (overlaid / "manifest.json").write_text('{"format_ver')
    new = recipe(terminology=section(tmp_path, "new", NEW))
    with pytest.raises(IndexFolderError, match=r"has overlays: overlay-\w{12}-local\.csv; move"):
        build_index(new, overlaid, force=True)
    for path in overlaid.glob("overlay-*"):
        path.unlink()
    assert build_index(new, overlaid, force=True).manifest.overlays == ()


@pytest.mark.parametrize("options", [{"resume": True}, {"force": True}])
def test_build_killed_between_two_renamings_keeps_the_overlays(
    options: dict[str, bool], tmp_path: Path, overlaid: Path
) -> None:
    """The house's names went with the index that was set aside."""
    new = recipe(terminology=section(tmp_path, "new", NEW))
    finished = build_index(new, tmp_path / "other").path
    overlaid.rename(overlaid.with_name(".mini.replaced"))
    finished.rename(overlaid.with_name("mini.partial"))
    build_index(new, overlaid, **options)
    assert laid_over(overlaid) == [("local.csv", LOCAL.encode())]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["mini"]


def test_what_cannot_be_is_refused_before_the_terminology_is_read(
    tmp_path: Path, overlaid: Path
) -> None:
    unreadable = {"source": "jsonl", "path": str(tmp_path / "nothing.jsonl")}
    (tmp_path / "nothing.jsonl").touch()
    missing = recipe(terminology=unreadable)
    with pytest.raises(IndexFolderError, match="an index is there already; use --force"):
        build_index(missing, overlaid)
    (tmp_path / "new.partial").mkdir()
    (tmp_path / "new.partial" / "job.json").touch()
    with pytest.raises(IndexFolderError, match="an unfinished build is there; use --resume"):
        build_index(missing, tmp_path / "new")
    with pytest.raises(IndexFolderError, match="other: does not exist"):
        build_index(missing, tmp_path / "more", reuse=tmp_path / "other")
    with pytest.raises(ConfigError, match="Flut"):
        build_index(recipe(terminology=unreadable, index={"kind": "Flut"}), tmp_path / "more")
    with pytest.raises(TerminologyError, match="no concept found"):
        build_index(missing, tmp_path / "more")


def test_forms_are_derived_unless_the_recipe_says_no(tmp_path: Path) -> None:
    with_forms = build_index(recipe(terminology=section(tmp_path, "old", OLD)), tmp_path / "with")
    assert with_forms.manifest.counts.derived == 1
    link = Linker.load(tmp_path / "with").link(["spastic ataxia"])[0]
    assert (link.candidates[0].matched_name, link.candidates[0].score) == ("Ataxia, Spastic", 1.0)
    assert Linker.load(tmp_path / "with").concept("X:2").names == ("Ataxia", "Ataxia, Spastic")
    without = build_index(
        recipe(terminology=section(tmp_path, "old", OLD, derive_names=False)), tmp_path / "without"
    )
    assert without.manifest.counts.derived == 0
    assert without.store.name_table() == with_forms.store.name_table()


def test_the_command_line_builds_two_overlays_compares_and_shows(
    tmp_path: Path, local: Path
) -> None:
    old, new = (section(tmp_path, *case)["path"] for case in (("old", OLD), ("new", NEW)))
    other = section(tmp_path, "icd", [concept("I1", "Heart failure"), concept("I2", "Boil")])
    both = run("build", "jsonl", old, "--and", f"jsonl:{other['path']}", "--out", tmp_path / "a")
    assert (both.exit_code, "6 concepts" in both.stderr) == (0, True)
    manifest = Manifest.read(tmp_path / "a")
    assert [part.terminology for part in manifest.terminology.parts] == ["old", "icd"]
    said = run("info", tmp_path / "a").stdout
    assert "old + icd" in said
    assert "2. concepts" in said
    linker = Linker.load(tmp_path / "a", threshold=0)
    shared = linker.link(["heart failure"])[0].candidates[:2]
    assert sorted((c.concept_id, c.semantic_types) for c in shared) == [
        ("I1", ("icd",)), ("X:1", ("old",)),
    ]  # fmt: skip

    laid = run("overlay", tmp_path / "a", local, "--out", tmp_path / "b")
    assert laid.exit_code == 0
    assert "local.csv: 5 rows: 5 names added, 1 new concept" in laid.stderr
    Index.open(tmp_path / "b", verify=True)

    notes = write_jsonl(
        tmp_path / "notes.jsonl",
        [{"id": "n1", "text": "Known boil. Pump trouble since May."}, {"id": "n2"}],
    )
    shown = run(
        "diff", tmp_path / "a", tmp_path / "b", "--notes", notes, "--json", tmp_path / "d.json"
    )
    assert shown.exit_code == 0
    said = " ".join(shown.stdout.split())
    assert "n1 12-24 Pump trouble: NIL > X:1 Heart failure" in said
    data = json.loads((tmp_path / "d.json").read_text())
    assert data["counts"]["concepts_added"] == 1
    assert data["names_added"][0] == {"concept_id": "L:1", "name": "Ward bug"}
    links = data["links"]
    assert (links["same"], links["gained"], links["notes_that_cannot_be_read"]) == (1, 1, 1)
    assert links["changes"][0]["new"] == "X:1"
    assert "Pump" not in shown.stderr

    (tmp_path / "new.toml").write_text(f'[terminology]\nsource = "jsonl"\npath = "{new}"\n')
    (tmp_path / "old.toml").write_text(f'[terminology]\nsource = "jsonl"\npath = "{old}"\n')
    shown = run("diff", tmp_path / "old.toml", tmp_path / "new.toml")
    assert "X:3 Fever > X:1 Heart failure" in " ".join(shown.stdout.split())


@pytest.mark.model
def test_a_build_beside_an_index_says_which_overlays_are_not_on_it(tmp_path: Path) -> None:
    old, new = (section(tmp_path, *case)["path"] for case in (("old", OLD), ("new", NEW)))
    local, other = tmp_path / "my local.csv", tmp_path / "other.csv"
    for path in (local, other):
        path.write_text(f"concept_id,name\nX:1,{path.stem}\n")
    a, b = tmp_path / "a", tmp_path / "b"
    laid = ("--overlay", local, "--overlay", other)
    assert run("build", "jsonl", old, *laid, "--out", a).exit_code == 0
    beside = run("build", "jsonl", new, "--reuse", a, "--overlay", other, "--out", b)
    assert beside.stderr.splitlines()[-2] == (
        f"{b}: without the overlays of {a} (my local.csv); apply them with: "
        f"linker overlay {b} 'my local.csv' --skip-unknown"
    )
    again = run("build", "jsonl", new, "--reuse", a, *laid, "--force", "--out", b)
    assert "without the overlays" not in again.stderr


@pytest.mark.model
def test_a_file_that_takes_an_overlays_place_says_what_it_takes_off(tmp_path: Path) -> None:
    old, local, folder = section(tmp_path, "old", OLD)["path"], tmp_path / "l.csv", tmp_path / "a"
    local.write_text("concept_id,name\nX:1,Pump trouble\nX:1,Weak pump\n")
    assert run("build", "jsonl", old, "--overlay", local, "--out", folder).exit_code == 0
    local.write_text("concept_id,name\nX:1,Tired pump\n")
    for instead in ("; instead of the 2 rows that it had", ""):
        laid = run("overlay", folder, local)
        assert laid.exit_code == 0
        assert laid.stderr.splitlines()[0] == f"l.csv: 1 row: 1 name added{instead}"


def test_diff_shows_codes_and_the_start_of_definitions(tmp_path: Path) -> None:
    text = "A long one. " * 20
    old = {"id": "X:1", "name": "Fever", "xrefs": ["V:1"]}
    for name, row in (("a", old), ("b", old | {"definition": text, "xrefs": ["V:2"]})):
        path = write_jsonl(tmp_path / f"{name}.jsonl", [row])
        recipe = f'[terminology]\nsource = "jsonl"\npath = "{path}"\n'
        (tmp_path / f"{name}.toml").write_text(recipe)
    out = tmp_path / "d.json"
    shown = run("diff", tmp_path / "a.toml", tmp_path / "b.toml", "--json", out)
    said = " ".join(shown.stdout.split())
    assert f"definitions changed 1 X:1 Fever: none > {text[:79]}…" in said
    assert "codes added 1 X:1 Fever V 2" in said
    assert json.loads(out.read_text())["definitions_changed"][0]["new"] == text.strip()


# --- what cannot be --------------------------------------------------------------------------


def test_ids_that_clash_stop_the_build(tmp_path: Path) -> None:
    sections = [section(tmp_path, "old", OLD), section(tmp_path, "new", NEW)]
    with pytest.raises(TerminologyError, match=r"of both old and new, such as 'X:1'"):
        build_index(recipe(terminology=sections), tmp_path / "mini")
    sections[1]["prefix"] = "N:"
    assert (
        build_index(recipe(terminology=sections), tmp_path / "mini").manifest.counts.concepts == 6
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["diff", "x.jsonl", "y"], "x.jsonl: neither an index folder nor a recipe"),
        (["diff", "none", "none"], "none: does not exist"),
        (["diff", "x.jsonl", "y", "--json", "none/d.json"], "none/d.json: there is no folder none"),
        (["overlay", "none", "x.csv"], "none: does not exist"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "x.jsonl", OLD)
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    for arguments, word in (
        (["overlay", "x"], "--remove"),
        (["build", "jsonl", "x", "--and", "y", "--out", "z"], "SOURCE:PATH"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        assert word in " ".join(result.stderr.replace("│", " ").split())
    two = tmp_path / "two.toml"
    two.write_text('[[terminology]]\nsource="obo"\npath="a"\n' * 2)
    result = run("build", "--recipe", two, "--root", "A:1", "--out", tmp_path / "out")
    assert (result.exit_code, "2 terminologies" in result.stderr) == (2, True)


def test_notes_need_two_indexes(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('[terminology]\nsource = "obo"\npath = "x"\n')
    result = run("diff", tmp_path / "r.toml", tmp_path / "r.toml", "--notes", "x.jsonl")
    assert "--notes needs two index folders" in result.stderr


def test_notes_that_are_not_there_are_told_before_the_work(tmp_path: Path) -> None:
    result = run("diff", tmp_path / "a", tmp_path / "b", "--notes", tmp_path / "none.jsonl")
    assert result.stderr == f"error: {tmp_path}/none.jsonl: no such file or folder\n"


def test_an_unfinished_build_is_no_index_to_overlay(tmp_path: Path, local: Path) -> None:
    (tmp_path / "half").mkdir()
    with pytest.raises(IndexFolderError, match="not a finished index"):
        Index.open(tmp_path / "half")
