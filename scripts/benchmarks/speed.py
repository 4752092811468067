"""What `benchmark.py speed` measures: each stage of the main job, and the tools it is compared with.

Filters are fed from frames in memory, so that each row pays for its own work and decoding is a row of its own.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import vapoursynth as vs

from scripts import rife_shaped
from scripts.benchmarks import twos
from scripts.benchmarks.cells import ROOT
from scripts.benchmarks.turns import Command, Row, drain, run_program
from vsainimotion.backend import choose_backend
from vsainimotion.gate import gate
from vsainimotion.interpolate import interpolate
from vsainimotion.media.ffmpeg import find_ffmpeg
from vsainimotion.media.source import source
from vsainimotion.models import Card, list_cards
from vsainimotion.models.runtimes import BACKENDS, Tuning
from vsainimotion.motion import analysis_copy, estimate_motion
from vsainimotion.native import signal_stack_kept
from vsainimotion.rgb import from_rgb, to_rgb
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.upscale import upscale
from vsainimotion.warp import Flow, warp_blend

core = vs.core

BUILD = ROOT / "build" / "benchmark"
FILM = ROOT.parent / "shared" / "clips" / "bbb_1080p60_10s.mp4"
"""Rendered at 60 frames a second; every other frame is taken, between the cut at 21 and frame 200, where it moves."""
FIRST_FRAME = 30
HELD_FRAMES = 24
FILM_FRAMES = 120
SIZE = (1920, 1080)


STAGES = "Stages of the main job, 1920x1080 YUV 4:2:0 8 bit"
MIDDLE = "One middle frame between two, 1920x1080"
LARGER = "One frame from 1920x1080 to 2560x1440"
WHOLE = "The whole command, 1920x1080 at 24 fps to 48 fps, for each frame written"


def hold_frames(path: Path) -> vs.VideoNode:
    """Decodes some frames of a film at half its rate and serves them from memory, over and over.

    Args:
        path: The film; brought to 1080p YUV 4:2:0 8 bit if it is not.

    Returns:
        A clip of many frames at 24 fps.
    """
    clip = source(path)
    step = 2 if clip.fps > 40 else 1
    clip = clip[min(FIRST_FRAME, clip.num_frames - 1) :: step][:HELD_FRAMES]
    clip = clip.resize.Spline36(*SIZE, format=vs.YUV420P8)
    frames = [frame.copy() for frame in clip.frames()]
    # There and back again, so that no interval of the loop is a cut.
    order = [*frames, *frames[-2:0:-1]]
    blank = core.std.BlankClip(clip, length=100_000, keep=True, fpsnum=24, fpsden=1)
    return blank.std.ModifyFrame(blank, lambda n, f: order[n % len(order)])  # noqa: ARG005 - VapourSynth names them


def middles(clip: vs.VideoNode) -> vs.VideoNode:
    """Keeps the frames that were made, of a clip at twice its rate."""
    return clip.std.SelectEvery(2, [1])


def plan_rows(film: Path) -> Iterator[Row]:
    """Builds every row; the graphs are built, nothing is rendered yet."""
    held = hold_frames(film)
    cards = {card.kind: card for card in reversed(list_cards())}
    yield from stage_rows(film, held, cards.get("flow"), cards.get("luma"))
    yield from middle_rows(held, cards.get("flow"))
    yield from larger_rows(held, cards.get("luma"))
    yield from whole_rows(film)
    yield from twos_rows(held)


def twos_rows(held: vs.VideoNode) -> Iterator[Row]:
    """A film on twos, drawn by our generator, and another film with each frame shown twice."""
    drawn, made = twos.open_film(BUILD), rife_shaped_clip(held)
    yield from twos.film_rows("drawn film", drawn, made, BUILD)
    yield Row(
        name="decode (BestSource)",
        group="Decoding the drawn film, 1080p",
        frames=twos.FILM_FRAMES,
        measure=drain(drawn.std.Loop(50), twos.FILM_FRAMES),
    )
    shown = held[:HELD_FRAMES]
    twice = core.std.Interleave([shown, shown]).std.AssumeFPS(fpsnum=24, fpsden=1)
    yield from twos.film_rows("Big Buck Bunny, each frame twice", twice, made, BUILD)


def stage_rows(film: Path, held: vs.VideoNode, flow: Card | None, luma: Card | None) -> Iterator[Row]:
    """Decode, gate, network, warp, upscale and encode, each alone."""
    opened = source(film)
    yield Row(name="decode (BestSource)", group=STAGES, frames=48, measure=drain(opened.std.Loop(50), 48))
    yield Row(name="gate", group=STAGES, frames=48, measure=drain(gate(held), 48))
    if flow is not None:
        before, after = held.akarin.PropExpr(lambda: {TIMESTEP_PROPERTY: 0.5}), held[1:] + held[-1]
        small = (analysis_copy(before, flow), analysis_copy(after, flow))
        motion = estimate_motion(*small, flow, choose_backend())
        planes = core.akarin.Expr([motion.flow.x, motion.flow.y, motion.flow.mask], "x y + z +")
        name = f"network ({flow.name}, {planes.width}x{planes.height} copy included)"
        yield Row(name=name, group=STAGES, frames=24, measure=drain(planes, 24))
        for kernel in ("bilinear", "catmull-rom"):
            warped = warp_blend(before, after, swirl(planes.width, planes.height, len(held)), kernel=kernel)
            yield Row(name=f"warp and blend ({kernel})", group=STAGES, frames=24, measure=drain(warped, 24))
    if luma is not None:
        larger = upscale(held, height=1440, model=luma.name)
        yield Row(name=f"upscale ({luma.name}, to 1440p)", group=STAGES, frames=4, measure=drain(larger, 4))
    ffmpeg, picture = find_ffmpeg(), save_picture(held, 48)
    read: Command = [ffmpeg, "-v", "error", "-i", picture]
    encode: Command = [
        *read,
        "-c:v",
        "libx264",
        "-preset",
        "medium",
        "-tune",
        "animation",
        "-crf",
        "16",
        "-f",
        "null",
        "-",
    ]
    nothing: Command = [*read, "-f", "null", "-"]
    yield Row(
        name="encode (x264 with our defaults)", group=STAGES, frames=48, measure=run_program(encode, less=nothing)
    )


def swirl(width: int, height: int, length: int) -> Flow:
    """A flow that differs from pixel to pixel, up to two pixels of its grid, as motion in film does."""
    blank = core.std.BlankClip(format=vs.GRAYS, width=width, height=height, length=length, keep=True)

    def plane(expression: str) -> vs.VideoNode:
        return blank.akarin.Expr(expression)

    return Flow(
        x=plane("X 9 / sin Y 7 / cos * 4 *"),
        y=plane("X 9 / sin Y 7 / cos * -4 *"),
        mask=plane("X Y + 5 / sin 2 / 0.5 +"),
    )


def middle_rows(held: vs.VideoNode, flow: Card | None) -> Iterator[Row]:
    """Our ways to a middle frame and the tools that people use today."""
    if flow is not None:
        ours = middles(interpolate(held, multi=2, model=flow.name))
        yield Row(
            name=f"ours: {flow.name}, gate included", group=MIDDLE, frames=24, measure=drain(ours, 24), is_ours=True
        )
    ours = middles(interpolate(held, multi=2, model="mvtools"))
    yield Row(
        name="ours: mvtools, gate included", group=MIDDLE, frames=12, measure=drain(ours, 12), is_ours=flow is None
    )
    for pel in (1, 2, 4):
        clip = middles(flow_fps(held, pel))
        yield Row(name=f"mvtools FlowFPS, pel {pel}", group=MIDDLE, frames=12, measure=drain(clip, 12))
    ffmpeg, picture = find_ffmpeg(), save_picture(held, 12)
    read: Command = [ffmpeg, "-v", "error", "-i", picture]
    command: Command = [*read, "-vf", "minterpolate=fps=48:mi_mode=mci:mc_mode=obmc", "-f", "null", "-"]
    yield Row(
        name="ffmpeg minterpolate, mci obmc",
        group=MIDDLE,
        frames=11,
        measure=run_program(command, less=[*read, "-f", "null", "-"]),
    )
    yield Row(name=f"{rife_shaped.NAME}, full frame", group=MIDDLE, frames=2, measure=drain(rife_shaped_clip(held), 2))


def flow_fps(clip: vs.VideoNode, pel: int) -> vs.VideoNode:
    """Doubles a clip's rate as scripts with mvtools do, with its usual settings."""
    blocks = clip.mv.Super(pel=pel)
    back, forth = (blocks.mv.Analyse(isb=isb, blksize=16, overlap=8) for isb in (True, False))
    return clip.mv.FlowFPS(blocks, back, forth, num=48, den=1)


