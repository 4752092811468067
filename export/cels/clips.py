"""Short clips whose intervals are of known class: what a gate must tell apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.cels.character import Acting, Looks, person
from export.cels.damage import Damage, wear
from export.cels.generate import everywhere
from export.cels.render import render
from export.cels.rig import Joint, Sway, parameters
from export.cels.scene import Scene, Sketch
from export.cels.textures import TILE_COUNT, Texture

type Pixels = NDArray[np.uint8]

#: Size of the pictures.
SIZE = (320, 180)
#: Frames in each part of a clip.
PART_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A run of frames, with the classes of the intervals inside it."""

    frames: list[Pixels]
    classes: list[str]


def shot(
    rng: np.random.Generator,
    *,
    pan: tuple[float, float] = (0.0, 0.0),
    place: float = 0.0,
    aside: float = 0.0,
    head: float | None = None,
    acting: Acting | None = None,
    person_rng: np.random.Generator | None = None,
) -> Scene:
    """Compose a person before a painted wall, 320 x 180 units.

    Args:
        rng: Chooses the wall and, unless there is another for that, the person.
        pan: How far the wall passes in a frame, in units.
        place: How far the wall is moved to the right, in units.
        aside: How far the person is moved to the right, in units.
        head: Size of the person's head in units; None lets chance choose.
        acting: What the person does; None rests with the mouth nearly closed.
        person_rng: Chooses the person.
    """
    width, height = SIZE
    camera = Sway(rest=parameters(width / 2 + place, height / 2), drift=parameters(*pan))
    wall = Sketch().fill(everywhere(), Texture(int(rng.integers(TILE_COUNT)), rng.uniform(0.6, 1.2)))
    rng = person_rng or rng
    looks = Looks(line_width=0.05, strands=int(rng.integers(5, 8)))
    size = math.log(head or rng.uniform(28, 38))
    where = parameters(rng.uniform(110, 210) + aside, rng.uniform(130, 150), log_width=size, log_height=size)
    resting = Acting(mouth=Sway(rest=parameters(log_height=-1.5)), mouth_every=1)
    girl = person(looks, acting or resting, Joint(motion=Sway(rest=where)))
    return Scene(width=width, height=height, pieces=[wall.piece(Joint(motion=camera), everywhere()), *girl])


def _film(scene: Scene, count: int = PART_FRAMES) -> list[Pixels]:
    return [render(scene, frame, 0.0, SIZE) for frame in range(count)]


def hold(rng: np.random.Generator) -> Part:
    """Hold one drawing under film grain."""
    picture = render(shot(rng), 0, 0.0, SIZE)
    grain = Damage(grain=rng.uniform(0.5, 2.5))
    return Part([wear(picture, grain, rng) for _ in range(PART_FRAMES)], ["hold"] * (PART_FRAMES - 1))


def mouth(rng: np.random.Generator) -> Part:
    """Move the mouth alone, at every second frame; the picture between is bit-identical."""

    def flap(frame: float) -> NDArray[np.float64]:
        return parameters(log_height=(-1.5, 0.3, -0.6)[int(frame) // 2 % 3])

    frames = _film(shot(rng, acting=Acting(mouth=flap, mouth_every=1)))
    return Part(frames, ["motion" if index % 2 else "hold" for index in range(PART_FRAMES - 1)])


def slow_pan(rng: np.random.Generator) -> Part:
    """Pan the background by less than a pixel a frame."""
    return Part(_film(shot(rng, pan=(rng.uniform(0.3, 0.8), 0.0))), ["motion"] * (PART_FRAMES - 1))


def fast_pan(rng: np.random.Generator) -> Part:
    """Pan the background by a tenth of the picture a frame: all of it changes, and nothing is cut."""
    return Part(_film(shot(rng, pan=(rng.uniform(24, 36), 0.0))), ["motion"] * (PART_FRAMES - 1))


def alike_cut(rng: np.random.Generator) -> Part:
    """Cut between two shots of the same wall and the same person, each standing still."""
    seed = int(rng.integers(2**31))
    half = PART_FRAMES // 2
    first = render(shot(np.random.default_rng(seed)), 0, 0.0, SIZE)
    scene = shot(np.random.default_rng(seed), place=-140.0)
    second = render(Scene(width=220, height=124, pieces=scene.pieces), 0, 0.0, SIZE)
    rest = ["hold"] * (half - 1)
    return Part([first] * half + [second] * half, [*rest, "cut", *rest])


def fade(rng: np.random.Generator) -> Part:
    """Fade a held drawing to black, step by step."""
    picture = render(shot(rng), 0, 0.0, SIZE)
    levels = np.linspace(1, 0, PART_FRAMES)
    return Part([np.rint(picture * level).astype(np.uint8) for level in levels], ["fade"] * (PART_FRAMES - 1))


def flash(rng: np.random.Generator) -> Part:
    """Flash white for one frame in the middle of a hold."""
    picture = render(shot(rng), 0, 0.0, SIZE)
    bright = np.rint(255 - (255 - picture.astype(np.float64)) * 0.15).astype(np.uint8)
    middle = PART_FRAMES // 2
    frames = [bright if index == middle else picture for index in range(PART_FRAMES)]
    return Part(frames, ["fade" if index in (middle - 1, middle) else "hold" for index in range(PART_FRAMES - 1)])


#: The kinds of parts by name.
PARTS: dict[str, Callable[[np.random.Generator], Part]] = {
    "hold": hold,
    "mouth": mouth,
    "slow_pan": slow_pan,
    "fast_pan": fast_pan,
    "alike_cut": alike_cut,
    "fade": fade,
    "flash": flash,
}


def labelled_part(kind: str, seed: int) -> tuple[Pixels, list[str]]:
    """Return one part: frames, (N, 180, 320, 3) RGB, and the N - 1 classes of the intervals between them.

    Args:
        kind: A key of PARTS.
        seed: Any integer from 0 up.
    """
    part = PARTS[kind](np.random.default_rng([31, seed, sorted(PARTS).index(kind)]))
    return np.stack(part.frames), part.classes


def _parts(seed: int) -> Iterator[tuple[Pixels, list[str]]]:
    for kind in np.random.default_rng([37, seed]).permutation(sorted(PARTS)):
        yield labelled_part(str(kind), seed)


def labelled(seed: int) -> tuple[Pixels, list[str]]:
    """Return all kinds of parts in a random order, one cut after the other.

    Returns:
        Frames, (N, 180, 320, 3) uint8 RGB, and the class of each of the N - 1 intervals: motion, hold, cut or fade. A
        flash counts as fade, as in the gate.
    """
    frames: list[Pixels] = []
    classes: list[str] = []
    for pictures, inside in _parts(seed):
        classes += (["cut"] if frames else []) + inside
        frames.append(pictures)
    return np.concatenate(frames), classes
