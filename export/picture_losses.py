"""How far a made picture is from the wanted one, in the ways that an eye or a line artist would count.

Each takes two (N, 3, H, W) pictures in [0, 1] and returns one number; a run's TOML sets their weights under [losses].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

#: Weight of red, green and blue in BT.709 luma.
_LUMA = (0.2126, 0.7152, 0.0722)
#: Levels of the Laplacian pyramid; the coarsest of a 64 pixel crop is 4 pixels wide.
_PYRAMID_LEVELS = 4
#: Side of the largest line that the line loss sees, in pixels.
_LINE_PX = 5
#: Side of the neighbourhood that the census compares each pixel with.
_CENSUS_PX = 7


def luma(picture: Tensor) -> Tensor:
    """Return the (N, 1, H, W) luma of (N, 3, H, W) RGB; what is luma already is left as it is."""
    if picture.shape[1] == 1:
        return picture
    weights = torch.tensor(_LUMA, dtype=picture.dtype, device=picture.device)
    return (picture * weights[:, None, None]).sum(1, keepdim=True)


def split_colour(picture: Tensor, colour: float = 0.25) -> Tensor:
    """Return luma, and how far blue and red are above it times `colour`, (N, 3, H, W), of RGB.

    Chroma at half size is wrong at every coloured edge by more than luma after a codec: counted in RGB, that is most of
    what a network is told.
    """
    light = luma(picture)
    return torch.cat([light, colour * (picture[:, 2:] - light), colour * (picture[:, :1] - light)], dim=1)


def charbonnier(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference, smooth at zero. Reference: Lai et al., arXiv 1704.03915."""
    return torch.sqrt((made - wanted).square() + 1e-6).mean()


def gradient(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference of slopes, across and down: a blurred edge costs although its level is about right."""
    error = made - wanted
    return error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()


def _census(picture: Tensor) -> Tensor:
    """Return how each pixel compares with its neighbours, about -1 to 1, (N, 49, H, W)."""
    levels, reach = 255 * luma(picture), _CENSUS_PX // 2
    around = functional.unfold(functional.pad(levels, (reach,) * 4, mode="replicate"), _CENSUS_PX)
    difference = around.view(len(levels), -1, *levels.shape[2:]) - levels
    return difference / torch.sqrt(0.81 + difference.square())


def census(made: Tensor, wanted: Tensor) -> Tensor:
    """Compare the order of neighbouring pixels, which light and fades leave alone.

    Reference: Meister, Hur, Roth, UnFlow, arXiv 1711.07837; its constants.
    """
    squares = (_census(made) - _census(wanted)).square()
    far: Tensor = squares / (0.1 + squares)
    return far.mean()


def lines(picture: Tensor) -> Tensor:
    """Return how much darker than its surroundings each thin dark line is: the black top-hat, (N, 1, H, W)."""
    levels, reach = luma(picture), _LINE_PX // 2
    padded = functional.pad(levels, (2 * reach,) * 4, mode="replicate")
    widened = functional.max_pool2d(padded, _LINE_PX, stride=1)
    return -functional.max_pool2d(-widened, _LINE_PX, stride=1) - levels


def line(made: Tensor, wanted: Tensor) -> Tensor:
    """Compare the drawn lines alone: one that is lost, doubled or faint costs as much on a flat cel as in a texture."""
    return (lines(made) - lines(wanted)).abs().mean()


def _halved(picture: Tensor) -> Tensor:
    """Blur by the binomial 1 4 6 4 1 in both directions and keep every second pixel."""
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], dtype=picture.dtype, device=picture.device) / 16
    kernel = torch.outer(taps, taps).expand(picture.shape[1], 1, 5, 5)
    padded = functional.pad(picture, (2, 2, 2, 2), mode="replicate")
    return functional.conv2d(padded, kernel, stride=2, groups=picture.shape[1])


def laplacian(made: Tensor, wanted: Tensor) -> Tensor:
    """Compare band by band from fine to coarse, coarse ones weighted up.

    Reference: Bojanowski et al., arXiv 1707.05776; for frames between frames: Niklaus, Liu, arXiv 1803.10967.
    """
    left, total = made - wanted, made.new_zeros(())
    for level in range(_PYRAMID_LEVELS):
        smaller = _halved(left)
        back = functional.interpolate(smaller, left.shape[2:], mode="bilinear", align_corners=False)
        total = total + 2**level * (left - back).abs().mean()
        left = smaller
    coarsest: Tensor = 2**_PYRAMID_LEVELS * left.abs().mean()
    return total + coarsest


def _blurred(picture: Tensor) -> Tensor:
    """Blur by a Gaussian of 1.5 pixels, as SSIM does."""
    places = torch.arange(-5, 6, dtype=picture.dtype, device=picture.device)
    taps = torch.exp(-places.square() / (2 * 1.5**2))
    taps, planes = taps / taps.sum(), picture.shape[1]
    padded = functional.pad(picture, (5, 5, 5, 5), mode="replicate")
    across = functional.conv2d(padded, taps.view(1, 1, 1, -1).expand(planes, 1, 1, 11), groups=planes)
    return functional.conv2d(across, taps.view(1, 1, -1, 1).expand(planes, 1, 11, 1), groups=planes)


def structure(made: Tensor, wanted: Tensor) -> Tensor:
    """1 - SSIM of luma, mean of full and of half size. Reference: Wang et al. 2004; as a loss, arXiv 1511.08861."""
    total, pair = made.new_zeros(()), torch.cat([luma(made), luma(wanted)])
    for _ in range(2):
        mean, square = _blurred(pair), _blurred(pair.square())
        (mean_made, mean_wanted), (of_made, of_wanted) = mean.chunk(2), (square - mean.square()).chunk(2)
        first, second = pair.chunk(2)
        both = _blurred(first * second) - mean_made * mean_wanted
        light = (2 * mean_made * mean_wanted + 1e-4) / (mean_made.square() + mean_wanted.square() + 1e-4)
        total = total + 1 - (light * (2 * both + 9e-4) / (of_made + of_wanted + 9e-4)).mean()
        pair = functional.avg_pool2d(pair, 2)
    return total / 2


def missing(made: Tensor, wanted: Tensor) -> Tensor:
    """How much weaker detail is than it should be; what is too strong or elsewhere the other losses count.

    A mean over what a damaged picture may have been is soft, and no loss that treats both signs alike minds that.
    Reference: the map of lost detail in SSIMULACRA2 (Sneyers 2022), in luma.
    """
    pair = torch.cat([luma(made), luma(wanted)])
    found, asked = (pair - _blurred(pair)).abs().chunk(2)
    return functional.relu(asked - found).mean()


#: The picture losses that a run can ask for, by the name of their weight.
PICTURE_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "charbonnier": charbonnier,
    "gradient": gradient,
    "census": census,
    "line": line,
    "laplacian": laplacian,
    "structure": structure,
    "missing": missing,
}
