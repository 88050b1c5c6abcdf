"""An operator's calls of the deployed stack: messages, signed requests, queues, logs."""

import json
import urllib.parse
import urllib.request
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.e2e.account_view import AccountView


def send(account: AccountView, kind: str, message: dict[str, object]) -> None:
    """Publish to the start or the stop topic, as an operator does."""
    topic = account.outputs["stackOutputs"][f"{kind}ServerTopicArn"]
    account.client("sns").publish(TopicArn=topic, Message=json.dumps(message))


def get_signed(account: AccountView, name: str, **query: object) -> int:
    """Send a signed GET to an endpoint and return the status."""
    keys = account.outputs["credentials"]
    url = f"{account.outputs[name]}?{urllib.parse.urlencode(query)}"
    request = AWSRequest("GET", url, headers={"Host": urllib.parse.urlsplit(url).netloc})
    credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"])
    SigV4Auth(credentials, "execute-api", account.outputs["region"]).add_auth(request)
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(request.headers))) as response:
        return int(response.status)


def count_messages(account: AccountView, queue: str) -> int:
    """Return the number of messages that a queue shows."""
    answer = account.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def read_task_log(account: AccountView, user_id: str) -> str:
    """Return the output of a participant's game server."""
    files = Path(account.outputs["logs"]["tasks"]).glob(f"*-{user_id}-*")
    return "".join(file.read_text(encoding="utf-8") for file in files)
