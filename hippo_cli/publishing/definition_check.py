"""The check of the task definition that game servers will run: whether start_server can run it on Fargate.

RunTask refuses most of these problems at each try, so without this check only the server records show them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hippo.aws.task_definitions import read_size, read_storage
from hippo.studies.task_rules import SizeLimits
from hippo_cli.findings import Finding, Severity
from hippo_cli.prices import MEMORY_BY_CPU, list_sizes
from hippo_cli.publishing.task_definition import PORT
from hippo_cli.stack import Stack
from hippo_cli.study_folder import CONFIG_FILE

_CODE = "task-definition"
_KINDS = {"executionRoleArn": "execution role", "taskRoleArn": "task role"}
_EXECUTION_ROLE, _TASK_ROLE = _KINDS
_OTHER_KINDS = dict(zip(_KINDS, reversed(_KINDS.values()), strict=True))
_PUBLISH = "Publish the study with `hippo publish`, which registers a revision that works here."


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that start_server may pass to a task, as far as the deployment reports them.

    `task` and `execution` are the stack's own; `task` is empty for a deployment that reports none. `name` is
    the existing execution role that the parameter TaskExecutionRoleName names; None where that is not known.
    """

    task: str
    execution: str
    name: str | None

    @property
    def account(self) -> str:
        """The account of the stack, empty if it is not known."""
        return read_account(self.execution or self.task)

    def allow(self, key: str, role: str) -> bool:
        """Return whether the role may be in that place of a definition, and is known to be passable."""
        named = f":{self.account}:role/{self.name}"
        own = self.task if key == _TASK_ROLE else self.execution
        is_named = bool(self.name) and role.endswith(named) and role not in (self.task, self.execution)
        return role == own or is_named


def read_roles(stack: Stack) -> Roles:
    """Return the roles that the deployment allows."""
    name = stack.get("TaskExecutionRoleName") or None
    return Roles(stack.get("TaskRoleArn"), stack.get("TaskExecutionRoleArn"), name)


