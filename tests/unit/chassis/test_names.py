"""A service finds a server whose name appears or moves while it runs."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

NAME = "relay.example."
PROGRAM = """
import socket, sys
from eventlet.support import greendns
from chassis import process

def look(_package):
    greendns.resolver.clear()
    found = greendns.resolver._resolver
    found.nameservers, found.port = ["127.0.0.1"], int(sys.argv[1])
    for _ in sys.stdin:
        try:
            print(socket.gethostbyname("relay.example."), flush=True)
        except OSError:
            print("unknown", flush=True)
    raise SystemExit

process.read_settings, process.service_class = lambda _package: None, look
process.main("nothing")
"""


class NameServer(threading.Thread):
    """Knows one name or none, and lets its answers be kept for a day."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.address: str | None = None
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def run(self) -> None:
        while True:
            packet, caller = self._socket.recvfrom(4096)
            if not packet:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(packet)).to_wire(), caller)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if self.address is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            answer.authority.append(dns.rrset.from_text(".", 86_400, "IN", "SOA", "a. b. 1 1800 900 604800 86400"))
        else:
            answer.answer.append(dns.rrset.from_text(NAME, 86_400, "IN", "A", self.address))
        return answer

    def end(self) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as own:
            own.sendto(b"", ("127.0.0.1", self.port))
        self.join(5)
        self._socket.close()


@contextmanager
def looking(server: NameServer) -> Iterator[subprocess.Popen[str]]:
    """A service's process that looks the name up for each line that it is given."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(server.port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def test_a_name_that_was_unknown_or_moved_is_found() -> None:
    server, found = NameServer(), []
    server.start()
    with looking(server) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for server.address in (None, "192.0.2.7", "192.0.2.8"):
            process.stdin.write("\n")
            process.stdin.flush()
            found.append(process.stdout.readline().strip())
        process.stdin.close()
    server.end()
    assert found == ["unknown", "192.0.2.7", "192.0.2.8"]
