"""Tests of ports on the loopback interface and of the error for a port in use."""

import socket

import pytest

from hippo_local.errors import LocalPlatformError
from hippo_local.ports import PortTakenError, get_port, open_listener, reserve_port


def test_a_free_port_is_listened_on_at_loopback_only() -> None:
    """Given port 0, the listener gets a free port of 127.0.0.1 only."""
    with open_listener(0, "page", "--web-port") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert get_port(listener) > 0
        with socket.create_connection(("127.0.0.1", get_port(listener)), timeout=5):
            pass


def test_a_port_in_use_is_reported_with_its_number_and_option() -> None:
    """Given a port that another socket listens on, the message names the port, its purpose and the option."""
    with open_listener(0, "first", "--first") as taken:
        port = get_port(taken)
        with pytest.raises(PortTakenError) as caught:
            open_listener(port, "study page", "--web-port")

    assert f"Port {port} " in str(caught.value)
    assert "study page" in str(caught.value)
    assert "--web-port" in str(caught.value)


def test_a_wildcard_listener_counts_as_in_use() -> None:
    """Given a listener on every interface, its port is rejected even where the system would allow it."""
    with socket.create_server(("", 0)) as wildcard, pytest.raises(PortTakenError):
        open_listener(wildcard.getsockname()[1], "game servers", "--game-port")


def test_a_port_bound_but_not_listened_on_is_rejected() -> None:
    """Given a port that is bound without a listener, it is rejected as well."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        with pytest.raises(LocalPlatformError, match="--port"):
            open_listener(bound.getsockname()[1], "emulator", "--port")


def test_a_reserved_port_is_free_for_another_process() -> None:
    """Given a reserved port, another socket can listen on it afterwards."""
    port = reserve_port(0, "emulator", "--port")

    with open_listener(port, "emulator", "--port") as listener:
        assert get_port(listener) == port


def test_a_port_with_closed_connections_can_be_used_again() -> None:
    """Given connections that the last platform closed (TIME_WAIT), the next one can listen at once."""
    with open_listener(0, "page", "--web-port") as listener:
        port = get_port(listener)
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = listener.accept()
            accepted.close()
            client.recv(1)

    with open_listener(port, "page", "--web-port") as again:
        assert get_port(again) == port
