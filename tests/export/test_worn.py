"""Pairs for networks that restore: what a codec did, and where."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from export.cels.codec import damaged
from export.cels.stills import LUMA, picture, save_pictures
from export.config import Run, Source
from export.film_stills import FILM_STILLS, colour_frames
from export.halving import halve
from export.networks.compact import Compact
from export.picture_losses import luma
from export.rgb_data import LumaPairs, RgbBatch, RgbData
from export.tasks import TASKS
from export.train import train
from export.worn import CROSSED_WEAR, WEAR, WEARS, pair_type, save_worn, worn

SIZE = 128
CLEAN = replace(WEAR, clean=1.0, tiled=0.0, subsampled=0.0)
DAMAGED = replace(WEAR, clean=0.0, tiled=0.0)


@pytest.fixture(scope="module")
def stills() -> NDArray[np.uint8]:
    return np.stack([picture(seed, SIZE) for seed in range(8)])


def _error(pairs: NDArray[np.void], stills: NDArray[np.uint8]) -> float:
    """How far luma of the small pictures is from that of the stills' halves, in codes."""
    halves = np.stack([cv2.resize(still, (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA) for still in stills])
    return float(np.abs((pairs["small"].astype(float) - halves) @ LUMA).mean())


def test_a_codec_damages_the_small_picture_and_nothing_else(stills: NDArray[np.uint8]) -> None:
    clean, coded = (worn(stills, np.random.default_rng(3), wear) for wear in (CLEAN, DAMAGED))
    assert clean.dtype == coded.dtype == pair_type(SIZE)
    assert np.array_equal(clean["large"], stills)
    assert np.array_equal(coded["large"], stills)
    assert not clean["damaged"].any()
    assert coded["damaged"].all()
    assert _error(clean, stills) < 1.5  # one kernel or another
    assert _error(clean, stills) + 0.5 < _error(coded, stills) < 12


@pytest.mark.parametrize(
    ("name", "worst"), sorted({(name, worst) for wear in WEARS.values() for name, (_, worst) in wear.rates.items()})
)
def test_every_encoder_that_a_wear_names_works_at_its_worst(name: str, worst: int, stills: NDArray[np.uint8]) -> None:
    coded = damaged(stills[:2], name, worst, shot_frames=1)
    assert 1.0 < float(np.abs(coded.astype(float) - stills[:2]).mean()) < 40


def test_grain_of_a_clean_picture_is_in_the_answer_too(stills: NDArray[np.uint8]) -> None:
    wear = replace(CLEAN, grained=1.0)
    for seed in range(4):
        plain, grained = (worn(stills, np.random.default_rng(seed), each) for each in (CLEAN, wear))
        assert not grained["damaged"].any()
        # Of one colour, but where that ends.
        change = grained["large"].astype(int) - stills
        assert 0.9 < float(change.std()) < 5.5
        assert abs(float(change.mean())) < 0.3
        inside = ((stills > 40) & (stills < 215)).all(axis=-1)
        assert (np.ptp(change, axis=-1)[inside] <= 1).all()
        # The small picture shows what the large one does, and nothing beside it.
        assert _error(grained, grained["large"]) < _error(plain, stills) + 1


@pytest.mark.parametrize("name", sorted(WEAR.rates))
def test_of_a_shot_that_passes_by_the_frame_that_lies_where_the_answer_does_is_taken(
    name: str, stills: NDArray[np.uint8]
) -> None:
    best = WEAR.rates[name][0]
    wear = replace(DAMAGED, rates={name: (best, best)}, panned=1.0)
    for seed in range(4):
        assert _error(worn(stills, np.random.default_rng(seed), wear), stills) < 6


def test_chroma_at_half_size_is_no_damage_and_luma_stays(stills: NDArray[np.uint8]) -> None:
    whole, halved = (worn(stills, np.random.default_rng(3), replace(CLEAN, subsampled=share)) for share in (0.0, 1.0))
    assert not halved["damaged"].any()
    change = halved["small"].astype(float) - whole["small"]
    assert float(np.abs(change).mean()) > 0.5
    assert float(np.abs(change @ LUMA).mean()) < 0.5


def test_a_codec_takes_yuv_as_it_takes_rgb(stills: NDArray[np.uint8]) -> None:
    yuv = np.full((3, 96, 64), 128, np.uint8)
    yuv[:, :64] = np.arange(40, 168, 2, dtype=np.uint8)
    coded = damaged(yuv, "x264", 16, shot_frames=1)
    assert coded.shape == yuv.shape
    assert float(np.abs(coded.astype(float) - yuv).mean()) < 1.0
    assert damaged(stills, "x264", 16, shot_frames=1).shape == stills.shape


def test_a_picture_that_stays_longer_is_damaged_less(stills: NDArray[np.uint8]) -> None:
    wear = replace(DAMAGED, rates={"x264": (34, 34)}, panned=0.0)
    seeds = range(6)
    short, long = (
        np.mean([_error(worn(stills, np.random.default_rng(seed), replace(wear, held=held)), stills) for seed in seeds])
        for held in (1, 24)
    )
    assert long < 0.9 * short


def test_a_figure_that_crosses_lies_where_the_answer_has_it(stills: NDArray[np.uint8]) -> None:
    for seed in range(4):
        pairs = worn(stills, np.random.default_rng(seed), replace(CROSSED_WEAR, tiled=0.0))
        assert pairs["damaged"].all()
        covered = (np.abs(pairs["large"].astype(int) - stills).max(axis=-1) > 8).mean(axis=(1, 2))
        assert covered.min() > 0.01
        # Another step of the figure, or none, would be further away than what the codec did.
        assert _error(pairs, pairs["large"]) + 1 < _error(pairs, stills)


def test_where_a_figure_was_a_codec_leaves_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = np.full((12, SIZE, SIZE, 3), 160, np.uint8)
    wear = replace(CROSSED_WEAR, tiled=0.0, panned=0.0, rates={"x264": (30, 30)})

    def traces(fastest_px: int) -> float:
        monkeypatch.setattr("export.worn._FASTEST_PX", fastest_px)
        shares = list[float]()
        for seed in range(6):
            pairs = worn(flat, np.random.default_rng(seed), wear)
            ground = (pairs["large"] == 160).all(axis=-1)[:, ::2, ::2]
            # Not beside the figure either, where every picture rings.
            far = np.stack([cv2.erode(one.astype(np.uint8), np.ones((17, 17))) for one in ground]).astype(bool)
            shares.append(float((np.abs(pairs["small"] @ LUMA - 160)[far] > 2).mean()))
        return float(np.mean(shares))

    assert traces(3) > 2 * traces(0)


def test_what_a_codec_did_leaves_the_picture_as_light_as_it_was(stills: NDArray[np.uint8]) -> None:
    for seed in range(4):
        clean, coded = (worn(stills, np.random.default_rng(seed), wear)["small"] for wear in (CLEAN, DAMAGED))
        assert abs(float(coded.mean()) - float(clean.mean())) < 0.4


def test_four_stills_in_one_are_whole_and_half_as_large(stills: NDArray[np.uint8]) -> None:
    tiled = worn(stills, np.random.default_rng(0), replace(CLEAN, tiled=1.0))
    assert len(tiled) == 2
    half = SIZE // 2
    for place, still in enumerate(stills[:4]):
        top, left = half * (place // 2), half * (place % 2)
        quarter = tiled["large"][0, top : top + half, left : left + half].astype(float)
        wanted = cv2.resize(still, (half, half), interpolation=cv2.INTER_AREA)
        assert float(np.abs(quarter - wanted).max()) <= 1


def test_stills_that_no_codec_takes_are_refused(stills: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="square with a side that 8 divides"):
        worn(stills[:, :, :100], np.random.default_rng(0))
    with pytest.raises(ValueError, match="square with a side that 8 divides"):
        worn(stills[:, :100, :100], np.random.default_rng(0))


def test_a_file_is_the_same_again_and_lies_there_only_when_whole(tmp_path: Path) -> None:
    save_pictures(tmp_path / "train-00000.npy", range(24), SIZE)
    first, second = tmp_path / "first.npy", tmp_path / "second.npy"
    count = save_worn(tmp_path / "train-00000.npy", first, times=2)
    save_worn(tmp_path / "train-00000.npy", second, times=2)
    assert first.read_bytes() == second.read_bytes()
    assert 12 <= count == len(np.load(first)) <= 48  # from all tiled to none
    assert not list(tmp_path.glob("*.part"))


def test_the_program_makes_pairs_that_figures_cross(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    save_pictures(tmp_path / "pictures" / "valid-00000.npy", range(4), SIZE)
    wanted = tmp_path / "wanted.npy"
    save_worn(tmp_path / "pictures" / "valid-00000.npy", wanted, 1, "crossed")
    folders = ["--pictures", str(tmp_path / "pictures"), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "export.worn", *folders, "--times", "1", "--workers", "1", "--wear", "crossed"]
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    assert np.array_equal(np.load(tmp_path / "out" / "valid-00000.npy"), np.load(wanted))


def test_a_crop_of_a_pair_shows_the_same_place_twice(tmp_path: Path, stills: NDArray[np.uint8]) -> None:
    np.save(tmp_path / "train-00000.npy", worn(stills, np.random.default_rng(0), CLEAN))
    data = RgbData(tmp_path, "train")
    batch = data.batch(32, 6, np.random.default_rng(1))
    assert batch.small.shape == (6, 3, 32, 32)
    assert batch.large.shape == (6, 3, 64, 64)
    inner = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    assert float((halve(batch.large, "area") - batch.small)[inner].abs().mean()) < 3 / 255
    again = data.batch(32, 6, np.random.default_rng(1))
    assert torch.equal(batch.small, again.small)
    fixed = data.fixed(range(2))
    assert torch.equal(fixed.large[1], torch.from_numpy(stills[1]).permute(2, 0, 1).float() / 255)


def test_stills_that_went_through_no_codec_are_no_pairs(tmp_path: Path, stills: NDArray[np.uint8]) -> None:
    np.save(tmp_path / "train-00000.npy", stills)
    with pytest.raises(ValueError, match="must hold pairs"):
        RgbData(tmp_path, "train")


def test_film_gives_stills_in_its_own_colours(example_clip: Path) -> None:
    _, frame = islice(colour_frames(example_clip, 40), 2)
    assert frame.shape == (720, 1280, 3)
    assert frame.std(axis=(0, 1)).min() > 5
    assert float(np.abs(frame[..., 0].astype(float) - frame[..., 2]).mean()) > 3


def test_a_network_that_restores_learns_from_them(tmp_path: Path, stills: NDArray[np.uint8]) -> None:
    for split in ("train", "valid"):
        np.save(tmp_path / f"{split}-00000.npy", worn(stills, np.random.default_rng(5), DAMAGED))
    run = Run(
        name="compact", task="compact", data=str(tmp_path), out=str(tmp_path / "out"), steps=40, learning_rate=1e-3,
        crops=((32, 4, 1.0),), warmup_steps=4, ema_decay=0.8, check_steps=40, log_steps=10, clip_norm=0.1,
    )  # fmt: skip
    train(run, root=tmp_path)
    lines = (tmp_path / "out" / "compact.log.jsonl").read_text(encoding="utf-8").splitlines()
    measured = json.loads([line for line in lines if "spline36" in line][-1])
    assert measured["damaged"] > measured["spline36 damaged"]


def test_a_network_without_colour_sees_the_luma_of_the_same_crops(tmp_path: Path, stills: NDArray[np.uint8]) -> None:
    for split in ("train", "valid"):
        np.save(tmp_path / f"{split}-00000.npy", worn(stills, np.random.default_rng(5), DAMAGED))
    pairs, planes = RgbData(tmp_path, "train"), LumaPairs(tmp_path, "train")
    assert len(planes) == len(pairs)
    for coloured, grey in (
        (pairs.batch(16, 3, np.random.default_rng(2)), planes.batch(16, 3, np.random.default_rng(2))),
        (pairs.fixed(range(2)), planes.fixed(range(2))),
    ):
        assert torch.equal(grey.small, luma(coloured.small))
        assert torch.equal(grey.large, luma(coloured.large))
    run = Run(
        name="luma", task="luma-level", out=str(tmp_path / "out"), steps=3, learning_rate=1e-4, crops=((32, 2, 1.0),),
        sources=(Source(kind="stills", folder="stills"), Source(kind="worn", folder=".")),
    )  # fmt: skip
    (tmp_path / "stills").mkdir()
    for split in ("train", "valid"):
        np.save(tmp_path / "stills" / f"{split}-00000.npy", stills[..., 0])
    train(run, root=tmp_path)
    last = (tmp_path / "out" / "luma.log.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert {"stills.psnr", "worn.psnr", "worn.spline36"} <= json.loads(last).keys()


def test_lost_detail_costs_more_where_a_codec_took_it(stills: NDArray[np.uint8]) -> None:
    large = torch.from_numpy(stills[:2].transpose(0, 3, 1, 2).astype(np.float32) / 255)
    small = functional.interpolate(functional.avg_pool2d(large, 8), scale_factor=4, mode="bilinear")
    costs = [
        TASKS["compact"].losses(Compact(), RgbBatch(small, large, torch.full((2,), state))) for state in (0.0, 1.0)
    ]
    assert costs[1]["missing"] > 4 * costs[0]["missing"] > 0
    assert costs[1]["level"] == costs[0]["level"]


def test_film_is_never_damaged(tmp_path: Path) -> None:
    worst = {}
    for name in (FILM_STILLS, "train-00000.npy"):
        np.save(tmp_path / name, np.stack([picture(seed, SIZE) for seed in range(8)]))
        save_worn(tmp_path / name, tmp_path / "pairs.npy", times=6)
        pairs = np.load(tmp_path / "pairs.npy")
        worst[name] = max(_error(pair[None], pair["large"][None]) for pair in pairs)
    assert worst[FILM_STILLS] < 4.5  # one kernel or another
    assert worst["train-00000.npy"] > 7
