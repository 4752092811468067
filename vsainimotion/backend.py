"""Which plugin runs a network, chosen by what is installed and works, and the one function that runs it."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import vapoursynth as vs

from vsainimotion.errors import ArgumentError, InputError, MissingError, UnknownNameError
from vsainimotion.models.card import Card
from vsainimotion.models.catalogue import SHIPPED, locate_network
from vsainimotion.models.runtimes import BACKENDS, Tuning
from vsainimotion.models.tiles import (
    CPU_TILE_PIXELS,
    GPU_TILE_PIXELS,
    Size,
    TilePlan,
    plan_tiles,
)
from vsainimotion.models.tuning import find_tuning
from vsainimotion.native import is_plugin_loaded, signal_stack_kept

if TYPE_CHECKING:
    from vsscale.mlrt.backend.base import Backend


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A backend that was chosen."""

    name: str
    """A name of `BACKENDS`, or `custom` for an object of the caller's."""
    backend: "Backend"
    """The vs-jetpack object; a named one is tuned again for each network."""
    why: str
    """One line for people: what was chosen, and why not the others."""


@functools.cache
def probe_backend(name: str) -> str | None:
    """Tries a backend: its plugin is loaded and, where that is cheap, a tiny network gives the right answer.

    The answer is kept for the life of the process.

    Args:
        name: A name of `BACKENDS`.

    Returns:
        None when it works, otherwise what is wrong, in words.
    """
    row = BACKENDS[name]
    if not is_plugin_loaded(row.namespace):
        return "not installed"
    try:
        if not row.is_tried:
            vs.core.trt.DeviceProperties()
            return None
        clip = vs.core.std.BlankClip(width=16, height=16, format=vs.GRAYS, length=1, color=0.5)
        with signal_stack_kept():
            answer = row.build(Tuning()).inference(clip, SHIPPED / "probe.onnx", (0, 0), (16, 16))
        with answer.get_frame(0) as frame:
            value = float(frame[0][8, 8])
    except vs.Error as error:
        return f"installed but does not work here ({str(error).strip()})"
    return None if value == 0.375 else f"installed but computes wrongly (0.5 * 0.5 + 0.125 gave {value})"


def choose_backend(backend: "str | Backend | None" = "auto") -> Choice:
    """Chooses what runs the networks.

    Args:
        backend: A name of `BACKENDS`; `auto` or None for the first of them that is installed and works; or a vs-jetpack
            `Backend` object, which is taken as it is.

    Returns:
        The choice, with a line that says why.

    Raises:
        UnknownNameError: There is no such backend.
        MissingError: It is not installed or does not work here; the message has the pip line.
        ArgumentError: The argument is neither a name nor a `Backend` object.
    """
    if backend is None or backend == "auto":
        return _choose_first()
    if isinstance(backend, str):
        return _choose_named(backend)
    from vsscale.mlrt.backend.base import Backend

    if not isinstance(backend, Backend):
        raise ArgumentError(
            f"choose_backend: 'backend' must be one of {', '.join(BACKENDS)}, auto, or a vs-jetpack Backend object "
            f"such as Backend.OV_CPU() (got {backend!r})"
        )
    return Choice(name="custom", backend=backend, why=f"{type(backend).__name__}, as the caller asked")


def _choose_first() -> Choice:
    passed_over: list[str] = []
    for row in BACKENDS.values():
        problem = probe_backend(row.name)
        if problem is None:
            why = f"{row.name}: {row.runs_on}; the first that works" + "".join(f"; {text}" for text in passed_over)
            return Choice(name=row.name, backend=row.build(Tuning()), why=why)
        passed_over.append(f"{row.name} {problem}")
    raise MissingError(
        f"choose_backend: nothing that runs networks works here ({'; '.join(passed_over)}). "
        f"Install one with: {BACKENDS['openvino'].pip_line}"
    )


def _choose_named(name: str) -> Choice:
    if name not in BACKENDS:
        raise UnknownNameError(f"choose_backend: there is no backend '{name}'. Backends: auto, {', '.join(BACKENDS)}")
    row = BACKENDS[name]
    if problem := probe_backend(name):
        raise MissingError(
            f"choose_backend: backend '{name}' ({row.runs_on}) is {problem}. What it needs comes with: {row.pip_line}"
        )
    return Choice(name=name, backend=row.build(Tuning()), why=f"{name}: {row.runs_on}, as asked")


@overload
def run_network(
    clips: Sequence[vs.VideoNode],
    card: Card,
    choice: Choice,
    *,
    tilesize: int | Size | None = ...,
    overlap: int | None = ...,
    flexible: Literal[False] = ...,
    tuning: Tuning | None = ...,
) -> vs.VideoNode: ...


@overload
def run_network(
    clips: Sequence[vs.VideoNode],
    card: Card,
    choice: Choice,
    *,
    tilesize: int | Size | None = ...,
    overlap: int | None = ...,
    flexible: Literal[True],
    tuning: Tuning | None = ...,
) -> list[vs.VideoNode]: ...


