"""SNS: the start and the stop topic."""

import json
from collections.abc import Mapping
from typing import Any

from hippo.aws.failures import translate


class Topic:
    """One topic."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self.arn = arn

    def publish(self, message: Mapping[str, object]) -> None:
        """Send a message as JSON; SNS delivers it at least once and in any order."""
        with translate("sns:Publish"):
            self._client.publish(TopicArn=self.arn, Message=json.dumps(message))
