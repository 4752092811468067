from __future__ import annotations

import dataclasses
import json
import subprocess
from collections import Counter
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from export.film.choose import View, choose, ssim
from export.film.chunk import LISTING, open_looks, plan_size, save_chunk
from export.film.extract import extract, survey
from export.film.plan import Chunk, Settings, film_name, find_films, plan_chunks, plan_splits
from vsainimotion.errors import ArgumentError, InputError
from vsainimotion.gate import Interval
from vsainimotion.media.ffmpeg import find_ffmpeg

#: Settings for films of a few seconds.
SHORT = Settings(skip_intro_s=0, chunk_s=1, height=96)


def make_film(path: Path, seconds: float = 2.0, *filters: str, codec: str = "ffv1") -> Path:
    """Make a small film of a moving picture."""
    source = f"testsrc2=size=160x120:rate=24:duration={seconds}"
    command = [str(find_ffmpeg()), "-v", "error", "-y", "-f", "lavfi", "-i", source]
    command += ["-vf", ",".join([*filters, "format=yuv420p"]), "-c:v", codec, str(path)]
    subprocess.run(command, check=True)
    return path


def picture(shift: float) -> NDArray[np.uint8]:
    """A texture moved to the right."""
    x, y = np.arange(96)[None, :] - shift, np.arange(64)[:, None]
    level = 118 + 50 * np.sin(0.3 * x) * np.cos(0.2 * y) + 40 * np.sin(0.11 * x + 0.17 * y)
    return np.asarray(np.rint(level), dtype=np.uint8)


def views(shifts: list[float], **intervals: Interval) -> list[View]:
    """Frames of a texture at each place; `n3=Interval.CUT` says what lies after frame 3."""
    return [View(n, picture(shift), intervals.get(f"n{n}", Interval.MOTION)) for n, shift in enumerate(shifts)]


def chosen(frames: list[View], **change: object) -> tuple[list[tuple[int, int, int]], Counter[str]]:
    counts: Counter[str] = Counter()
    settings = dataclasses.replace(Settings(), **change)  # type: ignore[arg-type] # values of its fields
    return [choice.frames for choice in choose(frames, settings, counts)], counts


def test_likeness_is_one_for_equal_pictures_and_falls_with_distance() -> None:
    near, far = ssim(picture(0), picture(1)), ssim(picture(0), picture(4))
    assert ssim(picture(0), picture(0)) == pytest.approx(1.0)
    assert 1 > near > far


def test_film_on_ones_gives_triplets_that_share_no_frame() -> None:
    assert chosen(views([2.0 * n for n in range(7)]))[0] == [(0, 1, 2), (3, 4, 5)]


def test_a_step_of_one_drawing_gives_every_triplet() -> None:
    assert chosen(views([2.0 * n for n in range(5)]), step=1)[0] == [(0, 1, 2), (1, 2, 3), (2, 3, 4)]


