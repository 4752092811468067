"""The parts of the layered network: what moves pictures as a whole or place by place, and what makes one of them.

Everything here works on (N, C, H, W) tensors; flows are x, y to the picture before and x, y to the one after, (N, 4,
H, W), and grow with the size they are given at.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.flow import Search, convolution, enlarge, silence, warp
from export.picture_losses import lines, luma

#: What luma is multiplied by before slopes are: their products then suit half precision.
_CONTRAST = 8.0
#: Added to a window's mean squared slopes: flat windows keep the flow they have.
_DAMPING = 1e-4 * _CONTRAST**2
#: Squared deviation of places, which run from -1 to 1, that a fit takes for granted.
_STEADY = 1e-3
#: Camera motion of less than this many pixels is none, and of more than twice that all of it.
_CAMERA_PX = 0.05
#: Largest change that the refinement makes, of 1.
_REFINE_MOST = 0.1
#: Mean difference of both sides from which they count as unlike, and over how much more they are quite so; below lie
#: grain and what a codec did, as in `VsaiConfidence`.
_UNLIKE_FROM, _UNLIKE_OVER = 0.03, 0.07
#: Outer taps of each side.
TAPS = 4


def sides(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Return the flow to the picture before and to the one after."""
    return flow[:, :2], flow[:, 2:]


def _cells(planes: Tensor) -> Tensor:
    """Average over squares of 12 pixels, one every 4."""
    return functional.avg_pool2d(functional.avg_pool2d(planes, 4), 3, 1, padding=1, count_include_pad=False)


def agree(a: Tensor, b: Tensor, flow: Tensor, timestep: Tensor) -> Tensor:
    """Find the step, at most a pixel, that makes both sides agree better after a flow: Lucas and Kanade's.

    vsainimotion/refine.py does the same natively; without it the flow of a network is a third of a pixel off.

    Args:
        a: (N, 1, H, W) luma of the picture before.
        b: That of the picture after.
        flow: (N, 4, H, W) in pixels of this size.
        timestep: (N, 1, H, W).
    """
    # A fade changes the local mean, and is no motion.
    pair = torch.cat([a, b]).float() * _CONTRAST
    a, b = (pair - enlarge(enlarge(_cells(pair)))).chunk(2)
    a, b = (warp(side, way) for side, way in zip((a, b), sides(flow), strict=True))
    padded = functional.pad(timestep * b + (1 - timestep) * a, (1, 1, 1, 1), mode="replicate")
    across = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) * 0.5
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) * 0.5
    left = b - a
    sums = _cells(torch.cat([across * across, across * down, down * down, across * left, down * left], dim=1))
    xx, xy, yy, x, y = sums.chunk(5, dim=1)
    xx, yy = xx + _DAMPING, yy + _DAMPING
    step = torch.cat([xy * y - yy * x, xy * x - xx * y], dim=1) / (xx * yy - xy * xy)
    step = enlarge(enlarge(step.clamp(-1.0, 1.0)))
    return torch.cat([-timestep * step, (1 - timestep) * step], dim=1)


