"""Block motion: middle frames by mvtools, without a network."""

import vapoursynth as vs
from vsutil import depth, join, split

from vsainimotion.gate import luma_copy
from vsainimotion.refine import measure_disagreement
from vsainimotion.timeline import TIMESTEP_PROPERTY
from vsainimotion.timing import Schedule
from vsainimotion.warp import Flow, sample_expression

core = vs.core

LEAST_PX = 96
"""Narrower or lower clips are not followed: mvtools 29 writes outside its memory at 64 pixels and below."""
_SUBSAMPLINGS = {(0, 0), (1, 0), (1, 1)}
_BYTE_ZERO = 128
"""Vectors come as bytes, up to 127 pixels each way."""


def interpolate_blocks(clip: vs.VideoNode, schedule: Schedule) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Makes every frame of a schedule by moving the pixels of both neighbours along block vectors.

    Formats that mvtools does not take are done in 16 bits, RGB plane by plane along the vectors of its luma.

    Args:
        clip: The source, at least `LEAST_PX` wide and high.
        schedule: The output frames.

    Returns:
        The frames in the clip's format, one for each of the schedule's, and a clip of as many whose property
        `DoubtAverage`, 0 to 1, says how badly the blocks of the source frame matched the next frame.
    """
    work = clip if clip.format.sample_type == vs.INTEGER else depth(clip, 16)
    if (work.format.subsampling_w, work.format.subsampling_h) not in _SUBSAMPLINGS:
        work = work.resize.Bicubic(format=work.format.replace(subsampling_w=0, subsampling_h=0).id)
    if clip.format.color_family == vs.RGB:
        guide = luma_copy(work, clip.width, clip.height, bits=16)
        guide = depth(guide, work.format.bits_per_sample)
        frames = join([_flow_fps(plane, guide, schedule) for plane in split(work)], vs.RGB)
    else:
        guide = work
        frames = _flow_fps(work, work, schedule)
    if frames.format.id != clip.format.id:
        frames = frames.resize.Bicubic(format=clip.format.id)
    return frames, _measure_doubt(guide)


def _super(clip: vs.VideoNode) -> vs.VideoNode:
    """Prepares a clip; pel=4, because at pel=2 and below the middle frame leans to the first and costs 1.5 dB."""
    return clip.mv.Super(hpad=16, vpad=16, pel=4)


def _analyse(guide: vs.VideoNode) -> tuple[vs.VideoNode, vs.VideoNode]:
    """Finds the vectors to the frame after and to the frame before."""
    blocks = _super(guide)
    back, forth = (blocks.mv.Analyse(isb=isb, blksize=16, overlap=8, search=3, searchparam=2) for isb in (True, False))
    return back, forth


def _flow_fps(clip: vs.VideoNode, guide: vs.VideoNode, schedule: Schedule) -> vs.VideoNode:
    """Runs FlowFPS over a whole schedule, with vectors found on another clip of the same size."""
    clip, guide = clip.std.AssumeFPS(fpsnum=1), guide.std.AssumeFPS(fpsnum=1)
    num, den = schedule.factor.as_integer_ratio()
    frames = clip.mv.FlowFPS(_super(clip), *_analyse(guide), num=num, den=den, mask=2, thscd1=16000, thscd2=255)
    missing = schedule.num_frames - frames.num_frames
    return frames + frames[-1] * missing if missing > 0 else frames[: schedule.num_frames]


def _measure_doubt(guide: vs.VideoNode) -> vs.VideoNode:
    """Averages how badly each frame's blocks match the next frame."""
    back, _ = _analyse(guide)
    canvas = core.std.BlankClip(guide, format=vs.GRAY8, keep=True)
    return canvas.mv.Mask(back, kind=1, ml=100, thscd1=16000, thscd2=255).std.PlaneStats(prop="Doubt")


def find_block_flow(before: vs.VideoNode, after: vs.VideoNode) -> Flow:
    """Finds the flow of the frames between two clips by block vectors.

    Vectors are searched from either frame to the other, and each field is followed to the middle: what arrives at a
    pixel began where its own vector, taken back, leads. Of the two the one that leaves less there is kept.

    Args:
        before: Small GRAY8 copy of the frames before, with `VsaiTimestep`, at least `LEAST_PX` wide and high.
        after: The same of the frames after.

    Returns:
        The flow on the copies' grid, found to a pixel; its mask is one half.
    """
    pairs = core.std.Interleave([before, after])
    blocks = pairs.mv.Super(hpad=16, vpad=16, pel=1)
    t = f"x.{TIMESTEP_PROPERTY}"
    ahead = _follow(_read_vectors(pairs, blocks, isb=True), before, f"{t} -1 *")
    back = _follow(_read_vectors(pairs, blocks, isb=False), before, f"1 {t} -")
    a, b = (core.akarin.Expr(clip, "x 255 /", format=vs.GRAYS) for clip in (before, after))
    half = core.std.BlankClip(a, color=0.5, keep=True)
    left = [measure_disagreement(Flow(x=x, y=y, mask=half), a, b) for x, y in (ahead, back)]
    x, y = (core.akarin.Expr([*left, *ways], "x y <= z a ?") for ways in zip(ahead, back, strict=True))
    return Flow(x=x, y=y, mask=half)


def _read_vectors(pairs: vs.VideoNode, blocks: vs.VideoNode, *, isb: bool) -> list[vs.VideoNode]:
    """Finds the way from the first frame of each pair to the second, as seen from the first (isb) or the second."""
    # Whole pixels are enough, for the flow is refined: half the time, and on film no worse (docs/LOG.md, 2026-11-26).
    found = blocks.mv.Analyse(isb=isb, blksize=8, overlap=4, search=3, searchparam=2)
    sign = 1 if isb else -1
    ways = []
    for kind in (3, 4):  # the vectors' horizontal and vertical parts
        bytes_ = pairs.mv.Mask(found, kind=kind, ml=100, thscd1=16000, thscd2=255).std.ShufflePlanes(0, vs.GRAY)
        picked = bytes_.std.SelectEvery(2, [0 if isb else 1], modify_duration=False)
        ways.append(core.akarin.Expr(picked, f"x {_BYTE_ZERO} - {sign} *", format=vs.GRAYS))
    return ways


def _follow(ways: list[vs.VideoNode], timed: vs.VideoNode, share: str) -> list[vs.VideoNode]:
    """Follows a field to the middle: two rounds of asking the place where the way so far says that the pixel was."""
    found = ways
    for _ in range(2):
        place = f"X y {share} * +", f"Y z {share} * +"
        found = [
            core.akarin.Expr(
                [way.std.CopyFrameProps(timed, props=[TIMESTEP_PROPERTY]), *found],
                sample_expression("x", *place, "bilinear"),
            )
            for way in ways
        ]
    return found
