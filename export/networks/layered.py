"""A network that makes the middle frame itself, of layers: for GPUs, where a whole picture may cross the network.

    pyramid at 1/4 to 1/32 -> dense motion, coarse to fine -> foreground: taps around where it points
                                    |                       -> background: one affine motion, fitted to it
                           scene gate: motion, hold, cut    -> compositor -> line-aware refinement

It finds motion as flow-fast does, whose weights it can begin with. Only sampling and two thin networks, on pixels in
squares of four, see the full size.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.flow import GRID, Estimate, Estimator, FlowFast, FlowShape, convolution, enlarge, silence, warp
from export.networks.layers import (
    Camera,
    Compositor,
    Refinement,
    SceneGate,
    Taps,
    agree,
    disagreement,
    fetch,
    fetch_taps,
    nearer,
    sides,
    spread,
)
from export.picture_losses import luma

#: Height and width of the input must be multiples of this.
SIZE_MULTIPLE = 32
#: Colours, less their middle value, are multiplied by this, as in export.networks.flow.
_GAIN = 4.0
#: Pixels of the input that one of the level at which the camera's motion is fitted stands for.
_CAMERA_STRIDE = 8
#: Probability of a hold or a cut from which it begins to show, and over how much more it takes the whole picture.
_STAY_FROM, _STAY_OVER = 0.6, 0.3
#: Pictures of which no colour differs by more are the same: half a code of 8 bits.
_SAME = 0.5 / 255


@dataclass(frozen=True, kw_only=True, slots=True)
class LayeredShape:
    """How wide the parts are."""

    motion: FlowShape = field(default_factory=FlowShape)
    """Pyramid and estimators."""
    gate: int = 24
    compositor: int = 24
    refinement: int = 24
    refinement_depth: int = 2
    """Convolutions of the refinement before its last."""


SMALL = LayeredShape()
LARGE = LayeredShape(
    motion=FlowShape(features=(32, 64, 96, 128), widths=(96, 128, 128), depths=(5, 5, 5), reaches=(2, 3, 3)),
    gate=48,
    compositor=48,
    refinement=48,
    refinement_depth=4,
)


@dataclass(frozen=True, slots=True)
class Layers:
    """All that the network found about a pair of pictures."""

    estimate: Estimate
    """Dense motion at 1/4, and what the coarser levels say."""
    flow: Tensor
    """(N, 4, H/2, W/2) the dense motion refined, in pixels of the input."""
    camera: Tensor
    """(N, 4, H, W) motion of the background."""
    scene: Tensor
    """(N, 3, 1, 1) logits of motion, hold and cut."""
    candidates: tuple[Tensor, ...]
    """Four (N, 3, H, W): background before and after, foreground before and after."""
    shares: Tensor
    """(N, 4, H, W) how much of each candidate shows."""
    composite: Tensor
    """(N, 3, H, W) their mixture."""
    between: Tensor
    """(N, 3, H, W) the same refined: the middle frame where it is a motion that lies between."""
    picture: Tensor
    """(N, 3, H, W) the answer: that, or at a hold or cut the nearer picture."""


class Layered(FlowFast):
    """Two pictures and a timestep in, (N, 7, H, W); the picture between out, (N, 3, H, W)."""

    def __init__(self, shape: LayeredShape = SMALL) -> None:
        super().__init__(shape.motion)
        fine, middle, coarse = shape.motion.features[1:]
        width, camera_width, _ = shape.motion.widths
        self.deepen = nn.Sequential(convolution(coarse + 3, coarse, stride=2), convolution(coarse, coarse))
        # A level above those of flow-fast, for motion of up to 128 pixels.
        reach, depth = shape.motion.reaches[-1], shape.motion.depths[-1]
        self.estimate["4"] = Estimator(coarse, 0, shape.motion.widths[-1], depth, reach)
        # It begins by offering next to nothing, so that weights of flow-fast start as well as they were.
        self.estimate.state_dict()["4.head.bias"][4] = -4.0
        # Feature pyramid: what a coarser level knows is added to the finer one. Begins as the levels alone.
        self.across = nn.ModuleList([nn.Conv2d(each, each, 1) for each in (fine, middle, coarse)])
        self.down = nn.ModuleList(
            [nn.Conv2d(*pair, 1) for pair in ((middle, fine), (coarse, middle), (coarse, coarse))]
        )
        for lateral, top in zip(self.across, self.down, strict=True):
            nn.init.dirac_(torch.as_tensor(lateral.weight))
            nn.init.zeros_(torch.as_tensor(lateral.bias))
            silence(top)
        self.scene = SceneGate(shape.gate)
        self.camera = Camera(camera_width)
        self.trust = nn.Conv2d(width, 2, 3, padding=1)
        silence(self.trust)
        self.taps = Taps(width)
        self.compositor = Compositor(width, shape.compositor)
        self.refinement = Refinement(shape.refinement, shape.refinement_depth)

    def pyramid(self, pictures: Tensor) -> list[Tensor]:
        """Return the description of pictures, (N, 3, H, W), at 1/4, 1/8, 1/16 and 1/32."""
        levels = self.features(pictures)
        deepest = self.deepen(torch.cat([levels[-1], functional.avg_pool2d(pictures, 16)], dim=1))
        above, found = deepest, [deepest]
        for level in (2, 1, 0):
            above = self.across[level](levels[level]) + self.down[level](enlarge(above))
            found.insert(0, above)
        return found

    def move(self, views: list[tuple[Tensor, ...]], times: list[Tensor]) -> tuple[Tensor, Tensor, Estimate]:
        """Return the states at 1/4 and 1/8, and what is known of the dense motion, still without its last answer."""
        state, flow, first = self.estimate["4"](*views[3], times[3], None, None)
        flow = enlarge(flow) * 2.0
        # As flow-fast's coarsest level begins, but from where the one above it ends.
        moved = (warp(view, way) for view, way in zip(views[2], sides(flow), strict=True))
        state, more, second = self.estimate["3"](*moved, times[2], None, None)
        coarse, searches, flow = [flow], [first, replace(second, start=flow)], flow + more
        states = [state]
        coarse.append(flow)
        for level in (2, 1):
            state, flow, search = self.estimate[str(level)](
                *views[level - 1], times[level - 1], enlarge(state), enlarge(flow) * 2.0
            )
            coarse.append(flow)
            searches.append(search)
            states.append(state)
        nothing = flow.new_zeros(())
        found = Estimate(flow * GRID, flow * GRID, nothing, nothing, nothing, tuple(coarse), tuple(searches))
        return states[2], states[1], found

    def lay(self, pictures: Tensor) -> Layers:
        """Return everything the network finds for (N, 7, H, W) pictures."""
        a, b, timestep = pictures[:, 0:3], pictures[:, 3:6], pictures[:, 6:7]
        centred = (torch.cat([a, b]) - 0.5) * _GAIN
        views = [view.chunk(2) for view in self.pyramid(centred)]
        times = [timestep[:, :, :: GRID << level, :: GRID << level] for level in range(4)]
        state, at_camera, estimate = self.move(views, times)
        apart = (a - b).abs().amax(1, keepdim=True)
        estimate = self.conclude(estimate, state, apart)
        gate = estimate.moving.clamp(0.0, 1.0)
        flow = self.sharpen(estimate, state, gate, pictures)
        camera = spread(self.camera(at_camera, estimate.coarse[2], _CAMERA_STRIDE), apart)
        candidates = self.candidates(pictures, flow, camera, self.taps(state, gate))
        shares = self.compositor(list(candidates), state, estimate.mask, timestep)
        composite = torch.stack([share * each for share, each in zip(shares.split(1, 1), candidates, strict=True)]).sum(
            0
        )
        unsure = disagreement(candidates[2], candidates[3])
        change = self.refinement(composite, candidates[2], candidates[3]) * unsure * enlarge(enlarge(gate))
        between = composite + change
        scene = self.scene((estimate.searches[0], estimate.searches[1]), apart)
        picture = between + (nearer(pictures) - between) * stay(scene, apart)
        return Layers(estimate, flow, camera, scene, candidates, shares, composite, between, picture.clamp(0.0, 1.0))

    def conclude(self, estimate: Estimate, state: Tensor, apart: Tensor) -> Estimate:
        """Answer at 1/4 as flow-fast does: the last correction, where anything moves, which side shows."""
        still = [functional.avg_pool2d(apart, GRID) * _GAIN, functional.max_pool2d(apart, GRID) * _GAIN]
        planes = self.answer(torch.cat([state, *still], dim=1)).float()
        raw_flow, moving = estimate.flow + planes[:, 0:4], planes[:, 4:5]
        flow = raw_flow * moving.clamp(0.0, 1.0)
        return replace(
            estimate, flow=flow, raw_flow=raw_flow, moving=moving, mask=planes[:, 5:6], confidence=planes[:, 6:7]
        )

    def sharpen(self, estimate: Estimate, state: Tensor, gate: Tensor, pictures: Tensor) -> Tensor:
        """Return the dense flow at 1/2 after two steps towards agreement, at 1/4 and at 1/2, each taken as trusted."""
        levels = torch.cat([luma(pictures[:, 0:3]), luma(pictures[:, 3:6])], dim=1)
        trust = torch.sigmoid(self.trust(state).float() + 1.0) * gate
        flow, share = estimate.flow, trust[:, :1]
        for stride in (4, 2):
            if stride == 2:
                flow, share = enlarge(flow), enlarge(trust[:, 1:])
            a, b = functional.avg_pool2d(levels, stride).chunk(2, dim=1)
            step = agree(a, b, flow / stride, pictures[:, 6:7, ::stride, ::stride])
            flow = flow + step * share * float(stride)
        return flow

    def candidates(
        self, pictures: Tensor, flow: Tensor, camera: Tensor, taps: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, ...]:
        """Return background before and after, foreground before and after, each (N, 3, H, W)."""
        pair = pictures[:, 0:3], pictures[:, 3:6]
        dense = enlarge(flow)
        background = [fetch(each, way) for each, way in zip(pair, sides(camera), strict=True)]
        foreground = [
            fetch_taps(each, way, enlarge(enlarge(tap)))
            for each, way, tap in zip(pair, sides(dense), taps, strict=True)
        ]
        return (*background, *foreground)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the picture between, (N, 3, H, W) RGB in [0, 1], for (N, 7, H, W) pictures."""
        return self.lay(pictures).picture


def stay(scene: Tensor, apart: Tensor) -> Tensor:
    """Return how much of the nearer picture to show, (N, 1, 1, 1): all of it where both are the same.

    Args:
        scene: (N, 3, 1, 1) logits of motion, hold and cut.
        apart: (N, 1, H, W) difference of the pictures.
    """
    moving = torch.softmax(scene, dim=1)[:, :1]
    judged = ((1.0 - moving - _STAY_FROM) / _STAY_OVER).clamp(0.0, 1.0)
    same = ((_SAME - apart.amax((2, 3), keepdim=True)) * 1000.0 + 1.0).clamp(0.0, 1.0)
    return judged + same - judged * same
