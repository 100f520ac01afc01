"""What a protocol's measuring hands over: outcomes, statistics, and parts of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linker.evaluate.bootstrap import Statistic
from linker.evaluate.protocol import Outcome

BATCH_DOCUMENTS = 16
"""Documents that are linked together."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of the gold mentions.

    Attributes:
        outcomes: one a gold mention, in the order of the gold.
        statistics: what is to be bootstrapped.
        parts: fields of `Report` by name.
    """

    outcomes: Sequence[Outcome]
    statistics: Sequence[Statistic]
    parts: Mapping[str, Any]
