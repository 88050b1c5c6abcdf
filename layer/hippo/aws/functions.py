"""Lambda: whether a function is let run."""

from typing import Any

from hippo.aws.failures import translate


class FunctionSwitch:
    """Lets one function run, or not.

    A reserved concurrency of 0 throttles every invocation; asynchronous events wait and are tried again:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def turn_off(self) -> None:
        """No invocation begins from now on; those that run go on."""
        with translate("lambda:PutFunctionConcurrency"):
            self._client.put_function_concurrency(FunctionName=self._name, ReservedConcurrentExecutions=0)

    def turn_on(self) -> None:
        """As template.yaml has it: without a concurrency of its own."""
        with translate("lambda:DeleteFunctionConcurrency"):
            self._client.delete_function_concurrency(FunctionName=self._name)
