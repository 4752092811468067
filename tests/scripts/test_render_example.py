from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "examples" / "clip.mkv"
INTERVALS = ROOT / "examples" / "clip.intervals.json"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """Load the program; it draws with skia, which is not everywhere."""
    pytest.importorskip("skia", exc_type=ImportError)
    spec = importlib.util.spec_from_file_location("render_example", ROOT / "scripts" / "render_example.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_beside_the_clip_is_the_programs(program: ModuleType) -> None:
    assert json.loads(INTERVALS.read_text()) == {"rate": program.RATE, "intervals": program.intervals()}


def test_the_table_has_every_class_where_the_shots_put_it(program: ModuleType) -> None:
    classes = json.loads(INTERVALS.read_text())["intervals"]
    assert len(classes) == 119
    assert [index for index, name in enumerate(classes) if name == "cut"] == [program.SECOND_SHOT - 1]
    assert classes[: program.FADE_IN] == ["fade"] * program.FADE_IN
    assert set(classes[program.FADE_IN : program.SECOND_SHOT - 1]) == {"motion"}
    assert Counter(classes[program.SECOND_SHOT :])["hold"] > Counter(classes[program.SECOND_SHOT :])["motion"] > 5
    assert classes[-1] == "fade"


def test_only_the_mouth_moves_in_the_second_shot(program: ModuleType) -> None:
    scene = program.second_shot()
    pair = [program.render(scene, frame, 0.0, (320, 180)).astype(int) for frame in (71, 72)]
    rows, columns = np.nonzero(np.abs(pair[1] - pair[0]).max(axis=2))
    assert 0 < (rows.max() - rows.min()) * (columns.max() - columns.min()) < 0.03 * 320 * 180


def test_the_same_frame_is_drawn_the_same_twice(program: ModuleType) -> None:
    first, second = (program.render(program.first_shot(), 30, 0.0, (320, 180)) for _ in range(2))
    assert np.array_equal(first, second)


def test_the_sound_is_as_long_as_the_picture(program: ModuleType) -> None:
    sound = program.sound()
    assert sound.shape == (240_240, 2)
    assert 2_000 < np.abs(sound).max() < 32_767


def test_the_clip_is_what_the_readme_promises() -> None:
    assert CLIP.stat().st_size < 2 * 2**20
    with av.open(str(CLIP)) as film:
        assert [stream.type for stream in film.streams] == ["video", "audio", "subtitle", "attachment"]
        picture = film.streams.video[0]
        assert (picture.codec_context.name, picture.pix_fmt) == ("h264", "yuv420p")
        assert (picture.width, picture.height) == (1280, 720)
        assert str(picture.average_rate) == "24000/1001"
        _, sound, text, font = film.streams
        assert (sound.language, text.language, text.codec_context.name) == ("jpn", "eng", "ssa")
        assert font.metadata["filename"] == "Nunito-Bold.ttf"
        assert len(film.chapters()) == 2
        assert film.metadata["title"]


def test_the_clip_decodes_whole_and_tagged() -> None:
    with av.open(str(CLIP)) as film:
        frames = list(film.decode(video=0))
    assert len(frames) == 120
    tags = {(int(f.colorspace), int(f.color_range), int(f.color_primaries), int(f.color_trc)) for f in frames}
    assert tags == {(1, 1, 1, 1)}
    assert frames[0].to_ndarray(format="gray").mean() < 20
    assert frames[40].to_ndarray(format="gray").mean() > 80
