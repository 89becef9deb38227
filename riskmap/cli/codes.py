"""The exit codes of the command line."""

from __future__ import annotations

from riskmap import errors

EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (errors.ConservationError, 1),
    (errors.SpecError, 5),
    (errors.CRSError, 4),
    (errors.NetworkError, 6),
    (errors.OutputError, 7),
    (errors.DataError, 3),
)
"""0 fine, 1 a bug of ours, 2 usage, 3 data, 4 coordinate system, 5 project or declaration, 6 network, 7 output."""


def exit_code(error: Exception) -> int:
    """Give the exit code of an error; of several, the first one's."""
    if isinstance(error, errors.SeveralErrors):
        error = error.errors[0]
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)
