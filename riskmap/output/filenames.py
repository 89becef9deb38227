"""Names of files that hold words from data: safe on every system, and never another place on the disk."""

from __future__ import annotations

import re

FORBIDDEN = re.compile(r'[\\/:*?"<>|\s]+')
"""What Windows or a shell will not have in a name, and what would lead into another folder."""

MOST_BYTES = 200
"""File systems take 255, and an ending follows."""


def file_stem(*words: str, taken: set[str]) -> str:
    """Give the name of a file, without its ending, and note it as taken.

    Parameters
    ----------
    *words : str
        Joined by hyphens; characters that no file name may have become ``_``, and what is too long is cut.
    taken : set of str
        Names given before, in lower case (Windows does not tell ``A`` from ``a``): a second of the same name gets a number.

    Examples
    --------
    >>> taken = set()
    >>> file_stem("flood", "../../A/1", "North bank", taken=taken), file_stem("flood", ".._.._a_1", "north bank", taken=taken)
    ('flood-.._.._A_1-North_bank', 'flood-.._.._a_1-north_bank-2')
    """
    clean = FORBIDDEN.sub("_", "-".join(words))
    clean = "".join(letter if letter.isprintable() else "_" for letter in clean)
    short = clean.encode("utf-8", "replace")[:MOST_BYTES].decode("utf-8", "ignore")
    name, number = short, 1
    while name.casefold() in taken:
        number += 1
        name = f"{short}-{number}"
    taken.add(name.casefold())
    return name
