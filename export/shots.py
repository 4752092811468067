"""Train the small decision of `vsainimotion.shots` on the labelled set, and write its weights.

    python -m export.shots build/labelled

It learns from the even films of `export.cels.films` and prints how it judges the odd ones. A network of one hidden
layer is all that frame properties can be asked to compute.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import vapoursynth as vs
from numpy.typing import NDArray
from torch import nn

from export.cels.films import UNSEEN
from vsainimotion.measures import fine_copy, measure_change
from vsainimotion.shots import CLASSES, FEATURES, measure_features

type Facts = NDArray[np.float32]

WEIGHTS = Path(__file__).resolve().parents[1] / "vsainimotion" / "shots.json"
HIDDEN = 16
STEPS = 1500
#: Networks whose mean decides: it scatters less than one network of their size.
MEMBERS = 3
#: Noise added to the scaled features while learning, so that the borders keep their distance.
NOISE = 0.1
#: How much an interval of a kind counts; few films have what covers the picture, and all are hard.
KIND_WEIGHTS = {"cover": 4.0, "wipe": 4.0}
#: Kinds of happenings whose fades go back where they came from.
_FLASHES = ("flash", "strobe")


def load_features(video: Path) -> Facts:
    """Measure every interval of a film, (N - 1, features); once, and kept beside it."""
    kept = video.with_suffix(".shots.npz")
    if kept.exists():
        with np.load(kept) as stored:
            if list(stored["names"]) == list(FEATURES):
                return np.asarray(stored["features"])
    clip = vs.core.bs.VideoSource(str(video), cachemode=0)
    copy = fine_copy(clip)
    measured = measure_features(copy, measure_change(copy), (clip.width, clip.height))
    rows = [[float(frame.props[name]) for name in FEATURES] for frame in measured.frames(close=True)]  # type: ignore[arg-type] # numbers
    features = np.asarray(rows[:-1], dtype=np.float32)
    np.savez(kept, features=features, names=list(FEATURES))
    return features


def classify(labels: Path) -> NDArray[np.int64]:
    """Return the number of each interval's class in CLASSES, -1 for what is not to be learnt from."""
    record = json.loads(labels.read_text(encoding="utf-8"))
    rules = {"motion": 0, "hold": 0, UNSEEN: 0, "cut": 1}
    pairs = zip(record["classes"], record["kinds"], strict=True)
    return np.array([rules.get(name, 2 if kind in _FLASHES else 3) for name, kind in pairs], dtype=np.int64)


def weigh(labels: Path) -> Facts:
    """Return how much each interval counts, by its kind."""
    kinds = json.loads(labels.read_text(encoding="utf-8"))["kinds"]
    return np.array([KIND_WEIGHTS.get(kind, 1.0) for kind in kinds], dtype=np.float32)


def load_set(folder: Path, remainder: int) -> tuple[Facts, NDArray[np.int64], Facts]:
    """Load features, classes and weights of the films whose seed, modulo 2, is `remainder`."""
    labels = [path for path in sorted(folder.glob("*-????.json")) if int(path.stem[-4:]) % 2 == remainder]
    features = np.concatenate([load_features(path.with_suffix(".mkv")) for path in labels])
    classes, weights = (np.concatenate([say(path) for path in labels]) for say in (classify, weigh))
    return features, classes, weights


def train(
    features: Facts,
    classes: NDArray[np.int64],
    weights: Facts | None = None,
    *,
    hidden: int = HIDDEN,
    steps: int = STEPS,
    members: int = MEMBERS,
) -> nn.Sequential:
    """Fit some networks from different beginnings and join them into one, whose outputs are the mean of theirs.

    Args:
        features: (N, features) float32.
        classes: (N,) numbers of CLASSES.
        weights: (N,) how much each counts; None for all alike.
        hidden: Units in the hidden layer of each.
        steps: Steps of the optimiser.
        members: How many are joined.

    Returns:
        A network of `members * hidden` units; its first layer stands for the scaling of the features too.
    """
    counts = np.array([1.0, 2.0, 1.5, 1.0], dtype=np.float32)[classes] * (1 if weights is None else weights)
    return join([_fit(features, classes, counts, hidden, steps, seed) for seed in range(members)])


