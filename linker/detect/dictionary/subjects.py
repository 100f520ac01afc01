"""What a sentence that may say a name in other words is about: "the toes were absent".

Only what it says of its own first words is a finding of theirs.
"""

from __future__ import annotations

import re
from functools import lru_cache

from linker.detect.dictionary.word_groups import word_file

_LONGEST_BEFORE = 24
"""Code points before a sentence in which what it is of is looked for."""


def is_of_its_subject(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, with a verb in it, is a sentence about its first words.

    "The mass in the liver was small" says nothing of the liver's size, "values were in the low
    200s" not that they were low, nor "papules are cutaneous signs" that papules are cutaneous, or
    "cancer is the second" that there are two.
    """
    of_another, _, placed, goes_on = _patterns()
    return not (
        placed.search(text, start, end)
        or goes_on.match(text, end)
        or of_another.search(text, max(0, start - _LONGEST_BEFORE), start)
    )


def subject_of(text: str, start: int, end: int) -> str:
    """What stands before the verb of the sentence `text[start:end]`."""
    verb = _patterns()[1].search(text, start, end)
    return text[start : verb.start() if verb else end]


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Of sentences: what stands before others, a verb, what goes on behind it, and behind them."""
    file = word_file()
    verbs, of_another, determiners, followed_by = map(
        "|".join, (file.verbs, file.of_another, file.determiners, file.followed_by)
    )
    return (
        re.compile(
            rf"(?<!\bside )(?<!\bsides )(?<!\w)(?:{of_another})\s(?:(?:{determiners})\s)*\Z",
            re.IGNORECASE,
        ),
        re.compile(rf"\s(?:{verbs})\b", re.IGNORECASE),
        re.compile(rf"\b(?:{verbs})\b.*\s(?:{of_another}|an?|the)\s", re.IGNORECASE | re.DOTALL),
        re.compile(rf"(?:-|[ \t]+)(?!(?:{followed_by}|\w+ly)\b)[^\W\d_]", re.IGNORECASE),
    )
