"""Teach the layered network's SceneGate alone; all else stays as it is.

    python -m export.scene_head export/runs/layered-sides.safetensors data/shots160 runs/layered-scenes.safetensors

In the run of the whole network a hold counts too little to be learnt: it is rare, and the gate is one loss of many.
Here everything before the gate runs once for each sample, and thousands of steps of the gate take seconds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from export.networks.layered import Layered
from export.networks.layers import SceneGate
from export.scene_data import SCENES, UNKNOWN, SceneData
from export.tasks import save_weights
from vsainimotion.gate import Interval

STEPS, BATCH, LEARNING_RATE, WEIGHT_DECAY, SEED = 4000, 128, 3e-3, 1e-2, 17
#: Samples that cross the network together.
_TOGETHER = 4


def look(network: Layered, data: SceneData, count: int, rng: np.random.Generator | None) -> tuple[Tensor, Tensor]:
    """Return what the gate sees of samples, (N, 6, H/32, W/32), and their classes, (N,); unknown ones are left out.

    Args:
        network: With its weights.
        data: Rendered shots.
        count: Samples to take; fewer are returned.
        rng: Draws augmented ones; None takes the first as they were rendered.
    """
    seen, scenes = list[Tensor](), list[Tensor]()
    hook = network.scene.look.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    side = data.fixed(range(1)).pictures.shape[-1]
    with torch.no_grad():
        for start in tqdm(range(0, count, _TOGETHER), unit="batch", disable=None):
            together = min(_TOGETHER, count - start)
            batch = data.batch(side, together, rng) if rng else data.fixed(range(start, start + together))
            network.lay(batch.pictures)
            scenes.append(batch.scene)
    hook.remove()
    known = torch.cat(scenes) != UNKNOWN
    return torch.cat(seen)[known], torch.cat(scenes)[known]


def teach(gate: SceneGate, seen: Tensor, scenes: Tensor) -> None:
    """Train a gate on what it sees, each class as if as frequent as the others; then tell it how frequent it is.

    Slow motion under grain can look like a hold, and a picture that stands still by mistake is worse than one more that
    is worked out: without the second step a slow pan lost 0.85 dB.
    """
    random = torch.Generator().manual_seed(SEED)
    rarity = len(scenes) / torch.bincount(scenes, minlength=len(SCENES)).clamp(min=1)
    optimiser = torch.optim.AdamW(gate.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        picked = torch.randint(len(scenes), (BATCH,), generator=random)
        loss = functional.cross_entropy(gate.judge_seen(seen[picked]).flatten(1), scenes[picked], weight=rarity)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    gate.judge[1].state_dict()["bias"].sub_(rarity.log())


def tell(gate: SceneGate, seen: Tensor, scenes: Tensor) -> NDArray[np.int64]:
    """Return how often each class (rows) is taken for each (columns)."""
    with torch.no_grad():
        said = gate.judge_seen(seen).flatten(1).argmax(1)
    table = np.zeros((len(SCENES), len(SCENES)), np.int64)
    np.add.at(table, (scenes.numpy(), said.numpy()), 1)
    return table


def main() -> None:
    """Read the command line, train, and write all weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="of a run of layered-small")
    parser.add_argument("data", type=Path, help="shots, as scripts/render_cels.py makes them")
    parser.add_argument("out", type=Path)
    parser.add_argument("--samples", type=int, default=9000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    network = Layered().eval()
    network.load_state_dict(load_file(options.weights))
    held_out = SceneData(options.data, "valid")
    known = look(network, held_out, len(held_out), None)
    learnt = look(network, SceneData(options.data, "train"), options.samples, np.random.default_rng(SEED))
    teach(network.scene, *learnt)
    names = ", ".join(Interval(scene).name.lower() for scene in SCENES)
    for name, (seen, scenes) in {"learnt from": learnt, "held out": known}.items():
        print(f"{name}, {names} (rows) taken for (columns): {tell(network.scene, seen, scenes).tolist()}")  # noqa: T201 - a program prints
    with safe_open(options.weights, framework="pt") as file:
        steps = file.metadata()["steps"]
    then = "export/scene_head.py"
    save_weights(network.state_dict(), options.out, run=options.weights.stem, steps=steps, then=then)


if __name__ == "__main__":
    main()
