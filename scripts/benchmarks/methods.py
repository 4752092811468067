"""What is compared: a method makes, from a case's material, the frames that were wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import vapoursynth as vs

from scripts.benchmarks.cases import Material
from scripts.benchmarks.cells import Inputs
from vsainimotion.errors import VsaiError
from vsainimotion.models import Card, locate_network

type Role = Literal["plain", "classical", "network", "ours"]
"""plain: what costs nothing. classical: a tool of today without a network; differences refer to the best of them.
network: another's network. ours: a network of the catalogue."""


def _nothing() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One row of the tables."""

    name: str
    role: Role
    version: Inputs
    """What its pictures follow from beside the material: versions, options, a network's digest."""
    make: Callable[[Material], vs.VideoNode]
    """Returns a clip like `Material.wanted`, lazily where that is possible."""
    missing: Callable[[], str | None] = _nothing
    """Says what is not here that the method needs, and how to get it."""


def find_network(card: Card) -> str | None:
    """Says what is wrong with a network's file; None where it is the one that its card describes."""
    try:
        locate_network(card)
    except VsaiError as error:
        return str(error)
    return None
