"""A stack finds its ports."""

import os
import socket
from dataclasses import astuple

import pytest

from ops import ports


def test_defaults_are_distinct_and_below_the_kernels_own_range():
    numbers = [*astuple(ports.Ports()), *(port + ports.TEST_OFFSET for port in astuple(ports.Ports()))]
    assert len(set(numbers)) == len(numbers), "a run and the tests stand side by side"
    assert max(numbers) < ports.LIMIT


def test_nothing_moves_when_all_is_free():
    assert ports.choose(free=lambda port: True) == (ports.Ports(), [])


def test_a_taken_port_moves_to_the_next_free_one_and_is_reported():
    chosen, moved = ports.choose(free=lambda port: port not in (8000, 8001))
    assert chosen.portal == 8002
    assert moved == [ports.Moved("portal", 8000, 8002)]


def test_a_moved_port_never_takes_the_default_of_another_listener():
    chosen, moved = ports.choose(free=lambda port: port != 8101)
    assert chosen.identity not in (8101, 8102, 8103, chosen.spare)
    assert [one.name for one in moved] == ["identity"]


def test_two_moved_ports_never_meet():
    chosen, _ = ports.choose(free=lambda port: not 20330 <= port <= 20350)
    assert len(set(astuple(chosen))) == len(astuple(chosen))
    assert not [port for port in astuple(chosen) if 20330 <= port <= 20350]


def test_an_offset_moves_every_port_without_a_word():
    chosen, moved = ports.choose(offset=ports.TEST_OFFSET, free=lambda port: True)
    assert chosen.portal == 9000
    assert moved == []


def test_no_free_port_is_said():
    with pytest.raises(ports.NoFreePort):
        ports.choose(free=lambda port: False)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - the port is asked of the kernel, for an instant
def test_a_listener_makes_its_port_taken(address):
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
    assert ports.is_free(port)


def test_a_port_whose_socket_another_user_left_is_not_free(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / f"seaweedfs-filer-grpc-{port}.sock").touch()
    monkeypatch.setattr(ports, "SOCKETS", tmp_path)
    assert ports.is_free(port), "our own is replaced"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert not ports.is_free(port)


def test_two_stacks_that_look_at_the_same_moment_get_different_ports():
    ours, theirs = ports.Reservation(), ports.Reservation()
    try:
        first, _ = ports.choose(offset=4000, free=ours.take)
        second, _ = ports.choose(offset=4000, free=theirs.take)
        assert not set(astuple(first)) & set(astuple(second))
        ours.release()
        again = ports.Reservation()
        assert again.take(first.portal)
        again.release()
    finally:
        ours.release()
        theirs.release()
