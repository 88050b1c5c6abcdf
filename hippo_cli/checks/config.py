"""config.yml: what YAML makes of it, and what publishing would say of it."""

from collections.abc import Iterable, Mapping

from hippo.studies.config_check import check_config
from hippo.studies.config_keys import KEYS
from hippo_cli.findings import Finding, Severity, error, warning
from hippo_cli.study_folder import CONFIG_FILE, PLACEHOLDER, StudyFolder

_EXAMPLES = {key.path: f"{key.path.rpartition('.')[2]}: {key.example}" for key in KEYS if key.example}
_PARTS = ("project", "trial")


def check_config_file(study: StudyFolder) -> list[Finding]:
    """Findings of YAML, and of publishing's own rules, each with its line."""
    file = study.config_file
    content = file.content
    if content is None and file.findings:
        return file.findings
    if not isinstance(content, Mapping):
        fix = "It holds `project:` with what participants go through, and `trial:` for the game."
        return [*file.findings, error("config", CONFIG_FILE, 1, "", "keys and values are needed", fix)]
    findings = [*file.findings, *_check_parts(study, content)]
    if not study.project:
        return findings
    bucket = study.project.get("bucket")
    # Which buckets the deployment allows only the deployment knows.
    errors, warnings = check_config(study.project, (bucket,) if isinstance(bucket, str) else ())
    findings += [_place(study, text, Severity.ERROR) for text in errors]
    findings += [_place(study, text, Severity.WARNING) for text in warnings]
    return findings + list(_check_names(study))


def _check_parts(study: StudyFolder, content: Mapping[str, object]) -> Iterable[Finding]:
    project = content.get("project")
    if not isinstance(project, Mapping) or not project:
        line = study.config_file.find_line(("project",))
        what = "missing" if project is None else "keys and values are needed"
        yield error(
            "config", CONFIG_FILE, line, "project", what, "What participants go through stands under it."
        )
    trial = content.get("trial")
    if trial is not None and not isinstance(trial, Mapping):
        line = study.config_file.find_line(("trial",))
        yield error("config", CONFIG_FILE, line, "trial", "keys and values are needed", "Or leave it out.")
    ui = trial.get("ui") if isinstance(trial, Mapping) else None
    if ui is not None and not isinstance(ui, Mapping | list):
        line = study.config_file.find_line(("trial", "ui"))
        fix = "Write each button with true or false, for example `left: true`."
        yield error("config", CONFIG_FILE, line, "trial.ui", "a mapping of buttons is needed", fix)
    for key in content:
        if key not in _PARTS:
            line = study.config_file.find_line((key,))
            fix = "Indent it if it belongs under `project` or `trial`."
            yield warning("unknown-key", CONFIG_FILE, line, key, "read by nothing", fix)


def _place(study: StudyFolder, text: str, severity: Severity) -> Finding:
    """What publishing says, `path: what is wrong`, with its line and what to do."""
    path, _, what = text.partition(": ")
    full = ("project", *path.split("."))
    line = study.config_file.find_line(full)
    code, fix = "config", _advise(path, what)
    if "unknown key" in what:
        code, what, fix = "unknown-key", "unknown key, kept", "Look at its spelling; nothing reads it."
    return Finding(severity, code, CONFIG_FILE, line, f"project.{path}", what, fix)


def _advise(path: str, what: str) -> str:
    if path.startswith("steps."):
        return (
            "Steps are numbered 1, 2, 3 … without gaps, then finalStep; each names a page or the word game."
        )
    if path == "events":
        return "Count again: the server starts before the game, and stops at the step after the last one."
    if path == "id":
        return "For example `id: maze`; one that is a number stands in quotes."
    if path == "live":
        return "Set it to true when the study may begin."
    if path.startswith("events.") and "beyond" in what:
        return "Count the steps again."
    verb = "Add it" if what.startswith("missing") else "Write it"
    example = _EXAMPLES.get(path)
    return f"{verb}, for example `{example}`." if example else "See docs/reference/config.md."


def _check_names(study: StudyFolder) -> Iterable[Finding]:
    """Names that publishing replaces by the id, and what the example has left to fill in."""
    if isinstance(live := study.project.get("live"), int | float) and not isinstance(live, bool):
        line = study.config_file.find_line(("project", "live"))
        what = f"{live!r} is neither true nor false"
        yield warning("config", CONFIG_FILE, line, "project.live", what, "Write `live: true`, or false.")
    setup = study.project.get("awsSetup")
    if setup is not None and not isinstance(setup, Mapping):
        line = study.config_file.find_line(("project", "awsSetup"))
        fix = "For example `awsSetup: {cpu: 1, memory: 2}`."
        yield error("config", CONFIG_FILE, line, "project.awsSetup", "keys and values are needed", fix)
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
            what = f"{value!r} is not the id; publishing uses the id, {project_id!r}"
            yield warning(
                "name", CONFIG_FILE, line, ".".join(("project", *path)), what, "Write the id here too."
            )
    buckets = {("bucket",): study.project.get("bucket"), ("awsSetup", "bucket"): inner.get("bucket")}
    for path, value in buckets.items():
        line = study.config_file.find_line(("project", *path))
        if value == PLACEHOLDER and ("project", *path) in study.config_file.lines:
            key = ".".join(("project", *path))
            fix = "Write the name that the operator tells you, or leave the key out: `hippo` asks the stack."
            yield warning("placeholder", CONFIG_FILE, line, key, "still the example's", fix)
    if buckets["bucket",] and inner.get("bucket") and buckets["bucket",] != inner["bucket"]:
        line = study.config_file.find_line(("project", "awsSetup", "bucket"))
        key = "project.awsSetup.bucket"
        yield error(
            "name", CONFIG_FILE, line, key, "differs from project.bucket", "Name one bucket, or neither."
        )
