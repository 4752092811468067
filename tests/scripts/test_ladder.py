"""Each step of the ladder can be left out, and with all of them a frame is what the product makes."""

import numpy as np
import pytest
import vapoursynth as vs

from scripts.benchmarks.cases import Material
from scripts.benchmarks.ladder import STEPS, make_middles
from scripts.benchmarks.middles import list_middles
from tests.scenes import TEXTURE, array, draw
from vsainimotion.interpolate import DEFAULT_MODEL


@pytest.fixture(scope="module")
def material() -> Material:
    """A texture that jumps by 30 pixels while half of it turns into its opposite."""
    moved = TEXTURE.format(x="X N 30 * +", y="Y")
    film = draw(3, f"N 1 = X 120 > and 255 {moved} - {moved} ?").resize.Point(format=vs.YUV420P8)
    return Material(film.std.SetFrameProps(_Matrix=1), film[:1], [0], {})


def test_with_every_step_a_frame_is_what_the_product_makes(material: Material) -> None:
    ours = next(method for method in list_middles() if method.name == DEFAULT_MODEL)
    assert np.array_equal(array(make_middles(material, len(STEPS)), 0), array(ours.make(material), 0))


def test_each_step_changes_a_frame_that_is_hard_to_make(material: Material) -> None:
    made = [array(make_middles(material, taken), 0).astype(int) for taken in range(len(STEPS) + 1)]
    changes = {step.name: np.abs(a - b).mean() for step, a, b in zip(STEPS, made, made[1:], strict=False)}
    assert set(changes) == {"surroundings", "blocks", "one side", "nearest drawing"}
    assert all(change > 0.05 for change in changes.values()), changes
