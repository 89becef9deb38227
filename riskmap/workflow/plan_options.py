"""What a project file says of its plan's targets."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from riskmap.data.spec import Bilingual, Record
from riskmap.text import Text

RELATIONS = {"at_least": "≥", "at_most": "≤", "equals": "＝"}
MEASURE = r"^(count|km|ha|(sum|max|min|mean|distinct):\w+)$"


class CountSpec(Record):
    """Something to be counted: rows of a layer, all or those under an SQL filter, a measure of them."""

    layer: str
    where: str | None = None
    measure: str = Field(default="count", pattern=MEASURE)


class TargetSpec(CountSpec):
    """A target of the plan beside what is counted; with no relation, a figure that the plan asks for without a target.

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
        if len(given) > 1:
            raise ValueError(f"one of {', '.join(RELATIONS)}, or none; got {given}")
        return self

    @property
    def relation(self) -> str | None:
        """Which of the relations is given; None for a figure without a target."""
        return next((name for name in RELATIONS if getattr(self, name) is not None), None)

    @property
    def target(self) -> float:
        """The number to compare with; NaN where there is none."""
        return float("nan") if self.relation is None else float(getattr(self, self.relation))

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are counted."""
        return (self.layer,) if self.per is None else (self.layer, self.per.layer)
