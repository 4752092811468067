"""`ainimotion preview`: before and after at one place of a film."""

from pathlib import Path
from typing import Any

import click

from vsainimotion.cli.enhance import describe_result
from vsainimotion.cli.options import (
    ENCODE_OPTIONS,
    FILM,
    PATH,
    PICTURE_OPTIONS,
    QUIET,
    read_encode_options,
    read_graph_options,
    with_options,
)
from vsainimotion.cli.progress import ProgressLine
from vsainimotion.media.job import Request
from vsainimotion.media.preview import CLIP, NAMES, plan_preview, run_preview
from vsainimotion.media.span import parse_moment
from vsainimotion.media.workplace import check_folder, made_folder


@click.command("preview")
@FILM
@click.option("--at", required=True, metavar="TIME", help="The place: 00:10:03, 603.5 or f14472.")
@click.option("--out", type=PATH, metavar="DIR", help="Folder for them. [default: IN-preview]")
@click.option("--seconds", type=float, default=2, show_default=True, help="Length of the clip.")
@with_options(PICTURE_OPTIONS, ENCODE_OPTIONS)
@click.option("--ffmpeg", metavar="PROGRAM", help="Another ffmpeg; also VSAINIMOTION_FFMPEG.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier preview in DIR.")
@QUIET
def command(
    source: Path,
    *,
    at: str,
    out: Path | None,
    seconds: float,
    ffmpeg: str | None,
    overwrite: bool,
    quiet: bool,
    **values: Any,  # noqa: ANN401 (click hands over what its options declare)
) -> None:
    """Make stills of IN before and after, and a short clip, as `enhance` would with the same options.

    before.png is the film's frame, after.png the same frame out of the graph, between.png the frame after it, if it is
    one that the film does not have, and clip.mkv a part with sound and all.
    """
    values["clip"] = None
    options, _ = read_graph_options(values)
    encode = read_encode_options(values)
    folder = out or Path(f"{source.stem}-preview")
    check_folder("preview", folder, NAMES, overwrite=overwrite)
    moment = parse_moment(at)
    request = Request(
        source=source, out=folder / CLIP, enhance=options, encode=encode, overwrite=overwrite, ffmpeg=ffmpeg
    )
    with ProgressLine(quiet=quiet) as line, made_folder(folder):
        preview = plan_preview(request, moment, seconds, line.report)
        for note in preview.plan.notes:
            line.say(f"note: {note}")
        stills, result = run_preview(preview, line.show, line.report)
        line.say(", ".join(str(path) for path in stills))
        line.say(describe_result(preview.plan, result))
