"""Content policies: a page names the scripts and styles that it may have by their hashes, and has no others."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable


def sources(texts: Iterable[str]) -> str:
    """Give the hashes by which a policy allows scripts or styles of these texts; ``'none'`` without any."""
    digests = {hashlib.sha256(text.encode()).digest() for text in texts}
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in sorted(digests)) or "'none'"
