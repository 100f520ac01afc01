"""The UMLS Semantic Network: semantic types, their names, and the groups that they are put in.

A release of the Metathesaurus brings the types in NET/SRDEF (UMLS Reference Manual, ch. 5); the
groups are a file of their own, SemGroups.txt, which is read where it lies beside the release.
Where either is absent, ours serves: `data/semantic_groups.tsv`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from linker.checked import shipped_rows
from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology.bad_rows import BadRows
from linker.terminology.rrf.release import RrfRelease

TYPES, GROUPS = "SRDEF", "SemGroups.txt"
"""The files, as the NLM names them."""

TYPE_COLUMNS = ("RT", "UI", "STY_RL", "STN_RTN", "DEF", "EX", "UN", "NH", "ABR", "RIN")
"""The columns of SRDEF: types ("STY") and relations ("RL")."""


@dataclass(frozen=True, slots=True)
class SemanticNetwork:
    """Types and groups.

    Attributes:
        names: the name of each type, by its TUI ("T047": "Disease or Syndrome").
        groups: the types of each group ("DISO": {"T019", ...}).
        source: the files that say so, for messages.
    """

    names: Mapping[str, str]
    groups: Mapping[str, frozenset[str]]
    source: str

    def wanted(self, options: ReadOptions, known: Collection[str] = ()) -> frozenset[str] | None:
        """The types that `semantic_types` and `semantic_groups` ask for together; None for all.

        Args:
            known: what may stand among `semantic_types`, besides TUIs and names of types.

        Raises:
            TerminologyError: there is no such type or group.
        """
        if not options.semantic_types and not options.semantic_groups:
            return None
        by_name = {name.casefold(): tui for tui, name in self.names.items()}
        types = set()
        for given in options.semantic_types:
            tui = by_name.get(given.casefold(), given)
            if tui not in self.names and tui not in known:
                raise TerminologyError(
                    f"semantic_types: no type {given!r} in {self.source}; they look like 'T047' or "
                    "'Disease or Syndrome'"
                )
            types.add(tui)
        for group in options.semantic_groups:
            if group not in self.groups:
                raise TerminologyError(
                    f"semantic_groups: no group {group!r} in {self.source}; known: "
                    f"{', '.join(sorted(self.groups))}"
                )
            types |= self.groups[group]
        return frozenset(types)


def network_of(release: RrfRelease | None = None) -> SemanticNetwork:
    """The network as the files of a release give it, and what they do not, as we ship it.

    Types that we know and SRDEF does not stay: older releases have them.

    Raises:
        TerminologyError: more rows of the files are broken than may be.
    """
    rows, source = list(_shipped()), "the Semantic Network"
    names = {tui: name for _, tui, name in rows}
    if release is not None and TYPES in release:
        source = release.where(TYPES)
        stated = release.run(
            f"SELECT UI, STY_RL FROM {release.rows(TYPES, ('RT', 'UI', 'STY_RL'))} "  # noqa: S608
            "WHERE RT = 'STY' AND UI IS NOT NULL AND STY_RL IS NOT NULL"
        )
        names.update(stated)
    if release is not None and GROUPS in release:
        where = release.where(GROUPS)
        rows = list(_groups(release.text(GROUPS), where, release.bad))
        source = f"{source} and {where}" if TYPES in release else where
        names = {**{tui: name for _, tui, name in rows}, **names}
    groups: dict[str, set[str]] = {}
    for group, tui, _ in rows:
        groups.setdefault(group, set()).add(tui)
    return SemanticNetwork(
        names, {group: frozenset(types) for group, types in groups.items()}, source
    )


def _shipped() -> Iterator[tuple[str, str, str]]:
    """Group, TUI and name of each type."""
    for tui, group, name in shipped_rows("linker.terminology", "semantic_groups.tsv"):
        yield group, tui, name


def _groups(text: str, where: str, bad: BadRows) -> Iterator[tuple[str, str, str]]:
    """Group, TUI and name: "DISO|Disorders|T047|Disease or Syndrome", a line each."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.removesuffix("|").split("|")]
        if len(fields) != 4 or not all(fields):
            bad.skip(
                TerminologyError(
                    f"{where}:{number}: found {line[:80]!r}, expected "
                    "'DISO|Disorders|T047|Disease or Syndrome'; was the file cut short?"
                )
            )
            continue
        yield fields[0], fields[2], fields[3]
