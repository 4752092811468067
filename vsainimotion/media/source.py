"""The source filter: opens a film frame by frame at its exact rate, with its index in the user's cache."""

import logging
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import vapoursynth as vs

from vsainimotion.errors import ArgumentError, InputError
from vsainimotion.media.cache import cache_folder, cache_key
from vsainimotion.media.rate import Rate, find_rate
from vsainimotion.native import check_clip, check_plugins

NO_TIMESTAMP = -(2**63)
"""What libav reports for a frame without a timestamp (AV_NOPTS_VALUE)."""

INDEX_MODE = 3
"""BestSource: write an index of 100 frames or more, under the name that we give it."""

BT709 = 1
"""Matrix for RGB that becomes YUV (ITU-T H.273)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedVideo:
    """The picture of a film, opened."""

    clip: vs.VideoNode
    """All frames at the constant rate `rate.fps`."""
    rate: Rate
    """The rate, and whether the film itself keeps it."""
    start: Fraction
    """Time of the first frame on the film's own clock, in seconds."""


def source(
    path: str | Path,
    *,
    first: int = 0,
    last: int | None = None,
    format: str | None = None,  # noqa: A002 (VapourSynth's own word for it)
    track: int | None = None,
) -> vs.VideoNode:
    """Opens a film.

    A film with a constant rate comes frame for frame, with its exact rate (24000/1001 also from Matroska's
    milliseconds). A film with a variable rate is read at the constant rate of its fastest lasting part: each frame
    is the one nearest in time, so nothing drifts and repeated frames are holds. Rotation is applied; aspect, colour
    and HDR properties are kept. An odd size loses its last line or column where chroma is subsampled.

    Args:
        path: The film.
        first: Number of the first frame to keep, from 0.
        last: Number of the last frame to keep, that frame included; None keeps all.
        format: Name of a VapourSynth format to convert to, such as `YUV420P10`; None keeps the film's own.
        track: Index of the stream in the file; None takes the first video stream.

    Returns:
        The clip.

    Raises:
        ArgumentError: A frame number is outside the film, or the format's name is not one.
        InputError: The film cannot be opened, or changes its size or format on the way.
        MissingError: The BestSource plugin is not loaded.
    """
    clip = open_video(path, track=track).clip
    stop = clip.num_frames - 1 if last is None else last
    if not 0 <= first <= stop < clip.num_frames:
        raise ArgumentError(
            f"source: 'first' and 'last' must be frames of the film, 0 to {clip.num_frames - 1} "
            f"(got {first} and {last}). Give numbers inside the film"
        )
    clip = clip.std.Trim(first=first, last=stop)
    return convert_format(clip, format) if format else clip


def open_video(path: str | Path, *, track: int | None = None) -> OpenedVideo:
    """Opens a film with its timeline; on first use the film is decoded once to index it.

    Args:
        path: The film.
        track: Index of the stream in the file; None takes the first video stream.

    Returns:
        The clip, its rate and the time of its first frame.

    Raises:
        InputError: The film cannot be opened, or changes its size or format on the way.
        MissingError: The BestSource plugin is not loaded.
    """
    check_plugins("source", "bs")
    clip, pts, time_base = _open_timed(path, track)
    if clip.format is None or clip.width == 0:
        raise InputError(
            f"source: {str(path)!r} changes its size or pixel format on the way, which is not supported. "
            "Convert it to one size and format first"
        )
    rate = find_rate(pts, time_base, clip.fps or None)
    number, stamp = next(((number, stamp) for number, stamp in enumerate(pts) if stamp is not None), (0, 0))
    start = stamp * time_base - number / rate.fps
    if not rate.constant:
        clip = _open(path, track, fpsnum=rate.fps.numerator, fpsden=rate.fps.denominator)
    clip = clip.std.AssumeFPS(fpsnum=rate.fps.numerator, fpsden=rate.fps.denominator)
    return OpenedVideo(clip=clip, rate=rate, start=start)


def convert_format(clip: vs.VideoNode, name: str) -> vs.VideoNode:
    """Converts a clip to a format by name, rounding with error diffusion where depth is lost.

    Args:
        clip: The clip, of one format and size.
        name: Name of the format, such as `YUV420P10`.

    Returns:
        The clip in that format; RGB becomes BT.709 YUV of limited range, an odd size is cropped by one where the
        new format halves chroma.

    Raises:
        ArgumentError: The name is not a format's.
    """
    value = getattr(vs, name, None)
    if not isinstance(value, vs.PresetVideoFormat):
        raise ArgumentError(
            f"source: 'format' must be the name of a VapourSynth format (got {name!r}). Use for example 'YUV420P10'"
        )
    wanted = vs.core.get_video_format(value)
    current = check_clip("source", clip)
    if current.id == wanted.id:
        return clip
    clip = clip.std.Crop(
        right=clip.width % (1 << wanted.subsampling_w), bottom=clip.height % (1 << wanted.subsampling_h)
    )
    from_rgb = current.color_family == vs.RGB and wanted.color_family != vs.RGB
    return clip.resize.Spline36(format=wanted.id, matrix=BT709 if from_rgb else None, dither_type="error_diffusion")


def _open_timed(path: str | Path, track: int | None) -> tuple[vs.VideoNode, list[int | None], Fraction]:
    """Opens a film frame for frame; returns the clip, the frames' timestamps and their time base."""
    handle = vs.core.add_log_handler(_log)
    try:
        opened: Any = _open(path, track, exporttimestamps=1)
    finally:
        vs.core.remove_log_handler(handle)
    ticks = opened["timestamps"]
    listed = [ticks] if isinstance(ticks, int) else list(ticks)
    pts = [None if tick == NO_TIMESTAMP else int(tick) for tick in listed]
    return opened["clip"], pts, Fraction(int(opened["timebasenum"]), int(opened["timebaseden"]))


def _log(kind: vs.MessageType, message: str) -> None:
    """Hands on what VapourSynth warns of, but for its surprise that BestSource returns more than it had declared."""
    if kind >= vs.MESSAGE_TYPE_WARNING and "no return value(s) named" not in message:
        logging.getLogger(__name__).warning(message)


def _open(path: str | Path, track: int | None, **arguments: int) -> Any:  # noqa: ANN401 (a clip, or a table with it)
    file = Path(path).absolute()
    try:
        facts = file.stat()
        name = cache_key({"path": str(file), "modified": facts.st_mtime_ns, "bytes": facts.st_size})
        options: dict[str, Any] = {
            "track": -1 if track is None else track,
            "cachemode": INDEX_MODE,
            "cachepath": str(cache_folder("index") / name),
            **arguments,
        }
        return vs.core.bs.VideoSource(str(file), **options)
    except (OSError, UnicodeError, vs.Error) as error:
        raise InputError(f"source: {str(path)!r} cannot be opened as a film ({error}). Check the file") from error
