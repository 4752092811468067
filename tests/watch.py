"""Counts what a network is asked for, at its own input."""

import importlib

import numpy as np
import pytest
import vapoursynth as vs


class Watch:
    """Which frames the network was asked for, how many pixels it saw, and the mean of each plane."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.pixels = 0
        self.means: list[float] = []


def watch_network(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Puts a counter before the network's own input, and leaves everything else as it is."""
    module = importlib.import_module("vsainimotion.upscale")
    run_network = module.run_network
    watch = Watch()

    def look(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        watch.frames.append(n)
        watch.pixels += f.width * f.height
        watch.means.extend(float(np.asarray(f[index]).mean()) for index in range(f.format.num_planes))
        return f

    def run(clips: list[vs.VideoNode], *arguments: object, **options: object) -> vs.VideoNode:
        watched: vs.VideoNode = run_network([clip.std.ModifyFrame(clip, look) for clip in clips], *arguments, **options)
        return watched

    monkeypatch.setattr(module, "run_network", run)
    return watch
