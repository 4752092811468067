"""A network of few directions does what the whole one did, where few are all there are."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from export.cels.stills import picture
from export.low_rank import lower, lower_compact, main
from export.networks.compact import Compact
from export.networks.luma import LowRank
from export.worn import worn

RANK = 24


def _confine(layer: nn.Conv2d, rank: int) -> None:
    """Make a layer's outputs vary in so many directions only."""
    weight = layer.weight.flatten(1)
    basis = torch.linalg.qr(torch.randn(len(weight), rank))[0]
    layer.weight.copy_((basis @ basis.T @ weight).reshape(layer.weight.shape))


def test_a_layer_of_few_directions_is_kept_as_it_is() -> None:
    torch.manual_seed(2)
    whole, few, picture = nn.Conv2d(8, 16, 3, padding=1), LowRank(8, 16, 5), torch.rand(2, 8, 12, 14)
    with torch.no_grad():
        _confine(whole, 5)
        made = whole(picture)
        lower(whole, few, made.movedim(1, -1).flatten(0, -2))
        assert torch.allclose(few(picture), made, atol=1e-5)


def test_a_layer_of_more_keeps_what_varies_most() -> None:
    torch.manual_seed(2)
    whole, picture = nn.Conv2d(8, 16, 3, padding=1), torch.rand(2, 8, 12, 14)
    errors = list[float]()
    with torch.no_grad():
        made = whole(picture)
        for rank in (2, 6, 12):
            few = LowRank(8, 16, rank)
            lower(whole, few, made.movedim(1, -1).flatten(0, -2))
            errors.append(float((few(picture) - made).square().mean()))
            # The mean of every output is kept whatever the rank.
            assert torch.allclose(few(picture).mean((0, 2, 3)), made.mean((0, 2, 3)), atol=1e-5)
    assert errors == sorted(errors, reverse=True)
    assert errors[0] < float(made.var(dim=(0, 2, 3)).mean())


def test_a_network_begins_where_the_whole_one_ended() -> None:
    torch.manual_seed(4)
    whole, picture = Compact(rank=None).eval(), torch.rand(2, 3, 32, 40)
    with torch.no_grad():
        for parameter in whole.parameters():
            parameter.normal_(0, 0.05)
        for name, layer in whole.named_modules():
            if isinstance(layer, nn.Conv2d) and name.startswith(("body", "last")):
                _confine(layer, RANK)
        made = whole(picture)
        assert float(made.std()) > 0.01
        assert torch.allclose(lower_compact(whole, picture).eval()(picture), made, atol=1e-4)


def test_the_program_writes_weights_that_a_run_can_start_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stills = np.stack([picture(seed, 128) for seed in range(4)])
    np.save(tmp_path / "train-00000.npy", worn(stills, np.random.default_rng(5)))
    weights = {name: value.contiguous() for name, value in Compact(rank=None).state_dict().items()}
    save_file(weights, tmp_path / "whole.safetensors")
    out = tmp_path / "run" / "start.safetensors"
    monkeypatch.setattr(sys, "argv", ["low_rank", str(tmp_path / "whole.safetensors"), str(tmp_path), str(out)])
    main()
    Compact().load_state_dict(load_file(out))
