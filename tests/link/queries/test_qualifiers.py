"""Queries that are a name with more around it, or with short forms in it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from cases import FakeEncoder, build, concept
from hypothesis import given
from hypothesis import strategies as st

from linker import Linker
from linker.index import Index
from linker.link.queries.qualifiers import without_qualifiers
from linker.link.queries.short_forms import spelled_out
from linker.text import normalise, stems

CONCEPTS = [
    concept("Q:01", "Knee pain"),
    concept("Q:02", "Severe headache"),
    concept("Q:03", "Headache"),
    concept("Q:04", "Left ventricular hypertrophy"),
    concept("Q:05", "Cataract"),
    concept("Q:06", "Developmental cataract", "Bilateral congenital cataracts"),
    concept("Q:07", "Deep venous thrombosis", "Deep vein thrombosis"),
    concept("Q:08", "Stage 3 chronic kidney disease"),
    concept("Q:09", "Stage 4 chronic kidney disease"),
    concept("Q:10", "Chronic kidney disease"),
    concept("Q:11", "Hypertension"),
    concept("Q:12", "Portal hypertension"),
    concept("Q:13", "Atrial fibrillation"),
    concept("Q:14", "Acute otitis"),
    concept("Q:15", "Chronic otitis"),
    concept("Q:16", "Otitis"),
    concept("Q:17", "Liver"),
    concept("Q:18", "Pleural effusion"),
    concept("Q:19", "Fibular hypoplasia"),
    concept("Q:20", "Obstructive sleep apnea"),
    concept("Q:21", "SJS type 1"),
    concept("Q:22", "Human immunodeficiency virus infection"),
    concept("Q:23", "Edema"),
    concept("Q:24", "Metformin"),
    concept("Q:50", "Edema of the lower limbs"),
    concept("Q:25", "Metformin 500 MG Oral Tablet"),
    concept("Q:26", "Hydrochlorothiazide"),
    concept("Q:27", "Pain in right knee"),
    concept("Q:28", "Thrombocytopenia"),
    concept("Q:29", "Low blood sodium levels"),
    concept("Q:30", "Renal cysts"),
    concept("Q:31", "Esophageal reflux"),
    concept("Q:32", "Esophagitis"),
    concept("Q:33", "Prostate cancer"),
    concept("Q:34", "Pneumonia"),
    concept("Q:35", "Type 2 diabetes mellitus"),
    concept("Q:36", "Hepatitis C"),
    concept("Q:37", "Gastro-esophageal reflux disease with esophagitis"),
    concept("Q:38", "Gastro-esophageal reflux disease without esophagitis"),
    concept("Q:40", "Old infarction", "S/P myocardial infarction"),
    concept("Q:41", "Myocardial infarction"),
    concept("Q:42", "Upper abdominal pain"),
    concept("Q:43", "Abdominal pain"),
    concept("Q:39", "Chronic kidney disease, stage 3b"),
    concept("Q:44", "Sebaceous gland carcinoma"),
    concept("Q:45", "Focal seizure with anomia"),
    concept("Q:46", "Bilateral ureter obstruction"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("qualifiers") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("left knee pain", "Q:01"),
        ("R knee pain", "Q:27"),
        ("Rt knee pain x 3 months", "Q:27"),
        ("L knee pain", "Q:01"),
        ("Knee pain, bilateral, worsening", "Q:01"),
        ("knee pain x 3 months", "Q:01"),
        ("severe headache", "Q:02"),  # a name
        ("severe intermittent headache", "Q:02"),  # with fewer words dropped than a headache
        ("mild headaches", "Q:03"),
        ("left ventricular hypertrophy", "Q:04"),
        ("mild left ventricular hypertrophy", "Q:04"),
        ("bilateral cataracts", "Q:05"),
        ("hx of DVT", "Q:07"),
        ("h/o DVT, s/p filter placement", "Q:07"),
        ("CKD stage 3", "Q:08"),
        ("stage IV chronic kidney disease", "Q:09"),
        ("HTN, poorly controlled", "Q:11"),
        ("esophageal reflux w/o esophagitis", "Q:31"),
        ("esophageal reflux without mention of esophagitis", "Q:31"),
        ("T2DM w/o complication", "Q:35"),
        ("T2DM, diet-controlled", "Q:35"),
        ("DM2, insulin requiring", "Q:35"),
        ("prostate cancer, Gleason 7", "Q:33"),
        ("prostate cancer Gleason score 3+4", "Q:33"),
        ("prostate cancer stage IIIb", "Q:33"),
        ("CKD stage 3, stable", "Q:08"),  # the stage stays where it is named
        ("HTN, stage 2", "Q:11"),
        ("GERD w/o esophagitis", "Q:38"),
        ("gastro-esophageal reflux disease w/ esophagitis", "Q:37"),
        ("focal seizure w/anomia", "Q:45"),
        ("sebaceous gland CA", "Q:44"),
        ("b/l ureter obstruction", "Q:46"),
        ("CKD stage IIIb", "Q:39"),
        ("abdominal pain - RUQ", "Q:43"),
        ("s/p MI", "Q:40"),
        ("s/p MI 2012", "Q:40"),
        ("MI 2012", "Q:41"),
        ("DVT, RLE", "Q:07"),
        ("bilateral lower extremity edema", "Q:50"),  # that of the lower limbs, in other words
        ("left upper extremity edema", "Q:23"),
        ("DVT LLE 2018", "Q:07"),
        ("pneumonia - RLL", "Q:34"),
        ("pneumonia, right lower lobe", "Q:34"),
        ("headache since 2014", "Q:03"),
        ("headache 2014", "Q:03"),
        ("HTN (2017)", "Q:11"),
        ("hep C", "Q:36"),
        ("hep C (resolved)", "Q:36"),
        ("portal HTN", "Q:12"),
        ("old DVT", "Q:07"),  # as short as a symbol
        ("new onset afib with RVR", "Q:13"),
        ("OSA on CPAP", "Q:20"),
        ("chronic low platelets", "Q:28"),
        ("low blood sodium, chronic", "Q:29"),
        ("acute on chronic otitis", "Q:16"),  # two names are left without one word
        ("large right pleural effusion", "Q:18"),
        ("severe hypoplasia of the fibula", "Q:19"),  # in another wording besides
        ("mild cysts of the kidney", "Q:30"),  # and no slip would make one of the other
        ("mild hypertention", "Q:11"),  # with a slip besides
        ("2+ edema", "Q:23"),
        ("metformin 500 mg tablet, oral", "Q:25"),
        ("metformin HCl 1000mg PO BID", "Q:24"),
        ("metformin 250 mg/5 mL oral solution PO BID", "Q:24"),  # seven, all dropped
        ("HCTZ 12.5 mg daily", "Q:26"),
        ("metformin 40 mg IV", "Q:24"),
        ("episodes of atrial fibrillation", "Q:13"),
        ("metformin 500 mg q6h prn pain", "Q:24"),
        ("metformin 500 mg/mL drops", "Q:24"),
        ("INJ metformin 10 MG/ML", "Q:24"),
        ("metformin 10 MG/ML SUSP", "Q:24"),
        ("metformin 500 mg twice daily", "Q:24"),
        ("HCTZ 25 milligrams by mouth once a day", "Q:26"),
        ("metformin every evening", "Q:24"),
        ("metformin 500 mg 1 tablet daily", "Q:24"),
        ("HCTZ 1-2 tabs twice daily", "Q:26"),
        ("metformin 500 mg/day", "Q:24"),
        ("metformin ER 500 mg 24 hr tablet", "Q:24"),
        ("metformin 325 mg tabs 2 q4-6h prn pain", "Q:24"),
        ("metformin (Glucophage) 500 mg (as HCl) BID with meals", "Q:24"),
        ("metformin 90 mcg/actuation inhaler 2 puffs q 4 hours as needed", "Q:24"),
        ("metformin 0.5 % eye drops, 1 drop both eyes", "Q:24"),
        ("metformin 500 \N{MICRO SIGN}g PO", "Q:24"),  # whose normal form is a Greek letter
        ("metformin 500 \N{GREEK SMALL LETTER MU}g PO", "Q:24"),
    ],
)
def test_the_name_in_a_phrase_is_found(index: Index, mention: str, concept_id: str) -> None:
    encoder = FakeEncoder()
    (link,) = Linker(index, encoder=encoder).link([mention])
    assert link.candidates[0].concept_id == concept_id
    assert link.candidates[0].score == pytest.approx(1, abs=1e-3)
    assert encoder.encoded == []


@pytest.mark.parametrize(
    "mention",
    [
        "large liver",  # more than a liver
        "congenital cataract",  # another disease
        "left",  # nothing is left
        "history of",
        "left elbow pain",  # no name
        "s/p",
        "x 3 months",
        "500 mg",
        "metformim 500 mg",  # may be another medicine
        "metformim twice daily",
        "portal hypertension type iv",  # a number, and no way to give it
        "liver drops",
        "poorly differentiated edema",
        "metformin and sitagliptin 50 mg",  # two
        "liver by mouth",  # nothing that is taken
    ],
)
def test_what_is_no_name_with_more_around_it_is_encoded(index: Index, mention: str) -> None:
    encoder = FakeEncoder()
    Linker(index, encoder=encoder).link([mention])
    assert encoder.encoded == [mention]


@pytest.mark.parametrize(
    ("query", "full"),
    [
        ("CKD stage 3", "chronic kidney disease stage 3"),
        ("metastatic NSCLC, recurrent", "metastatic non-small cell lung cancer, recurrent"),
        ("L-dopa", "L-dopa"),
        ("HIV infection", "human immunodeficiency virus infection"),
        # The index knows the letters, and what is in full is no name of it.
        ("SJS type 2", "SJS type 2"),
        ("SJS type 1", "SJS type 1"),
        ("CKD", "CKD"),  # one word: not this module's
        ("RA type 2", "RA type 2"),  # several senses
        ("RA flare", "rheumatoid arthritis flare"),
        ("upper GI bleed", "upper gastrointestinal bleeding"),
        ("CVA tenderness, left", "costovertebral angle tenderness, left"),
        ("old CVA", "old cerebrovascular accident"),
        ("mass in the CP angle", "mass in the CP angle"),
        ("HTN\x00, severe", "hypertension , severe"),
        ("\uff23\uff2b\uff24 stage \uff13", "chronic kidney disease stage 3"),
        ("", ""),
    ],
)
def test_short_forms_in_a_phrase_are_said_in_full(index: Index, query: str, full: str) -> None:
    assert spelled_out(index, query) == full


def test_what_is_a_name_as_it_stands_is_said_no_other_way(tmp_path: Path) -> None:
    concepts = [
        concept("S:1", "CKD stage 3"),
        concept("S:2", "Chronic kidney disease stage 3"),
        concept("S:3", "Chronic kidney disease stage 4"),
        concept("S:4", "Diabetes"),
        concept("S:5", "Diabetes mellitus"),
        concept("S:6", "Portal hypertension"),
        concept("S:7", "Deep vein thrombosis in pregnancy"),
        concept("S:8", "DVT of arm"),
    ]
    index = build(tmp_path / "i", concepts)
    # In full it is another concept's name; so for a word that stands for a longer one.
    assert spelled_out(index, "stage 3 CKD") == "stage 3 CKD"
    assert spelled_out(index, "diabetes") == "diabetes"
    # The index knows the letters, but in full alone it is a name.
    assert spelled_out(index, "CKD stage 4") == "chronic kidney disease stage 4"
    assert spelled_out(index, "DVT in pregnancy") == "deep vein thrombosis in pregnancy"
    assert spelled_out(index, "DVT of leg") == "DVT of leg"
    # A phrase of more words than any name that is looked for stays as it is.
    many = "portal HTN a b c d e f g h i j"
    assert spelled_out(index, many) == many.replace("HTN", "hypertension")
    assert spelled_out(index, f"{many} k") == f"{many} k"


@pytest.mark.parametrize(
    ("mention", "is_found"),
    [
        ("mild moderate severe left right bilateral knee pain", True),
        ("mild moderate severe left right bilateral chronic knee pain", False),
    ],
)
def test_of_many_qualifiers_all_are_dropped_or_none(
    mention: str, is_found: bool, tmp_path: Path
) -> None:
    index = build(tmp_path / "i", [concept("K:1", "Severe knee pain")])
    assert without_qualifiers(index, mention) == (0 if is_found else None)


def test_a_name_that_the_search_misses_is_a_candidate_still(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a graph's walk may, which starts where the name is and ends elsewhere.
    def misses(vectors: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        shape = (len(vectors), n)
        return np.full(shape, -1, np.float32), np.full(shape, -1, np.int64)

    monkeypatch.setattr(index.vectors, "search", misses)
    (link,) = Linker(index, encoder=FakeEncoder()).link(["severe knee pain, longstanding"])
    assert [(c.concept_id, round(c.score, 5)) for c in link.candidates] == [("Q:01", 1.0)]


def test_a_link_tells_what_was_looked_up(index: Index) -> None:
    (link,) = Linker(index, encoder=FakeEncoder()).link(["portal HTN"])
    assert (link.mention.text, link.mention.long_form) == ("portal HTN", "portal hypertension")


@given(st.text(st.sampled_from("lrs/p0123+x-, \n") | st.characters(), max_size=40))
def test_what_is_left_is_part_of_the_query(index: Index, text: str) -> None:
    normal = normalise(text)
    row = without_qualifiers(index, normal)
    if row is not None:
        assert set(stems(index.store.normal(row))) <= set(stems(normal))
    assert spelled_out(index, text).strip() or not text.strip()


@pytest.mark.parametrize("text", ["left right ", "HTN ", "1,", "1-1 mg ", "x 1", "; s/p ,"])
def test_a_long_string_takes_no_longer_than_others(index: Index, text: str) -> None:
    long = text * 200_000
    begun = time.process_time()
    assert without_qualifiers(index, long) is None
    assert spelled_out(index, long) == long
    assert time.process_time() - begun < 20


def test_everyday_words_and_measurements_are_looked_up_by_their_name(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    names = ("Alopecia", "Hypokalemia", "Hives", "Crohn disease")
    concepts = [concept(f"W:{i}", name) for i, name in enumerate(names)]
    index = build(tmp_path_factory.mktemp("everyday") / "index", concepts)
    asked = [
        "hair loss",
        "Serum potassium was low",
        " Crohn's ",
        "hives",
        "bad breath",
        "low sodium",
    ]
    assert [spelled_out(index, query) for query in asked] == [
        *("alopecia", "hypokalemia", "Crohn disease"),
        *("hives", "bad breath", "low sodium"),  # a name already; none of the index
    ]
