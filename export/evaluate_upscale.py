"""Measure a luma upscaler: halve pictures, double them again, and compare with what they were.

    python -m export.evaluate_upscale vsainimotion/models/luma.toml --clips ../shared/clips --stills data/stills

Prints luma PSNR in dB, SSIM and SSIMULACRA2 for kernels, znedi3 and networks, on held-out generated stills and on Big
Buck Bunny at 1080p, halved by bicubic and by area. Networks run as `upscale` runs them, in its precision.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

from export.pixels import clip_of
from vsainimotion.models import load_card
from vsainimotion.upscale import upscale

core = vs.core

type Scale = Callable[[vs.VideoNode], vs.VideoNode]


def network(path: Path) -> Scale:
    """Return the upscaler of a card."""
    card = load_card(path)
    return lambda clip: upscale(clip, scale=2, model=card, reuse=False)


def znedi3(nsize: int, nns: int) -> Scale:
    """Return znedi3 at its slower quality; it doubles each side off centre, which Spline36 puts right, as is usual."""

    def scale(clip: vs.VideoNode) -> vs.VideoNode:
        for _ in range(2):
            clip = clip.znedi3.nnedi3(field=0, dh=True, nsize=nsize, nns=nns, qual=2).std.Transpose()
        return core.resize.Spline36(clip, src_left=0.5, src_top=0.5)

    return scale


def _kernel(name: str, **options: int) -> Scale:
    return lambda clip: getattr(core.resize, name)(clip, 2 * clip.width, 2 * clip.height, **options)


PEERS: dict[str, Scale] = {
    "spline36": _kernel("Spline36"),
    "lanczos3": _kernel("Lanczos", filter_param_a=3),
    "lanczos4": _kernel("Lanczos", filter_param_a=4),
    # Of the windows and sizes tried on three of these pictures, the best.
    "znedi3": znedi3(nsize=0, nns=4),
}


def _area(clip: vs.VideoNode) -> vs.VideoNode:
    """Average squares of four pixels."""
    places = (f"X 2 * {x} + Y 2 * {y} + x[]" for x in (0, 1) for y in (0, 1))
    mean = core.akarin.Expr(clip, " ".join(places) + " + + + 0.25 *")
    return core.std.CropAbs(mean, clip.width // 2, clip.height // 2)


HALVES: dict[str, Scale] = {
    "bicubic": lambda clip: core.resize.Bicubic(clip, clip.width // 2, clip.height // 2),
    "area": _area,
}


def stills(folder: Path, count: int) -> vs.VideoNode:
    """Return held-out generated stills as one GRAYS clip."""
    pictures = np.load(folder / "valid-00000.npy", mmap_mode="r")[:count]
    height, width = pictures.shape[1:]
    return _gray(clip_of(vs.GRAY8, (width, height), pictures[:, None]))


def _gray(clip: vs.VideoNode) -> vs.VideoNode:
    """Return the luma as float, its codes taken as full range, tagged so that it can become RGB."""
    luma = core.std.ShufflePlanes(clip, 0, vs.GRAY)
    plain = core.std.SetFrameProps(luma, _Range=1, _Matrix=1, _Transfer=13, _Primaries=1)
    return core.resize.Point(plain, format=vs.GRAYS)


def film(folder: Path, count: int) -> vs.VideoNode:
    """Return luma of Big Buck Bunny, frames spread over the moving part."""
    source = core.bs.VideoSource(str(folder / "bbb_1080p60_10s.mp4"), cachemode=0)
    return _gray(source[: 10 * count : 10])


def ssim(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the mean structural similarity of two planes in [0, 1]; Wang et al. 2004, 11x11 Gaussian window."""

    def blur(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5), dtype=np.float32)

    mean_a, mean_b = blur(a), blur(b)
    spread = blur(a * a) - mean_a**2 + blur(b * b) - mean_b**2
    joint = 2 * (blur(a * b) - mean_a * mean_b)
    low, high = 0.01**2, 0.03**2
    score = (2 * mean_a * mean_b + low) * (joint + high) / ((mean_a**2 + mean_b**2 + low) * (spread + high))
    return float(score.mean())


def measure(clip: vs.VideoNode, scale: Scale, half: Scale) -> tuple[float, float, float]:
    """Return mean PSNR in dB, SSIM and SSIMULACRA2 of a clip that is halved and doubled again."""
    made = core.std.Limiter(scale(half(clip)), 0, 1)
    rgb = [core.std.ShufflePlanes([plane] * 3, [0, 0, 0], vs.RGB) for plane in (clip, made)]
    rgb = [core.std.SetFrameProps(node, _Matrix=0) for node in rgb]
    scores = core.vszip.SSIMULACRA2(*rgb)
    ratios, likeness, marks = [], [], []
    for wanted, found, score in zip(clip.frames(), made.frames(), scores.frames(), strict=True):
        planes = np.asarray(wanted[0]), np.asarray(found[0])
        error = float(np.square(planes[0] - planes[1]).mean())
        ratios.append(-10 * np.log10(max(error, 1e-9)))
        likeness.append(ssim(*planes))
        mark = score.props["SSIMULACRA2"]
        if not isinstance(mark, float):
            raise TypeError(f"SSIMULACRA2 is no number ({mark!r})")
        marks.append(mark)
    return float(np.mean(ratios)), float(np.mean(likeness)), float(np.mean(marks))


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cards", type=Path, nargs="*", help="cards of networks, their ONNX beside them")
    parser.add_argument("--clips", type=Path, default=Path("../shared/clips"))
    parser.add_argument("--stills", type=Path, default=Path("data/stills"))
    parser.add_argument("--count", type=int, default=12, help="pictures of each kind")
    options = parser.parse_args()
    scales = {**PEERS, **{path.stem: network(path) for path in options.cards}}
    for source, clip in (
        ("stills", stills(options.stills, options.count)),
        ("bbb", film(options.clips, options.count)),
    ):
        for name, half in HALVES.items():
            for label, scale in scales.items():
                ratio, likeness, mark = measure(clip, scale, half)
                figures = f"{ratio:6.2f} dB  {likeness:.4f}  {mark:5.1f}"
                print(f"{source:7} {name:8} {label:10} {figures}", flush=True)  # noqa: T201 - a program prints


if __name__ == "__main__":
    main()
