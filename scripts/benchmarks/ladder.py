"""What each step of the ladder is worth: hidden frames made again with one step more each time, on all films.

Means are of films, so that a long one counts as much as a short one. The worst frames are the twentieth of each film
that the network alone makes worst, in PSNR; every other row is of the same frames.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from unittest.mock import patch

import vapoursynth as vs

from scripts.benchmarks.cases import Material
from scripts.benchmarks.films import FILMS
from scripts.benchmarks.measures import MEASURES, limit, measure_frames
from scripts.benchmarks.middles import list_middles
from scripts.benchmarks.quality import Numbers, say
from scripts.benchmarks.samples import WORST_SHARE, mean
from scripts.benchmarks.tables import show, table
from vsainimotion import fusion, motion, refine
from vsainimotion.interpolate import DEFAULT_MODEL


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A step of the ladder, and how it is left out."""

    name: str
    module: object
    attribute: str
    instead: object
    """What stands in its place while it is left out."""


STEPS: Sequence[Step] = (
    Step(name="surroundings", module=motion, attribute="fill_doubt", instead=lambda plane, _trust: plane),
    Step(
        name="blocks",
        module=sys.modules["vsainimotion.interpolate"],  # the package's attribute of this name is the function
        attribute="correct_by_blocks",
        instead=lambda flow, _small: fusion.Corrected(flow=flow),
    ),
    Step(
        name="one side",
        module=refine,
        attribute="_show_one_side",
        instead=lambda flow, left, _before: refine.Refined(flow=flow, left=left),
    ),
    Step(name="nearest drawing", module=refine, attribute="_DOUBT_AROUND", instead=1e9),
)
"""In the order in which they are taken."""


def run_ladder(words: Sequence[str]) -> str:
    """Measures the films whose name has one of the words, all without any, and returns the table.

    Args:
        words: Parts of names.
    """
    films = [film for film in FILMS if not words or any(word in film.name for word in words)]
    measured: list[list[Numbers]] = []
    for film in films:
        if missing := film.missing():
            say(f"{film.name}: {missing}")
            continue
        material = film.load(quick=False)
        steps = [make_middles(material, taken) for taken in range(len(STEPS) + 1)]
        measured.append([limit(measure_frames(made, material.wanted, related=film.is_related)) for made in steps])
        say(f"{film.name}: measured")
    return "\n\n".join([_rows("all frames", measured, 1.0), _rows("worst frames", measured, WORST_SHARE)])


def make_middles(material: Material, taken: int) -> vs.VideoNode:
    """Makes the hidden frames with the first steps taken and the others left out."""
    make = next(method.make for method in list_middles() if method.name == DEFAULT_MODEL)
    with ExitStack() as stack:
        for step in STEPS[taken:]:
            stack.enter_context(patch.object(step.module, step.attribute, step.instead))
        return make(material)


def _rows(title: str, measured: Sequence[Sequence[Numbers]], share: float) -> str:
    names = ["network alone", *(f"and {step.name}" for step in STEPS)]
    frames = [_find_worst(film[0], share) for film in measured]
    rows = [
        [name, *_means([film[taken] for film in measured], frames)]
        for taken, name in enumerate(names)
    ]  # fmt: skip
    return table([title, *(measure.title for measure in MEASURES.values())], rows)


def _find_worst(alone: Numbers, share: float) -> list[int]:
    order = sorted(range(len(alone["psnr"])), key=lambda frame: alone["psnr"][frame])
    return order[: ceil(share * len(order))]


def _means(numbers: Sequence[Mapping[str, Sequence[float]]], frames: Sequence[Sequence[int]]) -> Iterator[str]:
    for name, measure in MEASURES.items():
        films = [mean([each[name][frame] for frame in chosen]) for each, chosen in zip(numbers, frames, strict=True)]
        yield show(mean(films), measure)
