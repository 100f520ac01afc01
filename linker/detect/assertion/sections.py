"""A note cut into sentences, each with what the header of its section says of it.

Section headers are triggers whose scope is the section: what stands under "Family history" is the
family's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from linker.detect.assertion.stretches import Stretches
from linker.detect.assertion.templates import EMPTY_BEHIND, EMPTY_BOX, TICKED_BOX
from linker.detect.assertion.triggers import MENTION, MENTION_GOES_ON, TOKEN, PhraseBook, fold
from linker.detect.sentences import ends_sentence, hard_breaks
from linker.schema import ASSERTIONS

_HEADER = re.compile(
    r"[ \t*#_>•-]{0,8}(?:\d{1,2}[.)][ \t]*)?(?P<name>[A-Za-z][A-Za-z /&,'’().-]{0,60}?)"
    # Blanks belong to one part of this alone: what may share them out tries every way to do it.
    r"(?<! )[ \t]*(?:[*_]{1,3}[ \t]*)?(?P<end>:[*_]{0,3}|(?=\n)|(?=\Z)| [-–—](?= ))"
)
_COLON = re.compile(":")
_LONGEST_HEADER = 100
"""More characters than a header takes, with what stands around it, up to its colon."""
_FIRST_WORDS = re.compile(r"[^\n.;]{0,40}")
"""What stands behind a header and may say that there is none of it."""
_NOTHING = re.compile(
    r"\s{0,4}(?:none(?:[ ](?:known|reported))?|(?:nil|none|nothing)[ ]of[ ]note|nil|negative"
    r"|non-?contributory|unremarkable|unknown|n/a|nkda|nka)[ \t.]*(?:\n|\Z)",
    re.IGNORECASE,
)
"""What makes a section empty: "Family history: Noncontributory." What stands below is not of it."""
_LONGEST_WORD = 32
"""Words before a full stop are looked at so far back: what is longer is no abbreviation."""
_SPLITTERS = frozenset(f";•·●▪‣|{EMPTY_BOX}{TICKED_BOX}{EMPTY_BEHIND}")
_MARKS = rf"\n.!?{''.join(_SPLITTERS)}"
_PIECE = re.compile(
    rf"{MENTION}{MENTION_GOES_ON}*|[{_MARKS}]|[^\s_{_MARKS}{MENTION}][^{_MARKS}{MENTION}]*"
)
"""A mention, a mark that may end a sentence, or all that stands before the next of these."""


@dataclass(slots=True)
class Sentence:
    """A sentence.

    Attributes:
        section: the attributes of what stands in its section.
        pieces: its mentions, each as one mark, and what stands between them.
        starts: where each piece begins in the text.
    """

    section: tuple[int, ...]
    pieces: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def add(self, piece: str, start: int) -> None:
        self.pieces.append(piece)
        self.starts.append(start)

    def end(self, stretches: Stretches) -> int:
        """Where the sentence ends in the text, before the full stop."""
        end = self.starts[-1] + len(self.pieces[-1])
        if self.pieces[-1] == MENTION:
            while stretches.masked.startswith(MENTION_GOES_ON, end):
                end += 1
        return end

    def holds_open(self, stretches: Stretches) -> bool:
        return bool(stretches.open and self.pieces) and stretches.has_open(
            self.starts[0], self.starts[-1] + len(self.pieces[-1])
        )

    def tokens(self, stretches: Stretches) -> tuple[list[str], dict[int, int]]:
        """Its words and marks as phrases have them, and which of them are of which stretch."""
        if not self.holds_open(stretches):
            tokens = [*map(fold, chain.from_iterable(map(TOKEN.findall, self.pieces)))]
            homes: dict[int, int] = {}
            at = -1
            for start, piece in zip(self.starts, self.pieces, strict=True):
                if piece == MENTION:
                    at = tokens.index(MENTION, at + 1)
                    homes[at] = stretches.at[start]
            return tokens, homes
        tokens, homes = [], {}
        for piece, start in zip(self.pieces, self.starts, strict=True):
            if piece == MENTION:
                homes[len(tokens)] = stretches.at[start]
                tokens.append(piece)
            elif not stretches.has_open(start, start + len(piece)):
                tokens += map(fold, TOKEN.findall(piece))
            else:
                for match in TOKEN.finditer(piece):
                    home = stretches.at.get(start + match.start())
                    if home is not None:
                        homes[len(tokens)] = home
                    tokens.append(fold(match.group()))
        return tokens, homes


def sentences_of(stretches: Stretches, book: PhraseBook) -> Iterator[Sentence]:
    """The sentences of a note, headers left out, each with what its section says.

    Of a line without a mention from some place on they are left out.
    """
    text, masked = stretches.plain, stretches.masked
    hard = hard_breaks(text)
    line_ends = sorted(hard)
    colons = (colon.start() for colon in _COLON.finditer(masked))
    stops = sorted((*stretches.at, *colons, len(masked) + 1))
    reached = 0
    section: tuple[int, ...] = ()
    line_start, after_blank = True, True
    sentence: Sentence | None = None
    before = ""
    while match := _PIECE.search(masked, reached):
        at, reached = match.span()
        piece = match.group()
        if piece == "\n":
            if at in hard:
                if sentence is not None:
                    yield sentence
                after_blank = sentence is None and line_start
                sentence, line_start, before = None, True, ""
            continue
        if sentence is None:
            header = _header(masked, at, book, line_start=line_start, after_blank=after_blank)
            line_start = after_blank = False
            if header is not None:
                section, reached = header
                if _NOTHING.match(masked, reached):
                    section = ()
                before = ""
                if stretches.has_open(at, reached):
                    # "Allergies: none": the header itself is what there is none of.
                    own = Sentence(())
                    own.add(masked[at:reached], at)
                    # Outside of the text: what stands there is judged in its own sentence.
                    own.add(_FIRST_WORDS.findall(masked, reached)[0], len(masked) + 1)
                    yield own
                continue
            line_end = line_ends[bisect_left(line_ends, at)]
            if stops[bisect_left(stops, at)] > line_end:
                # Neither a mention nor another header.
                reached, before = line_end, ""
                continue
            sentence = Sentence(section)
        if piece[0] == MENTION:
            sentence.add(MENTION, at)
            before = ""
            continue
        # Most pieces are longer than a mark: these are not looked for among the marks.
        if reached - at == 1 and (
            piece in _SPLITTERS or (piece in ".!?" and ends_sentence(text, at, _last_word(before)))
        ):
            if piece in ("?", EMPTY_BEHIND):
                sentence.add(piece, at)
            yield sentence
            sentence = None
            before = ""
            if piece == EMPTY_BOX:
                sentence = Sentence(section)
                sentence.add(piece, at)
            continue
        sentence.add(piece, at)
        before = piece
    if sentence is not None:
        yield sentence


def _header(
    masked: str, at: int, book: PhraseBook, *, line_start: bool, after_blank: bool
) -> tuple[tuple[int, ...], int] | None:
    """The attributes of the section that begins here, and where its header ends; or None."""
    if not line_start and ":" not in masked[at : at + _LONGEST_HEADER]:
        return None
    begin = at
    while line_start and begin > 0 and masked[begin - 1] in " \t":
        begin -= 1
    match = _HEADER.match(masked, begin)
    if match is None:
        return None
    name, end = match["name"].strip(" .*_"), match["end"]
    known = book.headers.get(" ".join(name.lower().replace("’", "'").split()))
    if known is None and "(" in name:
        known = book.headers.get(" ".join(name[: name.index("(")].lower().split()))
    if known is not None and (end[:1] == ":" or line_start):
        return known, match.end()
    if line_start and end[:1] == ":" and name.isupper() and (after_blank or " " in name):
        # A header that we do not know still ends the section before; "MOTHER:" is none.
        return None if _is_of_the_family(name, book) else ((), match.end())
    return None


def _is_of_the_family(name: str, book: PhraseBook) -> bool:
    """Whether some words are, all of them, a relative: "MOTHER", "PATERNAL GREAT AUNT"."""
    tokens = [*map(fold, TOKEN.findall(name.replace("-", " ").replace("GREAT ", "")))]
    end, effects = book.find(tokens).get(0, (0, []))
    family = ASSERTIONS.index("family")
    return end == len(tokens) and any(
        effect.forward and family in effect.attributes for effect in effects
    )


def _last_word(piece: str) -> str:
    """The last word or mark of a piece of text (of a long word its end); "" if it has none."""
    end = piece[-_LONGEST_WORD:]
    # What stands behind the last blank is enough, most of the time.
    tokens = TOKEN.findall(end[end.rstrip(" ").rfind(" ") + 1 :]) or TOKEN.findall(piece)
    return fold(tokens[-1]) if tokens else ""
