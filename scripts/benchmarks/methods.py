"""What is compared: a method makes, from a case's material, the frames that were wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import vapoursynth as vs

from scripts.benchmarks.cases import Material
from scripts.benchmarks.cells import Inputs
from vsainimotion.errors import VsaiError
from vsainimotion.models import Card, locate_network
from vsainimotion.models.catalogue import SHIPPED

type Role = Literal["plain", "classical", "network", "ours", "workshop"]
"""plain: what costs nothing. classical: a tool of today without a network; differences refer to the best of them.
network: another's network. ours: a network that ships. workshop: one of ours that does not."""


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


def role_of(card: Card) -> Role:
    """Says whether a network ships: the pictures on the page are of those that a person can ask for."""
    return "ours" if card.folder == SHIPPED else "workshop"


def find_network(card: Card) -> str | None:
    """Says what is wrong with a network's file; None where it is the one that its card describes."""
    try:
        locate_network(card)
    except VsaiError as error:
        return str(error)
    return None
