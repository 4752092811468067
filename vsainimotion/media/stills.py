"""Single frames of a script as pictures: JPEG thumbnails for reports, PNG at full size for a look at the lines."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import av
import av.video

from vsainimotion.media.vspipe import SCRIPT_NAME, child_environment, pipe_command, read_error

type Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One kind of picture file, and how vspipe and libav come to it."""

    suffix: str
    codec: str
    """libav's encoder."""
    convert: str
    """VapourSynth's arguments from RGBS to the format that is handed over."""
    container: str
    """What vspipe hands it over in."""
    pixels: str
    """libav's name of what the encoder takes."""
    options: Mapping[str, str]


JPEG = Picture(
    suffix=".jpg",
    codec="mjpeg",
    convert="format=_vs.YUV420P8, matrix=_vs.MATRIX_BT470_BG, range=_vs.RANGE_FULL",
    container="y4m",
    pixels="yuvj420p",
    options=MappingProxyType({"qmin": "5", "qmax": "5"}),
)
"""JFIF's own matrix and range; a quality at which a thumbnail of 192x108 has 3 to 8 KB."""

PNG = Picture(
    suffix=".png",
    codec="png",
    convert="format=_vs.RGB24 if _clip.format.bits_per_sample == 8 else _vs.RGB48, dither_type='error_diffusion'",
    container="mkv",
    pixels="rgb24",
    options=MappingProxyType({"compression_level": "6"}),
)
"""8 bit from 8-bit film, else 16."""

DEEP_PIXELS = "rgb48be"

PICK_FRAMES = """
import vapoursynth as _vs
from vsainimotion.rgb import to_rgb as _to_rgb
_clip = _vs.get_output(0).clip
_picked = _vs.core.std.Splice([_clip[_n] for _n in {frames}])
_picked = _to_rgb(_picked.std.RemoveFrameProps("_FieldBased"), {size})
_picked = _picked.std.RemoveFrameProps("_Matrix").resize.Point({convert})
_picked.std.AssumeFPS(fpsnum=25, fpsden=1).set_output()
"""
"""Lines after a script that leave only some of its frames, small or whole, as RGB or JPEG's YUV.

Two properties are taken off, which resize would refuse: fields of odd height, and a matrix on what was GRAY.
"""


def render_stills(script: str, frames: Sequence[int], picture: Picture, size: Size | None = None) -> Iterator[bytes]:
    """Renders some frames of a script and yields each as the bytes of a picture file.

    Args:
        script: The .vpy text.
        frames: Numbers of the frames, in the order in which they come; rising numbers are read fastest.
        picture: `JPEG` or `PNG`.
        size: Width and height in pixels, even ones for JPEG; None keeps the script's.

    Raises:
        VsaiError: The script or a frame failed; the error is the script's own.
    """
    if not frames:
        return
    pick = PICK_FRAMES.format(
        frames=list(frames), size="None, None" if size is None else f"{size[0]}, {size[1]}", convert=picture.convert
    )
    with tempfile.TemporaryDirectory(prefix="vsainimotion-") as folder:
        file, said = Path(folder, SCRIPT_NAME), Path(folder, "words")
        file.write_text(script + pick, "utf-8")
        with (
            said.open("wb") as words,
            subprocess.Popen(
                pipe_command(file, container=picture.container, properties=None), env=child_environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, start_new_session=True,
            ) as child,
        ):  # fmt: skip
            try:
                yield from _read(child, picture)
            finally:
                child.kill()
        if child.returncode:
            raise read_error(said.read_text("utf-8", "replace"), child.returncode)


def _read(child: "subprocess.Popen[bytes]", picture: Picture) -> Iterator[bytes]:
    """Yields a child's frames as pictures; one that ends without a frame has its own words for that."""
    assert child.stdout is not None  # noqa: S101 (it was asked for)
    form = "matroska" if picture.container == "mkv" else "yuv4mpegpipe"
    with suppress(av.FFmpegError), av.open(child.stdout, "r", form) as film:
        for frame in film.decode(video=0):
            yield _encode(frame, picture)
    child.wait()


def _encode(frame: av.video.VideoFrame, picture: Picture) -> bytes:
    """Encodes one frame. Its samples are taken as they are: y4m does not say that JPEG's range is full."""
    if picture is JPEG:
        frame = av.video.VideoFrame.from_ndarray(frame.to_ndarray(), format=picture.pixels)
    else:
        deep = frame.format.components[0].bits > 8
        frame = frame.reformat(format=DEEP_PIXELS if deep else picture.pixels)
    encoder = av.CodecContext.create(picture.codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)  # noqa: S101 (both codecs are pictures')
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, frame.format.name
    encoder.framerate, encoder.options = 25, dict(picture.options)
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
