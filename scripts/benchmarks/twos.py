"""What a film on twos costs: 24 to 48 frames a second, and 1080p to 1440p, for each frame of the film.

The film is drawn by our own generator: a figure acts on twos, a picture is held, a camera pans on ones, a mouth moves
on twos. It goes through x264 as a release does, so that a drawing shown again is not bit-identical.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import vapoursynth as vs

from scripts import rife_shaped
from scripts.benchmarks.cases import pipe, serve, to_yuv
from scripts.benchmarks.cells import digest_code, key
from scripts.benchmarks.turns import Command, Row, drain, run_program
from vsainimotion.enhance import OFF, enhance
from vsainimotion.gate import gate
from vsainimotion.media.ffmpeg import find_ffmpeg
from vsainimotion.media.source import source
from vsainimotion.upscale import upscale

core = vs.core

SIZE = (1920, 1080)
SEED = 2_100_000_000
"""No training draws from here."""
REAL_TIME_FPS = 24
FILM_FRAMES = 72
_X264 = ("-c:v", "libx264", "-preset", "medium", "-tune", "animation", "-crf", "16")
"""Our encoder's defaults."""


def draw_film(size: tuple[int, int]) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Draws the film: 24 frames on twos, 12 held, 12 of a pan on ones, 24 on twos."""
    from export.cels.happenings import face, pan  # skia is of the extra `export`
    from export.cels.staging import drawings_of, repeat, scene, still

    rng = np.random.default_rng(SEED)
    acted = repeat(drawings_of(scene(rng), size, 12), 2)
    held = [still(rng, size)] * 12
    panned = [*pan(rng, size).frames] * 2
    spoken = [*face(rng, size).frames] * 3
    return [*acted, *held, *panned[:12], *spoken[:24]]


def save_film(folder: Path) -> Path:
    """Draws and codes the film, the first time; returns its path."""
    inputs = {"film": digest_code("export.cels.happenings"), "seed": SEED, "size": SIZE, "version": 1}
    path = folder / f"twos-{key(inputs)[:16]}.mkv"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.mkv")
        coding = ["-c:v", "libx264", "-preset", "medium", "-tune", "animation", "-crf", "18"]
        command: Command = [find_ffmpeg(), "-v", "error", "-y", "-f", "yuv4mpegpipe", "-i", "-", *coding, unfinished]
        pipe(to_yuv(serve(np.stack(draw_film(SIZE))), vs.YUV420P8), command)
        unfinished.replace(path)
    return path


def keep_frames(clip: vs.VideoNode) -> vs.VideoNode:
    """Decodes a short clip and serves it from memory, over and over."""
    kept = clip.std.SetFrameProps(Kept=1)
    kept.std.SetVideoCache(mode=1, fixedsize=1, maxsize=clip.num_frames + 8)
    return kept.std.Loop(200)


def film_rows(name: str, clip: vs.VideoNode, made: vs.VideoNode, folder: Path) -> Iterator[Row]:
    """Our ways with a film, and what they are compared with.

    Args:
        name: The film's name, for the headings.
        clip: Its frames, 1080p at 24 fps.
        made: Middle frames of the full-frame peer, one for each frame of the film.
        folder: Where frames for the encoder are kept.
    """
    kept, count = keep_frames(clip), clip.num_frames
    doubled = f"1080p 24 to 48 frames a second, {name}: for each frame of the film"
    larger = f"1080p to 1440p with luma-fast, {name}: for each frame of the film"
    fast = enhance(kept, preset="fast", upscaler=OFF)

    def row(title: str, group: str, frames: int, node: vs.VideoNode, times: int = 1, *, ours: bool = False) -> Row:
        needed = REAL_TIME_FPS if group == doubled else None
        measure = drain(node, frames * times)
        return Row(name=title, group=group, frames=frames, measure=measure, is_ours=ours, real_time_fps=needed)

    yield row("ours: preset fast, gate included", doubled, count, fast, 2, ours=True)
    yield row(f"{rife_shaped.NAME}, every frame", doubled, 2, made)
    picture = save_frames(fast[: 2 * count], folder / f"twos-{key({'name': name})[:8]}.y4m")
    read: Command = [find_ffmpeg(), "-v", "error", "-i", picture]
    null: Command = ["-f", "null", "-"]
    encode = run_program([*read, *_X264, *null], less=[*read, *null])
    yield Row(name="encode (x264 with our defaults)", group=doubled, frames=count, measure=encode)
    judged = gate(kept)
    yield row("luma-fast, each drawing once", larger, count, upscale(judged, height=1440), ours=True)
    yield row("luma-fast, every frame", larger, 4, upscale(judged, height=1440, reuse=False))


def save_frames(clip: vs.VideoNode, path: Path) -> Path:
    """Writes uncompressed frames for an encoder to read."""
    with path.open("wb") as file:
        clip.output(file, y4m=True)
    return path


def open_film(folder: Path) -> vs.VideoNode:
    """Opens the drawn film."""
    return source(save_film(folder))
