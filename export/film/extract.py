"""The extraction over films: what is left to do is done by several workers, and what is there is listed.

In the folder of the triplets there are `settings.json` (what they were made with), `films.json` (every film: where it
was, its hash, split, size, and how it went), `manifest.jsonl` (a line for each triplet: split, film and its hash, time,
motion, likeness, files) and `train/FILM/0003` or `valid/FILM/0003` (a chunk's pictures and its listing; a chunk's
folder appears when it is complete).
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import cv2
import vapoursynth as vs
from tqdm import tqdm

from export.film.chunk import LISTING, save_chunk
from export.film.plan import Chunk, Settings, film_name, hash_file, plan_chunks, plan_splits
from vsainimotion.errors import ArgumentError, MissingError, VsaiError
from vsainimotion.media.probe import probe

#: Seconds after which the bar of frames is drawn again.
_REDRAW_S = 0.5
#: Mebibytes of frames that one worker keeps at most.
_WORKER_CACHE_MIB = 400


@dataclass(frozen=True, slots=True)
class Film:
    """A film to take triplets from."""

    path: Path
    sha256: str
    split: str
    """train or valid."""
    frames: int
    chunks: list[Chunk]

    @property
    def name(self) -> str:
        """Its name for folders."""
        return film_name(self.path, self.sha256)

    def folder(self, out: Path) -> Path:
        """Return where its triplets are kept."""
        return out / self.split / self.name

    def left(self, out: Path) -> list[Chunk]:
        """Return the chunks that are not there yet."""
        return [chunk for chunk in self.chunks if not (self.folder(out) / f"{chunk.number:04d}").is_dir()]


@dataclass(slots=True)
class Extraction:
    """What an extraction found and did."""

    films: list[Film] = field(default_factory=list)
    damaged: dict[Path, str] = field(default_factory=dict)
    """What is wrong with each film that could not be read, or not all of it."""
    copies: dict[Path, Path] = field(default_factory=dict)
    """Films that have the same bytes as another."""
    triplets: int = 0
    """Triplets that the folder holds."""


def survey(paths: Sequence[Path], out: Path, settings: Settings, *, validation: float, quiet: bool) -> Extraction:
    """Find out what each film is, to which split it goes and which pieces it has. Nothing is written.

    Args:
        paths: The films.
        out: Folder of the triplets; splits decided there stay.
        settings: What is taken.
        validation: Share of the films for validation, 0 to 1.
        quiet: Show no progress.
    """
    found, known = Extraction(), {film["sha256"]: film["split"] for film in _read(out / "films.json", [])}
    sizes: dict[str, tuple[Path, int, list[Chunk]]] = {}
    for path in tqdm(paths, desc="survey", unit="film", disable=quiet or None, leave=False):
        try:
            video, sha256 = probe(path).video, hash_file(path)
        except (VsaiError, OSError) as error:
            found.damaged[path] = str(error)
            continue
        if sha256 in sizes:
            found.copies[path] = sizes[sha256][0]
            continue
        # A variable rate is read at a constant one: see vsainimotion.media.source.
        frames = video.frames if video.rate.constant else int(video.duration * video.rate.fps)
        sizes[sha256] = (path, frames, plan_chunks(frames, video.rate.fps, settings))
    # Films that an earlier run decided about count too, although they are not named now.
    splits = plan_splits([*known, *(sha256 for sha256 in sizes if sha256 not in known)], validation, known)
    found.films = [
        Film(path, sha256, splits[sha256], frames, chunks) for sha256, (path, frames, chunks) in sizes.items()
    ]
    return found


def extract(
    paths: Sequence[Path],
    out: Path,
    settings: Settings,
    *,
    workers: int = 8,
    validation: float = 0.1,
    quiet: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Extraction:
    """Take the triplets of films that are not in the folder yet.

    A film that cannot be read is reported and passed over; of one that breaks off, the whole pieces are kept. What an
    interruption leaves is gone on with by the same call.

    Args:
        paths: The films.
        out: Folder of the triplets; made if it is not there.
        settings: What is taken; the folder's own if it has some.
        workers: Pieces that are worked on at the same time, 1 or more.
        validation: Share of the films for validation, 0 to 1.
        quiet: Show no progress.
        say: Is told in a line how each film went, for a log where no bar can be drawn.

    Raises:
        ArgumentError: The folder was made with other settings, or `workers` is not 1 or more.
    """
    if workers < 1:
        raise ArgumentError(f"extract: 'workers' must be 1 or more (got {workers!r}). Use the number of cores")
    check_settings(out, settings)
    found = survey(paths, out, settings, validation=validation, quiet=quiet)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "settings.json", dataclasses.asdict(settings))
    # Listed before anything is taken: a split that was decided holds, whatever interrupts.
    found.triplets = save_manifest(out, found)
    with tqdm(found.films, desc="films", unit="film", position=0, disable=quiet or None) as bar:
        for film in bar:
            bar.set_postfix_str(film.path.name)
            if trouble := _take(film, out, settings, workers, quiet=quiet):
                found.damaged[film.path] = trouble
            before, found.triplets = found.triplets, save_manifest(out, found)
            say(f"{film.path}: {found.triplets - before} triplets more{trouble and f'; damaged: {trouble}'}")
    return found


def check_settings(out: Path, settings: Settings) -> None:
    """Check that a folder was made with the same settings, if it was made before.

    Raises:
        ArgumentError: It was made with others.
    """
    before, now = _read(out / "settings.json", {}), dataclasses.asdict(settings)
    if differing := [f"{name} {before[name]!r}" for name in before if before[name] != now.get(name)]:
        raise ArgumentError(
            f"extract: '{out}' must be gone on with as it was begun: with {', '.join(differing)}. "
            "Give the same options, or another folder"
        )


_looked: Synchronized[int] | None = None


def _begin(counter: Synchronized[int]) -> None:
    """Prepare a worker: one thread each, since there are as many workers as wanted."""
    global _looked  # what a pool hands to its workers as they start can only be kept so
    _looked = counter
    cv2.setNumThreads(1)
    vs.core.num_threads = 1
    vs.core.max_cache_size = _WORKER_CACHE_MIB


def _work(path: Path, chunk: Chunk, folder: Path, settings: Settings) -> None:
    save_chunk(path, chunk, folder, settings, _note)


def _note() -> None:
    if _looked is not None:
        with _looked.get_lock():
            _looked.value += 1


def _take(film: Film, out: Path, settings: Settings, workers: int, *, quiet: bool) -> str:
    """Work on all that is left of a film; return what went wrong, or nothing."""
    left, folder = film.left(out), film.folder(out)
    for remains in folder.glob("*.part"):
        shutil.rmtree(remains)
    if not left:
        return ""
    context = get_context("spawn")
    counter = context.Value("q", 0)
    frames = sum(chunk.last - chunk.first + 1 for chunk in left)
    # Each film has workers of its own: a decoder that crashes on one takes nothing else along.
    with (
        ProcessPoolExecutor(min(workers, len(left)), context, _begin, (counter,)) as pool,
        tqdm(total=len(left), desc="chunks", unit="chunk", position=1, leave=False, disable=quiet or None) as chunks,
        tqdm(total=frames, desc="filter", unit="frame", position=2, leave=False, disable=quiet or None) as filtered,
    ):

        def redraw() -> None:
            filtered.update(counter.value - filtered.n)

        try:
            jobs = [pool.submit(_work, film.path, chunk, folder / f"{chunk.number:04d}", settings) for chunk in left]
            troubles = []
            for job in _finished(jobs, redraw):
                troubles.append(_trouble(job))
                chunks.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return next(filter(None, troubles), "")


def _finished(jobs: Sequence[Future[None]], redraw: Callable[[], None]) -> Iterator[Future[None]]:
    """Yield jobs as they end."""
    pending = set(jobs)
    while pending:
        done, pending = wait(pending, timeout=_REDRAW_S, return_when=FIRST_COMPLETED)
        redraw()
        yield from done


def _trouble(job: Future[None]) -> str:
    """Return what a chunk's work failed of, or nothing."""
    try:
        job.result()
    except BrokenProcessPool:
        return "its decoder crashed and took a worker along; whole chunks are kept. Check the film"
    except MissingError:
        raise  # no film's fault
    except VsaiError as error:
        return str(error)
    return ""


