"""Measure middle frames on real film: hide frames, make them again, and compare with what was hidden.

    python -m export.evaluate export/out/flow-fast.onnx --clips ../shared/clips --heights 180 270

Prints the mean luma PSNR in dB over the hidden frames of each clip for repeat, blend, mvtools FlowFPS (pel=4), OpenCV
DIS and the network at each analysis height. Triplets that span a cut are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import openvino
import torch
import vapoursynth as vs
from numpy.typing import NDArray

from export.networks.flow import SIZE_MULTIPLE

type Luma = NDArray[np.uint8]
type Planes = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """A film, how it is thinned, and the frames that count."""

    name: str
    file: str
    size: tuple[int, int]
    every: int
    """Every so many frames one is kept; the one halfway to the next is the answer."""
    cuts: tuple[int, ...] = ()
    """Frames before a cut."""
    frames: int = 10_000
    """Frames used from the start."""


POPEYE_CUTS = ((73, 330, 529, 737, 1070, 1335), (566, 660, 993))
FILMS = (
    Film(name="bbb 60-30-60", file="bbb_1080p60_10s.mp4", size=(640, 360), every=2, cuts=(21,), frames=201),
    Film(name="bbb 30-15-30", file="bbb_1080p60_10s.mp4", size=(640, 360), every=4, cuts=(21,), frames=201),
    Film(name="bbb 20-10-20", file="bbb_1080p60_10s.mp4", size=(640, 360), every=6, cuts=(21,), frames=201),
    Film(name="bbb 720p 60-30-60", file="bbb_1080p60_10s.mp4", size=(1280, 720), every=2, cuts=(21,), frames=201),
    Film(name="bbb 1080p 60-30-60", file="bbb_1080p60_10s.mp4", size=(1920, 1080), every=2, cuts=(21,), frames=201),
    Film(name="popeye t00 24-12-24", file="popeye_t00.mkv", size=(640, 476), every=2, cuts=POPEYE_CUTS[0]),
    Film(name="popeye t01 24-12-24", file="popeye_t01.mkv", size=(640, 476), every=2, cuts=POPEYE_CUTS[1]),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Two kept frames and the hidden one, with what mvtools makes of them."""

    before: Luma
    after: Luma
    hidden: Luma
    mvtools: Luma
    pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    """RGB of the kept frames, (H, W, 3)."""


def _plane(frame: vs.VideoFrame, index: int = 0) -> Luma:
    return np.asarray(frame[index]).copy()


def _mvtools(clip: vs.VideoNode) -> vs.VideoNode:
    core = vs.core
    search = core.mv.Super(clip, pel=4)
    back, forth = (core.mv.Analyse(search, isb=isb, blksize=16, overlap=8) for isb in (True, False))
    return core.mv.FlowFPS(clip, search, back, forth, num=2 * clip.fps.numerator, den=clip.fps.denominator)


