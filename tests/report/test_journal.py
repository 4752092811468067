"""A report's folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.stories import make_scope, tell
from vsainimotion.errors import ArgumentError, JobError, OutputError
from vsainimotion.media.workplace import check_folder
from vsainimotion.report.journal import LINES, NAMES, PAGE, Journal
from vsainimotion.report.sheets import Scripts

STORY = "mhhmcmmhhm"
SIZE = (64, 36)
BLANK = "import vapoursynth as vs\nvs.core.std.BlankClip(width=64, height=36, length={}, keep=True).set_output()\n"
SCRIPTS = Scripts(film=BLANK.format(10), made=BLANK.format(20))


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / LINES).read_text("utf-8").splitlines()]


def test_a_whole_report_is_one_line_for_each_frame_and_a_page(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    with Journal(folder, make_scope(len(STORY))) as journal:
        for told in tell(STORY):
            journal.add(told)
    journal.finish(SCRIPTS, SIZE, lambda _: None)
    assert [line["frame"] for line in lines(folder)] == list(range(20))
    assert "Complete: 20 of 20 frames" in (folder / PAGE).read_text("utf-8")
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)


def test_lines_are_there_while_the_job_runs(tmp_path: Path) -> None:
    with Journal(tmp_path, make_scope(len(STORY))) as journal:
        for number, told in enumerate(tell(STORY)):
            journal.add(told)
            # Those of the source frame under way wait for its last frame.
            assert len(lines(tmp_path)) == number // 2 * 2
        assert "has not ended yet" in (tmp_path / PAGE).read_text("utf-8")


def fail(folder: Path, error: BaseException) -> None:
    with Journal(folder, make_scope(len(STORY))) as journal:
        for told in list(tell(STORY))[:9]:
            journal.add(told)
        raise error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyboardInterrupt(), "partial (the job was interrupted): 8 of 20 frames"),
        (JobError("vspipe: <gone>"), "partial (the job failed: vspipe: &lt;gone&gt;): 8 of 20 frames"),
    ],
)
def test_the_report_of_a_stopped_job_says_that_it_is_partial(tmp_path: Path, error: BaseException, words: str) -> None:
    with pytest.raises(type(error)):
        fail(tmp_path, error)
    assert words in (tmp_path / PAGE).read_text("utf-8")
    assert len(lines(tmp_path)) == 8


def test_a_report_that_is_stopped_while_pictures_are_made_is_whole_but_for_them(tmp_path: Path) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with Journal(tmp_path, make_scope(len(STORY))) as journal:
        for told in tell(STORY):
            journal.add(told)
    with pytest.raises(KeyboardInterrupt):
        journal.finish(SCRIPTS, SIZE, stop)
    page = (tmp_path / PAGE).read_text("utf-8")
    assert "Complete" in page
    assert "Pictures are missing: they were interrupted" in page


FULL_DISC = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
from tests.report.stories import make_scope, tell
from vsainimotion.errors import JobError
from vsainimotion.report.journal import Journal
from vsainimotion.report.sheets import Scripts
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
story = "mhhmcmmhhm" * 10
with Journal(Path({folder!r}), make_scope(len(story))) as journal:
    for told in tell(story):
        journal.add(told)
    print("the job goes on")
try:
    journal.finish(Scripts(film="", made=""), (64, 36), lambda _: None)
except JobError as error:
    print(error)
"""


def test_a_full_disc_never_reaches_the_job_and_is_told_at_its_end(tmp_path: Path) -> None:
    # A limit on the size of files stands for the disc: the same calls fail, in a child of our own.
    folder = tmp_path / "report"
    program = FULL_DISC.format(path=[str(Path(__file__).resolve().parents[2])], folder=str(folder))
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
    assert result.stderr == ""
    told = result.stdout.splitlines()
    assert told[0] == "the job goes on"
    assert told[1].startswith(f"report: {str(folder)!r} is not whole (File too large).")
    assert not [path.name for path in folder.iterdir() if path.name not in NAMES]


def test_a_folder_that_went_away_never_reaches_the_job(tmp_path: Path) -> None:
    with Journal(tmp_path / "none" / "report", make_scope(len(STORY))) as journal:
        for told in tell(STORY):
            journal.add(told)
    with pytest.raises(JobError, match=r"is not whole \(No such file or directory\)"):
        journal.finish(SCRIPTS, SIZE, lambda _: None)


def test_properties_that_make_no_sense_never_reach_the_job(tmp_path: Path) -> None:
    with Journal(tmp_path, make_scope(len(STORY))) as journal:
        journal.add({"VsaiOrigin": 9})
        journal.add({"VsaiOrigin": 0})
    with pytest.raises(JobError, match=r"ValueError: 9 is not a valid Origin"):
        journal.finish(SCRIPTS, SIZE, lambda _: None)


def test_other_files_in_the_folder_stay_and_an_earlier_report_needs_leave(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    check_folder("report", tmp_path, NAMES, overwrite=False)
    (tmp_path / PAGE).write_text("earlier", "utf-8")
    with pytest.raises(OutputError, match=r"report: report\.html is in '.*' already\. Choose .*--overwrite"):
        check_folder("report", tmp_path, NAMES, overwrite=False)
    check_folder("report", tmp_path, NAMES, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", PAGE]


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArgumentError, match="is a file"):
        check_folder("report", tmp_path / "file", NAMES, overwrite=True)
    with pytest.raises(OutputError, match="does not exist"):
        check_folder("report", tmp_path / "none" / "report", NAMES, overwrite=True)
    # /proc refuses new files to everybody, root included.
    with pytest.raises(OutputError, match=r"report: the folder '/proc' cannot be written"):
        check_folder("report", Path("/proc/report"), NAMES, overwrite=True)
