"""The three overlays: geohazard points, pipelines and hazardous-chemical sources, and what they threaten."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "belts",
        "chainage",
        "chains",
        "consequences",
        "criteria",
        "crossings",
        "exposure",
        "geohazards",
        "hazchem",
        "influence",
        "pieces",
        "pipelines",
        "risk_points",
        "rules",
        "substances",
        "windows",
        "zones",
    ],
)
