"""The source filter."""

from fractions import Fraction
from pathlib import Path

import pytest
import vapoursynth as vs

from tests.media.films import X264, MakeFilm, picture
from vsainimotion import source
from vsainimotion.errors import ArgumentError, InputError
from vsainimotion.media.source import open_video


def means(clip: vs.VideoNode) -> list[float]:
    """Mean of each frame's first plane."""
    return [float(str(frame.props["PlaneStatsAverage"])) for frame in clip.std.PlaneStats().frames()]


def test_a_constant_rate_passes_frame_for_frame_with_its_exact_rate(rich: Path) -> None:
    clip = source(rich)
    assert (clip.num_frames, clip.fps) == (72, Fraction(24000, 1001))
    direct = vs.core.bs.VideoSource(str(rich), cachemode=0)
    assert means(clip) == means(direct)
    assert clip.get_frame(5).props["_DurationNum"] == 1001


def test_the_index_lies_in_the_users_cache_and_not_beside_the_film(make_film: MakeFilm, cache: Path) -> None:
    film = make_film("long.mkv", *picture(5), *X264)
    before = set((cache / "index").glob("*")) if (cache / "index").is_dir() else set()
    source(film)
    assert [path.name for path in film.parent.iterdir()] == ["long.mkv"]
    assert len(set((cache / "index").glob("*")) - before) == 1


def test_a_film_that_is_replaced_by_one_of_the_same_size_is_indexed_anew(make_film: MakeFilm, tmp_path: Path) -> None:
    first = make_film("first.mkv", *picture(5), "-c:v", "rawvideo", "-pix_fmt", "yuv420p")
    second = make_film("second.mkv", *picture(5, size="48x64"), "-c:v", "rawvideo", "-pix_fmt", "yuv420p")
    target = tmp_path / "film.mkv"
    target.write_bytes(first.read_bytes())
    assert source(target).width == 64
    target.write_bytes(second.read_bytes())
    assert source(target).width == 48


def test_frames_are_cut_by_number(rich: Path) -> None:
    assert means(source(rich, first=10, last=19)) == means(source(rich))[10:20]


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (5, 4), (0, 72), (72, None)])
def test_frames_outside_the_film_are_refused(rich: Path, first: int, last: int | None) -> None:
    with pytest.raises(ArgumentError, match="must be frames of the film, 0 to 71"):
        source(rich, first=first, last=last)


def test_a_variable_rate_is_read_at_its_nominal_rate_and_stays_in_time(make_film: MakeFilm) -> None:
    # Brightness counts the source's frames, so each output frame tells which source frame it is.
    film = make_film(
        *("varies.mkv", "-f", "lavfi", "-i", "color=black:size=64x48:rate=30:duration=4,format=gray"),
        *("-vf", "geq=lum='N*2',select='not(eq(mod(n,10),7))'", "-c:v", "ffv1", "-fps_mode", "passthrough"),
    )
    opened = open_video(film)
    assert (opened.rate.constant, opened.clip.fps, opened.clip.num_frames) == (False, Fraction(30), 120)
    for number, frame in enumerate(opened.clip.frames()):
        shown = frame[0][0, 0] // 2
        assert abs(shown - number) <= 1
        assert shown == number or number % 10 == 7


def test_the_start_of_a_film_that_begins_late_is_known(make_film: MakeFilm) -> None:
    film = make_film("late.mkv", *picture(0.5), *X264, "-output_ts_offset", "1.5")
    assert open_video(film).start == Fraction(3, 2)


def test_rotation_is_applied_and_aspect_and_colour_are_kept(make_film: MakeFilm) -> None:
    upright = make_film(
        *("upright.mp4", *picture(0.5), *X264),
        *("-vf", "setsar=4/3,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=limited"),
    )
    turned = make_film("turned.mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy")
    assert (source(turned).width, source(turned).height) == (48, 64)
    props = source(upright).get_frame(0).props
    assert [props[name] for name in ("_SARNum", "_SARDen", "_Matrix", "_Transfer", "_Primaries", "_Range")] == [
        4, 3, 1, 1, 1, 0
    ]  # fmt: skip


def test_a_format_is_converted_and_rgb_becomes_bt709(make_film: MakeFilm) -> None:
    film = make_film("rgb.mkv", *picture(0.2, size="65x47"), "-pix_fmt", "bgr0", "-c:v", "ffv1")
    clip = source(film, format="YUV420P10")
    assert clip.format is not None
    assert (clip.format.name, clip.width, clip.height) == ("YUV420P10", 64, 46)
    props = clip.get_frame(0).props
    assert (props["_Matrix"], props["_Range"]) == (1, 0)


def test_a_name_that_is_no_format_is_refused(plain: Path) -> None:
    with pytest.raises(ArgumentError, match=r"must be the name of a VapourSynth format \(got 'YUV'\)"):
        source(plain, format="YUV")


def test_one_frame_is_a_film(make_film: MakeFilm) -> None:
    clip = source(make_film("one.mkv", *picture(0.5), "-frames:v", "1", *X264))
    assert (clip.num_frames, clip.fps) == (1, Fraction(24000, 1001))


def test_what_is_not_a_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.mkv").write_text("words", "utf-8")
    for name in ("words.mkv", "none.mkv"):
        with pytest.raises(InputError, match="cannot be opened as a film"):
            source(tmp_path / name)


def test_opening_a_film_says_nothing(make_film: MakeFilm, capfd: pytest.CaptureFixture[str]) -> None:
    open_video(make_film("film.mkv", *picture(1), "-c:v", "ffv1"))
    assert capfd.readouterr().err == ""
