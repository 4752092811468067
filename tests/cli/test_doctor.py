"""`ainimotion doctor`, run for real on this machine, and its verdict on machines that lack something."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from vsainimotion.cli import doctor
from vsainimotion.cli.doctor import Finding, State
from vsainimotion.errors import MissingError
from vsainimotion.media.encoders import ENCODERS
from vsainimotion.models import list_cards
from vsainimotion.models.runtimes import BACKENDS
from vsainimotion.native import PLUGIN_PACKAGES


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return doctor.examine()


def named(findings: list[Finding], section: str) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings if finding.section == section}


def test_everything_that_the_main_job_needs_works_here(findings: list[Finding]) -> None:
    assert doctor.list_lacking(findings) == []


def test_every_table_of_the_package_is_looked_at_whole(findings: list[Finding]) -> None:
    assert list(named(findings, "plugins")) == list(PLUGIN_PACKAGES)
    assert list(named(findings, "encoders")) == list(ENCODERS)
    assert list(named(findings, "backends")) == list(BACKENDS)
    assert list(named(findings, "networks")) == [card.name for card in list_cards()]
    assert "vapoursynth" in named(findings, "packages")


def test_vspipe_and_ffmpeg_answer_with_their_versions(findings: list[Finding]) -> None:
    programs = named(findings, "programs")
    assert programs["vspipe"].detail.startswith("Core R")
    assert programs["ffmpeg"].state is State.OK


def test_the_cpu_backends_have_run_a_graph(findings: list[Finding]) -> None:
    backends = named(findings, "backends")
    assert backends["openvino"].detail == "works: the CPU through OpenVINO"
    assert backends["onnxruntime"].state is State.OK


def test_software_encoders_are_there_and_a_failing_one_says_why(findings: list[Finding]) -> None:
    encoders = named(findings, "encoders")
    assert all(encoders[name].state is State.OK for name in ("x264", "x265", "svt-av1", "ffv1"))
    assert all(finding.detail for finding in encoders.values())


def test_what_can_be_installed_comes_with_the_line_that_installs_it(findings: list[Finding]) -> None:
    absent = [f for f in findings if f.state is State.ABSENT and f.section in {"plugins", "backends", "packages"}]
    assert all(finding.remedy.startswith("pip install ") for finding in absent)


@pytest.mark.parametrize("section", ["plugins", "programs", "packages"])
def test_what_is_needed_and_missing_is_named_and_ends_with_three(findings: list[Finding], section: str) -> None:
    lost = next(finding for finding in findings if finding.section == section and finding.needed)
    without = [replace(finding, state=State.ABSENT) if finding is lost else finding for finding in findings]
    with pytest.raises(MissingError, match=rf"enhance cannot run here until this works: {lost.name}$") as caught:
        doctor.report(without, as_json=False)
    assert caught.value.exit_code == 3


def test_the_command_prints_sections_and_says_that_tensorrt_was_not_run() -> None:
    result = CliRunner().invoke(doctor.command, [])
    assert result.exit_code == 0
    assert "\nbackends\n" in result.output
    assert "builder call has not been run on our development machines" in result.output
    assert result.output.endswith("enhance can run here.\n")


def test_json_holds_every_finding() -> None:
    result = CliRunner().invoke(doctor.command, ["--json"])
    report = json.loads(result.output)
    assert report["can_run"] is True
    assert {finding["state"] for finding in report["findings"]} <= {"ok", "absent", "broken"}
    assert {"machine", "networks"} <= {finding["section"] for finding in report["findings"]}
