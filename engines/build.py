"""Builds TensorRT engines ahead of time, from recipes.

    python engines/build.py [--recipes engines/recipes.toml] [--plan]

`--plan` prints what would be built, and needs no GPU. TensorRT's libraries cannot be had on our development machines:
the plan and everything up to the builder's call are tested there, the call itself has not been run by us.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vsainimotion.errors import VsaiError
from vsainimotion.models.recipes import Recipe, build_recipe, load_recipes

RECIPES = Path(__file__).with_name("recipes.toml")


def describe_recipe(recipe: Recipe) -> str:
    """Returns one line: the network, the size of its input as a job would have it, and its planes."""
    card, tile = recipe.plan()
    width, height = recipe.size
    return f"{card.name}  fp16, {card.planes} planes, {tile[0]}x{tile[1]} for a clip of {width}x{height}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code: 0 done, or that of the error."""
    parser = argparse.ArgumentParser(description="Build TensorRT engines ahead of time.")
    parser.add_argument("--recipes", type=Path, default=RECIPES, help="networks and sizes (default: %(default)s)")
    parser.add_argument("--plan", action="store_true", help="print what would be built, and build nothing")
    options = parser.parse_args(arguments)
    try:
        for recipe in load_recipes(options.recipes):
            print(describe_recipe(recipe))
            if not options.plan:
                print(f"    {build_recipe(recipe)}")
    except VsaiError as error:
        print(f"engines/build.py: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
