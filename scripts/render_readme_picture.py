"""Renders the picture on the README from the example clip, with the filters as they are.

    scripts/in-venv core python scripts/render_readme_picture.py

Above, a frame that was made, between the two drawings that it was made from. Below, lines before and after: enlarged
as a player does, and redrawn.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import vapoursynth as vs

import vsainimotion
from vsainimotion.media.ffmpeg import find_ffmpeg

core = vs.core

ROOT = Path(__file__).resolve().parent.parent
CLIP = ROOT / "examples" / "clip.mkv"
FONT = ROOT / "examples" / "fonts" / "Nunito-Bold.ttf"
PICTURE = ROOT / "docs" / "before-after.webp"

HEIGHT, GAP = 330, 8
THIRD, HALF = 400, 604
"""Widths of the panels above and below; both rows are as wide with the gaps between."""
MOVING_FRAME, MOVING_PLACE = 23, (562, 424)
"""The drawing before the frame that was made, and the left upper corner of what is shown of it, at 720 lines."""
STILL_FRAME, STILL_PLACE = 72, (396, 312)
"""The drawing that shows lines, and its corner."""

WHITE = [235, 128, 128]
type Size = tuple[int, int]


def cut_out(clip: vs.VideoNode, frame: int, place: Size, width: int) -> vs.VideoNode:
    """Cuts a panel of one frame out of a clip; the place is given at the source's size, half the clip's."""
    return clip[frame].std.CropAbs(width, HEIGHT, 2 * place[0], 2 * place[1])


def stack_row(panels: list[vs.VideoNode]) -> vs.VideoNode:
    """Puts panels side by side with gaps between."""
    return core.std.StackHorizontal([panels[0], *(panel.std.AddBorders(left=GAP, color=WHITE) for panel in panels[1:])])


def build_picture() -> vs.VideoNode:
    """Builds the picture: three panels of motion above two of lines, YUV 4:4:4."""
    source = vsainimotion.source(CLIP, format="YUV444P8")
    enhanced = vsainimotion.enhance(source, preset="anime-clean", height=2 * source.height)
    plain = source.resize.Bilinear(enhanced.width, enhanced.height)
    above = stack_row([cut_out(enhanced, 2 * MOVING_FRAME + k, MOVING_PLACE, THIRD) for k in range(3)])
    below = stack_row(
        [cut_out(plain, STILL_FRAME, STILL_PLACE, HALF), cut_out(enhanced, 2 * STILL_FRAME, STILL_PLACE, HALF)]
    )
    return core.std.StackVertical([above, below.std.AddBorders(top=GAP, color=WHITE)])


def captions() -> str:
    """Writes ffmpeg's filters that put a caption into each panel."""
    upper, lower = HEIGHT - 32, 2 * HEIGHT + GAP - 32
    texts = [
        ("a drawing", 0, upper),
        ("a frame made by vsainimotion", THIRD + GAP, upper),
        ("the next drawing", 2 * (THIRD + GAP), upper),
        ("720p enlarged by a player", 0, lower),
        ("720p to 1440p by vsainimotion", HALF + GAP, lower),
    ]
    style = f"fontfile='{FONT}':fontsize=20:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=6"
    return ",".join(f"drawtext={style}:text='{text}':x={x + 12}:y={y}" for text, x, y in texts)


def main() -> int:
    """Renders and writes the picture."""
    picture = build_picture()
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder, "picture.y4m")
        with frames.open("wb") as file:
            picture.output(file, y4m=True)
        command = [str(find_ffmpeg()), "-v", "error", "-y", "-i", str(frames), "-vf", captions()]
        subprocess.run([*command, "-c:v", "libwebp", "-quality", "92", str(PICTURE)], check=True)
    print(f"wrote {PICTURE.relative_to(ROOT)}: {picture.width}x{picture.height}, {PICTURE.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
