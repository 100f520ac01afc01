"""Examples in Markdown: each Python block runs, and prints what the block below it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
IS_BUILT = (ROOT / "indexes/hpo/manifest.json").is_file()

_EXAMPLE = re.compile(r"```python\n(.*?)```(?:\n+```\n(.*?)```)?", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"^```(\w*)\n.*?^```", re.DOTALL | re.MULTILINE)


def examples(page: str) -> list[tuple[str, str]]:
    """The Python blocks of a page, each with what it is said to print."""
    return _EXAMPLE.findall(page)


def run_examples(page: str, name: str) -> int:
    """Run the Python blocks of a page in one namespace, as they stand; how many there were."""
    names: dict[str, object] = {"__name__": name}
    found = examples(page)
    for code, expected in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, name, "exec", dont_inherit=True), names)
        assert printed.getvalue() == expected
    return len(found)


def links(page: str) -> list[str]:
    """The places in the checkout that a page links to, relative to it."""
    return _LINK.findall(page)


def languages(page: str) -> set[str]:
    """What the page's blocks are said to be in; "" for those that say nothing: output."""
    return set(_BLOCK.findall(page))
