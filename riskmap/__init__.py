"""riskmap: hazard risk maps, overlays, fire coverage and evacuation for emergency bureaux."""

import lazy_loader

# rooms are imported on first use, so that the command line answers at once
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "crs",
        "data",
        "errors",
        "grid",
        "landing",
        "levels",
        "network",
        "output",
        "overlay",
        "risk",
        "workflow",
        "zonal",
    ],
    submod_attrs={"workflow.build": ["build"]},
)

__version__ = "0.1.0"
