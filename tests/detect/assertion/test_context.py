"""What the context of a mention says: named cases exactly, and figures over invented sentences."""

from __future__ import annotations

import pickle
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from assertions import check, found, marked
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.detect import AssertionRules, default_rules, said_in
from linker.errors import ConfigError
from linker.schema import ASSERTIONS, Mention

GOLD = Path(__file__).with_name("assertions.tsv")


@pytest.mark.parametrize(
    "text",
    [
        # Enumerations, and what ends them.
        "No [fever|negated], [chills|negated] or [cough|negated].",
        "Denies [chest pain|negated], [SOB|negated], [n/v|negated], or [palpitations|negated].",
        "No [fever|negated] but has [cough|].",
        "Patient denies [nausea|negated]. Reports [vomiting|].",
        "No [fever|negated]; [cough|].",
        # Backward.
        "[MI|negated] was ruled out.",
        "[DVT|negated]: negative",
        "[fever|negated] - denies",
        "[Fever|negated]: no",
        "[Diabetes|negated] (-), [asthma|] (+)",
        "[Clubbing|negated], [cyanosis|negated], and [edema|negated] were absent.",
        "Has [cough|], [fever|negated] denied.",
        "NEUROLOGIC: Negative for [paralysis|negated], [paresthesias|negated].",
        "SKIN: Negative [rash|negated], negative [ulcers|negated].",
        "The ultrasound was negative for [DVT|negated] or [phlebitis|negated].",
        "[Fever|negated]: negative, [cough|]: positive.",
        "Known [drug allergies|negated]: none known.",
        "There was no reported [weakness|negated], [numbness|negated] or [HA|negated].",
        "We did not find any [hernias|negated].",
        "The child has not been [lethargic|negated] or [irritable|negated].",
        "There was [anemia|] but not [hemolysis|negated].",
        "Nor has any of them had [gout|negated].",
        "No change in vision or [diplopia|negated]. Sclerae not [icteric|negated].",
        "No significant changes in his bowel habits or any [melena|negated].",
        "Not formally diagnosed with [asthma|negated]. Does not recall any [fall|negated].",
        "The patient has not displayed any manic symptoms, [hallucinations|negated] or others.",
        "He denies chronic [dry cough|negated], coughing up [blood|negated].",
        "No chronic [pain|negated].",
        "No [fever|negated], chronic [back pain|].",
        "They did not think she had [vasculitis|negated]. She does not get [chest pain|negated].",
        "Negative as far as [sore throat|negated], [earache|negated], or [cough|negated].",
        "These periods do not meet criteria for a [manic episode|negated].",
        # Words that look like triggers.
        "No increase in [pain|].",
        "Not only [fever|] but also [rigors|].",
        "No change in the [nodule|].",
        "[Hearing loss|] without any recent change, [dyslipidemia|].",
        "Presented with [respiratory distress|] and absent femoral pulses.",
        "Gram negative [bacteremia|].",
        "Walks without difficulty despite [arthritis|].",
        "Without [difficulty swallowing|negated].",
        # The past.
        "No history of [stroke|negated].",
        "h/o [HTN|historical]",
        "hx of [asthma|historical]",
        "Pt c/o [SOB|], hx of [MI|historical]. Denies [chest pain|negated].",
        "[SOB|], h/o [MI|historical], s/p [hip fracture|historical].",
        "s/p [hip fracture|historical]",
        "History of [gout|historical].",
        "History of present illness: [fever|].",
        "Presents with a 3-day history of [fever|].",
        "[Stomach pains|] that started about a month ago.",
        "[Cough|] began two years ago, [stroke|historical] two years ago.",
        # The family.
        "Mother with [breast cancer|family].",
        "FHx [colon cancer|family]",
        "Father died of [MI|family]. Has [angina|].",
        "Family history negative for [melanoma|negated+family].",
        "Mother reports that he has [fever|].",
        "[Breast cancer|family] was reported in her maternal aunt.",
        "- Sister: [asthma|family]",
        "Both of her children have [ADD|family].",
        "Mother does not report any episodes of [cyanosis|negated].",
        "Twin pregnancy. Twin A has [growth delay|], her twin had [jaundice|family].",
        # What may be.
        "Return if [fever|hypothetical].",
        "If she develops [rash|hypothetical]",
        "Should he have [pain|hypothetical], call.",
        "Monitor for [bleeding|hypothetical].",
        "At risk of [falls|hypothetical].",
        "The risks include, but are not limited to, [stroke|hypothetical] and [pain|hypothetical].",
        "Possible [pneumonia|uncertain].",
        "probable [UTI|uncertain]",
        "likely [URI|uncertain]",
        "suspected [sepsis|uncertain]",
        "Concern for [abscess|uncertain].",
        "?[pneumonia|uncertain]",
        "? [pneumonia|uncertain]",
        "r/o [MI|uncertain]",
        "Cannot exclude [fracture|uncertain].",
        "It is hard to know whether or not he has [dyslexia|uncertain].",
        "[PNA|uncertain] vs. [CHF|uncertain]",
        "Differential includes [gout|uncertain].",
        "He may have [gout|uncertain].",
        "rule/out [MI|uncertain]",
        "Rule out [nephrosis|uncertain] as the cause of his [hypertriglyceridemia|].",
        "Once a view could be obtained, there were [membranes|].",
        "She may be [depressed|uncertain] and she is also [anxious|].",
        "Possible [pneumonia|uncertain] or [bronchitis|uncertain] and he is [dyspneic|].",
        "Risks included but were not restricted to [stroke|hypothetical] and [pain|hypothetical].",
        "He denies he has ever been diagnosed with [hepatitis|negated] or [gout|negated].",
        "The [pain|] could be reproduced by pressing on a [bruise|].",
        "Resolution of the [hyponatremia|historical]; persistent [hypokalemia|].",
        "No resolution of her [cough|].",
        "He has a fear of [stroke|hypothetical], and [gout|].",
        # What may come of an operation, however far from "risks"; not what came of a disease.
        "All risks were discussed, which include, but are not limited to [DVT|hypothetical].",
        "Risks and benefits were explained, including [PE|hypothetical] and [pain|hypothetical].",
        "The risk include but not limited to [scarring|hypothetical], [numbness|hypothetical].",
        "Possible etiologies of her [hoarseness|uncertain] include [reflux|uncertain] and"
        " [anxiety|uncertain].",
        "His mother spoke to a nurse who suggested a bath for his [eczema|].",
        "The risks of surgery were explained to include [infection|hypothetical]. He has [gout|].",
        "We discussed complications including [bleeding|hypothetical].",
        "Potential complications including [bleeding|hypothetical] were explained.",
        "[Diabetes|] with complications including [neuropathy|] and [retinopathy|].",
        "Cardiac risk factors include [hypertension|]. His problems include [gout|].",
        # A minus is one where there is a plus; else it is a bullet or a hyphen.
        "+[nausea|], -[vomiting|negated], +[fever|]",
        "(+[cough|]/-[wheeze|negated]) -[rash|negated]",
        "-[nausea|], -[vomiting|]",
        "[asthma|] - [vomiting|]; non-[wheeze|] and +[fever|]",
        "+ [cough|] - [fever|negated] + [rash|]",
        "+ [fever|], + [cough|], - [headache|negated]",
        "+FM, -[bleeding|negated], -[contractions|negated]. Pulses +2, -[edema|]",
        "[HTN|] +, [DM|negated] -, [CAD|negated] -, [asthma|] +",
    ],
)
def test_named_cases(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        # Full stops that end nothing.
        "No evidence per Dr. Smith of [edema|negated].",
        "No drop below 2.5 and no [melena|negated].",
        # Lists, one item a line; and lines that are full.
        "no [fever|negated]\n[cough|]\n",
        "- no [fever|negated]\n- [cough|]",
        "No [fever|negated]\r\n[Cough|]\r\n",
        "The patient was seen in clinic this morning and she denies recent\n[chest pain|negated].",
        "She denies\n[chest pain|negated].",
        "She was seen in the clinic this morning and denies recent [fever|negated],\n"
        "[chest pain|negated] and [cough|negated].",
        # Sections.
        "PMH: [COPD|historical]\nMeds: none\nAssessment: [croup|]",
        "Differential diagnosis: [gout|uncertain], [lupus|uncertain]\nPlan: [pain|]",
        "Family History:\n[glaucoma|family]\n\nPlan:\n[cataract|]",
        "FAMILY HISTORY\n[glaucoma|family]\nIMPRESSION\n[cataract|]",
        "FH: [gout|family]\nSOMETHING UNKNOWN: [edema|]",
        "MOTHER: [gout|family]\nSOMETHING UNKNOWN: [edema|]",
        "Return precautions: [fever|hypothetical], [pain|hypothetical]",
        "Past Medical History: [HTN|historical]. Presents today with [syncope|].",
        "**PMH:** [asthma|historical]\n**Exam:** [wheezing|]",
        "Allergies: penicillin ([hives|historical])",
        "Pertinent negatives: [fever|negated]",
        "FAMILY HISTORY: Noncontributory.\n\nA thin man with [fatigue|].",
        "PMH: none\nPSH: None.\n\n[Cough|]. Family history: None known\n[Fever|]",
        "PAST MEDICAL HISTORY\nUnremarkable\n\n[Sepsis|] was treated.",
        "PMH: None other than [gout|historical]. FH: No [gout|negated+family].\n[MI|family]",
        "Denies: [headache|negated], [fever|negated]. Admits: [cough|]. Reports: [rash|]",
        "*PMH*: [asthma|historical]\nPast Medical History (PMH): [gout|historical]",
        "FAMILY HISTORY (as told by him): [gout|family]\nPLAN: [pain|]",
        # An unknown header ends a section where a line begins; one word, behind a blank line.
        "FAMILY HISTORY: [gout|family]. OTHER KIN: [lupus|family]",
        "FAMILY HISTORY:\n[gout|family]\n\nNOTES:\n[pain|]",
        "FAMILY HISTORY:\n[gout|family]\nNOTES:\n[pain|family]",
        "FAMILY HISTORY:\n[gout|family]\nOTHER NOTES:\n[pain|]",
        # Headers in lines without a mention.
        "Seen today. Well. Family history:\n[glaucoma|family]",
        "FAMILY HISTORY\nAs before. Seen.\n[glaucoma|family]\n\nPLAN:\nRest. Go.\n[cataract|]",
    ],
)
def test_sentences_and_sections(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "[Fever|negated]: No   [Chills|negated]: No   [Cough|]: Yes   [SOB|negated]: No",
        "[Diabetes|]: Yes [Hypertension|negated]: No [Asthma|]: Yes",
        "[Chest pain|negated]: Denies   [Dyspnea|negated]: Denies   [Cough|]: Endorses",
        "[Edema|negated]: none [Cyanosis|negated]: none [Clubbing|negated]: none",
        "[DM|negated](-) [HTN|](+) [CAD|negated](-)",
        "[Fever|negated] (-) [Cough|] (+) [Headache|negated] (-)",
        "(+) [cough|] (-) [fever|negated] (-) [rash|negated]",
        "[Chest pain|negated] no, [SOB|negated] no, [palpitations|] yes",
        "[Nausea|negated] denied, [vomiting|negated] denied, [diarrhea|] reported",
        "HEENT: no [lesions|negated] Neck: no [masses|negated] Extremities: none",
        "Skin: no [rash|negated] Neuro: no [weakness|negated]",
        "[Fever|negated] - No\n[Cough|] - Yes\n[Headache|negated] - No",
        "[Fever|negated]   No\n[Chest pain|]   Yes",
        "[Headache|negated] no\n[Dizziness|] yes\n[Syncope|negated] no\n[Cough|] yes, at night",
        "[Fever|negated] no\n[Rash|] yes\nShe has no\n[edema|negated] and no\n[pain|negated]",
        "[ ] [fever|negated] [x] [fatigue|] [ ] [weight loss|negated]",
        "☐ [chest pain|negated] ☒ [palpitations|] ☑ [edema|]",
        "[Diabetes Mellitus|negated]: [ ] Yes [X] No",
        "[Asthma|]: [x] Yes [ ] No",
        "[ ] [fever|negated], [chills|negated] [x] [fatigue|]",
        "1) No [PE|negated] 2) [Pneumonia|]",
        "(1) r/o [MI|uncertain] (2) [HTN|] (3) [DM|]",
        "No [angina|negated] (NYHA class 2) or [edema|negated]",
        "[Fever|negated]? No. [Cough|]? Yes.",
        "[Fever|negated]? No [Cough|]? Yes",
        # Letters, rows of tables, boxes behind.
        "[Fever|negated] N, [cough|] Y. [Airway obstruction|negated] N [Bleeding|] Y",
        "[Fever|negated]  N   [Cough|]  Y   [Rash|negated]  N\n[Gout|] Y\n[MI|negated] N",
        "C/o [abdominal pain|] n/v. [Asthma|] | Yes |\n| [Diabetes|negated] | No |",
        "[Rash|negated] ☐ [Cough|] ☑\n[Sore throat|negated] ☐",
        "[Fever|negated] [ ] [Cough|] [x]",
        "[x] [Cough|] [ ] [Fever|negated]\nNone of these: [ ]",
        "[Diabetes|negated]: Yes ☐ No ☑\n[Asthma|]: Yes ☑ No ☐",
        "[Chest pain|negated]: Patient denies\n[Cough|]: Yes",
        "Const: no [fever|negated] CV: no [chest pain|negated] Resp: [cough|]",
        "ROS: Const - no [fever|negated], CV - [palpitations|], Resp - no [cough|negated]",
        "-ve [head injury|negated], -ve [LOC|negated], +ve [vomiting|]",
        "+ve [cough|], -ve [fever|negated]. [Cough|] +ve, [rash|negated] -ve",
        "[DVT|negated] nil, FH [IHD|family]. FHx: Nil of note.\n[Cough|].",
    ],
)
def test_forms(text: str) -> None:
    """Each item has its own answer, which says nothing of the next."""
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Return if any [chest pain|hypothetical].",
        "She will call me if any [fevers|hypothetical] or [pain|hypothetical].",
        "There is little if any [edema|].",
        "He did not [vomit|negated]. He has not [vomited|negated] today.",
        "He does not [snore|negated].",
        "He was ruled out for [MI|negated].",
        "Ruled out [MI|negated].",
        "Neg: [rash|negated], [vomiting|negated].",
        "Neg [fever|negated]/[cough|negated]. Neg [DVT|negated] study.",
        "Negative: [cough|negated], [fever|negated].",
        "[Pain|negated] no longer present.",
        "[Seizure|negated]-free for 2 years.",
        "[Pain|negated] free.",
        "[Chest pain|negated] free since admission.",
        "POD#2 s/p [appendectomy|historical] with [fever|]",
        "s/p [fall|historical] with [L hip pain|]",
        "[Anemia|historical], resolved.",
        "[AKI|historical], now resolved.",
        "54M p/w 3d h/o [CP|], [SOB|]",
        "2wk h/o [cough|]",
        "6/12 history of [weight loss|]",
        "Lives with her mother who has [dementia|family].",
        "Sick contacts: brother with [diarrhea|family].",
        "FamHx: [DM|family]",
        "Maternal [hypertension|family].",
        "Maternal hx: [asthma|family]",
        "Pat GF w/ [colon ca|family]",
        "BIB mom for [vomiting|].",
        "FAMILY HISTORY\n[Seizures|family+negated] Neg Hx",
        "Discussed risks: [bleeding|hypothetical], [infection|hypothetical].",
        "[Anemia|] due to [CKD|uncertain] vs [GI bleed|uncertain]",
        "[Hypoxia|] 2/2 [pneumonia|uncertain] vs [pulmonary edema|uncertain]",
        "[CHF|uncertain] vs [pneumonia|uncertain]",
        "- Neg: [chest pain|negated], [dyspnea|negated]",
        "- Negative: [chest pain|negated]",
        "[DVT|negated] - neg",
        "- Absent: [clubbing|negated], [cyanosis|negated]",
        "PPX: heparin for [DVT|hypothetical], PPI for [ulcer|hypothetical]\nDispo: home, [COPD|]",
        "hospitalized last year for [pancreatitis|historical]",
        "[Appendectomy|historical] 3 years ago for [appendicitis|historical].",
        "Diagnosed 3 years ago with [diabetes|].",
        "CT to look for [hydronephrosis|uncertain]. Will check for [anemia|uncertain].",
        "Screening mammogram for [breast cancer|hypothetical].",
        "Warned about [hypoglycemia|hypothetical].",
        "Rather than [pneumonia|negated], this is [heart failure|].",
        "[Hypokalemia|historical], which resolved.",
        "She cares for mother with [dementia|family].",
        "No [cough|negated] 2/2 [fever|]",
        "Denies [cough|negated] on 2/2/2031 or [fever|negated].",
        "The patient denies:\n[Chest pain|negated]\n[Dyspnea|negated]",
        "Patient denies: [fever|negated], [chills|negated]. He has [cough|].",
        "Denies: [fever|negated], [chills|negated].\n\nHe has [cough|].",
        # Not excluded, in more words.
        "[Pneumonia|uncertain] has not been ruled out. [PE|uncertain] has not yet been excluded.",
        "A small [effusion|uncertain] is not entirely excluded. Not excluding [TB|uncertain].",
        "Cannot entirely exclude [PE|uncertain]. CT to exclude [malignancy|uncertain].",
        "[Fracture|uncertain] cannot be completely excluded. We have not ruled out [TB|uncertain].",
        "?? [Crohn's|uncertain] Imp: ??[sepsis|uncertain]. Query [fracture|uncertain].",
        "Is it [gout|uncertain]?? He has [pain|].",
        "This is unlikely to be [MI|uncertain]. [Pain|] is unlikely to represent [MI|uncertain].",
        "It is not clear that he has [asthma|uncertain]. There is no suggestion of [PE|negated].",
        "Consider [meningitis|uncertain]. Consider MRI for [pain|], CT if [fever|hypothetical].",
        "Workup for her gallbladder showed [dyskinesia|].",
        # Not so, in more words; and what is said twice not.
        "I don't think that this is [asthma|negated]. I do not believe it is [ACS|negated].",
        "I do not believe that diuretics will help his [edema|].",
        "She does not appear [anxious|negated], [agitated|negated] or [depressed|negated].",
        "He does not appear to understand his [diabetes|]. He no longer reports [pain|negated].",
        "She is not without [pain|]. He does not deny [drinking|]. No reason to doubt [gout|].",
        "Compression test negative with [pain|] on both sides.",
        # Where it ends that something is not there.
        "She denies recent symptoms related to her [lupus|].",
        "No problems with his [asthma|] this year.",
        "Echo: no [effusion|negated], trivial [TR|].",
        "No [JVD|negated], trace [edema|]. No [pneumothorax|negated], small [effusion|].",
        "No [fever|negated], some [abdominal pain|]. No [rales|negated], scattered [wheezes|].",
        "No [chest pain|negated], she does have [dyspnea|]. No [fever|negated], had [emesis|].",
        "Without [fever|negated], he had [cough|]. No [angina|negated] yet he was [pale|].",
        "No acute [distress|negated], appears [pale|]. No [fever|negated] despite [pneumonia|].",
        "Denies [chest pain|negated], severe [headache|negated], or [rash|negated].",
        "No evidence of progression of [lung cancer|]. Apart from [fever|] the ROS is negative.",
        "[Murmur|], unchanged from last year. After a talk with his wife, the patient had [pain|].",
        # Who has it: the mother of a newborn, those in brackets, contacts, nobody.
        "Born at term to a mother with [GDM|family]. Infant of a diabetic mother.",
        "Maternal history significant for [lupus|family]. Family psych history: [OCD|family]",
        "[Diabetes|family] (mother, sister), [CAD|family] (father and uncle)",
        "Exposed to a coworker with [TB|family]. Her children have [flu|family].",
        "No one in the family has [gout|negated+family]. Nobody at home has [rash|negated+family].",
        "Lives with his mother, who has [COPD|family].",
        # Who only comes along, or speaks.
        "A boy who presents with his mother for [asthma|]. Here with mom for [cough|].",
        "PMH: [asthma|historical]. Presents with his wife for [pain|].",
        "Mother measured [fever|]. Mother has not noticed [rash|negated].",
        "Parents would like to discuss [ADHD|]. Mother was told he has [murmur|].",
        "Mother has been giving ibuprofen for [fever|]. Wife manages his [diabetes|].",
        "Mother was instructed to return if [fever|hypothetical]. A friend saw [pallor|].",
        "Infant of a [diabetic|] mother with [macrosomia|].",
        # The past, and what only a report of the past says.
        "Previously seen [nodule|] is unchanged. Old records show [gout|].",
        "Previously noted [effusion|historical] has resolved. Since prior CT [edema|] is worse.",
        "[HIV|] diagnosed in May 2006. [MI|historical] in fall of 2012. [Pain|] began in 12/2019.",
        "In March 2012 she had [croup|historical]. At age 5 he had [meningitis|historical].",
        "[Jaundice|historical] as a newborn. [Stones|historical], remote. [MI|historical] (old)",
        "[Rash|] has not completely resolved. [Pain|] almost resolved.",
        "Used to get [migraines|historical]. On pills for [gout|] as well as a baby aspirin.",
        # What may come, in more words.
        "Seek immediate medical attention for [pain|hypothetical].",
        "Immunised against [flu|hypothetical]. To lower the chance of [infection|hypothetical].",
        "This is the best chance of [tumor|] control.",
        "Educated about signs of [infection|hypothetical]. Signs of [infection|] at the wound.",
        "Return to clinic with [pus|hypothetical]. Precautions for [falls|hypothetical].",
        # The cause is not found, and the finding is there.
        "No source of [bleeding|] was found. No known cause for [seizures|]. No [rash|negated].",
        "Cause of [fever|] not found. The etiology of her [anemia|] has not been identified.",
        # Results, as laboratories and pathologists give them.
        "[Perineural invasion|negated]: Not identified\n[Necrosis|]: Present",
        "[Influenza A|negated]: Not Detected  [RSV|]: Detected  [COVID-19|negated]: Not Detected",
        "[HIV|negated]: non-reactive. [Syphilis|negated] nonreactive. [Hepatitis B|]: reactive.",
        "[Dysplasia|negated]: none identified. [Metastases|negated] have not been seen.",
        "[Hematoma|negated] is no longer seen. [Tumor|] margins: not involved.",
        "Neg for [chest pain|negated], pos for [palpitations|]. -ve: [rash|negated]",
        "Never [smoker|negated], never a [drinker|negated]. Never hospitalized for [asthma|].",
    ],
)
def test_phrases(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "No [pain|negated] after a [fall|]. Denies [headache|negated] since [MVA|].",
        "No [infection|negated] following [surgery|], [fever|negated] or [chills|negated].",
        "No [LOC|negated] before or since the [fall|], no [vomiting|negated].",
        "No [deficits|negated] from his [stroke|]. No [DVT|negated] on [ultrasound|].",
        "Denies suffering from [gout|negated]. He has never suffered from [asthma|negated].",
        "No evidence on CT of [mass|negated] or [bleeding|negated].",
        "No [cough|negated] s/p [PE|historical].",
        "Denies the following: [fever|negated], [cough|negated].",
        "Denies, since [surgery|], any [fever|negated]. After the [fall|] no [pain|negated].",
        "Possible [seizure|uncertain] after [head injury|].",
        "Rule out [DVT|uncertain] after [fracture|].",
        "Call if [fever|hypothetical] after [surgery|], or [pain|hypothetical].",
        "[Infection|negated] after surgery was ruled out.",
        "No [pain|negated] before [surgery|]. Possible [seizure|uncertain] during [dialysis|].",
        "No [fever|negated] prior to [surgery|], [cough|negated] or [rash|negated].",
        "No [pain|negated] until the [fall|]. Denies [pain|negated] on [exertion|].",
        # Behind some words it is denied again.
        "No [fever|negated] after [surgery|] or [rash|negated], nor [pain|negated].",
        "No [fever|negated] since [surgery|] nor [rash|negated].",
        "No [fever|negated] after [surgery|] including [rash|negated].",
        "No [fever|negated] after [surgery|] and any [rash|negated].",
        "No [pain|negated] after [meals|] such as [rash|negated].",
        "Denies following [surgery|]: [fever|negated]. No signs after [surgery|] ([rash|negated]).",
        "Denies [pain|negated] during [exercise|] or [rash|negated].",
        "No [clot|negated] on [CT|] or [bleeding|negated]. No signs by [CT|] of [TB|negated].",
        "No [mass|negated] by [CT|], [bleeding|negated] or [TB|negated].",
        "No [deficit|negated] from [stroke|] or [pain|negated].",
        "No [deficit|negated] in the context of [stroke|], [pain|negated] or [TB|negated].",
        "No [deficit|negated] in the setting of [stroke|].",
    ],
)
def test_what_a_finding_comes_after_or_from_is_there(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "No [chest pain|negated], [rash|] noted. No [cough|negated], mild [rash|] was seen.",
        "No [fever|negated], [cough|] improving.",
        "Denies [nausea|negated], [pain|historical] has resolved.",
        "Denies [MI|negated] (ruled out) or [PE|negated].",
        "No [fever|negated], [chills|negated], [pain|] well controlled.",
        "There is no [fracture|negated] and the [effusion|] is small.",
        "No [PE|negated] and his [cough|] is better.",
        # Up to three words before what the item is about, and behind it.
        "No [fever|negated], dull left knee [pain|] is better.",
        "No [fever|negated], dull left upper abdominal [pain|negated] is better.",
        "No [fever|negated], [pain|] in left knee is better.",
        "No [fever|negated], [pain|negated] in all of the toes is better.",
        "No [fever|negated], [rash|] noted, no [cough|negated] or [chills|negated].",
        # Lists, of which all members are denied, and what is denied twice.
        "No [fever|negated], [cough|negated] or [rash|negated] noted.",
        "No [icterus|negated], [cyanosis|negated], [edema|negated] noted.",
        "No [fever|negated] or [chills|negated], [rash|negated] noted, no [cough|negated].",
        "No [fever|negated], [rash|negated] is not seen. No [fever|negated] and [rash|negated].",
        "No [mass|negated] of the hip and the [pelvis|negated].",
        "No [fever|negated], [cough|negated] that is new.",
        "She did not feel [weak|negated], and medical records show [gout|].",
    ],
)
def test_statements_behind_a_negation(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "I don't have a [fever|negated] but I do have [chills|].",
        "i dont have [fever|negated] or [chills|negated], i do have [aches|]",
        "Havent had [seizures|negated] in 2 years, I dont think it is [epilepsy|negated].",
        "No [fever|negated], I have a [cough|]. Never had [asthma|negated].",
        "I am not [pregnant|negated]. I'm not [dizzy|negated]. It's not [cancer|negated].",
        "I'm not sure if it is [gout|uncertain]. It's not healing, the [ulcer|] is big.",
        "My mom has [diabetes|family] and I have [asthma|]. My brother and I have [gout|].",
        "Everyone in my family has [diabetes|family]. [Gout|family] on both sides of the family.",
        "The [rash|historical] is gone. My [pain|historical] went away. [Pain|] never went away.",
        "I think I have a [UTI|uncertain]. I'm worried that I have [cancer|uncertain].",
        "My husband thinks I have [apnea|uncertain]. I wonder if it's [gout|uncertain].",
        "I wonder whether he has [sarcoid|uncertain]. She is not troubled by [reflux|negated].",
        "I don't think it's [broken|negated]. I'm worried it's [cancer|uncertain].",
        "I think that this is [flu|uncertain]. I can't tell if it is [infected|uncertain].",
        "The [infiltrate|historical] has cleared. [Depression|historical], in full remission.",
    ],
)
def test_what_patients_write(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Favoured to represent [keratosis|uncertain]. Favored to be [nevus|uncertain].",
        "[Atelectasis|uncertain] is favoured over [CHF|uncertain]. [TB|uncertain] is favored.",
        "[Glaucoma|uncertain] suspect. [Glaucoma|uncertain] suspect OU. [Fever|], suspect sepsis.",
        "Near complete resolution of the [pneumonia|]. Resolution of [edema|historical].",
        "He is not known to have [AF|negated]. She was not found to have [anemia|negated].",
        "The lesions were not confirmed to be [tumor|negated] implants.",
        "I cannot appreciate a [murmur|negated]. I did not hear [rales|negated].",
        "There is not any [swelling|negated]. There isn't a [rash|negated].",
        "Pt not c/o [CP|negated]. He is not in [pain|negated]. Not in any [distress|negated].",
        "Pertinent negatives include [fever|negated], [cough|negated].",
        "CT ruled out [PE|negated]. We have not ruled out [TB|uncertain].",
        "[MI|negated] ruled out, [UTI|]. There is not even a hint of [pus|negated].",
        "[PE|negated] was considered but ruled out. [MI|uncertain] was considered.",
        "No [S3|negated], 2/6 [systolic murmur|]. No [rub|negated], grade II/VI [murmur|].",
        "No [gallop|negated], II/VI [murmur|]. No [fever|negated], known [COPD|].",
        "[Seizure|negated] free x 2 years.",
        "He did not actually have a [stroke|negated]. She does not currently have [pain|negated].",
        "She has never actually been diagnosed with [lupus|negated]. Not really [ill|negated].",
        "Rule-out [sepsis|uncertain]. Will be ruled out for [MI|uncertain].",
        "Concerns regarding [sepsis|uncertain]. [Gout|uncertain] most likely.",
        "Not thought to have [UTI|negated]. It is not felt to be [angina|negated].",
        "Inconsistent with [gout|negated]. No longer suffering from [depression|negated].",
        "[Asthma|] n=5. [Nausea|] N>V.",
        "Immunizations: [influenza|hypothetical], [measles|hypothetical]\nExam: [rash|]",
        "Not [pale|negated], [icteric|negated] or [cyanosed|negated]. Not [pale|negated], [ill|].",
        "He was not [anxious|negated], [depressed|negated], or [psychotic|negated]. [Gout|].",
        "Possible [gout|uncertain], [cellulitis|uncertain], or [abscess|uncertain], and [fever|].",
        "Previously healthy male with [cough|]. Previously well, now has [fever|].",
    ],
)
def test_what_examiners_write(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "[MI|historical] 2012, [CVA|historical] 2014. [GI bleed|historical] in Jan 2015.",
        "[MI|historical] 3/2012. [DVT|historical] (Jan 2015). [PE|historical] in 3/2012.",
        "[Pain|] began in 12/2019. [Gout|] since 3/2012. [HIV|] diagnosed in 5/2006, on ART.",
        "[Asthma|] diagnosed in childhood. Ex-[smoker|historical] with [COPD|].",
        "Risk for [infection|hypothetical] r/t [immobility|] and [surgery|].",
        "Received [flu|hypothetical] shot. [COVID-19|hypothetical] booster given.",
        "Call your doctor for [fever|hypothetical]. Return should the [pain|hypothetical] worsen.",
        "Discussed signs of [stroke|hypothetical]. Ibuprofen as needed (for [pain|hypothetical]).",
        "(-) [fever|negated], [chills|negated], [sweats|negated] (+) [cough|]",
        "[DM|negated]: (-), [HTN|], [CAD|negated] (-)",
    ],
)
def test_when_it_was_and_what_may_come(text: str) -> None:
    check(text)