def rife_shaped_clip(clip: vs.VideoNode) -> vs.VideoNode:
    """Middle frames by the full-frame peer, wired as users of such networks wire it: RGB, padded, back to YUV."""
    multiple = rife_shaped.MULTIPLE_PX
    width, height = (-(-length // multiple) * multiple for length in (clip.width, clip.height))
    network = rife_shaped.save_network(width, height, BUILD)
    rgb = to_rgb(clip).resize.Point(width, height, src_width=width, src_height=height)
    half = core.std.BlankClip(rgb, format=vs.GRAYS, color=0.5, keep=True)
    # The same backend with the same settings as ours, bfloat16 included where the CPU has it.
    backend = BACKENDS["openvino"].build(Tuning(bfloat16=True, num_streams=1))
    with signal_stack_kept():
        made = backend.inference([rgb, rgb[1:] + rgb[-1], half], network, (0, 0), (width, height))
    if not isinstance(made, vs.VideoNode):
        raise TypeError("the network's node returned planes where a frame was asked for")
    return from_rgb(made.std.CropAbs(clip.width, clip.height), clip)


def larger_rows(held: vs.VideoNode, luma: Card | None) -> Iterator[Row]:
    """Our upscaler and the kernel that costs next to nothing."""
    if luma is not None:
        clip = upscale(held, height=1440, model=luma.name)
        yield Row(name=f"ours: {luma.name}", group=LARGER, frames=4, measure=drain(clip, 4), is_ours=True)
    clip = held.resize.Spline36(2560, 1440)
    yield Row(name="resize.Spline36", group=LARGER, frames=24, measure=drain(clip, 24), is_ours=luma is None)


def whole_rows(film: Path) -> Iterator[Row]:
    """The command line on a film of five seconds, start-up and all, against ffmpeg alone with the same settings."""
    short = save_film(film)
    output = BUILD / "whole.mkv"
    program: Command = [
        Path(sys.executable).with_name("ainimotion"),
        "enhance",
        short,
        "--out",
        output,
        "--overwrite",
        "--quiet",
    ]
    frames = FILM_FRAMES
    rows = {
        "enhance, 48 fps": (["--fps", "48", "--upscaler", "off"], frames * 2),
        "enhance, nothing but the encoder": (["--interpolator", "off", "--upscaler", "off"], frames),
    }
    for name, (options, count) in rows.items():
        yield Row(
            name=name, group=WHOLE, frames=count, measure=run_program([*program, *options]), is_ours=count > frames
        )
    alone: Command = [find_ffmpeg(), "-v", "error", "-y", "-i", short, "-c:v", "libx264", "-preset", "medium"]
    alone += ["-tune", "animation", "-crf", "16", output]
    yield Row(name="ffmpeg alone, same encoder settings", group=WHOLE, frames=frames, measure=run_program(alone))


def save_picture(clip: vs.VideoNode, frames: int) -> Path:
    """Writes uncompressed frames, so that programs read them at no cost worth speaking of."""
    path = BUILD / f"picture-{frames}.y4m"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        clip[:frames].output(file, y4m=True)
    return path


def save_film(film: Path) -> Path:
    """Writes five seconds of 1080p at 24 fps in H.264, as a film that enhance can open."""
    path = BUILD / f"whole-{film.stem}.mkv"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = save_picture(hold_frames(film), FILM_FRAMES)
    encode = [find_ffmpeg(), "-v", "error", "-y", "-i", picture, "-c:v", "libx264", "-crf", "12", path]
    subprocess.run([str(part) for part in encode], check=True)
    return path
