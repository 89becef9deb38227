"""What a step is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from riskmap.text import Text
from riskmap.workflow.context import Context, Results


@dataclass(frozen=True)
class Step:
    """Layers in, layers out.

    Parameters
    ----------
    name : str
        As in ``--only NAME`` and the command of the same name.
    title : Text
        For the progress bar.
    needs : tuple of str
        Layers without which the step is skipped with a note; ``hazard_*`` stands for at least one of a family.
    takes : tuple of str
        Layers that it also reads when they are there.
    gives : tuple of str
        Layers and files that it makes.
    options : tuple of str
        Keys of the project file on which it depends.
    run : callable
        Context -> Results.
    tolerant : bool
        It looks at the layers that are sound and does not stop for those with errors.
    named : callable, optional
        Project -> those of ``takes`` that the project file names; all of them by default.
    asked : callable
        Project -> whether it asks for this step; a step that it does not ask for is no part of the build.
    shows : tuple of str
        Layers that it shows when they are there, ``*`` for all: one that could not be imported does not stop it, the product
        says that it is missing.
    speaks : bool
        Whether what it gives holds words in the language of the build.
    """

    name: str
    title: Text
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    options: tuple[str, ...]
    run: Callable[[Context], Results]
    tolerant: bool = False
    named: Callable[[Any], tuple[str, ...]] | None = None
    asked: Callable[[Any], bool] = lambda _: True
    shows: tuple[str, ...] = ()
    speaks: bool = False

    def of(self, project: Any) -> Step:
        """Give the step as this project asks for it: a layer that it does not speak of cannot stop it."""
        return self if self.named is None else replace(self, takes=self.named(project))