# The least F1 accepted, for each set of the gold file. Measured: dev .996 1.00 .980 1.00 .972; held
# .981 1.00 1.00 .960 1.00 (in the order of ASSERTIONS). "held" was written with "dev" and scored
# without changing a rule for it; both are one author's invention, so real notes will be harder.
@pytest.mark.parametrize(
    "text",
    [
        "No evidence of acute or chronic [DVT|negated]. No new or old [infarct|negated].",
        "No evidence of old [infarct|negated]. No evidence of chronic [bronchitis|negated].",
        "No history of chronic [kidney disease|negated] or mild [asthma|negated].",
        "No [fever|negated] or chronic [cough|negated]. No [nausea|negated]/mild [pain|negated].",
        "Denies [fever|negated], chronic [cough|negated], or [chest pain|negated].",
        "No [pneumothorax|negated], small [effusion|negated] or [consolidation|negated].",
        # What else there is.
        "No [fever|negated], chronic [pain|]. No [fever|negated] and mild [cough|].",
        "No [mass|negated] with mild [edema|]. No [edema|negated], old [scar|historical].",
        "No [pneumothorax|negated], small [effusion|].",
    ],
)
def test_how_old_and_how_much_of_what_there_is_not(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        # Whoever has a history of one thing comes with another.
        "78F with h/o [CAD|historical] who fell and has [hip fracture|].",
        "History of [gout|historical] who is expressing signs of [depression|].",
        "PMH: 60M with [CAD|historical] who had [MI|historical].",
        # Since then, and still.
        "[Pain|] since October of last year. [Tics|] since last month. [Rash|] for the last month.",
        "[Weight gain|] over the last year. [MI|historical] last year.",
        "[Pain|] which started about six to eight months ago. [Tics|] began 2-3 years ago.",
        "Twenty years ago he had [TB|historical]. [Stroke|historical] two years previously.",
        "Diagnosed with [gout|] in June 2005, with a [stroke|historical] in 2010.",
        "Denies [fever|negated], was diagnosed with [gout|] two years ago.",
        "Diagnosed with [gout|historical] in 2005, resolved.",
        "[Tics|] starting in August 2008. [Pain|] which began in 2005. [MI|historical] in 2005.",
        # What was before is another thing.
        "Minute [petechiae|] around the previously healed site. [Stroke|historical] previously.",
    ],
)
def test_what_is_past_and_what_goes_on(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        # Said in a clause of its own.
        "It is possible that the patient is developing adult [hydrocephalus|uncertain].",
        "I suspect he has [gout|uncertain]. We suspect this represents [pneumonia|uncertain].",
        "I suspect that she has had [strokes|historical+uncertain] in the past.",
        "It is likely that the patient will need a drug to treat her [bipolar disorder|].",
        "Severe cases may be associated with [edema|uncertain].",
        "He probably has some [gout|uncertain]. He is possibly with a viral [URI|uncertain].",
        "This was less likely a true [UTI|uncertain]. [PE|uncertain] is less likely.",
        "Chart review suggests she has [CAD|uncertain].",
        "Denies [fever|negated], I suspect he has [flu|uncertain].",
        "No [fever|negated], probably has [flu|uncertain].",
        "No [rash|negated], could be consistent with [TB|uncertain].",
        "[Head injury|] as well as possible [rib fracture|uncertain].",
        "It may produce [stomatitis|hypothetical]. Should the [rash|hypothetical] be bad, return.",
        "[PE|uncertain] should not be ruled out. [MS|uncertain] should not fully be excluded.",
        # What there is, whatever its cause, its side, and what may be done.
        "Suspected etiology of [heartburn|]. [Ulcers|] may be the source of [bleeding|].",
        "[Rales|] at either base, [edema|]. No [edema|negated] in either leg, no [pain|negated].",
        "No history of either [gout|negated] or [lupus|negated]. Denies either [rash|negated].",
        "Either [gout|uncertain] or [MS|uncertain]. Either a [mass|uncertain] or [cyst|uncertain].",
        "The scope could be passed beyond the [tumor|]. It may be helpful to treat the [pain|].",
        "I have not been able to detect a [murmur|negated]. He is not able to sleep from [pain|].",
        "Resection with no recurrence, repair of [hernia|]. No recurrence of [melanoma|negated].",
        "PRIOR SURGERIES:\n[glaucoma|historical] surgery",
        "GREAT-GRANDMOTHER: [gout|family].\nPATERNAL GREAT AUNT: [lupus|family]. [Gout|].",
        "PMH:\n[gout|historical]\n\nSHX/FHX: works with [asbestos|]. No children.",
    ],
)
def test_what_is_doubted_and_what_is_not(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "There are no areas that are suspicious for [tumor|negated].",
        "No findings concerning for [cancer|negated] or [abscess|negated].",
        "No [mass|negated] or [lymphadenopathy|negated] suggestive of [lymphoma|negated].",
        "No findings consistent with [pneumonia|negated]. No history suggestive of [gout|negated].",
        "Denies symptoms consistent with [angina|negated].",
        "No imaging findings suggestive of [appendicitis|negated].",
        "No acute changes or evidence of [stroke|negated]. No changes to suggest [PE|negated].",
        "No [pain|negated], no changes in ECG suggestive of acute [ischemia|negated].",
        # What there is, or what its lack shows.
        "No [fever|negated], exam consistent with [pneumonia|].",
        "No [fever|negated] and exam concerning for [pneumonia|uncertain].",
        "No [effusion|negated], suspicious for [tumor|uncertain].",
        "No heart motion consistent with [fetal demise|].",
    ],
)
def test_what_findings_would_show_that_there_are_not(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "Motrin 600 mg p.o. q.8h. p.r.n. [pain|hypothetical], metformin for [diabetes|].",
        "Benadryl 50 mg q.6h. p.r.n. for [anxiety|hypothetical] or [agitation|hypothetical] #30.",
        "Tylenol P.R.N. for [fever|hypothetical]. Lasix for [edema|].",
        "Tylenol prn [pain|hypothetical], lisinopril for [hypertension|].",
        "Oxycodone as needed for moderate to severe [pain|hypothetical], Lasix for [CHF|].",
        "As needed for [pain|hypothetical], [fever|hypothetical], or [chills|hypothetical].",
        "Tylenol as needed for [pain|hypothetical] and lisinopril 10 mg daily for [hypertension|].",
        "One every six hours as necessary for [pain|hypothetical].",
        "Albuterol p.r.n. The [asthma|] is stable. Follow up p.r.n.\n[Gout|] is better.",
        "Tylenol No. 3 one tablet for [pain|].",
    ],
)
def test_what_a_drug_is_taken_for_when_needed(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        # So many words, and not one more.
        "He is not one two [pale|negated]. He is not one two three [pale|].",
        "Did not [vomit|negated], [pain|]. Did not say [gout|].",
        "I don't think that it is [gout|negated]. I don't think that it can be [gout|].",
        "Ruled out [MI|negated], [gout|].",
        "There is not [edema|negated], [pain|]. There are not one two three [stones|negated].",
        "There are not one two three four five [stones|].",
        "He does not appear to be in [distress|negated].",
        "He does not appear to be able to walk with [gout|].",
        "-ve one two three [rash|negated], [TB|]. -ve one two three four [rash|].",
        "[gout|] [rash|negated] n\n[gout|] [pain|negated] free",
        "[TB|negated] one two three four five six seven eight nine ten eleven was ruled out.",
        "[TB|] one two three four five six seven eight nine ten eleven twelve was ruled out.",
        "Prior [gout|historical], [rash|]. Prior visit to this clinic shows [rash|].",
        "Status post left total hip [repair|historical].",
        "Status post one left total hip [repair|].",
        "Status post repair of it, [rash|]. S/p fall w [pain|].",
        "[Gout|historical] was found in the left toe two years ago.",
        "[Gout|] that he thinks was found in the left toe two years ago.",
        "Surgery two years ago for [gout|historical].",
        "Surgery two years ago for what was to be found by them to be [gout|].",
        "Maternal [gout|family], [rash|]. Maternal visit for [gout|].",
        "Vaccinated against [flu|hypothetical], [TB|].",
        "Vaccinated against one two three four [flu|].",
        "[DVT|hypothetical] prophylaxis. [Gout|] seen and DVT prophylaxis.",
        "[Asthma|hypothetical] action plan. [Gout|] and asthma action plan.",
        "Possible [gout|uncertain], [rash|].",
        "Possible [gout|uncertain], [MS|uncertain] or [TB|uncertain].",
        "I suspect that he has one two three four five [TB|uncertain], [rash|].",
        "I suspect that he has one two three four five six [TB|].",
        "I think he has one two [gout|uncertain]. I think he has one two three [gout|].",
        "I think he has [gout|uncertain], [rash|].",
        "Consider [gout|uncertain], [rash|]. Consider one two [gout|uncertain].",
        "Consider one two three [gout|].",
        "[Gout|uncertain] one two ?\n[Gout|] one two three ?",
        "[Gout|uncertain] one two three four five six seven vs [TB|uncertain].",
        "[Gout|] one two three four five six seven eight vs [TB|uncertain].",
        "[Gout|uncertain] one two three four five six seven cannot be ruled out.",
        "[Gout|] one two three four five six seven eight cannot be ruled out.",
        "[Glaucoma|uncertain] suspect OU. [Gout|] and glaucoma suspect OU.",
        # Up to some words, or behind some.
        "Consider MRI to see [pain|], admission in [gout|].",
        "Consider MRI given [pain|]. Consider surgery with [pain|].",
        "Consider admission in [gout|]. Consider surgery if [pain|hypothetical].",
        "[Anemia|] secondary to [CKD|uncertain] vs [bleeding|uncertain].",
        "[Anemia|] from [CKD|uncertain] vs [bleeding|uncertain].",
        "[Shock|] caused by [sepsis|uncertain] vs [bleeding|uncertain].",
        "Counseled on signs of [TB|hypothetical]. Taught symptoms of [sepsis|hypothetical].",
        "Benefits and harms, including [TB|hypothetical]. Alternatives include [TB|hypothetical].",
        # What is otherwise ends all of them.
        "No [fever|negated] but [cough|]. No [fever|negated] except [cough|].",
        "Family history of [gout|family] but [rash|].",
        "Mother with [TB|family], while [rash|] is his.",
        "History of [TB|historical] but [rash|]. History of [MI|historical], otherwise [rash|].",
        "Possible [gout|uncertain] but [rash|]. Return if [fever|hypothetical] although [cough|].",
    ],
)
def test_how_far_a_phrase_reaches(text: str) -> None:
    check(text)


