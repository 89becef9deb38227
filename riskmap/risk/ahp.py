"""Weights from pairwise judgements: the analytic hierarchy process, complete matrices and incomplete ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.errors import ConsistencyError, DataError
from riskmap.text import Text, join, plain

RECIPROCAL_TOLERANCE = 0.05
"""A reciprocal typed as 0.33 for 1/3 is the same judgement; one further off contradicts itself."""

SHOWN = 3
"""Judgements that are named as the ones to revisit."""


class Judgement(NamedTuple):
    """One judgement beside what the weights imply; ``factor`` says how many times it is off."""

    row: Any
    column: Any
    given: float
    implied: float
    factor: float

    def describe(self) -> Text:
        """Say what was judged and what the other judgements imply."""
        row, column = plain(str(self.row)), plain(str(self.column))
        return Text(
            "{row} 比 {column}：给定 {given}，其余判断表明约为 {implied}",
            "{row} over {column}: judged {given}, the others imply about {implied}",
        ).format(row=row, column=column, given=ratio(self.given), implied=ratio(self.implied))


@dataclass(frozen=True, eq=False)
class Ahp:
    """Weights of a judgement matrix and how consistent it is.

    Parameters
    ----------
    weights : Series
        Sum 1, indexed by the names of the matrix (0, 1, ... of a bare array).
    lambda_max : float
        Principal eigenvalue; of an incomplete matrix, of its completion with the smallest one.
    ci, cr : float
        Consistency index (lambda_max - n) / (n - 1) and ratio CI / RI; 0 for n <= 2, CR NaN where no RI is known.
    missing : int
        Judgements that were not given.
    worst : tuple of Judgement
        The most inconsistent judgements, worst first.
    """

    weights: pd.Series
    lambda_max: float
    ci: float
    cr: float
    missing: int
    worst: tuple[Judgement, ...]


def ahp(matrix: Any, *, max_cr: float | None = 0.1, random_index: Mapping[int, float] | None = None) -> Ahp:
    """Give the weights of a matrix of pairwise judgements by its principal eigenvector.

    Parameters
    ----------
    matrix : square array or frame
        ``a[i, j]`` says how many times i matters more than j, ``a[j, i]`` is its reciprocal; one of the two suffices. NaN or
        0 for both: not judged. A frame's index and columns are the same names.
    max_cr : float, optional
        A consistency ratio from here on is refused; None never refuses.
    random_index : mapping of n -> RI, optional
        The house's table (facts ``weights``) by default.

    Returns
    -------
    Ahp

    Raises
    ------
    ConsistencyError
        CR >= ``max_cr``; the message names the judgements to revisit.
    DataError
        Not square, not positive, names or reciprocals that disagree, or too few judgements to link all items.

    Notes
    -----
    An incomplete matrix is completed so that its principal eigenvalue is smallest, a convex problem in the logarithms of the
    missing judgements. Its random index is about (1 - 2 m / ((n - 1) (n - 2))) RI(n) for m missing pairs; a matrix whose
    judgements only just link the items (a tree) cannot contradict itself and has CR 0.

    References
    ----------
    Saaty, T. L. (1980), The Analytic Hierarchy Process. Bozoki, S., Fulop, J., Ronyai, L. (2010), On optimal completion of
    incomplete pairwise comparison matrices, Math. Comput. Modelling 52. Agoston, K. Cs., Csato, L. (2022), Inconsistency
    thresholds for incomplete pairwise comparison matrices, Omega 108.

    Examples
    --------
    >>> result = ahp([[1, 2, 4], [1 / 2, 1, 2], [1 / 4, 1 / 2, 1]])
    >>> result.weights.round(3).tolist(), round(result.cr, 6)
    ([0.571, 0.286, 0.143], 0.0)
    """
    names, a = _judgements(matrix)
    n = len(a)
    missing = int(np.isnan(a).sum()) // 2
    full = _completed(a, names) if missing else a
    lambda_max, vector = _principal(full)
    weights = pd.Series(vector, index=pd.Index(names))
    ci = max(0.0, (lambda_max - n) / (n - 1)) if n > 2 else 0.0
    cr = _ratio(ci, n, missing, random_index if random_index is not None else _house_index())
    result = Ahp(weights, lambda_max, ci, cr, missing, _worst(a, weights))
    if max_cr is not None:
        _require_consistent(result, max_cr)
    return result


def ratio(value: float) -> str:
    """Write a judgement as people do, 1/3 rather than 0.333."""
    part = f"{1 / value:.3g}"
    # what rounds to 1 is written 1, not 1/1
    return f"{value:.3g}" if value >= 1 or part == "1" else f"1/{part}"


@cache
def _house_index() -> dict[int, float]:
    from riskmap.data.catalog import house

    tables = house().facts("weights").tables
    rows = (*tables["random_index"].rows, *tables["random_index_large"].rows)
    return {row["n"]: row["ri"] for row in rows}


def _numbers(matrix: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(matrix, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(
            Text(f"判断矩阵里有不是数的内容：{error}", f"the judgement matrix holds what is no number: {error}"),
            remedy=Text(
                "写成数，如 1/3；文件请用 riskmap weights 读",
                "write numbers such as 1/3; for a file use riskmap weights",
            ),
        ) from error


def _judgements(matrix: Any) -> tuple[list[Any], NDArray[np.float64]]:
    """Give the names and the matrix with both halves filled, NaN for pairs not judged."""
    frame = matrix if isinstance(matrix, pd.DataFrame) else pd.DataFrame(_numbers(matrix))
    if len(frame) == frame.shape[1] and isinstance(frame.index, pd.RangeIndex):
        # only the columns are named: the rows are in their order
        frame = frame.set_axis(frame.columns, axis=0)
    names = list(frame.index)
    if frame.shape[0] != frame.shape[1] or not names:
        raise DataError(
            Text(f"判断矩阵应为方阵，得到 {frame.shape}", f"a judgement matrix is square, got {frame.shape}")
        )
    if set(names) != set(frame.columns) or len(set(names)) != len(names):
        raise DataError(
            Text(
                f"判断矩阵的行名 {names} 与列名 {list(frame.columns)} 不同或有重复",
                f"rows {names} and columns {list(frame.columns)} of the judgement matrix differ or repeat",
            )
        )
    a = _numbers(frame[names]).copy()
    a[a == 0] = np.nan
    for i, j in zip(*np.triu_indices(len(a)), strict=True):
        a[i, j], a[j, i] = _pair(a[i, j], a[j, i], names[i], names[j])
    return names, a


def _pair(given: float, back: float, row: Any, column: Any) -> tuple[float, float]:
    """Give a judgement and its exact reciprocal from one or both; of a rounded pair the one above 1 counts."""
    known = [v for v in (given, back) if not np.isnan(v)]
    fits = all(np.isfinite(v) and v > 0 for v in known)
    if row == column:
        fits, given = fits and known in ([], [1.0], [1.0, 1.0]), 1.0
    elif len(known) == 2:
        fits = fits and abs(given * back - 1) <= RECIPROCAL_TOLERANCE
    if not fits:
        raise DataError(
            Text(
                f"{row} 比 {column} 为 {given:g}，反过来为 {back:g}：应为正数且互为倒数",
                f"{row} over {column} is {given:g}, the other way round {back:g}: positive and reciprocal expected",
            ),
            remedy=Text("改正其中一个，或只填一个", "correct one of them, or fill in only one"),
        )
    if not known or row == column:
        return given, given
    forward = given if np.isnan(back) or given >= 1 else 1.0 / back
    return forward, 1.0 / forward


def _principal(a: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Give the principal eigenvalue and its positive eigenvector, sum 1."""
    values, vectors = np.linalg.eig(a)
    at = int(np.argmax(values.real))
    vector = np.abs(vectors[:, at].real)
    return float(values[at].real), vector / vector.sum()


