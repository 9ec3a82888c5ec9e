"""The service identity as a test sees it: its own entrypoints on a real database, without a broker."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from uuid import uuid4

from espace_contracts import funder
from espace_contracts import identity as api
from espace_contracts.envelope import read_event
from sqlalchemy import Text, cast, func, literal_column, select, table, text

from chassis.inbox import AlreadyApplied
from chassis.sealing import new_key_pair, seal
from services.identity.mailer import Mailer
from services.identity.providers import kit_of
from services.identity.service import IdentityService
from services.identity.settings import Settings
from services.identity.usecases import forgotten

CLINIC = "73282932000074"
BAKERY = "44306184100047"
CONTACT = "rh@clinique-des-tilleuls.example"
PRIVATE_KEY, PUBLIC_KEY = new_key_pair()
NEW_PASSWORD = "Nouveau-mot-2020"
FIRST, SECOND = "first", "second"  # tokens of the sessions before and after the confirmation
START = datetime(2019, 8, 1, 8, 0, tzinfo=UTC)
OWN_IDENTIFIER, OWN_PASSWORD = "paie.tilleuls", "Été-2019 à Strasbourg"  # NFC as typed
FUNDER = {
    "name": "Transitions Pro Grand Est",
    "email": "contact@transitionspro-ge.example",
    "phone": "+33 3 00 00 00 00",
    "address": "1 rue de l'Exemple, 67000 Strasbourg",
}


def settings(**changes):
    """Settings of a process of the test, with cheap hashes."""
    values = {
        "amqp_url": "amqp://identity:of-the-tests@nowhere",
        "database_url": "postgresql://identity_app:of-the-tests@nowhere",
        "worker_database_url": "postgresql://identity_app:of-the-tests@nowhere",
        "public_url": "https://espace.example",
        "private_key": PRIVATE_KEY,
        "mail_key": b64encode(bytes(range(32))).decode(),
        "smtp_host": "127.0.0.1",
        "smtp_security": "none",
        "mail_from": "Espace Employeur <ne-pas-repondre@espace.example>",
        "mail_reply_to": "contact@transitionspro-ge.example",
        "argon2_memory_kib": 8_192,
        "argon2_rounds": 1,
    }
    return Settings(**values | changes)


def hashed(token):
    """What travels instead of a token."""
    return sha256(token.encode()).hexdigest()


class Bell:
    """Stands for the mailer's loop, which the tests run by hand."""

    def __init__(self):
        self.rung = 0

    def wake(self):
        self.rung += 1