def read_account(arn: str) -> str:
    """Return the account in an ARN, or "" for other text."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""


def check_definition(
    definition: Mapping[str, Any],
    roles: Roles,
    line: int = 0,
    limits: SizeLimits | None = None,
    log_prefix: str = "",
) -> list[Finding]:
    """Return the findings about a task definition, as ECS describes it or as it will be registered.

    `line` is that of the config's `ecsTask`; `limits`, and the `log_prefix` of studies' log groups, are the
    deployment's.
    """
    found = [
        *_check_roles(definition, roles),
        *_check_fargate(definition),
        *_check_size(definition, limits or SizeLimits()),
        *_check_logs(definition, log_prefix),
    ]
    name = f"the task definition {definition.get('family', '')}"
    return [
        Finding(severity, _CODE, CONFIG_FILE, line, "project.ecsTask", f"{name} {what}", fix)
        for severity, what, fix in found
    ]


_Problem = tuple[Severity, str, str]


def _check_roles(definition: Mapping[str, Any], roles: Roles) -> Iterator[_Problem]:
    account = roles.account or read_account(str(definition.get("taskDefinitionArn") or ""))
    for key, kind in _KINDS.items():
        role = str(definition.get(key) or "")
        if not role:
            if missing := _find_missing_role(definition, roles, key):
                yield missing
        elif account and read_account(role) not in ("", account):
            what = f"names the {kind} {role} of another account, which AWS never passes: no server can start"
            yield Severity.ERROR, what, f"{_PUBLISH} Or register one with a role of account {account}."
        elif roles.task and role in (roles.task, roles.execution) and not roles.allow(key, role):
            what = f"names the stack's {_OTHER_KINDS[key]} {role} as its {kind}: no server can start"
            yield Severity.ERROR, what, _PUBLISH
        elif roles.task and not roles.allow(key, role):
            yield _report_unknown_role(roles, kind, role)


def _report_unknown_role(roles: Roles, kind: str, role: str) -> _Problem:
    if roles.name is None:  # an older stack, whose parameter may name this role
        what = f"names the {kind} {role}, which start_server may not be allowed to pass"
        fix = "Check that the stack's parameter TaskExecutionRoleName names it."
        return Severity.WARNING, what, f"{_PUBLISH} {fix}"
    what = f"names the {kind} {role}, which start_server may not pass: no server can start"
    fix = f"Or ask the operator to set TaskExecutionRoleName, which is {roles.name}, to that role's name."
    return Severity.ERROR, what, f"{_PUBLISH} {fix}"


def _find_missing_role(definition: Mapping[str, Any], roles: Roles, key: str) -> _Problem | None:
    if key == _TASK_ROLE:
        if not roles.task:  # images for such deployments have credentials of their own
            return None
        what = "has no task role, so the game server cannot store what it records"
        return Severity.WARNING, what, _PUBLISH
    drivers = {(one.get("logConfiguration") or {}).get("logDriver") for one in _list_containers(definition)}
    images = [str(one.get("image") or "") for one in _list_containers(definition)]
    if "awslogs" not in drivers and not any(".dkr.ecr." in image for image in images):
        return None
    what = "has no execution role, without which Fargate cannot fetch its image or write its log"
    return Severity.ERROR, what, _PUBLISH


def _check_fargate(definition: Mapping[str, Any]) -> Iterator[_Problem]:
    mode = definition.get("networkMode")
    if mode != "awsvpc":
        what = f"has the network mode {mode or 'bridge'}, but Fargate needs awsvpc"
        yield Severity.ERROR, what, f"{_PUBLISH} Or register a revision with networkMode awsvpc."
    kinds: Sequence[str] = (
        definition.get("requiresCompatibilities") or definition.get("compatibilities") or ()
    )
    if kinds and "FARGATE" not in kinds:
        what = f"is for {', '.join(kinds)}, but game servers run on Fargate"
        yield Severity.ERROR, what, f"{_PUBLISH} Or register a revision with requiresCompatibilities FARGATE."
    system = str((definition.get("runtimePlatform") or {}).get("operatingSystemFamily") or "LINUX")
    if system != "LINUX":
        what = f"is for the platform {system}, but game servers run on Linux"
        yield Severity.ERROR, what, "Register a revision without runtimePlatform.operatingSystemFamily."
    if not any(
        _maps_port(port) for one in _list_containers(definition) for port in one.get("portMappings") or ()
    ):
        what = f"does not map port {PORT}, to which participants connect"
        yield Severity.WARNING, what, f"{_PUBLISH} Or register a revision that maps port {PORT} by TCP."


def _maps_port(mapping: Mapping[str, Any]) -> bool:
    first, _, last = str(mapping.get("containerPortRange") or mapping.get("containerPort") or 0).partition(
        "-"
    )
    return mapping.get("protocol", "tcp") == "tcp" and int(first) <= PORT <= int(last or first)


def _check_size(definition: Mapping[str, Any], limits: SizeLimits) -> Iterator[_Problem]:
    cpu, memory = (read_size(definition.get(key), unit) for key, unit in (("cpu", "vcpu"), ("memory", "gb")))
    if cpu is None or memory is None:
        what = "does not name its CPU units and its memory, which Fargate needs"
        yield Severity.ERROR, what, f"{_PUBLISH} Or register a revision with `cpu` and `memory`."
        return
    if memory in MEMORY_BY_CPU.get(cpu, ()):
        if excess := limits.explain_excess(cpu, memory, read_storage(definition)):
            fix = "Ask for less (awsSetup.cpu, awsSetup.memory, or ephemeralStorage of the newest revision), "
            fix += "and publish again, or ask the operator for more."
            yield Severity.ERROR, f"is too large: {excess}. No server can start", fix
        return
    what = f"has {cpu:g} vCPU and {memory:g} GB of memory, which Fargate does not offer together"
    sizes = list_sizes(cpu)
    known = ", ".join(f"{size:g}" for size in MEMORY_BY_CPU)
    choice = f"With {cpu:g} vCPU, choose from {sizes} GB." if sizes else f"Choose one of {known} vCPU."
    yield Severity.ERROR, what, f"Set awsSetup.cpu and awsSetup.memory, and publish again. {choice}"


def _check_logs(definition: Mapping[str, Any], prefix: str) -> Iterator[_Problem]:
    """Warn of a log group of another study, which only that study's researchers read."""
    family = str(definition.get("family") or "")
    for one in _list_containers(definition):
        group = str(((one.get("logConfiguration") or {}).get("options") or {}).get("awslogs-group") or "")
        study = group.removeprefix(prefix)
        if prefix and study != group and study != family and not study.startswith(f"{family}-"):
            what = f"logs to {group}, which is another study's log group"
            fix = f"Register a revision without logConfiguration or with {prefix}{family}, and publish again."
            yield Severity.WARNING, what, fix


def _list_containers(definition: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return definition.get("containerDefinitions") or ()
