from __future__ import annotations

import numpy as np
import pytest
import torch
import vapoursynth as vs
from numpy.typing import NDArray
from torch.nn import functional

from export.batches import FlowBatch, inside, rotated_crop, turn_flow, turn_picture
from export.cels.textures import cloud_noise
from export.halving import HALVINGS, halve
from export.losses import FlowWeights, flow_losses, moving_loss, search_loss
from export.networks import NETWORKS
from export.networks.compact import Compact
from export.networks.flow import FlowFast, Search, compare, enlarge, warp
from export.networks.luma import RADIUS, Luma, LumaFast, double, spline36
from export.picture_losses import luma


def _texture(height: int, width: int) -> torch.Tensor:
    noise = cloud_noise(np.random.default_rng(4), 1.2, 256)[:height, :width]
    return torch.from_numpy(noise.astype(np.float32))[None, None]


def test_a_warp_fetches_from_where_the_flow_points() -> None:
    picture = _texture(16, 24)
    flow = torch.zeros(1, 2, 16, 24)
    flow[:, 0], flow[:, 1] = 3.0, -2.0
    moved = warp(picture, flow)
    assert torch.allclose(moved[..., 4:12, 4:12], picture[..., 2:10, 7:15], atol=1e-5)


def test_a_warp_without_motion_changes_nothing() -> None:
    picture = _texture(16, 24)
    assert torch.allclose(warp(picture, torch.zeros(1, 2, 16, 24)), picture, atol=1e-6)


def test_the_comparison_peaks_at_half_of_the_motion() -> None:
    features = torch.randn(1, 32, 20, 20, generator=torch.Generator().manual_seed(1))
    # What a shows at x - (1, 0) is in b at x + (1, 0): the picture moves two pixels to the right.
    a, b = features, features.roll(2, dims=3)
    scores = compare(a, b, 1)[0, :, 5:15, 5:15].mean(dim=(1, 2))
    assert int(scores.argmax()) == 5  # row y = 0, column x = +1 of three by three
    assert float(scores[5]) > 0.9


def test_the_network_keeps_the_size_and_the_ranges() -> None:
    network = FlowFast().eval()
    with torch.no_grad():
        found = network(torch.rand(1, 7, 48, 80))
    assert found.shape == (1, 6, 48, 80)
    assert float(found[:, 4:].min()) >= 0
    assert float(found[:, 4:].max()) <= 1


def test_enlarging_keeps_pixel_centres() -> None:
    ramp = torch.arange(8.0)[None, None, None].expand(1, 1, 4, 8)
    assert torch.allclose(enlarge(ramp)[0, 0, 2, 2:6], torch.tensor([0.75, 1.25, 1.75, 2.25]))


@pytest.mark.parametrize("turn", range(8))
def test_turning_pictures_and_flow_alike_keeps_their_agreement(turn: int) -> None:
    picture = _texture(32, 32)[0]
    flow = torch.zeros(4, 32, 32)
    flow[0], flow[1], flow[2], flow[3] = 2.0, -1.0, -3.0, 1.0
    expected = turn_picture(warp(picture[None], flow[None, :2])[0], turn)
    turned = warp(turn_picture(picture, turn)[None], turn_flow(flow, turn)[None, :2])[0]
    assert torch.allclose(turned, expected, atol=1e-5)


def test_a_turned_crop_keeps_the_agreement_of_pictures_and_flow() -> None:
    picture = _texture(96, 96)[0]
    flow = torch.zeros(4, 96, 96)
    flow[0], flow[1], flow[2] = 3.0, -1.0, 2.0
    warped = warp(picture[None], flow[None, :2])[0]
    planes = torch.cat([picture.expand(3, -1, -1), warped.expand(6, -1, -1), flow, torch.ones(2, 96, 96)])
    cut = rotated_crop(planes, 64, 0.7)
    found = warp(cut[None, :1], cut[None, 9:11])[0]
    # Two bilinear fetches of a rough texture are not quite one; motion turned the wrong way would not help at all.
    error, unmoved = ((each - cut[3:4])[:, 6:-6, 6:-6].abs().mean() for each in (found, cut[:1]))
    assert float(error) < 0.4 * float(unmoved)
    assert torch.allclose(cut[9:11].square().sum(0), torch.tensor(10.0), atol=1e-3)
    assert not torch.allclose(cut[9], flow[0, :64, :64], atol=0.5)


