"""Shots: scenes with effects, light, cuts and codec damage, as triplets that say of what class their interval is.

A shot has four frames and a moment between each two of them. The four go through grain, dirt and a codec; what lies
between stays clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.cels.codec import CODECS, QUICK_CODECS, damaged
from export.cels.damage import Film, random_film
from export.cels.generate import Mix, random_scene
from export.cels.render import Camera
from export.cels.triplets import OVERSAMPLING, PER_SCENE, TIMESTEPS, Triplet, answers, record_type
from vsainimotion.gate import Interval

type Pixels = NDArray[np.uint8]

#: Frames of a shot.
SHOT_FRAMES = PER_SCENE + 1
#: Shots that go through one encoder together.
BATCH_SHOTS = 25
#: Share of the batches that no codec touches.
_CLEAN_SHARE = 0.25
#: Half of the scenes have effects; otherwise they are mixed as ever.
_MIX = Mix(effects=0.5, quick=True)


@dataclass(frozen=True, slots=True)
class Shot:
    """Four frames as they are before they are worn, and what lies between them."""

    frames: Pixels
    """(4, H, W, 3) RGB."""
    between: list[Triplet]
    """The three intervals, with clean frames."""
    classes: list[Interval]
    """The class of each."""


@dataclass(frozen=True, slots=True)
class Other:
    """The shot that a cut or a dissolve leads to."""

    shot: Shot
    camera: Camera


def _plain(camera: Camera, seed: int) -> Shot:
    """Look at a scene for four frames."""
    rng, between, classes = np.random.default_rng([41, seed]), [], []
    for frame in range(PER_SCENE):
        timestep = float(rng.choice(TIMESTEPS))
        pictures = np.stack([camera.picture(frame, part) for part in (0.0, timestep, 1.0)])
        between.append(Triplet(pictures, timestep, *answers(camera, frame, timestep)))
        classes.append(Interval.HOLD if np.array_equal(pictures[0], pictures[2]) else Interval.MOTION)
    return Shot(np.stack([camera.picture(frame, 0.0) for frame in range(SHOT_FRAMES)]), between, classes)


def _lit(shot: Shot, levels: Sequence[float], light: int) -> Shot:
    """Mix a colour of light into each frame by its level, 0 to 1; between frames the level is steady."""

    def under(pictures: Pixels, shares: Sequence[float]) -> Pixels:
        share = np.asarray(shares, np.float32)[:, None, None, None]
        return np.rint(pictures * (1 - share) + light * share).astype(np.uint8)

    between, classes = [], []
    for frame, (triplet, name) in enumerate(zip(shot.between, shot.classes, strict=True)):
        start, stop = levels[frame], levels[frame + 1]
        middle = start + (stop - start) * triplet.timestep
        between.append(replace(triplet, frames=under(triplet.frames, (start, middle, stop))))
        classes.append(name if start == stop else Interval.FADE)
    return Shot(under(shot.frames, levels), between, classes)


def _fade(rng: np.random.Generator, shot: Shot, _: Other) -> Shot:
    """Fade to or from black or white."""
    low = float(rng.uniform(0, 0.7))
    levels = np.linspace(low, float(rng.uniform(low + 0.3, 1)), SHOT_FRAMES).tolist()
    return _lit(shot, levels[:: int(rng.choice([-1, 1]))], int(rng.choice([0, 0, 255])))


def _flash(rng: np.random.Generator, shot: Shot, _: Other) -> Shot:
    """Light one of the inner frames up, or darken it."""
    levels = [0.0] * SHOT_FRAMES
    levels[int(rng.integers(1, SHOT_FRAMES - 1))] = float(rng.uniform(0.3, 0.95))
    return _lit(shot, levels, int(rng.choice([0, 255, 255])))


def _dissolve(_: np.random.Generator, shot: Shot, other: Other) -> Shot:
    """Turn one shot into another; no motion leads from there to here, so nothing counts as visible."""

    def mixed(a: Pixels, b: Pixels, when: float) -> Pixels:
        share = when / PER_SCENE
        return np.rint(a * (1 - share) + b * share).astype(np.uint8)

    frames = np.stack([mixed(shot.frames[frame], other.shot.frames[frame], frame) for frame in range(SHOT_FRAMES)])
    between = []
    for frame, triplet in enumerate(shot.between):
        across = other.camera.picture(frame, triplet.timestep)
        middle = mixed(triplet.frames[1], across, frame + triplet.timestep)
        pictures = np.stack([frames[frame], middle, frames[frame + 1]])
        between.append(replace(triplet, frames=pictures, visible=np.zeros_like(triplet.visible)))
    return Shot(frames, between, [Interval.FADE] * PER_SCENE)


def _cut(rng: np.random.Generator, shot: Shot, other: Other) -> Shot:
    """Cut to another shot; the drawing before the cut stands until it, and only that one is visible."""
    place, then = int(rng.integers(PER_SCENE)), other.shot
    before, after = shot.frames[: place + 1], then.frames[place + 1 :]
    pictures = np.stack([before[-1], before[-1], after[0]])
    flow, visible = np.zeros_like(shot.between[0].flow), np.zeros_like(shot.between[0].visible)
    visible[0] = 255
    between = [*shot.between[:place], Triplet(pictures, 0.5, flow, visible), *then.between[place + 1 :]]
    classes = [*shot.classes[:place], Interval.CUT, *then.classes[place + 1 :]]
    return Shot(np.concatenate([before, after]), between, classes)


def _still(picture: Pixels, like: Triplet) -> Triplet:
    """Return the interval in which a picture is held: no motion, and all of it visible."""
    return Triplet(np.stack([picture] * 3), 0.5, np.zeros_like(like.flow), np.full_like(like.visible, 255))


def _hold(_: np.random.Generator, shot: Shot, __: Other) -> Shot:
    """Show each of the first two pictures twice: all of it on twos, with the camera at rest as well."""
    first, second = shot.frames[:2]
    step = shot.between[0]
    between = [_still(first, step), step, _still(second, step)]
    return Shot(np.stack([first, first, second, second]), between, [Interval.HOLD, shot.classes[0], Interval.HOLD])


#: What becomes of a shot, with its share; the rest stay as they are.
TREATMENTS: dict[str, tuple[float, Callable[[np.random.Generator, Shot, Other], Shot]]] = {
    "hold": (0.15, _hold),
    "fade": (0.06, _fade),
    "flash": (0.04, _flash),
    "dissolve": (0.05, _dissolve),
    "cut": (0.05, _cut),
}


def make_shots(seeds: range, size: int) -> Iterator[Shot]:
    """Yield the shot of each seed; cuts and dissolves lead to the shot of the seed before."""
    other: Other | None = None
    for seed in seeds:
        camera = Camera(random_scene(seed, width=size, height=size, mix=_MIX), (size, size), oversampling=OVERSAMPLING)
        shot, rng = _plain(camera, seed), np.random.default_rng([43, seed])
        treat = _treatment(float(rng.random()))
        yield treat(rng, shot, other) if treat and other else shot
        other = Other(shot, camera)


def _treatment(chance: float) -> Callable[[np.random.Generator, Shot, Other], Shot] | None:
    """Return the treatment that a number from 0 to 1 falls on, None for most."""
    for share, treat in TREATMENTS.values():
        if chance < share:
            return treat
        chance -= share
    return None


def _worn(shots: list[Shot], seed: int) -> Pixels:
    """Return the frames of shots, (4 N, H, W, 3), under grain and dirt, and after one codec."""
    rng, worn = np.random.default_rng([47, seed]), []
    for shot in shots:
        film: Film = random_film(rng)
        worn += [film.expose(picture, rng) for picture in shot.frames]
    pictures = np.stack(worn)
    if rng.random() < _CLEAN_SHARE:
        return pictures
    name = str(rng.choice(QUICK_CODECS))
    best, worst = CODECS[name].rates
    return damaged(pictures, name, int(rng.integers(best, worst + 1)), shot_frames=SHOT_FRAMES)


def shot_type(size: int) -> np.dtype[np.void]:
    """Return the layout of one stored triplet of a shot: as of other triplets, and the class of its interval."""
    fields = record_type(size).descr
    return np.dtype([*fields, ("interval", "|u1")])


def save_shots(path: Path, seeds: range, size: int) -> None:
    """Render the triplets of many shots into one .npy file of records, written beside its place and renamed."""
    records = np.zeros(len(seeds) * PER_SCENE, dtype=shot_type(size))
    place = 0
    for start in range(seeds.start, seeds.stop, BATCH_SHOTS):
        part = range(start, min(start + BATCH_SHOTS, seeds.stop))
        shots = list(make_shots(part, size))
        worn = _worn(shots, start).reshape(len(shots), SHOT_FRAMES, size, size, 3)
        for shot, frames in zip(shots, worn, strict=True):
            for index, (triplet, name) in enumerate(zip(shot.between, shot.classes, strict=True)):
                record = records[place]
                record["frames"] = np.stack([frames[index], triplet.frames[1], frames[index + 1]])
                record["timestep"], record["interval"] = triplet.timestep, int(name)
                record["flow"], record["visible"] = triplet.flow, triplet.visible
                place += 1
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, records)
    unfinished.rename(path)
