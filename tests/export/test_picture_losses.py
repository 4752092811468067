from __future__ import annotations

import pytest
import torch
from torch import Tensor

from export.picture_losses import PICTURE_LOSSES, lines, luma


def _drawing(*, at: float = 12.0, ink: float = 0.1) -> Tensor:
    """A dark line across a flat cel."""
    across = (torch.arange(32.0) - at).abs()
    level = 0.8 - (0.8 - ink) * (1.5 - across).clamp(0, 1)
    return level.expand(1, 3, 32, 32).contiguous()


@pytest.mark.parametrize("name", sorted(PICTURE_LOSSES))
def test_equal_pictures_cost_nothing_and_others_something_that_can_be_learnt(name: str) -> None:
    loss, wanted = PICTURE_LOSSES[name], _drawing()
    made = _drawing(at=13.0).requires_grad_()
    assert float(loss(wanted, wanted)) == pytest.approx(0.0, abs=1.1e-3)
    found = loss(made, wanted)
    found.backward()  # type: ignore[no-untyped-call]
    assert float(found.detach()) > 0.01
    assert made.grad is not None
    assert bool(made.grad.any())
    assert bool(torch.isfinite(made.grad).all())


def test_census_leaves_a_change_of_light_alone() -> None:
    wanted, light = _drawing(), _drawing() + 0.1
    assert float(PICTURE_LOSSES["census"](light, wanted)) < 0.001
    assert float(PICTURE_LOSSES["charbonnier"](light, wanted)) == pytest.approx(0.1, abs=1e-3)


def test_the_line_loss_counts_a_lost_line_and_not_a_soft_shadow() -> None:
    wanted = _drawing()
    shadow = wanted - 0.2 * torch.sigmoid((torch.arange(32.0) - 24) / 4)
    line = PICTURE_LOSSES["line"]
    assert float(line(torch.full_like(wanted, 0.8), wanted)) > 5 * float(line(shadow, wanted))


def test_lines_are_what_is_thin_and_dark() -> None:
    found = lines(_drawing())
    assert float(found[0, 0, 16, 12]) == pytest.approx(0.7, abs=1e-5)
    assert float(found[0, 0, 16, 20]) == 0.0
    wide = torch.full((1, 3, 32, 32), 0.8)
    wide[..., 8:24] = 0.1
    assert float(lines(wide).max()) == 0.0


def test_a_shifted_picture_costs_more_in_coarse_bands_than_noise_of_the_same_size() -> None:
    wanted = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    noise = 0.1 * torch.sign(torch.rand(wanted.shape, generator=torch.Generator().manual_seed(1)) - 0.5)
    laplacian = PICTURE_LOSSES["laplacian"]
    assert float(laplacian(wanted + 0.1, wanted)) > 1.5 * float(laplacian(wanted + noise, wanted))


def test_luma_weighs_green_most() -> None:
    assert luma(torch.eye(3)[None, :, :, None]).flatten().tolist() == pytest.approx([0.2126, 0.7152, 0.0722])


def test_soft_detail_is_missing_and_sharp_detail_is_not() -> None:
    wanted = _drawing()
    soft, sharp = (0.8 + share * (wanted - 0.8) for share in (0.6, 1.3))
    missing, charbonnier = PICTURE_LOSSES["missing"], PICTURE_LOSSES["charbonnier"]
    assert float(missing(soft, wanted)) > 0.005
    assert float(missing(sharp, wanted)) < 1e-6
    assert float(charbonnier(sharp, wanted)) > 0.005


def test_structure_minds_a_lost_line_more_than_another_light() -> None:
    wanted, structure = _drawing(), PICTURE_LOSSES["structure"]
    flat = wanted.mean(dim=3, keepdim=True).expand_as(wanted)
    assert float(structure(flat, wanted)) > 5 * float(structure(wanted + 0.05, wanted))
