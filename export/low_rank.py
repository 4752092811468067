"""Begin a network of few directions from a whole one: `Compact` from its runs before.

    python -m export.low_rank export/runs/compact-lines.safetensors data/worn runs/compact-low/start.safetensors

Each layer of 3x3 becomes one that makes the directions in which its outputs vary most on real pairs, and one of 1x1
that spreads them (Zhang et al., arXiv 1411.4229). What the new network has beside them adds nothing yet.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from export.networks.compact import Coarse, Compact
from export.networks.luma import LowRank
from export.rgb_data import RgbData
from export.tasks import save_weights

#: Side and number of the crops that directions are found on, and what they are drawn by.
SIDE_PX, PAIRS, SEED = 64, 40, 7


def lower(whole: nn.Conv2d, few: LowRank, outputs: Tensor) -> None:
    """Set a layer to what another one does, as far as its directions reach.

    Args:
        whole: A layer of 3x3.
        few: Its successor.
        outputs: (N, C), what the first one makes.
    """
    samples = outputs.double()
    mean = samples.mean(0)
    centred = samples - mean
    directions = torch.linalg.eigh(centred.T @ centred)[1][:, -few.directions.out_channels :]
    with torch.no_grad():
        seen = directions.T @ whole.weight.double().flatten(1)
        few.directions.weight.copy_(seen.reshape(few.directions.weight.shape))
        few.spread.weight.copy_(directions[:, :, None, None])
        bias, wanted = cast("Tensor", whole.bias), cast("Tensor", few.spread.bias)
        wanted.copy_(directions @ directions.T @ (bias.double() - mean) + mean)


def lower_compact(whole: Compact, small: Tensor) -> Compact:
    """Make a `Compact` of few directions from a whole one.

    Args:
        whole: Without a rank.
        small: (N, 3, H, W) RGB in [0, 1] to find the directions on.

    Returns:
        The network; it takes from `whole` all that both have.
    """
    few = Compact()
    few.correct.load_state_dict(whole.correct.state_dict())
    few.first.load_state_dict(whole.first.state_dict())
    blocks = [block for block in few.body if not isinstance(block, Coarse)]
    pairs = [
        (getattr(block, name), getattr(successor, name))
        for block, successor in zip(whole.body, blocks, strict=True)
        for name in ("first", "second")
    ]
    pairs.append((whole.last, few.last))
    found: dict[nn.Module, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda layer, _, made: found.update({layer: made.movedim(1, -1).flatten(0, -2)}))
        for layer, _ in pairs
    ]
    with torch.no_grad():
        whole(small)
    for hook in hooks:
        hook.remove()
    for layer, successor in pairs:
        lower(layer, successor, found[layer])
    return few


def main() -> None:
    """Read the command line and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="of a run without a rank")
    parser.add_argument("data", type=Path, help="pairs, as export.worn makes them")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    whole = Compact(rank=None).eval()
    whole.load_state_dict(load_file(options.weights))
    small = RgbData(options.data, "train").batch(SIDE_PX, PAIRS, np.random.default_rng(SEED)).small
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_weights(lower_compact(whole, small).state_dict(), options.out)


if __name__ == "__main__":
    main()
