"""Colours that readers must tell apart: for normal eyes, for the usual deficiencies, and on copies in black and white.

Deficiencies are simulated after Machado, Oliveira and Fernandes (2009), severity 1.0; distances are CIE76 in CIELAB (D65).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from riskmap.data.catalog import house
from riskmap.output.symbology import symbology

MACHADO = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip

LEAST = {"normal": 35.0, "protanopia": 15.0, "deuteranopia": 15.0, "tritanopia": 15.0}
"""Distances of house: well above 10, which is told apart at a glance side by side."""

GREY_STEP = 10.0
"""L* between two classes on a copy in black and white; nearer ones need different patterns."""


def linear(rgb: str) -> np.ndarray:
    channels = np.array([int(rgb[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """Give CIELAB of linear sRGB."""
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    ratio = to_xyz @ np.clip(light, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distances(words: tuple[str, ...], eye: str) -> dict[tuple[str, str], float]:
    seen = {word: lab(MACHADO[eye] @ linear(house().rgb(word))) for word in words}
    return {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])) for pair in combinations(words, 2)}


def test_the_yardstick_against_published_values() -> None:
    # white, and the CIELAB of sRGB red as in Lindbloom's calculator
    assert lab(linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.05)
    assert lab(linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    # a protanope sees red darker, and greys as greys
    assert lab(MACHADO["protanopia"] @ linear("#ff0000"))[0] < 53.24 - 10
    assert lab(MACHADO["deuteranopia"] @ linear("#808080"))[1:] == pytest.approx([0, 0], abs=0.1)


@pytest.mark.parametrize("eye", list(MACHADO))
@pytest.mark.parametrize("words", [("red", "orange", "yellow", "blue"), ("zone_key", "zone_secondary", "zone_general")])
def test_classes_are_told_apart(words: tuple[str, ...], eye: str) -> None:
    found = distances(words, eye)
    nearest = min(found, key=found.__getitem__)
    print(f"{eye}: {nearest} {found[nearest]:.1f}")
    assert found[nearest] >= LEAST[eye], (eye, nearest, found[nearest])


@pytest.mark.parametrize("style", ["risk_level", "control_zone"])
def test_what_is_near_in_grey_has_another_pattern_and_numeral(style: str) -> None:
    classes = [s for s in symbology(house().style(style), house()).swatches if s.pattern != "none"]
    light = {s.value: lab(linear(s.rgb))[0] for s in classes}
    for a, b in combinations(classes, 2):
        assert a.roman != b.roman
        if abs(light[a.value] - light[b.value]) < GREY_STEP:
            assert a.pattern != b.pattern, (a.label, b.label)
    assert len({s.pattern for s in classes}) == len(classes) or style == "control_zone"


def test_control_zones_are_no_risk_colours() -> None:
    for eye in MACHADO:
        risk, zones = ("red", "orange", "yellow", "blue"), ("zone_key", "zone_secondary", "zone_general")
        found = distances((*risk, *zones), eye)
        across = {pair: d for pair, d in found.items() if (pair[0] in risk) != (pair[1] in risk)}
        assert min(across.values()) > 10, (eye, min(across, key=across.__getitem__))
