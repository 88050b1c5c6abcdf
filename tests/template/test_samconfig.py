"""samconfig.toml: it sets existing parameters, and its environments can share an account."""

import tomllib

from template_file import ROOT, load_template

CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
NAMES = {"RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName"}


def read_parameters(environment):
    """Return the template's parameters that an environment sets."""
    return dict(e.split("=", 1) for e in CONFIG[environment]["deploy"]["parameters"]["parameter_overrides"])


def test_environments_are_the_three():
    """Given the file, it has one stack for everything and two that differ."""
    assert CONFIG.keys() - {"version"} == {"default", "dev", "prod"}


def test_environments_set_existing_parameters():
    """Given the settings of dev and prod, each is a parameter, with one of its allowed values if it has a
    list."""
    parameters = load_template()["Parameters"]
    for environment in ("dev", "prod"):
        for name, value in read_parameters(environment).items():
            allowed = parameters[name].get("AllowedValues", [value])
            assert value in map(str, allowed), (environment, name)


def test_dev_and_prod_differ_in_every_unique_name():
    """Given both in one account and region, no name that is unique in the account is used twice."""
    dev, prod = read_parameters("dev"), read_parameters("prod")
    defaults = {name: p.get("Default") for name, p in load_template()["Parameters"].items()}
    for name in ("Prefix", "UpdateFunctionName"):
        assert dev[name] != prod[name]
        assert prod[name] == defaults[name]  # the names that existing deployment scripts expect
    stacks = [CONFIG[name]["global"]["parameters"]["stack_name"] for name in ("default", "dev", "prod")]
    assert len(set(stacks)) == 3


def test_capability_is_enough():
    """Given no IAM resource with a fixed name, CloudFormation requires only CAPABILITY_IAM (user guide,
    "Acknowledging IAM resources in CloudFormation templates")."""
    resources = load_template()["Resources"].values()
    iam = [r.get("Properties", {}) for r in resources if r["Type"].startswith("AWS::IAM::")]

    assert [name for properties in iam for name in NAMES & properties.keys()] == []
    for environment in ("default", "dev", "prod"):
        assert CONFIG[environment]["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
