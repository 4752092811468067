"""Prove, on real frames at 1080p, that every runtime and precision computes what torch does.

    python -m export.parity ../shared/clips/bbb_1080p60_10s.mp4 [NAME ...]

For each network that ships and whose weights lie in export/runs: the largest difference of OpenVINO and ONNX Runtime
in float32, and what is lost in half precision and, where the processor multiplies in it, in bfloat16. Exits with 1
where one is past its limit.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import vapoursynth as vs
from numpy.typing import NDArray

from export.openvino_run import run_openvino
from export.to_onnx import PARITY, load_network, read_weights, run_onnxruntime, run_torch
from export.train import ROOT
from vsainimotion.backend import choose_backend
from vsainimotion.fusion import draw_inputs, find_flows, luma_of
from vsainimotion.media.source import source
from vsainimotion.models import Card, find_card, list_cards
from vsainimotion.models.half import write_half
from vsainimotion.models.runtimes import has_bfloat16
from vsainimotion.motion import analysis_copy, estimate_motion, plan_analysis_size, timestep_plane
from vsainimotion.rgb import to_rgb
from vsainimotion.timeline import TIMESTEP_PROPERTY

type Planes = NDArray[np.float32]

#: Least PSNR in dB of a picture, or of weights, in half precision or bfloat16 against float32.
LEAST_PSNR_DB = 50.0
#: Largest mean difference of a flow, in pixels of the network's own copy.
MOST_FLOW_PX = 0.05
#: Output planes of a flow network that are displacements.
_FLOW_PLANES = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """One comparison with torch in float32."""

    runtime: str
    what: str
    value: float
    holds: bool

    def __str__(self) -> str:
        return f"{self.runtime:20} {self.what} {self.value:.3g}{'' if self.holds else '  PAST ITS LIMIT'}"


def _stack(clips: list[vs.VideoNode]) -> Planes:
    """Return the planes of the first frames of clips, (1, C, H, W)."""
    frames = [clip.get_frame(0) for clip in clips]
    planes = [np.asarray(frame[plane]) for frame in frames for plane in range(frame.format.num_planes)]
    return np.stack(planes)[None].astype(np.float32)


def _pair(film: vs.VideoNode) -> tuple[vs.VideoNode, vs.VideoNode]:
    return film[0].std.SetFrameProps(**{TIMESTEP_PROPERTY: 0.5}), film[1]


def _flow_inputs(film: vs.VideoNode, card: Card) -> list[vs.VideoNode]:
    a, b = (analysis_copy(clip, card) for clip in _pair(film))
    return [a, b, timestep_plane(a)]


def _fusion_inputs(film: vs.VideoNode, card: Card) -> list[vs.VideoNode]:
    before, after = _pair(film)
    flow_card = find_card(card.motion or "")
    small = analysis_copy(before, flow_card), analysis_copy(after, flow_card)
    motion = estimate_motion(*small, flow_card, choose_backend())
    size = plan_analysis_size(film.width, film.height, card)
    a, b = (luma_of(clip).resize.Bilinear(*size) for clip in small)
    first, second = find_flows(motion, before, after, (a, b))
    return draw_inputs(motion, (first.flow, second.flow), (a, b))


def _frame_inputs(film: vs.VideoNode, card: Card) -> list[vs.VideoNode]:
    a, b = (to_rgb(clip) for clip in _pair(film))
    width, height = (side // card.size_multiple * card.size_multiple for side in (a.width, a.height))
    return [clip.std.CropAbs(width, height) for clip in (a, b, timestep_plane(a))]


def _luma_inputs(film: vs.VideoNode, card: Card) -> list[vs.VideoNode]:
    del card
    return [film.std.ShufflePlanes(0, vs.GRAY).resize.Point(format=vs.GRAYS, range=vs.RANGE_FULL)]


def _rgb_inputs(film: vs.VideoNode, card: Card) -> list[vs.VideoNode]:
    del card
    return [to_rgb(film)]


INPUTS: dict[str, Callable[[vs.VideoNode, Card], list[vs.VideoNode]]] = {
    "flow": _flow_inputs, "fusion": _fusion_inputs, "frame": _frame_inputs, "luma": _luma_inputs, "rgb": _rgb_inputs,
}  # fmt: skip
"""What each kind of network is fed from two frames of a film."""


def run_half(path: Path, planes: Planes) -> Planes:
    """Return ONNX Runtime's output of the network in half precision."""
    with tempfile.TemporaryDirectory() as folder:
        half = write_half(path, Path(folder, path.name))
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # it tells of weights that it does without
        session = onnxruntime.InferenceSession(str(half), options, providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"input": planes.astype(np.float16)})[0], np.float32)


def compare_loosely(runtime: str, kind: str, made: Planes, wanted: Planes) -> Iterator[Proof]:
    """Compare an output of fewer digits: displacements in pixels, everything else as PSNR of a range of 1."""
    flows = _FLOW_PLANES if kind == "flow" else 0
    if flows:
        off = float(np.abs(made[:, :flows] - wanted[:, :flows]).mean())
        yield Proof(runtime, "mean flow error px", off, off <= MOST_FLOW_PX)
    error = float(np.square(made[:, flows:] - wanted[:, flows:], dtype=np.float64).mean())
    psnr = float(-10 * np.log10(max(error, 1e-12)))
    # Mask and confidence of a flow network are judged by eye and weigh what the flow has made alike.
    yield Proof(runtime, "PSNR dB", psnr, bool(flows) or psnr >= LEAST_PSNR_DB)


def prove(card: Card, weights: Path, film: vs.VideoNode) -> Iterator[Proof]:
    """Compare every runtime and precision with torch on the first two frames of a film."""
    planes = _stack(INPUTS[card.kind](film, card))
    wanted = run_torch(load_network(card.name, read_weights(weights)[0]), planes)
    for name, run in (("OpenVINO fp32", run_openvino), ("ONNX Runtime fp32", run_onnxruntime)):
        off = float(np.abs(run(card.path, planes) - wanted).max())
        yield Proof(name, "largest difference", off, off <= PARITY)
    yield from compare_loosely("ONNX Runtime fp16", card.kind, run_half(card.path, planes), wanted)
    if has_bfloat16() and card.is_bfloat16_safe:
        made = run_openvino(card.path, planes, precision="bf16")
        yield from compare_loosely("OpenVINO bf16", card.kind, made, wanted)


def find_weights(card: Card) -> Path | None:
    """Return the weights of the run that a card's origin names, None where they are not kept."""
    run = re.search(r"export/runs/([\w-]+)\.toml", card.origin)
    path = ROOT / "export" / "runs" / f"{run[1]}.safetensors" if run else None
    return path if path is not None and path.is_file() else None


def main() -> int:
    """Read the command line and print what was proved; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path, help="a film whose frames 60 and 62 are looked at, 1080p")
    parser.add_argument("names", nargs="*", help="networks; all that ship unless given")
    options = parser.parse_args()
    film, whole = source(options.film)[60:63:2], True
    for card in list_cards():
        weights = find_weights(card)
        if weights is None or (options.names and card.name not in options.names):
            continue
        print(f"{card.name}, {film.width}x{film.height}")  # noqa: T201 - a program prints
        for proof in prove(card, weights, film):
            print(f"  {proof}", flush=True)  # noqa: T201
            whole = whole and proof.holds
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