def test_film_on_twos_and_threes_gives_triplets_of_its_drawings() -> None:
    twos, counts = chosen(views([2.0 * (n // 2) for n in range(8)]))
    assert twos == [(0, 2, 4)]
    assert counts["repeat"] == 4
    assert chosen(views([2.0 * (n // 3) for n in range(9)]))[0] == [(0, 3, 6)]


def test_uneven_distances_give_none() -> None:
    found, counts = chosen(views([0.0, 2.0, 2.0, 4.0]))
    assert found == []
    assert counts["uneven"] == 1


def test_a_drawing_repeated_under_grain_is_no_middle() -> None:
    # The middle all but repeats the first: likeness alone would let it pass.
    assert chosen(views([0.0, 0.4, 4.0]), repeat=0.9999)[1]["uneven"] == 1


@pytest.mark.parametrize(("between", "name"), [(Interval.CUT, "cut"), (Interval.FADE, "fade")])
def test_no_triplet_spans_a_cut_or_a_fade(between: Interval, name: str) -> None:
    found, counts = chosen(views([2.0 * n for n in range(6)], n1=between))
    assert found == [(2, 3, 4)]
    assert counts[name] == 1


def test_a_static_triplet_is_left_out() -> None:
    found, counts = chosen(views([0.0, 0.25, 0.5]), repeat=0.99999)
    assert found == []
    assert counts["static"] == 1


def test_neighbours_with_too_little_in_common_are_left_out() -> None:
    assert chosen(views([0.0, 9.0, 18.0]), apart=0.9)[1]["apart"] == 1


def test_chunks_cover_all_after_the_introduction_once() -> None:
    chunks = plan_chunks(1000, Fraction(24000, 1001), Settings(skip_intro_s=2, chunk_s=10))
    assert [(c.first, c.last) for c in chunks] == [(48, 287), (288, 527), (528, 767), (768, 999)]
    assert plan_chunks(40, Fraction(24), Settings(skip_intro_s=2)) == []


def test_a_film_is_in_one_split_and_stays_there() -> None:
    hashes = [f"{n:02x}" for n in range(10)]
    first = plan_splits(hashes, 0.2, {})
    assert sorted(first) == hashes
    assert [sha for sha, split in first.items() if split == "valid"] == ["00", "01"]
    later = plan_splits([*hashes, *(f"f{n}" for n in range(10))], 0.2, first)
    assert all(later[sha256] == split for sha256, split in first.items())
    assert list(later.values()).count("valid") == 4


def test_of_two_films_one_is_for_validation_and_a_lone_one_is_not() -> None:
    assert plan_splits(["b", "a"], 0.1, {}) == {"a": "valid", "b": "train"}
    assert plan_splits(["a"], 0.1, {}) == {"a": "train"}
    assert plan_splits(["b", "a"], 0.0, {}) == {"a": "train", "b": "train"}


def test_a_films_name_suits_any_file_system() -> None:
    assert film_name(Path("Ein Film: Teil 2?.mkv"), "ab" * 32) == "ein-film-teil-2-abababababab"
    assert film_name(Path("映画.mkv"), "ab" * 32) == "film-abababababab"


def test_a_folder_gives_its_films_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.MKV", "a.txt", "deep/a.mp4"):
        (tmp_path / name).touch()
    assert [path.name for path in find_films([tmp_path, tmp_path / "b.MKV"])] == ["b.MKV", "a.mp4"]
    with pytest.raises(ArgumentError, match="there is no"):
        find_films([tmp_path / "gone"])


@pytest.mark.parametrize(("name", "value"), [("height", 31), ("crop_top", 3), ("quality", 0), ("image", "gif")])
def test_settings_out_of_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=f"'{name}' must be"):
        dataclasses.replace(Settings(), **{name: value})  # type: ignore[arg-type] # wrong on purpose


def test_pictures_keep_their_shape_and_are_never_enlarged() -> None:
    assert plan_size(1920, 1080, 720) == (1280, 720)
    assert plan_size(1440, 1074, 720) == (966, 720)
    assert plan_size(640, 360, 720) == (640, 360)


def test_crop_and_height_give_the_size_of_the_pictures(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mkv", 0.5)
    looks = open_looks(film, dataclasses.replace(SHORT, crop_top=8, crop_bottom=16, height=48))
    assert (looks.full.width, looks.full.height) == (80, 48)
    with pytest.raises(ArgumentError, match="must leave 32 lines or more"):
        open_looks(film, dataclasses.replace(SHORT, crop_top=90))


@pytest.mark.parametrize(("image", "tolerance"), [("jpeg", 8.0), ("png", 0.0)])
def test_a_chunk_holds_the_frames_of_the_film(tmp_path: Path, image: str, tolerance: float) -> None:
    film = make_film(tmp_path / "film.mkv")
    settings = dataclasses.replace(SHORT, image=image)
    looked: list[None] = []
    save_chunk(film, Chunk(0, 10, 29), tmp_path / "0000", settings, lambda: looked.append(None))
    listing = json.loads((tmp_path / "0000" / LISTING).read_text())
    assert len(looked) == 20
    assert len(listing["triplets"]) == listing["counts"]["kept"] >= 4
    first = listing["triplets"][0]
    assert first["time_s"] == pytest.approx(first["frames"][0] / 24, abs=1e-3)
    looks = open_looks(film, settings)
    for number, name in zip(first["frames"], first["files"], strict=True):
        kept = cv2.imread(str(tmp_path / "0000" / name), cv2.IMREAD_COLOR_RGB)
        with looks.full.get_frame(number) as frame:
            wanted = np.dstack([np.asarray(frame[plane]) for plane in range(3)])
        assert kept is not None
        assert np.abs(kept.astype(float) - wanted).mean() <= tolerance
    assert not list(tmp_path.glob("*.part"))


def test_what_an_interruption_left_is_made_anew_and_the_rest_is_kept(tmp_path: Path) -> None:
    film, out = make_film(tmp_path / "film.mkv", 2.0), tmp_path / "out"
    whole = extract([film], out, SHORT, workers=1, quiet=True)
    (folder,) = (out / "train").iterdir()
    assert [path.name for path in sorted(folder.iterdir())] == ["0000", "0001"]
    manifest = (out / "manifest.jsonl").read_text()
    kept = (folder / "0000" / LISTING).stat().st_mtime_ns
    (folder / "0001").rename(folder / "0001.part")
    again = extract([film], out, SHORT, workers=2, quiet=True)
    assert (folder / "0000" / LISTING).stat().st_mtime_ns == kept
    assert (out / "manifest.jsonl").read_text() == manifest
    assert again.triplets == whole.triplets == manifest.count("\n") > 0


def test_a_damaged_film_is_reported_and_the_others_are_done(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    make_film(films / "good.mkv", 1.0)
    make_film(films / "other.mkv", 1.0, "hflip")
    (films / "copy.mkv").write_bytes((films / "good.mkv").read_bytes())
    (films / "noise.mp4").write_bytes(b"no film at all" * 100)
    (films / "half.mp4").write_bytes(make_film(tmp_path / "whole.mp4", 1.0, codec="libx264").read_bytes()[:9000])
    found = extract(find_films([films]), tmp_path / "out", SHORT, workers=2, quiet=True)
    assert {path.name for path in found.damaged} == {"noise.mp4", "half.mp4"}
    assert {copy.name for copy in found.copies} == {"good.mkv"}  # copy.mkv comes first by name
    lines = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert {line["split"] for line in lines} == {"train", "valid"}
    assert all((tmp_path / "out" / file).is_file() for line in lines for file in line["files"])
    splits = {line["sha256"]: line["split"] for line in lines}
    assert all(splits[line["sha256"]] == line["split"] for line in lines)


def test_a_film_that_breaks_off_keeps_its_whole_chunks(tmp_path: Path) -> None:
    film, out = make_film(tmp_path / "film.mkv", 2.0), tmp_path / "out"
    (planned,) = survey([film], out, SHORT, validation=0.1, quiet=True).films
    save_chunk(film, planned.chunks[0], planned.folder(out) / "0000", SHORT)
    with pytest.raises(InputError, match="cannot be decoded between frames 40 and 90"):
        save_chunk(film, Chunk(1, 40, 90), planned.folder(out) / "0001", SHORT)
    assert [chunk.number for chunk in planned.left(out)] == [1]


def test_a_folder_is_gone_on_with_as_it_was_begun(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mkv", 0.5)
    extract([film], tmp_path / "out", SHORT, workers=1, quiet=True)
    with pytest.raises(ArgumentError, match="must be gone on with as it was begun: with height 96"):
        extract([film], tmp_path / "out", dataclasses.replace(SHORT, height=64), quiet=True)


def test_cuts_of_real_film_are_in_no_triplet(shared_clips: Path, tmp_path: Path) -> None:
    settings = Settings(skip_intro_s=0, height=120)
    save_chunk(shared_clips / "popeye_t00.mkv", Chunk(0, 50, 109), tmp_path / "0000", settings)
    listing = json.loads((tmp_path / "0000" / LISTING).read_text())
    assert listing["counts"]["cut"] == 1
    assert len(listing["triplets"]) >= 10
    assert not [t for t in listing["triplets"] if t["frames"][0] <= 73 < t["frames"][2]]
