"""What can go wrong, by condition. The library knows no exit codes; ``riskmap.cli`` maps these classes to them."""

from __future__ import annotations

from riskmap.text import Text


class RiskmapError(Exception):
    """Base of every error that riskmap raises on purpose.

    Parameters
    ----------
    message : Text
        What is wrong, with both sides of the disagreement.
    remedy : Text, optional
        What the reader can do about it.
    file, layer, field : str, optional
        Where it is.
    row : int or str, optional
        Row number from 1, or the row's id.
    code : str, optional
        Stable name of the rule that was broken, as in ``layers/checks.yaml``.
    """

    def __init__(
        self,
        message: Text,
        *,
        remedy: Text | None = None,
        file: str | None = None,
        layer: str | None = None,
        row: int | str | None = None,
        field: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy
        self.file = file
        self.layer = layer
        self.row = row
        self.field = field
        self.code = code

    def where(self) -> Text:
        """Give the place as text, such as ``file a.shp, layer villages, row 3, field name``; empty when unknown."""
        parts_zh, parts_en = [], []
        for zh, en, value in (
            ("文件 {}", "file {}", self.file),
            ("图层 {}", "layer {}", self.layer),
            ("第 {} 行", "row {}", self.row),
            ("字段 {}", "field {}", self.field),
        ):
            if value not in (None, ""):
                parts_zh.append(zh.format(value))
                parts_en.append(en.format(value))
        return Text("，".join(parts_zh), ", ".join(parts_en))

    def describe(self) -> Text:
        """Give place, message and remedy as one text of one or two lines."""
        where, text = self.where(), self.message
        if where.zh:
            text = Text(f"{where.zh}：{text.zh}", f"{where.en}: {text.en}")
        if self.remedy:
            text = Text(f"{text.zh}\n  处理：{self.remedy.zh}", f"{text.en}\n  remedy: {self.remedy.en}")
        return text

    def __str__(self) -> str:
        return str(self.describe())


class SpecError(RiskmapError, ValueError):
    """A project file or a declaration is wrong."""


class DataError(RiskmapError, ValueError):
    """Rows, columns or files of the data are wrong."""


class MissingFieldError(DataError):
    """A required column is missing or stands there twice."""


class GeometryError(DataError):
    """A geometry is of the wrong kind, broken or empty."""


class UnitError(DataError):
    """A number is not in the unit that the layer declares."""


class ConsistencyError(DataError):
    """Pairwise judgements contradict each other too much."""


class CRSError(RiskmapError, ValueError):
    """Something is wrong with a coordinate system."""


class MissingCRSError(CRSError):
    """Coordinates without a stated system."""


class CRSMismatchError(CRSError):
    """Two inputs of one operation have different systems."""


class NetworkError(RiskmapError, ValueError):
    """A road network cannot be used."""


class UnreachableError(NetworkError):
    """There is no way from one place to another."""


class OutputError(RiskmapError, OSError):
    """A product cannot be written."""


class OutputExistsError(OutputError, FileExistsError):
    """A file that riskmap did not write stands at a name that it would write."""


class ConservationError(RiskmapError):
    """Areas or people do not add up: a bug of ours, never the data's fault."""


class RiskmapWarning(UserWarning):
    """Base of the warnings that riskmap gives to callers of the library."""


class SeveralErrors(RiskmapError):
    """Several errors that were found in one run; each stands in ``errors``, the first decides the exit code."""

    def __init__(self, errors: list[RiskmapError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors

    def describe(self) -> Text:
        """Give all errors, a line or two each."""
        texts = [error.describe() for error in self.errors]
        return Text("\n".join(t.zh for t in texts), "\n".join(t.en for t in texts))
