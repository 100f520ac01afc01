"""From a source's name and a file to the two tables: which reader reads what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import cast

from linker.config import ReadOptions, option_name
from linker.errors import ConfigError, TerminologyError
from linker.steps import Progress, Silent
from linker.terminology.branches import keep_branches
from linker.terminology.files import resolve
from linker.terminology.kinds import kinds_of
from linker.terminology.merge import typed
from linker.terminology.tables import Terminology

Reader = Callable[[Path, ReadOptions, Progress], Terminology]
"""Reads a file or folder that exists; overrides and roots are `read_terminology`'s affair."""


@dataclass(frozen=True, slots=True)
class _Module:
    """The `read` of a module here, imported at its first use: some load heavy libraries.

    Attributes:
        module: the module's name, below `linker.terminology`.
        uses: the options that it heeds, besides those that all do; any other is refused.
    """

    module: str
    uses: tuple[str, ...]

    def __call__(self, path: Path, options: ReadOptions, progress: Progress) -> Terminology:
        reader = cast(Reader, import_module(f"linker.terminology.{self.module}").read)
        return reader(path, options, progress)

    def check(self, options: ReadOptions) -> None:
        """Raise ConfigError if an option is set that is not heeded."""
        known = (*_COMMON, *self.uses)
        for name, field in ReadOptions.model_fields.items():
            value = getattr(options, name)
            if name not in known and value != field.get_default(call_default_factory=True):
                raise ConfigError(
                    f"{self.module.removesuffix('.reader')} has no option "
                    f"{option_name(name)}; it has {', '.join(map(option_name, sorted(known)))}"
                )


def _reader(module: str, *uses: str) -> _Module:
    return _Module(module, uses)


_RRF = (
    "semantic_types",
    "semantic_groups",
    "sources",
    "languages",
    "term_types",
    "keep_suppressed",
    "max_restriction_level",
)
READERS: dict[str, _Module] = {
    "claml": _reader("claml.reader", "languages"),
    "icd10cm": _reader("icd10cm.reader"),
    "jsonl": _reader("jsonl"),
    "mesh": _reader("mesh.reader", "semantic_types"),
    "obo": _reader("obo.reader"),
    "omop": _reader(
        "omop.reader", "semantic_types", "domains", "vocabularies", "languages", "standard_only"
    ),
    "orphanet": _reader("orphanet"),
    "rxnorm": _reader("rxnorm", *_RRF),
    "snomed": _reader("snomed.reader", "semantic_types", "language_refsets"),
    "table": _reader("table.reader", "columns", "only", "delimiter", "list_separator"),
    "umls": _reader("umls", *_RRF),
}
"""What `linker build SOURCE` knows. A new terminology is one file or folder and one line here."""

_COMMON = ("terminology", "version", "licence", "roots", "default_type", "max_bad_rows")


def find_release(source: str, path: str | Path, options: ReadOptions) -> Path:
    """Where a release is, once it is known that there is something to read, and how.

    Raises:
        TerminologyError: the source is unknown, or the file is missing.
        ConfigError: the source does not have one of the options, or the default type is unknown.
        MissingExtraError: the package that carries the file is not installed.
    """
    if source not in READERS:
        raise TerminologyError(f"unknown source {source!r}; known: {', '.join(sorted(READERS))}")
    READERS[source].check(options)
    if options.default_type is not None and not kinds_of([options.default_type]):
        raise ConfigError(
            f"{option_name('default_type')}: {options.default_type!r} is no type that the rules "
            "know; such are disorder, finding, substance, body structure, organism, gene, "
            "procedure and qualifier value, and types of the UMLS (T047, Disease or Syndrome)"
        )
    return resolve(path)


def read_terminology(
    source: str,
    path: str | Path,
    options: ReadOptions | None = None,
    *,
    progress: Progress | None = None,
) -> Terminology:
    """Read a release.

    Args:
        source: a key of `READERS`.
        path: a file or folder, or `package:NAME/FILE` for one that an installed package carries.
        progress: told of each file that is read, in bytes, and of each step after that.

    Raises:
        TerminologyError: the source is unknown, the file is missing or does not hold what its
            format says, or a root is no concept of it.
        ConfigError: the source does not have one of the options, or the default type is unknown.
        MissingExtraError: the package that carries the file is not installed.
    """
    options = ReadOptions() if options is None else options
    found = find_release(source, path, options)
    try:
        terminology = READERS[source](found, options, Silent() if progress is None else progress)
    except OSError as error:
        raise TerminologyError(f"{found}: cannot be read: {error.strerror or error}") from error
    # A reader that heeded the roots itself says so.
    if options.roots and "roots" not in terminology.release.filters:
        terminology = keep_branches(terminology, options.roots, where=str(found))
    if options.default_type is not None:
        terminology = typed(terminology, options.default_type)
    stated = terminology.release
    release = replace(
        stated,
        terminology=stated.terminology if options.terminology is None else options.terminology,
        version=stated.version if options.version is None else options.version,
        licence=stated.licence if options.licence is None else options.licence,
    )
    return replace(terminology, release=release)
