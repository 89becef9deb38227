"""The two maps: from hazards to four colours, zones and control zones."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "ahp",
        "change",
        "classify",
        "compose",
        "control",
        "histogram",
        "matrix",
        "normalise",
        "patches",
        "recipe",
        "sensitivity",
        "snapping",
        "units",
        "weights",
        "zoning",
    ],
)
