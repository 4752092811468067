"""Presets, options, and the script that makes the same frames."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import array, count_requests, pan, still, values
from vsainimotion.enhance import PRESETS, Options, enhance, plan_output_size, render_script
from vsainimotion.errors import ArgumentError, UnknownNameError
from vsainimotion.timeline import Origin

core = vs.core


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_makes_a_clip_smoother_and_larger(preset: str) -> None:
    film = still(2, width=96, height=96) + pan(2, 3, width=96, height=96)
    made = enhance(film, preset=preset, height=192)
    assert (made.width, made.height, made.num_frames) == (192, 192, 8)
    assert made.fps == film.fps * 2
    assert made.format.id == film.format.id
    assert Origin.INTERPOLATED in values(made, "VsaiOrigin")


def test_with_everything_off_the_frames_are_the_source() -> None:
    film = pan(3, 4)
    made = enhance(film, interpolator="off", upscaler="off")
    assert made.fps == film.fps
    assert all(np.array_equal(array(made, n), array(film, n)) for n in range(3))


def test_a_held_drawing_is_enlarged_once() -> None:
    film, asked = count_requests(still(6, width=96, height=96))
    made = enhance(film, upscaler="luma-fast", interpolator="off", scale=Fraction(2))
    frames = [array(made, n) for n in range(6)]
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    assert sorted(asked) == list(range(6))


@pytest.mark.parametrize(
    "asked",
    [
        {"interpolator": "off", "upscaler": "luma-fast"},
        {"upscaler": "off", "height": None},
        {"multi": Fraction(5, 2)},
        {"multi": Fraction(4, 5)},
        {"multi": Fraction(1, 4)},
        {"cadence": "even"},
        {"preset": "anime-strong"},
    ],
    ids=str,
)
def test_no_frame_of_the_source_is_decoded_twice(asked: dict[str, Any]) -> None:
    # A hold, a pan and its return: what is looked back at, and ahead, is kept by the filters themselves.
    move = pan(48, 2, width=96, height=96)
    film, decoded = count_requests(move + still(40, width=96, height=96) + move)
    film.std.SetVideoCache(mode=0)
    options: dict[str, Any] = {"preset": "fast", "height": 192} | asked
    made = enhance(film, **options)
    for frame in made.frames(prefetch=1, close=True):
        del frame
    assert sorted(decoded) == sorted(set(decoded))


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({}, (2560, 1440)),
        ({"scale": Fraction(2)}, (3840, 2160)),
        ({"scale": Fraction(1, 2)}, (960, 540)),
        ({"height": 1442}, (2564, 1442)),
        ({"width": 2560}, (2560, 1440)),
        ({"width": 1000, "height": 1000}, (1000, 1000)),
        ({"height": 720}, (1280, 720)),
    ],
)
def test_the_size_follows_what_was_asked(asked: dict[str, Any], size: tuple[int, int]) -> None:
    assert plan_output_size((1920, 1080), (2, 2), Options(**asked)) == size


def test_without_a_size_nothing_shrinks() -> None:
    assert plan_output_size((3840, 2160), (2, 2), Options()) == (3840, 2160)


def test_a_smaller_size_goes_down_with_a_kernel() -> None:
    made = enhance(pan(2, 4, width=128, height=96), height=48, interpolator="off")
    assert (made.width, made.height) == (64, 48)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"preset": "best"}, "'preset' must be one of fast, anime-clean, anime-strong"),
        ({"fps": Fraction(0)}, "'fps' must be above 0"),
        ({"height": -2}, "'height' must be above 0"),
        ({"fps": Fraction(48), "multi": Fraction(2)}, "give 'fps' or 'multi', not both"),
        ({"scale": Fraction(2), "width": 100}, "give 'scale' or a size, not both"),
        ({"interpolator": "off", "fps": Fraction(48)}, "a new rate needs an interpolator"),
        ({"upscaler": "off", "height": 100}, "a new size needs an upscaler"),
    ],
)
def test_options_without_meaning_are_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises((ArgumentError, UnknownNameError), match=message):
        Options(**asked)


def test_the_script_makes_the_same_frames(tmp_path: Path) -> None:
    film = "vs.core.std.BlankClip(width=96, height=96, format=vs.GRAY8, length=4).akarin.Expr('X N 3 * + 64 % 3 *')"
    options = Options(preset="fast", multi=Fraction(5, 2), scale=Fraction(4, 3))
    script = tmp_path / "film.vpy"
    script.write_text(render_script(film, options), encoding="utf-8")
    names: dict[str, Any] = {}
    exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), names)  # noqa: S102 (our own text, written a line above)
    scripted = names["clip"]
    source = core.std.BlankClip(width=96, height=96, format=vs.GRAY8, length=4).akarin.Expr("X N 3 * + 64 % 3 *")
    direct = enhance(source, preset="fast", multi=Fraction(5, 2), scale=Fraction(4, 3))
    assert scripted.num_frames == direct.num_frames == 10
    assert all(np.array_equal(array(scripted, n), array(direct, n)) for n in range(10))


@pytest.mark.parametrize(("size", "mib"), [((64, 48), 2048), ((2560, 1440), 2048), ((5120, 2880), 8192)])
def test_a_script_keeps_as_much_as_its_pictures_need(
    size: tuple[int, int], mib: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "max_cache_size", core.max_cache_size)
    film = f"vs.core.std.BlankClip(width={size[0]}, height={size[1]}, format=vs.GRAY8, length=4)"
    exec(render_script(film, Options(interpolator="off", upscaler="off")), {})  # noqa: S102 (our own text)
    assert core.max_cache_size == mib
