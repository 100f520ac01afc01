"""Text without HTML, in which MedlinePlus and Orphanet write definitions."""

from __future__ import annotations

import re

ENTITIES = {
    # First, for what was escaped twice.
    "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#39;": "'",
    "&nbsp;": " ", "&#160;": " ", "&rsquo;": "\u2019", "&#8217;": "\u2019", "&deg;": "°",
    "&le;": "\u2264", "&ge;": "\u2265", "&ndash;": "\u2013", "&mdash;": "\u2014",
}  # fmt: skip
"""Characters by what HTML writes for them."""
# By their names, and whole: "<15 min" and "a<b and c>d" stay as they are.
_ATTRIBUTES = r"""(?:\s+[a-zA-Z:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s<>]+))*\s*"""
TAGS = (
    (rf"</?(?:p|br|ul|ol|li|div|h[1-6]){_ATTRIBUTES}/?>", " "),
    (rf"</?(?:a|b|i|u|em|strong|sup|sub|span|font){_ATTRIBUTES}/?>", ""),
)
"""Tags in any case, and what stands in their place: they part words, or are within one."""


def plain_text(text: str) -> str:
    """A text without tags and entities, with single spaces."""
    for entity, character in ENTITIES.items():
        text = text.replace(entity, character)
    for tag, instead in TAGS:
        text = re.sub(tag, instead, text, flags=re.IGNORECASE)
    return " ".join(text.split())
