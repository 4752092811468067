"""The ways to a middle frame that are compared: two that cost nothing, three tools of today, and our networks."""

from collections.abc import Iterator, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

from scripts.benchmarks.cases import BUILD, Material, pick, pipe
from scripts.benchmarks.cells import digest_code, key
from scripts.benchmarks.methods import Method, find_network, role_of
from vsainimotion.gate import INTERVAL_PROPERTY, Interval, gate
from vsainimotion.interpolate import interpolate
from vsainimotion.media.ffmpeg import find_ffmpeg, read_version
from vsainimotion.models import list_cards

core = vs.core

type Plane = NDArray[np.uint8]


def list_middles() -> Iterator[Method]:
    """Returns what is measured, in the order of the page."""
    yield Method(name="repeat", role="plain", version={}, make=lambda material: pick(material.given, material.picks))
    yield Method(name="blend", role="plain", version={}, make=_blend)
    plugin = {"plugin": metadata.version("vapoursynth-mvtools"), "pel": 4, "blksize": 16, "overlap": 8}
    yield Method(name="mvtools", role="classical", version=plugin, make=_mvtools)
    ffmpeg = {"ffmpeg": read_version(find_ffmpeg()), "options": _MINTERPOLATE, "props": "source"}
    yield Method(name="minterpolate", role="classical", version=ffmpeg, make=_minterpolate)
    yield Method(name="DIS", role="classical", version={"cv2": cv2.__version__, "preset": "medium"}, make=_dis)
    for card in list_cards():
        if card.task == "interpolate":
            version = {"network": card.sha256, "filter": digest_code("vsainimotion.interpolate"), "card": card.dump()}
            missing = partial(find_network, card)
            yield Method(
                name=card.name, role=role_of(card), version=version, make=partial(_network, card.name), missing=missing
            )


def _blend(material: Material) -> vs.VideoNode:
    given, picks = material.given, material.picks
    return pick(given, picks).std.Merge(pick(given, [number + 1 for number in picks]))


def _between(doubled: vs.VideoNode, picks: Sequence[int]) -> vs.VideoNode:
    """Takes the generated frames that were asked for from a clip at twice the rate."""
    return pick(doubled, [2 * number + 1 for number in picks])


def _mvtools(material: Material) -> vs.VideoNode:
    blocks = material.given.mv.Super(pel=4)
    back, forth = (blocks.mv.Analyse(isb=isb, blksize=16, overlap=8) for isb in (True, False))
    rate = material.given.fps
    doubled = material.given.mv.FlowFPS(blocks, back, forth, num=2 * rate.numerator, den=rate.denominator)
    return _between(doubled, material.picks)


_MINTERPOLATE = "minterpolate=fps=48:mi_mode=mci:mc_mode=obmc,select=mod(n\\,2)"
"""At twice the 24 fps of the pipe; only the frames that were made are kept."""


def _minterpolate(material: Material) -> vs.VideoNode:
    """Runs ffmpeg's filter over all kept frames, once; it swallows the end, which two repeats make up."""
    path = BUILD / "peers" / f"{key({'material': material.inputs, 'options': _MINTERPOLATE})}.mkv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.mkv")
        command: list[str | Path] = [find_ffmpeg(), "-v", "error", "-y", "-i", "-", "-vf", _MINTERPOLATE]
        command += ["-fps_mode", "passthrough", "-c:v", "ffv1", unfinished]
        given = material.given.std.AssumeFPS(fpsnum=24, fpsden=1)
        pipe(given + given[-1] + given[-1], command)
        unfinished.replace(path)
    return pick(core.bs.VideoSource(str(path), cachepath="/"), material.picks)


def _dis(material: Material) -> vs.VideoNode:
    """Moves both neighbours half-way along OpenCV's dense inverse search, and averages them."""
    given, picks = material.given, material.picks
    before, after = pick(given, picks), pick(given, [number + 1 for number in picks])

    def meet(n: int, f: list[vs.VideoFrame]) -> vs.VideoFrame:  # noqa: ARG001 - VapourSynth names them
        made = f[0].copy()
        # A frame's rows may have padding between them, which DIS does not take.
        planes = [[np.ascontiguousarray(frame[plane]) for plane in range(3)] for frame in f]
        for plane, (a, b) in enumerate(zip(*meet_halfway(planes[0], planes[1]), strict=True)):
            np.copyto(np.asarray(made[plane]), np.rint((a + b) / 2).clip(0, 255).astype(np.uint8))
        return made

    return before.std.ModifyFrame([before, after], meet)


def meet_halfway(a: Sequence[Plane], b: Sequence[Plane]) -> tuple[list[NDArray[np.float32]], ...]:
    """Returns the planes of two frames, each moved half-way to the other by a dense flow of their luma.

    Reference: Kroeger et al., arXiv 1603.03590 (DIS), as cv2.DISOpticalFlow with its medium preset.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    moved: tuple[list[NDArray[np.float32]], ...] = ([], [])
    for planes, one, other in ((moved[0], a, b), (moved[1], b, a)):
        flow = np.asarray(search.calc(one[0], other[0], np.zeros((*one[0].shape, 2), np.float32)), np.float32)
        planes.extend(_draw(plane, flow) for plane in one)
    return moved


def _draw(plane: Plane, flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reads a plane half a flow back from each of its pixels; a subsampled plane has a smaller flow."""
    height, width = plane.shape
    share = width / flow.shape[1]
    small = flow if share == 1 else np.float32(share) * cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA)
    x = np.arange(width, dtype=np.float32)[None, :] - small[..., 0] / 2
    y = np.arange(height, dtype=np.float32)[:, None] - small[..., 1] / 2
    source_plane = plane.astype(np.float32)
    return np.asarray(cv2.remap(source_plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _network(name: str, material: Material) -> vs.VideoNode:
    """Asks the product's own filter, on intervals that are all said to be motion: each hidden frame is made."""
    facts = {INTERVAL_PROPERTY: int(Interval.MOTION), "VsaiPeak": 1.0, "VsaiMean": 1.0, "VsaiCut": 0.0, "VsaiRun": 0}
    judged = material.given.std.SetFrameProps(**facts, _SceneChangeNext=0, _SceneChangePrev=0)
    return _between(interpolate(judged, multi=2, model=name), material.picks)


def read_gate(material: Material) -> list[int]:
    """Returns what the gate says, an `Interval` for each hidden frame, when it judges by itself."""
    answers = []
    for frame in pick(gate(material.given), material.picks).frames(close=True):
        answer = frame.props[INTERVAL_PROPERTY]
        if not isinstance(answer, int):
            raise TypeError(f"gate: {INTERVAL_PROPERTY} must be a whole number (got {answer!r})")
        answers.append(answer)
    return answers
