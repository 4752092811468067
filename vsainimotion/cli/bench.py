"""`ainimotion bench`: what each stage costs on this machine, and how its networks run fastest from now on."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict

import click
import vapoursynth as vs

from vsainimotion.backend import choose_backend
from vsainimotion.bench import Cost, NetworkCost, check_measurable, measure_network, measure_stages
from vsainimotion.errors import ArgumentError
from vsainimotion.interpolate import DEFAULT_MODEL as DEFAULT_INTERPOLATOR
from vsainimotion.models import find_card
from vsainimotion.models.runtimes import Tuning, has_bfloat16
from vsainimotion.models.tiles import Size
from vsainimotion.models.tuning import count_cores, forget, read_processor, tuning_folder
from vsainimotion.upscale import DEFAULT_MODEL as DEFAULT_UPSCALER

_SMALLEST_PX, _LARGEST_PX = 96, 16384


@click.command("bench")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option("--size", default="1920x1080", show_default=True, metavar="WxH", help="Size of the film.")
@click.option("--backend", default="auto", show_default=True, help="What runs the networks; one of the CPU's.")
@click.option("--precision", is_flag=True, help="Remember the faster precision too, which changes results by rounding.")
@click.option("--forget", "is_forgetting", is_flag=True, help="Measure nothing; forget what was remembered.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured as JSON.")
def command(
    *, networks: tuple[str, ...], size: str, backend: str, precision: bool, is_forgetting: bool, as_json: bool
) -> None:
    """Measure this machine, and remember how its networks run fastest.

    Without a NETWORK the two that enhance uses are measured. It takes about a minute on two cores; leave the machine
    alone meanwhile. What is remembered is used from then on by every script for films of this size.
    """
    if is_forgetting:
        click.echo(f"{forget()} forgotten in {tuning_folder()}")
        return
    choice, film = choose_backend(backend), _parse_size(size)
    check_measurable(choice)
    cards = [find_card(name) for name in networks or (DEFAULT_INTERPOLATOR, DEFAULT_UPSCALER)]
    click.echo(f"measuring {', '.join(card.name for card in cards)} with {choice.name} ...", err=True)
    stages = measure_stages(film)
    costs = [measure_network(card, choice, film, keep_precision=precision) for card in cards]
    click.echo(render_json(stages, costs) if as_json else render_text(film, stages, costs))


def render_text(size: Size, stages: Sequence[Cost], networks: Sequence[NetworkCost]) -> str:
    """Writes the table for people."""
    half = "with bfloat16" if has_bfloat16() else "without bfloat16"
    rows = [(cost.name, cost.ms, "") for cost in stages]
    rows += [(_name(cost), _chosen_ms(cost), _describe_choice(cost)) for cost in networks]
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(
        [
            f"{read_processor()}, {count_cores()} cores {half}, {vs.core.num_threads} threads of VapourSynth",
            f"{size[0]}x{size[1]}, YUV 4:2:0 in 8 bit, from memory: milliseconds a frame",
            "",
            *(f"{name:{width}}  {ms:7.1f}  {note}".rstrip() for name, ms, note in rows),
            "",
            f"remembered in {tuning_folder()}; ainimotion bench --forget undoes it",
        ]
    )


def render_json(stages: Sequence[Cost], networks: Sequence[NetworkCost]) -> str:
    """Writes everything that was measured, for programs."""
    measured = [
        {
            "network": cost.card.name,
            "size": cost.size,
            "chosen": asdict(cost.chosen),
            "timings": [asdict(t) for t in cost.timings],
        }
        for cost in networks
    ]
    return json.dumps({"stages": [asdict(cost) for cost in stages], "networks": measured}, indent=2)


def _name(cost: NetworkCost) -> str:
    return f"network {cost.card.name}, {cost.size[0]}x{cost.size[1]}"


def _chosen_ms(cost: NetworkCost) -> float:
    return next(timing.ms for timing in cost.timings if timing.setting == cost.chosen)


def _describe(setting: Tuning) -> str:
    streams = f"{setting.num_streams} stream{'s' if setting.num_streams > 1 else ''}"
    return f"{streams} in {'bfloat16' if setting.bfloat16 else 'float32'}"


def _describe_choice(cost: NetworkCost) -> str:
    others = [f"{_describe(t.setting)} {t.ms:.1f}" for t in cost.timings if t.setting != cost.chosen]
    return f"{_describe(cost.chosen)}" + (f" ({', '.join(others)})" if others else "")


def _parse_size(text: str) -> Size:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(_SMALLEST_PX <= side <= _LARGEST_PX and side % 2 == 0 for side in size):
        raise ArgumentError(
            f"bench: '--size' must be width x height, even and {_SMALLEST_PX} to {_LARGEST_PX} pixels, as in 1920x1080 "
            f"(got '{text}')."
        )
    return size