def _places(like: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far across and down each pixel lies, -1 to 1, (1, 1, 1, W) and (1, 1, H, 1)."""
    height, width = like.shape[2:]
    across = (torch.arange(width, dtype=torch.float32, device=like.device) + 0.5) * (2.0 / width) - 1.0
    down = (torch.arange(height, dtype=torch.float32, device=like.device) + 0.5) * (2.0 / height) - 1.0
    return across[None, None, None], down[None, None, :, None]


def _mean(planes: Tensor) -> Tensor:
    return planes.mean((2, 3), keepdim=True)


class Camera(nn.Module):
    """The motion of the background: the affine map that fits best where the network takes the dense flow for it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(width, 1, 3, padding=1)
        silence(self.weigh)

    def forward(self, state: Tensor, flow: Tensor, stride: int) -> Tensor:
        """Return the coefficients (N, 12, 1, 1), in pixels of the input: constant, across, down for each component.

        Args:
            state: (N, C, H, W) what the flow was found from.
            flow: (N, 4, H, W) in pixels of this size.
            stride: Pixels of the input that one of these stands for.
        """
        weight = torch.sigmoid(self.weigh(state).float()) + 1e-3
        weight = weight / _mean(weight)
        across, down = _places(flow)
        x0, y0, flow0 = _mean(weight * across), _mean(weight * down), _mean(weight * flow)
        x, y, moved = across - x0, down - y0, (flow - flow0) * weight
        xx, xy, yy = _mean(weight * x * x) + _STEADY, _mean(weight * x * y), _mean(weight * y * y) + _STEADY
        by_x, by_y = _mean(moved * x), _mean(moved * y)
        area = xx * yy - xy * xy
        slope_x, slope_y = (by_x * yy - by_y * xy) / area, (by_y * xx - by_x * xy) / area
        found = torch.cat([flow0 - slope_x * x0 - slope_y * y0, slope_x, slope_y], dim=1) * float(stride)
        # A camera that stands still must stand exactly still.
        most = found.abs().reshape(-1, 3, 4, 1).sum(1, keepdim=True).amax(2, keepdim=True)
        return found * ((most - _CAMERA_PX) / _CAMERA_PX).clamp(0.0, 1.0)


def spread(coefficients: Tensor, like: Tensor) -> Tensor:
    """Return the flow of a `Camera` at each pixel of a picture, (N, 4, H, W), in pixels of the input."""
    across, down = _places(like)
    constant, slope_x, slope_y = coefficients.chunk(3, dim=1)
    return constant + slope_x * across + slope_y * down


def _grid(flow: Tensor) -> Tensor:
    """Return where (N, 2, H, W) displacements point, as `grid_sample` wants it."""
    across, down = _places(flow)
    height, width = flow.shape[2:]
    x = flow[:, 0].float() * (2.0 / width) + across[:, 0]
    y = flow[:, 1].float() * (2.0 / height) + down[:, 0]
    return torch.stack([x, y], dim=3)


def fetch(picture: Tensor, flow: Tensor) -> Tensor:
    """Fetch as `warp` does, from sixteen pixels instead of four: lines stay as sharp as they were."""
    return functional.grid_sample(
        picture.float(), _grid(flow), mode="bicubic", padding_mode="border", align_corners=False
    )


def fetch_taps(picture: Tensor, flow: Tensor, taps: Tensor) -> Tensor:
    """Fetch each pixel from several places around where the flow points, and mix them.

    Reference: AdaCoF, Lee et al., arXiv 1907.10244. Its taps lie on a grid; here one in the middle is fetched sharply,
    and the others begin around it.

    Args:
        picture: (N, 3, H, W).
        flow: (N, 2, H, W) in pixels.
        taps: (N, 3 * TAPS, H, W): x, y of each outer tap in pixels, then the shares of them, which sum to 1 or less.
    """
    count, _, height, width = flow.shape
    offsets, shares = taps[:, : 2 * TAPS], taps[:, 2 * TAPS :]
    # One sampling of a picture that is TAPS times as high.
    grids = [_grid(flow + offsets[:, 2 * tap : 2 * tap + 2]) for tap in range(TAPS)]
    outer = functional.grid_sample(
        picture.float(), torch.cat(grids, dim=1), padding_mode="border", align_corners=False
    ).reshape(count, 3, TAPS, height, width)
    shares = shares.float()
    middle = fetch(picture, flow) * (1 - shares.sum(1, keepdim=True))
    return middle + (outer * shares[:, None]).sum(2)


class Taps(nn.Module):
    """Where the taps of both sides lie, and how much of each is taken."""

    offsets: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.head = nn.Conv2d(width, 2 * (3 * TAPS + 1), 3, padding=1)
        silence(self.head)
        # They begin a pixel away, with next to no share: too little to blur, enough to be told of.
        corners = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]).flatten()
        self.register_buffer("offsets", corners[None, :, None, None])

    def forward(self, state: Tensor, gate: Tensor) -> tuple[Tensor, Tensor]:
        """Return the taps of each side for `fetch_taps`; where the gate is 0, none has a share."""
        found = []
        for side in self.head(state).float().chunk(2, dim=1):
            logits = torch.cat([side[:, 2 * TAPS : 2 * TAPS + 1] + 5.0, side[:, 2 * TAPS + 1 :]], dim=1)
            shares = torch.softmax(logits, dim=1)[:, 1:] * gate
            found.append(torch.cat([self.offsets + 4.0 * side[:, : 2 * TAPS], shares], dim=1))
        return found[0], found[1]


