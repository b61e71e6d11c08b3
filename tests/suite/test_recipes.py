"""The recipes for CI servers and clusters: their shell parts run, and each option in them is one of the suite.

`tox run -e recipes` holds them against the schemas and linters of the field.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.plugin.options import OPTIONS
from tests.suite.invocation import ROOT

CI = ROOT / "docs" / "ci"
COMMAND = Path(sys.executable).with_name("merchant-conformance")
NAMES = {f"--{option.name}" for option in OPTIONS} | {"--base-url", "--profile"}
RECIPES = ("github/action.yml", "github/workflow.yml", "gitlab.yml", "Jenkinsfile", "Dockerfile", "cronjob.yaml")
OF_OTHERS = {"--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-compile", "--from", "--filename"}
OF_OTHERS |= {"--file", "--tag", "--rm", "--read-only", "--tmpfs", "--volume"}
SUITE_VARIABLES = {option.variable for option in OPTIONS}


def recipe(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_names_what_there_is(name: str) -> None:
    """Each option and each variable of a recipe is one that the suite has: a renamed one breaks no pipeline unseen."""
    text = (CI / name).read_text(encoding="utf-8")
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - OF_OTHERS
    variables = {word for word in re.findall(r"\bCONFORMANCE_[A-Z_]+\b", text) if "secrets." + word not in text}
    assert options <= NAMES
    assert variables <= SUITE_VARIABLES
    assert options | variables


def shell(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONFORMANCE_", "PYTEST_"))}
    path = f"{COMMAND.parent}{os.pathsep}{kept['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def steps() -> dict[str, Any]:
    return {step.get("name", step.get("id")): step for step in recipe("github/action.yml")["runs"]["steps"]}


def run_action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the action as GitHub does: the inputs in variables, and files for the summary and the outputs."""
    step = steps()["Run the suite"]
    given = {name: item["default"] for name, item in recipe("github/action.yml")["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    environment = {
        variable: given[re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value).group(1)]  # type: ignore[union-attr]
        for variable, value in step["env"].items()
    }
    github = {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output", "GITHUB_ACTIONS": "true"}
    return shell(step["run"], folder, {**environment, **github, "COMMAND": str(COMMAND)})


def test_the_action_passes_a_run_on(tmp_path: Path) -> None:
    """A red run: its status is the step's, its summary is the job's, its breaches are annotated, reports are there."""
    arguments = "--sandbox-fault\ncustomer-id-empty\n"
    done = run_action(tmp_path, size="smoke", arguments=arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (tmp_path / "output").read_text() == "exit-status=1\nverdict=not conformant\n"
    assert (tmp_path / "summary").read_text().startswith("# Conformance: not conformant\n")
    assert "::error title=CUSTOMER-SCHEMA-2 (createCustomer)::" in done.stdout
    assert (tmp_path / "conformance-reports" / "junit.xml").is_file()
    assert "always()" in steps()["Keep the reports"]["if"]


def test_the_action_passes_a_mistake_on(tmp_path: Path) -> None:
    """Words with blanks and quotes stay one word each; a mistake has no report, and its status is that of the step."""
    done = run_action(tmp_path, arguments='--header\nX-Key: a "b" $(false)\n--size\nhuge dragons\n')
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--size: 'huge dragons' is not a size" in done.stderr
    assert (tmp_path / "output").read_text() == "exit-status=4\nverdict=\n"


def test_the_scripts_of_gitlab(tmp_path: Path) -> None:
    """The job's script runs as it stands; what the page's job copies is there afterwards."""
    jobs = recipe("gitlab.yml")
    script = "\n".join(jobs["conformance"]["script"])
    assert jobs["conformance"]["artifacts"]["when"] == "always"
    done = shell(script, tmp_path, {"CI_PIPELINE_SOURCE": "push", "PYTEST_BASE_URL": "http://127.0.0.1:1"})
    assert done.returncode == 7, done.stdout + done.stderr
    assert (tmp_path / jobs["conformance"]["artifacts"]["reports"]["junit"]).is_file()
    copied = shell("\n".join(jobs["pages"]["script"]), tmp_path, {})
    assert copied.returncode == 0, copied.stderr
    assert {file.name for file in (tmp_path / "public").iterdir()} == {
        "index.html",
        "badge.svg",
        "badge.json",
        "conformance.json",
    }


def test_the_script_of_jenkins(tmp_path: Path) -> None:
    """Its last shell part runs the suite, and where it leaves the reports is where the build keeps them."""
    text = (CI / "Jenkinsfile").read_text(encoding="utf-8")
    script = re.findall(r"sh '(.*)'\n", text)[-1]
    done = shell(script, tmp_path, {"PYTEST_BASE_URL": "http://127.0.0.1:1", "CONFORMANCE_SIZE": "smoke"})
    assert done.returncode == 7, done.stdout + done.stderr
    kept = re.findall(r"'(conformance-reports/\S+)'", text)
    assert kept == ["conformance-reports/junit.xml", "conformance-reports/**"]
    assert (tmp_path / kept[0]).is_file()


def test_the_image_needs_no_shell_and_no_root() -> None:
    lines = (CI / "Dockerfile").read_text(encoding="utf-8").splitlines()
    final = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM")) :]
    assert [line for line in final if line.startswith("USER")] == ["USER 10001:10001"]
    entry = next(line for line in final if line.startswith("ENTRYPOINT"))
    assert re.fullmatch(r'ENTRYPOINT \["merchant-conformance", "--report-dir", "/reports"\]', entry)
    kept = (CI / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert kept[0] == "*"
    assert [line[1:] for line in kept if line.startswith("!") and not (ROOT / line[1:]).exists()] == []


def test_the_job_in_a_cluster_writes_where_it_may() -> None:
    job = recipe("cronjob.yaml")["spec"]["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    container = pod["containers"][0]
    assert job["backoffLimit"] == 0
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/reports", "/tmp"}
    words = container["args"]
    host = words[words.index("--allow-load") + 1]
    assert f"https://{host}/" in next(item["value"] for item in container["env"] if item["name"] == "PYTEST_BASE_URL")
