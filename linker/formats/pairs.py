"""Annotations in files of their own: which text each is of, and that text.

It lies beside them, or in a folder beside theirs, as CADEC (`text/1.txt`, `sct/1.ann`) and the
HPO's gold standard corpora (`Text/1`, `Annotations/1`) have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from linker.formats.document import Problem
from linker.formats.lines import BOM, not_utf8


class Texts:
    """The texts of some files of annotations.

    Args:
        names: of each, what its text may be called.
    """

    def __init__(self, names: Mapping[Path, Sequence[str]]) -> None:
        self._beside = cache(_folders_beside)
        self._found = {path: tuple(self._of(path, of)) for path, of in names.items()}
        self._uses = Counter(text for found in self._found.values() for text in found)

    def _of(self, path: Path, names: Iterable[str]) -> Iterator[Path]:
        own = [path.with_name(name) for name in names if name != path.name]
        here = [text for text in own if text.is_file()]
        if here:
            yield from here
            return
        for folder in self._beside(path.parent):
            yield from (folder / name for name in names if (folder / name).is_file())

    def are_of(self, path: Path) -> bool:
        """Whether a file is the text of one."""
        return path in self._uses

    def read(self, annotations: Path, doc_id: str) -> str | Problem:
        """The text of a file of annotations, line ends as they are, or why there is none."""
        found = self._found[annotations]
        if not found:
            reason = "no text beside it, nor in a folder beside its own"
        elif len(found) > 1:
            reason = f"its text may be {found[0]} or {found[1]}; keep one of them there"
        elif found[0].parent != annotations.parent and self._uses[found[0]] > 1:
            reason = f"{found[0]} is annotated in other folders too; give one of the folders"
        else:
            try:
                return found[0].read_bytes().removeprefix(BOM).decode()
            except UnicodeDecodeError as error:
                return Problem("document", str(found[0]), None, doc_id, not_utf8(error))
        return Problem("document", str(annotations), None, doc_id, reason)


def _folders_beside(folder: Path) -> list[Path]:
    above = folder.parent if folder.name else folder.resolve().parent
    return sorted(p for p in above.iterdir() if p.is_dir() and not p.samefile(folder))
