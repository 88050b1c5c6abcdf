"""The whole platform as a context manager: emulator, deployed stack, published study, name proxy, page."""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from hippo_local.account import ROOT_DOMAIN, Account, prepare_account
from hippo_local.aws import REGION, Aws
from hippo_local.console import Console
from hippo_local.deploy import STACK, SamProject
from hippo_local.distribution import find_distribution
from hippo_local.edits import EditedFiles, Edits
from hippo_local.emulator_process import EmulatorFiles, run_emulator, write_images
from hippo_local.errors import LocalPlatformError, describe_log
from hippo_local.keys import make_keys
from hippo_local.name_proxy import NameProxy, ZoneResolver
from hippo_local.outputs import claim_directory, publish_outputs, write_aws_variables, write_outputs
from hippo_local.paths import EXAMPLE, find_directory, find_repository
from hippo_local.ports import LOOPBACK, get_port, open_listener, reserve_port
from hippo_local.private_files import write_private_files
from hippo_local.processes import ChildProcess
from hippo_local.publish import GAME_SERVER_PORT, Publication
from hippo_local.study import Study, read_study
from hippo_local.web_server import WebServer

_WATCH_SECONDS = 0.2


@dataclass(frozen=True)
class Options:
    """The options of a platform; a port of 0 means any free one, `max_runtime` is in minutes."""

    study: Path = EXAMPLE
    port: int = 4566
    web_port: int = 8000
    game_port: int = 5000
    directory: Path = field(default_factory=find_directory)
    max_runtime: int = 60
    max_servers: int = 20
    follow_edits: bool = True


@dataclass
class _Running:
    """The state of a running platform that edits need."""

    study: Study
    aws: Aws
    account: Account
    deployed: dict[str, str]
    page: WebServer
    web_port: int
    game_port: int
    outputs: dict[str, Any]


