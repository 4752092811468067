"""Between a clip's own format and RGB."""

import numpy as np
import pytest
import vapoursynth as vs

from tests.scenes import array, draw
from vsainimotion.rgb import from_rgb, to_rgb


@pytest.mark.parametrize("matrix", [1, 6])
def test_grey_that_names_a_matrix_comes_back_as_it_was(matrix: int) -> None:
    grey = draw(1, "X 4 / Y +", fmt=vs.GRAY8).std.SetFrameProps(_Matrix=matrix)
    back = from_rgb(to_rgb(grey), grey)
    assert np.array_equal(array(back, 0), array(grey, 0))
    assert back.get_frame(0).props["_Matrix"] == matrix
