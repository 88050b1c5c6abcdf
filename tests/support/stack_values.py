"""The values that a stack in memory publishes about itself, beyond its bucket."""

from tests.support.aws_hooks import shared_client
from tests.support.study_world import StudyWorld

STOP_TOPIC = "StopServerTopicArn"
GROUPS = ("lab-next", "lab-start", "lab-stop")
GAME_GROUPS = "/hippo/lab/"


def put_values(lab: StudyWorld, **values: str) -> None:
    """Put SSM parameters as the stack creates them, then those in `values`."""
    everything = {
        STOP_TOPIC: lab.name_topic("stop"),
        "UpdateFunctionName": "update",
        "ConfigObject": "_config.json",
        "LogGroupPrefix": GAME_GROUPS,
        "FunctionLogGroups": ",".join(GROUPS),
        **values,
    }
    for name, value in everything.items():
        shared_client("ssm").put_parameter(
            Name=f"/hippo/lab/{name}", Value=value, Type="String", Overwrite=True
        )
    lab.aws.reset()
