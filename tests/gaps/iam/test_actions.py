"""IAM: what several parameters at once, and a function's concurrency, are judged on."""

from tests.gaps.emulators import ACCOUNT, REGION, Emulator
from tests.gaps.iam.test_authorization import allow, is_denied


def test_parameters_are_judged_one_by_one(emulator: Emulator) -> None:
    """GetParameters on each parameter (Service Authorization Reference, AWS Systems Manager)."""
    for name in ("/mine/one", "/other/one"):
        emulator.client("ssm").put_parameter(Name=name, Value="1", Type="String")
    resource = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/mine/*"
    ssm = emulator.client("ssm", emulator.assume(allow("ssm:GetParameters", resource)))

    assert not is_denied(ssm.get_parameters, Names=["/mine/one"])
    assert is_denied(ssm.get_parameters, Names=["/other/one"])
    assert is_denied(ssm.get_parameters, Names=["/mine/one", "/other/one"])


def test_each_way_to_change_a_concurrency_is_an_action_of_its_own(emulator: Emulator) -> None:
    """PutFunctionConcurrency, DeleteFunctionConcurrency (Service Authorization Reference, AWS Lambda)."""
    functions = emulator.client("lambda", emulator.assume(allow("lambda:DeleteFunctionConcurrency", "*")))

    assert is_denied(functions.put_function_concurrency, FunctionName="none", ReservedConcurrentExecutions=0)
    assert is_denied(functions.get_function_concurrency, FunctionName="none")
