"""CloudFormation: the dependencies of a resource outlive it, even if its deletion fails.

AWS (CloudFormation template reference, "DependsOn attribute"): a resource is deleted before its dependencies.
If it cannot be deleted, all of its dependencies stay untouched, and the stack is in DELETE_FAILED.

MiniStack deletes the rest of the stack regardless.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_cloudformation = load("services.cloudformation")
_handlers = load("services.cloudformation.handlers")
_stacks = load("services.cloudformation.stacks")


class _KeptError(Exception):
    """A resource that depends on this one still exists."""


@dataclass
class _Deletion:
    """A stack's deletion in progress: `kept` must stay, and `attempted` is what MiniStack tried to delete."""

    stack: dict[str, Any]
    kept: set[str] = field(default_factory=set)
    attempted: dict[str, str] = field(default_factory=dict)

    def keep_dependencies(self, logical_id: str) -> None:
        """Keep all dependencies of a resource that cannot be deleted."""
        definitions = (self.stack.get("_template") or {}).get("Resources", {})
        remaining = set(self.stack.get("_resources", {}))
        self.kept |= _stacks._with_dependencies([logical_id], definitions, remaining) - {logical_id}


_deletions: dict[str, _Deletion] = {}


def install() -> None:
    """Patch MiniStack so that dependencies of an undeletable resource stay."""
    require(_cloudformation, "_stacks", "_stack_events")
    require(_stacks, "_with_dependencies")
    patch(_stacks, "_delete_resource", _keeping(_stacks._delete_resource))
    patch(_stacks, "_resource_policy", _keeping_retained(_stacks._resource_policy))
    patch(_handlers, "_delete_stack_async", _watching(_stacks._delete_stack_async))


def _keeping(plain: Callable[..., None]) -> Callable[..., None]:
    def delete(kind: str, physical_id: str, properties: Any, name: str, logical_id: str) -> None:
        deletion = _deletions.get(name)
        if deletion is None:
            return plain(kind, physical_id, properties, name, logical_id)
        if logical_id in deletion.kept:
            record = deletion.stack["_resources"][logical_id]
            deletion.attempted[logical_id] = record.get("ResourceStatus", "")
            raise _KeptError(logical_id)
        try:
            return plain(kind, physical_id, properties, name, logical_id)
        except Exception:
            deletion.keep_dependencies(logical_id)
            raise

    return delete


def _keeping_retained(plain: Callable[..., str]) -> Callable[..., str]:
    """Keep a resource with a DeletionPolicy of Retain in the stack like the other kept resources."""

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
    """Remove the traces of attempts to delete what was kept, which was never touched."""
    stack = deletion.stack
    for logical_id, status in deletion.attempted.items():
        stack["_resources"][logical_id]["ResourceStatus"] = status
        stack["_resources"][logical_id].pop("ResourceStatusReason", None)
    events[before:] = [e for e in events[before:] if e["LogicalResourceId"] not in deletion.attempted]
    failed = [name for name, r in stack["_resources"].items() if r.get("ResourceStatus") == "DELETE_FAILED"]
    if failed:
        reason = f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]."
        stack["StackStatusReason"] = events[-1]["ResourceStatusReason"] = reason
