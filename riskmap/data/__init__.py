"""Files in, one database out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "catalog",
        "checks",
        "convert",
        "database",
        "encodings",
        "files",
        "findings",
        "gridding",
        "matching",
        "places",
        "prepare",
        "rasters",
        "spec",
        "tables",
        "vectors",
    ],
)
