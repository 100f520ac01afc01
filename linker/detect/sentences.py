"""Where the sentences of a clinical note end.

Notes break lines for two reasons: a list has a next item, or the line is full. The first ends a
sentence and the second does not, and a sentence splitter made for prose tells them apart badly.
"""

from __future__ import annotations

import re

from linker.detect.kept import kept_of_note
from linker.text import readable

_BULLET = re.compile(r"[ \t]*(?:[-*+•·●▪‣◦>#]|\(?(?:\d{1,3}|[A-Za-z])[.)](?=\s))")
_LABEL = re.compile(r"[ \t*_]*[A-Za-z][\w /&,()'’-]{0,40}:(?!\d)")
_ENDS_OPEN = re.compile(
    r"(?:[,(/&]|(?<![^\W_])(?:and|or|nor|of|the|a|an|no|not|with|without|for|in|on|at|to|from|by|as|her|his"
    r"|their|any|is|was|were|are|be|has|have|had|denies|denied|who|that|which|if|vs|due|including"
    r"|possible|likely|history|risk))[ \t]*\Z",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"(?:[:=?|]|[ \t][-–—]|\t|(?<![\s.!?;]) {2})[ \t]*"
    r"(?:no|not|denies|denied|has|is|was|have|are|were)[ \t]*\Z",
    re.IGNORECASE,
)
"""The answer to what stands before it, of which the line below has its own."""
_ITEM = re.compile(
    r"(?P<label>[^.:;,]{2,40}?)[ \t]+(?:yes|no|none|denies|denied)[ \t]*(?:[,;(].*)?\Z",
    re.IGNORECASE,
)
"""A line of a form: "Headache no". What makes it one is that its neighbour is one too."""
_PROSE = re.compile(
    r"\s*(?:The|This|That|These|He|She|They|We|I|It|There|His|Her|My|Patient|Pt|Mr|Mrs|Ms|Miss|Mother"
    r"|Father|Mom|Dad)\b"
)
"""What begins a line that is no item of a list, however short."""
_SPEAKER = re.compile(r" ?\[[^\W\d_]+\] ")
_NARROW, _WIDE = 50, 140  # Characters: text files are wrapped at 60 to 132 columns.
_MOST_MARKS = 4
_CLOSING = "\"'”’)]*_"
_HL7_BREAK = re.compile(r"\\(?:\.br|X0D|X0A|X0D0A)\\", re.IGNORECASE)
"""HL7 v2.5.1, chapter 2, section 2.7; exports of messages leave it in the text."""
_ODD_BLANK = re.compile(r"[^\S \t\n\r\v\f\x1c-\x1f\x85\u2028\u2029]")
# fmt: off
_NEVER_ENDS = frozenset((
    "dr", "mr", "mrs", "ms", "prof", "vs", "st", "sr", "jr", "eg", "ie", "viz", "cf",
))
_SELDOM_ENDS = frozenset((
    "pt", "pts", "hx", "dx", "tx", "rx", "sx", "fx", "approx", "temp", "resp", "hosp", "dept",
    "fig", "inc", "no", "neg", "pos", "poss", "prob", "susp", "bilat", "min", "max", "wk", "wks",
    "yr", "yrs", "mo", "mos", "hr", "hrs", "wt", "ht", "abd", "ext", "dob", "tel", "est", "etc",
    "al", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec", "mg",
    "ml", "cm", "mm", "kg", "lb",
))
# fmt: on


def plain_newlines(text: str) -> str:
    r"""Write every line break as a line feed, one character for one: CR LF as a space and LF.

    So is that of an HL7 v2 message, `\.br\`, behind blanks in the place of its other characters.
    Blanks of typesetters and web pages, such as no-break spaces, become spaces.
    """
    if not text.isascii():
        text = _ODD_BLANK.sub(" ", text)
    text = text.replace("\r\n", " \n")
    for mark in "\r\v\f\x85\u2028\u2029":
        text = text.replace(mark, "\n")
    if "\\" in text:
        text = _HL7_BREAK.sub(lambda found: "\n".rjust(len(found[0])), text)
    return text


def plain_text(text: str) -> str:
    """A text as detectors read it: `readable`, and with plain newlines, character for character."""
    # In this order: to what is readable, a form feed is no line end but a blank.
    return readable(plain_newlines(text))


@kept_of_note
def hard_breaks(text: str) -> frozenset[int]:
    """The offsets of the newlines that end a sentence; at the others a full line goes on.

    Args:
        text: with plain newlines.
    """
    hard: set[int] = set()
    start = 0
    # Lines between two blank ones: where each ends, and what it holds.
    block: list[tuple[int, str]] = []
    for line in text.split("\n"):
        end = start + len(line)
        start = end + 1
        if line and not line.isspace():
            block.append((end, line.rstrip()))
        else:
            hard.add(end)
            hard |= _breaks_in(block)
            block = []
    return frozenset(hard | _breaks_in(block))


def _breaks_in(block: list[tuple[int, str]]) -> set[int]:
    width = max((len(line) for _, line in block), default=0)
    lines = ["", *(line for _, line in block)]
    hard = {
        end
        for (end, line), (_, after), before in zip(block, block[1:], lines, strict=False)
        if not _goes_on(line, after, before, width)
    }
    if block:
        hard.add(block[-1][0])
    return hard


def _goes_on(line: str, after: str, before: str, width: int) -> bool:
    if line[-1] in "!?;:" or _BULLET.match(after) or _LABEL.match(after):
        return False
    first_word = after.split(maxsplit=1)[0]
    lower = after.lstrip()[:1].islower()
    # Whether the next word would not have fitted.
    full = _NARROW <= width <= _WIDE and len(line) + 1 + len(first_word) > width - (
        12 if lower else 0
    )
    if line[-1] == ".":
        return full and lower  # "q.6h. p.r.n." ends no sentence, as `ends_sentence` says.
    if _ENDS_OPEN.search(line[-16:]):
        if _ANSWERED.search(line[-24:]):
            return full and lower
        return not (_is_item(line) and (_is_item(before) or _is_item(after)))
    return full or (lower and (len(line) > 40 or _PROSE.match(line) is not None))


def _is_item(line: str) -> bool:
    match = _ITEM.match(line)
    return match is not None and _ENDS_OPEN.search(match["label"]) is None


def ends_sentence(text: str, dot: int, word: str) -> bool:
    """Whether the full stop, question or exclamation mark at `dot` ends a sentence.

    Args:
        text: the note.
        dot: the mark's offset.
        word: the word just before it, in lower case, or "".
    """
    end = dot + 1
    if end < len(text) and text[end] in _CLOSING:
        end += 1
    rest = text[end : end + 8]
    if rest and not rest[0].isspace():
        # "2.5" and "b.i.d." go on; "fever.He" lacks its space.
        return end == dot + 1 and len(word) > 2 and rest[0].isupper() and rest[1:2].islower()
    if text[dot] != ".":
        # Marks that stand apart belong to what follows: "? pneumonia", "?? PE".
        before = text[max(0, dot - _MOST_MARKS) : dot].rstrip("?")[-1:]
        # Or to what was asked, as transcripts have them: "[doctor] any fever ? [patient] no .".
        apart = before == "" or before.isspace()
        return text[dot] == "!" or not apart or _SPEAKER.match(text, end) is not None
    after = rest.lstrip()[:1]
    if word in _NEVER_ENDS:
        return False
    if word in _SELDOM_ENDS or (len(word) == 1 and dot > 1 and text[dot - 2] == "."):
        return not after.islower() and not after.isdigit()
    return True
