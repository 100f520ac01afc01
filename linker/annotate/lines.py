"""Notes to lines of JSON, fast: what the links of many notes share is written out once.

Most mentions of a run have been met before, and the linker hands out the same candidates for them:
nine tenths of a line are the same text again.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from linker.records import json_line, note_json
from linker.schema import Candidate, Link

_KEPT = 4096
"""Answers whose text is kept: about 1.5 kB each with 5 candidates."""

_json = json.JSONEncoder(ensure_ascii=False).encode


class NoteLines:
    """Makes the lines of notes, and keeps the text of the candidates that it met last.

    What is kept does not go along to another process.
    """

    def __init__(self) -> None:
        # By identity: hashes of candidates take longer to make. The value keeps the tuple alive,
        # so that no other one takes its place in memory.
        self._known: OrderedDict[
            tuple[int, bool], tuple[tuple[Candidate, ...], tuple[str, str]]
        ] = OrderedDict()
        self._assertions: dict[tuple[tuple[str, bool], ...], str] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return (NoteLines, ())

    def line(self, note_id: str, links: Sequence[Link]) -> str:
        """The line of a note: `json_line(note_json(note_id, links))`, to the byte."""
        written = ", ".join([self._link(link) for link in links])
        line = f'{{"id": {_json(note_id)}, "links": [{written}]}}\n'
        try:
            line.encode()
        except UnicodeEncodeError:
            # A lone surrogate: then the whole line is written in escapes.
            return json_line(note_json(note_id, links))
        return line

    def _link(self, link: Link) -> str:
        mention = link.mention
        shared, candidates = self._of(link)
        long_form = "null" if mention.long_form is None else _json(mention.long_form)
        return (
            f'{{"start": {mention.start}, "end": {mention.end}, "text": {_json(mention.text)}, '
            f'"long_form": {long_form}, {shared}, "assertion": {self._assertion(link.assertion)}, '
            f'"candidates": {candidates}}}'
        )

    def _of(self, link: Link) -> tuple[str, str]:
        """What stands between the long form and the assertion, and the candidates."""
        key = (id(link.candidates), link.concept_id is not None)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known[1]
        (whole,) = note_json("", [link])["links"]
        fields = list(whole)
        between = fields[fields.index("long_form") + 1 : fields.index("assertion")]
        shared = _json({field: whole[field] for field in between})[1:-1]
        written = (shared, _json(whole["candidates"]))
        self._known[key] = (link.candidates, written)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return written

    def _assertion(self, assertion: Mapping[str, bool]) -> str:
        key = tuple(assertion.items())
        written = self._assertions.get(key)
        if written is None:
            written = _json(dict(assertion))
            # A few dozen at most, but an assertion is whatever a caller's link holds.
            if len(self._assertions) < _KEPT:
                self._assertions[key] = written
        return written