def moments(film: Film, folder: Path, *, stride: int = 1) -> Iterator[Moment]:
    """Yield the triplets of a film in order, those across a cut left out; `stride` takes every so many."""
    core = vs.core
    core.num_threads = 2
    width, height = film.size
    source = core.bs.VideoSource(str(folder / film.file), cachemode=0)
    source = core.resize.Bicubic(source, width, height, format=vs.YUV420P8)[: film.frames]
    kept = source[:: film.every]
    doubled, rgb = _mvtools(kept), core.resize.Bicubic(kept, format=vs.RGB24, matrix_in_s="709")
    for index in range(0, len(kept) - 1, stride):
        start, stop = index * film.every, (index + 1) * film.every
        if any(start <= cut < stop for cut in film.cuts):
            continue
        colours = [
            np.dstack([_plane(frame, plane) for plane in range(3)])
            for frame in (rgb.get_frame(index), rgb.get_frame(index + 1))
        ]
        yield Moment(
            _plane(source.get_frame(start)), _plane(source.get_frame(stop)),
            _plane(source.get_frame(start + film.every // 2)), _plane(doubled.get_frame(2 * index + 1)),
            (colours[0], colours[1]),
        )  # fmt: skip


def psnr(made: Luma, wanted: Luma) -> float:
    """Return the PSNR in dB of 8-bit planes, 60 for equal ones."""
    error = float(((made.astype(np.float32) - wanted) ** 2).mean())
    return min(60.0, float(10 * np.log10(255**2 / max(error, 1e-9))))


def fetch(plane: Luma, flow: Planes, *, kernel: str) -> Planes:
    """Return the plane at the places that (2, H, W) `flow` points at, edges repeated; exact where the flow is zero."""
    height, width = plane.shape
    x = (flow[0] + np.arange(width, dtype=np.float32) + 0.5) * (2 / width) - 1
    y = (flow[1] + np.arange(height, dtype=np.float32)[:, None] + 0.5) * (2 / height) - 1
    grid = torch.from_numpy(np.stack([x, y], axis=2)[None])
    values = torch.from_numpy(plane.astype(np.float32))[None, None]
    found = torch.nn.functional.grid_sample(values, grid, mode=kernel, padding_mode="border", align_corners=False)
    return np.asarray(found[0, 0].numpy())


def dis(moment: Moment) -> Luma:
    """Return the middle frame by OpenCV's dense inverse search, both ways, averaged."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    ahead, back = (
        search.calc(*pair, np.zeros((*moment.before.shape, 2), np.float32))
        for pair in ((moment.before, moment.after), (moment.after, moment.before))
    )
    a = fetch(moment.before, -0.5 * ahead.transpose(2, 0, 1), kernel="bilinear")
    b = fetch(moment.after, -0.5 * back.transpose(2, 0, 1), kernel="bilinear")
    return np.rint((a + b) / 2).clip(0, 255).astype(np.uint8)


class FlowModel:
    """A flow network at one analysis height, with the warp that the filter does at full size."""

    def __init__(self, path: Path, height: int, *, kernel: str = "bilinear") -> None:
        core = openvino.Core()
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2}
        self._model = core.compile_model(str(path), "CPU", settings)
        self.height, self.kernel = height, kernel

    def analyse(self, pair: tuple[NDArray[np.uint8], NDArray[np.uint8]], timestep: float = 0.5) -> Planes:
        """Return the six planes at the analysis size for two RGB pictures."""
        height, width = pair[0].shape[:2]
        size = (round(width * self.height / height), self.height)
        small = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1) for picture in pair]
        planes = np.concatenate([*small, np.full((1, size[1], size[0]), 255 * timestep)]).astype(np.float32) / 255
        margin = [(0, 0), (0, -size[1] % SIZE_MULTIPLE), (0, -size[0] % SIZE_MULTIPLE)]
        found = self._model(np.pad(planes, margin, mode="edge")[None])[0][0]
        return np.asarray(found[:, : size[1], : size[0]])

    def __call__(self, moment: Moment) -> Luma:
        """Return the middle frame's luma."""
        height, width = moment.before.shape
        found = self.analyse(moment.pair)
        planes = np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in found])
        planes[0:4:2] *= width / found.shape[2]
        planes[1:4:2] *= height / found.shape[1]
        a = fetch(moment.before, planes[0:2], kernel=self.kernel)
        b = fetch(moment.after, planes[2:4], kernel=self.kernel)
        mixed = b + (a - b) * planes[4]
        return np.asarray(np.rint(mixed).clip(0, 255), dtype=np.uint8)


METHODS: dict[str, Callable[[Moment], Luma]] = {
    "repeat": lambda moment: moment.before,
    "blend": lambda moment: ((moment.before.astype(np.uint16) + moment.after + 1) >> 1).astype(np.uint8),
    "mvtools": lambda moment: moment.mvtools,
    "dis": dis,
}


def evaluate(
    film: Film, folder: Path, methods: dict[str, Callable[[Moment], Luma]], *, stride: int = 1
) -> dict[str, float]:
    """Return the mean PSNR of each method on a film, with the number of hidden frames under "frames"."""
    results: dict[str, list[float]] = {name: [] for name in methods}
    for moment in moments(film, folder, stride=stride):
        for name, method in methods.items():
            results[name].append(psnr(method(moment), moment.hidden))
    count = len(next(iter(results.values())))
    return {"frames": count, **{name: float(np.mean(values)) for name, values in results.items()}}


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path, nargs="?", help="a flow network's ONNX; none measures the others")
    parser.add_argument("--clips", type=Path, default=Path("../shared/clips"))
    parser.add_argument("--heights", type=int, nargs="+", default=[270], help="analysis heights to try")
    parser.add_argument("--kernel", choices=("bilinear", "bicubic"), default="bilinear")
    parser.add_argument("--films", default="", help="only films whose name contains this")
    parser.add_argument("--stride", type=int, default=1, help="measure every so many triplets")
    options = parser.parse_args()
    methods = dict(METHODS)
    if options.network:
        for height in options.heights:
            methods[f"{options.network.stem}@{height}"] = FlowModel(options.network, height, kernel=options.kernel)
    for film in FILMS:
        if options.films in film.name:
            found = evaluate(film, options.clips, methods, stride=options.stride)
            row = "  ".join(f"{name} {value:.2f}" for name, value in found.items() if name != "frames")
            print(f"{film.name:20} ({found['frames']:.0f})  {row}", flush=True)  # noqa: T201 - a program prints


if __name__ == "__main__":
    main()
