"""How near a picture is to the one that was wanted: five measures, frame by frame.

PSNR and SSIM see luma, SSIMULACRA2 and VMAF the whole picture, and the line distance only where lines are: a line that
is drawn beside its place costs nothing in PSNR where it is thin, and is what the eye sees first.
"""

import json
import math
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

from vsainimotion.media.ffmpeg import find_ffmpeg

core = vs.core

type Luma = NDArray[np.float32]

PSNR_LIMIT_DB = 60.0
"""What equal pictures get, so that means stay numbers."""
LINE_LIMIT_PX = 16.0
"""How far a lost line counts as displaced at most."""
LINE_CONTRAST = 3.0
"""From how many code values of 8 bit a difference of Gaussians is a line: above grain, below a thin grey stroke."""
_BT709_SRGB = {"_Matrix": 0, "_Transfer": 13, "_Primaries": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """How the numbers of one measure are read and printed."""

    title: str
    """Heading of its column."""
    digits: int
    """Decimals."""
    sign: int
    """1 where more is better, -1 where less is."""
    least: float = -math.inf
    """What lower numbers count as."""


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "psnr": Measure(title="PSNR dB", digits=2, sign=1),
        "ssim": Measure(title="SSIM", digits=4, sign=1),
        "ssimulacra2": Measure(title="SSIMULACRA2", digits=1, sign=1, least=-100),
        "vmaf": Measure(title="VMAF", digits=1, sign=1),
        "line": Measure(title="line px", digits=3, sign=-1),
    }
)
VERSION = 1
"""Counted up when a measure changes, so that the cache forgets it."""


def psnr(made: Luma, wanted: Luma) -> float:
    """Returns the peak signal-to-noise ratio of 8-bit planes in dB, at most PSNR_LIMIT_DB."""
    error = float(np.mean((made - wanted) ** 2, dtype=np.float64))
    return min(PSNR_LIMIT_DB, float(10 * np.log10(255**2 / error))) if error > 0 else PSNR_LIMIT_DB


def ssim(made: Luma, wanted: Luma) -> float:
    """Returns the mean structural similarity of 8-bit planes, 1 for equal ones.

    Reference: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment" (2004): a Gaussian window of 11 pixels and
    deviation 1.5, constants 0.01 and 0.03.
    """

    def mean(plane: Luma) -> Luma:
        return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5), np.float32)

    small, large = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    a, b = mean(made), mean(wanted)
    both = mean(made * wanted) - a * b
    spread = mean(made * made) - a * a + mean(wanted * wanted) - b * b
    likeness = (2 * a * b + small) * (2 * both + large) / ((a * a + b * b + small) * (spread + large))
    return float(likeness.mean(dtype=np.float64))


