"""Workflows that may do little, forms that ask for no secret, hooks without versions."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
RELEASE = ROOT / ".github" / "workflows" / "release.yml"

#: The permissions that let a job change something, and the only job that may have each.
WRITERS = {"id-token": "publish", "contents": "announce"}
PERSONAL = re.compile(r"api.?key|token|password|e-?mail|address|your name", re.IGNORECASE)


def load(path: Path) -> dict[str, Any]:
    """Return what a file says."""
    # YAML takes the word `on` for a boolean.
    text = re.sub("^on:", '"on":', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(yaml.safe_load(text))


def steps(path: Path) -> list[dict[str, Any]]:
    """Return all steps of a workflow."""
    jobs = load(path)["jobs"].values()
    return [step for job in jobs for step in job.get("steps", [])]


def run_step(name: str, folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a step of the release as GitHub does."""
    [script] = [step["run"] for step in steps(RELEASE) if step.get("name") == name]
    return subprocess.run(
        ["/usr/bin/env", "bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={"TAG": tag, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_actions_are_pinned() -> None:
    """By commit, with the version beside it, and the same one everywhere."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    used = re.findall(r"uses: (?!\./)(.*)", text)
    pins = [re.fullmatch(r"(\S+)@[0-9a-f]{40} # v[\d.]+", each) for each in set(used)]
    assert None not in pins
    actions = [pin[1] for pin in pins if pin]
    assert len(set(actions)) == len(actions) > 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_may_do_little(path: Path) -> None:
    """Nothing by default but to read, no credentials left behind, and not for ever."""
    workflow = load(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        for permission, level in job.get("permissions", {}).items():
            assert level == "read" or WRITERS[permission] == name
        # A workflow that is called has limits of its own.
        assert "uses" in job or job["timeout-minutes"] <= 30
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What others write, such as a branch's name, must not become part of a script.
        assert "${{" not in step.get("run", "")


def test_release_publishes_what_was_built() -> None:
    """Only for a tag, one job after the other, with attestations and without a secret."""
    release = load(RELEASE)
    assert release["on"] == {"push": {"tags": ["v*"]}}
    jobs = release["jobs"]
    assert [(name, jobs[name].get("needs")) for name in jobs] == [
        ("check", None),
        ("build", "check"),
        ("publish", "build"),
        ("announce", "publish"),
    ]
    assert jobs["check"]["uses"] == "./.github/workflows/ci.yml"
    checks = load(RELEASE.with_name("ci.yml"))
    assert "workflow_call" in checks["on"]
    # Else one would wait for the other for ever.
    assert release["concurrency"]["group"] != checks["concurrency"]["group"]
    assert jobs["publish"]["environment"] == "pypi"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert not any("run" in step for step in jobs["publish"]["steps"])
    assert jobs["publish"]["steps"][-1]["with"] == {"attestations": True}
    assert "secrets." not in RELEASE.read_text(encoding="utf-8")


@pytest.mark.parametrize("tag", ["v0.2.0", "v0.1.0", "v0.2", "v0.3.0"])
def test_release_goes_by_the_tag(tmp_path: Path, tag: str) -> None:
    """It must be the version that was built, and have a section of the changelog."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "tap_claude_analytics-0.2.0.tar.gz").touch()
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n- not yet\n\n## [0.2.0] - 2026-12-01\n\n"
        "### Added\n\n- new [0.2.0]\n\n## [0.1.0] - 2026-11-01\n\n- old\n",
        encoding="utf-8",
    )
    checked = run_step("Check that the tag is the version", tmp_path, tag)
    assert checked.returncode == (tag != "v0.2.0")
    assert (tag in checked.stdout) == bool(checked.returncode)
    taken = run_step("Take the notes from the changelog", tmp_path, tag)
    sections = {"v0.2.0": "### Added\n\n- new [0.2.0]", "v0.1.0": "- old"}
    assert taken.returncode == (tag not in sections)
    notes = (tmp_path / "notes.md").read_text(encoding="utf-8").strip()
    assert notes == sections.get(tag, "")


def test_changelog_has_the_form_that_a_release_reads() -> None:
    """Each section stands under a version in brackets, the newest on top."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *others = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    assert first == "[Unreleased]"
    assert all(re.match(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$", other) for other in others)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_forms_are_valid(path: Path) -> None:
    """As GitHub wants them; nothing is asked for that nobody should send."""
    form = load(path)
    assert form.keys() == {"name", "description", "labels", "body"}
    questions = [part for part in form["body"] if part["type"] != "markdown"]
    ids = [part["id"] for part in questions]
    assert len(set(ids)) == len(ids) > 0
    for part in questions:
        assert part["attributes"]["label"]
        assert not PERSONAL.search(part["attributes"]["label"])
        is_text = part["type"] in {"input", "textarea"}
        assert is_text != (part["type"] in {"checkboxes", "dropdown"})
        assert is_text or part["attributes"]["options"]


def test_reporters_are_warned() -> None:
    """Whoever reports a bug confirms that no key and no personal data is in it."""
    *_, last = load(ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml")["body"]
    [option] = last["attributes"]["options"]
    assert option["required"] is True
    assert "key" in option["label"]
    template = (ROOT / ".github" / "pull_request_template.md").read_text(encoding="utf-8")
    assert "No key" in template


def test_hooks_are_the_tools_of_the_environment() -> None:
    """The versions of `pyproject.toml`, and no others."""
    [repository] = load(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    hooks = {hook["id"]: hook for hook in repository["hooks"]}
    assert hooks.keys() == {"ruff-check", "ruff-format", "mypy"}
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    developed_with = pyproject.split("\ndev = [")[1].split("\n]")[0]
    for hook in hooks.values():
        assert hook["language"] == "system"
        assert f'"{hook["entry"].split()[0]}>=' in developed_with
