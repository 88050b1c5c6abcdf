"""Lambda: a switch that lets a function run or not."""

from typing import Any

from hippo.aws.failures import translate


class FunctionSwitch:
    """The switch of one function.

    A reserved concurrency of 0 throttles every invocation; asynchronous events wait and are retried:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def turn_off(self) -> None:
        """Let no invocation begin from now on; those that run continue."""
        with translate("lambda:PutFunctionConcurrency"):
            self._client.put_function_concurrency(FunctionName=self._name, ReservedConcurrentExecutions=0)

    def turn_on(self) -> None:
        """Restore what template.yaml has: no reserved concurrency."""
        with translate("lambda:DeleteFunctionConcurrency"):
            self._client.delete_function_concurrency(FunctionName=self._name)
