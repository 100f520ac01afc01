"""Invented classes in the XML in which the WHO and BfArM release classifications."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ClaML SYSTEM "ClaML.dtd">
<ClaML version="2.0.0">
"""


def rubric(kind: str, *labels: str, raw: bool = False) -> str:
    """A <Rubric>; labels in German begin with "de:". `raw` ones are XML already."""
    made = ""
    for label in labels:
        language, text = ("de", label[3:]) if label.startswith("de:") else ("en", label)
        made += (
            f'      <Label xml:lang="{language}" xml:space="default">'
            f"{text if raw else escape(text)}</Label>\n"
        )
    return f'    <Rubric id="D0" kind="{kind}">\n{made}    </Rubric>\n'


def claml_class(
    code: str,
    title: str | Iterable[str],
    *rubrics: str,
    kind: str = "category",
    above: str = "",
    more: str = "",
    usage: str = "",
) -> str:
    """A <Class>; `more` is what stands before its rubrics (<ModifiedBy/>)."""
    attribute = f" usage={quoteattr(usage)}" if usage else ""
    titles = [title] if isinstance(title, str) else list(title)
    return (
        f"  <Class code={quoteattr(code)} kind={quoteattr(kind)}{attribute}>\n"
        + (f"    <SuperClass code={quoteattr(above)}/>\n" if above else "")
        + (f"    {more}\n" if more else "")
        + rubric("preferred", *titles)
        + "".join(rubrics)
        + "  </Class>\n"
    )


def modifier(name: str, classes: dict[str, tuple[str, ...]], meta: str = "") -> str:
    """A <Modifier> and its classes: by code the title and the inclusions of each."""
    made = f'  <Modifier code="{name}">\n'
    made += "".join(f'    <SubClass code="{code}"/>\n' for code in classes) + "  </Modifier>\n"
    for code, (title, *inclusions) in classes.items():
        made += (
            f'  <ModifierClass code="{code}" modifier="{name}">\n{meta}'
            f'    <SuperClass code="{name}"/>\n{rubric("preferred", title)}'
            + "".join(rubric("inclusion", term) for term in inclusions)
            + "  </ModifierClass>\n"
        )
    return made


def document(*parts: str, head: str = "") -> str:
    """A whole file."""
    head = head or (
        '  <Meta name="copyright" value="Invented centre, free for all"/>\n'
        '  <Identifier authority="INV" uid="inv"/>\n'
        '  <Title date="2031-02-03" name="INV-10" version="2031">Invented diseases</Title>\n'
        '  <ClassKinds><ClassKind name="category"/><ClassKind name="chapter"/></ClassKinds>\n'
        '  <RubricKinds><RubricKind inherited="false" name="preferred"/></RubricKinds>\n'
    )
    return f"{HEAD}{head}{''.join(parts)}</ClaML>\n"
