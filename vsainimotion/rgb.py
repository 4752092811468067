"""Between a clip's own format and the RGB in [0, 1] that networks read."""

import vapoursynth as vs

core = vs.core

_HD_HEIGHT = 720
"""From this height on, YUV that does not say its matrix is taken for BT.709, below it for BT.601, as players do."""


def to_rgb(clip: vs.VideoNode, width: int | None = None, height: int | None = None) -> vs.VideoNode:
    """Converts a clip to RGBS, in the same step to another size if one is given.

    Args:
        clip: YUV, RGB or GRAY, any depth. YUV of an unsaid matrix is read as BT.709 from 720 lines on, else BT.601.
        width: New width in pixels; the clip's own if None.
        height: New height in pixels; the clip's own if None.

    Returns:
        RGBS, full range, transfer untouched.
    """
    size = {"width": width or clip.width, "height": height or clip.height}
    if clip.format.color_family == vs.GRAY:
        gray = clip.resize.Bilinear(**size, format=vs.GRAYS, range=vs.RANGE_FULL)
        return core.std.ShufflePlanes([gray, gray, gray], [0, 0, 0], vs.RGB)
    if clip.format.color_family == vs.YUV:
        guess = vs.MATRIX_BT709 if clip.height >= _HD_HEIGHT else vs.MATRIX_ST170_M
        unsaid = f"x._Matrix {vs.MATRIX_UNSPECIFIED:d} = x._Matrix {vs.MATRIX_RGB:d} = or"
        clip = clip.akarin.PropExpr(dict=lambda: {"_Matrix": f"{unsaid} {guess:d} x._Matrix ?"})
    return clip.resize.Bilinear(**size, format=vs.RGBS, range=vs.RANGE_FULL)


def from_rgb(rgb: vs.VideoNode, like: vs.VideoNode) -> vs.VideoNode:
    """Converts RGBS back to the format, matrix and range of a clip.

    The matrix and the range are those of the clip's first frame, which is decoded for it.

    Args:
        rgb: RGBS, full range.
        like: The clip whose format is wanted; `rgb` may have another size.

    Returns:
        A clip of that format with the frame properties of `like`.
    """
    props = like.get_frame(0).props
    target: dict[str, int] = {"format": like.format.id}
    if "_Range" in props:
        target["range"] = int(props["_Range"])
    elif like.format.color_family != vs.RGB:
        target["range"] = vs.RANGE_LIMITED
    if like.format.color_family == vs.GRAY:
        luma = rgb.resize.Bicubic(format=vs.GRAYS, matrix=vs.MATRIX_BT709, range=vs.RANGE_FULL)
        return luma.resize.Bicubic(**target).std.CopyFrameProps(like)
    if like.format.color_family == vs.YUV:
        guess = vs.MATRIX_BT709 if like.height >= _HD_HEIGHT else vs.MATRIX_ST170_M
        said = int(props.get("_Matrix", vs.MATRIX_UNSPECIFIED))
        target["matrix"] = guess if said in {vs.MATRIX_UNSPECIFIED, vs.MATRIX_RGB} else said
        if "_ChromaLocation" in props:
            target["chromaloc"] = int(props["_ChromaLocation"])
    return rgb.resize.Bicubic(**target).std.CopyFrameProps(like)
