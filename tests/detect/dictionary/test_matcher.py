"""The dictionary matcher over the invented terminology of `cases`."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from cases import CONCEPTS, build, concept, linker_of, marked, wide, write_jsonl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker.detect import DictionaryMatcher
from linker.index import Index
from linker.terminology import read_terminology


@pytest.fixture
def matcher(index: Index) -> DictionaryMatcher:
    return DictionaryMatcher(index)


def found(matcher: DictionaryMatcher, text: str) -> list[str]:
    return [mention.text for mention in matcher.detect([text])[0]]


@pytest.mark.parametrize(
    "note",
    [
        "Known [heart failure|X]; [fever|X].",
        "[Heart attacks|X] and [FEVERS|X]",
        "a [fracture of the femur|X] on the left",
        "a [femur fracture|X], healed",
        "The radiograph of her left leg showed a healed and angulated old [femoral\nfracture|X].",
        "[Fever|X]\n[Chest pain|X]",
        "She has [chest\npain|X].",
        "PROBLEMS\n[Nausea|X]",
        "FRACTURE\nFemoral line in place",
        "[Femoral-fracture|X]",
        "[type 2 diabetes mellitus|X], [Diabetes mellitus, type 2|X]",
        "[diabetes mellitus type II|X]",
        "[β-thalassemia|X] is [beta-thalassaemia|X]",
        "😀😀 [chest pain|X] 😀",
        "[chest\u00a0pain|X]\r\n[nausea|X]\r\n",
        "[MAP|X] of 60, [ALL|X] in remission",
        "[CHEST PAIN|X]",
        "a 'history of [fever|X]', the [fevers|X]' course",
        "nothing here",
        "",
    ],
)
def test_finds_the_marked_mentions(matcher: DictionaryMatcher, note: str) -> None:
    text, gold = marked(note)
    assert [mention.start for mention in matcher.detect([text])[0]] == [start for start, _ in gold]


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u202f", "\u3000"])
@pytest.mark.parametrize(
    "text",
    [
        "Heart failure secondary to fever; a fracture of the left femur",
        "Dr. Fever saw her. Type 2 diabetes mellitus, chest pain",
    ],
)
def test_blanks_of_typesetters_and_web_pages_are_blanks(
    matcher: DictionaryMatcher, text: str, blank: str
) -> None:
    expected = [(m.start, m.end, m.long_form) for m in matcher.detect([text])[0]]
    assert len(expected) > 1
    (mentions,) = matcher.detect([text.replace(" ", blank)])
    assert [(m.start, m.end, m.long_form) for m in mentions] == expected
    assert [m.text for m in mentions] == [
        text[start:end].replace(" ", blank) for start, end, _ in expected
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\f", "\v", "\x85", "\u2028", "\\.br\\"])
def test_a_line_ends_by_whatever_mark(matcher: DictionaryMatcher, end: str) -> None:
    """A page of a scanned letter ends with a form feed; HL7 v2 has marks of its own."""
    lines = ["Her heart", "Failure to thrive.", "", "Chest", "pain"]
    assert found(matcher, end.join(lines)) == []
    assert found(matcher, end.join(["She has chest", "pain."])) == [f"chest{end}pain"]


@pytest.mark.parametrize("note", ["a 'mild fever'", "the ‘fever’ of old", "his fever' s course"])
def test_an_apostrophe_at_its_end_is_no_part_of_a_mention(
    matcher: DictionaryMatcher, note: str
) -> None:
    assert found(matcher, note) == ["fever"]


@pytest.mark.parametrize(
    "text",
    [
        "the map and all of it",  # acronyms keep their case
        "Map of the ward; All well",
        "pain. Chest clear",  # another sentence
        "heart; failure to thrive",
        "heart\n\nfailure",  # another paragraph
        "heart | failure",  # another cell
        "failure, heart",  # a list, not a name
        "heart (old) failure",
        "hearty failures",
    ],
)
def test_finds_nothing(matcher: DictionaryMatcher, text: str) -> None:
    assert found(matcher, text) == []


def test_the_longest_name_wins(matcher: DictionaryMatcher) -> None:
    assert found(matcher, "common cold sensation") == ["cold sensation"]
    assert found(matcher, "a cold sensation") == ["cold sensation"]


def test_numbers_are_not_swapped(tmp_path_factory: pytest.TempPathFactory) -> None:
    concepts = [concept("N:1", "Type 2 lesion grade 3"), concept("N:2", "Lesion type 2")]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("numbers") / "i", concepts))
    assert found(matcher, "type 3 lesion grade 2") == []
    assert found(matcher, "type 2 lesion grade 3") == ["type 2 lesion grade 3"]
    assert found(matcher, "a type 2 lesion") == ["type 2 lesion"]


def test_a_number_in_front_counts(tmp_path_factory: pytest.TempPathFactory) -> None:
    concepts = [
        concept("N:1", "Mucolipidosis III", "ML III"),
        concept("N:2", "Thrombocytopenia 4"),
        concept("N:3", "Thrombocytopenia"),
        concept("N:4", "1 lobe lung"),
    ]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("first") / "i", concepts))
    text = "Saline 3 mL; grade 4 thrombocytopenia; thrombocytopenia 4; 1 lung lobe"
    assert found(matcher, text) == ["thrombocytopenia", "thrombocytopenia 4", "1 lung lobe"]


def test_an_acronym_of_a_name_is_no_word_around_a_preposition(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    concepts = [
        concept("N:1", "NAME syndrome"),
        concept("N:2", "Little disease"),
        concept("N:3", "NORRIE DISEASE"),
        concept("N:4", "HIV infection"),
    ]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("acronym") / "i", concepts))
    text = (
        "The name of the syndrome; Dupuytren disease to the little finger; name syndrome; "
        "disease of Norrie; infection in HIV; hiv infection"
    )
    expected = ["name syndrome", "disease of Norrie", "infection in HIV", "hiv infection"]
    assert found(matcher, text) == expected


def test_a_clinical_abbreviation_is_found_if_the_index_has_its_long_form(
    matcher: DictionaryMatcher,
) -> None:
    mentions = matcher.detect(["Pt c/o SOB, HTN, GERD."])[0]
    assert [(m.text, m.long_form) for m in mentions] == [
        ("SOB", "shortness of breath"),
        ("HTN", "hypertension"),
    ]


def test_an_abbreviation_in_parentheses_is_left_to_the_note(matcher: DictionaryMatcher) -> None:
    assert found(matcher, "hyperthyroid tension (HTN) ... HTN again") == []


def test_a_word_in_parentheses_is_no_short_form(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    names = ("Fever", "Crohn disease", "Diabetes mellitus")
    concepts = [concept(f"A:{i}", name, types=["disease"]) for i, name in enumerate(names)]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("words") / "i", concepts))
    text = "T 39.2 (febrile), bowel disease (Crohn's), high sugar (Diabetes), HbA1c (DM)"
    assert found(matcher, text) == ["febrile", "Crohn's", "Diabetes"]


def test_an_ambiguous_abbreviation_is_not_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    concepts = [concept("A:1", "Multiple sclerosis", "MS"), *CONCEPTS]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("ms") / "i", concepts))
    assert found(matcher, "MS 2 mg IV, heart failure") == ["heart failure"]
    # Unless the note says what it stands for.
    said = "Multiple sclerosis (MS) since May, heart failure. MS is stable."
    assert found(matcher, said) == ["Multiple sclerosis", "MS", "heart failure", "MS"]
    assert found(matcher, "Myriad sores (MS) since May. MS is stable.") == []


def test_a_section_header_is_no_mention(tmp_path_factory: pytest.TempPathFactory) -> None:
    concepts = [concept("A:1", "Allergy", "Allergies"), concept("A:2", "Self-cutting", "Cutting")]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("headers") / "i", concepts))
    text = "ALLERGIES: none.\nAllergies\nHas allergies: pollen. Cutting the suture."
    assert [m.start for m in matcher.detect([text])[0]] == [text.index("allergies: pollen")]


def test_the_history_of_a_family_is_not_the_patients_own(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    concepts = [
        concept("A:1", "Personal history of gout", "history of gout"),
        concept("A:2", "Gout"),
        concept("A:3", "Family history of asthma"),
    ]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("history") / "i", concepts))
    text = "A history of gout. Family history of gout. Family history of asthma."
    assert found(matcher, text) == ["history of gout", "gout", "Family history of asthma"]
    assert found(matcher, "A familial medical history of gout.") == ["gout"]
    assert found(matcher, "Her mother has a history of gout.") == ["gout"]
    assert found(matcher, "Father also had a prior history of gout.") == ["gout"]
    assert found(matcher, "Two maternal aunts with history of gout.") == ["gout"]
    assert found(matcher, "Seen with his mother. Has a history of gout.") == ["history of gout"]


def test_a_name_before_some_words_is_another_thing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    names = (
        *("Stress", "Hanging", "Shock", "Tumor", "Unresponsive", "Irritable", "Pain in the back"),
        *("Back", "Rest", "Running", "Will", "Falling", "Attention", "Light", "Porifera", "Sponge"),
        *("Optic nerve", "Cranial nerve II", "Cranial nerve", "Corn"),
    )
    concepts = [concept(f"A:{i}", name) for i, name in enumerate(names)]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("before") / "i", concepts))
    text = (
        "A stress test, stress\necho, shock-wave, growth plate. Under stress, tests well; "
        "in shock. "
        "Tumor markers rise; a tumor. Unresponsive to medical therapy; unresponsive to pain. "
        "Irritable bowel, irritable. Pain in the back of the knee, pain in the back. "
        "She will come back to us the rest of the day, by a running suture; rest, running, back. "
        "Trouble falling asleep, hair is falling out; falling at home. "
        "In light of this attention was turned to a running 3-0 suture and a sponge. "
        "Cranial nerves II-XII, cranial nerve II; poor attention in dim light. "
        "A corn of the toe; no corn syrup."
    )
    assert [text[m.start : m.end + 4] for m in matcher.detect([text])[0]] == [
        "stress, te",
        "shock. Tu",
        "tumor. Un",
        "unresponsive to ",
        "irritable. Pa",
        "pain in the back. Sh",
        "rest, ru",
        "running, ba",
        "back. Tr",
        "falling at ",
        "Cranial nerves II-",
        "cranial nerve II; po",
        "attention in ",
        "light. A ",
        "corn of ",
    ]


def test_an_article_is_no_letter_of_a_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    matcher = DictionaryMatcher(
        build(tmp_path_factory.mktemp("article") / "i", [concept("B:1", "Hepatitis A")])
    )
    assert found(matcher, "A hepatitis C panel, a hepatitis; hepatitis A, hepatitis a") == [
        "hepatitis A",
        "hepatitis a",
    ]


def test_a_slash_makes_a_list_not_another_order(tmp_path_factory: pytest.TempPathFactory) -> None:
    matcher = DictionaryMatcher(
        build(tmp_path_factory.mktemp("slash") / "i", [concept("B:1", "Bone pain")])
    )
    assert found(matcher, "pain/bone scan; bone/pain; pain of the bone") == [
        "bone/pain",
        "pain of the bone",
    ]


WORDS = ["heart", "failure", "Fever", "of", "the", "femur", "fracture", "ALL", "😀", "SOB", "\0"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(WORDS), st.sampled_from([" ", "\n", ", ", ". ", "-", "\r\n", "\ud800"])
        ),
        max_size=30,
    )
)
def test_offsets_slice_back_and_do_not_overlap(
    matcher: DictionaryMatcher, pieces: list[tuple[str, str]]
) -> None:
    text = "".join(word + gap for word, gap in pieces)
    end = 0
    for mention in matcher.detect([text])[0]:
        assert text[mention.start : mention.end] == mention.text
        assert mention.start >= end
        end = mention.end


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([*WORDS, "and", "/", "(", "left", ". ", "\n- "]), max_size=12).map(
            " ".join
        ),
        max_size=6,
    )
)
def test_what_is_in_a_note_does_not_depend_on_the_others(
    matcher: DictionaryMatcher, texts: list[str]
) -> None:
    assert matcher.detect(texts) == [matcher.detect([text])[0] for text in texts]


def test_a_note_of_a_megabyte_takes_seconds_not_minutes(matcher: DictionaryMatcher) -> None:
    text = "Known heart failure and a fracture of the femur.\n" * 21_000
    begun = time.process_time()
    mentions = matcher.detect([text])[0]
    assert len(mentions) == 42_000
    # About 3 s on a small machine; quadratic work would take hours.
    assert time.process_time() - begun < 60


CANCERS = [
    concept("C:1", "Breast cancer"),
    concept("C:2", "Ovarian cancer"),
    concept("C:3", "Leg pain"),
    concept("C:4", "Left ventricular hypertrophy"),
    concept("C:5", "Hypertelorism", "HT"),
    concept("C:6", "Fever"),
    concept("C:7", "Chills"),
    concept("C:8", "Familial breast cancer"),
    concept("C:9", "Rheumatoid arthritis"),
]


@pytest.fixture(scope="module")
def cancers(tmp_path_factory: pytest.TempPathFactory) -> DictionaryMatcher:
    return DictionaryMatcher(build(tmp_path_factory.mktemp("cancers") / "i", CANCERS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "history of breast and ovarian cancer.",
            [("breast", "breast cancer"), ("ovarian cancer", None)],
        ),
        ("breast. And ovarian cancer", [("ovarian cancer", None)]),
        ("breast/ovarian cancers", [("breast", "breast cancers"), ("ovarian cancers", None)]),
        ("pain in the R leg", [("pain in the R leg", "Leg pain")]),
        ("left leg pain, leg right pain", [("leg pain", None), ("leg right pain", "Leg pain")]),
        ("left ventricular hypertrophy", [("left ventricular hypertrophy", None)]),
        ("denies f/c", [("f", "Fever".lower()), ("c", "chills")]),
        ("RA on methotrexate; O2 sat 98% on RA", []),
        ("Started methotrexate for RA", [("RA", "rheumatoid arthritis")]),
        # Two capitals are a name only beside another name of their concept.
        ("HT is seen", []),
        ("Hypertelorism. HT is seen", [("Hypertelorism", None), ("HT", None)]),
        # What stands in parentheses is defined by the note.
        ("the enzyme (HT) and HT", []),
    ],
)
def test_shared_words_sides_letters_and_short_forms(
    cancers: DictionaryMatcher, text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert [(m.text, m.long_form) for m in cancers.detect([text])[0]] == expected


INVERTED = [
    concept("I:1", "Abdominal Pain", "Pain, Abdominal"),
    concept("I:2", "Back Pain", "Pain, Back"),
    concept("I:3", "Chest Pain", "Pain, Chest"),
    concept("I:4", "Heart Failure", "Failure, Heart"),
    concept("I:5", "Renal Failure", "Failure, Renal"),
    concept("I:6", "Coronary Artery Disease", "Heart Disease, Coronary"),
    concept("I:7", "Heart Disease"),
    concept("I:8", "Liver Failure", "Failure, Liver"),
    concept("I:9", "Kidney Failure", "Failure, Kidney"),
    concept("I:10", "Thyroid Disease", "Disease, Thyroid"),
    concept("I:11", "Lung Disease"),
    concept("I:12", "Hepatomegaly", "Liver, Enlarged"),
    concept("I:13", "Diabetes Mellitus, Type 2"),
    concept("I:14", "Osteoarthritis, Knee"),
    concept("I:15", "Vitamin B 12 Deficiency", "Deficiency, Vitamin B 12"),
    concept(
        "I:16",
        "Glucose-6-phosphate dehydrogenase deficiency",
        "Deficiency, glucose-6-phosphate dehydrogenase",
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Denies chest pain, abdominal pain, back pain.",
            ["chest pain", "abdominal pain", "back pain"],
        ),
        ("heart failure, renal failure", ["heart failure", "renal failure"]),
        ("heart disease, coronary artery disease", ["heart disease", "coronary artery disease"]),
        ("Pain, abdominal. Pain in the leg", ["Pain, abdominal"]),
        ("failure, renal, chronic failure", ["failure, renal"]),
        ("liver failure, kidney damage", ["liver failure"]),
        ("lung disease, thyroid, or gout", ["lung disease"]),
        ("an enlarged liver, enlarged spleen", ["enlarged liver"]),
        ("liver failure, kidney\ndamage", ["liver failure"]),
        ("Pain, chest and arm", []),
        ("Pain, chest - worse", ["Pain, chest"]),
        ("severe pain, chest, since", ["pain, chest"]),
        ("Diabetes mellitus, type 2 found late", ["Diabetes mellitus, type 2"]),
        ("Osteoarthritis, right knee\nPlan", ["Osteoarthritis, right knee"]),
        ("history of osteoarthritis, knee with effusion", ["osteoarthritis, knee"]),
        ("factor V deficiency, vitamin B-12 deficiency", ["vitamin B-12 deficiency"]),
        ("deficiency, vitamin B-12", ["deficiency, vitamin B-12"]),
        ("C3 deficiency, G6PD deficiency", ["G6PD deficiency"]),
    ],
)
def test_a_list_of_names_with_one_noun_is_no_inverted_name(
    tmp_path_factory: pytest.TempPathFactory, text: str, expected: list[str]
) -> None:
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("inverted") / "i", INVERTED))
    assert found(matcher, text) == expected


def test_a_list_of_what_a_sentence_says_is_of_what_it_is_about(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    index = build(
        tmp_path_factory.mktemp("sentence") / "index",
        [concept("X:1", "Long face"), concept("X:2", "Narrow face")],
    )
    texts = ["The face was long and narrow.", "The scar of the face was long and narrow."]
    found = DictionaryMatcher(index).detect(texts)
    assert [[(m.text, m.query) for m in mentions] for mentions in found] == [
        [("face was long", "face long"), ("narrow", "face narrow")],
        [],
    ]


def test_nested_mentions_are_kept_on_request(cancers: DictionaryMatcher) -> None:
    text = "familial breast cancer"
    assert [m.text for m in cancers.detect([text])[0]] == [text]
    assert [m.text for m in cancers.detect_nested([text])[0]] == [text, "breast cancer"]


@pytest.mark.parametrize(
    "word", ["disease", "Syndrome", "included", "strain", "drugs", "respect", "fatty"]
)
def test_a_word_that_says_too_little_is_no_mention(
    tmp_path_factory: pytest.TempPathFactory, word: str
) -> None:
    concepts = [
        concept("D:1", "Disease", "Included", "Strain", "Syndrome", "Drug", "Respect", "Fatty"),
        *CANCERS,
    ]
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("words") / "i", concepts))
    assert found(matcher, f"A {word} of breast cancer") == ["breast cancer"]


SNOMED = [
    concept("S:1", "Left", types=["qualifier value"]),
    concept("S:2", "May", types=["qualifier value"]),
    concept("S:3", "Right and left", types=["qualifier value"]),
    concept("S:4", "Cold", types=["qualifier value"]),
    concept("S:5", "Common cold", "Cold", types=["disorder"]),
    concept("S:6", "Burn", types=["disorder"]),
    concept("S:7", "No abnormality", types=["finding"]),
    concept("S:8", "History taking", "History", types=["procedure"]),
    concept("S:9", "Well", types=["finding"]),
    concept("S:10", "Body fluid discharge", "Discharge", types=["substance"]),
    concept("S:11", "Computed tomography", "CT - Computed tomography", types=["procedure"]),
    concept("S:12", "Aspirin", types=["substance"]),
    concept("S:13", "Blood", types=["substance"]),
    concept("S:90", "Hemorrhage", "Blood loss", types=["disorder"]),
    concept("S:14", "Physical examination", types=["procedure"]),
    concept("S:15", "Hyper-IgE syndrome", "Job's", types=["disorder"]),
    concept("S:16", "Irritability", "On edge", types=["finding"]),
    concept("S:17", "Monosomy X", "45", types=["disorder"]),
    concept("S:18", "Lymphoblastic leukemia", "L1", types=["disorder"]),
    concept("S:19", "Axis vertebra", "Axis", types=["body structure"]),
    concept("S:20", "Abdominal pain", "AP - Abdominal pain", types=["finding"]),
    concept("S:22", "WAS gene", "WAS", types=["T028"]),
    concept("S:23", "PAIN gene", "AND", types=["T028"]),
    concept("S:24", "Chest pain", types=["finding"]),
    concept("S:25", "Trace", types=["finding"]),
    concept("S:21", "Radiotherapy", "Radiation", types=["procedure"]),
]


@pytest.fixture(scope="module")
def snomed(tmp_path_factory: pytest.TempPathFactory) -> DictionaryMatcher:
    return DictionaryMatcher(build(tmp_path_factory.mktemp("snomed") / "i", SNOMED))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("May have a cold. In the left ear, right and left", ["cold", "right and left"]),
        ("History of burns. She is well, as well as he.", ["burns"]),
        (
            "No signs of burns. No abnormality, no abnormalities.",
            ["burns", "No abnormality", "no abnormalities"],
        ),
        ("Dr. Burn saw a burn. DR. BURN. Ms Burn. Mrs. Burn's burn.", ["burn", "burn"]),
        ("MS Burn of the arm", ["Burn"]),
        ("PHYSICAL EXAMINATION: a physical examination", ["physical examination"]),
        ("At discharge, a yellow discharge. Discharge summary.", ["discharge"]),
        ("Cold extremities, cold packs. He caught a cold.", ["cold"]),
        ("Blood pressure 120/80, no blood in the stool", ["blood"]),
        ("ESTIMATED BLOOD LOSS: 50 mL. Blood loss was minimal.", []),
        ("Anemia of chronic blood loss.", ["blood loss"]),
        ("CT of the head. CT output 100 cc from the chest tube.", ["CT"]),
        ("ASA 81 mg daily\nHe was ASA class III", ["ASA"]),
        ("Her job, two jobs; job's, Job's and Jobs", ["job's", "Job's", "Jobs"]),
        ("The edge of the wound, 45 mm, L1 screws", []),
        ("Left axis deviation. AXIS I: none. The axis", ["axis"]),
        ("AP view. Abdominal pain.", ["Abdominal pain"]),
        (
            "SHE WAS SEEN FOR CHEST PAIN AND\nBURN, A TRACE WAS. A mutation in WAS.",
            ["CHEST PAIN", "BURN", "TRACE", "WAS"],
        ),
        ("No radiation of pain, radiation to the arm; radiation in May", ["radiation"]),
    ],
)
def test_what_a_note_means_by_the_words_of_a_large_terminology(
    snomed: DictionaryMatcher, text: str, expected: list[str]
) -> None:
    assert found(snomed, text) == expected
    assert [" ".join(said.split()) for said in found(snomed, wide(text))] == expected


def test_who_chose_the_types_at_the_build_has_what_says_only_how(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("types")
    read = read_terminology("jsonl", write_jsonl(folder / "s.jsonl", SNOMED))
    release = replace(read.release, filters={"semantic_types": ["qualifier value"]})
    linker = linker_of(replace(read, release=release), folder / "i")
    assert [m.text for m in linker.detect(["May have left"])[0]] == ["May", "left"]


OTHER_SENSES = [
    concept("M:1", "Power (Psychology)", "Power", "Powers (Psychology)", types=["Psychology"]),
    concept("M:2", "AT-Hook Motifs", "Hook", types=["Phenomena and Processes"]),
    concept("M:3", "Review", types=["Publication Type"]),
    concept("M:4", "Confusional arousal", "Disoriented", "Unresponsive", types=["finding"]),
    concept("M:5", "Loss of response", "Unresponsive", types=["finding"]),
    concept("M:6", "Tears", "Tear", types=["Anatomy"]),
    concept("M:7", "Lead", types=["Chemicals and Drugs"]),
    concept("M:8", "Absent toe", types=["human_phenotype"]),
    concept("M:9", "Superficial fascia", types=["Anatomy"]),
    concept("M:10", "Finger aplasia", "Aplasia of the fingers", types=["human_phenotype"]),
    concept("M:11", "Elevated palate", types=["human_phenotype"]),
    concept("M:12", "Drooling", "Dribbling", types=["human_phenotype"]),
    concept("M:13", "Light", types=["Phenomena and Processes"]),
    concept("M:15", "Aspirations (Psychology)", "Aspirations", types=["Psychology"]),
    concept("M:16", "Cerebrospinal Fluid Leak", "Cerebrospinal Fluid Drainage", types=["Disease"]),
    concept("M:14", "Running", types=["Phenomena and Processes"]),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Power 5/5, both powers; aspiration", ["aspiration"]),
        ("CSF drainage, drainage of cerebrospinal fluid", []),
        ("a nerve hook, two hooks", []),
        ("REVIEW OF SYSTEMS: on review", []),
        ("Alert but disoriented. Urinary dribbling.", []),
        ("a focal tear; many tears", ["tears"]),
        # The word is the name of another concept too.
        ("He is unresponsive.", ["unresponsive"]),
        ("chronic lead removed; leads; blood lead level, lead poisoning", ["lead", "lead"]),
        ("Sensation was absent in the toes and absent in the fingers.", []),
        ("Absent toes. The toes were absent.", ["Absent toes", "toes were absent"]),
        ("Just superficial to the fascia, the superficial fascia", ["superficial fascia"]),
        ("symmetric palate elevation; an elevated palate", ["elevated palate"]),
        ("pupils reactive to light, light touch intact", ["light"]),
        ("a running #4-0 suture; running high; pain with running", ["running"]),
    ],
)
def test_what_notes_mean_otherwise_than_a_terminology_is_no_mention(
    tmp_path_factory: pytest.TempPathFactory, text: str, expected: list[str]
) -> None:
    index = build(tmp_path_factory.mktemp("senses") / "i", OTHER_SENSES)
    assert found(DictionaryMatcher(index), text) == expected
