"""The ways to a picture of twice the size that are compared: kernels, znedi3, two peers' networks, and ours."""

import importlib.util
from collections.abc import Iterator
from functools import partial
from importlib import metadata

import vapoursynth as vs

from scripts.benchmarks import ncnn_peer
from scripts.benchmarks.cases import Material, read_pictures, render_once, serve, to_yuv
from scripts.benchmarks.cells import digest_code
from scripts.benchmarks.methods import Method, find_network, role_of
from scripts.benchmarks.ncnn_peer import PEERS
from vsainimotion.models import list_cards
from vsainimotion.upscale import upscale

core = vs.core

_ZNEDI3 = {"nsize": 4, "nns": 4, "qual": 2}
"""A window of 8x4 pixels, 256 neurons, two looks: its most careful settings for doubling."""


def list_enlargers() -> Iterator[Method]:
    """Returns what is measured, in the order of the page."""
    for kernel in ("lanczos", "spline36"):
        yield Method(name=kernel, role="classical", version={}, make=partial(_ours, kernel))
    installed = importlib.util.find_spec("vapoursynth") and hasattr(core, "znedi3")
    znedi3 = {"plugin": metadata.version("vapoursynth-znedi3") if installed else "", **_ZNEDI3}
    yield Method(name="znedi3", role="classical", version=znedi3, make=_znedi3, missing=_find_znedi3)
    for name, peer in PEERS.items():
        missing = partial(ncnn_peer.find_missing, peer.module)
        version = {"package": peer.version() if missing() is None else "", "weights": peer.weights}
        yield Method(name=name, role="network", version=version, make=partial(_peer, name), missing=missing)
    for card in list_cards():
        if card.task == "upscale" and card.scale > 1:
            version = {"network": card.sha256, "filter": digest_code("vsainimotion.upscale"), "card": card.dump()}
            missing = partial(find_network, card)
            yield Method(
                name=card.name, role=role_of(card), version=version, make=partial(_ours, card.name), missing=missing
            )


def _ours(model: str, material: Material) -> vs.VideoNode:
    """Asks the product's own filter for a network or a kernel; no picture here is a repeat of another."""
    return upscale(material.given, scale=2, model=model, reuse=False)


def _find_znedi3() -> str | None:
    return None if hasattr(core, "znedi3") else "znedi3 is not here: pip install vapoursynth-znedi3"


def _znedi3(material: Material) -> vs.VideoNode:
    """Doubles luma by znedi3 both ways, in 16 bit, and moves it back by half a pixel; chroma goes by Spline36."""
    given = material.given
    luma = given.std.ShufflePlanes(planes=0, colorfamily=vs.GRAY).resize.Point(format=vs.GRAY16)
    for _ in range(2):
        luma = core.znedi3.nnedi3(
            luma, field=1, dh=True, nsize=_ZNEDI3["nsize"], nns=_ZNEDI3["nns"], qual=_ZNEDI3["qual"]
        ).std.Transpose()
    luma = luma.resize.Spline36(src_left=-0.5, src_top=-0.5, format=vs.GRAY8)
    chroma = given.resize.Spline36(2 * given.width, 2 * given.height)
    return core.std.ShufflePlanes([luma, chroma, chroma], planes=[0, 1, 2], colorfamily=vs.YUV)


def _peer(name: str, material: Material) -> vs.VideoNode:
    """Enlarges by a peer's network in RGB, once: its pictures are kept."""
    peer = PEERS[name]
    inputs = {"peer": name, "package": peer.version(), "material": material.inputs}
    damaged = bool(material.inputs.get("crf"))
    pictures = render_once(inputs, lambda: ncnn_peer.enlarge(name, read_pictures(material.given), damaged=damaged))
    return to_yuv(serve(pictures), vs.PresetVideoFormat(material.given.format.id))
