"""What the pages that we write share: one template environment, one palette, text made showable.

A page is one file that loads nothing: its content security policy admits its own style and script
by their hash, and no request.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

# A browser shows NUL and lone surrogates as it likes, and UTF-8 cannot hold the latter.
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")

PALETTE = Markup("""
:root {
  color-scheme: light dark;
  --paper: #fcfbf9; --raised: #ffffff; --ink: #1e1d1b; --soft: #625e57; --faint: #756f65;
  --rule: #e4e0d8; --accent: #0d5c63; --tint: #e6f0ef; --tint-strong: #c4dedd;
  --brick: #a03a2b; --strike: rgb(160 58 43 / 0.75); --ochre: #7d5b10; --track: #eae6de;
  --serif: Charter, "Bitstream Charter", "Sitka Text", Cambria, "Noto Serif",
    "Liberation Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
    "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas,
    "Liberation Mono", "DejaVu Sans Mono", monospace;
  --bar: 3.25rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171716; --raised: #201f1e; --ink: #e9e6df; --soft: #aaa498; --faint: #8f8980;
    --rule: #33312e; --accent: #85c9c8; --tint: #1d3031; --tint-strong: #2b4c4d;
    --brick: #ec9a88; --strike: rgb(236 154 136 / 0.7); --ochre: #d9b76a; --track: #34322f;
  }
}
""")
"""Colours, by day and by night, and type faces, as variables: the beginning of a page's style."""


def shown(value: Any) -> Any:
    """Replace in every string what cannot be shown; on the way out, once, so that none escapes."""
    if isinstance(value, str):
        return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, Mapping):
        return {shown(key): shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    return value


@lru_cache
def template(path: Path) -> Template:
    """The template of a page. It knows `palette`, and the filter `sha256` for its policy."""
    env = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters["sha256"] = _sha256
    env.globals["palette"] = PALETTE
    # As given: a dict's order is the order of display, and text stays readable in the source.
    env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return env.from_string(path.read_text("utf-8"))


def _sha256(text: str) -> str:
    """The hash by which a content security policy admits an inline script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
