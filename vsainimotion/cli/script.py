"""`ainimotion script`: print the .vpy that enhance would run."""

from pathlib import Path
from typing import Any

import click

from vsainimotion.cli.options import (
    ENCODE_OPTIONS,
    FILM,
    GRAPH_OPTIONS,
    read_encode_options,
    read_graph_options,
    with_options,
)
from vsainimotion.media.job import open_film


@click.command("script")
@FILM
@with_options(GRAPH_OPTIONS, ENCODE_OPTIONS)
def command(
    source: Path,
    **values: Any,  # noqa: ANN401 (click hands over what its options declare)
) -> None:
    """Print the .vpy script that `enhance` would run over IN with the same options.

    Rendered by vspipe it gives the same frames, bit for bit. Edit it, preview it, or pipe it into an encoder.
    """
    options, span = read_graph_options(values)
    encode = read_encode_options(values)
    click.echo(open_film(source, options, encode, span, lambda _: None).script, nl=False)
