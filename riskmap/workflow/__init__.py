"""A project file, ordered steps, a run record."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["build", "project", "record", "verify"])
