"""What lies farther from an interval than its neighbours: whether the picture comes back, and what it shows."""

import pytest
import vapoursynth as vs

from tests.scenes import OTHER_TEXTURE, pan, still, values
from vsainimotion.measures import fine_copy
from vsainimotion.returns import REACH_FRAMES, measure_returns
from vsainimotion.shots import plan_coarse_size

core = vs.core


def facts(clip: vs.VideoNode, name: str) -> list[float]:
    coarse = fine_copy(clip).resize.Bilinear(*plan_coarse_size(clip.width, clip.height))
    contrast = core.std.BlankClip(coarse, width=1, height=1, keep=True).std.SetFrameProps(Contrast=0.1)
    return values(measure_returns(coarse, contrast), name)


def covered(frames: int) -> vs.VideoNode:
    """A picture that something flat covers for some frames."""
    shot = still(12)
    return shot + core.std.BlankClip(shot, length=frames, color=60) + shot


@pytest.mark.parametrize("frames", [2, 5, REACH_FRAMES - 1])
def test_a_picture_that_was_covered_comes_back(frames: int) -> None:
    film = covered(frames)
    ahead, behind, change = (facts(film, name) for name in ("ApartAhead", "ApartBehind", "Apart"))
    assert change[11] > 0.01
    assert ahead[11] == pytest.approx(0, abs=1e-6)
    assert behind[11 + frames] == pytest.approx(0, abs=1e-6)


def test_a_shot_that_was_cut_away_does_not_come_back() -> None:
    film = still(12) + still(12, OTHER_TEXTURE)
    ahead, behind, across, change = (
        facts(film, name)[11] for name in ("ApartAhead", "ApartBehind", "ApartAcross", "Apart")
    )
    assert min(ahead, behind, across) == pytest.approx(change, rel=0.05)
    assert change > 0.002


def test_the_first_and_last_frames_have_facts_too() -> None:
    film = still(3)
    assert facts(film, "ApartBehind") == facts(film, "ApartAhead") == [0, 0, 0]


def test_what_is_flat_has_no_texture_and_other_tones() -> None:
    film = covered(4)
    texture, following, tones, most = (facts(film, name) for name in ("Texture", "TextureNext", "Tones", "TonesMost"))
    assert texture[11] > 0.02
    assert following[11] == texture[12] == 0
    assert tones[11] > 0.1
    assert 0.5 < most[11] <= 1


def test_a_pan_keeps_its_tones() -> None:
    assert max(facts(pan(12, 9), "Tones")[:-1]) < 0.05


def test_a_picture_that_comes_back_in_parts_comes_back_pixel_by_pixel() -> None:
    shot = still(5)
    half = core.akarin.Expr(still(2), "X 160 < x 60 ?")
    film = shot + core.std.BlankClip(shot, length=2, color=60) + half
    frames, pixels, parts, lasting = (
        facts(film, name)[6] for name in ("ApartBehind", "PixelsBehind", "Parts", "PartsBehind")
    )
    assert frames > 0.05
    assert pixels < 0.02 * frames
    assert parts > 0.4
    assert lasting < 0.05


def test_what_was_cut_away_has_changed_for_good() -> None:
    cut, cover = still(12) + still(12, OTHER_TEXTURE), covered(4)
    parts, ahead, behind = (facts(cut, name)[11] for name in ("Parts", "PartsAhead", "PartsBehind"))
    assert parts == pytest.approx(ahead, rel=0.05) == pytest.approx(behind, rel=0.05)
    assert parts > 0.1
    assert facts(cover, "Parts")[11] > 0.5
    assert facts(cover, "PartsAhead")[11] == facts(cover, "PartsBehind")[15] == 0
