"""What is measured on: a case gives pictures to work from, and the ones that should come out."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

from scripts.benchmarks.cells import ROOT, Inputs, key

core = vs.core

CLIPS = ROOT.parent / "shared" / "clips"
"""Real film beside the checkout."""
BUILD = ROOT / "build" / "quality"
"""The cache: measurements, rendered sources and what slow peers made."""

type Pictures = NDArray[np.uint8]
"""(N, H, W, 3) RGB."""


@dataclass(frozen=True, slots=True)
class Material:
    """One case, loaded."""

    given: vs.VideoNode
    """What a method may see: the frames that were kept, or small pictures; 8-bit YUV, BT.709, limited range."""
    wanted: vs.VideoNode
    """What should come out, a frame for each pick, in the format of `given`."""
    picks: Sequence[int]
    """Interpolation: the frame of `given` before each hidden frame. Upscaling: the frame of `given` to enlarge."""
    inputs: Inputs
    """What all this follows from."""


class Case(Protocol):
    """Something to measure on."""

    @property
    def name(self) -> str:
        """A short name, unique."""

    @property
    def about(self) -> str:
        """Source, size and frames in one line of the page."""

    @property
    def is_related(self) -> bool:
        """Whether the frames follow each other in a film."""

    @property
    def is_shown(self) -> bool:
        """Whether its licence lets crops of it be published with the page."""

    def missing(self) -> str | None:
        """Says what is not here that the case needs, and how to get it; None where all is here."""

    def inputs(self, *, quick: bool) -> Inputs:
        """Returns everything that the pictures follow from; `quick` takes fewer frames."""

    def load(self, *, quick: bool) -> Material:
        """Opens the pictures."""


def pick(clip: vs.VideoNode, frames: Sequence[int]) -> vs.VideoNode:
    """Returns a clip of some frames of another, lazily."""
    return core.std.Splice([clip[frame] for frame in frames])


def serve(pictures: Pictures) -> vs.VideoNode:
    """Returns pictures in memory as an RGB24 clip at 24 fps."""
    count, height, width, _ = pictures.shape
    blank = core.std.BlankClip(None, width, height, vs.RGB24, count, fpsnum=24, fpsden=1, keep=True)

    def paint(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        for plane in range(3):
            np.copyto(np.asarray(frame[plane]), pictures[n, ..., plane])
        return frame

    return blank.std.ModifyFrame(blank, paint)


def pipe(clip: vs.VideoNode, command: Sequence[str | Path]) -> None:
    """Runs a program that reads a clip from its standard input, as y4m.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    arguments = [str(part) for part in command]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE) as program:
        clip.output(cast("BinaryIO", program.stdin), y4m=True)
        cast("BinaryIO", program.stdin).close()
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, arguments)


def to_yuv(clip: vs.VideoNode, fmt: vs.PresetVideoFormat) -> vs.VideoNode:
    """Brings RGB to 8-bit YUV, BT.709, limited range."""
    return clip.resize.Bicubic(format=fmt, matrix=vs.MATRIX_BT709, range=vs.RANGE_LIMITED)


def read_pictures(clip: vs.VideoNode) -> Pictures:
    """Returns the frames of an 8-bit YUV clip as RGB."""
    rgb = clip.resize.Bicubic(format=vs.RGB24, matrix_in=vs.MATRIX_BT709)
    return np.stack([np.dstack([np.asarray(frame[plane]) for plane in range(3)]) for frame in rgb.frames(close=False)])


def render_once(inputs: Inputs, render: Callable[[], Pictures], *, folder: Path | None = None) -> Pictures:
    """Returns pictures that are rendered at the first call and read at the next ones.

    Args:
        inputs: Everything that they follow from.
        render: Makes them.
        folder: Where they are kept; the benchmark's cache if None.
    """
    path = (folder or BUILD / "pictures") / f"{key(inputs)}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.save(file, render())
        unfinished.replace(path)
    return np.asarray(np.load(path, mmap_mode="r"))
