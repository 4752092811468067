"""What real codecs do to pictures: each goes through an encoder and back, at a quality of the codec's own scale."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from numpy.typing import NDArray

type Pictures = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Codec:
    """One encoder of ffmpeg, every picture coded for itself."""

    arguments: tuple[str, ...]
    """What ffmpeg is told; `{quality}` is replaced."""
    mild: tuple[int, int]
    """Qualities that leave traces which a careful eye finds, from least to most."""
    strong: tuple[int, int]
    """Qualities that anybody sees."""


CODECS: Mapping[str, Codec] = MappingProxyType(
    {
        "x264": Codec(
            arguments=("-c:v", "libx264", "-preset", "medium", "-g", "1", "-crf", "{quality}"),
            mild=(20, 28),
            strong=(28, 38),
        ),
        "x265": Codec(
            arguments=("-c:v", "libx265", "-preset", "fast", "-x265-params", "log-level=none:keyint=1:crf={quality}"),
            mild=(20, 28),
            strong=(28, 38),
        ),
        "mpeg2": Codec(
            arguments=("-c:v", "mpeg2video", "-g", "1", "-qscale:v", "{quality}"), mild=(2, 5), strong=(5, 14)
        ),
    }
)
"""The codecs of web releases, of newer ones, and of DVDs."""


def pass_through(pictures: Pictures, codec: str, quality: int) -> Pictures:
    """Encode pictures and decode them again, as 8-bit YUV 4:2:0.

    Args:
        pictures: (N, H, W, 3) RGB, height and width even.
        codec: A name of `CODECS`.
        quality: On the codec's own scale.

    Returns:
        (N, H, W, 3) RGB.

    Raises:
        RuntimeError: ffmpeg failed, with what it said.
    """
    height, width = pictures.shape[1:3]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24")
    told = [argument.format(quality=quality) for argument in CODECS[codec].arguments]
    with tempfile.TemporaryDirectory() as folder:
        film = str(Path(folder) / "film.nut")
        _ffmpeg(*raw, "-s", f"{width}x{height}", "-i", "-", "-pix_fmt", "yuv420p", *told, film, pixels=pictures)
        decoded = _ffmpeg("-i", film, *raw, "-")
    return np.frombuffer(decoded, np.uint8).reshape(pictures.shape)


def _ffmpeg(*arguments: str, pixels: Pictures | None = None) -> bytes:
    command = [get_ffmpeg_exe(), "-v", "error", "-threads", "1", *arguments]
    done = subprocess.run(command, input=b"" if pixels is None else pixels.tobytes(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"pass_through: ffmpeg failed ({done.stderr.decode(errors='replace').strip()})")
    return done.stdout
