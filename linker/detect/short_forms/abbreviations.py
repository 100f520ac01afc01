"""Mentions that are short forms get their long forms: the note's own first, then clinical usage."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Sequence
from dataclasses import replace

from linker.detect.gaps import GAP
from linker.detect.sentences import plain_text
from linker.detect.short_forms.bracketed import bracketed
from linker.detect.short_forms.definitions import ShortForm, defined_in, parenthesised
from linker.detect.short_forms.restated import restated
from linker.detect.short_forms.shorthand import stands_for
from linker.schema import Mention
from linker.text import normalise

_CAUSE = re.compile(r"(?:induced|associated|related)\s+\Z", re.IGNORECASE)
# Laboratory animals get the disease by being immunised: letters for it name the experiment.
_MODEL = re.compile(
    r"(?:adjuvant|antigen|carrageenan|collagen|ovalbumin|peptidoglycan|pristane|proteoglycan|zymosan)"
    rf"{GAP}induced\s+\Z",
    re.IGNORECASE,
)
_NEAR = 8
"""Mentions before the end of a long form that may reach it, where mentions overlap."""


def expand(
    text: str,
    mentions: Sequence[Mention],
    *,
    drop_undetected: bool = False,
    local: Container[str] = (),
) -> list[Mention]:
    """Give mentions that are short forms their long forms, and add those that were missed.

    A definition in the note comes first. Other short forms are looked up in the table of clinical
    abbreviations, unless the note puts them in parentheses. Then the note defines them, by the
    mention before the bracket or in a way that is not understood here ("myotonic dystrophy (DM)" is
    not diabetes mellitus).

    Args:
        text: the note.
        mentions: of this text, in the order of their starts; they may overlap.
        local: normal forms of names that overlays give (`Store.local_names`): the table of clinical
            abbreviations is not used for these.
        drop_undetected: leave out short forms that the note defines by a long form in whose head
            the detector found no mention: "galactose-1-phosphate uridyltransferase (GALT)" names
            no disease, whatever the index means by "GALT". For mentions that a detector found; not
            for those of an annotator.

    Returns:
        The mentions in the same order. An occurrence of a short form that the note defines, and
        that no mention touches, becomes a mention.
    """
    # Full-width brackets define too. Short forms that were missed are the note's own characters.
    own, text = text, plain_text(text)
    short_forms = defined_in(text)
    meant = {
        (short.start, short.end): _meant_by(text, short, mentions, trust=not drop_undetected)
        for short in short_forms
    }
    in_parentheses = parenthesised(text)
    by_bracket = bracketed(text, mentions)
    expanded = []
    for mention in mentions:
        span = (mention.start, mention.end)
        bracket = by_bracket.get(mention.text)
        long_form = meant.get(span, mention.long_form)
        if long_form is not None and _is_longer(bracket, long_form, mention):
            long_form = bracket
        if long_form is None:
            if span in meant:
                continue
            if mention.text not in in_parentheses and not (
                local and normalise(mention.text) in local
            ):
                long_form = stands_for(text, *span) or None
        if long_form is None:
            long_form = bracket
        if long_form is None and short_forms:
            phrase = restated(text, *span, short_forms)
            long_form = None if phrase is None else phrase.text
        same = long_form == mention.long_form
        expanded.append(mention if same else replace(mention, long_form=long_form))
    added = []
    i, reached = 0, 0
    for short in short_forms:
        while i < len(mentions) and mentions[i].start < short.end:
            reached = max(reached, mentions[i].end)
            i += 1
        long_form = meant[short.start, short.end]
        if long_form is not None and reached <= short.start:
            added.append(
                Mention(short.start, short.end, own[short.start : short.end], long_form=long_form)
            )
    return sorted([*expanded, *added], key=lambda mention: (mention.start, -mention.end))


def _meant_by(
    text: str, short: ShortForm, mentions: Sequence[Mention], *, trust: bool
) -> str | None:
    """What to look a short form up by; None where its long form has no mention for a head.

    "contrast-induced nephropathy (CIN)" is looked up as nephropathy: what induced it is no part of
    a name. "collagen-induced arthritis (CIA)" is an experiment.
    """
    before = bisect_left(mentions, short.long_end, key=lambda mention: mention.start)
    near = mentions[max(0, before - _NEAR) : before]
    # A long form may end one mark before its mention does: "the seizures' (SZ)".
    heads = [m for m in near if short.long_end <= m.end <= short.long_end + 1 and not m.proposed]
    if not heads:
        return short.long_form if trust else None
    head = min(heads, key=lambda mention: mention.start)
    cause = text[short.long_start : max(head.start, short.long_start)]
    if _MODEL.search(cause):
        return None
    return head.query if _CAUSE.search(cause) else short.long_form


def _is_longer(bracketed: str | None, long_form: str, short: Mention) -> bool:
    """Whether the mention before the bracket holds the long form and one more initial.

    The search for letters takes the shortest phrase that has them: "adenomatous polyposis coli" for
    the AAPC of "attenuated adenomatous polyposis coli (AAPC)".
    """
    return (
        bracketed is not None
        and long_form.lower() in bracketed.lower()
        and bracketed[0].lower() == short.text[0].lower()
    )
