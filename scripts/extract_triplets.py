"""Take triplets for interpolation (F1, F2, F3) from a film or a folder of films.

    python scripts/extract_triplets.py films --out data/film --dry-run
    python scripts/extract_triplets.py films --out data/film

Frames that repeat a drawing are passed over (SSIM, and the gate's holds), triplets across cuts and fades are left out,
and so are static ones. The same command goes on where it stopped. What is written: export/film/extract.py.

Exit codes: 0 all done, 2 the command is wrong, 3 something is missing, 4 a film is damaged (all others are done),
130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from export.film.extract import Extraction, check_settings, extract, survey
from export.film.plan import IMAGES, Settings, find_films
from vsainimotion.errors import InputError, OutputError, VsaiError

DEFAULTS = Settings()
#: Options of the same name in Settings: what the help says of each.
OPTIONS = {
    "height": "lines of the pictures; a lower film keeps its own",
    "crop_top": "lines of the film to cut off at the top, even",
    "crop_bottom": "lines of the film to cut off at the bottom, even: subtitles in the picture",
    "quality": "JPEG quality",
    "repeat": "SSIM from which a frame repeats the drawing before it",
    "static": "SSIM of first and last from which a triplet is static",
    "apart": "SSIM of neighbours below which they have too little in common",
    "balance": "least share that a triplet's smaller step has of its larger",
    "step": "drawings from the start of a triplet to that of the next; 3 shares no picture",
    "longest_gap": "most frames between the drawings of a triplet",
}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, nargs="+", help="films, or folders of films")
    parser.add_argument("--out", type=Path, required=True, help="folder of the triplets")
    parser.add_argument("--workers", type=int, default=8, help="chunks at the same time (default 8)")
    parser.add_argument("--image", choices=sorted(IMAGES), default=DEFAULTS.image, help="kind of picture")
    for name, text in OPTIONS.items():
        value = getattr(DEFAULTS, name)
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"{text} (default {value})"
        )
    parser.add_argument("--skip-intro", type=float, default=DEFAULTS.skip_intro_s, help="seconds (default 120)")
    parser.add_argument("--chunk-minutes", type=float, default=DEFAULTS.chunk_s / 60, help="length of a chunk")
    parser.add_argument("--validation", type=float, default=0.1, help="share of the films for validation")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bars")
    return parser.parse_args()


def settings_from(options: argparse.Namespace) -> Settings:
    """Turn options into settings."""
    values = {name: getattr(options, name) for name in (*OPTIONS, "image")}
    return Settings(**values, skip_intro_s=options.skip_intro, chunk_s=60 * options.chunk_minutes)


def describe(found: Extraction, out: Path) -> None:
    """Print what an extraction would do."""
    print(f"{'split':6} {'frames':>8} {'chunks':>7} {'left':>5}  film")
    for film in found.films:
        print(f"{film.split:6} {film.frames:8} {len(film.chunks):7} {len(film.left(out)):5}  {film.path}")
    left = [chunk for film in found.films for chunk in film.left(out)]
    frames = sum(chunk.last - chunk.first + 1 for chunk in left)
    print(f"{len(left)} chunks left with {frames} frames to look at. Nothing was written.")


def report(found: Extraction) -> None:
    """Print what is wrong with films."""
    for path, original in found.copies.items():
        print(f"passed over: {path} is the same file as {original}", file=sys.stderr)
    for path, trouble in found.damaged.items():
        print(f"damaged: {path}: {trouble}", file=sys.stderr)


def _ignore(_: str) -> None:
    """Say nothing: the bars do."""


def _print_at_once(line: str) -> None:
    print(line, flush=True)


def run(options: argparse.Namespace) -> int:
    """Extract, or say what would be done; return the exit code."""
    settings, films = settings_from(options), find_films(options.films)
    if options.dry_run:
        check_settings(options.out, settings)
        found = survey(films, options.out, settings, validation=options.validation, quiet=options.quiet)
        describe(found, options.out)
    else:
        found = extract(
            films,
            options.out,
            settings,
            workers=options.workers,
            validation=options.validation,
            quiet=options.quiet,
            say=_ignore if sys.stderr.isatty() else _print_at_once,  # a log shows no bars
        )
        print(f"{found.triplets} triplets in {options.out}, of {len(found.films)} films this time")
    report(found)
    return InputError.exit_code if found.damaged else 0


def main() -> int:
    """Run, and turn errors into messages."""
    try:
        return run(arguments())
    except VsaiError as error:
        print(f"extract_triplets: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"extract_triplets: the triplets cannot be written ({error}); make room and go on", file=sys.stderr)
        return OutputError.exit_code
    except KeyboardInterrupt:
        print("extract_triplets: interrupted; the same command goes on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
