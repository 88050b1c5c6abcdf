"""The participant's host name, given to their new server."""

from hippo.aws.route53 import HostNames
from hippo.errors import ConflictError, PermanentError, TransientError
from hippo.records.server import ServerRecord


def name_server(host_names: HostNames, record: ServerRecord, address: str) -> str:
    """Create the A record and return the change's id. Another owner's name is never overwritten.

    Raises PermanentError for a name that is taken.
    """
    try:
        return host_names.create(record.host_name, address)
    except ConflictError:
        existing = host_names.find(record.host_name)
    if existing is None:
        return _name_again(host_names, record, address)
    # An alias has no addresses, so it is not ours either.
    if not existing.addresses or not set(existing.addresses) <= set(record.addresses):
        raise PermanentError(f"{record.host_name} is taken by a record that is not this participant's")
    try:
        return host_names.replace(existing, address)
    except ConflictError:
        raise TransientError(f"{record.host_name}: the record changed at the same time") from None


def _name_again(host_names: HostNames, record: ServerRecord, address: str) -> str:
    """Try again after a refusal without a visible A record: it was just deleted, or has another type."""
    try:
        return host_names.create(record.host_name, address)
    except ConflictError as error:
        raise PermanentError(f"{record.host_name} cannot be created: {error}") from error
