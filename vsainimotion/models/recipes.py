"""Recipes: engines to build ahead of time, so that a job need not build them on first use."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from vsainimotion.errors import InputError
from vsainimotion.models.card import Card
from vsainimotion.models.catalogue import find_card, locate_network
from vsainimotion.models.engines import check_tensorrt, find_or_build_engine
from vsainimotion.models.tiles import GPU_TILE_PIXELS, Size, plan_tiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """An engine to build ahead of time."""

    network: str
    """A name of the catalogue."""
    size: Size
    """Width and height of the clip that the network will be fed, in pixels: for a flow network, of the small copy."""

    def plan(self) -> tuple[Card, Size]:
        """Finds the network and plans what it will see at once, as a job would.

        Raises:
            UnknownNameError: There is no such network.
        """
        card = find_card(self.network)
        return card, plan_tiles(card, *self.size, pixels=GPU_TILE_PIXELS).tile


def load_recipes(path: Path) -> list[Recipe]:
    """Reads a file of recipes: a TOML array `recipe` of tables with `network` and `size = [width, height]`.

    Raises:
        InputError: The file cannot be read or is none of recipes.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["recipe"]
        recipes = [Recipe(network=row["network"], size=(int(row["size"][0]), int(row["size"][1]))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"load_recipes: '{path}' is not a file of recipes ({error!r})") from error
    for recipe in recipes:
        if not isinstance(recipe.network, str) or min(recipe.size) < 1:
            raise InputError(f"load_recipes: '{path}' has a recipe that cannot be: {recipe}")
    return recipes


def build_recipe(recipe: Recipe) -> Path:
    """Builds the engine of a recipe on this machine, unless it is there.

    Args:
        recipe: What to build.

    Returns:
        The engine file.

    Raises:
        UnknownNameError: There is no such network.
        MissingError: TensorRT is not installed, or the network's file is missing.
        JobError: The builder failed.
    """
    card, tile = recipe.plan()
    network = locate_network(card)
    check_tensorrt("build_recipe")
    return find_or_build_engine(card, network, tile)