def limit(numbers: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Returns measured numbers with those below a measure's least raised to it.

    SSIMULACRA2 has no floor: without one a single lost frame at -800 would be all that a mean says.
    """
    return {name: [max(value, measure.least) for value in numbers[name]] for name, measure in MEASURES.items()}


def find_lines(plane: Luma) -> NDArray[np.bool_]:
    """Returns where a plane has dark lines, or the dark side of an edge: a difference of Gaussians."""
    fine, coarse = (cv2.GaussianBlur(plane, (0, 0), sigma) for sigma in (0.8, 1.6))
    return np.asarray(coarse - fine > LINE_CONTRAST)


def line_distance(made: Luma, wanted: Luma) -> float:
    """Returns how far the lines of one plane lie from those of another, in pixels.

    The mean of both ways: from each line pixel to the nearest one of the other picture, at most LINE_LIMIT_PX. 0 where
    neither has lines, LINE_LIMIT_PX where only one has.

    Reference: Chen and Zwicker, arXiv 2111.12792, measure animation by the chamfer distance of line maps; ours is in
    pixels, has a limit, and its lines come from a plain difference of Gaussians.
    """
    lines = [find_lines(plane) for plane in (made, wanted)]
    if not all(found.any() for found in lines):
        return LINE_LIMIT_PX if any(found.any() for found in lines) else 0.0
    away = [cv2.distanceTransform((~found).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for found in lines]
    there, back = (
        np.minimum(distance[found], LINE_LIMIT_PX).mean(dtype=np.float64)
        for found, distance in zip(lines, reversed(away), strict=True)
    )
    return float((there + back) / 2)


ON_LUMA: Mapping[str, Callable[[Luma, Luma], float]] = MappingProxyType(
    {"psnr": psnr, "ssim": ssim, "line": line_distance}
)


def measure_frames(made: vs.VideoNode, wanted: vs.VideoNode, *, related: bool) -> dict[str, list[float]]:
    """Measures each frame of a clip.

    Args:
        made: What a method made; each of its frames is rendered once.
        wanted: What it should have made: 8-bit YUV of the same size, format and length.
        related: Whether the frames follow each other in a film. VMAF takes motion into account, and there is none
            between unrelated pictures.

    Returns:
        For each of MEASURES a number for each frame.
    """
    # A tool's file may name another place of chroma than the source: what is compared is what it made of the source.
    frames = [list(clip.frames(close=False)) for clip in (made.std.CopyFrameProps(wanted), wanted)]
    result: dict[str, list[float]] = {name: [] for name in MEASURES}
    for pair in zip(*frames, strict=True):
        a, b = (np.asarray(frame[0]).astype(np.float32) for frame in pair)
        for name, measure in ON_LUMA.items():
            result[name].append(measure(a, b))
    held = [hold_frames(part) for part in frames]
    result["ssimulacra2"] = _ssimulacra2(held[0], held[1])
    result["vmaf"] = _vmaf(held[0], held[1], related=related)
    return result


def hold_frames(frames: Sequence[vs.VideoFrame]) -> vs.VideoNode:
    """Returns a clip of frames that are in memory."""
    first = frames[0]
    blank = core.std.BlankClip(
        None, first.width, first.height, first.format.id, len(frames), fpsnum=24, fpsden=1, keep=True
    )
    return blank.std.ModifyFrame(blank, lambda n, f: frames[n])  # noqa: ARG005 - VapourSynth names them


def _ssimulacra2(made: vs.VideoNode, wanted: vs.VideoNode) -> list[float]:
    rgb = [
        clip.resize.Bicubic(format=vs.RGBS, matrix_in=vs.MATRIX_BT709).std.SetFrameProps(**_BT709_SRGB)
        for clip in (wanted, made)
    ]
    scores = []
    for frame in core.vszip.SSIMULACRA2(*rgb).frames(close=True):
        score = frame.props["SSIMULACRA2"]
        if not isinstance(score, float):
            raise TypeError(f"vszip: SSIMULACRA2 must be a number (got {score!r})")
        scores.append(score)
    return scores


def _vmaf(made: vs.VideoNode, wanted: vs.VideoNode, *, related: bool) -> list[float]:
    """Asks ffmpeg's libvmaf (its default network); unrelated pictures are shown twice, so that none of them moves."""
    times = 1 if related else 2
    with tempfile.TemporaryDirectory() as folder:
        for name, clip in (("made", made), ("wanted", wanted)):
            shown = clip if related else core.std.Interleave([clip, clip])
            with (Path(folder) / f"{name}.y4m").open("wb") as file:
                shown.output(file, y4m=True)
        command = [find_ffmpeg(), "-v", "error", "-i", "made.y4m", "-i", "wanted.y4m", "-lavfi"]
        command += ["libvmaf=log_path=log.json:log_fmt=json:n_threads=2", "-f", "null", "-"]
        subprocess.run([str(part) for part in command], check=True, cwd=folder)
        log = json.loads((Path(folder) / "log.json").read_text(encoding="utf-8"))
    return [float(frame["metrics"]["vmaf"]) for frame in log["frames"]][times - 1 :: times]