def test_inside_marks_what_leaves_the_crop() -> None:
    flow = torch.zeros(4, 8, 8)
    flow[0] = 5.0
    kept = inside(flow)
    assert kept[0, 0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert bool(kept[1].all())


def test_the_gate_is_pushed_down_at_rest_and_up_in_motion() -> None:
    still, moved = torch.zeros(1, 4, 4, 4), torch.full((1, 4, 4, 4), 3.0)
    assert float(moving_loss(torch.full((1, 1, 4, 4), -0.5), still)) == 0.0
    assert float(moving_loss(torch.full((1, 1, 4, 4), 1.5), moved)) == 0.0
    assert float(moving_loss(torch.zeros(1, 1, 4, 4), moved)) == 1.5


def test_the_search_loss_is_least_at_the_true_shift() -> None:
    wanted = torch.zeros(1, 4, 8, 8)
    wanted[:, 0], wanted[:, 2] = -1.0, 1.0  # two pixels to the right between the pictures: a shift of one
    logits = torch.zeros(1, 9, 8, 8)
    right, wrong = logits.clone(), logits.clone()
    right[:, 5], wrong[:, 3] = 9.0, 9.0
    visible = torch.ones(1, 2, 8, 8)
    start = torch.zeros(1, 4, 8, 8)
    losses = [float(search_loss(Search(value, start, 1), 0.999 * wanted, visible)) for value in (right, logits, wrong)]
    assert losses[0] < 0.05 < losses[1] < losses[2]


def test_perfect_answers_cost_less_than_none() -> None:
    torch.manual_seed(0)
    network = FlowFast()
    pictures = torch.rand(2, 7, 32, 32)
    flow = torch.zeros(2, 4, 32, 32)
    batch = FlowBatch(pictures, pictures[:, :3], flow, torch.ones(2, 2, 32, 32))
    moved = FlowBatch(pictures, pictures[:, :3], flow + 5.0, torch.ones(2, 2, 32, 32))
    found = network.explain(pictures)
    still, far = (flow_losses(found, each, FlowWeights())["flow"] for each in (batch, moved))
    assert float(still.detach()) < float(far.detach())


def _zimg(plane: NDArray[np.float32], function: str, size: tuple[int, int], **shape: float) -> NDArray[np.float32]:
    height, width = plane.shape
    core = vs.core
    blank = core.std.BlankClip(None, width, height, vs.GRAYS, 1, keep=True)

    def paint(n: int, f: vs.VideoFrame) -> vs.VideoFrame:  # noqa: ARG001 - the plugin's signature
        frame = f.copy()
        np.copyto(np.asarray(frame[0]), plane)
        return frame

    scaled = getattr(core.resize, function)(core.std.ModifyFrame(blank, blank, paint), *size, **shape)
    return np.asarray(scaled.get_frame(0)[0]).copy()


def test_an_untrained_luma_network_is_zimgs_spline36() -> None:
    luma = _texture(40, 56)
    with torch.no_grad():
        doubled = LumaFast().eval()(luma)[0, 0].numpy()
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(doubled - _zimg(luma[0, 0].numpy(), "Spline36", (112, 80)))[inner].max() < 2e-6


def test_spline36_interpolates() -> None:
    assert np.allclose(spline36(np.arange(-3.0, 4.0)), [0, 0, 0, 1, 0, 0, 0], atol=1e-12)


def _shaken(kind: type[LumaFast | Luma]) -> LumaFast | Luma:
    torch.manual_seed(3)
    network = kind().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.1)
    return network


RADII = [(LumaFast, RADIUS), (Luma, Luma.radius)]