class FrontDesk:
    """Calls the service's entrypoints, and reads what they left in the database."""

    def __init__(self, database, **changes):
        self.database = database
        self.now = START
        self.settings = settings(**changes)
        self.service = IdentityService()
        self.service.db = database
        self.service.kit = kit_of(self.settings)
        self.service.clock = self.tick
        self.service.mailer = Bell()

    def tick(self):
        """The time of a call: no two are made at the same instant, so that what they leave has an order."""
        self.now += timedelta(microseconds=1)
        return self.now

    # what arrives by the bus

    def receive(self, handler, data, *, event_id=None, event_class):
        """Hand an event to a handler, as the bus would; False for a repeat."""
        envelope = {
            "specversion": "1.0",
            "id": str(event_id or uuid4()),
            "source": "urn:test",
            "type": event_class.type,
            "time": self.now.isoformat(),
            "data": data,
        }
        try:
            handler(read_event(json.dumps(envelope).encode(), event_class))
        except AlreadyApplied:
            return False
        return True

    def funding_request(self, *, siret=CLINIC, email=CONTACT, number="19GE00565", event_id=None, by=None):
        data = {
            "employer": {"siret": siret, "legal_name": "Clinique des Tilleuls", "contact_email": email},
            "dossier": {
                "dossier_number": number,
                "beneficiary": {"last_name": "MARTIN", "first_name": "Audrey"},
                "training_title": "INFIRMIER BLOC OPERATOIRE",
                "training_provider": "Institut de formation A",
                "period": {"start": "2019-09-02", "end": "2020-06-30"},
            },
            "funder": by or FUNDER,
        }
        event_class = funder.FundingRequestReceived
        return self.receive(self.service.open_account, data, event_id=event_id, event_class=event_class)

    def contact_changed(self, email, version, *, siret=CLINIC):
        data = {"siret": siret, "version": version, "contact_email": email}
        return self.receive(self.service.change_contact, data, event_class=funder.EmployerContactChanged)

    def mint(self, *, event_id=None):
        """Deliver the AccountCreated event that waits in the outbox."""
        (data,) = [data for kind, data in self.events() if kind == "AccountCreated.v1"]
        handler = self.service.mint_provisional_credentials
        return self.receive(handler, data, event_id=event_id, event_class=api.AccountCreated)

    def create(self, *, siret=CLINIC, email=CONTACT, key=None):
        request = {
            "employer": {"siret": siret, "legal_name": "Clinique des Tilleuls", "contact_email": email},
            "funder": FUNDER,
            "idempotency_key": key,
        }
        return self.service.create_account(api.CreateAccount.model_validate(request))

    # what people do

    def session(self, token, address="192.0.2.7"):
        return api.NewSession(token_hash=hashed(token), remote_address=address, user_agent="test")

    def log_in(self, identifier, password, *, token=FIRST, address="192.0.2.7", solved=None):
        sealed, session = seal(PUBLIC_KEY, password), self.session(token, address)
        request = api.OpenSession(identifier=identifier, password=sealed, session=session, solved=solved)
        return self.service.open_session(request)

    def check(self, token=FIRST):
        return self.service.check_session(api.SessionToken(token_hash=hashed(token)))

    def personalise(self, identifier=OWN_IDENTIFIER, password=OWN_PASSWORD, *, token=FIRST, key=None):
        sealed = seal(PUBLIC_KEY, password)
        return self.service.personalise(
            api.Personalise(token_hash=hashed(token), identifier=identifier, password=sealed, idempotency_key=key)
        )

    def resend(self, token=FIRST):
        return self.service.resend_confirmation(api.SessionWrite(token_hash=hashed(token)))

    def look_at_link(self, link):
        return self.service.get_confirmation(api.LinkToken(token_hash=hashed(link)))

    def confirm(self, link, password=OWN_PASSWORD, *, token=SECOND, address="192.0.2.7"):
        request = api.ConfirmIdentifier(
            token_hash=hashed(link), password=seal(PUBLIC_KEY, password), session=self.session(token, address)
        )
        return self.service.confirm_identifier(request)

    def accept(self, version="2019-07", *, token=SECOND):
        request = api.AcceptPrivacyPolicy(token_hash=hashed(token), policy_version=version)
        return self.service.accept_privacy_policy(request)

    def forget_password(self, identifier, address="192.0.2.7"):
        self.service.request_password_reset(api.RequestPasswordReset(identifier=identifier, remote_address=address))
        self.answer_requests()

    def forget_identifier(self, contact_email, address="192.0.2.7"):
        self.service.remind_identifier(api.RemindIdentifier(contact_email=contact_email, remote_address=address))
        self.answer_requests()

    def answer_requests(self):
        """What the mailer's loop does before it sends."""
        with self.database.work() as connection:
            while forgotten.answer_next(connection, kit=self.service.kit, now=self.now):
                pass

    def look_at_reset_link(self, link):
        return self.service.get_reset_link(api.LinkToken(token_hash=hashed(link)))

    def solved(self, name=None):
        """A challenge that the gateway has found solved; a fresh one without name."""
        return api.SolvedChallenge(digest=hashed(name or str(uuid4())), expires_at=self.now + timedelta(minutes=10))

    def reset(self, link, password=NEW_PASSWORD, **typed):
        """Send the form; *typed* is any of identifier, repeated, solved and code, right where it is not given."""
        code = typed.get("code")
        request = api.ResetPassword(
            token_hash=hashed(link),
            identifier=typed.get("identifier", OWN_IDENTIFIER),
            password=seal(PUBLIC_KEY, password),
            repeated=seal(PUBLIC_KEY, typed.get("repeated", password)),
            solved=typed.get("solved", None if code else self.solved()),
            robot_code=api.robot_code_hash(hashed(link), code) if code else None,
            remote_address=typed.get("address", "192.0.2.7"),
        )
        return self.service.reset_password(request)

    def send_code(self, link):
        """Ask for a mailed code; what the mail says."""
        self.service.send_robot_code(api.SendRobotCode(token_hash=hashed(link), remote_address="192.0.2.7"))
        return self.secret(self.mails("robot_code")[-1])["code"]

    def ask_contact(self, email, password=OWN_PASSWORD, *, token=SECOND, key=None):
        """Ask for another contact address."""
        request = api.RequestContactChange(
            token_hash=hashed(token),
            contact_email=email,
            password=seal(PUBLIC_KEY, password),
            remote_address="192.0.2.7",
            idempotency_key=key,
        )
        return self.service.request_contact_change(request)

    def own_sessions(self, token=SECOND):
        return self.service.list_sessions(api.SessionToken(token_hash=hashed(token))).sessions

    def end_sessions(self, token=SECOND, session_id=None, key=None):
        request = api.EndOwnSessions(token_hash=hashed(token), session_id=session_id, idempotency_key=key)
        self.service.end_sessions(request)

    def reissue(self, siret=CLINIC, email=None):
        return self.service.reissue_credentials(api.ReissueCredentials(siret=siret, contact_email=email))

    def disable(self, siret=CLINIC):
        return self.service.disable_account(api.DisableAccount(siret=siret, reason="fraud"))

    # whole stretches

    def open_provisional(self, *, siret=CLINIC, email=CONTACT):
        """An account, its mail written: (identifier, password) as the mail has them."""
        self.funding_request(siret=siret, email=email)
        for account_id in self.column("select id from accounts where password_hash is null"):
            data = {"account_id": str(account_id), "siret": siret}
            handler = self.service.mint_provisional_credentials
            self.receive(handler, data, event_class=api.AccountCreated)
        mail = self.mails("provisional_credentials", siret=siret)[-1]
        return mail.facts["identifier"], self.secret(mail)["password"]

    def stand_in_wizard(self, **employer):
        """Logged in with provisional credentials: (identifier, password)."""
        credentials = self.open_provisional(**employer)
        self.log_in(*credentials)
        return credentials

    def chosen(self):
        """Personalised; the token of the mailed link."""
        self.stand_in_wizard()
        self.personalise()
        return self.link()

    def activated(self):
        """First login over, policy not yet accepted."""
        return self.confirm(self.chosen())

    # what is left behind

    def rows(self, query, **values):
        with self.database.work() as connection:
            return connection.execute(text(query), values).all()

    def column(self, query, **values):
        return [row[0] for row in self.rows(query, **values)]

    def events(self):
        """(type, data) of all events that wait in the outbox."""
        bodies = self.rows("select type, body from outbox order by id")
        return [(row.type, json.loads(row.body)["data"]) for row in bodies]

    def event_types(self):
        return [kind for kind, _ in self.events()]

    def mails(self, name=None, *, siret=CLINIC):
        query = "select * from mails where siret = :siret and (cast(:name as text) is null or name = :name)"
        return self.rows(f"{query} order by created_at, id", siret=siret, name=name)

    def secret(self, mail):
        return self.service.kit.keys.unlock(mail.secret)

    def tables_with(self, clear_text):
        """The tables of which some row has *clear_text*, in a text or in a binary column."""
        names = self.column("select tablename from pg_tables where schemaname = 'public' order by tablename")
        return [name for name in names if self._has(name, clear_text) or self._has(name, clear_text.encode().hex())]

    def _has(self, name, part):
        rows = table(name).alias("t")
        line = cast(literal_column("t"), Text)
        with self.database.work() as connection:
            return (
                connection.execute(select(func.count()).select_from(rows).where(line.contains(part))).scalar_one() > 0
            )

    def link(self, name="identifier_change"):
        """The token in the newest mail of this name."""
        return self.secret(self.mails(name)[-1])["token"]

    def audited(self, action):
        query = "select succeeded from audit_log where action = :action order by id"
        return self.column(query, action=action)

    def later(self, **time):
        self.now += timedelta(**time)

    def mailer(self, **changes):
        """The mailer's loop, to be run a round at a time."""
        mailer = Mailer()
        mailer.shared_database = SimpleNamespace(database=self.database)
        mailer.clock = lambda: self.now
        mailer.use(self.settings.model_copy(update=changes))
        return mailer
