"""A text that readers see, in both languages of the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Chinese and in English.

    Parameters
    ----------
    zh, en : str
        The sentence; ``{name}`` placeholders are filled by :meth:`format`.

    Examples
    --------
    >>> Text("{n} 行", "{n} rows").format(n=3).pick("en")
    '3 rows'
    """

    zh: str
    en: str

    def pick(self, lang: Lang) -> str:
        """Give the sentence in one language."""
        return self.zh if lang == "zh" else self.en

    def format(self, **values: Any) -> Text:
        """Fill the placeholders of both languages; a Text among the values fills each in its own."""
        zh = {k: v.zh if isinstance(v, Text) else v for k, v in values.items()}
        en = {k: v.en if isinstance(v, Text) else v for k, v in values.items()}
        return Text(self.zh.format(**zh), self.en.format(**en))

    def __add__(self, other: Text) -> Text:
        return Text(self.zh + other.zh, self.en + other.en)

    def __str__(self) -> str:
        return self.zh if self.zh == self.en else f"{self.zh} / {self.en}"


def plain(text: str) -> Text:
    """Give a Text whose words are the same in both languages (names, numbers)."""
    return Text(text, text)


def join(texts: list[Text] | tuple[Text, ...], zh: str = "、", en: str = ", ") -> Text:
    """Join several texts with each language's own separator."""
    return Text(zh.join(t.zh for t in texts), en.join(t.en for t in texts))
