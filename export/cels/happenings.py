"""What happens in animation that a gate must judge: short runs of frames of any size, every interval of known class.

Each kind is a function of a random generator and a size. Its pictures are clean; grain and codecs come after
(`export.cels.coding`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from export.cels.character import Acting
from export.cels.clips import Part, shot
from export.cels.generate import lettering
from export.cels.render import render
from export.cels.rig import Sway, parameters
from export.cels.scene import Scene
from export.cels.staging import drawings_of, ground, judge, looked_at, repeat, scene, still

type Pixels = NDArray[np.uint8]
type Size = tuple[int, int]
type Kind = Callable[[np.random.Generator, Size], Part]


def hold(rng: np.random.Generator, size: Size) -> Part:
    """Hold one drawing."""
    return judge([still(rng, size)] * int(rng.integers(8, 25)))


def drawn(rng: np.random.Generator, size: Size) -> Part:
    """Move a scene, drawn anew on ones, twos or threes."""
    every = int(rng.choice([1, 1, 2, 2, 3]))
    return judge(repeat(drawings_of(scene(rng), size, int(rng.integers(8, 13)) // every + 1), every))


def repeated(rng: np.random.Generator, size: Size) -> Part:
    """Move a scene on ones and show every fourth drawing twice, as film of 18 pictures a second is run at 24."""
    drawings = drawings_of(scene(rng), size, 9)
    return judge([drawings[frame * 3 // 4] for frame in range(12)])


def acting(rng: np.random.Generator, size: Size) -> Part:
    """Let a person take large poses on twos or threes before a still wall: far apart, but no cut."""
    seed = int(rng.integers(2**31))
    every, place = int(rng.choice([2, 3])), rng.uniform(-60, 60)
    steps = np.cumsum(rng.uniform(4, 14, 4)) * rng.choice([-1, 1])
    poses = [shot(np.random.default_rng(seed), aside=place + step) for step in steps]
    return judge(repeat([render(pose, 0, 0.0, size, oversampling=1) for pose in poses], every))


def pan(rng: np.random.Generator, size: Size) -> Part:
    """Pan, zoom or turn the whole picture, by 0.6 pixels to a tenth of the width a frame."""
    count, wide = int(rng.integers(8, 15)), ground(rng, size)
    speed = math.exp(rng.uniform(math.log(0.6), math.log(size[0] * 0.1)))
    angle, zoom = rng.uniform(0, 2 * math.pi), rng.choice([0.0, 0.0, 0.02])
    turn = rng.choice([0.0, 0.0, 0.7])
    times = np.arange(count) - count / 2
    steps = [(t * speed * math.cos(angle), t * speed * math.sin(angle) * 0.4, t) for t in times]
    return judge([looked_at(wide, x, y, size, math.exp(zoom * t), turn * t) for x, y, t in steps])


def slow_pan(rng: np.random.Generator, size: Size) -> Part:
    """Pan by a tenth to half of a pixel a frame: the whole picture, or the wall behind a person who stands still."""
    speed, angle = rng.uniform(0.1, 0.5), rng.uniform(0, 2 * math.pi)
    count = 12
    if rng.random() < 0.5:
        wide = ground(rng, size, 1.1)
        return judge(
            [looked_at(wide, t * speed * math.cos(angle), t * speed * math.sin(angle), size) for t in range(count)]
        )
    unit = size[0] / 320
    passing = shot(rng, pan=(speed * math.cos(angle) / unit, speed * math.sin(angle) / unit))
    return judge([render(passing, t, 0.0, size, oversampling=1) for t in range(count)])


def shake(rng: np.random.Generator, size: Size) -> Part:
    """Shake the camera by up to 5 % of the width in any direction in every frame."""
    wide, reach = ground(rng, size), size[0] * rng.uniform(0.005, 0.05)
    moves = rng.uniform(-reach, reach, (int(rng.integers(8, 15)), 2))
    return judge([looked_at(wide, x, y, size) for x, y in moves])


def face(rng: np.random.Generator, size: Size) -> Part:
    """Move only the mouth or only the eyes of a person, from 12 pixels wide, at 320 units the width of the picture."""
    part = str(rng.choice(["mouth", "blink"]))
    width_px = math.exp(rng.uniform(math.log(12.5), math.log(60)))
    head = width_px / {"mouth": 0.38, "blink": 0.5}[part] / (size[0] / 320)
    heights = {"mouth": (-1.5, 0.2, -0.5), "blink": (-0.2, -2.2, -1.0)}[part]
    seed, place = int(rng.integers(2**31)), rng.uniform(-60, 60)

    def state(height: float) -> Pixels:
        closed, moved = (Sway(rest=parameters(log_height=value)) for value in (-1.5, height))
        doing = Acting(mouth=moved) if part == "mouth" else Acting(mouth=closed, blink=moved)
        drawing = shot(np.random.default_rng(seed), aside=place, head=head, acting=doing)
        return render(drawing, 0, 0.0, size, oversampling=1)

    states, order = [state(height) for height in heights], [0]
    while len(order) < 8:
        order.append((order[-1] + int(rng.integers(1, 3))) % 3)
    return judge(repeat([states[index] for index in order], int(rng.choice([1, 2, 2, 3]))))


def alike_cut(rng: np.random.Generator, size: Size) -> Part:
    """Cut between shots of one wall: nearer, from another side, or to another person before the very same wall."""
    seed, half = int(rng.integers(2**31)), int(rng.integers(5, 9))

    def framed(**how: Any) -> Scene:  # noqa: ANN401 (passed on to shot)
        return shot(np.random.default_rng(seed), **how)

    first = framed(aside=rng.uniform(-50, -10))
    kind = int(rng.integers(3))
    if kind == 0:
        other = Scene(width=220, height=124, pieces=framed(place=-40.0, aside=-60.0).pieces)
    elif kind == 1:
        other = framed(place=rng.uniform(40, 120), aside=rng.uniform(30, 80), head=46)
    else:
        other = framed(aside=rng.uniform(20, 70), head=rng.uniform(44, 60), person_rng=rng)
    a, b = (render(drawing, 0, 0.0, size, oversampling=1) for drawing in (first, other))
    rest = ["hold"] * (half - 1)
    return Part([a] * half + [b] * half, [*rest, "cut", *rest])


def dark_cut(rng: np.random.Generator, size: Size) -> Part:
    """Cut between shots of the night: an eighth to a third of the light."""
    half, light = int(rng.integers(5, 9)), rng.uniform(0.12, 0.33)
    frames = [np.rint(still(rng, size) * light).astype(np.uint8) for _ in range(2)]
    rest = ["hold"] * (half - 1)
    return Part([frames[0]] * half + [frames[1]] * half, [*rest, "cut", *rest])


def quick_cuts(rng: np.random.Generator, size: Size) -> Part:
    """Cut between moving shots of five to seven frames."""
    frames: list[Pixels] = []
    classes: list[str] = []
    for _ in range(3):
        part = judge(drawings_of(scene(rng), size, int(rng.integers(5, 8))))
        classes += (["cut"] if frames else []) + part.classes
        frames += part.frames
    return Part(frames, classes)


def _mixed(a: Pixels, b: Pixels | int, share: float) -> Pixels:
    return np.rint(a * (1.0 - share) + np.asarray(b) * share).astype(np.uint8)


def _shown(rng: np.random.Generator, size: Size, count: int) -> list[Pixels]:
    """Show a held drawing or a moving scene."""
    return [still(rng, size)] * count if rng.random() < 0.5 else drawings_of(scene(rng), size, count)


def fade(rng: np.random.Generator, size: Size) -> Part:
    """Fade to or from black or white in 8 to 24 frames."""
    count, colour = int(rng.integers(8, 25)), int(rng.choice([0, 0, 0, 255]))
    frames = _shown(rng, size, count)
    shares = np.linspace(0, 1, count)[:: int(rng.choice([-1, 1]))]
    return Part([_mixed(a, colour, s) for a, s in zip(frames, shares, strict=True)], ["fade"] * (count - 1))


def dissolve(rng: np.random.Generator, size: Size) -> Part:
    """Dissolve from one shot to another in 8 to 24 frames."""
    count = int(rng.integers(8, 25))
    pairs = zip(_shown(rng, size, count), _shown(rng, size, count), np.linspace(0, 1, count), strict=True)
    return Part([_mixed(a, b, share) for a, b, share in pairs], ["fade"] * (count - 1))


def _bright(picture: Pixels, rng: np.random.Generator) -> Pixels:
    return _mixed(picture, 255, rng.uniform(0.35, 1.0))


def _impact(picture: Pixels, _: np.random.Generator) -> Pixels:
    """Reduce to hard black and white, turned over, as impact frames are drawn."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    hard = np.where(grey > np.median(grey), 10, 245).astype(np.uint8)
    return np.repeat(hard[..., None], 3, axis=2)


