"""A published study in AWS in memory, and participants who send requests to `next_step`."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from hippo.records.server import ServerRecord, write_record
from tests.support.aws_hooks import AwsHooks, shared_client
from tests.support.fakes import FakeClock

REGION = "ca-central-1"
BUCKET, EXTRA_BUCKET, STRANGE_BUCKET = "hippo-data", "hippo-lab", "not-in-the-stack"
ROOT_DOMAIN = "games.example.org"
PROJECT = "mountain_car"
USER = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c"
OTHER_USER = "00000000-0000-4000-8000-00000000000f"
GAME_URL = f"wss://{USER}.{ROOT_DOMAIN}:5000"
PAGES = {
    "consent.html": "<h1>Consent</h1>",
    "quiz.html": "<h1>Quiz</h1>",
    "survey.html": "<h1>Survey</h1>",
    "thanks.html": "<h1>Thanks</h1>",
    "style.css": "h1 { color: teal }",
}
CONSENT, QUIZ, SURVEY, THANKS, CSS = PAGES.values()


@dataclass(frozen=True, slots=True)
class FakeContext:
    """Lambda's context of an invocation."""

    milliseconds: int = 28_000
    aws_request_id: str = "0d3c6a7e-1111-4222-8333-444455556666"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""
        return self.milliseconds


@dataclass(frozen=True, slots=True)
class Answer:
    """A proxy response with its body read."""

    status: int
    headers: dict[str, str]
    content: Any

    @property
    def page(self) -> str:
        """The page of a 200 answer."""
        assert self.status == 200, self.content
        return self.content["page"]

    @property
    def step(self) -> int:
        """The step of a 200 answer."""
        assert self.status == 200, self.content
        return self.content["step"]


def read_answer(raw: dict[str, Any]) -> Answer:
    """Return a handler's response as a client receives it."""
    assert raw["isBase64Encoded"] is False
    return Answer(raw["statusCode"], raw["headers"], json.loads(raw["body"]) if raw["body"] else None)