class SceneGate(nn.Module):
    """Says of two pictures whether motion, a hold or a cut lies between: logits (N, 3, 1, 1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = nn.Sequential(convolution(6, width, kernel=1), convolution(width, width))
        self.judge = nn.Sequential(convolution(2 * width, width, kernel=1), nn.Conv2d(width, 3, 1))
        silence(self.judge[1])

    def forward(self, searches: tuple[Search, Search], apart: Tensor) -> Tensor:
        """Judge by how well anything fits, and how well rest does.

        Args:
            searches: Comparisons at 1/32, of the pictures as they are, and at 1/16.
            apart: (N, 1, H, W) difference of the pictures.
        """
        seen = []
        for search, shrink in zip(searches, (1, 2), strict=True):
            # The answer acts on the picture and must not change what the pyramid is for: matching.
            alike = search.logits.detach()
            fits = torch.cat([alike.amax(1, keepdim=True), alike[:, alike.shape[1] // 2, None]], dim=1)
            seen.append(functional.avg_pool2d(fits, shrink) if shrink > 1 else fits)
        seen += [functional.avg_pool2d(apart, 32), functional.max_pool2d(apart, 32)]
        return self.judge_seen(torch.cat(seen, dim=1))

    def judge_seen(self, seen: Tensor) -> Tensor:
        """Judge by six planes at 1/32: best fit and rest at two levels, difference in the mean and at most."""
        found = self.look(seen)
        return torch.as_tensor(self.judge(torch.cat([_mean(found), found.amax((2, 3), keepdim=True)], dim=1)).float())


def nearer(pictures: Tensor) -> Tensor:
    """Return the picture that is nearer in time, (N, 3, H, W); the one before, halfway."""
    before = ((0.5 - pictures[:, 6:7]) * 1000.0 + 1.0).clamp(0.0, 1.0)
    return pictures[:, 3:6] + (pictures[:, 0:3] - pictures[:, 3:6]) * before


def disagreement(before: Tensor, after: Tensor) -> Tensor:
    """Return where both sides show something else, 0 to 1, (N, 1, H, W), of two (N, 3, H, W) pictures."""
    apart = (before - after).abs().mean(1, keepdim=True)
    around = functional.avg_pool2d(functional.avg_pool2d(apart, 2), 5, 1, padding=2, count_include_pad=False)
    return enlarge((around - _UNLIKE_FROM) / _UNLIKE_OVER).clamp(0.0, 1.0)


class Compositor(nn.Module):
    """Which of four candidates shows at each pixel: background and foreground, fetched from before and from after."""

    def __init__(self, state: int, width: int) -> None:
        super().__init__()
        self.guess = nn.Conv2d(state, 4, 3, padding=1)
        silence(self.guess)
        # The foreground's flow is right about the background too; the camera has to earn its places.
        self.guess.state_dict()["bias"][:2] = -3.0
        self.look = nn.Sequential(convolution(4 * 4 + 4 + 1, width), convolution(width, width))
        self.correct = nn.Conv2d(width, 16, 3, padding=1)
        silence(self.correct)

    def forward(self, candidates: list[Tensor], state: Tensor, mask: Tensor, timestep: Tensor) -> Tensor:
        """Return the shares of the candidates, (N, 4, H, W).

        Args:
            candidates: Four (N, 3, H, W): background before and after, foreground before and after.
            state: (N, C, H/4, W/4) of the finest estimator.
            mask: (N, 1, H/4, W/4) logit of the picture before against the one after.
            timestep: (N, 1, H, W).
        """
        half = mask.float() * 0.5
        guess = enlarge(self.guess(state).float() + torch.cat([half, -half, half, -half], dim=1))
        seen = torch.cat([luma(candidate) for candidate in candidates], dim=1) - 0.5
        at_half = torch.cat([functional.pixel_unshuffle(seen, 2), guess, timestep[:, :, ::2, ::2]], dim=1)
        correction = functional.pixel_shuffle(self.correct(self.look(at_half)).float(), 2)
        return torch.softmax(enlarge(guess) + correction, dim=1)


class Refinement(nn.Module):
    """A small change of the composite, which knows where lines are in it and in what it was made of."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        body = [convolution(4 * 7, width), *(convolution(width, width) for _ in range(depth - 1))]
        self.body = nn.Sequential(*body)
        self.last = nn.Conv2d(width, 12, 3, padding=1)
        silence(self.last)

    def forward(self, composite: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """Return what to add to the composite, (N, 3, H, W), at most `_REFINE_MOST`.

        Args:
            composite: (N, 3, H, W).
            before: (N, 3, H, W) foreground from the picture before.
            after: That from the one after.
        """
        drawn = [lines(each) for each in (composite, before, after)]
        seen = torch.cat([composite - 0.5, *drawn, luma(before) - luma(after)], dim=1)
        found = functional.pixel_shuffle(self.last(self.body(functional.pixel_unshuffle(seen, 2))).float(), 2)
        return found.clamp(-1.0, 1.0) * _REFINE_MOST
