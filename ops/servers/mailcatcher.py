"""An SMTP server that delivers nowhere: every mail can be read in the browser and by Mailpit's API.

`python -m ops.servers.mailcatcher FOLDER SMTP_PORT HTTP_PORT`
"""

import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ops import probes
from ops.ports import LOOPBACK
from ops.servers import mailpages
from ops.servers.mailbox import Mail, Mailbox
from ops.servers.placing import Place
from ops.supervisor import Program

NAME = "mailcatcher"
LARGEST = 50 * 1024**2  # bytes of a mail
OWN_NAMES = frozenset({LOOPBACK, "localhost"})


def prepare(place: Place, *, smtp_port: int, http_port: int) -> Program:
    """Tell how the mail catcher runs; its mails survive it."""
    folder = place.folder(NAME)
    return Program(
        name=NAME,
        command=(sys.executable, "-m", "ops.servers.mailcatcher", str(folder), str(smtp_port), str(http_port)),
        environment=place.environment(),
        log=place.log("mailcatcher.log"),
        folder=Path(__file__).parent.parent.parent,
        ready=probes.all_of(probes.smtp(smtp_port), probes.http(http_port, "/readyz")),
    )


class Receiver:
    """What aiosmtpd calls for each mail."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep the mail, then accept it."""
        content = envelope.content or b""
        mail = self._mailbox.add(content if isinstance(content, bytes) else content.encode())
        return f"250 OK: kept as {mail.id}"


class Pages(BaseHTTPRequestHandler):
    """Mailpit's API below /api/v1, and pages to read."""

    mailbox: Mailbox

    def do_GET(self) -> None:
        """Answer one of the addresses below."""
        if not self._is_asked_by_own_name():
            self._send(421, "this mailbox answers to 127.0.0.1 and localhost only", kind="text/plain")
            return
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        match address.path.strip("/").split("/"):
            case [""]:
                self._page(mailpages.mail_list(self.mailbox.all()), policy=mailpages.PAGE_POLICY)
            case ["livez" | "readyz"]:
                self._send(200, "ok", kind="text/plain")
            case ["api", "v1", "messages"]:
                self._listing(self.mailbox.all(), query)
            case ["api", "v1", "search"]:
                self._listing(self.mailbox.search(query.get("query", [""])[0]), query)
            case ["api", "v1", "message", identifier, *view]:
                self._message(identifier, view)
            case ["view", name]:
                self._view(name)
            case _:
                self._missing()

    def do_DELETE(self) -> None:
        """Delete all mails, or those of {"IDs": […]}."""
        if urlsplit(self.path).path != "/api/v1/messages" or not self._is_asked_by_own_name():
            self._missing()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            identifiers = json.loads(body).get("IDs") if body.strip() else None
        except (ValueError, AttributeError):
            self._json({"Error": 'the body must be empty or {"IDs": […]}'}, status=400)
            return
        self.mailbox.delete(identifiers or None)
        self._send(200, "ok", kind="text/plain")

    def log_message(self, *_arguments: object) -> None:
        """Addresses of requests hold what is searched for: not logged."""

    def _listing(self, mails: list[Mail], query: dict[str, list[str]]) -> None:
        start, limit = _number(query, "start", 0), _number(query, "limit", 50)
        shown = [mail.summary for mail in mails[start : start + limit]]
        total = self.mailbox.count()
        counts = {"total": total, "unread": total, "count": len(shown), "messages_count": len(mails), "start": start}
        self._json(counts | {"messages_unread": len(mails), "tags": [], "messages": shown})

    def _message(self, identifier: str, view: list[str]) -> None:
        mail = self.mailbox.get(identifier)
        if mail is None:
            self._missing()
        elif view == ["raw"]:
            self._send(200, mail.raw, kind="text/plain")
        elif view == ["headers"]:
            self._json(mail.headers())
        elif not view:
            self._json(mail.details())
        else:
            self._missing()

    def _view(self, name: str) -> None:
        identifier, _, ending = name.partition(".")
        mail = self.mailbox.get(identifier)
        if mail is None or ending not in ("", "html", "txt"):
            self._missing()
        elif ending == "html":
            self._page(mailpages.html_part(mail), policy=mailpages.MAIL_POLICY)
        elif ending == "txt":
            self._send(200, mail.text("plain"), kind="text/plain")
        else:
            self._page(mailpages.one_mail(mail), policy=mailpages.PAGE_POLICY)

    def _is_asked_by_own_name(self) -> bool:
        # A page elsewhere could give its own name our address and read the passwords in these mails.
        return urlsplit(f"//{self.headers.get('Host', '')}").hostname in OWN_NAMES

    def _missing(self) -> None:
        self._json({"Error": "not found"}, status=404)

    def _json(self, body: Any, *, status: int = 200) -> None:
        self._send(status, json.dumps(body), kind="application/json")

    def _page(self, body: str, *, policy: str) -> None:
        self._send(200, body, kind="text/html", policy=policy)

    def _send(self, status: int, body: str | bytes, *, kind: str, policy: str = "default-src 'none'") -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    text = query.get(name, [""])[0]
    return int(text) if text.isdecimal() else default


def main(arguments: list[str]) -> None:
    """Serve until told to stop."""
    folder, smtp_port, http_port = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    mailbox = Mailbox(folder)
    receiver = Controller(Receiver(mailbox), hostname=LOOPBACK, port=smtp_port, data_size_limit=LARGEST)
    pages = ThreadingHTTPServer((LOOPBACK, http_port), type("Bound", (Pages,), {"mailbox": mailbox}))
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    receiver.start()
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    told_to_stop.wait()
    pages.shutdown()
    receiver.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
