"""How a picture is padded and cut into tiles."""

from pathlib import Path

import pytest

from vsainimotion.errors import ArgumentError
from vsainimotion.models import Card, load_card
from vsainimotion.models.tiles import TilePlan, plan_streams, plan_tiles

NETWORKS = Path(__file__).parent / "networks"


@pytest.fixture
def deep() -> Card:
    """Scale 2, sizes in steps of 2 from 4x4, overlap 8."""
    return load_card(NETWORKS / "deep.toml")


def test_a_small_picture_is_one_tile_without_overlap(deep: Card) -> None:
    assert plan_tiles(deep, 213, 101, pixels=10**6) == TilePlan(padded=(214, 102), tile=(214, 102), overlap=(0, 0))


def test_a_tiny_picture_is_padded_to_the_least_that_the_network_takes(deep: Card) -> None:
    assert plan_tiles(deep, 1, 3, pixels=10**6) == TilePlan(padded=(4, 4), tile=(4, 4), overlap=(0, 0))


def test_a_large_picture_is_cut_along_its_longer_side_first(deep: Card) -> None:
    # Two tiles share 4 * 8 input pixels at scale 2: (1920 - 32) / 2 + 32 = 976.
    assert plan_tiles(deep, 1920, 1080, pixels=1100 * 1080) == TilePlan(
        padded=(1920, 1080), tile=(976, 1080), overlap=(16, 0)
    )


def test_a_tile_size_is_a_limit_for_each_side(deep: Card) -> None:
    plan = plan_tiles(deep, 200, 100, pixels=1, tilesize=(90, 300))
    assert plan == TilePlan(padded=(200, 100), tile=(88, 100), overlap=(16, 0))


@pytest.mark.parametrize("width", [33, 64, 111, 200, 333])
@pytest.mark.parametrize("most", [34, 64, 111])
def test_tiles_are_multiples_and_cover_the_picture(deep: Card, width: int, most: int) -> None:
    plan = plan_tiles(deep, width, width, pixels=1, tilesize=most)
    tile, padded, overlap = plan.tile[0], plan.padded[0], plan.overlap[0]
    assert tile % 2 == padded % 2 == overlap % 2 == 0
    assert padded >= width
    assert tile <= most + 1
    # As the plugins place them: in steps, and the last one at the end.
    starts = [*range(0, padded - tile, tile - 2 * overlap or tile), padded - tile]
    assert all(start % 2 == 0 for start in starts)


def test_a_tile_no_larger_than_what_it_shares_is_refused(deep: Card) -> None:
    with pytest.raises(ArgumentError, match=r"'tilesize' must be larger than 32, .* 'deep' share \(got 32\)"):
        plan_tiles(deep, 100, 100, pixels=1, tilesize=32)


def test_a_negative_overlap_is_refused(deep: Card) -> None:
    with pytest.raises(ArgumentError, match=r"'overlap' must be at least 0 \(got -1\)"):
        plan_tiles(deep, 100, 100, pixels=1, overlap=-1)


@pytest.mark.parametrize(
    ("tile", "cores", "streams"),
    [((480, 270), 1, 1), ((480, 270), 2, 2), ((480, 270), 16, 4), ((1920, 1080), 4, 1), ((1920, 1080), 16, 2)],
)
def test_small_inputs_get_a_stream_for_each_core_and_large_ones_few(
    tile: tuple[int, int], cores: int, streams: int
) -> None:
    assert plan_streams(tile, cores) == streams
