"""Adjectives that name a disorder: a diabetic or hypotensive patient has diabetes or hypotension.

What the noun may be is a rule of Greek and Latin word formation; that it is a disorder, the
terminology says. Annotators take such words for mentions (BC5CDR, CRAFT, NCBI disease).
"""

from __future__ import annotations

# fmt: off
_RULES = (
    ("tensive", "tension"),  # hypertensive
    ("lytic", "lysis"), ("otic", "osis"), ("itic", "itis"),  # thrombotic, arthritic
    ("leptic", "lepsy"), ("embolic", "embolism"), ("megalic", "megaly"), ("pathic", "pathy"),
    ("trophic", "trophy"), ("toxic", "toxicity"), ("thyroid", "thyroidism"),
    ("gonadal", "gonadism"), ("matic", "ma"), ("matose", "ma"),  # asthmatic, comatose
    ("convulsive", "convulsion"), ("neic", "nea"), ("rrheic", "rrhea"),  # apneic
    ("dactylous", "dactyly"), ("cephalic", "cephaly"), ("somic", "somy"),
    ("ic", "ia"),  # anemic, hypoxic, schizophrenic, quadriplegic
)
_IRREGULAR = {
    "albino": "albinism", "albinos": "albinism", "cancerous": "cancer",
    "diabetic": "diabetes mellitus", "diabetics": "diabetes mellitus", "glaucomatous": "glaucoma",
    "nephrotic": "nephrotic syndrome", "obese": "obesity", "painful": "pain",
    "progeroid": "progeria", "septic": "sepsis", "suicidal": "suicidal ideation",
}
# These say of what sort another thing is (a hemolytic anemia, a hypertrophic scar), or mean a drug,
# a solution, a way of measuring, a surface ("hydrophobic" lenses are no rabies). "hemolytic" was a
# mention 2 times of 20 in the train splits of the three corpora, "psychotic" 1 of 5; most of the
# others are no mention there at all.
_NOT_DISORDERS = frozenset((
    "allergic", "antibiotic", "asymptomatic", "biotic", "dysplastic", "dystrophic", "eosinophilic",
    "haemolytic", "hemolytic", "hydrophobic", "hyperplastic", "hypertonic", "hypertrophic",
    "hypnotic", "hypotonic", "idiopathic", "isotonic", "lytic", "mitotic", "narcotic", "necrotic",
    "neoplastic", "neuritic", "neurotic", "ophthalmic", "osmotic", "osteolytic", "psychotic",
    "rheumatic", "symptomatic", "thrombolytic", "tonic", "toxic", "traumatic", "trophic",
))
# fmt: on
_SHORTEST = 5
_LAST_LETTERS = frozenset(ending[-2:] for ending, _ in _RULES)
"""Most words end otherwise: a quick look."""


def noun_of(word: str) -> str | None:
    """What an adjective may say that someone has; None for another word.

    Args:
        word: one word, in any case; not an acronym.

    Returns:
        A noun by the rules, which need not be a word at all: look it up.
    """
    lower = word.lower()
    if lower in _NOT_DISORDERS or len(lower) < _SHORTEST:
        return None
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    if lower[-2:] not in _LAST_LETTERS:
        return None
    return next(
        (
            f"{lower.removesuffix(ending)}{noun}"
            for ending, noun in _RULES
            if lower.endswith(ending)
        ),
        None,
    )
