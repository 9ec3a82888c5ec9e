"""The mails as web pages to read, for people who try the portal."""

import html
from collections.abc import Iterable

from ops.servers.mailbox import Mail

# Mails come from our own services, yet their content is never trusted: no script, nothing from elsewhere.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
# Links of a mail open beside it: the portal refuses to be shown in a frame.
NEW_TAB = '<base target="_blank">'

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem 1.5rem; color: #1c2733 }
a { color: #0b5fa5 } h1 { font-size: 1.4rem } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #d8dee5; vertical-align: top }
iframe { width: 100%; height: 46rem; border: 1px solid #d8dee5; border-radius: .5rem; background: #fff }
pre { white-space: pre-wrap; background: #f5f7f9; padding: 1rem; border-radius: .5rem } .quiet { color: #566472 }
"""


def mail_list(mails: Iterable[Mail]) -> str:
    """Every mail on a line; the page looks again by itself."""
    rows = "".join(_row(mail) for mail in mails)
    table = f"<table><tr><th>To</th><th>Subject</th><th>Arrived (UTC)</th></tr>{rows}</table>"
    body = table if rows else '<p class="quiet">No mail yet. This page looks again every five seconds.</p>'
    return _page("Mailbox", f"<h1>Mailbox</h1>{body}", head='<meta http-equiv="refresh" content="5">')


def one_mail(mail: Mail) -> str:
    """One mail: who, what, the page that it carries, its text."""
    facts = mail.summary
    sender = facts["From"]["Address"] if facts["From"] else ""
    parts = [
        '<p><a href="/">All mails</a></p>',
        f"<h1>{html.escape(facts['Subject'])}</h1>",
        f'<p class="quiet">From {html.escape(sender)} to {html.escape(_recipients(mail))}, {mail.created:%d/%m/%Y %H:%M:%S} '
        f'UTC, <a href="/api/v1/message/{mail.id}/raw">as sent</a></p>',
    ]
    if mail.text("html"):
        parts.append(f'<iframe title="The mail" sandbox="{_sandbox()}" src="/view/{mail.id}.html"></iframe>')
    parts.append(f"<h2>Text part</h2><pre>{html.escape(mail.text('plain'))}</pre>")
    return _page(facts["Subject"], "".join(parts))


def html_part(mail: Mail) -> str:
    """The mail's own page, its links opening in a new tab."""
    page = mail.text("html")
    head, tag, rest = page.partition("<head>")
    return f"{head}{tag}{NEW_TAB}{rest}" if tag else f"{NEW_TAB}{page}"


def _row(mail: Mail) -> str:
    subject = html.escape(str(mail.message.get("Subject", ""))) or "(no subject)"
    return (
        f"<tr><td>{html.escape(_recipients(mail))}</td>"
        f'<td><a href="/view/{mail.id}">{subject}</a></td><td>{mail.created:%d/%m/%Y %H:%M:%S}</td></tr>'
    )


def _recipients(mail: Mail) -> str:
    return ", ".join(to["Address"] for to in mail.summary["To"])


def _sandbox() -> str:
    return MAIL_POLICY.rpartition("sandbox ")[2]


def _page(title: str, body: str, *, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"{head}<style>{STYLE}</style><body>{body}</body></html>"
    )
