"""What a run leaves to be looked at: a log of JSON lines, validation pictures, and curves for TensorBoard."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from torch import Tensor
from tqdm import tqdm

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Record:
    """The log of a run, in its folder."""

    def __init__(self, out: Path, name: str, *, step: int, tensorboard: bool) -> None:
        self._out, self._log = out, out / f"{name}.log.jsonl"
        self._board: SummaryWriter | None = None
        if tensorboard:
            from torch.utils.tensorboard import SummaryWriter  # four seconds of CPU, for those who want it

            # What an interrupted run wrote after the checkpoint that this one begins with is dropped.
            self._board = SummaryWriter(str(out / "board"), purge_step=step)
        self._sums: dict[str, list[float]] = {}

    def add(self, parts: dict[str, float]) -> None:
        """Take in the parts of one step's loss."""
        for name, value in parts.items():
            self._sums.setdefault(name, []).append(value)

    def averages(self) -> dict[str, float]:
        """Return the mean of each part over the steps that had it, and begin anew."""
        means = {name: sum(values) / len(values) for name, values in self._sums.items()}
        self._sums = {}
        return means

    def line(self, **values: object) -> None:
        """Add one line to the log, and its numbers to the curves; events are shown above the bar as well."""
        text = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()})
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        if "event" in values:
            tqdm.write(text, file=sys.stderr)
        if self._board is not None and isinstance(step := values.get("step"), int):
            group = str(values.get("event", "loss"))
            for name, value in values.items():
                if isinstance(value, float):
                    self._board.add_scalar(f"{group}/{name}", value, step)
            self._board.flush()

    def pictures(self, name: str, rows: Tensor, step: int) -> Path:
        """Keep rows of pictures, (N, 3, H, W) in [0, 1], one below the other; return the PNG."""
        sheet = rows.detach().float().cpu().clamp(0, 1).permute(0, 2, 3, 1).flatten(0, 1)
        path = self._out / "pictures" / f"{step:07d}{name and f'-{name}'}.png"
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(f"{path.stem}.part.png")
        cv2.imwrite(str(unfinished), np.rint(sheet.numpy()[..., ::-1] * 255).astype(np.uint8))
        unfinished.replace(path)
        if self._board is not None:
            self._board.add_image(name or "held-out", sheet.permute(2, 0, 1), step)
        return path

    def close(self) -> None:
        """Finish the curves."""
        if self._board is not None:
            self._board.close()
