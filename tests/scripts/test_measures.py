"""The benchmark's measures against answers that are known."""

from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from scripts.benchmarks.measures import (
    LINE_LIMIT_PX,
    MEASURES,
    PSNR_LIMIT_DB,
    Luma,
    limit,
    line_distance,
    measure_frames,
    psnr,
    ssim,
)
from vsainimotion.media.source import source

core = vs.core


def lines(*columns: int, size: int = 96) -> Luma:
    """White with black vertical lines of two pixels."""
    plane = np.full((size, size), 235, np.float32)
    for column in columns:
        plane[:, column : column + 2] = 16
    return plane


def noise(seed: int) -> Luma:
    return np.random.default_rng(seed).integers(16, 236, (64, 64)).astype(np.float32)


def test_equal_planes_have_the_highest_marks() -> None:
    plane = noise(1)
    assert psnr(plane, plane) == PSNR_LIMIT_DB
    assert ssim(plane, plane) == pytest.approx(1, abs=1e-6)
    assert line_distance(plane, plane) == 0


def test_psnr_of_a_known_error() -> None:
    plane = noise(1)
    assert psnr(plane + 16, plane) == pytest.approx(10 * np.log10(255**2 / 256), abs=1e-4)


def test_ssim_of_flat_planes_follows_its_formula() -> None:
    a, b = (np.full((32, 32), level, np.float32) for level in (100, 120))
    small = (0.01 * 255) ** 2
    wanted = (2 * 100 * 120 + small) / (100**2 + 120**2 + small)
    assert ssim(a, b) == pytest.approx(wanted, abs=1e-4)


def test_ssim_of_unrelated_noise_is_near_zero() -> None:
    assert abs(ssim(noise(1), noise(2))) < 0.1


@pytest.mark.parametrize("shift", [1, 2, 5, 9])
def test_a_line_beside_its_place_is_as_far_as_it_was_shifted(shift: int) -> None:
    made, wanted = lines(40 + shift), lines(40)
    assert line_distance(made, wanted) == pytest.approx(line_distance(wanted, made))
    # The line is a band two pixels wide: where it still overlaps itself, or ends nearer, it is less than the shift.
    assert shift - 2 <= line_distance(made, wanted) <= shift


def test_the_line_distance_grows_with_the_shift() -> None:
    distances = [line_distance(lines(30 + shift), lines(30)) for shift in range(8)]
    assert distances == sorted(set(distances))


def test_a_lost_line_counts_up_to_the_limit() -> None:
    flat = lines()
    assert line_distance(flat, flat) == 0
    assert line_distance(flat, lines(40)) == LINE_LIMIT_PX
    # One of two lines is missing, and all of its pixels are beyond the limit: half of one way is at the limit.
    assert line_distance(lines(20), lines(20, 70)) == pytest.approx(LINE_LIMIT_PX / 4)


def test_every_measure_is_best_for_the_frame_itself(example_clip: Path) -> None:
    clip = source(example_clip)[24:28].resize.Bicubic(320, 180)
    same = measure_frames(clip, clip, related=True)
    other = measure_frames(clip.std.BoxBlur(hradius=2, vradius=2), clip, related=True)
    assert set(same) == set(MEASURES) == set(other)
    assert same["psnr"] == [PSNR_LIMIT_DB] * 4
    assert same["ssimulacra2"] == pytest.approx([100] * 4, abs=0.1)
    for name, measure in MEASURES.items():
        assert len(same[name]) == len(other[name]) == 4
        assert all(measure.sign * (a - b) > 0 for a, b in zip(same[name], other[name], strict=True))


def test_a_lost_frame_counts_to_the_floor_and_no_further() -> None:
    numbers = {name: [-800.0, 50.0] for name in MEASURES}
    limited = limit(numbers)
    assert limited["ssimulacra2"] == [-100, 50]
    assert limited["psnr"] == [-800, 50]


def test_unrelated_pictures_do_not_move(example_clip: Path) -> None:
    # VMAF forgives in motion. Shown as a film, far frames would move; here no mark depends on a neighbour.
    clip = source(example_clip).resize.Bicubic(320, 180)
    blurred = clip.std.BoxBlur(hradius=1, vradius=1)
    frames = (40, 80)
    alone = [measure_frames(blurred[n], clip[n], related=False)["vmaf"][0] for n in frames]
    together = measure_frames(blurred[40] + blurred[80], clip[40] + clip[80], related=False)["vmaf"]
    assert together == pytest.approx(alone, abs=1e-3)
