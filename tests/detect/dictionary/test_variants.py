"""Names in other words, by the dictionary matcher."""

from __future__ import annotations

import pytest
from cases import build, concept

from linker.detect import DictionaryMatcher
from linker.detect.dictionary.variants import ends_in_noun, same_in_other_words

FINDINGS = [
    concept("F:1", "Femoral bowing", types=["human_phenotype"]),
    concept("F:2", "Absent toe", types=["human_phenotype"]),
    concept("F:3", "Abnormality of the skin", types=["human_phenotype"]),
    concept("F:4", "Slender long bone", types=["human_phenotype"]),
    concept("F:5", "Abnormal heart", types=["human_phenotype"]),
    concept("F:6", "Kidney function", types=["observable entity"]),
    concept("F:7", "Abnormal clavicle morphology", types=["human_phenotype"]),
    concept("F:8", "Hand muscle weakness", types=["human_phenotype"]),
    concept("F:10", "Absent Achilles reflex", types=["human_phenotype"]),
    concept("F:11", "Decreased IgG level", types=["human_phenotype"]),
    concept("F:12", "Stress incontinence", types=["human_phenotype"]),
    concept("F:13", "Hiatus hernia", types=["human_phenotype"]),
    concept("F:14", "Shortness of breath", types=["human_phenotype"]),
    concept("F:15", "Weight loss", types=["human_phenotype"]),
    concept("F:16", "Blurred vision", types=["human_phenotype"]),
    concept("F:17", "Coronary disease", types=["human_phenotype"]),
    concept("F:18", "Exertional dyspnea", types=["human_phenotype"]),
    concept("F:19", "Developmental delay", types=["human_phenotype"]),
    concept("F:20", "Visual impairment", "Hearing impairment", types=["human_phenotype"]),
    concept("F:21", "Back ache", types=["human_phenotype"]),
    concept("F:22", "Joint pain", "Shoulder pain", types=["human_phenotype"]),
    concept("F:23", "Difficulty swallowing", types=["human_phenotype"]),
    concept("F:24", "G6PD deficiency", "HIV infection", types=["human_phenotype"]),
    concept("F:25", "Muscle atrophy", "Ankle fracture", types=["human_phenotype"]),
    concept("F:26", "Abdominal tenderness", "Chronic pain", types=["human_phenotype"]),
    concept("F:27", "Connective tissue disease", "Bipolar 1 disorder", types=["disease"]),
    concept("F:28", "Kidney disease", "Disease of muscle", types=["disease"]),
    concept("F:29", "Lung injury", "Knee disease", types=["disease"]),
    concept("F:30", "Widely spaced teeth", "Low-set ears", types=["human_phenotype"]),
    concept("F:31", "Small kidney", "Chest pain", types=["human_phenotype"]),
    concept("F:33", "Herniated disc", "Oculogyric crisis", types=["human_phenotype"]),
    concept("F:51", "Secondary diabetes mellitus", types=["human_phenotype"]),
    concept("F:50", "Abdominal distension", types=["human_phenotype"]),
    concept("F:34", "Limited elbow extension", "Facial asymmetry", types=["human_phenotype"]),
    concept("F:35", "Claw hand deformity", "Aortic stenosis", types=["human_phenotype"]),
    concept("F:32", "Sarcoma", "Soft tissue", types=["neoplastic process"]),
    concept("F:9", "Moderate hearing impairment", types=["human_phenotype"]),
]


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> DictionaryMatcher:
    return DictionaryMatcher(build(tmp_path_factory.mktemp("findings") / "i", FINDINGS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bowing of the femurs.", [("bowing of the femurs", "Femoral bowing")]),
        ("a bowed femur", [("bowed femur", "Femoral bowing")]),
        ("femoral bowing", [("femoral bowing", None)]),
        ("stress urinary incontinence", [("stress urinary incontinence", "Stress incontinence")]),
        ("not short of breath", [("short of breath", "Shortness of breath")]),
        ("has lost weight", [("lost weight", "Weight loss")]),
        ("blurry vision", [("blurry vision", "Blurred vision")]),
        ("coronary artery disease", [("coronary artery disease", "Coronary disease")]),
        ("dyspnea on exertion", [("dyspnea on exertion", "Exertional dyspnea")]),
        # So do clinical abbreviations of them.
        ("CAD, DOE", [("CAD", "coronary artery disease"), ("DOE", "dyspnea on exertion")]),
        ("a hiatal hernia", [("hiatal hernia", "Hiatus hernia")]),
        # What a patient is.
        ("She is developmentally delayed", [("developmentally delayed", "Developmental delay")]),
        (
            "Visually-impaired, hearing impaired.",
            [
                ("Visually-impaired", "Visual impairment"),
                ("hearing impaired", "Hearing impairment"),
            ],
        ),
        ("G6PD-deficient men", [("G6PD-deficient", "G6PD deficiency")]),
        ("HIV-infected men", [("HIV-infected", "HIV infection")]),
        ("Achy joints", [("Achy joints", "Joint pain")]),
        ("joint aches", [("joint aches", "Joint pain")]),
        ("her shoulder is painful", [("shoulder is painful", "Shoulder pain")]),
        ("pain in the back of the car; back pain", [("back pain", "Back ache")]),
        ("trouble swallowing", [("trouble swallowing", "Difficulty swallowing")]),
        ("muscle wasting", [("muscle wasting", "Muscle atrophy")]),
        (
            "connective tissue disorders",
            [("connective tissue disorders", "Connective tissue disease")],
        ),
        ("bipolar 1 disease", [("bipolar 1 disease", "Bipolar 1 disorder")]),
        ("grade 1 bipolar disease", []),
        ("a broken ankle", [("broken ankle", "Ankle fracture")]),
        ("Belly is tender; belly is non-tender", [("Belly is tender", "Abdominal tenderness")]),
        ("Belly is not tender.", []),
        ("Cutaneous abnormalities", [("Cutaneous abnormalities", "Abnormality of the skin")]),
        # A verb joins the body part and its change, and an adverb may stand by it.
        ("The toes were invariably absent", [("toes were invariably absent", "Absent toe")]),
        ("Long bones were slender", [("Long bones were slender", "Slender long bone")]),
        # So for any word that says how it is.
        (
            "Teeth were widely spaced; the ears appear low-set, and",
            [
                ("Teeth were widely spaced", "Widely spaced teeth"),
                ("ears appear low-set", "Low-set ears"),
            ],
        ),
        ("the right kidney was very small", [("kidney was very small", "Small kidney")]),
        ("L4-L5 disc herniation", [("disc herniation", "Herniated disc")]),
        ("pain secondary to diabetes", []),
        ("a secondary diabetes", [("secondary diabetes", "Secondary diabetes mellitus")]),
        ("L4-L5 disk herniation", [("disk herniation", "Herniated disc")]),
        ("the abdomen was distended", [("abdomen was distended", "Abdominal distension")]),
        ("oculogyric crises", [("oculogyric crises", None)]),
        ("bowing of the femora", [("bowing of the femora", "Femoral bowing")]),
        (
            "restricted elbow extension, her face is asymmetric",
            [
                ("restricted elbow extension", "Limited elbow extension"),
                ("face is asymmetric", "Facial asymmetry"),
            ],
        ),
        ("claw hands", [("claw hands", "Claw hand deformity")]),
        # It is said of another thing, or is said of what follows, or of no body part at all.
        ("The mass in the left kidney was small.", []),
        ("The kidney was small cell carcinoma.", []),
        ("The kidneys are in a small bag.", []),
        ("The chest was pain-free.", []),
        ("Chest pain is the chronic form; a pain is a chronic one.", [("Chest pain", None)]),
        (
            "Her chest pain was chronic, his left pain was chronic.",
            [
                ("chest pain", None),
                ("pain was chronic", "Chronic pain"),
            ],
        ),
        ("The tissue was soft.", []),
        ("Small were the kidneys.", []),
        ("Heart is abnormal per protocol.", []),
        ("One side of the skin is abnormal.", [("skin is abnormal", "Abnormality of the skin")]),
        # Three words of groups, two of them in other words.
        (
            "Abnormal clavicular shape",
            [("Abnormal clavicular shape", "Abnormal clavicle morphology")],
        ),
        ("paresis of the hand muscles", [("paresis of the hand muscles", "Hand muscle weakness")]),
        ("moderate hearing loss", [("moderate hearing loss", "Moderate hearing impairment")]),
        # What goes without saying beside a word, on either side.
        ("hand weakness", [("hand weakness", "Hand muscle weakness")]),
        ("low reflexes", []),
        (
            "absent Achilles tendon reflexes",
            [("absent Achilles tendon reflexes", "Absent Achilles reflex")],
        ),
        ("absent Achilles tendon", []),
        ("reduced IgG", [("reduced IgG", "Decreased IgG level")]),
        ("cutaneous signs", [("cutaneous signs", "Abnormality of the skin")]),
        # An abnormality is no disorder: the names of MONDO say so.
        ("cutaneous disorder", []),
        ("toes were not absent", []),
        ("pain of the toes in the absence of trauma", []),
        ("missing were toes", []),
        # What is wrong with an organ is a disease of it; an injury of a joint is none.
        (
            "Renal dysfunction, kidney problems, damage to the muscles",
            [
                ("Renal dysfunction", "Kidney disease"),
                ("kidney problems", "Kidney disease"),
                ("damage to the muscles", None),
            ],
        ),
        ("pulmonary injury", [("pulmonary injury", "Lung injury")]),
        ("knee injury, lung disease, renal allograft", []),
        # Cut short, another sentence, a list, no disorder.
        ("abnormal cardiac output", []),
        ("a chronic painful knee", []),
        ("bowing. Femurs", []),
        ("skin, abnormal", []),
        ("skin and abnormal", []),
        ("bowed tibia and femur", []),
        ("renal function", []),
    ],
)
def test_other_words(
    matcher: DictionaryMatcher, text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert [(m.text, m.long_form) for m in matcher.detect([text])[0]] == expected


def test_each_stem_stands_for_its_group() -> None:
    assert same_in_other_words(["bowing", "femur"], ["femoral", "bowing"])
    assert same_in_other_words(["toe", "were", "both", "absent"], ["absent", "toe"])
    assert same_in_other_words(["paresis", "hand"], ["hand", "muscle", "weakness"])
    assert not same_in_other_words(["hand", "muscle"], ["hand", "muscle", "weakness"])
    assert not same_in_other_words(["toe", "both", "absent"], ["absent", "toe"])
    assert not same_in_other_words(["bowing", "tibia"], ["femoral", "bowing"])


def test_a_stretch_ends_in_a_noun() -> None:
    assert ends_in_noun("abnormal heart")
    assert not ends_in_noun("abnormal cardiac")
    assert not ends_in_noun("ankle fractured")
    assert ends_in_noun("hearing impaired")
