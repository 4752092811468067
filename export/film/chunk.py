"""One piece of a film: its frames are looked at in order, and the chosen ones are written to a folder of their own."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

from export.film.choose import Choice, View, choose
from export.film.plan import IMAGES, Chunk, Settings
from vsainimotion.errors import ArgumentError, InputError
from vsainimotion.gate import INTERVAL_PROPERTY, gate, luma_copy
from vsainimotion.media.source import source
from vsainimotion.rgb import to_rgb

core = vs.core

#: Lines of the small copy on which frames are compared.
LOOK_HEIGHT = 180
#: File in a chunk's folder that lists its triplets and what became of its frames.
LISTING = "triplets.json"


@dataclass(frozen=True, slots=True)
class Looks:
    """A film as this extraction sees it."""

    small: vs.VideoNode
    """GRAY8 of about LOOK_HEIGHT lines, with the gate's properties."""
    full: vs.VideoNode
    """RGB24, cropped, at the height of the pictures."""


def plan_size(width: int, height: int, wanted: int) -> tuple[int, int]:
    """Return the (width, height) of pictures of a film: the wanted height with the film's shape, never enlarged."""
    if height <= wanted:
        return width, height
    return max(2, round(width * wanted / height / 2) * 2), wanted


def open_looks(path: Path, settings: Settings) -> Looks:
    """Open a film for looking and for keeping.

    Raises:
        ArgumentError: The crop leaves nothing of the picture.
        InputError: The film cannot be opened.
    """
    film = source(path)
    left = film.height - settings.crop_top - settings.crop_bottom
    if left < 32:
        raise ArgumentError(
            f"open_looks: 'crop_top' and 'crop_bottom' must leave 32 lines or more of {str(path)!r} "
            f"(got {settings.crop_top} and {settings.crop_bottom} of {film.height}). Crop less"
        )
    film = gate(film.std.Crop(top=settings.crop_top, bottom=settings.crop_bottom))
    lines = min(LOOK_HEIGHT, left)
    small = luma_copy(film, max(16, round(film.width * lines / left)), lines, bits=8)
    width, height = plan_size(film.width, left, settings.height)
    rgb = to_rgb(film, width, height)
    return Looks(small, rgb.resize.Point(format=vs.RGB24))


def look(small: vs.VideoNode, chunk: Chunk, note: Callable[[], None]) -> Iterator[View]:
    """Look at the frames of a chunk in order.

    Args:
        small: The small copy with the gate's properties.
        chunk: Which frames.
        note: Is called after each frame.
    """
    frames = small[chunk.first : chunk.last + 1].frames(prefetch=2, close=True)
    for number, frame in enumerate(frames, start=chunk.first):
        yield View(number, np.asarray(frame[0]).copy(), int(str(frame.props[INTERVAL_PROPERTY])))
        note()


def save_picture(path: Path, rgb: NDArray[np.uint8], settings: Settings) -> None:
    """Write a picture, (H, W, 3) RGB; JPEG keeps colour at full size, so that lines between colours stay sharp."""
    options = [cv2.IMWRITE_JPEG_QUALITY, settings.quality]
    options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, packed = cv2.imencode(path.suffix, rgb[..., ::-1], options if settings.image == "jpeg" else [])
    path.write_bytes(packed.tobytes())


def save_chunk(
    film: Path, chunk: Chunk, folder: Path, settings: Settings, note: Callable[[], None] = lambda: None
) -> None:
    """Choose the triplets of a chunk and write them into a folder, which appears when it is complete.

    Args:
        film: The film.
        chunk: Which frames of it.
        folder: The folder to make; what an interrupted run left beside it is removed first.
        settings: What is taken.
        note: Is called after each frame that was looked at.

    Raises:
        InputError: The film cannot be opened or decoded here.
    """
    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    counts: Counter[str] = Counter()
    try:
        looks = open_looks(film, settings)
        _check_length(film, looks, chunk)
        views = look(looks.small, chunk, note)
        triplets = [_keep(choice, looks, unfinished, settings) for choice in choose(views, settings, counts)]
    except vs.Error as error:
        raise InputError(
            f"save_chunk: {str(film)!r} cannot be decoded between frames {chunk.first} and {chunk.last} "
            f"({str(error).strip()}). Check the film; its other parts are kept"
        ) from error
    listing = {"frames": [chunk.first, chunk.last], "counts": dict(counts), "triplets": triplets}
    (unfinished / LISTING).write_text(json.dumps(listing, indent=1) + "\n", encoding="utf-8")
    unfinished.rename(folder)


def _check_length(film: Path, looks: Looks, chunk: Chunk) -> None:
    """Check that the film can be decoded as far as its container says; a second less may be a rate that varies."""
    there = looks.small.num_frames
    if there + looks.small.fps <= chunk.last:
        raise InputError(
            f"save_chunk: {str(film)!r} cannot be decoded between frames {chunk.first} and {chunk.last} "
            f"(it breaks off after {there} frames). Check the film; its other parts are kept"
        )


def _keep(choice: Choice, looks: Looks, folder: Path, settings: Settings) -> dict[str, object]:
    """Write the pictures of a triplet, each once, and return its entry of the listing."""
    files = [f"{number:07d}{IMAGES[settings.image]}" for number in choice.frames]
    for number, name in zip(choice.frames, files, strict=True):
        if not (folder / name).exists():
            with looks.full.get_frame(number) as frame:
                planes = [np.asarray(frame[plane]) for plane in range(3)]
                save_picture(folder / name, np.dstack(planes), settings)
    return {
        "frames": list(choice.frames),
        "files": files,
        "time_s": round(float(choice.frames[0] / looks.small.fps), 3),
        "motion": round(choice.motion, 5),
        "ssim": [round(value, 5) for value in choice.ssim],
    }
