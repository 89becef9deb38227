"""The road network: what a fire engine reaches in time, where to build, and how people get out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["coverage", "evacuation", "roads", "siting"])
