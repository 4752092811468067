"""`ainimotion models`: list, fetch, add and remove networks."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import click

from vsainimotion.backend import check_network, choose_backend
from vsainimotion.cli.options import PATH
from vsainimotion.errors import InputError, VsaiError
from vsainimotion.models import (
    KINDS,
    Card,
    add_model,
    fetch_model,
    list_cards,
    locate_network,
    read_header,
    remove_model,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """List, fetch, add and remove networks."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print everything that the cards say.")
def list_models(*, as_json: bool) -> None:
    """List the networks, and whether the file of each is here."""
    cards = list_cards()
    if as_json:
        print(json.dumps([_table(card) for card in cards], indent=2))
        return
    if not cards:
        print("No network is installed. Add one with: ainimotion models add NETWORK.onnx --kind luma")
    for card in cards:
        size = f"{card.scale}x" if card.task == "upscale" else f"timesteps: {card.timesteps}"
        print(f"{card.name}  {card.task}, {card.kind}, {size}, {_count(card.parameters)} weights, {card.licence}")
        print(f"    {card.description}")
        if problem := _problem(card):
            print(f"    {problem}")


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def fetch(names: tuple[str, ...]) -> None:
    """Download the files of networks.

    Their cards have an address; files that are here stay as they are.
    """
    for name in names:
        print(fetch_model(name))


@command.command()
@click.argument("onnx", type=PATH)
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What it takes and returns.")
@click.option("--name", help="Its name from now on; the file's name without the ending unless given.")
@click.option("--scale", type=int, help="Output size over input size. [default: 2 for upscalers]")
@click.option("--size-multiple", type=int, default=1, show_default=True, help="Sizes are multiples of this, in pixels.")
@click.option("--size-minimum", type=int, default=1, show_default=True, help="Smallest width and height, in pixels.")
@click.option("--overlap", type=int, default=16, show_default=True, help="How far an output pixel sees, in pixels.")
@click.option("--timesteps", type=click.Choice(["any", "half"]), default="any", help="For interpolation.")
@click.option("--motion", help="The flow network whose motion a fusion network weighs.")
@click.option("--base", help="The kernel that an upscaler's output is added to, if it returns a difference.")
@click.option("--licence", default="unknown", show_default=True, help="SPDX identifier.")
@click.option("--origin", help="Where it comes from. [default: the file's path]")
@click.option("--description", default="Added by the user.", help="One sentence.")
@click.option("--url", help="Where others can fetch the file.")
def add(onnx: Path, kind: str, name: str | None, scale: int | None, **given: str | int | None) -> None:
    """Add a network from an ONNX file, and try it on one frame."""
    header = read_header(onnx)
    row = KINDS[kind]
    if header.planes != row.planes:
        raise InputError(f"models add: a {kind} network has {row.planes} input planes, '{onnx}' has {header.planes}")
    side = int(given.pop("size_minimum") or 1)
    timesteps = given.pop("timesteps")
    values = {
        "name": name or onnx.stem.lower(),
        "task": row.task,
        "kind": kind,
        "file": onnx.name,
        "sha256": "0" * 64,  # the catalogue puts the true one there
        "scale": scale or (2 if row.task == "upscale" else 1),
        "planes": row.planes,
        "size_minimum": (side, side),
        "timesteps": timesteps if row.task == "interpolate" else "none",
        "opset": header.opset,
        "precision": header.precision,
        "parameters": header.parameters,
        **given,
        "origin": given["origin"] or str(onnx.absolute()),
    }
    card = add_model(onnx, _card(values))
    try:
        check_network(card, choose_backend())
    except VsaiError:
        remove_model(card.name)
        raise
    print(f"{card.name}: added as {card.path}")


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Remove networks that were added."""
    for name in names:
        card = remove_model(name)
        print(f"{card.name}: removed from {card.folder}")


def _card(values: Mapping[str, object]) -> Card:
    fields = {field.name for field in dataclasses.fields(Card)}
    return Card(**{name: value for name, value in values.items() if name in fields})  # type: ignore[arg-type] # checked by the card itself


def _table(card: Card) -> dict[str, object]:
    table: dict[str, object] = {field.name: getattr(card, field.name) for field in dataclasses.fields(card)}
    return table | {"folder": str(card.folder), "problem": _problem(card)}


def _problem(card: Card) -> str | None:
    try:
        locate_network(card)
    except VsaiError as error:
        return str(error)
    return None


def _count(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters >= 100_000 else f"{parameters / 1e3:.1f} k"
