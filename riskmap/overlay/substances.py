"""Substances of GB 18218-2018: threshold and beta, found by CAS number, Chinese name or alias. Nothing is guessed."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from riskmap.data.spec import near
from riskmap.errors import DataError
from riskmap.overlay import rules
from riskmap.text import Text, plain

CAS = re.compile(r"^\d{2,7}-\d{2}-\d$")
# NFKC leaves all of these as they are; word processors set any of them in a CAS number
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Substance:
    """A substance with its threshold Q (t) and beta; ``table`` is 1 or 2, ``symbol`` the class of table 2."""

    name: str
    q_t: float
    beta: float
    table: int
    symbol: str
    cas: tuple[str, ...] = ()
    confidence: str = "secondary"


class Substances:
    """All substances that are known, to be found by CAS number or name, or by the class of table 2.

    Parameters
    ----------
    table_1, table_2, table_3, table_4, gases : iterables of mapping
        Rows of ``layers/facts/gb18218_*.csv``.
    own : iterable of mapping
        A project's rows, before all others: ``name``, ``aliases``, ``cas``, and ``q_t`` with ``beta``, or ``class``.
    """

    def __init__(
        self,
        table_1: Iterable[Row],
        table_2: Iterable[Row],
        table_3: Iterable[Row],
        table_4: Iterable[Row],
        gases: Iterable[Row] = (),
        own: Iterable[Row] = (),
    ) -> None:
        self._class_q = {row["symbol"]: float(row["q_t"]) for row in table_2}
        self._class_beta = {row["symbol"]: float(row["beta"]) for row in table_4}
        toxic = {row["cas"]: float(row["beta"]) for row in table_3}
        self._by_name: dict[str, Substance] = {}
        self._by_cas: dict[str, list[Substance]] = {}
        self._own_rows: list[Substance] = []
        for row in own:
            self._own_rows.append(self._own(row))
            self._add(self._own_rows[-1], row)
        for row in table_1:
            numbers = _numbers(row["cas"])
            beta = next((toxic[n] for n in numbers if n in toxic), self._class_beta[row["class"]])
            name = row["name"]
            self._add(Substance(name, float(row["q_t"]), beta, 1, row["class"], numbers, row["beta_confidence"]), row)
        for row in gases:
            self._add(self._of_class(row["name"], row["class"], _numbers(row["cas"]), "recalled"), row)

    def find(self, name: str | None, cas: str | None, symbol: str | None = None) -> Substance:
        """Give the substance of an inventory row.

        Parameters
        ----------
        name, cas : str, optional
            At least one; full-width characters and blanks do not matter.
        symbol : str, optional
            Class of table 2, for what is not in table 1.

        Raises
        ------
        DataError
            Unknown, ambiguous, or a name and a number of different substances; with near matches.
        """
        named = self._by_name.get(fold(name)) if name else None
        number = _number(cas)
        numbered = self._by_cas.get(number, []) if number else []
        same = named is not None and (number in named.cas or any(s.name == named.name for s in numbered))
        own = next((s for s in numbered if s in self._own_rows), None)
        if own is not None and (named is None or same):
            # the project's own row goes before the house's of the same number
            named = named if named in self._own_rows else own
        elif named is not None and numbered and not same:
            raise DataError(
                Text(
                    f"名称 {name!r} 与 CAS 号 {number} 不是同一种物质（该号是 {numbered[0].name}）",
                    f"the name {name!r} and the CAS number {number} are different substances ({numbered[0].name})",
                ),
                remedy=Text("核对后改正其中之一", "check and correct one of them"),
            )
        if symbol and symbol not in self._class_q:
            raise DataError(
                Text(f"类别符号 {symbol!r} 不在表 2 中", f"the class {symbol!r} is not in table 2")
                + near(symbol, list(self._class_q))
            )
        found = named or (numbered[0] if len(numbered) == 1 else None)
        if found is not None and (found.table == 1 or symbol in (None, "", found.symbol)):
            return found
        if len(numbered) > 1 and not symbol:
            raise DataError(
                Text(
                    f"CAS 号 {number} 对应多种：{'、'.join(s.name for s in numbered)}",
                    f"the CAS number {number} stands for several: {', '.join(s.name for s in numbered)}",
                ),
                remedy=Text("名称写成其中之一", "use one of these names"),
            )
        if symbol:
            numbers = found.cas if found is not None else (number,) if number else ()
            return self._of_class(name or number or symbol, symbol, numbers, "secondary")
        raise self._unknown(name, number)

    def doubt(self, name: str | None, cas: str | None, found: Substance) -> Text | None:
        """Say where name and number of a row do not both stand for the substance taken; None where they do.

        A solution or a mixture often bears the number of what is in it: 盐酸 is not anhydrous hydrogen chloride.
        """
        number = _number(cas)
        if name and fold(name) not in self._by_name and number in found.cas:
            return Text(
                f"名称 {name!r} 不认识，按 CAS 号 {number} 取为 {found.name!r}",
                f"the name {name!r} is not known; by the CAS number {number} it is taken for {found.name!r}",
            )
        if name and number and found.cas and number not in found.cas:
            listed = "、".join(found.cas)
            return Text(
                f"名称 {name!r} 取为 {found.name!r}（CAS {listed}），登记的 CAS 号却是 {number}",
                f"the name {name!r} is taken for {found.name!r} (CAS {listed}), but the row says CAS {number}",
            )
        return _ill_formed(number) if number else None

    def _unknown(self, name: str | None, number: str | None) -> DataError:
        said = " ".join(repr(w) for w in (name, number) if w)
        wrong = _ill_formed(number) if number else None
        return DataError(
            (
                Text(f"物质 {said} 不在 GB 18218 表 1 中", f"the substance {said} is not in GB 18218 table 1")
                if said
                else Text("物质名称和 CAS 号都空着", "neither the name nor the CAS number of the substance is given")
            )
            + (plain("") if wrong is None else Text("；", "; ") + wrong)
            + self._near(name, number),
            remedy=Text(
                "改正名称或 CAS 号；不在表 1 的物质写明表 2 的类别符号（class）",
                "correct the name or the CAS number; for what is not in table 1 give its class of table 2",
            ),
        )

    def _near(self, name: str | None, number: str | None) -> Text:
        close = []
        if name:
            folded = fold(name)
            close = difflib.get_close_matches(folded, self._by_name, n=3, cutoff=0.6)
            # 液氨储罐 holds a known name whole; difflib finds it too far away
            close += [k for k in sorted(self._by_name, key=len, reverse=True) if len(k) > 1 and k in folded][:2]
        words = dict.fromkeys(self._by_name[k].name for k in close)
        if not words and number:
            words = dict.fromkeys(
                self._by_cas[k][0].name for k in difflib.get_close_matches(number, self._by_cas, n=2, cutoff=0.85)
            )
        if not words:
            return plain("")
        listed = " / ".join(repr(w) for w in words)
        return Text(f"；是不是 {listed}？", f"; did you mean {listed}?")

    def _own(self, row: Row) -> Substance:
        numbers = _numbers(row.get("cas", ""))
        if row.get("q_t") and row.get("beta"):
            return Substance(
                row["name"], float(row["q_t"]), float(row["beta"]), 1, row.get("class", ""), numbers, "standard"
            )
        return self._of_class(row["name"], row["class"], numbers, "standard")

    def _of_class(self, name: str, symbol: str, numbers: tuple[str, ...], confidence: str) -> Substance:
        return Substance(name, self._class_q[symbol], self._class_beta[symbol], 2, symbol, numbers, confidence)

    def _add(self, substance: Substance, row: Row) -> None:
        words = (substance.name, row.get("en", ""), *row.get("aliases", "").split(";"))
        for word in filter(None, words):
            self._by_name.setdefault(fold(word), substance)
        for number in substance.cas:
            self._by_cas.setdefault(number, []).append(substance)


def fold(name: str) -> str:
    """Give a name as it is compared: half-width, no blanks, lower case, brackets and dashes of one kind."""
    text = (
        unicodedata.normalize("NFKC", name)
        .translate(DASHES)
        .translate(str.maketrans("［］【】〔〕，、；", "[][][],,;"))
    )
    return re.sub(r"\s+", "", text).lower()


def cas_is_valid(number: str) -> bool:
    """Tell whether a CAS number is well formed and its check digit right.

    Examples
    --------
    >>> cas_is_valid("7664-41-7"), cas_is_valid("7664-41-8")
    (True, False)
    """
    if not CAS.match(number):
        return False
    digits = number.replace("-", "")
    return sum(int(d) * n for n, d in enumerate(reversed(digits[:-1]), 1)) % 10 == int(digits[-1])


def _number(cas: str | None) -> str | None:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", cas).translate(DASHES)) if cas else None


def _ill_formed(number: str) -> Text | None:
    """Say what is wrong with a CAS number; None where nothing is."""
    if cas_is_valid(number):
        return None
    if CAS.match(number):
        return Text(f"CAS 号 {number} 的校验位不对", f"the check digit of the CAS number {number} is wrong")
    return Text(
        f"CAS 号 {number!r} 不是 7664-41-7 这样的写法", f"the CAS number {number!r} is not written as 7664-41-7 is"
    )


def _numbers(cell: str) -> tuple[str, ...]:
    return tuple(n for n in cell.split(";") if n)


@cache
def house() -> Substances:
    """Give the substances of the house's tables."""
    files = [rules.values("hazchem")[f] for f in ("table_1", "table_2", "table_3", "table_4", "gases")]
    return Substances(*(rules.rows(file) for file in files))
