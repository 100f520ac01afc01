"""What the pages that we write share: one template environment, and text made showable.

Their head, palette, basic style and script are in `parts.html`.

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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template

PARTS = Path(__file__).with_name("parts.html")

# A browser shows NUL and lone surrogates as it likes, and UTF-8 cannot hold the latter.
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


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
    """The template of a page. It may import `parts.html`, and knows the filter `sha256`."""
    # Only who writes a page loads it, and not each process that annotates.
    from jinja2 import DictLoader, Environment, StrictUndefined

    env = Environment(
        loader=DictLoader({PARTS.name: PARTS.read_text("utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["sha256"] = _sha256
    # As given: a dict's order is the order of display, and text stays readable in the source.
    env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return env.from_string(path.read_text("utf-8"))


def _sha256(text: str) -> str:
    """The hash by which a content security policy admits an inline script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
