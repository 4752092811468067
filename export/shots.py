"""Train the small decision of `vsainimotion.shots` on the labelled set, and write its weights.

    python -m export.shots build/labelled

It learns from the even films of `export.cels.films` and prints how it judges the odd ones. A network of one hidden
layer is all that frame properties can be asked to compute.
"""

from __future__ import annotations

import argparse
import json
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
HIDDEN = 24
STEPS = 2500
#: Noise added to the scaled features while learning, so that the borders keep their distance.
NOISE = 0.1
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


def load_set(folder: Path, remainder: int) -> tuple[Facts, NDArray[np.int64]]:
    """Load features and classes of the films whose seed, modulo 2, is `remainder`."""
    labels = [path for path in sorted(folder.glob("*.json")) if int(path.stem.rsplit("-", 1)[1]) % 2 == remainder]
    features = np.concatenate([load_features(path.with_suffix(".mkv")) for path in labels])
    return features, np.concatenate([classify(path) for path in labels])


def train(features: Facts, classes: NDArray[np.int64], *, hidden: int = HIDDEN, steps: int = STEPS) -> nn.Sequential:
    """Fit the network; its first layer stands for the scaling of the features too.

    Args:
        features: (N, features) float32.
        classes: (N,) numbers of CLASSES.
        hidden: Units in the hidden layer.
        steps: Steps of the optimiser.
    """
    torch.manual_seed(0)
    mean, scale = features.mean(0), features.std(0) + 1e-4
    inputs, targets = torch.from_numpy((features - mean) / scale), torch.from_numpy(classes)
    first, last = nn.Linear(features.shape[1], hidden), nn.Linear(hidden, len(CLASSES))
    network = nn.Sequential(first, nn.Softsign(), last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.03, weight_decay=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    weights = torch.tensor([1.0, 2.0, 1.5, 1.0])
    for _ in range(steps):
        noisy = inputs + NOISE * torch.randn_like(inputs)
        loss = nn.functional.cross_entropy(network(noisy), targets, weights, label_smoothing=0.01)
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
    for name, (features, classes) in {"learnt from": learnt, "kept back": kept_back}.items():
        print(f"{name}, {len(classes)} intervals: {describe(judge(network, features), classes)}")  # noqa: T201 (a program)
    save(network, options.out)


if __name__ == "__main__":
    main()
