"""Identity's canned answers: one account, in the stage that a test puts it in."""

from uuid import uuid5

from espace_contracts import errors, identity
from espace_contracts.rpc import Done

from tests.doubles.facts import FUNDER, LATER, NOW, SIRET, SPACE


def session(state: str = "active", *, policy: bool = True, pending: str | None = None) -> identity.Session:
    """A session of an account in *state*."""
    return identity.Session(
        session_id=uuid5(SPACE, "session"),
        account_id=uuid5(SPACE, "account"),
        siret=SIRET,
        legal_name="Clinique des Tilleuls",
        identifier="paie.tilleuls",
        contact_email="rh@clinique-des-tilleuls.example",
        masked_contact_email="rh@clin…tilleuls.example",
        state=state,
        pending_identifier=pending,
        policy_accepted=policy,
        funder=FUNDER,
        opened_at=NOW,
        last_login_at=NOW,
        idle_expires_at=LATER,
        absolute_expires_at=LATER,
    )


class FakeIdentity:
    """Answers as identity would; *session* is what every token opens, None nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.session: identity.Session | None = session()
        self.wanted_email: str | None = None
        self.preferences = identity.Preferences(payment_mails=True)

    def check_session(self, request: identity.SessionToken) -> identity.Session:
        """The session that the test has put, for whatever token."""
        if self.session is None:
            raise errors.SessionInvalid
        return self.session

    def open_session(self, request: identity.OpenSession) -> identity.Session:
        """The same."""
        return self.session or session()

    def close_session(self, request: identity.SessionToken) -> Done:
        """Done."""
        return Done()

    def personalise(self, request: identity.Personalise) -> identity.Personalised:
        """The mail is on its way."""
        self.session = session("pending_confirmation", policy=False, pending=request.identifier)
        return identity.Personalised(
            identifier=request.identifier, masked_contact_email="rh@clin…tilleuls.example", link_expires_at=NOW
        )

    def resend_confirmation(self, request: identity.SessionWrite) -> identity.Personalised:
        """Again."""
        return identity.Personalised(identifier="x", masked_contact_email="rh@…", link_expires_at=NOW)

    def get_confirmation(self, request: identity.LinkToken) -> identity.ConfirmationLink:
        """A live link."""
        return identity.ConfirmationLink(identifier="paie.tilleuls")

    def confirm_identifier(self, request: identity.ConfirmIdentifier) -> identity.Session:
        """Active now, the policy still to come."""
        self.session = session(policy=False)
        return self.session

    def list_sessions(self, request: identity.SessionToken) -> identity.OwnSessions:
        """This one and a telephone."""
        here = {"opened_at": NOW, "last_seen_at": NOW, "remote_address": "192.0.2.7"}
        firefox = "Mozilla/5.0 (Windows NT 10.0; rv:121.0) Gecko/20100101 Firefox/121.0"
        phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
        return identity.OwnSessions(
            sessions=(
                identity.OwnSession(session_id=uuid5(SPACE, "session"), current=True, user_agent=firefox, **here),
                identity.OwnSession(session_id=uuid5(SPACE, "phone"), current=False, user_agent=phone, **here),
            )
        )

    def end_sessions(self, request: identity.EndOwnSessions) -> Done:
        """Ended."""
        return Done()

    def get_preferences(self, request: identity.SessionToken) -> identity.Preferences:
        """What was set last."""
        return self.preferences

    def set_preferences(self, request: identity.SetPreferences) -> identity.Preferences:
        """Set."""
        self.preferences = identity.Preferences(payment_mails=request.payment_mails)
        return self.preferences

    def get_contact(self, request: identity.SessionToken) -> identity.Contact:
        """The address, and the one that a test lets wait."""
        waiting = {"wanted_email": self.wanted_email, "link_expires_at": NOW} if self.wanted_email else {}
        return identity.Contact(contact_email="rh@clinique-des-tilleuls.example", **waiting)

    def request_contact_change(self, request: identity.RequestContactChange) -> identity.Contact:
        """The link is on its way."""
        return identity.Contact(
            contact_email="rh@clinique-des-tilleuls.example", wanted_email=request.contact_email, link_expires_at=NOW
        )

    def get_contact_link(self, request: identity.LinkToken) -> identity.ContactLink:
        """A live link."""
        return identity.ContactLink(contact_email="paie@clinique-des-tilleuls.example")

    def confirm_contact(self, request: identity.ConfirmContact) -> Done:
        """Done."""
        return Done()

    def read_journal(self, request: identity.ReadJournal) -> identity.Journal:
        """A log-in and three ticks."""
        ticked = {"at": NOW, "action": "payment_ticked", "succeeded": True, "who": "paie.tilleuls"}
        entries = [identity.JournalEntry(**ticked, subject=number) for number in ("806112", "806113", "804871")]
        login = identity.JournalEntry(at=NOW, action="login", succeeded=False)
        return identity.Journal(entries=(*entries, login))

    def request_password_reset(self, request: identity.RequestPasswordReset) -> Done:
        """Noted."""
        return Done()

    def remind_identifier(self, request: identity.RemindIdentifier) -> Done:
        """Noted."""
        return Done()

    def get_reset_link(self, request: identity.LinkToken) -> Done:
        """A live link."""
        return Done()

    def send_robot_code(self, request: identity.SendRobotCode) -> Done:
        """On its way."""
        return Done()

    def reset_password(self, request: identity.ResetPassword) -> Done:
        """Done."""
        return Done()

    def accept_privacy_policy(self, request: identity.AcceptPrivacyPolicy) -> identity.Session:
        """In."""
        self.session = session()
        return self.session
