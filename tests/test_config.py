from __future__ import annotations

from pathlib import Path

import pytest

from linker import Recipe
from linker.config import parse_size, threshold_of
from linker.demo import RECIPE
from linker.errors import ConfigError

RECIPES = sorted((Path(__file__).parents[1] / "indexes").glob("*.toml"))


def write(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_recipes_of_the_project_are_valid(path: Path) -> None:
    assert Recipe.load(path).terminology.source


def test_the_demonstration_builds_the_recipe_for_hpo() -> None:
    assert Recipe.load(RECIPES[0].with_name("hpo.toml")) == RECIPE


def test_a_recipe_is_read_with_its_defaults(tmp_path: Path) -> None:
    recipe = Recipe.load(
        write(tmp_path, '[terminology]\nsource="obo"\npath="x.obo"\nroots=["A:1"]\n')
    )
    assert recipe.terminology.roots == ("A:1",)
    assert (recipe.encoder.name, recipe.index.kind, recipe.index.min_recall) == (
        "minilm-bio",
        "auto",
        0.9,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[terminology]\nsource="obo"\npath="x"\nrots=["A:1"]\n',
            "unknown key 'terminology.rots'; known here: columns, default_type, delimiter",
        ),
        ('[terminology]\nsource="obo"\n', "'terminology.path': Field required"),
        (
            "[encoders]\n",
            "unknown key 'encoders'; known here: encoder, index, overlay, terminology",
        ),
        (
            '[terminology]\nsource="obo"\npath="x"\n[index]\nmin_recall=2\n',
            "'index.min_recall': Input should be less than or equal to 1",
        ),
        (
            '[terminology]\nsource="obo"\npath="x"\n[index]\nmemory="2XB"\n',
            "'index.memory': '2XB' is not a size; expected one such as 1.5GB or 800MB",
        ),
        ("[terminology\n", "not a TOML file"),
    ],
)
def test_a_wrong_recipe_says_which_key(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        Recipe.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_missing_recipe_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        Recipe.load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "size"),
    [("1.5GB", 1_500_000_000), ("800 MiB", 838_860_800), ("2gib", 2**31), ("1000000", 1_000_000)],
)
def test_size_of_memory(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_a_recipe_of_windows_notepad_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_bytes(b'\xef\xbb\xbf[terminology]\r\nsource = "obo"\r\npath = "hp.obo"\r\n')
    assert Recipe.load(path).terminology.path == "hp.obo"


@pytest.mark.parametrize("memory", ["true", "false"])
def test_true_is_no_size_of_memory(tmp_path: Path, memory: str) -> None:
    path = write(
        tmp_path, f"[terminology]\nsource = 'obo'\npath = 'x'\n[index]\nmemory = {memory}\n"
    )
    with pytest.raises(ConfigError, match=rf"'index\.memory': .*{memory} is not a size"):
        Recipe.load(path)


@pytest.mark.parametrize("text", ["", "much", "1.5 TB", "-1GB", "GB"])
def test_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size; expected one such as 1\.5GB or 800MB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("value", "threshold"),
    [(0, 0.0), ("0.25", 0.25), (1.0, 1.0), ("high_precision", 0.7), ("balanced", 0.35)],
)
def test_a_threshold_is_a_number_or_a_name(value: float | str, threshold: float) -> None:
    assert threshold_of(value) == threshold


@pytest.mark.parametrize("value", [-0.1, 1.5, "nan", "best", "", True, False])
def test_other_thresholds_are_refused(value: float | str) -> None:
    with pytest.raises(ValueError, match=r"give a probability in .* or high_precision, balanced"):
        threshold_of(value)
