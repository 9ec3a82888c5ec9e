"""Talking to the mail server does not hold up what else the process does (R17)."""

import ssl

import pytest

from chassis import tls
from services.identity.mailer import MailServer
from services.identity.settings import Settings
from tests.unit.identity.test_identity_settings import GOOD


def test_r17_the_authorities_are_read_once_and_not_for_each_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []

    def context(ca_file: None) -> ssl.SSLContext:
        made.append(tls.context(ca_file))
        return made[-1]

    monkeypatch.setattr("services.identity.mailer.context", context)
    server = MailServer(Settings(**GOOD | {"smtp_port": 9, "smtp_security": "tls"}))
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            server.check()
    assert len(made) == 1
