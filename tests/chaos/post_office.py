"""A mail server as it should not be: what it does depends on the first letters of the recipient."""

import contextlib
import socketserver
import threading
import time
from collections import Counter, defaultdict

PATIENCE = 600  # seconds that a connection may last
FINE, BUSY, GONE, DRIP, HOLD = "fine", "busy", "gone", "drip", "hold"


class PostOffice:
    """Use it with `with`; it takes mails for `fine`, first refuses `busy`, bounces `gone`, never ends talking to `drip`.

    Mails for `hold` are taken, but the sender is told only after `release`.
    """

    def __init__(self, port: int) -> None:
        self.taken: dict[str, list[bytes]] = defaultdict(list)
        self.talks: dict[str, list[float]] = defaultdict(list)  # seconds, of the talks that have ended
        self.busy: Counter[str] = Counter()
        self.holding = threading.Event()
        self._released = threading.Event()
        self._closed = threading.Event()
        office = self

        class Talk(socketserver.StreamRequestHandler):
            timeout = PATIENCE

            def handle(self) -> None:
                office.talk(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", port), Talk)

    def __enter__(self) -> "PostOffice":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def release(self) -> None:
        """Tell the senders of held mails that they were taken."""
        self._released.set()

    def talk(self, line: socketserver.StreamRequestHandler) -> None:
        """One connection from greeting to end."""
        began, recipient = time.monotonic(), ""
        with contextlib.suppress(OSError):  # the other side may leave at any time
            line.wfile.write(b"220 chaos\r\n")
            while command := line.rfile.readline().decode().strip():
                verb = command.partition(" ")[0].upper()
                if verb == "RCPT":
                    recipient = command.partition("<")[2].partition(">")[0]
                line.wfile.write(self._answer(verb, recipient, line) + b"\r\n")
                if verb == "QUIT":
                    break
        if recipient:
            self.talks[recipient].append(time.monotonic() - began)

    def _answer(self, verb: str, recipient: str, line: socketserver.StreamRequestHandler) -> bytes:
        if verb == "RCPT":
            return self._of_recipient(recipient, line)
        if verb == "DATA":
            line.wfile.write(b"354 go on\r\n")
            self._take(recipient, line)
        return b"221 bye" if verb == "QUIT" else b"250 well"

    def _of_recipient(self, recipient: str, line: socketserver.StreamRequestHandler) -> bytes:
        if recipient.startswith(GONE):
            return b"550 5.1.1 no such mailbox"
        if recipient.startswith(BUSY) and not self.busy[recipient]:
            self.busy[recipient] += 1
            return b"451 4.3.0 come back later"
        while recipient.startswith(DRIP) and not self._closed.wait(1):
            line.wfile.write(b"2")
        return b"250 well"

    def _take(self, recipient: str, line: socketserver.StreamRequestHandler) -> None:
        text = b""
        while (part := line.rfile.readline()) not in (b".\r\n", b""):
            text += part
        self.taken[recipient].append(text)
        if recipient.startswith(HOLD) and not self._released.is_set():
            self.holding.set()
            self._released.wait(PATIENCE)