class StudyWorld:
    """Buckets, topics and a hosted zone; the handlers that serve participants and researchers."""

    def __init__(
        self,
        aws: AwsHooks,
        clock: FakeClock,
        load_function: Callable[[str], ModuleType],
        load_event: Callable[[str], dict[str, Any]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.aws, self.clock = aws, clock
        self._load_function, self._events = load_function, load_event
        self._monkeypatch = monkeypatch
        self.s3, self.sns, self.route53 = map(shared_client, ("s3", "sns", "route53"))
        for bucket in (BUCKET, EXTRA_BUCKET, STRANGE_BUCKET):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self._topics = {name: self.sns.create_topic(Name=name)["TopicArn"] for name in ("start", "stop")}
        zone = self.route53.create_hosted_zone(Name=ROOT_DOMAIN, CallerReference="1")
        self.zone_id = zone["HostedZone"]["Id"]
        self.set_environment(
            BUCKET=BUCKET,
            EXTRA_BUCKETS=EXTRA_BUCKET,
            HOSTED_ZONE_ID=self.zone_id,
            ROOT_DOMAIN=ROOT_DOMAIN,
            START_SERVER_TOPIC_ARN=self._topics["start"],
            STOP_SERVER_TOPIC_ARN=self._topics["stop"],
        )
        self.config: dict[str, Any] = load_event("update")
        self.aws.reset()

    def set_environment(self, **variables: str) -> None:
        """Set variables and start all functions cold."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        self.start_cold()

    def start_cold(self) -> None:
        """Begin new execution environments, in which nothing is cached."""
        self.next_step = self._load_function("next_step")
        self.next_step.CLOCK = self.clock
        self.update_list = self._load_function("update_project_master_list")
        self.update_list.CLOCK = self.clock
        self._controls: dict[str, ModuleType] = {}

    # ---- researchers ------------------------------------------------------------------------------------

    def upload(self, pages: dict[str, str | bytes], project: str = PROJECT, bucket: str = BUCKET) -> None:
        """Put step files where researchers' scripts put them."""
        for name, text in pages.items():
            self.s3.put_object(Bucket=bucket, Key=f"{project}/{name}", Body=text)

    def control(self, name: str, user: str = USER, project: str = PROJECT) -> Answer:
        """Send GET /start or /stop, whichever `name` says, for a participant."""
        if name not in self._controls:
            self._controls[name] = self._load_function(f"send_{name}_server_message")
        event = self._events(name) | {"queryStringParameters": {"projectId": project, "userId": user}}
        return read_answer(self._controls[name].lambda_handler(event, FakeContext()))

    def update(self, config: Any) -> dict[str, Any]:
        """Invoke update_project_master_list as researchers' scripts do, with JSON."""
        return json.loads(
            json.dumps(self.update_list.lambda_handler(json.loads(json.dumps(config)), FakeContext()))
        )

    def name(self, project_id: str) -> dict[str, Any]:
        """Return the sample study's config with another id, which runs its own task definition."""
        return {**copy.deepcopy(self.config), "id": project_id, "ecsTask": project_id}

    def publish(self, pages: dict[str, str | bytes] | None = None, **changes: Any) -> dict[str, Any]:
        """Upload pages and publish the sample study with changes of its config, then let caches run out."""
        config = {**self.name(changes.get("id", self.config["id"])), **changes}
        self.upload(PAGES if pages is None else pages, config["id"], config.get("bucket") or BUCKET)
        answer = self.update(config)
        assert answer["statusCode"] == 200, answer
        self.clock.advance(11)
        self.aws.reset()
        return answer

    def write_list(self, content: Any) -> None:
        """Store a master list as it is, as an existing deployment or a person would."""
        body = content if isinstance(content, (bytes, str)) else json.dumps({"projects": content})
        self.s3.put_object(Bucket=BUCKET, Key="project_master_list.json", Body=body)
        self.clock.advance(11)
        self.aws.reset()

    def read_list(self) -> list[dict[str, Any]]:
        """Return the projects of the master list."""
        return json.loads(self.read_object("project_master_list.json"))["projects"]

    # ---- participants -----------------------------------------------------------------------------------

    def get(self, user: str = USER, project: str = PROJECT, **query: object) -> Answer:
        """Send a GET."""
        return self.send("GET", None, user=user, project=project, **query)

    def post(self, body: Any, user: str = USER, project: str = PROJECT, **query: object) -> Answer:
        """Send a POST; `body` is text, or a value to send as JSON."""
        text = body if isinstance(body, (str, type(None))) else json.dumps(body)
        return self.send("POST", text, user=user, project=project, **query)

    def send(self, method: str, body: str | None, *, user: str, project: str, **query: object) -> Answer:
        """Send a request as API Gateway passes it on."""
        event = self._events("next_get" if method == "GET" else "next_post")
        texts = {name: str(value) for name, value in query.items()}
        event |= {"httpMethod": method, "body": body}
        event["queryStringParameters"] = {"projectId": project, "userId": user, **texts}
        return self.send_event(event)

    def send_event(self, event: dict[str, Any], milliseconds: int = 28_000) -> Answer:
        """Send a whole event."""
        return read_answer(self.next_step.lambda_handler(event, FakeContext(milliseconds)))

    def reach_waiting(self) -> Answer:
        """Continue to the game step while there is no server: the participant waits."""
        self.get()
        self.post({"page": "consent"})
        return self.post({"page": "quiz"})

    def reach_game(self) -> Answer:
        """Continue to the game step with a server that is ready."""
        self.put_server()
        return self.reach_waiting()

    def reach_survey(self) -> Answer:
        """Continue to the page after the game."""
        self.reach_game()
        self.clock.advance(60)
        return self.get()

    def reach_final(self) -> Answer:
        """Continue to the end."""
        self.reach_survey()
        return self.post({"page": "survey"})

    # ---- what is there ----------------------------------------------------------------------------------

    def put_server(self, state: str = "ready", user: str = USER, project: str = PROJECT, **more: Any) -> None:
        """Store a server record."""
        body = write_record(ServerRecord(user_id=user, project_id=project, state=state, **more))
        self.s3.put_object(Bucket=BUCKET, Key=f"_servers/{user}.json", Body=body)

    def put_host_name(self, user: str = USER) -> None:
        """Put a participant's A record into the hosted zone."""
        record = {"Name": f"{user}.{ROOT_DOMAIN}", "Type": "A", "TTL": 10}
        record["ResourceRecords"] = [{"Value": "198.51.100.7"}]
        change = {"Action": "CREATE", "ResourceRecordSet": record}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch={"Changes": [change]})

    def record(self, user: str = USER, project: str = PROJECT, bucket: str = BUCKET) -> dict[str, Any]:
        """Return a participant's record."""
        return json.loads(self.read_object(f"{project}/Users/{user}", bucket))

    def bodies(self, user: str = USER) -> list[str | None]:
        """Return the bodies in a participant's record; those of pages k are at k."""
        return [entry["body"] for entry in self.record(user)["requests"]]

    def put_record(self, record: dict[str, Any], user: str = USER) -> None:
        """Store a participant record."""
        self.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/{user}", Body=json.dumps(record))

    def read_object(self, key: str, bucket: str = BUCKET) -> str:
        """Return the text of an object."""
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()

    def list_keys(self, prefix: str = "", bucket: str = BUCKET) -> list[str]:
        """Return all keys that begin with a prefix."""
        answer = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", ())]

    def messages(self, topic: str) -> list[dict[str, Any]]:
        """Return the messages that SNS accepted for the `start` or the `stop` topic, oldest first."""
        sent = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[self._topics[topic]].sent_notifications
        return [json.loads(notification[1]) for notification in sent]

    def name_topic(self, topic: str) -> str:
        """Return the ARN of the `start` or the `stop` topic."""
        return str(self._topics[topic])

    def minutes_later(self, minutes: float) -> datetime:
        """Return the time so many minutes later."""
        return datetime.fromtimestamp(self.clock.now().timestamp() + 60 * minutes, self.clock.now().tzinfo)