FLOORS = {
    "negated": 0.95,
    "historical": 0.95,
    "hypothetical": 0.95,
    "family": 0.9,
    "uncertain": 0.93,
}


def gold_lines() -> list[list[str]]:
    lines = GOLD.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("name", ["dev", "held"])
def test_figures_over_invented_sentences(name: str) -> None:
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for line_set, _, note in gold_lines():
        if line_set != name:
            continue
        text, mentions, gold = marked(note.replace("\\r", "\r").replace("\\n", "\n"))
        for expected, got in zip(gold, found(text, mentions), strict=True):
            right.update(got & expected)
            wrong.update(got - expected)
            missed.update(expected - got)
    f1 = {}
    print(f"\n{name:14}precision  recall      F1")  # noqa: T201
    for attribute in ASSERTIONS:
        tp, fp, fn = right[attribute], wrong[attribute], missed[attribute]
        f1[attribute] = 2 * tp / (2 * tp + fp + fn)
        figures = f"{tp / (tp + fp):9.3f}{tp / (tp + fn):8.3f}{f1[attribute]:8.3f}"
        print(f"{attribute:14}{figures}")  # noqa: T201
    assert {a: f for a, f in f1.items() if f < FLOORS[a]} == {}


@pytest.mark.parametrize("blank", ["\xa0", "\u2009", "\u3000"])
def test_blanks_of_web_pages_are_blanks(blank: str) -> None:
    for _, _, note in gold_lines():
        text, mentions, _ = marked(note.replace("\\r", "\r").replace("\\n", "\n"))
        odd = text.replace(" ", blank)
        same = [Mention(m.start, m.end, odd[m.start : m.end]) for m in mentions]
        assert found(odd, same) == found(text, mentions), note


