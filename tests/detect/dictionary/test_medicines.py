"""Medicines by what notes call them, where the index has another name."""

from __future__ import annotations

import pytest
from cases import FakeEncoder, build, concept, marked

from linker import Linker
from linker.detect import DictionaryMatcher
from linker.index import Index

CONCEPTS = [
    concept("D:1", "Furosemide", types=["drug"]),
    concept("D:2", "Thyroxine", types=["drug"]),
    concept("D:3", "Midazolam", types=["drug"]),
    concept("D:4", "Folic acid", types=["drug"]),
    concept("D:5", "Potassium chloride", types=["drug"]),
    concept("D:6", "Sodium", types=["drug"]),
    concept("D:7", "Potassium", types=["drug"]),
    concept("D:8", "Coumadin", "warfarin brand", types=["drug"]),
    concept("D:9", "Warfarin", types=["drug"]),
    concept("D:10", "Acetaminophen, Hydrocodone Drug Combination", types=["drug"]),
    concept("D:11", "Hydrocodone", types=["drug"]),
    concept("D:12", "Adrenergic beta-Antagonists", types=["drug"]),
    concept("D:13", "Salbutamol", types=["drug"]),
    concept("D:14", "Metoprolol", types=["drug"]),
    concept("D:15", "Methylprednisolone", types=["drug"]),
    concept("D:16", "Sodium succinate", types=["drug"]),
    concept("D:17", "Penicillin V", types=["drug"]),
    concept("D:18", "Doxycycline", types=["drug"]),
    concept("D:19", "Pantoprazole", types=["drug"]),
    concept("D:20", "pantoprazole", types=[]),
    concept("D:21", "Ibuprofen", types=["drug"]),
    concept("D:22", "Avil", types=["gene"]),
    concept("D:23", "Serotonin Uptake Inhibitors", "Serotonin Reuptake Inhibitors", types=["drug"]),
    concept("D:24", "Serotonin and Noradrenaline Reuptake Inhibitors", types=["drug"]),
    concept("D:25", "Angiotensin-Converting Enzyme Inhibitors", types=["drug"]),
    concept("D:26", "Proton Pump Inhibitors", types=["drug"]),
    concept("D:27", "Vancomycin", types=["drug"]),
    concept("D:28", "Sodium-Glucose Transporter 2 Inhibitors", types=["drug"]),
    concept("D:29", "Heparin", types=["drug"]),
    concept("D:30", "Isoniazid", types=["drug"]),
    concept("D:31", "Arthroplasty, Replacement, Hip", "Hip Replacement Arthroplasty"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("medicines") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("note", "concepts"),
    [
        ("[Lasix|X] 40 mg p.o. b.i.d., [LASIX|X], [lasix|X]; [furosemide|X]", ["D:1"] * 4),
        ("[Levothyroxine|X] 88 mcg, [Synthroid|X]", ["D:2", "D:2"]),
        ("[levothyroxine sodium|X] 50 mcg", ["D:2"]),
        ("[Versed|X] 2 mg IV; she is well versed in this and was versed in it", ["D:3"]),
        ("[folate|X] 1 mg daily", ["D:4"]),
        ("[K-Dur|X] 20 mEq and [Klor-Con|X]; [potassium|X] 3.9", ["D:5", "D:5", "D:7"]),
        # What the index calls so itself.
        ("[Coumadin|X] 5 mg, [warfarin|X]", ["D:8", "D:9"]),
        # A medicine of two things is neither of them alone.
        ("[Vicodin|X] prn, [Norco|X] 5/325, Percocet", ["D:10", "D:10"]),
        ("a [beta blocker|X], [beta-blockers|X]", ["D:12", "D:12"]),
        ("[Proventil|X] inhaler, [Toprol|X]-XL 50 mg", ["D:13", "D:14"]),
        # Classes, by what notes make of them.
        ("switched from an [SSRI|X]; [SSRIs|X] in the past", ["D:23", "D:23"]),
        ("an [SNRI|X] and a walk, or a [SNRI|X] or two", ["D:24", "D:24"]),
        ("[ACEi|X] held, [ACE-I|X] and [ACE inhibitors|X]", ["D:25"] * 3),
        ("[PPI|X] bid, [ppi|X], [PPIs|X]", ["D:26"] * 3),
        ("[SGLT2i|X] or another [SGLT2 inhibitor|X]", ["D:28", "D:28"]),
        # Medicines cut short.
        ("[vanc|X] and zosyn, [vanco|X] trough 15; [UFH|X] drip", ["D:27", "D:27", "D:29"]),
        ("latent TB on [INH|X]\nCombivent INH 2 puffs", ["D:30"]),
        ("s/p right [THA|X] in May; [total hip replacement|X]", ["D:31", "D:31"]),
    ],
)
def test_a_medicine_is_found_by_its_trade_or_everyday_name(
    index: Index, note: str, concepts: list[str]
) -> None:
    text, gold = marked(note)
    links = Linker(index, encoder=FakeEncoder()).annotate(text)
    assert [(link.mention.start, link.concept_id) for link in links] == [
        (start, concept_id) for (start, _), concept_id in zip(gold, concepts, strict=True)
    ]


@pytest.mark.parametrize(
    ("said", "concept_id"),
    [
        ("Lasix", "D:1"),
        ("K-Dur", "D:5"),
        ("Coumadin", "D:8"),
        ("beta blockers", "D:12"),
        ("Advil", "D:21"),
        ("Lasix 40 mg daily", "D:1"),
        ("Advil 200 mg PO BID", "D:21"),
    ],
)
def test_a_medicine_of_a_list_is_linked_by_its_trade_name(
    index: Index, said: str, concept_id: str
) -> None:
    assert Linker(index, encoder=FakeEncoder()).link([said])[0].concept_id == concept_id


@pytest.mark.parametrize(
    "note",
    [
        "[Methylprednisolone sodium succinate|Methylprednisolone] 125 mg",
        "[penicillin V potassium|Penicillin v] 500 mg",
        "[doxycycline hyclate|Doxycycline] and [pantoprazole sodium|Pantoprazole]",
        # The base is no name: its counter-ion is no medicine, nor an electrolyte.
        "clavulanate potassium 125 mg, docusate sodium.",
        "takes mycophenolate sodium daily",
        # A measurement, or a list.
        "urine [sodium|] 20, check [sodium|], moderate [potassium|], phosphate [potassium|] 4",
    ],
)
def test_a_counter_ion_is_part_of_its_medicine(index: Index, note: str) -> None:
    text, gold = marked(note)
    mentions = DictionaryMatcher(index).detect([text])[0]
    assert [(m.start, m.query.capitalize() if m.long_form else "") for m in mentions] == gold