def _completed(a: NDArray[np.float64], names: list[Any]) -> NDArray[np.float64]:
    """Fill the pairs not judged so that the principal eigenvalue is smallest."""
    from scipy.optimize import minimize
    from scipy.sparse.csgraph import connected_components

    groups, label = connected_components(~np.isnan(a), directed=False)
    if groups > 1:
        apart = [str(n) for n, g in zip(names, label, strict=True) if g != label[0]]
        raise DataError(
            Text(f"没有判断把 {'、'.join(apart)} 与其余联系起来", f"no judgement links {', '.join(apart)} to the rest"),
            remedy=Text("至少补一个比较", "add at least one comparison"),
        )
    i, j = np.nonzero(np.triu(np.isnan(a)))

    def filled(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        full = a.copy()
        full[i, j], full[j, i] = np.exp(logs), np.exp(-logs)
        return full

    def eigenvalue(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        full = filled(logs)
        value, right = _principal(full)
        left = _principal(full.T)[1]
        # derivative of a simple eigenvalue, left_i right_j / (left . right) for each entry, by its logarithm
        slope = (left[i] * right[j] * full[i, j] - left[j] * right[i] * full[j, i]) / (left @ right)
        return value, slope

    best = minimize(eigenvalue, np.zeros(len(i)), jac=True, method="BFGS", options={"gtol": 1e-10})
    return filled(best.x)


def _ratio(ci: float, n: int, missing: int, random_index: Mapping[int, float]) -> float:
    free = (n - 1) * (n - 2) // 2 - missing
    if n <= 2 or free <= 0:
        return 0.0
    if n not in random_index:
        return float("nan")
    return ci / (random_index[n] * (1.0 - 2.0 * missing / ((n - 1) * (n - 2))))


def _worst(a: NDArray[np.float64], weights: pd.Series) -> tuple[Judgement, ...]:
    """Give the judgements furthest from the ratio of the weights, written so that they are at least 1."""
    found = []
    names, w = list(weights.index), weights.to_numpy()
    for i, j in zip(*np.triu_indices(len(a), 1), strict=True):
        if np.isnan(a[i, j]):
            continue
        p, q = (i, j) if a[i, j] >= 1 else (j, i)
        implied = w[p] / w[q]
        off = max(a[p, q] / implied, implied / a[p, q])
        found.append(Judgement(names[p], names[q], float(a[p, q]), float(implied), float(off)))
    found.sort(key=lambda judgement: -judgement.factor)
    return tuple(judgement for judgement in found[:SHOWN] if judgement.factor > 1 + 1e-6)


def _require_consistent(result: Ahp, max_cr: float) -> None:
    n = len(result.weights)
    if np.isnan(result.cr):
        raise DataError(
            Text(f"没有 {n} 阶矩阵的随机一致性指标", f"no random index is known for {n} items"),
            remedy=Text("分成两层判断矩阵", "judge them in two layers of smaller matrices"),
        )
    if result.cr < max_cr:
        return
    named = join([judgement.describe() for judgement in result.worst], "；", "; ")
    raise ConsistencyError(
        Text(
            f"判断矩阵的一致性比例 CR = {result.cr:.3f}，不小于 {max_cr:g}",
            f"the consistency ratio of the judgements is {result.cr:.3f}, not below {max_cr:g}",
        ),
        remedy=Text("重新考虑这些判断：{named}", "revisit these judgements: {named}").format(named=named),
    )
