"""The checks of config.yml: its YAML, and the rules of publishing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hippo.studies.config_check import check_config
from hippo.studies.config_keys import KEYS
from hippo_cli.findings import Finding, Severity, error, warning
from hippo_cli.study_folder import CONFIG_FILE, PLACEHOLDER, StudyFolder

_EXAMPLES = {key.path: f"{key.path.rpartition('.')[2]}: {key.example}" for key in KEYS if key.example}
_PARTS = ("project", "trial")
_NO_MAPPING = "it must be a mapping: keys with values"


def check_config_file(study: StudyFolder) -> list[Finding]:
    """Return the findings about the YAML and about publishing's rules, with their lines."""
    file = study.config_file
    content = file.content
    if content is None and file.findings:
        return file.findings
    if not isinstance(content, Mapping):
        fix = "Add `project:` for the study's steps and settings, and `trial:` for the game."
        return [*file.findings, error("config", CONFIG_FILE, 1, "", _NO_MAPPING, fix)]
    findings = [*file.findings, *_check_parts(study, content)]
    if not study.project:
        return findings
    bucket = study.project.get("bucket")
    # Only the deployment knows which buckets it allows.
    errors, warnings = check_config(
        study.project, (bucket,) if isinstance(bucket, str) else (), datetime.now(UTC)
    )
    findings += [_parse_finding(study, text, Severity.ERROR) for text in errors]
    findings += [_parse_finding(study, text, Severity.WARNING) for text in warnings]
    return _drop_repeats([*findings, *_check_names(study)])


def _drop_repeats(findings: list[Finding]) -> list[Finding]:
    """Leave out unknown keys whose characters are reported already."""
    known = {found.line for found in findings if found.code == "yaml-character"}
    return [found for found in findings if found.code != "unknown-key" or found.line not in known]


def _check_parts(study: StudyFolder, content: Mapping[str, object]) -> Iterable[Finding]:
    project = content.get("project")
    if not isinstance(project, Mapping) or not project:
        line = study.config_file.find_line(("project",))
        what = "missing" if project is None else _NO_MAPPING
        fix = "Write the study's steps and settings under it."
        yield error("config", CONFIG_FILE, line, "project", what, fix)
    trial = content.get("trial")
    if trial is not None and not isinstance(trial, Mapping):
        line = study.config_file.find_line(("trial",))
        yield error(
            "config",
            CONFIG_FILE,
            line,
            "trial",
            _NO_MAPPING,
            "Write keys and values, or remove `trial`.",
        )
    ui = trial.get("ui") if isinstance(trial, Mapping) else None
    if ui is not None and not isinstance(ui, Mapping | list):
        line = study.config_file.find_line(("trial", "ui"))
        fix = "Write each button with true or false, for example `left: true`."
        yield error("config", CONFIG_FILE, line, "trial.ui", "it must be a mapping of buttons", fix)
    for key in content:
        if key not in _PARTS:
            line = study.config_file.find_line((key,))
            fix = "Indent it if it belongs under `project` or `trial`."
            yield warning("unknown-key", CONFIG_FILE, line, key, "unknown key, ignored", fix)


def _parse_finding(study: StudyFolder, text: str, severity: Severity) -> Finding:
    """Return the finding in a message of publishing, `path: what is wrong`, with its line and a fix."""
    path, _, message = text.partition(": ")
    what, _, advice = message.partition(". ")
    full = ("project", *path.split("."))
    line = study.config_file.find_line(full)
    code, fix = "config", f"{advice.rstrip('.')}." if advice else _advise(path, what)
    if "unknown key" in what:
        code, what, fix = "unknown-key", "unknown key; it is stored but has no effect", "Check its spelling."
    return Finding(severity, code, CONFIG_FILE, line, f"project.{path}", what, fix)


def _advise(path: str, what: str) -> str:
    if path.startswith("steps."):
        return "Number the steps 1, 2, 3 … without gaps, then finalStep. Each names a page, or `game`."
    if path == "events":
        return (
            "Correct the step numbers: the server starts before the game, "
            "and stops at the step after the last game."
        )
    if path == "id":
        return "For example `id: maze`. Put an id that is a number in quotes."
    if path == "live":
        return "Set it to true when the study may start."
    if path.startswith("events.") and "beyond" in what:
        return "Count the steps again."
    verb = "Add it" if what.startswith("missing") else "Write it"
    example = _EXAMPLES.get(path)
    return f"{verb}, for example `{example}`." if example else "See docs/reference/config.md."


def _check_names(study: StudyFolder) -> Iterator[Finding]:
    """Yield findings about names that publishing replaces by the id, and about the example's placeholders."""
    setup = study.project.get("awsSetup")
    inner = setup if isinstance(setup, Mapping) else {}
    if setup is not None and not isinstance(setup, Mapping):
        fix = "For example `awsSetup: {cpu: 1, memory: 2}`."
        yield _report(error, study, "config", "awsSetup", _NO_MAPPING, fix)
    yield from _check_live(study)
    yield from _check_same_as_id(study, inner)
    yield from _check_buckets(study, inner)


def _check_live(study: StudyFolder) -> Iterator[Finding]:
    live = study.project.get("live")
    if isinstance(live, int | float) and not isinstance(live, bool):
        what = f"{live!r} is not true or false"
        yield _report(warning, study, "config", "live", what, "Write `live: true` or `live: false`.")


def _check_same_as_id(study: StudyFolder, setup: Mapping[str, Any]) -> Iterator[Finding]:
    project_id = study.project.get("id")
    names = {
        "ecsTask": study.project.get("ecsTask"),
        "awsSetup.repository": setup.get("repository"),
        "awsSetup.containerName": setup.get("containerName"),
    }
    for path, value in names.items():
        if value and value != project_id:
            what = f"{value!r} is not the project's id; publishing uses the id, {project_id!r}"
            yield _report(warning, study, "name", path, what, "Write the id here, or remove the key.")


def _check_buckets(study: StudyFolder, setup: Mapping[str, Any]) -> Iterator[Finding]:
    buckets = {"bucket": study.project.get("bucket"), "awsSetup.bucket": setup.get("bucket")}
    for path, value in buckets.items():
        if value == PLACEHOLDER and ("project", *path.split(".")) in study.config_file.lines:
            what = "this is still the example's placeholder"
            fix = (
                "Write the name of the bucket that your operator gave you, "
                "or remove the key to use the stack's own bucket."
            )
            yield _report(warning, study, "placeholder", path, what, fix)
    own, inner = buckets.values()
    if own and inner and own != inner:
        fix = "Write the same bucket in both, or remove both."
        yield _report(error, study, "name", "awsSetup.bucket", "it differs from project.bucket", fix)


def _report(
    make: Callable[..., Finding], study: StudyFolder, code: str, path: str, what: str, fix: str
) -> Finding:
    """Return a finding about a key of the project, with its line."""
    line = study.config_file.find_line(("project", *path.split(".")))
    return make(code, CONFIG_FILE, line, f"project.{path}", what, fix)
