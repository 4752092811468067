"""Single frames as pictures."""

import io

import av
import numpy as np
import numpy.typing as npt
import pytest

from vsainimotion.errors import JobError
from vsainimotion.media.stills import JPEG, PNG, Picture, render_stills

RAMP = """
import vapoursynth as vs
clip = vs.core.std.BlankClip(width=64, height=48, length=100, format=vs.{form}, keep=True)
step = 1 << clip.format.bits_per_sample - 8
planes = [f"X {slope} * N + 16 + {{step}} *", f"128 {{step}} *"][: min(clip.format.num_planes, 2)]
clip = vs.core.akarin.Expr(clip, planes).std.SetFrameProps(_Matrix={matrix}, _Range=0, _FieldBased=2)
clip.set_output()
"""
"""Luma rises by `slope` from one column to the next, and by one from frame to frame."""


def ramp(form: str, *, matrix: int = 1, slope: int = 3) -> str:
    return RAMP.format(form=form, matrix=matrix, slope=slope)


def decode(data: bytes) -> tuple[str, npt.NDArray[np.uint8]]:
    """A picture file's pixel format, and its samples as RGB of 8 bit."""
    with av.open(io.BytesIO(data), "r") as film:
        frame = next(film.decode(video=0))
        return frame.format.name, frame.to_ndarray(format="rgb24").astype(np.uint8)


def test_the_frames_come_in_the_order_asked_for() -> None:
    script = ramp("YUV420P8")
    first, second, third = (decode(data)[1][10, 10, 0] for data in render_stills(script, [20, 0, 20], PNG))
    assert first == third
    # Luma rises by one a frame, and limited range is stretched by 255/219.
    assert abs(int(first) - int(second) - 20 * 255 / 219) <= 1


@pytest.mark.parametrize("picture", [PNG, JPEG], ids=["png", "jpeg"])
@pytest.mark.parametrize(("form", "matrix"), [("YUV420P8", 1), ("YUV444P16", 6), ("GRAY8", 1), ("YUV410P8", 2)])
def test_levels_are_those_of_the_film(picture: Picture, form: str, matrix: int) -> None:
    _, rgb = decode(next(render_stills(ramp(form, matrix=matrix, slope=0), [110 - 16], picture)))
    # Luma 110 of 16 to 235 is 109.5 of 255.
    assert np.abs(rgb.astype(int) - 109.5).max() <= 2


def test_deep_film_makes_deep_pngs() -> None:
    names = [decode(next(render_stills(ramp(form), [0], PNG)))[0] for form in ("YUV420P8", "YUV420P10")]
    assert names == ["rgb24", "rgb48be"]


def test_a_thumbnail_has_the_size_asked_for_and_is_small() -> None:
    data = next(render_stills(ramp("YUV422P10"), [3], JPEG, (32, 18)))
    name, rgb = decode(data)
    assert (name, rgb.shape) == ("yuvj420p", (18, 32, 3))
    assert len(data) < 1200


def test_no_frames_are_no_pictures() -> None:
    assert list(render_stills("raise ValueError", [], PNG)) == []


def test_a_script_that_fails_speaks_for_itself() -> None:
    with pytest.raises(JobError, match="vspipe: not this one"):
        list(render_stills("raise ValueError('not this one')", [0], PNG))


def test_a_frame_that_fails_ends_the_pictures_with_its_words() -> None:
    script = ramp("GRAY8") + (
        "def fail(n, f):\n"
        "    if n == 5:\n"
        "        raise RuntimeError('bad frame')\n"
        "    return f\n"
        "clip.std.ModifyFrame(clip, fail).set_output()\n"
    )
    pictures = render_stills(script, [1, 5, 6], JPEG)
    with pytest.raises(JobError, match="bad frame"):
        list(pictures)