class LocalPlatform:
    """A platform that runs until the end of its block: `with LocalPlatform(options) as outputs:`.

    `outputs` is the content of outputs.json. Every failure is a LocalPlatformError that says what to do, and
    nothing is left running after the block.
    """

    def __init__(self, options: Options, console: Console | None = None) -> None:
        self._options = options
        self._directory = options.directory.resolve()
        self._repository = Path()
        self._console = console or Console()
        self._stack = contextlib.ExitStack()
        self._emulator: ChildProcess | None = None
        self._running: _Running | None = None
        self._edits: Edits | None = None

    def __enter__(self) -> dict[str, Any]:
        with self._stack:
            try:
                outputs = self._start(read_study(self._options.study))
            except (BotoCoreError, ClientError) as error:
                log = describe_log(EmulatorFiles(self._directory).log)
                raise LocalPlatformError(f"The emulator rejected a call: {error}\n{log}") from error
            self._stack = self._stack.pop_all()
        return outputs

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def watch(self) -> None:
        """Apply edits, and never return. Raises LocalPlatformError if the emulator exits by itself."""
        assert self._emulator is not None, "watch() belongs inside the with block"
        while (code := self._emulator.poll()) is None:
            if self._edits is not None:
                self._edits.apply()
            time.sleep(_WATCH_SECONDS)
        log = EmulatorFiles(self._directory).log
        raise LocalPlatformError(f"The emulator exited (exit code {code}).\n{describe_log(log)}")

    def _start(self, study: Study) -> dict[str, Any]:
        self._console.report(f"study {study.project_id} in {study.directory}")
        options, directory = self._options, self._directory
        self._stack.enter_context(write_private_files())
        self._stack.enter_context(claim_directory(directory))
        _prepare_directories(directory)
        self._repository = find_repository(directory)
        port = reserve_port(options.port, "emulator", "--port")
        web = self._stack.enter_context(open_listener(options.web_port, "study page", "--web-port"))
        game = self._stack.enter_context(open_listener(options.game_port, "game servers", "--game-port"))
        self._console.report(f"starting the emulator on port {port}")
        files, keys = EmulatorFiles(directory), make_keys()
        if options.follow_edits:  # from now on, so that edits made during the start count as well
            edited = EditedFiles(self._repository, study.directory, files.faults)
            self._edits = Edits(edited, self._console, self._republish, self._redeploy)
            self._edits.show_faults()
        self._emulator = self._stack.enter_context(
            run_emulator(self._repository, files, port, keys, study.images, study.directory)
        )
        aws = Aws(f"http://{LOOPBACK}:{port}", keys)
        account = prepare_account(aws, GAME_SERVER_PORT)
        deployed = self._deploy(aws, account, get_port(web), get_port(game))
        self._publish(study, aws, deployed)
        resolver = ZoneResolver(aws.make_client("route53"), account.hosted_zone_id, ROOT_DOMAIN)
        self._stack.enter_context(NameProxy(game, resolver.resolve, GAME_SERVER_PORT))
        page = WebServer(web, self._repository / "web", {})
        running = _Running(study, aws, account, deployed, page, get_port(web), get_port(game), {})
        self._running = running
        self._update_outputs(running)
        self._stack.enter_context(page)
        self._stack.enter_context(publish_outputs(directory, running.outputs))
        write_aws_variables(directory, aws.endpoint_url, aws.keys)
        return running.outputs

    def _republish(self, study: Study) -> None:
        running = self._running
        assert running is not None, "edits are applied by watch()"
        if study.project_id != running.study.project_id:
            raise LocalPlatformError(
                f"project.id has changed from {running.study.project_id} to {study.project_id}. Restart the "
                "platform to use the new id"
            )
        self._publish(study, running.aws, running.deployed)
        write_images(EmulatorFiles(self._directory), study.images, study.directory)
        running.study = study

    def _redeploy(self) -> None:
        running = self._running
        assert running is not None, "edits are applied by watch()"
        running.deployed = self._deploy(running.aws, running.account, running.web_port, running.game_port)
        before = running.outputs["nextUrl"]
        self._update_outputs(running)
        write_outputs(self._directory, running.outputs)
        if running.outputs["nextUrl"] != before:  # a new API, if its definition in the template has changed
            self._console.report(f"the API is now {running.outputs['nextUrl']}")

    def _deploy(self, aws: Aws, account: Account, web_port: int, game_port: int) -> dict[str, str]:
        project = SamProject(self._repository, self._directory)
        self._console.report("building the functions (sam build)")
        if not project.build():
            self._console.report("nothing has changed since the last build")
        self._console.report("deploying template.yaml (sam deploy)")
        return project.deploy(
            aws,
            {
                "HostedZoneId": account.hosted_zone_id,
                "RootDomain": ROOT_DOMAIN,
                "Subnet": account.subnet_id,
                "SecurityGroup": account.security_group_id,
                "MaxRuntime": str(self._options.max_runtime),
                "MaxServers": str(self._options.max_servers),
                "DnsFirstCheckSeconds": "0",
                # A server starts within seconds here.
                "RetryAfterSeconds": "1",
                "UsualStartSeconds": "5",
                "GameServerUrl": f"ws://{{host}}:{game_port}",
                "SiteUrl": f"http://localhost:{web_port}",
                "SiteProtocolPolicy": "allow-all",
            },
        )

    def _publish(self, study: Study, aws: Aws, deployed: dict[str, str]) -> None:
        self._console.report(f"publishing {study.project_id}")
        for warning in Publication(study, aws, deployed, self._console.report).publish():
            self._console.report(f"warning: {warning}")

    def _update_outputs(self, running: _Running) -> None:
        """Update the outputs and the page's configuration."""
        study, deployed, aws = running.study, running.deployed, running.aws
        # Addressed by path, because only browsers resolve {ApiId}.execute-api.localhost.
        port = aws.endpoint_url.rsplit(":", 1)[-1]
        api = f"http://localhost:{port}/_aws/execute-api/{deployed['ApiId']}/{deployed['StageName']}"
        files = EmulatorFiles(self._directory)
        # The same server under another name is another origin, so a study's page cannot reach into the page.
        pages = f"http://127.0.0.1:{running.web_port}/"
        # Existing front ends use the servers' names; Safari on macOS does not resolve names below localhost.
        proxy = f"ws://localhost:{running.game_port}/"
        running.page.config = {"nextUrl": f"{api}/next", "pagesUrl": pages, "gameProxyUrl": proxy}
        running.page.distribution = find_distribution(aws, deployed["DistributionId"])
        running.outputs |= {
            "nextUrl": f"{api}/next",
            "startUrl": f"{api}/start",
            "stopUrl": f"{api}/stop",
            "studyUrl": f"http://localhost:{running.web_port}/?projectId={study.project_id}",
            "bucket": deployed["BucketName"],
            "endpointUrl": aws.endpoint_url,
            "region": REGION,
            "stack": STACK,
            "webPort": running.web_port,
            "gamePort": running.game_port,
            "projectId": study.project_id,
            "rootDomain": ROOT_DOMAIN,
            "hostedZoneId": running.account.hosted_zone_id,
            "credentials": {"accessKeyId": aws.keys.id, "secretAccessKey": aws.keys.secret},
            "stackOutputs": deployed,
            "logs": {"emulator": str(files.log), "tasks": str(files.task_logs)},
            "data": str(files.data),
            "faults": str(files.faults),
            "pid": os.getpid(),
        }


def _prepare_directories(directory: Path) -> None:
    # Files that a killed platform left in its temporary directory are removed at the next start.
    shutil.rmtree(directory / "home" / "tmp", ignore_errors=True)
    for name in ("home/tmp", "logs"):
        (directory / name).mkdir(parents=True, exist_ok=True)
