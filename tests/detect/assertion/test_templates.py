"""Forms filled in: their marks written one way, and their items told apart."""

from __future__ import annotations

import pytest

from linker.detect.assertion.templates import items, plain_marks
from linker.detect.assertion.triggers import MENTION


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[ ] a [x] b", "☐   a ☒   b"),
        ("[] a [X] b", "☐  a ☒   b"),
        ("[\t] a [✓] b [✔] c", "☐   a ☒   b ☒   c"),
        ("( ) a (x) b (X) c", "☐   a ☒   b ☒   c"),
        ("(\t) a (x) b", "☐   a ☒   b"),
        ("☐ a ☑ b ☒ c", "☐ a ☒ b ☒ c"),
        ("□ a ✓ b ✔ c", "☐ a ☒ b ☒ c"),
        # All ticked, or all empty: nobody filled it in.
        ("[ ] a [] b ( ) c", None),
        ("[x] a (x) b", None),
        # Of a choice the answer alone is left, whatever ends it.
        ("a: [ ] Yes [X] No", "a:             No"),
        ("a: [X] Yes [ ] No", "a:     Yes       "),
        ("a: [ ] Yes, [X] No\nb: [ ] no\n", "a:        ,     No\nb:       \n"),
        ("[x] yes/[ ] no", "    yes/      "),
        ("[ ] no fever [x] cough", "☐   no fever ☒   cough"),
        # Boxes behind what they are of: every line that has one ends with one.
        ("a\nb [ ]\nc [x]", "a\nb ⊟  \nc ☒  "),
        ("a [ ]\nb [x] \t", "a ⊟  \nb ☒   \t"),
        ("a [ ]\n[x] b", "a ☐  \n☒   b"),
        ("• [ ] a [x]", "• ☐   a ☒  "),
        ("a: Yes [ ] No [x]", "a:         No    "),
    ],
)
def test_boxes(text: str, plain: str | None) -> None:
    assert plain_marks(text) == (text if plain is None else plain)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("| a | No |\n| b | yes\n| c | Denied", "| a : No |\n| b : yes\n| c : Denied"),
        ("| a | Nodule |", None),
        ("a? No. b? Yes, c? n; d? Y\ne? none", "a: No. b: Yes, c: n; d: Y\ne: none"),
        ("a? No b c d? Yes", "a: No b c d: Yes"),
        (f"a? No {'b' * 40}?", f"a: No {'b' * 40}?"),
        (f"a? No {'b' * 41}?", None),
        ("a? No doubt", None),
        ("? no", None),
    ],
)
def test_answers_in_tables_and_behind_question_marks(text: str, plain: str | None) -> None:
    assert plain_marks(text) == (text if plain is None else plain)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1) a 2) b", "1) a ;  b"),
        ("  1) a 2) b", "  1) a ;  b"),
        ("Has 1) a 2) b", "Has ;  a ;  b"),
        ("(1) a (2) b", "(1) a ;   b"),
        ("#1 a #2. b #3) c", "#1 a ;   b ;   c"),
        ("1) a #1 b 2) c #2 d", "1) a ;  b ;  c ;  d"),
        ("1) a\n2) b\n1) c 2) d", "1) a\n2) b\n1) c ;  d"),
        ("1) a (old) 2) b", "1) a (old) ;  b"),
        ("a (as (1) b", "a (as ;   b"),
        # No second one without a first, and none that closes a bracket.
        ("a 2) b", None),
        ("a 10) b #10 c", None),
        ("1) a 3) b", None),
        ("a (class 1) b", None),
        ("x1) a", None),
        ("1)a", None),
        (
            " ".join(f"{n}) a" for n in range(1, 12)),
            "1) a " + " ".join(f"{';'.ljust(len(str(n)) + 1)} a" for n in range(2, 12)),
        ),
    ],
)
def test_numbers_of_items(text: str, plain: str | None) -> None:
    assert plain_marks(text) == (text if plain is None else plain)


def of_items(text: str, *rule_words: int) -> list[str]:
    """The items of a sentence in which M is a mention, and so are some words of rules."""
    tokens = [MENTION if word == "M" else word for word in text.split()]
    mentions = {at for at, token in enumerate(tokens) if token == MENTION}.union(rule_words)
    found = [*items(tokens, mentions)]
    assert [at for edges in found for at in range(*edges)] == [*range(len(tokens))]
    return [" ".join(text.split()[first:end]) for first, end in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("M : no M : yes", ["M : no", "M : yes"]),
        ("M - no M = yes M ? no", ["M - no", "M = yes", "M ? no"]),
        ("M no , M yes", ["M no", ", M yes"]),
        ("M no ; M no . M no | M no ( M", ["M no", "; M no", ". M no", "| M no", "( M"]),
        # An answer before more words of its item is none.
        ("M : no M", ["M : no M"]),
        ("M no M yes", ["M no M yes"]),
        ("M no M y", ["M no M y"]),
        ("no , M :", ["no , M :"]),
        ("a no , M yes", ["a no , M yes"]),
        # Labels of up to four words, without a mention before the last.
        ("M : no a b c M : yes", ["M : no", "a b c M : yes"]),
        ("M : no a b c d M : yes", ["M : no a b c d M : yes"]),
        ("a : no M b : no", ["a : no M b : no"]),
        ("a : no : yes", ["a : no : yes"]),
        ("a : no M b , yes", ["a : no M b , yes"]),
        # Letters need no colon, if the next answer is a letter too.
        ("M n M y", ["M n", "M y"]),
        ("M n M yes", ["M n M yes"]),
        ("M n a b c M y", ["M n", "a b c M y"]),
        ("M n a b c d M y", ["M n a b c d M y"]),
        ("M n a / M y", ["M n a / M y"]),
        ("a n M y", ["a n M y"]),
        # Signs in brackets, before what they are of or behind it.
        ("( + ) M ( - ) M", ["( + ) M", "( - ) M"]),
        ("M ( - ) M ( + )", ["M ( - )", "M ( + )"]),
        ("M ( - ) M", ["M ( - ) M"]),
        ("( + ) a ( - )", ["( + ) a ( - )"]),
        ("M ( - M ( + )", ["M ( - M ( + )"]),
    ],
)
def test_items(text: str, expected: list[str]) -> None:
    assert of_items(text) == expected


def test_a_person_who_denies_is_no_item() -> None:
    assert of_items("mother denies , since monday , M", 0) == ["mother denies , since monday , M"]
    assert of_items("mother no , M", 0) == ["mother no", ", M"]
    assert of_items("M denies , M") == ["M denies", ", M"]
