"""What a running job says: one line that is kept up to date on a terminal, plain lines now and then when piped."""

import sys
import time
from types import TracebackType
from typing import Never, Self

import click
from tqdm import tqdm

from vsainimotion.media.render import Progress

PLAIN_EVERY_S = 5.0
"""Seconds between two lines when nobody watches a terminal."""

BAR = "{percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} frames [{elapsed}<{remaining}, {rate_noinv_fmt}{postfix}]"


class ProgressLine:
    """Writes a job's progress to standard error.

    Args:
        quiet: Write nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()  # None where it was closed
        self._bar: tqdm[Never] | None = None
        self._last_plain_s = time.monotonic()
        self._has_status = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close_bar()
        self._clear_status()

    def say(self, text: str) -> None:
        """Writes a line that stays."""
        self._close_bar()
        self._clear_status()
        if not self._quiet:
            click.echo(text, err=True)

    def report(self, text: str) -> None:
        """Writes the step that is under way; on a terminal the next one takes its place."""
        self._close_bar()
        if self._quiet or not self._is_due():
            return
        self._clear_status()
        click.echo(text, err=True, nl=not self._is_terminal)
        self._has_status = self._is_terminal

    def show(self, progress: Progress) -> None:
        """Writes how far the rendering is."""
        if self._quiet:
            return
        if self._is_terminal:
            self._clear_status()
            self._update_bar(progress)
        elif self._is_due():
            click.echo(describe(progress), err=True)

    def _is_due(self) -> bool:
        if self._is_terminal:
            return True
        now = time.monotonic()
        due = now - self._last_plain_s >= PLAIN_EVERY_S
        if due:
            self._last_plain_s = now
        return due

    def _update_bar(self, progress: Progress) -> None:
        bar = self._bar or self._open_bar(progress.total)
        if progress.repeated_share is not None:
            bar.set_postfix_str(f"{progress.repeated_share:.0%} repeated", refresh=False)
        bar.n = progress.frames
        bar.refresh()

    def _open_bar(self, total: int) -> "tqdm[Never]":
        bar: tqdm[Never] = tqdm(
            total=total, bar_format=BAR, unit=" frames", file=sys.stderr, dynamic_ncols=True, leave=False
        )
        self._bar = bar
        return bar

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _clear_status(self) -> None:
        if self._has_status:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._has_status = False


def describe(progress: Progress) -> str:
    """Returns progress as one plain line."""
    parts = [f"{progress.frames / progress.total:.0%}", f"{progress.frames}/{progress.total} frames"]
    parts.append(f"{progress.fps:.1f} fps")
    if progress.remaining_s is not None:
        minutes, seconds = divmod(round(progress.remaining_s), 60)
        parts.append(f"{minutes // 60}:{minutes % 60:02}:{seconds:02} left")
    if progress.repeated_share is not None:
        parts.append(f"{progress.repeated_share:.0%} repeated")
    return ", ".join(parts)
