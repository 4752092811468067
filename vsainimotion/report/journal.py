"""A report's folder: one line for each frame while a job runs, and a page at the end, never at the film's cost."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from vsainimotion.errors import JobError
from vsainimotion.media.colour import Property
from vsainimotion.media.stills import Size
from vsainimotion.media.workplace import PREFIX
from vsainimotion.report.decision import Decision, DecisionReader
from vsainimotion.report.page import render_page
from vsainimotion.report.record import Record
from vsainimotion.report.scope import Scope
from vsainimotion.report.sheets import Scripts, Sheets, render_sheets
from vsainimotion.report.summary import Summary, summarize

LINES = "frames.jsonl"
PAGE = "report.html"

NAMES = (LINES, PAGE)
"""All that is ever written into a report's folder; other files may lie beside them."""

UNDER_WAY = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>a report under way</title>'
    "<p>The job has not ended yet, or was stopped so hard that it could not say so. "
    f"{LINES} has what was decided so far."
)


class Journal:
    """Writes a report while frames are rendered. Nothing that goes wrong with it stops the job: it is kept for the end.

    Within `with`, `add` takes frames; leaving it by an error closes the report as a partial one. Then comes `finish`.

    Args:
        folder: The report's folder, as `workplace.check_folder` found it; None keeps the decisions in memory alone.
        scope: What is rendered.
    """

    def __init__(self, folder: Path | None, scope: Scope) -> None:
        self.scope = scope
        self.record = Record()
        self.problem: str | None = None
        """Why the report is not whole, once something went wrong with it."""
        self.page = (folder or Path()) / PAGE
        self._folder = folder
        self._reader = DecisionReader(scope)
        self._lines: IO[str] | None = None

    def __enter__(self) -> Self:
        if self._folder is None:
            return self
        try:
            self._folder.mkdir(exist_ok=True)
            self._lines = (self._folder / LINES).open("w", encoding="utf-8", newline="\n")
            self.page.write_text(UNDER_WAY, "utf-8")
        except OSError as error:
            self._note(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._take(self._reader.finish())
            except OSError as failure:
                self._note(failure)
        self._close_lines()
        if kind is not None and self._folder is not None:
            why = "the job was interrupted" if issubclass(kind, KeyboardInterrupt) else f"the job failed: {error}"
            with suppress(OSError):
                self._save_page(summarize(self.record, self.scope), Sheets(), why)

    def add(self, properties: Mapping[str, Property]) -> None:
        """Takes the properties of the next output frame. Never raises: it runs beside the job, which waits for it."""
        if self.problem is not None:
            return
        try:
            self._take(self._reader.read(properties))
        except Exception as error:  # whatever is wrong with a report, the film goes on
            self._note(error)

    def finish(self, scripts: Scripts, size: Size, report: Callable[[str], None]) -> Summary:
        """Renders the pictures and writes the page.

        Args:
            scripts: What they are rendered from.
            size: Width and height of a thumbnail in pixels, even.
            report: Is told how far it is.

        Returns:
            What the decisions come to.

        Raises:
            JobError: The report could not be written as a whole.
        """
        summary = summarize(self.record, self.scope)
        if self._folder is not None:
            self._illustrate(summary, scripts, size, report)
        if self.problem is not None:
            where = "it" if self._folder is None else repr(str(self._folder))
            raise JobError(f"report: {where} is not whole ({self.problem}). Make room or choose another folder")
        return summary

    def _illustrate(self, summary: Summary, scripts: Scripts, size: Size, report: Callable[[str], None]) -> None:
        """Makes the pictures and the page; Ctrl-C while pictures are made still leaves the rest of the page."""
        sheets, problem = Sheets(problem="they were interrupted"), self.problem or self._shortfall()
        try:
            sheets = render_sheets(summary, self.scope, scripts, size, report)
        finally:
            try:
                self._save_page(summary, sheets, problem)
            except OSError as error:
                self._note(error)

    def _take(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            self.record.add(decision)
            if self._lines is not None:
                self._lines.write(decision.as_line(self.scope.models) + "\n")
        if decisions and self._lines is not None:
            self._lines.flush()

    def _shortfall(self) -> str | None:
        return None if len(self.record) == self.scope.total else "frames are missing"

    def _close_lines(self) -> None:
        lines, self._lines = self._lines, None
        if lines is not None:
            try:
                lines.close()
            except OSError as error:
                self._note(error)

    def _save_page(self, summary: Summary, sheets: Sheets, problem: str | None) -> None:
        """Writes the page beside its place and gives it its name."""
        text = render_page(self.scope, self.record, summary, sheets, problem)
        beside = self.page.parent / f"{PREFIX}{secrets.token_hex(6)}.html"
        try:
            beside.write_text(text, "utf-8")
            beside.replace(self.page)
        finally:
            beside.unlink(missing_ok=True)

    def _note(self, error: Exception) -> None:
        """Keeps the first thing that went wrong."""
        words = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        self.problem = self.problem or words or str(error)
