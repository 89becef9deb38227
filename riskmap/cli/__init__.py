"""The command line: parses, calls one library function, prints what it gives."""

from riskmap.cli.main import main

__all__ = ["main"]
