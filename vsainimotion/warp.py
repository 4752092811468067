"""Moving pixels along a flow, in the clip's own format and depth.

One native expression for each plane reads both neighbours where the flow points, weighs them and writes the result:
no conversion to RGB and back, so that a generated frame has exactly the colour of the frames around it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import vapoursynth as vs
from vsutil import join, split

from vsainimotion.errors import UnknownNameError
from vsainimotion.native import keep, once
from vsainimotion.timeline import TIMESTEP_PROPERTY

core = vs.core

_LETTERS = "xyzabcdefghijklmnopqrstuvw"
"""What an akarin expression calls its clips, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """How what a frame in the middle shows moves from the frame before to the frame after.

    Three clips of one float plane on one grid. Between two frames motion is taken for straight and even: a network's
    two separate ways gained nothing on film (docs/interpolation.md).
    """

    x: vs.VideoNode
    """Horizontal way from the frame before to the frame after, in pixels of the grid; to the right is positive."""
    y: vs.VideoNode
    """Vertical way, in pixels of the grid; down is positive."""
    mask: vs.VideoNode
    """Weight of the frame before, 0 to 1."""

    def resize(self, width: int, height: int) -> "Flow":
        """Returns the same flow on another grid, in pixels of that grid."""
        if (width, height) == (self.mask.width, self.mask.height):
            return self
        x, y, mask = (once(plane.resize.Bilinear(width, height)) for plane in (self.x, self.y, self.mask))
        return Flow(
            x=core.akarin.Expr(x, f"x {width / self.mask.width!r} *"),
            y=core.akarin.Expr(y, f"x {height / self.mask.height!r} *"),
            mask=mask,
        )


def _taps_linear(position: str) -> list[tuple[int, str]]:
    return [(0, f"1 {position} -"), (1, position)]


def _taps_cubic(f: str) -> list[tuple[int, str]]:
    """Catmull-Rom weights of the four pixels around a position, f its fraction (Keys 1981, a = -1/2)."""
    return [
        (-1, f"{f} -0.5 * 1 + {f} * -0.5 + {f} *"),
        (0, f"{f} 1.5 * 2.5 - {f} * {f} * 1 +"),
        (1, f"{f} -1.5 * 2 + {f} * 0.5 + {f} *"),
        (2, f"{f} 0.5 * 0.5 - {f} * {f} *"),
    ]


_KERNELS: Mapping[str, Callable[[str], list[tuple[int, str]]]] = MappingProxyType(
    {"bilinear": _taps_linear, "catmull-rom": _taps_cubic}
)
KERNELS = tuple(_KERNELS)
"""The names of the kernels that read between pixels."""


def warp_blend(a: vs.VideoNode, b: vs.VideoNode, flow: Flow, *, kernel: str = "bilinear") -> vs.VideoNode:
    """Makes the frame between two frames from both of them.

    Where the flow is zero and the frames agree the result is their pixel, bit for bit. Outside the picture the edge
    pixel is repeated.

    Args:
        a: The frames before, with `VsaiTimestep`: YUV, GRAY or RGB of 8 to 16 bit integer or float.
        b: The frames after, alike in format, size and length.
        flow: The flow as seen from the frame to make, on a grid of any size.
        kernel: One of `KERNELS`: "bilinear" or the sharper "catmull-rom".

    Returns:
        The middle frames: format, size, length and frame properties of `a`.

    Raises:
        UnknownNameError: There is no such kernel.
    """
    if kernel not in KERNELS:
        raise UnknownNameError(f"warp_blend: 'kernel' must be one of {', '.join(KERNELS)} (got {kernel!r}).")
    fields = _enlarge([flow.x, flow.y, flow.mask], split(a))
    planes = []
    for plane_a, plane_b in zip(split(a), split(b), strict=True):
        size = plane_a.width, plane_a.height
        planes.append(core.akarin.Expr([plane_a, plane_b, *fields[size]], _warp_expression(flow, *size, kernel)))
    return join(planes, a.format.color_family).std.CopyFrameProps(a)


def draw_together(a: vs.VideoNode, b: vs.VideoNode, flow: Flow, *, kernel: str = "bilinear") -> list[vs.VideoNode]:
    """Draws single planes of both neighbours to the middle along a flow on their own grid.

    Args:
        a: Plane of the frames before, with `VsaiTimestep`.
        b: Plane of the frames after, alike.
        flow: The flow, on the grid of the planes.
        kernel: One of `KERNELS`.

    Returns:
        What either side says the frame in the middle looks like, in the planes' format.
    """
    t = f"x.{TIMESTEP_PROPERTY} t!"
    side_a = sample_expression("x", "X t@ y * -", "Y t@ z * -", kernel)
    side_b = sample_expression("a", "X 1 t@ - y * +", "Y 1 t@ - z * +", kernel)
    return [core.akarin.Expr([a, flow.x, flow.y, b], f"{t} {side}") for side in (side_a, side_b)]


