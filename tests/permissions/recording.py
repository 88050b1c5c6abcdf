"""Use of the local platform while IAM's decisions are recorded.

Every option of the template that adds a permission is on. Slow steps run in parallel.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.account_view import AccountView
from tests.e2e.journeys import Faults
from tests.e2e.participant import wait_for
from tests.e2e.running_platform import RunningPlatform
from tests.permissions import options, scenarios
from tests.permissions.deployed import read_deployed
from tests.permissions.policies import OTHER_OPTIONS
from tests.permissions.requests import Request, name_resources, read_record
from tests.permissions.researcher import research
from tests.permissions.steward import look_after

AT_ONCE = 6


class RecordingPlatform(RunningPlatform):
    """A local platform that records the decisions of IAM; `deployed` are the policies at the end."""

    def __init__(self, directory: Path) -> None:
        self._record = directory / "permissions.jsonl"
        self._names: dict[str, str] = {}
        self.deployed: dict[str, list[str]] = {}
        super().__init__(directory, environment={"HIPPO_PERMISSION_RECORD": str(self._record)})

    def read(self) -> set[Request]:
        """Return the requests so far."""
        return read_record(self._record.read_text(encoding="utf-8").splitlines(), self.names)

    @property
    def names(self) -> dict[str, str]:
        """The resources of the stack, physical name to logical id, the longest names first."""
        return dict(sorted(self._names.items(), key=lambda entry: -len(entry[0])))

    def learn_names(self) -> None:
        """Note the current resources of the stack, so that they are known after they are deleted."""
        stack = self.outputs["stack"]
        answer = self.make_client("cloudformation").describe_stack_resources(StackName=stack)
        self._names |= name_resources(answer["StackResources"], stack)
        self._names[self.outputs["hostedZoneId"]] = "ZONE"


def record_platform(platform: RecordingPlatform, *, cron: bool) -> set[Request]:
    """Do everything once; `cron` lets a shutdown alarm fire by itself too, which takes up to two minutes."""
    account = AccountView(platform)
    options.switch_on(account)
    platform.learn_names()
    faults = Faults(Path(account.outputs["faults"]))
    done: list[Callable[[AccountView, Faults], None]] = [*scenarios.SCENARIOS]
    if cron:
        done.insert(0, scenarios.walk_away)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for outcome in [pool.submit(do, account, faults) for do in done]:
            outcome.result()
    faults.clear()
    research(account)
    look_after(account)
    scenarios.sweep(account)
    certificate = account.client("cloudformation").describe_stack_resource(
        StackName=account.outputs["stack"], LogicalResourceId="GameServerCertificate"
    )
    scenarios.fetch_certificate(account, certificate["StackResourceDetail"]["PhysicalResourceId"])
    wait_for("the servers to stop", lambda: not list_living(account), 90)
    options.update_stack(account, parameters=OTHER_OPTIONS)
    scenarios.fetch_certificate(account, f"s3://{account.outputs['bucket']}/SSL")
    platform.learn_names()
    platform.deployed = read_deployed(account, platform.names)
    scenarios.delete_stack_too_early(account)
    return platform.read()


def list_living(account: AccountView) -> list[str]:
    """Return the server records whose state is not stopped."""
    records = ((key, account.read_json(key) or {}) for key in account.list_keys("_servers/"))
    return [json.dumps({key: record}) for key, record in records if record.get("state") != "stopped"]
