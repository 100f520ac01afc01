"""Where the sentences and lines of a note end."""

from __future__ import annotations

import pytest

from linker.detect.sentences import ends_sentence, hard_breaks, plain_newlines


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        # The mark looked at is the first of the text's marks behind "|".
        ("He has fever|. Cough", "fever", True),
        ("He has fever|.", "fever", True),
        ("He has fever|.Cough", "fever", True),  # It lacks its space.
        ("at 2|.5 mg", "2", False),
        ("b|.i.d. for pain", "b", False),
        ("b.i|.d. for pain", "i", False),
        ("b.i.d|. for pain", "d", False),
        ("b.i.d|. For pain", "d", True),
        ("b.i.d|. 5 mg", "d", False),
        ("Vitamin D|. seen", "d", True),  # A letter alone is no abbreviation.
        ("St|. Louis", "st", False),
        ("seen by Dr|. Who", "dr", False),
        ("Hx|. of gout", "hx", False),
        ("Hx|. Of gout", "hx", True),
        ("no|. 3", "no", False),
        ("no|. Cough", "no", True),
        ("it.X|.Xy", "x", False),
        # Closing marks belong to the sentence.
        ('"has fever|." Cough', "fever", True),
        ('"has fever|."Cough', "fever", False),
        ("(fever|.) cough", "fever", True),
        # Question and exclamation marks.
        ("Fever|? Cough", "fever", True),
        ("Fever |? Cough", "", False),
        ("Fever ?|? cough", "", False),
        ("|? pneumonia", "", False),
        ("|?? PE", "", False),
        ("Well|! cough", "well", True),
        ("|! cough", "", True),
        ("dr|! who", "dr", True),
    ],
)
def test_marks_that_end_a_sentence(text: str, word: str, expected: bool) -> None:
    dot = text.index("|")
    assert ends_sentence(text.replace("|", ""), dot, word) is expected


FULL = "The patient was seen in the clinic today and she has a known severe"
SHORT = "She has a known severe"


@pytest.mark.parametrize(
    ("text", "goes_on"),
    [
        # A line that is full goes on; one that is not does where its end is open.
        (f"{FULL}\nAsthma", True),
        (f"{SHORT}\nAsthma", False),
        (f"{SHORT}\nasthma", True),  # Prose before a small letter.
        ("Known severe\nasthma", False),
        ("Known asthma and\nCOPD", True),
        ("Known asthma,\nCOPD", True),
        ("Known asthma /\nCOPD", True),
        ("Known sand\nCOPD", False),
        ("Seen in the clinic by two of them, known severe\nasthma", True),  # Forty characters.
        # Marks, bullets and labels end one that is full.
        (f"{FULL}:\nasthma", False),
        (f"{FULL};\nasthma", False),
        (f"{FULL}?\nasthma", False),
        (f"{FULL}.\nAsthma", False),
        (f"{FULL}.\nasthma", True),
        (f"{SHORT}.\nasthma", False),
        (f"{FULL}\n- asthma", False),
        (f"{FULL}\n1. asthma", False),
        (f"{FULL}\n(a) asthma", False),
        (f"{FULL}\nAsthma: mild", False),
        (f"{FULL}\n10:30 seen", True),
        # Answers of forms.
        ("Fever: no\nCough: yes", False),
        ("Fever - no\nCough", False),
        ("Fever no\nCough yes", False),
        ("She has no\nCough yes", True),
        # Too wide for a column, or too narrow.
        (f"{FULL} {FULL} {FULL}\nAsthma", False),
        ("Known severe and old\nAsthma", False),
        (f"{SHORT}\n\nasthma", False),
        (f"{SHORT}\n \t\nasthma", False),
    ],
)
def test_lines_that_go_on(text: str, goes_on: bool) -> None:
    end = text.index("\n")
    assert (end not in hard_breaks(text)) is goes_on


def test_the_end_of_a_text_and_each_blank_line_are_breaks() -> None:
    assert hard_breaks("") == {0}
    assert hard_breaks("a\n\nb\n") == {1, 2, 4, 5}


def test_breaks_and_blanks_are_written_one_way_each_as_long_as_before() -> None:
    text = "a\r\nb\rc\vd\fe\x85f\u2028g\u2029h\u00a0i\u2003j\u3000k\tl"
    assert plain_newlines(text) == "a \nb\nc\nd\ne\nf\ng\nh i j k\tl"


def test_the_line_ends_of_hl7_messages_are_line_ends() -> None:
    """HL7 v2.5.1, chapter 2, section 2.7: escape sequences of formatted text."""
    text = r"Denies:\.br\cough\.BR\\.br\Plan:\X0D\\X0A\rest\X0D0A\C:\x"
    plain = "Denies:    \ncough    \n    \nPlan:    \n    \nrest      \n" + r"C:\x"
    assert plain_newlines(text) == plain
    assert len(plain) == len(text)