@pytest.mark.parametrize(
    "text",
    [
        # The answer to a question, or the first word of a full line's next.
        "The pulse is strong in both of the feet, and the refill is short. LUNGS: No\n"
        "wheezes, [rales|negated] or [rhonchi|negated] were heard. SKIN: there is a [cut|] on it.",
        "SKIN: Within normal limits.  Well hydrated.  No\n[diaphoresis|negated].  Has [rash|].",
        "[Fever|negated]: no\n[Cough|]: yes\n[Rash|negated]  no\n[Gout|]  yes",
        # A full stop of an abbreviation.
        "For breakthrough agitation, we recommend Zyprexa 5 mg p.o. q.8h. p.r.n.\n"
        "for severe [agitation|hypothetical]. She has [gout|] and takes a drug for it now.",
    ],
)
def test_lines_that_are_full(text: str) -> None:
    check(text)


def test_groups_do_not_multiply_into_megabytes() -> None:
    left, nodes = [default_rules()._book._root], 0
    while left:
        nodes += 1
        left.extend(left.pop().next.values())
    assert nodes < 61_000  # 200 bytes each, in every process that annotates.


@pytest.mark.parametrize(
    "text",
    [
        # Terminologies have the words of the rules as names too.
        "[Family history|] of [asthma|family]. [Mother|] has [lupus|family].",
        "[History|] of [gout|historical]. [Risk|] of [bleeding|hypothetical].",
        "[No evidence of|] [pneumonia|negated]. [Denies|] [fever|negated], [chills|negated].",
        "[Possible|] [sepsis|uncertain]. [Rule out|] [PE|uncertain].",
        "[Past medical history|]:\n[gout|historical]\n\n[Physical examination|]:\n[edema|]",
        "No [history|negated] of [stroke|negated]. The [patient|] has [gout|].",
        # What is said of them counts as ever.
        "[Allergies|negated]: none known.\n\nMeds: aspirin",
        "[Allergies|]: penicillin ([rash|historical])",
        "[Surgery|negated]: None",
        # What stands behind a header is judged in its own sentence alone.
        "PREVIOUS [SURGERY|historical]: [gout|], no [asthma|negated]",
        "[Surgery|]: no [complication|negated]",
        # What a person says, who is a mention too, is no answer.
        "The [patient|] denies, [fever|negated], [cough|negated]. [Rash|negated] denied, [gout|].",
        # "No" is a part of these.
        "Weak with [no appetite|] and [pain|].",
    ],
)
def test_a_mention_that_is_words_of_the_rules_hides_none(text: str) -> None:
    check(text)


