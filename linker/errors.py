"""What can go wrong, as types.

    LinkerError
    ├── ConfigError              a recipe, option or component setting that cannot be
    ├── TerminologyError         a terminology file that does not hold what its format says
    ├── NoteError                a note, or a file of notes, that cannot be read
    ├── EncoderError             a model folder or name that cannot be loaded
    │   └── EncoderMismatchError an index opened with another encoder than its own
    ├── IndexFolderError         a folder that is not an index, or is damaged
    ├── DetectorError            a mention detector that cannot be loaded
    ├── TrainingError            a training that cannot begin, or cannot go on
    └── MissingExtraError        an optional package is not installed (also an ImportError)

Messages name files, lines, ids and offsets. They never hold a note's text.
"""

from __future__ import annotations


class LinkerError(Exception):
    """The root of all errors that this package raises on purpose."""


class ConfigError(LinkerError, ValueError):
    """A recipe, option or setting that is unknown or out of range."""


class TerminologyError(LinkerError, ValueError):
    """A terminology file that does not hold what its format says."""


class NoteError(LinkerError, ValueError):
    """A note, or a file of notes, that cannot be read."""


class EncoderError(LinkerError):
    """A sentence encoder that cannot be found or loaded."""


class EncoderMismatchError(EncoderError):
    """An index opened with another encoder than the one that built it."""


class IndexFolderError(LinkerError):
    """A folder that is not an index, or an index that is damaged."""


class DetectorError(LinkerError):
    """A mention detector that cannot be found or loaded."""


class TrainingError(LinkerError):
    """A training that cannot begin, or cannot go on."""


class MissingExtraError(LinkerError, ImportError):
    """An optional package is not installed.

    Attributes:
        package: the module that could not be imported.
        extra: the extra of `concept-linker` that brings it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(f'{package} is not installed; pip install "concept-linker[{extra}]"')
        self.package = package
        self.extra = extra

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are rebuilt from `args`, the message; ours takes a keyword.
        return (_missing_extra, (self.package, self.extra))


def _missing_extra(package: str, extra: str) -> MissingExtraError:
    return MissingExtraError(package, extra=extra)
