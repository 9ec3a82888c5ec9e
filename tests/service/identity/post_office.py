"""A real SMTP server that keeps what it takes, and answers as a test tells it to."""

import socket
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class PostOffice:
    """Start it with `with`; `answers` holds (stage, answer) pairs to be given before it is friendly again."""

    def __init__(self):
        self.answers = []
        self.raw = []
        self.envelopes = []
        self.on_data = None

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:  # aiosmtpd cannot tell which port it was given
            self.port = free.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=False)
        self.controller.start()
        return self

    def __exit__(self, *error):
        self.controller.stop()

    @property
    def mails(self):
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]

    def _scripted(self, stage):
        if self.answers and self.answers[0][0] == stage:
            return self.answers.pop(0)[1]
        return None

    async def handle_MAIL(self, server: SMTP, session, envelope, address, options):
        if answer := self._scripted("MAIL"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session, envelope, address, options):
        if answer := self._scripted("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session, envelope):
        return self._scripted("QUIT") or "221 bye"

    async def handle_DATA(self, server: SMTP, session, envelope):
        if self.on_data:
            self.on_data()
        if answer := self._scripted("DATA"):
            return answer
        self.raw.append(envelope.content)
        self.envelopes.append((envelope.mail_from, tuple(envelope.rcpt_tos)))
        return "250 2.0.0 queued as 42"
