"""Mails go nowhere, can be read like in Mailpit, and survive a restart."""

import asyncio
import json
import smtplib
import subprocess
import time
import urllib.error
import urllib.request
from email.message import EmailMessage

import pytest

from ops import ports
from ops.folders import StackFolder
from ops.servers import mailcatcher
from ops.servers.placing import Place

HOSTILE = "<script>alert(1)</script>"


class Catcher:
    """A running mail catcher, and clients of it."""

    def __init__(self, folder, numbers):
        self.place = Place(StackFolder(folder, folder / "stack.json"), durable=False)
        self.place.stack.make()
        self.numbers = numbers

    def start(self):
        program = mailcatcher.prepare(self.place, smtp_port=self.numbers.smtp, http_port=self.numbers.mailbox)
        self.process = subprocess.Popen(program.command, env=program.environment, cwd=program.folder)
        deadline = time.monotonic() + 20
        while not asyncio.run(program.ready()):
            assert time.monotonic() < deadline, "the mail catcher does not answer"
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=10)

    def send(self, to="rh@tilleuls.example", subject="Vos accès à l'Espace Employeur", html="<p>Bonjour</p>"):
        message = EmailMessage()
        message["From"] = "Espace Employeur <ne-pas-repondre@espace.example>"
        message["To"] = f"Service RH <{to}>"
        message["Subject"] = subject
        message["Message-ID"] = f"<{len(subject)}.{to}>"
        message.set_content("Identifiant provisoire : épervier-12\n")
        if html:
            message.add_alternative(html, subtype="html")
        message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="guide.pdf")
        with smtplib.SMTP("127.0.0.1", self.numbers.smtp, timeout=5) as client:
            client.send_message(message)

    def get(self, path, *, method="GET", body=None, host=None):
        headers = {"Host": host} if host else {}
        address = f"http://127.0.0.1:{self.numbers.mailbox}{path}"
        request = urllib.request.Request(address, data=body, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode(), answer.headers

    def api(self, path):
        return json.loads(self.get(f"/api/v1/{path}")[0])

    def page(self, path):
        return self.get(path)[0]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with ports.Reservation() as reserved:
        numbers, _ = ports.choose(offset=2500, free=reserved.take)
        running = Catcher(tmp_path_factory.mktemp("catcher"), numbers)
        running.start()
        yield running
        running.stop()


@pytest.fixture
def catcher(running):
    """The mail catcher, empty."""
    running.get("/api/v1/messages", method="DELETE")
    return running


def test_a_mail_sent_by_smtp_is_listed_and_read_by_mailpits_api(catcher):
    catcher.send()
    listing, mail = catcher.api("messages"), catcher.api("message/latest")
    raw = catcher.page("/api/v1/message/latest/raw")
    (entry,) = listing["messages"]
    assert (listing["total"], listing["messages_count"], listing["count"]) == (1, 1, 1)
    assert entry["ID"] == mail["ID"]
    assert entry["To"] == [{"Name": "Service RH", "Address": "rh@tilleuls.example"}]
    assert entry["From"] == {"Name": "Espace Employeur", "Address": "ne-pas-repondre@espace.example"}
    assert entry["Subject"] == "Vos accès à l'Espace Employeur"
    assert entry["MessageID"] == "30.rh@tilleuls.example"
    assert entry["Snippet"] == "Identifiant provisoire : épervier-12"
    assert entry["Attachments"] == 1
    assert mail["Text"] == "Identifiant provisoire : épervier-12\n"
    assert mail["HTML"].strip() == "<p>Bonjour</p>"
    assert mail["Attachments"][0] == {"FileName": "guide.pdf", "ContentType": "application/pdf", "Size": 8}
    assert "Message-ID: <30.rh@tilleuls.example>" in raw


def test_newest_first_in_pages_of_a_size(catcher):
    for subject in ("un", "deux", "trois"):
        catcher.send(subject=subject)
    everything, page = catcher.api("messages"), catcher.api("messages?limit=1&start=1")
    assert [mail["Subject"] for mail in everything["messages"]] == ["trois", "deux", "un"]
    assert [mail["Subject"] for mail in page["messages"]] == ["deux"]
    assert page["total"] == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("to:autre@example.org", ["Autre"]),
        ("subject:autre", ["Autre"]),
        ('subject:"espace employeur"', ["Vos accès à l'Espace Employeur"]),
        ("message-id:30.rh@tilleuls.example", ["Vos accès à l'Espace Employeur"]),
        ("épervier-12", ["Autre", "Vos accès à l'Espace Employeur"]),
        ("to:autre@example.org subject:vos", []),
        ('"lone', []),
    ],
)
def test_search(catcher, query, found):
    catcher.send()
    catcher.send(to="autre@example.org", subject="Autre")
    answer = catcher.api(f"search?query={urllib.request.quote(query)}")
    assert [mail["Subject"] for mail in answer["messages"]] == found