def flash(rng: np.random.Generator, size: Size) -> Part:
    """Flash white, or show impact frames, for one or two frames in the middle of a shot."""
    frames, length = _shown(rng, size, 12), int(rng.integers(1, 3))
    lit = (_bright, _impact)[int(rng.integers(2))]
    part = judge(frames)
    for index in range(5, 5 + length):
        frames[index] = lit(frames[index], rng)
    lit_classes = judge(frames).classes
    for index in range(4, 5 + length):
        part.classes[index] = "hold" if lit_classes[index] == "hold" else "fade"
    return Part(frames, part.classes)


def strobe(rng: np.random.Generator, size: Size) -> Part:
    """Light a held drawing and darken it again, every one or two frames."""
    picture, every = still(rng, size), int(rng.integers(1, 3))
    light = _mixed(picture, int(rng.choice([0, 255])), rng.uniform(0.3, 0.9))
    frames = repeat([(picture, light)[index % 2] for index in range(12 // every)], every)
    return Part(frames, ["fade" if a is not b else "hold" for a, b in pairwise(frames)])


def credits_roll(rng: np.random.Generator, size: Size) -> Part:
    """Scroll lines of lettering over black or over a held drawing, by one to six pixels a frame."""
    units = np.array([320.0, 180.0])
    pieces = lettering(rng, units, lines=14)
    tall = (size[0], size[1])
    text = render(Scene(width=320, height=180, pieces=pieces), 0, 0.0, tall, oversampling=1)
    ground = np.zeros_like(text) if rng.random() < 0.5 else still(rng, size) // 2
    speed = rng.uniform(1, 6)
    rolls = (looked_at(text, 0, t * speed, size) for t in range(12))
    return judge([np.maximum(ground, roll) for roll in rolls])


def wipe(rng: np.random.Generator, size: Size) -> Part:
    """Let something large cross the whole picture close to the lens; half of the time another shot comes behind it."""
    count = int(rng.integers(8, 15))
    before = still(rng, size)
    after = still(rng, size) if rng.random() < 0.5 else before
    width, inside = size[0], still(rng, (round(size[0] * 1.2), size[1]))
    frames = []
    for t in np.linspace(0, 1, count):
        left = round((width + inside.shape[1]) * t) - inside.shape[1]
        x = np.arange(width)
        picture = np.where((x >= left + inside.shape[1] // 2)[None, :, None], before, after)
        covered = (x >= left) & (x < left + inside.shape[1])
        picture[:, covered] = inside[:, x[covered] - left]
        frames.append(picture)
    return judge(frames)


def _front(rng: np.random.Generator, size: Size) -> NDArray[np.float64]:
    """Return for each pixel how late a ragged edge that comes from a random side passes it, from 0 to 1."""
    width, height = size
    angle = rng.uniform(0, 2 * math.pi)
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    fingers = rng.uniform(0.0, 0.35) * np.abs(np.sin(across * rng.uniform(1, 8) + rng.uniform(0, 6)))
    late = along + fingers + rng.uniform(-0.5, 0.5) * across
    return np.asarray((late - late.min()) / (late.max() - late.min()))


def cover(rng: np.random.Generator, size: Size) -> Part:
    """Let a flat dark or light thing, a wing or a cloak, cover the whole picture and leave it again."""
    count = int(rng.integers(12, 19))
    behind = drawings_of(scene(rng), size, count) if rng.random() < 0.7 else [still(rng, size)] * count
    comes, leaves = _front(rng, size), _front(rng, size)
    tone = rng.uniform(15, 80, 3) if rng.random() < 0.7 else rng.uniform(15, 240, 3)
    shade = np.clip(tone * (1 + rng.uniform(0, 0.1) * (comes - 0.5)[..., None]), 0, 255)
    closed, fast = count * rng.uniform(0.35, 0.5), int(rng.integers(3, 8))
    frames = []
    for index, picture in enumerate(behind):
        shut, gone = (index - closed + fast) / fast, (index - closed - rng.integers(1, 3)) / fast
        covered = (comes < shut) & (leaves >= gone)
        frames.append(np.where(covered[..., None], shade, picture).astype(np.uint8))
    if rng.random() < 0.5:
        frames = [frames[index * 3 // 4] for index in range(count)]
    return judge(frames)


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        hold, drawn, repeated, acting, pan, slow_pan, shake, face, alike_cut, dark_cut, quick_cuts, fade, dissolve,
        flash, strobe,
        credits_roll, wipe, cover,
    )
}  # fmt: skip
"""The kinds of happenings by name."""
