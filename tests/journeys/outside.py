"""The world around the portal: the funder's systems on the bus, and the mailbox of an employer.

Written as another team would write it: plain kombu and HTTP, nothing of ours imported.
"""

import json
import re
import secrets
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from kombu import Connection, Exchange

LONGEST_WAIT = 30  # seconds for an event to become a mail or a row


def new_siret() -> str:
    """A SIRET that passes its check and that nobody has had before."""
    base = "9" + "".join(secrets.choice("0123456789") for _ in range(12))
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(base)]
    return base + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


@dataclass
class Employer:
    """An employer of one test, with three dossiers of its own numbers and two people called Audrey."""

    siret: str = field(default_factory=new_siret)
    mark: str = field(default_factory=lambda: secrets.token_hex(3).upper())
    identifier: str = ""
    password: str = "Journal&de-paie"

    def __post_init__(self) -> None:
        self.identifier = f"paie.{self.mark.lower()}"

    @property
    def address(self) -> str:
        """Its contact address."""
        return f"rh@employeur-{self.mark.lower()}.example"

    @property
    def legal_name(self) -> str:
        """Its name."""
        return f"Clinique {self.mark}"

    def dossier(self, name: str) -> str:
        """A dossier number of the guide, made this employer's own."""
        return f"{name}{self.mark}"

    def number(self, payment_number: str) -> str:
        """A payment number of the guide, made this employer's own: numbers are unique everywhere."""
        return f"{payment_number}{self.mark}"


DOSSIERS = (
    ("19GE00565", "MARTIN", "Audrey", "INFIRMIER BLOC OPERATOIRE", "Institut de formation A"),
    ("19XX00565", "NGUYEN", "Théo", "CONDUCTEUR DE TRAVAUX BTP", "Institut de formation B"),
    ("18RCDI4786", "DUPUIS", "Audrey", "INFIRMIER BLOC OPERATOIRE", "Institut de formation A"),
)
PAYMENTS = (  # number, dossier, amount, hours, periods, paid on: the guide's screen
    ("806112", 0, "2764.94", "151.67", (("2019-11-01", "2019-11-30"),), "2019-12-11"),
    ("806113", 1, "2764.94", "151.67", (("2019-11-01", "2019-11-30"),), "2019-12-11"),
    ("804871", 0, "3054.63", "151.67", (("2019-10-01", "2019-10-31"),), "2019-11-21"),
    ("804872", 1, "3054.63", "151.67", (("2019-10-01", "2019-10-31"),), "2019-11-21"),
    ("803455", 2, "3826.63", "151.67", (("2019-09-01", "2019-09-30"),), "2019-10-31"),
    ("803102", 0, "2816.51", "140.00", (("2019-09-02", "2019-09-30"),), "2019-10-21"),
    ("803103", 1, "2816.51", "140.00", (("2019-09-02", "2019-09-30"),), "2019-10-21"),
    ("803090", 2, "8661.36", "303.34", (("2019-07-01", "2019-07-31"), ("2019-08-01", "2019-08-31")), "2019-10-14"),
)


class FunderSystem:
    """Publishes on `funder.events` as the broker user that the stack file names."""

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url

    def publish(self, kind: str, *bodies: dict[str, Any]) -> list[str]:
        """Send events and wait for the broker's confirmation of each; their ids."""
        ids = []
        exchange = Exchange("funder.events", type="topic", durable=True, passive=True)
        with Connection(self._url, transport_options={"confirm_publish": True}) as connection:
            producer = connection.Producer(serializer="json")
            for data in bodies:
                event = {
                    "specversion": "1.0",
                    "id": str(uuid.uuid4()),
                    "source": "urn:journeys:back-office",
                    "type": kind,
                    "time": datetime.now(UTC).isoformat(),
                    "data": data,
                }
                producer.publish(
                    event, exchange=exchange, routing_key=kind, delivery_mode=2, mandatory=True, timeout=10
                )
                ids.append(str(event["id"]))
        return ids

    def receive_requests(self, employer: Employer) -> None:
        """Three beneficiaries of the employer have asked for funding."""
        self.publish("FundingRequestReceived.v1", *(self._request(employer, place) for place in range(len(DOSSIERS))))

    @staticmethod
    def _request(employer: Employer, place: int) -> dict[str, Any]:
        number, last, first, title, provider = DOSSIERS[place]
        return {
            "employer": {
                "siret": employer.siret,
                "legal_name": employer.legal_name,
                "contact_email": employer.address,
            },
            "dossier": {
                "dossier_number": employer.dossier(number),
                "beneficiary": {"last_name": last, "first_name": first},
                "training_title": title,
                "training_provider": provider,
                "period": {"start": "2019-09-02", "end": "2020-06-30"},
            },
            "funder": {
                "name": "Transitions Pro Grand Est",
                "email": "contact@transitionspro-ge.example",
                "phone": "+33 3 00 00 00 00",
            },
        }

    def pay(self, employer: Employer) -> None:
        """The payments of the guide's screen."""
        self.publish("PaymentIssued.v1", *(self._payment(employer, *facts) for facts in PAYMENTS))

    @staticmethod
    def _payment(employer: Employer, number: str, place: int, *facts: Any) -> dict[str, Any]:
        amount, hours, periods, day = facts
        dossier, last, first, title, _provider = DOSSIERS[place]
        return {
            "payment_number": employer.number(number),
            "version": 1,
            "siret": employer.siret,
            "dossier_number": employer.dossier(dossier),
            "beneficiary": {"last_name": last, "first_name": first},
            "training_title": title,
            "amount": amount,
            "currency": "EUR",
            "paid_hours": hours,
            "periods": [{"start": start, "end": end} for start, end in periods],
            "paid_on": day,
            "transfer_reference": f"TP{day.replace('-', '')}-{employer.number(number)}",
        }


class Mailbox:
    """Reads mails by Mailpit's API."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self._url}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)

    def texts(self, address: str) -> list[str]:
        """The plain texts of all mails to *address*, newest first."""
        found = self._get(f"search?query={quote(f'to:{address}')}")["messages"]
        own = [mail for mail in found if any(to["Address"] == address for to in mail["To"])]
        return [self._get(f"message/{mail['ID']}")["Text"].replace("\r\n", "\n") for mail in own]

    def wait_for(self, address: str, pattern: str, *, count: int = 1) -> list[re.Match[str]]:
        """The first match of *pattern* in each of *count* mails to *address*, newest first."""
        end = time.monotonic() + LONGEST_WAIT
        while True:
            found = [match for text in self.texts(address) if (match := re.search(pattern, text))]
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                raise AssertionError(
                    f"{len(found)} of {count} mails with {pattern!r}; {len(self.texts(address))} in all"
                )
            time.sleep(0.2)

    def sources(self) -> Iterator[str]:
        """Every mail of the archive: its headers, and both its parts decoded."""
        for mail in self._get("messages?limit=10000")["messages"]:
            whole = self._get(f"message/{mail['ID']}")
            yield "\n".join((json.dumps(mail, ensure_ascii=False), whole["Text"], whole["HTML"]))

    def provisional(self, address: str) -> tuple[str, str]:
        """The identifier and password of the first mail (S3)."""
        pattern = r"Identifiant provisoire\s*: (\S+)\s+Mot de passe provisoire\s*: (\S+)"
        return self.wait_for(address, pattern)[0].groups()

    def confirmation_path(self, address: str, *, count: int = 1) -> str:
        """The path of the newest confirmation link (S8)."""
        return urlsplit(self.wait_for(address, r"https?://\S+/confirmation/\S+", count=count)[0].group()).path
