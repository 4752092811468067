"""Real codec damage: pictures of many shots go through one encoder at one rate and come back, by ffmpeg."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsainimotion.media.ffmpeg import find_ffmpeg, read_error

type Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Codec:
    """An encoder, and the rates it is used at."""

    arguments: tuple[str, ...]
    """Arguments of ffmpeg; {rate} stands for the rate."""
    rates: tuple[int, int]
    """Best and worst rate, in the encoder's own measure."""


#: One thread each: the shards are what runs in parallel, and the bytes are the same every time.
CODECS: dict[str, Codec] = {
    "x264": Codec(arguments=("-c:v", "libx264", "-preset", "veryfast", "-crf", "{rate}"), rates=(16, 36)),
    "x265": Codec(
        arguments=(
            *("-c:v", "libx265", "-preset", "ultrafast", "-crf", "{rate}"),
            *("-x265-params", "pools=none:frame-threads=1:log-level=none"),
        ),
        rates=(18, 36),
    ),
    "mpeg2": Codec(arguments=("-c:v", "mpeg2video", "-bf", "2", "-q:v", "{rate}"), rates=(2, 14)),
    "x264-medium": Codec(arguments=("-c:v", "libx264", "-preset", "medium", "-crf", "{rate}"), rates=(16, 42)),
    "x265-fast": Codec(
        arguments=(
            *("-c:v", "libx265", "-preset", "fast", "-crf", "{rate}"),
            *("-x265-params", "pools=none:frame-threads=1:log-level=none"),
        ),
        rates=(18, 42),
    ),
}
QUICK_CODECS = ("x264", "x265", "mpeg2")
"""Those for many frames; the others take several times as long, and look for what the eye sees, as films are made."""


def damaged(pictures: Pixels, name: str, rate: int, *, shot_frames: int) -> Pixels:
    """Return pictures as a codec leaves them.

    Args:
        pictures: (N, H, W, 3) uint8 RGB of even size, shot after shot; or (N, 3/2 H, W) YUV 4:2:0, the planes of each
            one after the other.
        name: A key of CODECS.
        rate: The encoder's own measure: CRF, or the quantiser of MPEG-2.
        shot_frames: Frames in each shot; each begins with a key frame.

    Returns:
        As many pictures of the same size and kind, through 8-bit 4:2:0.

    Raises:
        VsaiError: ffmpeg failed.
        RuntimeError: It returned another number of pictures.
    """
    count, rows, width = pictures.shape[:3]
    pixels, height = ("rgb24", rows) if pictures.ndim == 4 else ("yuv420p", rows * 2 // 3)
    raw = ("-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{width}x{height}", "-r", "24")
    encoder = [word.format(rate=rate) for word in CODECS[name].arguments]
    keys = ("-force_key_frames", f"expr:not(mod(n,{shot_frames}))")
    with tempfile.TemporaryDirectory(prefix="vsainimotion-") as folder:
        film = str(Path(folder) / "film.mkv")
        _ffmpeg(*raw, "-i", "-", *encoder, *keys, "-pix_fmt", "yuv420p", film, given=pictures.tobytes())
        bytes_back = _ffmpeg("-i", film, "-f", "rawvideo", "-pix_fmt", pixels, "-fps_mode", "passthrough", "-")
    if len(bytes_back) != pictures.size:
        raise RuntimeError(
            f"damaged: {name} must return {count} pictures (got {len(bytes_back) / pictures[0].size:g}). "
            "Try another rate"
        )
    return np.frombuffer(bytes_back, np.uint8).reshape(pictures.shape)


def _ffmpeg(*arguments: str, given: bytes = b"") -> bytes:
    # Without these flags RGB comes back a code darker, and a network learns to make everything lighter.
    exact = ("-sws_flags", "bicubic+accurate_rnd+full_chroma_int")
    command = [
        str(find_ffmpeg()),
        "-v",
        "error",
        "-threads",
        "1",
        *arguments[:-1],
        "-threads",
        "1",
        *exact,
        arguments[-1],
    ]
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        raise read_error(done.stderr.decode(errors="replace"))
    return done.stdout