def warp_fused(
    a: vs.VideoNode,
    b: vs.VideoNode,
    flows: Sequence[Flow],
    weights: Sequence[vs.VideoNode],
    *,
    kernel: str = "bilinear",
) -> vs.VideoNode:
    """Makes the frame between two frames from several opinions of it, each counting where it is trusted.

    The opinions are the frame before and the frame after as they are, and both drawn to the middle along each flow.
    Where all agree the result is their pixel, bit for bit.

    Args:
        a: The frames before, with `VsaiTimestep`: YUV, GRAY or RGB of 8 to 16 bit integer or float.
        b: The frames after, alike in format, size and length.
        flows: One to four flows as seen from the frame to make, all on one grid of any size.
        weights: GRAYS planes on one grid of any size, 0 to 1: of the frame after, then of side a and side b along each
            flow. What they lack of 1 is the weight of the frame before.
        kernel: One of `KERNELS`.

    Returns:
        The middle frames: format, size, length and frame properties of `a`.
    """
    fields = _enlarge([*(way for flow in flows for way in (flow.x, flow.y)), *weights], split(a))
    planes = []
    for plane_a, plane_b in zip(split(a), split(b), strict=True):
        size = plane_a.width, plane_a.height
        scale = plane_a.width / flows[0].x.width, plane_a.height / flows[0].x.height
        planes.append(core.akarin.Expr([plane_a, plane_b, *fields[size]], _fused_expression(len(flows), scale, kernel)))
    return join(planes, a.format.color_family).std.CopyFrameProps(a)


def _fused_expression(flows: int, scale: tuple[float, float], kernel: str) -> str:
    """Writes the expression for one plane: the frame before and, weighed, how far each other opinion is from it."""
    ways, weights = _LETTERS[2 : 2 + 2 * flows], _LETTERS[2 + 2 * flows : 3 + 4 * flows]
    parts = [f"x.{TIMESTEP_PROPERTY} t! x y x - {weights[0]} * +"]
    for k in range(flows):
        parts += [
            f"{ways[2 * k]} {scale[0]!r} * dx! {ways[2 * k + 1]} {scale[1]!r} * dy!",
            f"{sample_expression('x', 'X t@ dx@ * -', 'Y t@ dy@ * -', kernel)} x - {weights[2 * k + 1]} * +",
            f"{sample_expression('y', 'X 1 t@ - dx@ * +', 'Y 1 t@ - dy@ * +', kernel)} x - {weights[2 * k + 2]} * +",
        ]
    return " ".join(parts)


def _enlarge(
    fields: Sequence[vs.VideoNode], planes: Sequence[vs.VideoNode]
) -> Mapping[tuple[int, int], list[vs.VideoNode]]:
    """Enlarges what belongs to a flow to each size that planes have, once where they share it.

    Half floats take a quarter of the time and are finer than 1/32 of a pixel of the grid.
    """
    sizes = Counter((plane.width, plane.height) for plane in planes)
    return {
        size: [(keep if shared > 1 else once)(field.resize.Bilinear(*size, format=vs.GRAYH)) for field in fields]
        for size, shared in sizes.items()
    }


def _warp_expression(flow: Flow, width: int, height: int, kernel: str) -> str:
    """Writes the expression for one plane: x and y are the neighbours, z and a the flow, b the mask."""
    way = f"z {width / flow.mask.width!r} * dx! a {height / flow.mask.height!r} * dy! x.{TIMESTEP_PROPERTY} t!"
    side_a = sample_expression("x", "X t@ dx@ * -", "Y t@ dy@ * -", kernel)
    side_b = sample_expression("y", "X 1 t@ - dx@ * +", "Y 1 t@ - dy@ * +", kernel)
    return f"{way} {side_a} A! {side_b} B! B@ A@ B@ - b * +"


def sample_expression(clip: str, x: str, y: str, kernel: str) -> str:
    """Writes the akarin expression that reads a clip at a place between pixels.

    Args:
        clip: The clip's letter in the expression.
        x: Expression of the column, in pixels.
        y: Expression of the row, in pixels.
        kernel: One of `KERNELS`.

    Returns:
        An expression that leaves the value; it uses the variables px, py, ix, iy, fx, fy and wx0 to wx3.
    """
    taps = _KERNELS[kernel]
    place = f"{x} px! {y} py! px@ floor ix! py@ floor iy! px@ ix@ - fx! py@ iy@ - fy!"
    columns = taps("fx@")
    rows = taps("fy@")
    place += "".join(f" {weight} wx{k}!" for k, (_, weight) in enumerate(columns))
    lines = []
    for offset_y, weight_y in rows:
        reads = [f"ix@ {offset_x} + iy@ {offset_y} + {clip}[] wx{k}@ *" for k, (offset_x, _) in enumerate(columns)]
        lines.append(" ".join(reads) + " +" * (len(reads) - 1) + f" {weight_y} *")
    return f"{place} " + " ".join(lines) + " +" * (len(lines) - 1)
