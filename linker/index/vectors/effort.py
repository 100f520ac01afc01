"""How hard a search looks: what is tuned at build and kept in the manifest."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Effort:
    """The parameters of a search; None where the kind has no such parameter.

    Attributes:
        nprobe: lists of the inverted file that are read for a query.
        ef_search: names of the graph that are kept in view.
        refine: candidates whose exact cosine is computed.
    """

    nprobe: int | None = None
    ef_search: int | None = None
    refine: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value < 1:
                raise ValueError(f"{field.name} is {value}, expected at least 1")

    def __str__(self) -> str:
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ", ".join(f"{name} {value}" for name, value in given if value is not None)
