"""The attacks that tests/e2e/test_attacks.py tries, each with its principal and the closest allowed call."""

from tests.e2e.principals import ADMIN_ROLE, NEIGHBOUR, PROJECT, TAG, Call
from tests.e2e.steward_attacks import STEWARD_ATTACKS
from tests.e2e.test_roles import MINE, OTHER

OTHER_BUCKET = "attacks-other-bucket"
# The principal, a call that it may make, and the attack that resembles that call most.
ATTACKS: dict[str, tuple[str, Call, Call]] = {
    # ---- a hijacked function --------------------------------------------------------------------------
    "deletes an answer": (
        "NextStep",
        lambda a: a.put(f"{PROJECT}/Users/attacks"),
        lambda a: a.delete(f"{PROJECT}/Users/attacks"),
    ),
    "reads another bucket": (
        "NextStep",
        lambda a: a.get(f"{PROJECT}/Users/attacks"),
        lambda a: a.read_from(OTHER_BUCKET),
    ),
    "changes the list of projects": (
        "NextStep",
        lambda a: a.get("project_master_list.json"),
        lambda a: a.put("project_master_list.json"),
    ),
    "runs a task whose definition names an admin": (
        "StartServer",
        lambda a: a.run_task_as(a.name_of("TaskRoleArn")),
        lambda a: a.run_task_as(ADMIN_ROLE),
    ),
    "runs a task as an admin against its definition": (
        "StartServer",
        lambda a: a.run_task_with(a.name_of("TaskRoleArn")),
        lambda a: a.run_task_with(ADMIN_ROLE),
    ),
    "names a server outside the root domain": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks.localhost"),
        lambda a: a.change_record("CREATE", "attacks.example.org"),
    ),
    "points the root domain elsewhere": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks-1.localhost"),
        lambda a: a.change_record("CREATE", "localhost"),
    ),
    "points the API's name elsewhere": (
        "StartServer",
        lambda a: a.change_record("CREATE", "apis.localhost"),
        lambda a: a.change_record("CREATE", "api.localhost"),
    ),
    "points every unknown name elsewhere": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks-2.localhost"),
        lambda a: a.change_record("CREATE", "*.localhost"),
    ),
    "takes a name below a participant's": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks-3.localhost"),
        lambda a: a.change_record("CREATE", "mail.attacks.localhost"),
    ),
    "takes a name that browsers look for": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks-10.localhost"),
        lambda a: a.change_record("CREATE", "wpad.localhost"),
    ),
    "takes a name that says how to treat mail": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks-11.localhost"),
        lambda a: a.change_record("CREATE", "_dmarc.localhost"),
    ),
    "hides a forbidden name among allowed ones": (
        "StartServer",
        lambda a: a.change_records("CREATE", "attacks-4.localhost", "attacks-5.localhost"),
        lambda a: a.change_records("CREATE", "attacks-6.localhost", "www.localhost"),
    ),
    "writes a record of another type": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks-7.localhost"),
        lambda a: a.change_record("CREATE", "attacks-8.localhost", "TXT", '"attacks"'),
    ),
    "replaces a participant's record": (
        "StartServer",
        lambda a: a.change_record("CREATE", "attacks-9.localhost"),
        lambda a: a.change_record("UPSERT", "attacks-9.localhost"),
    ),
    "runs a task in another stack's cluster": (
        "StartServer",
        lambda a: a.run_task(MINE),
        lambda a: a.run_task(OTHER),
    ),
    "reads answers of which it knows the key, and lists them": (
        "StartServer",
        lambda a: a.list_keys("_slots/"),
        lambda a: a.list_keys(f"{PROJECT}/Users/"),
    ),
    "stops another stack's task": (
        "StopServer",
        lambda a: a.stop_task(MINE),
        lambda a: a.stop_task(OTHER),
    ),
    "deletes another stack's rule": (
        "StopServer",
        lambda a: a.client("events").delete_rule(Name=MINE),
        lambda a: a.client("events").delete_rule(Name=OTHER),
    ),
    "silences another stack's rule": (
        "StopServer",
        lambda a: a.client("events").remove_targets(Rule=MINE, Ids=["stop"]),
        lambda a: a.client("events").remove_targets(Rule=OTHER, Ids=["stop"]),
    ),
    "deletes the API's record": (
        "StopServer",
        lambda a: a.change_record("DELETE", "attacks.localhost"),
        lambda a: a.change_record("DELETE", "api.localhost"),
    ),
    "deletes a record of another type": (
        "StopServer",
        lambda a: a.change_record("DELETE", "attacks-1.localhost"),
        lambda a: a.change_record("DELETE", "attacks-1.localhost", "MX", "1 attacks.localhost"),
    ),
    "deletes a record below a participant's name": (
        "StopServer",
        lambda a: a.change_record("DELETE", "attacks-2.localhost"),
        lambda a: a.change_record("DELETE", "mail.attacks.localhost"),
    ),
    "changes participants' answers": (
        "StopServer",
        lambda a: a.get(f"{PROJECT}/Users/attacks"),
        lambda a: a.put(f"{PROJECT}/Users/attacks"),
    ),
    "reads participants' answers": (
        "UpdateProjectMasterList",
        lambda a: a.get("project_master_list.json"),
        lambda a: a.get(f"{PROJECT}/Users/attacks"),
    ),
    "reopens a study": (
        "NextStep",
        lambda a: a.put(f"{PROJECT}/Users/attacks"),
        lambda a: a.put(f"{PROJECT}/_config.json"),
    ),
    "replaces the config that it is held to": (
        "UpdateProjectMasterList",
        lambda a: a.get(f"{PROJECT}/_config.json"),
        lambda a: a.put(f"{PROJECT}/_config.json"),
    ),
    "takes a config that a game server has stored": (
        "UpdateProjectMasterList",
        lambda a: a.get(f"{PROJECT}/_config.json"),
        lambda a: a.get(f"{PROJECT}/Trials/attacks/_config.json"),
    ),
    # ---- a hijacked game server -----------------------------------------------------------------------
    "reads the list of projects": (
        "Task",
        lambda a: a.put(f"{PROJECT}/Trials/attacks/1"),
        lambda a: a.get("project_master_list.json"),
    ),
    "reads any participant's answers": (
        "Task",
        lambda a: a.put(f"{PROJECT}/Trials/attacks/2"),
        lambda a: a.get(f"{PROJECT}/Users/attacks"),
    ),
    "reads what other game servers recorded": (
        "Task",
        lambda a: a.put(f"{PROJECT}/Trials/attacks/3"),
        lambda a: a.get(f"{PROJECT}/Trials/attacks/1"),
    ),
    "takes a study over": (
        "Task",
        lambda a: a.put(f"{PROJECT}/Trials/attacks/6"),
        lambda a: a.put(f"{PROJECT}/_config.json"),
    ),
    "forges an answer": (
        "Task",
        lambda a: a.put(f"{PROJECT}/Trials/attacks/4"),
        lambda a: a.put(f"{PROJECT}/Users/attacks-forged"),
    ),
    "deletes what was recorded": (
        "Task",
        lambda a: a.put(f"{PROJECT}/Trials/attacks/5"),
        lambda a: a.delete(f"{PROJECT}/Trials/attacks/1"),
    ),
    "writes logs of the functions": (
        "TaskExecution",
        lambda a: a.client("logs").create_log_stream(
            logGroupName=f"{a.name_of('LogGroupPrefix')}{PROJECT}", logStreamName="attacks"
        ),
        lambda a: a.client("logs").create_log_stream(logGroupName="/aws/lambda/a", logStreamName="attacks"),
    ),
    # ---- a researcher ---------------------------------------------------------------------------------
    "stops a participant's server by its task": (
        "Researcher",
        lambda a: a.client("ecs").describe_task_definition(taskDefinition=PROJECT),
        lambda a: a.stop_task(MINE),
    ),
    "stops a participant's server by a message": (
        "Researcher",
        lambda a: a.invoke(a.name_of("UpdateFunctionName")),
        lambda a: a.publish("StopServer"),
    ),
    "stops a participant's server by its rule": (
        "Researcher",
        lambda a: a.client("ecs").list_task_definitions(familyPrefix=PROJECT),
        lambda a: a.client("events").put_rule(Name=MINE, ScheduleExpression="rate(1 minute)"),
    ),
    "puts other code into a function": (
        "Researcher",
        lambda a: a.invoke(a.name_of("UpdateFunctionName")),
        lambda a: a.replace_code(a.name_of("UpdateFunctionName")),
    ),
    "runs a task of their own": (
        "Researcher",
        lambda a: a.register(f"{PROJECT}-attacks", a.name_of("TaskRoleArn")),
        lambda a: a.run_task(MINE),
    ),
    "registers a task that is an admin": (
        "Researcher",
        lambda a: a.register(f"{PROJECT}-attacks", a.name_of("TaskRoleArn")),
        lambda a: a.register(f"{PROJECT}-attacks", ADMIN_ROLE),
    ),
    "registers another project's task": (
        "Researcher",
        lambda a: a.register(f"{PROJECT}-attacks", a.name_of("TaskRoleArn")),
        lambda a: a.register(NEIGHBOUR, a.name_of("TaskRoleArn")),
    ),
    "reads another project's answers": (
        "Researcher",
        lambda a: a.get(f"{PROJECT}/Users/attacks"),
        lambda a: a.get(f"{NEIGHBOUR}/Users/attacks"),
    ),
    "lists another project's participants": (
        "Researcher",
        lambda a: a.list_keys(f"{PROJECT}/Users/"),
        lambda a: a.list_keys(f"{NEIGHBOUR}/Users/"),
    ),
    "lists all projects": (
        "Researcher",
        lambda a: a.list_keys(f"{PROJECT}-attacks/"),
        lambda a: a.list_keys(""),
    ),
    "reads all configurations": (
        "Researcher",
        lambda a: a.get(f"{PROJECT}/consent.html"),
        lambda a: a.get("project_master_list.json"),
    ),
    "reads the game servers' private key": (
        "Researcher",
        lambda a: a.get(f"{PROJECT}/_keys/links"),
        lambda a: a.get("SSL/privkey.pem"),
    ),
    "writes another project's step file": (
        "Researcher",
        lambda a: a.put_page(f"{PROJECT}-attacks/consent.html"),
        lambda a: a.put_page(f"{NEIGHBOUR}/consent.html"),
    ),
    "forges an answer of their own study": (
        "Researcher",
        lambda a: a.put_page(f"{PROJECT}/attacks.html"),
        lambda a: a.put(f"{PROJECT}/Users/attacks-forged"),
    ),
    "deletes an answer of their own study": (
        "Researcher",
        lambda a: a.delete(f"{PROJECT}/attacks.html"),
        lambda a: a.delete(f"{PROJECT}/Users/attacks"),
    ),
    "changes a frozen version": (
        "Researcher",
        lambda a: a.put(f"{PROJECT}-attacks/_media/film.mp4"),
        lambda a: a.put(f"{PROJECT}/_versions/attacks.json"),
    ),
    "takes another project over": (
        "Researcher",
        lambda a: a.put(f"{PROJECT}-attacks/_config.json"),
        lambda a: a.put(f"{NEIGHBOUR}/_config.json"),
    ),
    "deletes their study's frozen versions": (
        "Researcher",
        lambda a: a.delete(f"{PROJECT}/attacks.html"),
        lambda a: a.delete(f"{PROJECT}/_versions/attacks.json"),
    ),
    "without a tag, takes a new project": (
        "UntaggedResearcher",
        lambda a: a.invoke(a.name_of("UpdateFunctionName")),
        lambda a: a.put("attacks-new/_config.json"),
    ),
    "signs links of another project": (
        "Researcher",
        lambda a: a.put(f"{PROJECT}-attacks/_keys/links"),
        lambda a: a.put(f"{NEIGHBOUR}/_keys/links"),
    ),
    "pushes into another project's repository": (
        "Researcher",
        lambda a: a.client("ecr").initiate_layer_upload(repositoryName=PROJECT),
        lambda a: a.client("ecr").initiate_layer_upload(repositoryName=NEIGHBOUR),
    ),
    "reads another project's logs": (
        "Researcher",
        lambda a: a.read_log(PROJECT),
        lambda a: a.client("logs").filter_log_events(
            logGroupName=f"{a.name_of('LogGroupPrefix')}{NEIGHBOUR}"
        ),
    ),
    "reads another project's server record": (
        "Researcher",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.get("_servers/attacks-of-another.json"),
    ),
    "reads a server record without a project": (
        "Researcher",
        lambda a: a.get("_servers/attacks-begins-so.json"),
        lambda a: a.get("_servers/attacks-of-none.json"),
    ),
    "lists all servers": (
        "Researcher",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.list_keys("_servers/"),
    ),
    "forges a server record": (
        "Researcher",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.put("_servers/attacks-forged.json"),
    ),
    "gives a server record to their project": (
        "Researcher",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.tag("_servers/attacks-of-another.json", PROJECT),
    ),
    "changes the parameters that tools read": (
        "Researcher",
        lambda a: a.client("ssm").get_parameters_by_path(Path=a.name_of("ParametersPath")),
        lambda a: a.client("ssm").put_parameter(
            Name=f"{a.name_of('ParametersPath')}NextUrl", Value="https://example.org", Overwrite=True
        ),
    ),
    "without a tag, writes to a key named like the tag": (
        "UntaggedResearcher",
        lambda a: a.invoke(a.name_of("UpdateFunctionName")),
        lambda a: a.put_page(f"${{aws:PrincipalTag/{TAG}}}/consent.html"),
    ),
    "without a tag, reads a study": (
        "UntaggedResearcher",
        lambda a: a.client("ssm").get_parameters_by_path(Path=a.name_of("ParametersPath")),
        lambda a: a.get(f"{PROJECT}/consent.html"),
    ),
    "without a tag, reads a server record": (
        "UntaggedResearcher",
        lambda a: a.client("ssm").get_parameters_by_path(Path=a.name_of("ParametersPath")),
        lambda a: a.get("_servers/attacks-of-none.json"),
    ),
    # ---- a steward ------------------------------------------------------------------------------------
    **STEWARD_ATTACKS,
}
