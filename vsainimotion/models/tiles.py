"""How a picture is padded and cut into tiles for a network."""

import math
from dataclasses import dataclass

from vsainimotion.errors import ArgumentError
from vsainimotion.models.card import Card

type Size = tuple[int, int]
"""Width and height, in pixels."""

CPU_TILE_PIXELS = 720 * 1024
"""Most pixels of a tile on a CPU. A network of 24 channels took 0.5 GiB less for 1080p in two tiles than in one; eight
tiles take 3 to 5 % more time than two, eighteen up to 19 %."""
GPU_TILE_PIXELS = 4096 * 2304
"""Most pixels of a tile on a GPU: any film up to 4K is one tile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TilePlan:
    """Sizes for one network on one picture; every size is a multiple of the network's."""

    padded: Size
    """The picture with mirrored columns and rows added at the right and at the bottom."""
    tile: Size
    """What the network sees at once, overlap included."""
    overlap: Size
    """What the plugin is told: half of what neighbouring tiles share, in input pixels.

    The plugins step by the tile less twice the overlap, but crop a tile's start by the overlap in *output* pixels (seen
    in vs-mlrt 17.1: a seam at scale 2, none at twice the overlap). So this is the network's reach times its scale.
    """


def plan_tiles(
    card: Card, width: int, height: int, *, pixels: int, tilesize: int | Size | None = None, overlap: int | None = None
) -> TilePlan:
    """Plans padding and tiles.

    Tiles are of one size, as few as fit, and start at multiples of the network's size multiple, so that a network with
    strides sees each pixel in the same phase as it would without tiles.

    Args:
        card: The network.
        width: Picture width in pixels.
        height: Picture height in pixels.
        pixels: Without `tilesize`: the most pixels a tile may have; the picture is cut along its longer side first.
        tilesize: Largest tile, one number for both sides or (width, height); rounded up to what the network takes.
        overlap: Input pixels that a tile gives up at least at each shared side; None takes the card's, at which tiles
            leave no seam.

    Returns:
        The plan.

    Raises:
        ArgumentError: A tile is not larger than what it shares, or the overlap is negative.
    """
    multiple = card.size_multiple
    padded = fit_size((width, height), card)
    reach = card.overlap if overlap is None else overlap
    if reach < 0:
        raise ArgumentError(f"plan_tiles: 'overlap' must be at least 0 (got {overlap})")
    margin = -(-reach * card.scale // multiple) * multiple
    if tilesize is None:
        tile = _cut_to_area(padded, margin, card, pixels)
    else:
        most = (tilesize, tilesize) if isinstance(tilesize, int) else tilesize
        tile = (_cut_to_side(padded, 0, most, margin, card), _cut_to_side(padded, 1, most, margin, card))
    shared = (0 if tile[0] == padded[0] else margin, 0 if tile[1] == padded[1] else margin)
    return TilePlan(padded=padded, tile=tile, overlap=shared)


def plan_streams(tile: Size, cores: int) -> int:
    """Plans how many frames a network works on at once on a CPU.

    Measured on two cores: a motion network at 512x288 gains 10 to 20 % from a second stream; an upscaler at 1080p
    gains or loses as much, and needs 0.5 GiB more.

    Args:
        tile: Width and height of what the network sees at once, in pixels.
        cores: Threads that VapourSynth works with, by default the machine's cores.

    Returns:
        1 to 4 streams.
    """
    is_small = tile[0] * tile[1] <= 512 * 512
    return max(1, min(4, cores if is_small else cores // 8))


def fit_size(size: Size, card: Card) -> Size:
    """Returns the smallest size a network takes that is no smaller than a picture's, in pixels."""
    return _fit(size[0], card, 0), _fit(size[1], card, 1)


def _fit(size: int, card: Card, axis: int) -> int:
    return -(-max(size, card.size_minimum[axis]) // card.size_multiple) * card.size_multiple


def _side(padded: Size, axis: int, count: int, margin: int, card: Card) -> int:
    """Returns the side of each of `count` tiles that together cover a side, what they share included."""
    share = math.ceil((padded[axis] - 2 * margin) / count) + 2 * margin
    return min(padded[axis], _fit(share, card, axis))


def _cut_to_area(padded: Size, margin: int, card: Card, pixels: int) -> Size:
    counts = [1, 1]
    tile = padded
    while tile[0] * tile[1] > pixels:
        longer = 0 if tile[0] >= tile[1] else 1
        counts[longer] += 1
        smaller = (_side(padded, 0, counts[0], margin, card), _side(padded, 1, counts[1], margin, card))
        if min(smaller) <= 4 * margin or smaller == tile:
            break
        tile = smaller
    return tile


def _cut_to_side(padded: Size, axis: int, most: Size, margin: int, card: Card) -> int:
    limit = _fit(most[axis], card, axis)
    if limit >= padded[axis]:
        return padded[axis]
    if limit <= 2 * margin:
        raise ArgumentError(
            f"plan_tiles: 'tilesize' must be larger than {2 * margin}, what neighbouring tiles of network "
            f"'{card.name}' share (got {most[axis]}). Make tiles larger, or the overlap smaller"
        )
    return _side(padded, axis, math.ceil((padded[axis] - 2 * margin) / (limit - 2 * margin)), margin, card)
