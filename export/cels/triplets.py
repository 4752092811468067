"""Triplets with their answers (two pictures, the one between, motion and visibility), and shards of them on disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from export.cels.damage import random_damage, wear
from export.cels.generate import CENTRE_FRAME, Mix, random_scene
from export.cels.render import Camera

#: Timesteps that triplets are made at; the middle comes up as often as all others together.
TIMESTEPS = (0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.2, 0.25, 0.4, 0.6, 0.75, 0.8)
#: Triplets cut from one scene: its composed interval and both neighbours.
PER_SCENE = 3
#: Skia's own smoothing has to do: painted surfaces drawn at twice the size take most of a triplet's time.
OVERSAMPLING = 1


@dataclass(frozen=True, slots=True)
class Triplet:
    """A moment between two pictures, with what is known about it."""

    frames: NDArray[np.uint8]
    """(3, H, W, 3) RGB: the picture before, the one between (clean), the one after."""
    timestep: float
    """When the one between is, 0 to 1."""
    flow: NDArray[np.float16]
    """(4, H, W): x, y to the picture before, x, y to the one after, in pixels."""
    visible: NDArray[np.uint8]
    """(2, H, W): how much of each pixel the picture before and the one after show, 0 to 255."""


def record_type(size: int) -> np.dtype[np.void]:
    """Return the layout of one stored triplet with pictures of `size` by `size`."""
    return np.dtype(
        [
            ("frames", np.uint8, (3, size, size, 3)),
            ("timestep", np.float32),
            ("flow", np.float16, (4, size, size)),
            ("visible", np.uint8, (2, size, size)),
        ]
    )


def answers(camera: Camera, frame: int, timestep: float) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    """Return the flow, (4, H, W), and the visibility, (2, H, W), of a moment as a triplet stores them."""
    motions = camera.motions(frame, timestep, (0.0, 1.0))
    flow = np.concatenate([motion.flow.transpose(2, 0, 1) for motion in motions], dtype=np.float16, casting="same_kind")
    visible = [cv2.convertScaleAbs(motion.visible, alpha=255) for motion in motions]
    return flow, np.array(visible, np.uint8)


def make_triplet(camera: Camera, frame: int, timestep: float, rng: np.random.Generator) -> Triplet:
    """Render one triplet of a scene; the outer pictures are worn, the middle one is clean.

    Args:
        camera: Looks at the scene.
        frame: Frame that begins the interval.
        timestep: Time of the middle picture, between 0 and 1.
        rng: Source of the wear.
    """
    damage = random_damage(rng)
    before, middle, after = (camera.picture(frame, part) for part in (0.0, timestep, 1.0))
    frames = np.stack([wear(before, damage, rng), middle, wear(after, damage, rng)])
    return Triplet(frames, timestep, *answers(camera, frame, timestep))


def scene_triplets(seed: int, size: int, *, mix: Mix | None = None) -> list[Triplet]:
    """Return the PER_SCENE triplets of the scene with this seed, `size` pixels square, one pixel a scene unit."""
    scene = random_scene(seed, width=size, height=size, mix=replace(mix or Mix(), quick=True))
    camera = Camera(scene, (size, size), oversampling=OVERSAMPLING)
    rng = np.random.default_rng([23, seed])
    frames = range(CENTRE_FRAME - 1, CENTRE_FRAME + 2)
    return [make_triplet(camera, frame, float(rng.choice(TIMESTEPS)), rng) for frame in frames]


def save_shard(path: Path, seeds: range, size: int) -> None:
    """Render the triplets of many scenes into one .npy file of records, written beside its place and renamed."""
    records = np.zeros(len(seeds) * PER_SCENE, dtype=record_type(size))
    triplets = (triplet for seed in seeds for triplet in scene_triplets(seed, size))
    for record, triplet in zip(records, triplets, strict=True):
        record["frames"], record["timestep"] = triplet.frames, triplet.timestep
        record["flow"], record["visible"] = triplet.flow, triplet.visible
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, records)
    unfinished.rename(path)