@pytest.mark.parametrize(("kind", "radius"), RADII)
def test_the_luma_networks_read_no_further_than_they_say(kind: type[LumaFast | Luma], radius: int) -> None:
    network, luma = _shaken(kind), _texture(32, 32)
    touched = luma.clone()
    touched[..., 16, 16] += 1.0
    with torch.no_grad():
        change = (network(touched) - network(luma)).abs()[0, 0]
    rows = torch.nonzero(change.amax(dim=1) > 0).flatten() // 2
    assert int(rows.min()) == 16 - radius
    assert int(rows.max()) == 16 + radius


@pytest.mark.parametrize(("kind", "radius"), RADII)
def test_a_tile_with_its_overlap_equals_the_whole(kind: type[LumaFast | Luma], radius: int) -> None:
    network, luma = _shaken(kind), _texture(48, 48)
    with torch.no_grad():
        whole = network(luma)
        tile = network(luma[..., 12 - radius : 22 + radius, 12 - radius : 22 + radius])
    cut = 2 * radius
    assert torch.allclose(tile[..., cut:-cut, cut:-cut], whole[..., 24:44, 24:44], atol=1e-5)


@pytest.mark.parametrize("kernel", sorted(HALVINGS))
def test_halving_keeps_pixel_centres(kernel: str) -> None:
    ramp = torch.arange(32.0)[None, None, None].expand(1, 1, 32, 32) / 32
    small = halve(ramp, kernel)[0, 0, 8]
    assert torch.allclose(small[4:12] * 32, torch.arange(4.0, 12.0) * 2 + 0.5, atol=1e-3)


@pytest.mark.parametrize(
    ("kernel", "function", "shape"),
    [
        ("bicubic", "Bicubic", {"filter_param_a": 0.0, "filter_param_b": 0.5}),
        ("mitchell", "Bicubic", {"filter_param_a": 1 / 3, "filter_param_b": 1 / 3}),
        ("bilinear", "Bilinear", {}),
        ("spline36", "Spline36", {}),
        ("lanczos", "Lanczos", {"filter_param_a": 3}),
    ],
)
def test_halving_is_what_zimg_does(kernel: str, function: str, shape: dict[str, float]) -> None:
    picture = 0.5 * _texture(48, 64) + 0.25
    wanted = _zimg(picture[0, 0].numpy(), function, (32, 24), **shape)
    assert np.abs(halve(picture, kernel)[0, 0].numpy() - wanted)[6:-6, 6:-6].max() < 2e-6


def test_a_kernel_that_is_doubled_by_the_base_is_zimgs_spline36() -> None:
    luma = _texture(40, 56)
    wanted = _zimg(luma[0, 0].numpy(), "Spline36", (112, 80))
    assert np.abs(double(luma)[0, 0].numpy() - wanted)[8:-8, 8:-8].max() < 2e-6


def test_what_a_network_adds_is_nothing_before_it_is_trained() -> None:
    with torch.no_grad():
        assert float(Luma().eval()(_texture(20, 24)).abs().max()) == 0.0
        assert float(Compact().eval()(_texture(20, 24).expand(1, 3, -1, -1)).abs().max()) == 0.0


def test_compact_reads_no_further_than_it_says_and_tiles_leave_no_seam() -> None:
    torch.manual_seed(3)
    network, picture = Compact().eval(), _texture(136, 136).repeat(1, 3, 1, 1)
    overlap = NETWORKS["compact"].overlap
    assert overlap >= network.radius
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.05)
        whole = network(picture)[..., 24:240, 16:256]
        tile = network(picture[..., 12:120, 8:128])
    inner = slice(2 * overlap, -2 * overlap)
    assert torch.allclose(tile[..., inner, inner], whole[..., inner, inner], atol=1e-5)


def test_compact_sharpens_all_colours_alike_at_full_size() -> None:
    torch.manual_seed(3)
    network, picture = Compact().eval(), _texture(40, 48).repeat(1, 3, 1, 1)
    with torch.no_grad():
        for parameter in network.correct.parameters():
            parameter.normal_(0, 0.1)
        found = network(picture)
        padded = functional.pad(luma(picture) - 0.5, (RADIUS,) * 4, mode="replicate")
        wanted = functional.pixel_shuffle(network.correct(padded), 2)
    assert torch.allclose(found, wanted.expand(-1, 3, -1, -1), atol=1e-6)
