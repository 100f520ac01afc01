"""The detector that comes with the package: a small statistical model for diseases and chemicals.

What it was trained on, and how right it is, stands in `model/README.md` beside its weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import RootModel

from linker.checked import shipped
from linker.detect.dictionary.names import Names
from linker.detect.dictionary.not_mentions import is_no_mention
from linker.detect.sentences import plain_text
from linker.errors import DetectorError
from linker.index import Index
from linker.schema import Mention
from linker.text import bag_hash, stems

if TYPE_CHECKING:
    from linker.detect.spacy_model import SpacyDetector

_WINDOW = 20_000
"""Characters that the model sees at once: its memory grows with them, its answers hardly change."""
_LEAST_KNOWN = 0.2
_Names = RootModel[dict[str, tuple[str, ...]]]


class ClinicalDetector:
    """Finds diseases, findings and chemicals by the model that comes with the package.

    Mentions of a label of which the index holds nothing are left out: a disease terminology has a
    nearest name for every drug, and none that is right. So is what the dictionary knows to be none
    where it stands: headers, general words, a stress test, and a name of what notes do not mean by
    it, such as the skin that a neoplasm is called after.

    Args:
        index: what the mentions are for.
        names: those of the index, where another detector has them too: they are read once then.
        model: a pipeline folder with the same labels, in place of the one that comes along.

    Raises:
        DetectorError: at the first note: the folder holds no pipeline that can be loaded.
    """

    def __init__(
        self, index: Index, names: Names | None = None, *, model: Path | None = None
    ) -> None:
        self._index = index
        self._names = Names(index) if names is None else names
        self._folder = model

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text. See `Detector`."""
        return [
            [
                mention
                for mention in mentions
                if mention.label in self._labels
                and not is_no_mention(text, mention.start, mention.end)
                and not self._names.is_nothing_meant(text[mention.start : mention.end])
            ]
            for text, mentions in zip(
                map(plain_text, texts), self._model.detect(texts), strict=True
            )
        ]

    @cached_property
    def _model(self) -> SpacyDetector:
        return load_model(self._folder)

    @cached_property
    def _labels(self) -> frozenset[str]:
        """The labels of which the index has at least a fifth of some everyday names."""
        everyday = shipped(_Names, __package__, "everyday_names.toml").root
        return frozenset(label for label, names in everyday.items() if self._knows(names))

    def _knows(self, names: Sequence[str]) -> bool:
        keys = [bag_hash(stems(name)) for name in names]
        known, _ = self._index.lexicon.find(np.array(keys, dtype=np.uint64))
        return len(np.unique(known)) >= _LEAST_KNOWN * len(names)


@lru_cache(maxsize=4)
def load_model(folder: Path | None = None) -> SpacyDetector:
    """The model of a folder, by default the one that comes along; read once a process."""
    from linker.detect.spacy_model import SpacyDetector

    if folder is not None:
        return SpacyDetector(folder, longest=_WINDOW)
    with resources.as_file(resources.files(__package__) / "model") as own:
        if not own.is_dir():
            raise DetectorError(
                f"{own}: this installation has no clinical model; make it with"
                " training/detector.py of the source code, or choose another detector"
            )
        return SpacyDetector(own, longest=_WINDOW)