def run_network(
    clips: Sequence[vs.VideoNode],
    card: Card,
    choice: Choice,
    *,
    tilesize: int | Size | None = None,
    overlap: int | None = None,
    flexible: bool = False,
    tuning: Tuning | None = None,
) -> vs.VideoNode | list[vs.VideoNode]:
    """Runs a network on every frame that is asked for, and on no other.

    The clips are padded by mirroring at the right and at the bottom to what the network takes, cut into tiles if they
    are large, and the result is cropped to the card's scale. Frame properties come from the first clip.

    Args:
        clips: GRAYS or RGBS clips of one size and length whose planes, in order, are the network's input planes.
        card: The network.
        choice: What runs it, from `choose_backend`.
        tilesize: Largest tile in input pixels; None for a size that suits the backend's memory.
        overlap: Input pixels that a tile gives up at each shared side; None for the card's.
        flexible: Whether to return each output plane as a clip of its own.
        tuning: How a named backend runs it; None for what suits this machine (`find_tuning`).

    Returns:
        One clip, GRAYS for one output plane and RGBS for three, or with `flexible` a list of GRAYS clips, one for each
        output plane; `card.scale` times the size, of the clips' length.

    Raises:
        ArgumentError: The clips are not 32-bit float, differ in size or length, or have not the card's planes.
        MissingError: The network's file is missing.
        InputError: The file is not the one on the card, or the backend cannot run it.
    """
    _check_inputs(clips, card)
    network = locate_network(card)
    width, height = clips[0].width, clips[0].height
    row = BACKENDS.get(choice.name)
    pixels = GPU_TILE_PIXELS if row is not None and row.is_gpu else CPU_TILE_PIXELS
    plan = plan_tiles(card, width, height, pixels=pixels, tilesize=tilesize, overlap=overlap)
    padded = [pad_clip(clip, plan.padded) for clip in clips]
    if row is not None and row.wants_half:
        padded = [clip.resize.Point(format=clip.format.replace(bits_per_sample=16).id) for clip in padded]
    try:
        with signal_stack_kept():
            result = _infer(choice, card, network, padded, plan, flexible=flexible, tuning=tuning)
    except vs.Error as error:
        raise InputError(
            f"run_network: {choice.name} cannot run network '{card.name}' ({str(error).strip()})"
        ) from error
    if isinstance(result, vs.VideoNode):
        return _crop(result, card, plan, width, height)
    return [_crop(plane, card, plan, width, height) for plane in result]


def _infer(
    choice: Choice,
    card: Card,
    network: Path,
    clips: Sequence[vs.VideoNode],
    plan: TilePlan,
    *,
    flexible: bool,
    tuning: Tuning | None,
) -> vs.VideoNode | list[vs.VideoNode]:
    """Builds the network's nodes: a named backend is tuned to the network first, a caller's object stays as it is."""
    from vsscale.mlrt.backend.base import Backend

    if choice.name not in BACKENDS:
        return choice.backend.inference(clips, network, plan.overlap, plan.tile, flexible=flexible)
    row = BACKENDS[choice.name]
    backend = row.build(tuning or find_tuning(card, row, plan.tile))
    opened = row.prepare(card, network, plan.tile)
    # The method that all of them inherit: those of OpenVINO and TensorRT look at the properties of frame 0 of the
    # result, to convert formats that are right already here, and so would run the network while the graph is built.
    return Backend.inference(backend, clips, opened, plan.overlap, plan.tile, flexible=flexible)


def _check_inputs(clips: Sequence[vs.VideoNode], card: Card) -> None:
    shapes = {(clip.width, clip.height, clip.num_frames) for clip in clips}
    formats = {clip.format.id for clip in clips}
    planes = sum(clip.format.num_planes for clip in clips)
    if len(shapes) != 1 or not formats <= {vs.GRAYS, vs.RGBS} or planes != card.planes:
        found = ", ".join(f"{clip.width}x{clip.height} {clip.format.name}" for clip in clips)
        raise ArgumentError(
            f"run_network: 'clips' must be GRAYS or RGBS, of one size and length, with {card.planes} planes in all for "
            f"network '{card.name}' (got {found or 'none'})"
        )


def pad_clip(clip: vs.VideoNode, size: Size) -> vs.VideoNode:
    """Adds mirrored columns at the right and mirrored rows at the bottom up to a size, width and height in pixels."""
    if size == (clip.width, clip.height):
        return clip
    # A source window that is larger than the picture is filled by mirroring.
    return clip.resize.Point(width=size[0], height=size[1], src_width=size[0], src_height=size[1])


def _crop(clip: vs.VideoNode, card: Card, plan: TilePlan, width: int, height: int) -> vs.VideoNode:
    wanted = (plan.padded[0] * card.scale, plan.padded[1] * card.scale)
    if (clip.width, clip.height) != wanted:
        raise InputError(
            f"run_network: network '{card.name}' made {clip.width}x{clip.height} of {plan.padded[0]}x{plan.padded[1]}, "
            f"where its card says scale {card.scale}. Correct the card"
        )
    if clip.format.bits_per_sample != 32:
        clip = clip.resize.Point(format=clip.format.replace(bits_per_sample=32).id)
    if plan.padded == (width, height):
        return clip
    return clip.std.CropAbs(width=width * card.scale, height=height * card.scale)


def check_network(card: Card, choice: Choice) -> None:
    """Runs a network on one small black frame and checks what comes back.

    Args:
        card: The network.
        choice: What runs it.

    Raises:
        MissingError: The network's file is missing.
        InputError: The network does not run, or its planes or its scale are not those on the card.
    """
    width, height = (max(64, side) for side in card.size_minimum)
    clip = vs.core.std.BlankClip(width=width, height=height, format=vs.GRAYS, length=1)
    planes = run_network([clip] * card.planes, card, choice, flexible=True)
    if len(planes) != card.outputs:
        raise InputError(
            f"check_network: network '{card.name}' returns {len(planes)} planes, where a {card.kind} network has "
            f"{card.outputs}"
        )
    try:
        for plane in planes:
            plane.get_frame(0).close()
    except vs.Error as error:
        raise InputError(f"check_network: network '{card.name}' does not run ({str(error).strip()})") from error