def test_mails_survive_a_restart_and_are_closed_to_others(catcher):
    catcher.send()
    assert catcher.stop() == 0
    catcher.start()
    assert catcher.api("messages")["total"] == 1
    (file,) = catcher.place.folder("mailcatcher").glob("*.eml")
    assert file.stat().st_mode & 0o077 == 0


def test_one_or_all_can_be_deleted(catcher):
    catcher.send(subject="un")
    catcher.send(subject="deux")
    newest = catcher.api("message/latest")["ID"]
    body = json.dumps({"IDs": [newest]}).encode()
    catcher.get("/api/v1/messages", method="DELETE", body=body)
    left = [mail["Subject"] for mail in catcher.api("messages")["messages"]]
    catcher.get("/api/v1/messages", method="DELETE")
    assert (left, catcher.api("messages")["total"]) == (["un"], 0)


def test_a_deletion_that_cannot_be_read_deletes_nothing(catcher):
    catcher.send()
    with pytest.raises(urllib.error.HTTPError) as refused:
        catcher.get("/api/v1/messages", method="DELETE", body=b"[1]")
    refused.value.close()
    assert (refused.value.code, catcher.api("messages")["total"]) == (400, 1)


def test_the_pages_show_a_mail_without_running_it(catcher):
    catcher.send(subject=HOSTILE, html=f"<html><head></head><body>{HOSTILE}<a href='/x'>lien</a></body></html>")
    mail = catcher.api("message/latest")["ID"]
    listing, page = catcher.page("/"), catcher.page(f"/view/{mail}")
    part, headers = catcher.get(f"/view/{mail}.html")
    assert HOSTILE not in listing
    assert "&lt;script&gt;" in listing
    assert HOSTILE not in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "Identifiant provisoire : épervier-12" in page
    assert '<head><base target="_blank">' in part
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy


def test_a_malformed_mail_is_kept_and_shown(catcher):
    text = b"From: <<>>\r\nMessage-ID: <<b>.x@y>\r\nSubject: =?utf-8?q?=FF?=\r\nTo: ,;\r\n\r\n\xff bytes"
    with smtplib.SMTP("127.0.0.1", catcher.numbers.smtp, timeout=5) as client:
        client.sendmail("a@b.example", ["c@d.example"], text)
    mail = catcher.api("message/latest")
    assert "bytes" in mail["Text"]
    assert f"/view/{mail['ID']}" in catcher.page("/")
    assert "bytes" in catcher.page(f"/view/{mail['ID']}")


def test_a_mail_without_html_is_shown_as_text(catcher):
    catcher.send(html=None)
    page = catcher.page(f"/view/{catcher.api('message/latest')['ID']}")
    assert "<iframe" not in page
    assert "Identifiant provisoire" in page


@pytest.mark.parametrize("path", ["/api/v1/message/unknown", "/view/unknown", "/view/../secrets.json", "/nothing"])
def test_what_is_not_there_is_404(catcher, path):
    with pytest.raises(urllib.error.HTTPError) as missing:
        catcher.get(path)
    missing.value.close()
    assert missing.value.code == 404


def test_a_page_elsewhere_cannot_borrow_our_address(catcher):
    with pytest.raises(urllib.error.HTTPError) as refused:
        catcher.get("/api/v1/messages", host="evil.example")
    refused.value.close()
    assert refused.value.code == 421
