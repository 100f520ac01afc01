"""What is asked and answered, in transcripts and in what patients write."""

from __future__ import annotations

from pathlib import Path

import pytest
from assertions import check, marked

from linker.detect import AssertionRules
from linker.detect.assertion.templates import plain_marks
from linker.schema import ASSERTIONS


@pytest.mark.parametrize(
    "text",
    [
        "Any [fevers|negated] or [chills|negated]? No.",
        "Any [nausea|negated], [vomiting|negated]? No.",
        "[doctor] any [nausea|negated]? [patient] nope not really",
        "[doctor] any [nausea|negated] ? [patient] no .",
        "[doctor] any [nausea|negated] ?\n[patient] no .",
        "DOCTOR: Any [chest pain|negated]?\nPATIENT: No.",
        "Doctor: How about [cough|negated], [wheezing|negated], or [trouble breathing|negated]"
        " at night?\nPatient: Um, no, none of that.",
        "Doctor: Have you had [hives|negated]?\nDaughter: She hasn't, thankfully.",
        "Doctor: What about [gout|negated]?\nPatient: Not that I know of.",
        "Doctor: Was it [cancerous|negated]?\nPatient: No.",
        "Nurse: Have you had things such as [cough|negated], [sneezing|negated]?\nPatient: No.",
        "Nurse: Any [earache|negated]?\nPatient: I am fine, thanks.",
        # More than one question before the answer.
        "Doctor: Any [headaches|negated]? Any [dizziness|negated]?\nPatient: No to all of that.",
        # What comes before the question is not asked.
        "Doctor: I know you had [anemia|], any [bleeding|negated]?\nPatient: No.",
        # "If" is no condition here, and what is denied has no time.
        "Doctor: Can you tell me if you have any [fever|negated] or [cough|negated]?\nPatient: No.",
        "Doctor: Any history of [stroke|negated]?\nPatient: No, sir.",
        # A transcript without the mark.
        "Doctor: Is it sore?\nPatient: No.\nDoctor: Any [blurred vision|negated].\nPatient: No.",
    ],
)
def test_what_is_answered_with_no_is_absent(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Have you had [chest pain|]? Yeah, last week.",
        "Doctor: Any [vomiting|]?\nPatient: Yes, three times. No [blood|negated].",
        "Doctor: You have [asthma|], correct?\nPatient: Yes, that's right.",
        "Doctor: Do you have any history of [migraine|historical]?\nPatient: I do.",
        "Doctor: Has he any [cough|]?\nMother: Oh, he does.",
    ],
)
def test_what_is_answered_with_yes_is_there(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Any [fever|uncertain], [chills|uncertain], [sweats|uncertain] or [cough|uncertain]?",
        "Doctor: Any [fever|uncertain], [chills|uncertain], [sweats|uncertain] or"
        " [cough|uncertain]?\nPatient: What do you mean?",
        "Doctor: Any [fever|uncertain]?\nPatient: No idea.",
        "Patient: Is it [cancer|uncertain]?\nDoctor: We have to wait. No.",
    ],
)
def test_what_is_asked_and_not_answered_is_unsure(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Doctor: Is the [pain|] worse at night?\nPatient: No.",
        "Doctor: When did the [rash|] begin?\nPatient: No idea.",
        "Doctor: How is your [back pain|]?\nPatient: No better.",
        "Doctor: Do you take anything for [acid reflux|]?\nPatient: No.",
        "Do you take anything for [headaches|] or [nausea|]? No.",
        "Doctor: Any changes in your [vision|], any [floaters|negated]?\nPatient: No.",
        "Doctor: Any [swelling|negated] since the [fall|]?\nPatient: No.",
        "Doctor: Do you know what kind of [cancer|] she had?\nPatient: No.",
        "Patient: Do you think that it will help with my [tiredness|]?\nDoctor: I think so.",
        "Patient: Will it help with my [tiredness|]?\nDoctor: Yes.",
    ],
)
def test_what_a_question_takes_for_granted_is_there(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Doctor: Does anyone in your family have [gout|negated+family]?\nPatient: No.",
        "Doctor: Does [gout|negated+family] run in your family?\nPatient: Not that I'm aware of.",
        "Doctor: Any family history of [cancer|family], or [stroke|family]?\nPatient: Yes, my dad.",
    ],
)
def test_questions_about_the_family(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Have you had [fever|negated]? No [cough|]? Yes [rash|negated]? No",
        "Do you have [asthma|]? [x] Yes [ ] No\nDo you have [gout|negated]? [ ] Yes [x] No",
        "Is the patient [diabetic|negated]? - No",
        "Q: Any [chest pain|negated]?\nA: None.",
        "Do you have: [gout|negated]? No  [asthma|]? Yes  [rash|negated]? No",
        "Do you have [gout|negated]? No. [Asthma|]? Yes. [Rash|negated]? No.",
    ],
)
def test_a_form_that_begins_as_a_question_stays_a_form(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        # What is said and not asked is answered by nobody, nor what is asked by oneself.
        "Any [cough|negated]? No.\nShe had a [fever|] then. No.",
        "Doctor: What else?\nPatient: I had a [fever|].\nDoctor: No.",
        "Doctor: What else?\nHave a [fever|].\nNo.",
        # Without a mark and an answer, it may be no question.
        "Doctor: What else?\nPatient: Any [rash|].\nDoctor: I see.",
        # The first answer is that of the first question.
        "Doctor: Any [fever|negated]?\nPatient: No, you mean [chills|]? Yes.",
    ],
)
def test_what_is_no_question_and_no_answer(text: str) -> None:
    check(text)


def test_a_label_of_a_form_is_no_question() -> None:
    assert plain_marks("Fever? No. Any fever? No.") == "Fever: No. Any fever? No."


def test_a_house_has_questions_and_answers_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text(
        'alone = true\n[question]\nopens = ["haben sie"]\ndenied = ["nein"]\ngiven = ["ihre"]\n'
    )
    text, mentions, gold = marked(
        "Haben Sie [Fieber|negated]? Nein. Haben Sie ihre [Schmerzen|] noch? Nein. Any [cough|]?"
    )
    truths = AssertionRules(path).assert_mentions(text, mentions)
    assert [{a for a in ASSERTIONS if truth[a]} for truth in truths] == gold
