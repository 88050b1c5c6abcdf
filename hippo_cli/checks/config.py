"""The checks of config.yml: its YAML, and the rules of publishing."""

from collections.abc import Iterable, Mapping

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
    errors, warnings = check_config(study.project, (bucket,) if isinstance(bucket, str) else ())
    findings += [_parse_finding(study, text, Severity.ERROR) for text in errors]
    findings += [_parse_finding(study, text, Severity.WARNING) for text in warnings]
    return findings + list(_check_names(study))


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
    path, _, what = text.partition(": ")
    full = ("project", *path.split("."))
    line = study.config_file.find_line(full)
    code, fix = "config", _advise(path, what)
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


def _check_names(study: StudyFolder) -> Iterable[Finding]:
    """Yield findings about names that publishing replaces by the id, and about the example's placeholders."""
    if isinstance(live := study.project.get("live"), int | float) and not isinstance(live, bool):
        line = study.config_file.find_line(("project", "live"))
        what = f"{live!r} is not true or false"
        yield warning(
            "config", CONFIG_FILE, line, "project.live", what, "Write `live: true` or `live: false`."
        )
    setup = study.project.get("awsSetup")
    if setup is not None and not isinstance(setup, Mapping):
        line = study.config_file.find_line(("project", "awsSetup"))
        fix = "For example `awsSetup: {cpu: 1, memory: 2}`."
        yield error("config", CONFIG_FILE, line, "project.awsSetup", _NO_MAPPING, fix)
    inner = setup if isinstance(setup, Mapping) else {}
    names = {
        ("ecsTask",): study.project.get("ecsTask"),
        ("awsSetup", "repository"): inner.get("repository"),
        ("awsSetup", "containerName"): inner.get("containerName"),
    }
    project_id = study.project.get("id")
    for path, value in names.items():
        if value and value != project_id:
            line = study.config_file.find_line(("project", *path))
            what = f"{value!r} is not the project's id; publishing uses the id, {project_id!r}"
            yield warning(
                "name",
                CONFIG_FILE,
                line,
                ".".join(("project", *path)),
                what,
                "Write the id here, or remove the key.",
            )
    buckets = {("bucket",): study.project.get("bucket"), ("awsSetup", "bucket"): inner.get("bucket")}
    for path, value in buckets.items():
        line = study.config_file.find_line(("project", *path))
        if value == PLACEHOLDER and ("project", *path) in study.config_file.lines:
            key = ".".join(("project", *path))
            fix = (
                "Write the name of the bucket that your operator gave you, "
                "or remove the key to use the stack's own bucket."
            )
            yield warning(
                "placeholder", CONFIG_FILE, line, key, "this is still the example's placeholder", fix
            )
    if buckets["bucket",] and inner.get("bucket") and buckets["bucket",] != inner["bucket"]:
        line = study.config_file.find_line(("project", "awsSetup", "bucket"))
        key = "project.awsSetup.bucket"
        yield error(
            "name",
            CONFIG_FILE,
            line,
            key,
            "it differs from project.bucket",
            "Write the same bucket in both, or remove both.",
        )