def test_gold_file_is_as_described() -> None:
    lines = gold_lines()
    assert len(lines) >= 220
    attributes = {a for _, _, note in lines for gold in marked(note)[2] for a in gold}
    assert attributes == set(ASSERTIONS)


def test_a_trigger_inside_a_mention_does_not_count() -> None:
    check("[No-reflow phenomenon|] with [angina|].")
    check("[Lack of coordination|] and [headache|].")


def test_mentions_may_come_in_any_order_and_overlap() -> None:
    text = "No fever or acute chest pain. Cough."
    spans = [(30, 35), (12, 28), (18, 28), (3, 8)]
    mentions = [Mention(a, b, text[a:b]) for a, b in spans]
    assert found(text, mentions) == [set(), {"negated"}, {"negated"}, {"negated"}]


def test_no_mention_and_no_text() -> None:
    assert default_rules().assert_mentions("No fever.", []) == []
    assert default_rules().assert_mentions("", []) == []
    # One without a word among them.
    for text in ("x", "_"):
        truths = default_rules().assert_mentions(text, [Mention(0, 1, text)])
        assert truths == [dict.fromkeys(ASSERTIONS, False)]


def test_a_mention_beyond_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mention \[3, 8\) ends after the text, which has 4"):
        default_rules().assert_mentions("No f", [Mention(3, 8, "fever")])


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "🙂", "\ue000", "\ue001", "İ", "\u200b", "\x0b"])
def test_odd_characters_move_nothing(odd: str) -> None:
    check(f"{odd} No {odd} [fever|negated]{odd} but {odd}[cough|].")


