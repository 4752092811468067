"""Measure a luma upscaler: halve pictures, double them again, and compare with what they were.

    python -m export.evaluate_upscale export/out/luma-fast.onnx --clips ../shared/clips --stills data/stills

Prints luma PSNR in dB and SSIMULACRA2 for Spline36, Lanczos and the network, on held-out generated stills and on Big
Buck Bunny at 1080p, halved by bicubic and by area.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import vapoursynth as vs

core = vs.core

type Scale = Callable[[vs.VideoNode], vs.VideoNode]


def network(path: Path) -> Scale:
    """Return the upscaler that runs an ONNX file through vs-mlrt's OpenVINO plugin."""
    return lambda clip: core.ov.Model(clip, network_path=str(path))


def _kernel(name: str, **options: int) -> Scale:
    return lambda clip: getattr(core.resize, name)(clip, 2 * clip.width, 2 * clip.height, **options)


KERNELS: dict[str, Scale] = {
    "spline36": _kernel("Spline36"),
    "lanczos3": _kernel("Lanczos", filter_param_a=3),
    "lanczos4": _kernel("Lanczos", filter_param_a=4),
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
    blank = core.std.BlankClip(None, width, height, vs.GRAY8, len(pictures), keep=True)

    def paint(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        np.copyto(np.asarray(frame[0]), pictures[n])
        return frame

    return _gray(core.std.ModifyFrame(blank, blank, paint))


def _gray(clip: vs.VideoNode) -> vs.VideoNode:
    """Return the luma as float, its codes taken as full range, tagged so that it can become RGB."""
    luma = core.std.ShufflePlanes(clip, 0, vs.GRAY)
    plain = core.std.SetFrameProps(luma, _Range=1, _Matrix=1, _Transfer=13, _Primaries=1)
    return core.resize.Point(plain, format=vs.GRAYS)


def film(folder: Path, count: int) -> vs.VideoNode:
    """Return luma of Big Buck Bunny, frames spread over the moving part."""
    source = core.bs.VideoSource(str(folder / "bbb_1080p60_10s.mp4"), cachepath="/")
    return _gray(source[: 10 * count : 10])


def measure(clip: vs.VideoNode, scale: Scale, half: Scale) -> tuple[float, float]:
    """Return mean PSNR in dB and mean SSIMULACRA2 of a clip that is halved and doubled again."""
    made = core.std.Limiter(scale(half(clip)), 0, 1)
    rgb = [core.std.ShufflePlanes([plane] * 3, [0, 0, 0], vs.RGB) for plane in (clip, made)]
    rgb = [core.std.SetFrameProps(node, _Matrix=0) for node in rgb]
    scores = core.vszip.SSIMULACRA2(*rgb)
    ratios, marks = [], []
    for wanted, found, score in zip(clip.frames(), made.frames(), scores.frames(), strict=True):
        error = float(np.square(np.asarray(wanted[0]) - np.asarray(found[0])).mean())
        ratios.append(-10 * np.log10(max(error, 1e-9)))
        marks.append(float(score.props["SSIMULACRA2"]))
    return float(np.mean(ratios)), float(np.mean(marks))


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path)
    parser.add_argument("--clips", type=Path, default=Path("../shared/clips"))
    parser.add_argument("--stills", type=Path, default=Path("data/stills"))
    parser.add_argument("--count", type=int, default=12, help="pictures of each kind")
    options = parser.parse_args()
    scales = {**KERNELS, options.network.stem: network(options.network.resolve())}
    for source, clip in (
        ("stills", stills(options.stills, options.count)),
        ("bbb", film(options.clips, options.count)),
    ):
        for name, half in HALVES.items():
            found = {label: measure(clip, scale, half) for label, scale in scales.items()}
            row = "  ".join(f"{label} {ratio:.2f} dB {mark:.1f}" for label, (ratio, mark) in found.items())
            print(f"{source:7} {name:8} {row}", flush=True)  # noqa: T201 - a program prints


if __name__ == "__main__":
    main()
