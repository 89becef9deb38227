"""What a project file says of its plan's targets."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from riskmap.data.spec import Bilingual, Record
from riskmap.text import Text

RELATIONS = {"at_least": "≥", "at_most": "≤", "equals": "＝"}
MEASURE = r"^(count|km|ha|(sum|max|min|mean):\w+)$"


class CountSpec(Record):
    """Something to be counted: rows of a layer, all or those under an SQL filter, a measure of them."""

    layer: str
    where: str | None = None
    measure: str = Field(default="count", pattern=MEASURE)


class TargetSpec(CountSpec):
    """A target of the plan beside what is counted.

    ``per`` divides by another count, ``factor`` turns the result into the target's unit.
    """

    id: str
    name: Bilingual
    unit: Bilingual = Text("", "")
    per: CountSpec | None = None
    factor: float = 1.0
    at_least: float | None = None
    at_most: float | None = None
    equals: float | None = None
    source: Bilingual = Text("", "")

    @model_validator(mode="after")
    def _one_relation(self) -> Self:
        given = [name for name in RELATIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(RELATIONS)}; got {given or 'none'}")
        return self

    @property
    def relation(self) -> str:
        """Which of the relations is given."""
        return next(name for name in RELATIONS if getattr(self, name) is not None)

    @property
    def target(self) -> float:
        """The number to compare with."""
        return float(getattr(self, self.relation))

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are counted."""
        return (self.layer,) if self.per is None else (self.layer, self.per.layer)
