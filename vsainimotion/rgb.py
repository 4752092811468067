"""Between a clip's own format and the RGB in [0, 1] that networks read, by each frame's own matrix and range."""

import vapoursynth as vs

from vsainimotion.native import check_clip

core = vs.core

_HD_HEIGHT = 720
"""From this height on, YUV that does not say its matrix is taken for BT.709, below it for BT.601, as players do."""
_MATRICES = (1, 4, 5, 6, 7, 8, 9)
"""Values of `_Matrix` that lead from YUV to RGB and back."""
_COLOUR_PROPERTIES = ["_Range", "_ColorRange", "_ChromaLocation"]


def to_rgb(clip: vs.VideoNode, width: int | None = None, height: int | None = None) -> vs.VideoNode:
    """Converts a clip to RGBS, in the same step to a smaller size if one is given.

    Args:
        clip: YUV, RGB or GRAY, any depth. YUV of an unsaid matrix is read as BT.709 from 720 lines on, else BT.601.
        width: New width in pixels; the clip's own if None.
        height: New height in pixels; the clip's own if None.

    Returns:
        RGBS, full range, transfer untouched.
    """
    family = check_clip("to_rgb", clip).color_family
    width, height = width or clip.width, height or clip.height
    if family == vs.GRAY:
        gray = clip.resize.Bilinear(width, height, format=vs.GRAYS, range=vs.RANGE_FULL)
        return core.std.ShufflePlanes([gray, gray, gray], [0, 0, 0], vs.RGB).std.SetFrameProps(_Matrix=vs.MATRIX_RGB)
    if family == vs.YUV:
        known = " ".join(f"x._Matrix {matrix} =" for matrix in _MATRICES) + " or" * (len(_MATRICES) - 1)
        clip = core.akarin.PropExpr(clip, dict=lambda: {"_Matrix": f"{known} x._Matrix {_guess_matrix(clip)} ?"})
    resize = clip.resize.Spline36 if (width, height) == (clip.width, clip.height) else clip.resize.Bilinear
    return resize(width, height, format=vs.RGBS, range=vs.RANGE_FULL)


def from_rgb(
    rgb: vs.VideoNode, like: vs.VideoNode, width: int | None = None, height: int | None = None
) -> vs.VideoNode:
    """Converts RGBS back to the format of a clip, with Spline36 to another size if one is given.

    Args:
        rgb: RGBS, full range, of the clip's length.
        like: The clip whose format is wanted; each frame gives its matrix, range and chroma location.
        width: New width in pixels; that of `rgb` if None.
        height: New height in pixels; that of `rgb` if None.

    Returns:
        A clip of that format with the frame properties of `like`.
    """
    target = check_clip("from_rgb", like)
    if target.color_family == vs.YUV:
        rgb = _to_each_matrix(rgb, like)
    elif target.color_family == vs.GRAY:
        rgb = rgb.resize.Point(format=vs.GRAYS, matrix=vs.MATRIX_BT709)
    coloured = rgb.std.CopyFrameProps(like, props=_COLOUR_PROPERTIES)
    result = coloured.resize.Spline36(width or rgb.width, height or rgb.height, format=target.id)
    return result.std.CopyFrameProps(like)


def _guess_matrix(clip: vs.VideoNode) -> int:
    return int(vs.MATRIX_BT709 if clip.height >= _HD_HEIGHT else vs.MATRIX_ST170_M)


def _to_each_matrix(rgb: vs.VideoNode, like: vs.VideoNode) -> vs.VideoNode:
    """Converts RGB to float YUV by the matrix that each frame of a clip names; only that one is computed."""
    choice = str(_MATRICES.index(_guess_matrix(like)))
    for index, matrix in enumerate(_MATRICES):
        choice = f"x._Matrix {matrix} = {index} {choice} ?"
    return core.akarin.Select([rgb.resize.Point(format=vs.YUV444PS, matrix=m) for m in _MATRICES], like, choice)
