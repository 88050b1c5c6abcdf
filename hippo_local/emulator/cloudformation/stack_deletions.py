"""CloudFormation: what a resource depends on outlives it, also when its deletion fails.

AWS (CloudFormation template reference, "DependsOn attribute"): a resource is deleted before what it depends
on. One that cannot be deleted therefore keeps all of that, untouched, and the stack is in DELETE_FAILED.

MiniStack deletes the rest of the stack all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_cloudformation = load("services.cloudformation")
_handlers = load("services.cloudformation.handlers")
_stacks = load("services.cloudformation.stacks")


class _KeptError(Exception):
    """Something that depends on it is still there."""


@dataclass
class _Deletion:
    """One stack's deletion under way: what has to stay, and which of it was asked for."""

    stack: dict[str, Any]
    kept: set[str] = field(default_factory=set)
    asked: dict[str, str] = field(default_factory=dict)

    def keep_dependencies(self, logical_id: str) -> None:
        """Keep all that a resource which cannot be deleted depends on."""
        definitions = (self.stack.get("_template") or {}).get("Resources", {})
        remaining = set(self.stack.get("_resources", {}))
        self.kept |= _stacks._with_dependencies([logical_id], definitions, remaining) - {logical_id}


_deletions: dict[str, _Deletion] = {}


def install() -> None:
    """Keep so from now on."""
    require(_cloudformation, "_stacks", "_stack_events")
    require(_stacks, "_with_dependencies")
    patch(_stacks, "_delete_resource", _keeping(_stacks._delete_resource))
    patch(_stacks, "_resource_policy", _not_letting_go(_stacks._resource_policy))
    patch(_handlers, "_delete_stack_async", _watching(_stacks._delete_stack_async))


def _keeping(plain: Callable[..., None]) -> Callable[..., None]:
    def delete(kind: str, physical_id: str, properties: Any, name: str, logical_id: str) -> None:
        deletion = _deletions.get(name)
        if deletion is None:
            return plain(kind, physical_id, properties, name, logical_id)
        if logical_id in deletion.kept:
            record = deletion.stack["_resources"][logical_id]
            deletion.asked[logical_id] = record.get("ResourceStatus", "")
            raise _KeptError(logical_id)
        try:
            return plain(kind, physical_id, properties, name, logical_id)
        except Exception:
            deletion.keep_dependencies(logical_id)
            raise

    return delete


def _not_letting_go(plain: Callable[..., str]) -> Callable[..., str]:
    """What has a DeletionPolicy of Retain stays in the stack like the rest of what is kept."""

    def find_policy(definition: Any, *arguments: Any) -> str:
        for deletion in _deletions.values():
            definitions = (deletion.stack.get("_template") or {}).get("Resources", {})
            if any(definitions.get(logical_id) is definition for logical_id in deletion.kept):
                return "Delete"
        return plain(definition, *arguments)

    return find_policy


def _watching(plain: Callable[..., Any]) -> Callable[..., Any]:
    async def delete_stack(name: str, stack_id: str, retained: Any = (), force: bool = False) -> None:
        stack = _cloudformation._stacks.get(name)
        if stack is None or force:
            await plain(name, stack_id, retained, force=force)
            return
        events = _cloudformation._stack_events.setdefault(stack_id, [])
        before = len(events)
        deletion = _deletions[name] = _Deletion(stack)
        try:
            await plain(name, stack_id, retained)
        finally:
            del _deletions[name]
        _forget_attempts(deletion, events, before)

    return delete_stack


def _forget_attempts(deletion: _Deletion, events: list[dict[str, Any]], before: int) -> None:
    """What was kept looks as if nobody had touched it: nobody has."""
    stack = deletion.stack
    for logical_id, status in deletion.asked.items():
        stack["_resources"][logical_id]["ResourceStatus"] = status
        stack["_resources"][logical_id].pop("ResourceStatusReason", None)
    events[before:] = [e for e in events[before:] if e["LogicalResourceId"] not in deletion.asked]
    failed = [name for name, r in stack["_resources"].items() if r.get("ResourceStatus") == "DELETE_FAILED"]
    if failed:
        reason = f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]."
        stack["StackStatusReason"] = events[-1]["ResourceStatusReason"] = reason
