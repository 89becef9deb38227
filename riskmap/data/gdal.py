"""Options of GDAL, set only for as long as they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gdal_options(options: dict[str, str]) -> Iterator[None]:
    """Set options of GDAL for a while; the program that imports riskmap may have set its own."""
    import pyogrio

    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)