def join(networks: Sequence[nn.Sequential]) -> nn.Sequential:
    """Join networks of one hidden layer side by side: one network whose outputs are the mean of theirs."""
    states = [network.state_dict() for network in networks]
    count, width = states[0]["0.weight"].shape
    units = count * len(states)
    joined = nn.Sequential(nn.Linear(width, units), nn.Softsign(), nn.Linear(units, len(CLASSES)))
    joined.load_state_dict(
        {
            "0.weight": torch.cat([state["0.weight"] for state in states]),
            "0.bias": torch.cat([state["0.bias"] for state in states]),
            "2.weight": torch.cat([state["2.weight"] for state in states], dim=1) / len(states),
            "2.bias": torch.stack([state["2.bias"] for state in states]).mean(0),
        }
    )
    return joined


def _fit(
    features: Facts, classes: NDArray[np.int64], counts: Facts, hidden: int, steps: int, seed: int
) -> nn.Sequential:
    """Fit one network; its first layer stands for the scaling of the features too."""
    torch.manual_seed(seed)
    mean, scale = features.mean(0), features.std(0) + 1e-4
    inputs, targets = torch.from_numpy((features - mean) / scale), torch.from_numpy(classes)
    first, last = nn.Linear(features.shape[1], hidden), nn.Linear(hidden, len(CLASSES))
    network = nn.Sequential(first, nn.Softsign(), last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.03, weight_decay=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    weights = torch.from_numpy(counts / counts.sum())
    for _ in range(steps):
        noisy = inputs + NOISE * torch.randn_like(inputs)
        losses = nn.functional.cross_entropy(network(noisy), targets, label_smoothing=0.01, reduction="none")
        loss = (losses * weights).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        first.weight.copy_(first.weight / torch.from_numpy(scale))
        first.bias.copy_(first.bias - first.weight @ torch.from_numpy(mean))
    return network


def judge(network: nn.Sequential, features: Facts) -> NDArray[np.float32]:
    """Return the likelihood of every class, (N, classes)."""
    with torch.no_grad():
        return np.asarray(network(torch.from_numpy(features)).softmax(1))


def describe(judged: NDArray[np.float32], classes: NDArray[np.int64]) -> str:
    """Say how well cuts are found and which classes are taken for which."""
    abrupt = judged[:, 1] + judged[:, 2] >= 0.5
    found = np.where(abrupt, np.where(judged[:, 1] >= judged[:, 2], 1, 2), np.where(judged[:, 3] > judged[:, 0], 3, 0))
    hits = int(((found == 1) & (classes == 1)).sum())
    score = 2 * hits / max(int((found == 1).sum() + (classes == 1).sum()), 1)
    table = [[int(((classes == k) & (found == j)).sum()) for j in range(len(CLASSES))] for k in range(len(CLASSES))]
    return f"cut F1 {score:.4f}; drawn (rows) and found (columns) in the order {', '.join(CLASSES)}: {table}"


def save(network: nn.Sequential, path: Path) -> None:
    """Write the weights with six digits, one row for each unit, its bias last."""
    weights = network.state_dict()
    rows = {
        name: [
            [float(f"{number:.6g}") for number in row]
            for row in torch.column_stack([weights[f"{layer}.weight"], weights[f"{layer}.bias"]]).tolist()
        ]
        for name, layer in (("hidden", 0), ("output", 2))
    }
    path.write_text(json.dumps(rows, indent=None).replace("], [", "],\n[") + "\n", encoding="utf-8")


def main() -> None:
    """Train, report and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="the labelled films")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    learnt, kept_back = load_set(options.folder, 0), load_set(options.folder, 1)
    network = train(*learnt)
    for name, (features, classes, _) in {"learnt from": learnt, "kept back": kept_back}.items():
        print(f"{name}, {len(classes)} intervals: {describe(judge(network, features), classes)}")  # noqa: T201 (a program)
    save(network, options.out)


if __name__ == "__main__":
    main()
