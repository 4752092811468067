"""The labelled set shows what its labels say, and is the same for the same names."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("skia", reason="the workshop's extra `export` is not installed")

from export.cels import films
from export.cels.coding import CODECS, WEAR, Coding, grained, is_seen, load_luma, plain_luma, random_coding, save_film
from export.cels.films import SETS, FilmSet, compose, plan_films, save_labelled
from export.cels.happenings import KINDS
from export.shots import join, judge, save, train
from vsainimotion.shots import CLASSES, FEATURES

SIZE = (96, 54)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_happening_shows_what_its_classes_say(kind: str) -> None:
    part = KINDS[kind](np.random.default_rng(5), SIZE)
    assert len(part.classes) == len(part.frames) - 1
    assert {frame.shape for frame in part.frames} == {(54, 96, 3)}
    same = [np.array_equal(a, b) for a, b in zip(part.frames, part.frames[1:], strict=False)]
    assert [name == "hold" for name, alike in zip(part.classes, same, strict=True) if alike] == [True] * sum(same)


def test_every_set_names_kinds_and_wear_that_there_are() -> None:
    for group in SETS.values():
        assert set(group.weights) <= set(KINDS)
        assert group.wear in WEAR
        assert all(width % 2 == 0 and height % 2 == 0 for width, height in group.sizes)


def test_the_beginning_of_the_plan_is_a_fair_part_of_it() -> None:
    plan = plan_films()
    assert len(plan) == len(set(plan)) == sum(group.films for group in SETS.values())
    assert {name.rsplit("-", 1)[0] for name in plan[:20]} == set(SETS)


def test_codings_stay_within_their_wear() -> None:
    rng = np.random.default_rng(1)
    for wear in WEAR.values():
        for coding in (random_coding(rng, wear) for _ in range(50)):
            best, worst = wear.codecs[coding.codec]
            assert best <= coding.quality <= worst
            assert coding.grain == 0 or wear.grain[0] <= coding.grain <= wear.grain[1]
            assert coding.codec in CODECS


def test_grain_is_of_its_strength_and_another_in_each_frame() -> None:
    grey = np.full((54, 96, 3), 128, np.uint8)
    first, second = grained([grey, grey], Coding(grain=4.0, grain_px=2), np.random.default_rng(2))
    assert (first.astype(float) - 128).std() == pytest.approx(4.0, rel=0.15)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_coded_film_has_its_frames_and_their_luma(codec: str, tmp_path: Path) -> None:
    part = KINDS["pan"](np.random.default_rng(3), SIZE)
    save_film(tmp_path / "film.mkv", iter(part.frames), SIZE, Coding(codec=codec, quality=4))
    decoded = list(load_luma(tmp_path / "film.mkv", SIZE))
    assert len(decoded) == len(part.frames)
    error = [np.abs(a.astype(int) - plain_luma(b)).mean() for a, b in zip(decoded, part.frames, strict=True)]
    assert max(error) < 6


def test_a_motion_is_seen_only_where_the_coded_pictures_show_it() -> None:
    before, after = np.full((20, 20), 80, np.uint8), np.full((20, 20), 80, np.uint8)
    after[5:12, 5:12] = 120
    assert is_seen((before, after), (before, after))
    assert not is_seen((before, after), (before, before))
    assert not is_seen((before, before), (before, before))


def test_a_labelled_film_is_saved_with_a_class_for_each_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = FilmSet(films=1, parts=3, weights={"credits_roll": 1.0, "hold": 1.0}, sizes=(SIZE,), wear="old")
    monkeypatch.setattr(films, "SETS", {"small": small})
    save_labelled(tmp_path, "small-0002")
    record = json.loads((tmp_path / "small-0002.json").read_text(encoding="utf-8"))
    film, coding, _ = compose("small-0002")
    assert record["coding"] == coding.describe()
    assert record["kinds"] == film.kinds
    assert len(record["classes"]) == len(film.frames) - 1
    changed = [name for name, drawn in zip(record["classes"], film.classes, strict=True) if name != drawn]
    assert set(changed) <= {"unseen"}


def test_black_that_follows_black_is_held_and_no_cut() -> None:
    black, grey = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 90, np.uint8)
    assert films._join(black, black) == ["hold"]
    assert films._join(black, grey) == ["cut"]


def test_the_decision_learns_and_its_weights_give_the_same_answer(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    classes = rng.integers(0, len(CLASSES), 400)
    features = rng.normal(3, 0.1, (400, len(FEATURES))).astype(np.float32)
    features[np.arange(400), classes] += 2
    network = train(features, classes, hidden=6, steps=200, members=2)
    judged = judge(network, features)
    assert (judged.argmax(1) == classes).mean() > 0.98
    save(network, tmp_path / "shots.json")
    weights = json.loads((tmp_path / "shots.json").read_text(encoding="utf-8"))
    hidden, output = (np.array(weights[name]) for name in ("hidden", "output"))
    inner = features @ hidden[:, :-1].T + hidden[:, -1]
    logits = inner / (1 + np.abs(inner)) @ output[:, :-1].T + output[:, -1]
    assert np.array_equal(logits.argmax(1), judged.argmax(1))


def test_joined_networks_answer_with_the_mean_of_their_answers() -> None:
    networks = [nn.Sequential(nn.Linear(5, 3), nn.Softsign(), nn.Linear(3, len(CLASSES))) for _ in range(2)]
    facts = torch.linspace(-1, 1, 20).reshape(4, 5)
    mean = torch.stack([network(facts) for network in networks]).mean(0)
    torch.testing.assert_close(join(networks)(facts), mean)