@given(st.text(max_size=200), st.data())
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_truth_for_each_mention(text: str, data: st.DataObject) -> None:
    edges = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(edges, edges), max_size=6))
    mentions = [Mention(a, b, text[a:b]) for a, b in map(sorted, spans)]
    truths = default_rules().assert_mentions(text, mentions)
    assert [tuple(truth) for truth in truths] == [ASSERTIONS] * len(mentions)


@pytest.mark.parametrize("unit", ["No fever, but has cough. ", "no fever ", "fever\n", "? fever, "])
def test_a_long_note_takes_seconds(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    mentions = [Mention(m.start(), m.end(), m[0]) for m in re.finditer("fever|cough", text)]
    start = time.process_time()
    assert len(default_rules().assert_mentions(text, mentions)) == len(mentions)
    assert time.process_time() - start < 20  # About 2 s; one core of a busy machine.


def test_a_wide_column_of_blanks_takes_no_time() -> None:
    text = f"Patient{' ' * 6_000}has fever"
    start = time.process_time()
    assert found(text, [Mention(len(text) - 5, len(text), "fever")]) == [set()]
    assert time.process_time() - start < 5  # Some ms; where three may share the blanks, 30 s.


def said_by(rules: str, note: str, path: Path) -> list[set[str]]:
    """What a file of rules says of the mentions of a note."""
    path.write_text(rules, encoding="utf-8")
    text, mentions, _ = marked(note)
    truths = AssertionRules(path).assert_mentions(text, mentions)
    return [{a for a in ASSERTIONS if truth[a]} for truth in truths]


LACKS = """
[groups]
who = ["he", "she"]
[[trigger]]
attribute = "negated"
direction = "forward"
max_words = 1
phrases = ["{who} lacks"]
"""


def test_own_rules_stand_beside_those_that_ship(tmp_path: Path) -> None:
    note = "She lacks [fever|], [cough|]. No [rash|]."
    assert said_by(LACKS, note, tmp_path / "rules.toml") == [{"negated"}, set(), {"negated"}]


def test_no_word_at_all_is_reached_by_a_phrase_that_may_reach_none(tmp_path: Path) -> None:
    rules = LACKS.replace("max_words = 1", "max_words = 0")
    assert said_by(rules, "She lacks [fever|].", tmp_path / "rules.toml") == [set()]


def test_own_rules_alone(tmp_path: Path) -> None:
    note = "She lacks [fever|], [cough|]. No [rash|]. Family history: [asthma|]"
    assert said_by(f"alone = true\n{LACKS}", note, tmp_path / "rules.toml") == [
        {"negated"}, set(), set(), set()
    ]  # fmt: skip


def test_groups_that_ship_are_there_for_own_rules(tmp_path: Path) -> None:
    rules = (
        '[[trigger]]\nattribute = "uncertain"\ndirection = "backward"\n'
        'phrases = ["{be} up in the air"]\n'
    )
    assert said_by(rules, "[PE|] was up in the air.", tmp_path / "rules.toml") == [{"uncertain"}]


def test_what_own_rules_say_of_a_phrase_or_header_holds(tmp_path: Path) -> None:
    rules = (
        '[[trigger]]\nattribute = "uncertain"\ndirection = "forward"\nphrases = ["denies"]\n'
        '[[trigger]]\nattribute = "hypothetical"\ndirection = "forward"\nphrases = ["denies"]\n'
        '[pseudo]\nphrases = ["without"]\n'
        '[[section]]\nattributes = []\nheaders = ["Past Medical History"]\n'
        '[[section]]\nattributes = ["family"]\nheaders = ["kin"]\n'
    )
    note = (
        "Denies [fever|]. No [cough|]. Without [rash|].\n"
        "Past medical history: [asthma|]\nKin: [stroke|]"
    )
    assert said_by(rules, note, tmp_path / "rules.toml") == [
        {"uncertain", "hypothetical"},
        {"negated"},
        set(),
        set(),
        {"family"},
    ]


def test_rules_are_told_from_others(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(LACKS, encoding="utf-8")
    own = AssertionRules(path)
    path.write_text(f"# A comment says nothing.\n{LACKS}", encoding="utf-8")
    same = AssertionRules(path)
    path.write_text(LACKS.replace("max_words = 1", "max_words = 2"), encoding="utf-8")
    other = AssertionRules(path)
    assert default_rules().fingerprint is None
    assert own.fingerprint == same.fingerprint != other.fingerprint
    path.unlink()
    copy = pickle.loads(pickle.dumps(own))
    text, mentions, _ = marked("She lacks [fever|].")
    assert copy.assert_mentions(text, mentions)[0]["negated"]
    assert copy.fingerprint == own.fingerprint


def test_a_phrase_that_needs_a_word_before_it(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(
        'alone = true\n[[trigger]]\nattribute = "hypothetical"\ndirection = "forward"\n'
        'after = ["risks"]\nphrases = ["including"]\n',
        encoding="utf-8",
    )
    text, mentions, gold = marked(
        "Signs including [fever|], not risks. Risks were named, including [pain|hypothetical]."
    )
    truths = AssertionRules(path).assert_mentions(text, mentions)
    assert [{a for a in ASSERTIONS if truth[a]} for truth in truths] == gold


def test_own_rules_may_be_written_as_notes_are(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text(
        '[[section]]\nattributes = ["family"]\nheaders = ["Our  Folk : ", "Kin’s ills"]\n'
        '[[trigger]]\nattribute = "negated"\ndirection = "forward"\nphrases = ["Sans"]\n'
        'until = ["Given"]\n',
        encoding="utf-8",
    )
    text, mentions, gold = marked(
        "Sans [fever|negated] given [cough|].\nOUR FOLK:\n[gout|family]\nKIN'S ILLS: [lupus|family]"
    )
    truths = AssertionRules(path).assert_mentions(text, mentions)
    assert [{a for a in ASSERTIONS if truth[a]} for truth in truths] == gold


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('[[trigger]]\nattribute = "absent"\ndirection = "forward"\nphrases = ["no"]', "attribute"),
        ('[[triger]]\nattribute = "negated"', "unknown key 'triger'"),
        ('[pseudo]\nphrases = ["{ghost} says"]', "names the group {ghost}"),
        ('[groups]\na = ["b"]\nc = ["{a} d"]', "the group {c} names a group"),
        ('[pseudo]\nphrases = ["^ $"]', "is empty"),
        ('[groups]\na = ["", "so"]\n[pseudo]\nphrases = ["^ {a}"]', "the phrase '^ {a}' is empty"),
        ("[groups]\na = []", "the group {a} has no words"),
        ('[[section]]\nattributes = ["family"]\nheaders = [" :"]', "the header ' :' is empty"),
        (
            '[[trigger]]\nattribute = "negated"\ndirection = "forward"\nphrases = ["no"]\n'
            'until = ["given that"]',
            "'given that' in until or after; expected a single word",
        ),
        ("[pseudo", "not a TOML file"),
    ],
)
def test_bad_rules_say_what_is_wrong(tmp_path: Path, rules: str, message: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(rules, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        AssertionRules(path)
    assert str(path) in str(caught.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        AssertionRules(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("Hx of TIA", {"historical"}),
        ("h/o breast cancer", {"historical"}),
        ("r/o PE", {"uncertain"}),
        ("Suspected sepsis", {"uncertain"}),
        ("poss. pneumothorax", {"uncertain"}),
        ("prob. pneumonia", {"uncertain"}),
        ("susp. seizure", {"uncertain"}),
        ("denies chest pain", {"negated"}),
        ("Family history of colon cancer", {"family"}),
        ("Screening for colon cancer", {"hypothetical"}),
        ("Pneumonia, resolved", {"historical"}),
        ("Chronic kidney disease, stage 3", set()),
        ("Acute on chronic diastolic heart failure", set()),
        ("Gram-negative sepsis", set()),
        ("", set()),
    ],
)
def test_what_a_term_says_itself(term: str, said: set[str]) -> None:
    assert said_in(term) == said
