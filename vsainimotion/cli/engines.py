"""`ainimotion engines`: build TensorRT engines ahead of time, list and clear them."""

import dataclasses
import json
import re
from pathlib import Path

import click

from vsainimotion.cli.options import PATH
from vsainimotion.errors import ArgumentError
from vsainimotion.models.engines import clear_engines, engine_folder, list_engines
from vsainimotion.models.recipes import Recipe, build_recipe, load_recipes


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Build, list and clear TensorRT engines."""


@command.command()
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option("--size", "sizes", multiple=True, metavar="WxH", help="Size of the clip that the network will be fed.")
@click.option("--recipes", type=PATH, help="A file of networks and sizes, as engines/recipes.toml.")
def build(networks: tuple[str, ...], sizes: tuple[str, ...], recipes: Path | None) -> None:
    """Build the engines that a job would otherwise build on first use.

    Name networks and sizes, or a file of recipes. What is built already is left as it is.
    """
    planned = load_recipes(recipes) if recipes else []
    planned += [Recipe(network=name, size=_size(text)) for name in networks for text in sizes]
    if not planned:
        raise ArgumentError("engines build: name networks with --size WxH, or a file with --recipes")
    for recipe in planned:
        print(build_recipe(recipe))


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the manifests.")
def list_built(*, as_json: bool) -> None:
    """List the engines that are there."""
    engines = list_engines()
    if as_json:
        print(
            json.dumps([dataclasses.asdict(engine.inputs) | {"path": str(engine.path)} for engine in engines], indent=2)
        )
        return
    for engine in engines:
        width, height = engine.inputs.size_best
        machine = engine.inputs.machine
        print(
            f"{engine.inputs.network}  {width}x{height}, {engine.inputs.precision}, {engine.size_mib:.1f} MiB, "
            f"TensorRT {machine.tensorrt}, {machine.gpu}, driver {machine.driver}"
        )
    if not engines:
        print(f"No engine in {engine_folder()}")


@command.command()
def clear() -> None:
    """Remove all engines; they are built again when they are needed."""
    count = clear_engines()
    print(f"{count} engine{'' if count == 1 else 's'} removed from {engine_folder()}")


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if match is None:
        raise ArgumentError(f"engines build: '--size' must be width x height, as in 1920x1080 (got '{text}')")
    return int(match[1]), int(match[2])
