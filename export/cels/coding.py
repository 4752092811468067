"""Grain and codecs for labelled films, and what a coded picture still shows of the motion that was drawn."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

type Pixels = NDArray[np.uint8]
type Luma = NDArray[np.uint8]

CODECS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "lossless": ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0"),
        "x264": ("-c:v", "libx264", "-preset", "veryfast", "-crf", "{quality}"),
        "x264-animation": ("-c:v", "libx264", "-preset", "faster", "-tune", "animation", "-crf", "{quality}"),
        "x265": ("-c:v", "libx265", "-preset", "superfast", "-x265-params", "log-level=error", "-crf", "{quality}"),
        "x265-rough": ("-c:v", "libx265", "-preset", "fast", "-x265-params", "log-level=error", "-crf", "{quality}"),
        "mpeg2": ("-c:v", "mpeg2video", "-bf", "2", "-q:v", "{quality}"),
    }
)
"""ffmpeg's options for each way of coding; `{quality}` is a CRF, or a quantiser for MPEG-2."""

#: Luma of BT.709 in limited range from RGB, as the films are coded.
_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32) * (219 / 255)
#: A drawn change of so many levels can be seen, where it is seen in so many pixels.
_SEEN_LEVELS, _SEEN_PX = 4, 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Coding:
    """How one film is worn and coded."""

    grain: float = 0.0
    """Standard deviation of the grain in code values of 8 bit."""
    grain_px: int = 1
    """Size of one grain in pixels."""
    codec: str = "lossless"
    """A key of CODECS."""
    quality: int = 0
    """CRF, or quantiser for MPEG-2."""
    keyframe_every: int = 250
    """Most frames from one intra-coded picture to the next."""

    def describe(self) -> dict[str, str | int | float]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wear:
    """Between which bounds the grain and the codec of a film are chosen."""

    grain: tuple[float, float]
    """Least and most standard deviation of the grain, in code values of 8 bit, above 0."""
    grained: float
    """Share of films with grain, 0 to 1."""
    codecs: Mapping[str, tuple[int, int]]
    """Best and worst quality of each codec that is used, as in `Coding.quality`."""


WEAR: Mapping[str, Wear] = MappingProxyType(
    {
        "mild": Wear(
            grain=(0.5, 2.0),
            grained=0.5,
            codecs={
                "lossless": (0, 0),
                "x264": (16, 22),
                "x264-animation": (16, 22),
                "x265": (16, 22),
                "mpeg2": (2, 4),
            },
        ),
        "any": Wear(
            grain=(0.5, 8.0),
            grained=0.5,
            codecs={
                "lossless": (0, 0),
                "x264": (16, 30),
                "x264-animation": (16, 30),
                "x265": (16, 30),
                "mpeg2": (2, 8),
            },
        ),
        "old": Wear(grain=(2.0, 6.0), grained=1.0, codecs={"x265-rough": (28, 36)}),
    }
)
"""What films go through: so little that small motion stays to be seen, anything, or grain crushed by a codec."""


def random_coding(rng: np.random.Generator, wear: Wear) -> Coding:
    """Choose the grain and the codec of one film."""
    low, high = np.log(wear.grain)
    grain = float(np.exp(rng.uniform(low, high))) if rng.random() < wear.grained else 0.0
    codec = str(rng.choice(list(wear.codecs)))
    best, worst = wear.codecs[codec]
    keyframe = 15 if codec == "mpeg2" else int(rng.choice([24, 48, 250]))
    size, quality = int(rng.integers(1, 3)), int(rng.integers(best, worst + 1))
    return Coding(grain=grain, grain_px=size, codec=codec, quality=quality, keyframe_every=keyframe)


def grained(frames: list[Pixels], coding: Coding, rng: np.random.Generator) -> Iterator[Pixels]:
    """Lay grain over every frame; it is another one in each, cut from one larger sheet."""
    if not coding.grain:
        yield from frames
        return
    height, width = frames[0].shape[:2]
    sheet = rng.normal(0, 1, (height + 64, width + 64)).astype(np.float32)
    if coding.grain_px > 1:
        sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), coding.grain_px / 2), dtype=np.float32)
        sheet /= sheet.std()
    for frame in frames:
        top, left = rng.integers(0, 64, 2)
        noise = sheet[top : top + height, left : left + width]
        noise = noise[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
        yield np.clip(np.rint(frame + coding.grain * noise[..., None]), 0, 255).astype(np.uint8)


def save_film(path: Path, frames: Iterator[Pixels], size: tuple[int, int], coding: Coding) -> None:
    """Encode frames to a Matroska file of 8 bit YUV 4:2:0, BT.709, 24 frames a second.

    Args:
        path: Where the file comes to lie; it is written beside it and renamed.
        frames: (height, width, 3) uint8 RGB each.
        size: (width, height) in pixels, both even.
        coding: The codec; grain is not added here.

    Raises:
        RuntimeError: ffmpeg failed; the message ends with what it said.
    """
    options = [option.format(quality=coding.quality) for option in CODECS[coding.codec]]
    unfinished = path.with_suffix(".part.mkv")
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-threads", "1",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", "24", "-i", "-",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-color_range", "tv",
        "-colorspace", "bt709", "-g", str(coding.keyframe_every), "-threads", "1", *options, str(unfinished),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 (for the type checker: it is a pipe)
        for frame in frames:
            process.stdin.write(frame.tobytes())
        _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(f"save_film: ffmpeg failed on {path.name}: {said.decode(errors='replace')[-400:]}")
    unfinished.replace(path)


def load_luma(path: Path, size: tuple[int, int]) -> Iterator[Luma]:
    """Decode the luma of a film, (height, width) uint8 each, in code values as they are stored."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-threads", "1", "-i", str(path)]
    command += ["-vf", "extractplanes=y", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    count = size[0] * size[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 (for the type checker: it is a pipe)
        while len(data := process.stdout.read(count)) == count:
            yield np.frombuffer(data, dtype=np.uint8).reshape(size[1], size[0])


def plain_luma(frame: Pixels) -> Luma:
    """Turn clean RGB, (H, W, 3), into the code values that a film holds of it."""
    return np.rint(frame @ _LUMA + 16).astype(np.uint8)


def is_seen(drawn: tuple[Luma, Luma], coded: tuple[Luma, Luma]) -> bool:
    """Answer whether a drawn change can be seen, and the coded pictures show at least half of it.

    A codec may leave a slow pan out altogether. The share shown is the part of the drawn change that the coded change
    contains (its projection onto it).

    Args:
        drawn: Clean luma before and after.
        coded: Decoded luma before and after.
    """
    change = drawn[1].astype(np.float32) - drawn[0]
    if np.count_nonzero(np.abs(change) >= _SEEN_LEVELS) < _SEEN_PX:
        return False
    shown = coded[1].astype(np.float32) - coded[0]
    return float((shown * change).sum()) >= 0.5 * float((change * change).sum())
