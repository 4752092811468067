"""Render examples/clip.mkv: five seconds of animation with sound, styled subtitles, a font and chapters.

    python scripts/render_example.py [--still 30 still.png]

The same program gives the same file with the same encoder. Beside the film it writes examples/clip.intervals.json, the
class of each interval, which the gate is tested with: motion, hold, cut or fade; interval n is from frame n to n+1.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import imageio_ffmpeg
import numpy as np
import skia
from numpy.typing import NDArray

from export.cels.character import Acting, Looks, person
from export.cels.render import render
from export.cels.rig import Joint, Keys, Motion, Sway, Vector, parameters
from export.cels.scene import Piece, Scene, Sketch
from export.cels.scenery import cumulus, fence, grove, meadow, mountains, poles, sky, town

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1280, 720
RATE = "24000/1001"
#: Frames of the whole clip, and the first of its second shot.
FRAMES, SECOND_SHOT = 120, 60
#: Frames that the fade from black and the fade to black take.
FADE_IN, FADE_OUT = 8, 10
FONT = ROOT / "examples" / "fonts" / "Nunito-Bold.ttf"
SEED = 5

type Pixels = NDArray[np.uint8]

SUBTITLES = """[Script Info]
Title: vsainimotion example
ScriptType: v4.00+
PlayResX: 1280
PlayResY: 720
ScaledBorderAndShadow: yes
YCbCr Matrix: TV.709

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Speech,Nunito,48,&H00FFFFFF,&H000000FF,&H00402A1E,&H80000000,-1,0,0,0,100,100,0,0,1,3,1.5,2,60,60,36,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.60,0:00:02.40,Speech,Hikari,0,0,0,,{\\fad(150,150)}The clouds look close enough to touch.
Dialogue: 0,0:00:02.54,0:00:04.55,Speech,Hikari,0,0,0,,{\\fad(80,200)}Every drawing... {\\i1}in its own time.{\\i0}
"""

CHAPTERS = """;FFMETADATA1
title=vsainimotion example
artist=vsainimotion
comment=Rendered by scripts/render_example.py
[CHAPTER]
TIMEBASE=1001/24000
START=0
END=60
title=On the hill
[CHAPTER]
TIMEBASE=1001/24000
START=60
END=120
title=Close up
"""


def _place(x: float, y: float, pan: Motion, depth: float) -> Joint:
    """Return a joint at (x, y) that passes under the camera at a share of its speed."""

    def motion(frame: float) -> Vector:
        return parameters(x, y) + depth * pan(frame)

    return Joint(motion=motion)


def _steps(values: dict[int, float], **scale: float) -> Motion:
    """Return a motion that jumps to each value at its frame; `scale` names the parameter."""
    (name, factor), *_ = scale.items()

    def motion(frame: float) -> Vector:
        past = [value for start, value in values.items() if start <= frame]
        return parameters(**{name: factor * (past[-1] if past else 0.0)})

    return motion


def _sign() -> Piece:
    """Letter the fixed caption in the corner of the first shot."""
    sketch = Sketch()
    typeface = skia.Typeface.MakeFromFile(str(FONT))
    for text, size, line in (("HILLTOP ROAD", 40, 84), ("first day of summer", 27, 122)):
        font, pen = skia.Font(typeface, size), skia.Paint(AntiAlias=True, Color=0xFF1D3557)
        pen.setStyle(skia.Paint.kStroke_Style)
        pen.setStrokeWidth(6)
        pen.setStrokeJoin(skia.Paint.kRound_Join)
        sketch.canvas.drawString(text, 64, line, font, pen)
        sketch.canvas.drawString(text, 64, line, font, skia.Paint(AntiAlias=True, Color=0xFFFFFFFF))
    return sketch.piece(Joint(), None)


#: The girl of both shots.
HIKARI = Looks(line_width=0.03, hair_length=1.7)


def first_shot() -> Scene:
    """A girl on a hill above a town: the camera pans on ones, she moves on twos."""
    rng = np.random.default_rng(SEED)
    pan = Keys(frames=(0, SECOND_SHOT), poses=(parameters(110), parameters(-110)), eased=False)
    middle = WIDTH / 2
    ground = [
        sky(Joint(), WIDTH, HEIGHT),
        cumulus(rng, _place(0, 0, pan, 0.12), 250, 430, 560),
        cumulus(rng, _place(0, 0, pan, 0.16), 1000, 425, 700),
        cumulus(rng, _place(0, 0, pan, 0.2), 640, 440, 300),
        mountains(rng, _place(middle, 0, pan, 0.35), 2600, 450, 120, (0xFF6E93C4, 0xFFBBD8EA)),
        mountains(rng, _place(middle, 0, pan, 0.45), 2600, 490, 70, (0xFF5E9A9A, 0xFF9CCBB8)),
        town(rng, _place(middle, 0, pan, 0.6), 2600, 500, 74),
        grove(rng, _place(middle, 0, pan, 0.75), 2600, 600, 52, (0xFF2C6A4E, 0xFF4A9355, 0xFF86C062)),
        poles(_place(middle, 0, pan, 0.85), 1100, 620, 430),
        meadow(rng, _place(middle, 0, pan, 1.0), 2600, 610, 150),
        fence(_place(middle, 0, pan, 1.1), 2600, 662, 70),
    ]
    speech = {0: 1, 15: 0, 18: 0.8, 21: 0.2, 24: 0.9, 30: 0.4, 33: 0, 36: 0.7, 42: 1, 45: 0.3, 51: 1}
    waving = Sway(rest=parameters(angle=-2.0), swing=parameters(angle=0.28), period_frames=16)
    raised = Sway(rest=parameters(angle=-0.35), swing=parameters(angle=0.05), period_frames=30)
    acting = Acting(
        head=Sway(swing=parameters(angle=0.05, x=0.03), period_frames=40, phase=0.1),
        wind=Sway(rest=parameters(angle=0.05), swing=parameters(angle=0.07, shear=0.05), period_frames=22),
        gaze=Sway(rest=parameters(0.03, -0.02)),
        mouth=_steps(speech, log_height=-1.7),
        blink=_steps({0: 0, 28: 1, 32: 0}, log_height=-1.8),
        arms=(Sway(rest=parameters(angle=0.12)), raised),
        forearms=(Sway(rest=parameters(angle=0.1)), waving),
        every=2, mouth_every=3,
    )  # fmt: skip
    carrier = _place(455, 505, pan, 1.1)
    scale = Joint(motion=Sway(rest=parameters(log_width=math.log(98), log_height=math.log(98))), parent=carrier)
    return Scene(width=WIDTH, height=HEIGHT, pieces=[*ground, *person(HIKARI, acting, scale), _sign()])


def second_shot() -> Scene:
    """Her face, held: only the mouth moves, on threes, and once she blinks."""
    rng = np.random.default_rng(SEED + 1)
    still = Joint()
    ground = [
        sky(still, WIDTH, HEIGHT * 1.6),
        cumulus(rng, still, 1090, 690, 760),
        cumulus(rng, still, 120, 700, 620),
        grove(rng, Joint(motion=Sway(rest=parameters(WIDTH / 2))), 2600, 700, 90, (0xFF2C6A4E, 0xFF4A9355, 0xFF86C062)),
    ]
    speech = {60: 1.0, 66: 0.15, 69: 0.6, 72: 0.05, 75: 0.8, 78: 1.0, 90: 0.2, 93: 0.7, 96: 0.0, 99: 0.5, 102: 1.0}
    acting = Acting(
        wind=Sway(rest=parameters(angle=0.06, shear=0.04)),
        head=Sway(rest=parameters(angle=0.05)),
        mouth=_steps(speech, log_height=-1.7),
        blink=_steps({60: 0.0, 84: 0.6, 86: 1.4, 88: 0.0}, log_height=-1.5),
        every=2, mouth_every=3,
    )  # fmt: skip
    size = math.log(255)
    pose = parameters(560, 860, log_width=size, log_height=size)
    return Scene(width=WIDTH, height=HEIGHT, pieces=[*ground, *person(HIKARI, acting, Joint(motion=Sway(rest=pose)))])


def brightness(frame: int) -> float:
    """Return how far a frame is faded up from black, 0 to 1."""
    return min(1.0, frame / FADE_IN, (FRAMES - frame) / FADE_OUT if frame > FRAMES - FADE_OUT else 1.0)


def _moves(scene: Scene, frame: int) -> bool:
    """Tell whether any piece is elsewhere in the next frame."""
    return any(not np.array_equal(piece.joint.matrix(frame), piece.joint.matrix(frame + 1)) for piece in scene.pieces)


def intervals() -> list[str]:
    """Return the class of each interval: fade where the light changes, else cut, motion or hold."""
    shots = first_shot(), second_shot()
    classes = []
    for frame in range(FRAMES - 1):
        if brightness(frame) != brightness(frame + 1):
            classes.append("fade")
        elif frame + 1 == SECOND_SHOT:
            classes.append("cut")
        else:
            classes.append("motion" if _moves(shots[frame >= SECOND_SHOT], frame) else "hold")
    return classes


def pictures() -> Iterator[Pixels]:
    """Yield the frames, (720, 1280, 3) RGB; a held drawing is rendered once."""
    shots = first_shot(), second_shot()
    picture: Pixels | None = None
    for frame in range(FRAMES):
        scene = shots[frame >= SECOND_SHOT]
        if picture is None or frame == SECOND_SHOT or _moves(scene, frame - 1):
            picture = render(scene, frame, 0.0, (WIDTH, HEIGHT))
        level = brightness(frame)
        yield picture if level == 1.0 else np.rint(picture * level).astype(np.uint8)


def sound(rate: int = 48_000) -> NDArray[np.int16]:
    """Compose a music box over a light wind, stereo, as long as the film, (samples, 2)."""
    length = round(FRAMES * 1001 / 24000 * rate)
    time = np.arange(length) / rate
    mix = np.zeros((length, 2))
    melody = (
        (0.35, 76, 0.3),
        (0.7, 79, 0.6),
        (1.05, 83, 0.5),
        (1.4, 81, 0.4),
        (2.1, 79, 0.7),
        (2.5, 72, 0.5),
        (2.85, 76, 0.3),
        (3.2, 79, 0.6),
        (3.9, 84, 0.5),
    )
    for start, note, side in melody:
        frequency, since = 440 * 2 ** ((note - 69) / 12), np.clip(time - start, 0, None)
        tone = sum(
            np.sin(2 * np.pi * frequency * part * since) * weight * np.exp(-since * 3 * part)
            for part, weight in ((1, 1.0), (2, 0.35), (4.02, 0.12))
        )
        mix += 0.13 * np.asarray(tone)[:, None] * (time >= start)[:, None] * np.array([1 - side, side])
    wind = np.random.default_rng(SEED).normal(0, 1, (length, 2))
    wind = np.stack([np.convolve(wind[:, side], np.hanning(96) / 48, mode="same") for side in (0, 1)], axis=1)
    mix += wind * 0.02 * (1 + 0.6 * np.sin(2 * np.pi * 0.35 * time))[:, None]
    edge = np.minimum(1, np.minimum(time / 0.2, (time[-1] - time) / 0.4))[:, None]
    return np.asarray(np.rint(np.clip(mix * edge, -1, 1) * 32767), dtype=np.int16)


def _write_parts(folder: Path) -> None:
    (folder / "subtitles.ass").write_text(SUBTITLES)
    (folder / "chapters.txt").write_text(CHAPTERS)
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(sound().tobytes())


def _command(folder: Path, out: Path) -> list[str]:
    tags = ["-metadata:s:v:0", "title=Picture", "-metadata:s:a:0", "language=jpn", "-metadata:s:a:0", "title=Music box"]
    tags += ["-metadata:s:s:0", "language=eng", "-metadata:s:s:0", "title=English"]
    colour = (
        "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p,"
        "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
    )
    return [
        imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", RATE, "-i", "-",
        "-i", str(folder / "sound.wav"), "-i", str(folder / "subtitles.ass"), "-i", str(folder / "chapters.txt"),
        "-map", "0:v", "-map", "1:a", "-map", "2:s", "-map_metadata", "3", "-map_chapters", "3",
        "-vf", colour, "-c:v", "libx264", "-preset", "slow", "-tune", "animation", "-crf", "17", "-g", "48",
        "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv",
        "-c:a", "aac", "-b:a", "96k", "-c:s", "copy",
        "-attach", str(FONT), "-metadata:s:t:0", "mimetype=application/x-truetype-font", *tags,
        "-disposition:v:0", "default", "-disposition:a:0", "default", "-disposition:s:0", "default",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", str(out),
    ]  # fmt: skip


def write_clip(out: Path) -> None:
    """Render, encode and mux the clip; the file appears only when it is whole."""
    unfinished = out.with_name(f"unfinished-{out.name}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_parts(folder)
        encoder = subprocess.Popen(_command(folder, unfinished), stdin=subprocess.PIPE)
        if encoder.stdin is None:
            raise RuntimeError("write_clip: the encoder takes no input")
        for picture in pictures():
            encoder.stdin.write(picture.tobytes())
        encoder.stdin.close()
        if encoder.wait():
            unfinished.unlink(missing_ok=True)
            raise RuntimeError(f"write_clip: ffmpeg ended with {encoder.returncode}. Its message is above.")
    unfinished.rename(out)


def main() -> None:
    """Read the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "examples" / "clip.mkv")
    parser.add_argument("--still", nargs=2, metavar=("FRAME", "PNG"), help="write one frame instead")
    options = parser.parse_args()
    if options.still:
        frame = int(options.still[0])
        scene = second_shot() if frame >= SECOND_SHOT else first_shot()
        cv2.imwrite(options.still[1], render(scene, frame, 0.0, (WIDTH, HEIGHT))[..., ::-1])
        return
    write_clip(options.out)
    table = json.dumps({"rate": RATE, "intervals": intervals()}) + "\n"
    options.out.with_suffix(".intervals.json").write_text(table)
    print(f"{options.out}: {options.out.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
