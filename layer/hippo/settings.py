"""The environment of each function: one frozen dataclass each, read once, and refused if incomplete."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

from hippo.errors import SettingsError
from hippo.studies.task_rules import SizeLimits, TaskRules

S = TypeVar("S")

DEFAULT_RESERVED_NAMES = ("www", "api", "mail", "ns*")


@dataclass(frozen=True, slots=True)
class NextStepSettings:
    """The settings of `next_step`."""

    bucket: str
    hosted_zone_id: str
    root_domain: str
    start_server_topic_arn: str
    stop_server_topic_arn: str
    extra_buckets: tuple[str, ...] = ()
    reserved_names: tuple[str, ...] = DEFAULT_RESERVED_NAMES
    prefix: str = "hippo"
    client_address: str = "shortened"
    game_server_url: str = "wss://{host}:5000"
    project_cache_seconds: float = 10.0
    retry_after_seconds: float = 5.0
    usual_start_seconds: float = 75.0
    max_record_kib: int = 2048
    newcomers_per_network: int = 0


@dataclass(frozen=True, slots=True)
class StartServerSettings:
    """The settings of `start_server`."""

    bucket: str
    hosted_zone_id: str
    root_domain: str
    security_group: str
    stop_server_topic_arn: str
    subnet: tuple[str, ...]
    max_runtime: int
    extra_buckets: tuple[str, ...] = ()
    reserved_names: tuple[str, ...] = DEFAULT_RESERVED_NAMES
    max_servers: int = 20
    max_server_cpu: float = 16.0
    max_server_memory: float = 120.0
    task_execution_role_arn: str = ""
    prefix: str = "hippo"
    dns_first_check_seconds: float = 10.0
    site_urls: tuple[str, ...] = ()

    @property
    def limits(self) -> SizeLimits:
        """The largest game server that may start."""
        return SizeLimits(self.max_server_cpu, self.max_server_memory)


@dataclass(frozen=True, slots=True)
class StopServerSettings:
    """The settings of `stop_server`."""

    bucket: str
    hosted_zone_id: str
    root_domain: str
    start_server_topic_arn: str
    stop_server_topic_arn: str
    extra_buckets: tuple[str, ...] = ()
    max_servers: int = 20
    prefix: str = "hippo"


@dataclass(frozen=True, slots=True)
class SendStartSettings:
    """The settings of `send_start_server_message`; `control_authorization` is AWS_IAM or NONE."""

    start_server_topic_arn: str
    reserved_names: tuple[str, ...] = DEFAULT_RESERVED_NAMES
    control_authorization: str = "AWS_IAM"


@dataclass(frozen=True, slots=True)
class SendStopSettings:
    """The settings of `send_stop_server_message`."""

    stop_server_topic_arn: str
    reserved_names: tuple[str, ...] = DEFAULT_RESERVED_NAMES


@dataclass(frozen=True, slots=True)
class UpdateListSettings:
    """The settings of `update_project_master_list`."""

    bucket: str
    extra_buckets: tuple[str, ...] = ()
    site_bucket: str = ""
    site_url: str = ""
    max_server_cpu: float = 16.0
    max_server_memory: float = 120.0
    extra_task_families: tuple[str, ...] = ()

    @property
    def buckets(self) -> tuple[str, ...]:
        """The buckets of projects, the stack's own first."""
        return (self.bucket, *self.extra_buckets)

    @property
    def task_rules(self) -> TaskRules:
        """The operator's rules for task definitions."""
        return TaskRules(SizeLimits(self.max_server_cpu, self.max_server_memory), self.extra_task_families)


@dataclass(frozen=True, slots=True)
class PublishSiteSettings:
    """The settings of `publish_site`. Lambda unpacks layers in /opt."""

    site_bucket: str
    site_folder: str = "/opt"


@dataclass(frozen=True, slots=True)
class GuardDeletionSettings:
    """The settings of `guard_deletion`."""

    start_server_function: str
    prefix: str = "hippo"


def variable_names(kind: type[Any]) -> list[str]:
    """Return the environment variables of a settings class, as template.yaml must set them."""
    return [field.name.upper() for field in fields(kind)]


def read_settings(kind: type[S], environ: Mapping[str, str]) -> S:
    """Return an instance of `kind` from the environment; the field `max_runtime` is the variable MAX_RUNTIME.

    Lists are separated by commas. Raises one SettingsError that names every missing or unreadable variable.
    """
    values: dict[str, Any] = {}
    problems = []
    for field in fields(kind):  # type: ignore[arg-type]  # every caller passes a dataclass
        name = field.name.upper()
        text = environ.get(name, "").strip()
        if not text and field.default is MISSING:
            problems.append(f"{name} is missing")
            continue
        if name in environ and (text or field.type == tuple[str, ...]):
            try:
                values[field.name] = _convert(field.type, text)
            except ValueError:
                problems.append(f"{name} must be a number; it is {text!r}")
    if problems:
        raise SettingsError("environment: " + "; ".join(problems))
    return kind(**values)


def _convert(kind: Any, text: str) -> Any:
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return kind(text)
