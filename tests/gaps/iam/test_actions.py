"""Tests of IAM: the resources of several parameters at once, and the actions on a function's concurrency."""

from tests.gaps.emulators import ACCOUNT, REGION, Emulator
from tests.gaps.iam.test_authorization import allow, is_denied


def test_parameters_are_authorized_one_by_one(emulator: Emulator) -> None:
    """Given several parameters, GetParameters is authorized on each (Service Authorization Reference, AWS
    Systems Manager).
    """
    for name in ("/mine/one", "/other/one"):
        emulator.client("ssm").put_parameter(Name=name, Value="1", Type="String")
    resource = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/mine/*"
    ssm = emulator.client("ssm", emulator.assume(allow("ssm:GetParameters", resource)))

    assert not is_denied(ssm.get_parameters, Names=["/mine/one"])
    assert is_denied(ssm.get_parameters, Names=["/other/one"])
    assert is_denied(ssm.get_parameters, Names=["/mine/one", "/other/one"])


def test_each_way_to_change_a_concurrency_is_its_own_action(emulator: Emulator) -> None:
    """Given each change, its action is PutFunctionConcurrency or DeleteFunctionConcurrency (Service
    Authorization Reference, AWS Lambda).
    """
    functions = emulator.client("lambda", emulator.assume(allow("lambda:DeleteFunctionConcurrency", "*")))

    assert is_denied(functions.put_function_concurrency, FunctionName="none", ReservedConcurrentExecutions=0)
    assert is_denied(functions.get_function_concurrency, FunctionName="none")