def save_manifest(out: Path, found: Extraction) -> int:
    """List all films and triplets that the folder holds; return how many triplets.

    Args:
        out: The folder.
        found: The films of this run; films of earlier runs stay listed.
    """
    films = {film["sha256"]: film for film in _read(out / "films.json", [])}
    for film in found.films:
        films[film.sha256] = {
            "name": film.name, "file": str(film.path), "sha256": film.sha256, "split": film.split,
            "frames": film.frames, "chunks": len(film.chunks), "chunks_done": len(film.chunks) - len(film.left(out)),
            "trouble": found.damaged.get(film.path, ""),
        }  # fmt: skip
    lines = [line for sha256 in sorted(films) for line in _lines(out, films[sha256])]
    _write(out / "films.json", [films[sha256] for sha256 in sorted(films)])
    text = "".join(json.dumps(line) + "\n" for line in lines)
    unfinished = out / "manifest.part"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(out / "manifest.jsonl")
    return len(lines)


def _lines(out: Path, film: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the manifest's lines of a film, and count in its entry what became of its frames."""
    counts: Counter[str] = Counter()
    for listing in sorted((out / film["split"] / film["name"]).glob(f"[0-9]*/{LISTING}")):
        if listing.parent.suffix:
            continue
        chunk = _read(listing, {})
        counts.update(chunk["counts"])
        place = listing.parent.relative_to(out).as_posix()
        for triplet in chunk["triplets"]:
            files = [f"{place}/{name}" for name in triplet["files"]]
            yield {"split": film["split"], "film": film["name"], "sha256": film["sha256"], **triplet, "files": files}
    film["outcomes"] = dict(counts)


def _read(path: Path, otherwise: Any) -> Any:  # noqa: ANN401 - JSON is what it is
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else otherwise


def _write(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write JSON beside its place and rename it."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)
