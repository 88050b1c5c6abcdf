"""Attacks by a steward, a person with both of the stack's policies: a part of tests/e2e/attacks.py."""

from tests.e2e.principals import ADMIN_ROLE, NEIGHBOUR, PROJECT, Call
from tests.e2e.test_roles import MINE

STEWARD_ATTACKS: dict[str, tuple[str, Call, Call]] = {
    "as a steward, reads another project's answers": (
        "Steward",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.get(f"{NEIGHBOUR}/Users/attacks"),
    ),
    "as a steward, lists old versions of another project": (
        "Steward",
        lambda a: a.list_versions(f"{PROJECT}/Users/"),
        lambda a: a.list_versions(f"{NEIGHBOUR}/Users/"),
    ),
    "as a steward, lists everything": (
        "Steward",
        lambda a: a.list_keys("_servers/"),
        lambda a: a.list_keys(""),
    ),
    "as a steward, permanently deletes another project's answer": (
        "Steward",
        lambda a: a.delete_version(f"{PROJECT}/Users/attacks-gone"),
        lambda a: a.delete_version(f"{NEIGHBOUR}/Users/attacks"),
    ),
    "as a steward, permanently deletes another project's trial": (
        "Steward",
        lambda a: a.delete_version(f"{PROJECT}-one/Trials/attacks-gone/1"),
        lambda a: a.delete_version(f"{NEIGHBOUR}/Trials/attacks/1"),
    ),
    "as a steward, deletes another project's published picture": (
        "Steward",
        lambda a: a.delete_published(f"media/{PROJECT}-one/attacks.png"),
        lambda a: a.delete_published(f"media/{NEIGHBOUR}/attacks.png"),
    ),
    "as a steward, deletes the participant's page": (
        "Steward",
        lambda a: a.delete_published(f"media/{PROJECT}/attacks.png"),
        lambda a: a.delete_published("attacks.html"),
    ),
    "as a steward, empties the caches of another distribution": (
        "Steward",
        lambda a: a.invalidate(a.name_of("DistributionId")),
        lambda a: a.invalidate("E0000000000000"),
    ),
    "as a steward, permanently deletes another project's original picture": (
        "Steward",
        lambda a: a.delete_version(f"{PROJECT}/_media/attacks.png"),
        lambda a: a.delete_version(f"{NEIGHBOUR}/_media/attacks.png"),
    ),
    "as a steward, permanently deletes a frozen version": (
        "Steward",
        lambda a: a.delete_version(f"{PROJECT}/_admission.json"),
        lambda a: a.delete_version(f"{PROJECT}/_versions/attacks.json"),
    ),
    "as a steward, deletes a page's old versions": (
        "Steward",
        lambda a: a.delete(f"{PROJECT}/attacks-steward.html"),
        lambda a: a.delete_version(f"{PROJECT}/consent.html"),
    ),
    "as a steward, deletes the list of projects": (
        "Steward",
        lambda a: a.delete_version("_servers/attacks-gone.json"),
        lambda a: a.delete_version("project_master_list.json"),
    ),
    "as a steward, takes another project over": (
        "Steward",
        lambda a: a.put(f"{PROJECT}/_config.json"),
        lambda a: a.put(f"{NEIGHBOUR}/_config.json"),
    ),
    "as a steward, deletes another project's frozen version": (
        "Steward",
        lambda a: a.delete(f"{PROJECT}-one/_keys/links"),
        lambda a: a.delete(f"{NEIGHBOUR}/_versions/attacks.json"),
    ),
    "as a steward without the tag hippo-role, deletes a frozen version": (
        "Steward",
        lambda a: a.delete(f"{PROJECT}-one/_keys/links"),
        lambda a: a.delete(f"{PROJECT}/_versions/attacks.json"),
    ),
    "as a steward, deletes another project": (
        "Steward",
        lambda a: a.delete(f"{PROJECT}-one/_config.json"),
        lambda a: a.delete(f"{NEIGHBOUR}/_config.json"),
    ),
    "as a steward, permanently deletes a study's config": (
        "Steward",
        lambda a: a.delete_version(f"{PROJECT}/_groups.json"),
        lambda a: a.delete_version(f"{PROJECT}/_config.json"),
    ),
    "as a steward, writes the list of projects": (
        "Steward",
        lambda a: a.put(f"{PROJECT}/_admission.json"),
        lambda a: a.put("project_master_list.json"),
    ),
    "as a steward, changes an answer": (
        "Steward",
        lambda a: a.put(f"{PROJECT}/_groups.json"),
        lambda a: a.put(f"{PROJECT}/Users/attacks-forged"),
    ),
    "as a steward, admits people to another project": (
        "Steward",
        lambda a: a.put(f"{PROJECT}-one/_admission.json"),
        lambda a: a.put(f"{NEIGHBOUR}/_admission.json"),
    ),
    "as a steward, reads the ticket key of another project's server": (
        "Steward",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.get("_servers/attacks-of-another.json"),
    ),
    "as a steward, reads a server record without a project": (
        "Steward",
        lambda a: a.get("_servers/attacks-begins-so.json"),
        lambda a: a.get("_servers/attacks-of-none.json"),
    ),
    "as a steward, forges a server record": (
        "Steward",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.put("_servers/attacks-forged.json"),
    ),
    "as a steward, gives a server record to their project": (
        "Steward",
        lambda a: a.get("_servers/attacks-own.json"),
        lambda a: a.tag("_servers/attacks-of-another.json", PROJECT),
    ),
    "as a steward, frees a slot": (
        "Steward",
        lambda a: a.delete("_slots/q.20300101T000000000Z.attacks-gone.attacks"),
        lambda a: a.delete("_slots/0000"),
    ),
    "as a steward, reads the game servers' private key": (
        "Steward",
        lambda a: a.get(f"{PROJECT}/_keys/links"),
        lambda a: a.get("SSL/privkey.pem"),
    ),
    "as a steward, starts servers by a message": (
        "Steward",
        lambda a: a.publish("StopServer"),
        lambda a: a.publish("StartServer"),
    ),
    "as a steward, stops a task past the platform": (
        "Steward",
        lambda a: a.publish("StopServer"),
        lambda a: a.stop_task(MINE),
    ),
    "as a steward, runs a task": (
        "Steward",
        lambda a: a.register(f"{PROJECT}-attacks", a.name_of("TaskRoleArn")),
        lambda a: a.run_task(MINE),
    ),
    "as a steward, registers a task that is an admin": (
        "Steward",
        lambda a: a.register(f"{PROJECT}-attacks", a.name_of("TaskRoleArn")),
        lambda a: a.register(f"{PROJECT}-attacks", ADMIN_ROLE),
    ),
    "as a steward, reads another project's game logs": (
        "Steward",
        lambda a: a.read_group(a.name_of("FunctionLogGroups").split(",")[0]),
        lambda a: a.read_log(NEIGHBOUR),
    ),
    "as a steward, wipes the functions' logs": (
        "Steward",
        lambda a: a.read_group(a.name_of("FunctionLogGroups").split(",")[1]),
        lambda a: a.client("logs").delete_log_group(
            logGroupName=a.name_of("FunctionLogGroups").split(",")[1]
        ),
    ),
    "as a steward without a tag, deletes an answer": (
        "UntaggedSteward",
        lambda a: a.publish("StopServer"),
        lambda a: a.delete_version(f"{PROJECT}/Users/attacks-gone"),
    ),
}
