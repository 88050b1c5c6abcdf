"""Replay of messages that failed permanently: `python tools/replay_dead_letters.py STACK [--list]`.

Each event in the stack's dead-letter queues is sent to its function again, exactly as SNS sent it, and then
deleted from the queue. It is the same event, with its message id and time, so it has no second effect, and
a start that a stop has overtaken since starts nothing. SQS's own redrive cannot do this: StartMessageMoveTask
accepts only dead-letter queues of other SQS queues (SQS API reference), and these are Lambda's.

It uses the credentials, the region and the endpoint of the environment, as the AWS CLI does, and needs
cloudformation:DescribeStackResource, sqs:ReceiveMessage, sqs:DeleteMessage and lambda:InvokeFunction.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import boto3

FUNCTIONS = ("StartServer", "StopServer")
_HIDDEN_SECONDS = 120  # longer than one message takes; listed messages are visible again after it
_WAIT_SECONDS = 2


class Replay:
    """The dead-letter queues of one stack."""

    def __init__(self, stack: str, out: TextIO) -> None:
        self._cloudformation = boto3.client("cloudformation")
        self._sqs: Any = boto3.client("sqs")
        self._lambda = boto3.client("lambda")
        self._stack = stack
        self._out = out

    def run(self, *, only_list: bool) -> int:
        """Replay, or only list, every message, and return their number."""
        count = 0
        for name in FUNCTIONS:
            queue = self._find(f"{name}DeadLetterQueue")
            function = self._find(f"{name}Function")
            for message in self._receive(queue):
                self._show(name, message)
                if not only_list:
                    self._lambda.invoke(
                        FunctionName=function, InvocationType="Event", Payload=message["Body"].encode()
                    )
                    self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                count += 1
        return count

    def _find(self, logical_id: str) -> str:
        answer = self._cloudformation.describe_stack_resource(
            StackName=self._stack, LogicalResourceId=logical_id
        )
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def _receive(self, queue: str) -> Iterator[dict[str, Any]]:
        """Yield each message once; one that fails again returns only minutes later."""
        seen: set[str] = set()
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=queue,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=_WAIT_SECONDS,
                VisibilityTimeout=_HIDDEN_SECONDS,
                MessageAttributeNames=["All"],
            )
            fresh = [m for m in answer.get("Messages", ()) if m["MessageId"] not in seen]
            if not fresh:
                return
            seen |= {message["MessageId"] for message in fresh}
            yield from fresh

    def _show(self, name: str, message: dict[str, Any]) -> None:
        """Print the request and the reason of its failure: ids only, as in the logs."""
        attributes = message.get("MessageAttributes", {})
        reason = attributes.get("ErrorMessage", {}).get("StringValue", "")[:200]
        self._out.write(f"{name}: {_read_request(message['Body'])}: {reason}\n")


def _read_request(body: str) -> str:
    try:
        return str(json.loads(body)["Records"][0]["Sns"]["Message"])[:300]
    except (ValueError, LookupError, TypeError):
        return "not an SNS message"


def main(arguments: Sequence[str]) -> int:
    """Replay the messages of the stack on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("stack", help="the stack's name, as `sam deploy` knows it")
    parser.add_argument(
        "--list", action="store_true", help="show the messages and keep them (hidden for 2 minutes)"
    )
    options = parser.parse_args(arguments)
    count = Replay(options.stack, sys.stdout).run(only_list=options.list)
    sys.stdout.write(f"{count} {'found' if options.list else 'replayed'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
