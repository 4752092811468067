from __future__ import annotations

import json
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from export.film_data import FilmData


def save_film(folder: Path, *, motions: tuple[float, ...] = (0.02, 0.5), size: tuple[int, int] = (120, 160)) -> Path:
    """An extracted folder: a bright box on noise that moves by 4 pixels a frame; red tells the triplets apart."""
    rng = np.random.default_rng(3)
    lines = []
    for split in ("train", "valid"):
        for number, motion in enumerate(motions):
            files = [f"{split}/film/0000/{3 * number + index:07d}.png" for index in range(3)]
            ground = rng.integers(0, 90, (*size, 3)).astype(np.uint8)
            ground[..., 2] = 40 * number
            for index, name in enumerate(files):
                frame = ground.copy()
                frame[40:70, 50 + 4 * index : 80 + 4 * index] = 250
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / name), frame)
            lines.append({"split": split, "film": "film", "files": files, "motion": motion})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_batches_hold_crops_of_film_halfway(tmp_path: Path) -> None:
    batch = FilmData(save_film(tmp_path), "train").batch(32, 5, np.random.default_rng(1))
    assert batch.pictures.shape == (5, 7, 32, 32)
    assert batch.middle.shape == (5, 3, 32, 32)
    assert bool((batch.pictures[:, 6] == 0.5).all())
    assert float(batch.pictures.max()) <= 1.0


def test_the_same_randomness_gives_the_same_batch_in_another_process(tmp_path: Path) -> None:
    data = FilmData(save_film(tmp_path), "train")
    copy = pickle.loads(pickle.dumps(data))  # noqa: S301 - our own, as a worker gets it
    one, other = (each.batch(32, 6, np.random.default_rng(7)) for each in (data, copy))
    assert torch.equal(one.pictures, other.pictures)
    assert torch.equal(one.middle, other.middle)


def test_triplets_with_more_motion_come_up_more_often(tmp_path: Path) -> None:
    data = FilmData(save_film(tmp_path), "train")
    counts = [0, 0]
    for draw in np.random.default_rng(0).random(500):
        counts[int(np.searchsorted(data._heap, draw, side="right"))] += 1
    assert counts[1] / 500 == pytest.approx(0.5 / 0.52, abs=0.03)


def test_crops_are_taken_where_something_moves(tmp_path: Path) -> None:
    data = FilmData(save_film(tmp_path), "train")
    batch = data.batch(32, 60, np.random.default_rng(2))
    moved = (batch.pictures[:, 3:6] - batch.pictures[:, :3]).abs().amax(dim=(1, 2, 3)) > 0.3
    assert float(moved.float().mean()) > 0.4  # an even choice would find the box in about a quarter


def test_held_out_samples_are_whole_pictures_as_they_are(tmp_path: Path) -> None:
    data = FilmData(save_film(tmp_path), "valid")
    fixed = data.fixed(range(2))
    assert fixed.pictures.shape == (2, 7, 256, 256)  # widened by the edge: the film is smaller than that
    left = [
        int(each[0, 55].gt(0.9).nonzero()[0]) for each in (fixed.pictures[1], fixed.middle[1], fixed.pictures[1, 3:])
    ]
    assert left == [50, 54, 58]


def test_a_picture_smaller_than_the_crop_is_widened(tmp_path: Path) -> None:
    data = FilmData(save_film(tmp_path, size=(80, 100)), "train")
    assert data.batch(96, 2, np.random.default_rng(0)).middle.shape == (2, 3, 96, 96)


def test_a_folder_without_triplets_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="extract_triplets"):
        FilmData(tmp_path, "train")
    (tmp_path / "manifest.jsonl").write_text("")
    with pytest.raises(FileNotFoundError, match="Extract from two films or more"):
        FilmData(tmp_path, "valid")


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    data = FilmData(save_film(tmp_path), "train")
    for path in tmp_path.rglob("*.png"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"cannot be read\. Extract the film again"):
        data.batch(32, 1, np.random.default_rng(0))
