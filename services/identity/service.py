"""The service identity on the bus: who may open an employer's portal.

Each entrypoint opens one transaction (two around a login, since comparing passwords is slow), calls one use
case and answers. Rules live in `domain`, work in `usecases`, queries in `store`.
"""

from functools import partial
from typing import Any

from espace_contracts import documents, funder, payments
from espace_contracts import identity as api
from espace_contracts.envelope import Event
from espace_contracts.errors import DeadlineExceeded, IdentifierTaken, ResetRefused, WrongCredentials
from espace_contracts.registry import REPLAYS
from espace_contracts.replay import EventsPage, EventsSince
from espace_contracts.rpc import Done

from chassis import replay
from chassis.bus import rpc, subscribe, subscribe_in_batches
from chassis.idempotency import once
from chassis.measures import Measures
from services.identity.daily_payments import DailyPayments
from services.identity.mailer import WAITING_MAILS
from services.identity.purge import Purge
from services.identity.usecases import (
    contact,
    daily_payments,
    decisions,
    employers,
    first_login,
    forgotten,
    journal,
    preferences,
    sessions,
)
from services.identity.writes import Writes


class IdentityService(Writes):
    """Accounts, credentials, sessions, and every mail."""

    name = api.SERVICE

    purge = Purge()
    payment_mails = DailyPayments()
    measures = Measures(WAITING_MAILS)

    @subscribe(funder.FundingRequestReceived)
    def open_account(self, event: Event[funder.FundingRequestReceived]) -> None:
        """The first request for an employer opens its account (S2)."""
        with self.db.once(event) as connection:
            employers.open_account(connection, event.data.employer, event.data.funder, kit=self.kit, now=self.clock())

    @rpc(api.CREATE_ACCOUNT)
    def create_account(self, request: api.CreateAccount) -> api.AccountAnswer:
        """The same, for a funder's system that wants the answer."""
        return self._write(api.CREATE_ACCOUNT, request, employers.create_account)

    @subscribe(api.AccountCreated)
    def mint_provisional_credentials(self, event: Event[api.AccountCreated]) -> None:
        """Make and mail the provisional credentials, once (S3)."""
        with self.db.once(event) as connection:
            employers.mint_provisional_credentials(connection, event.data.account_id, kit=self.kit, now=self.clock())
        self.mailer.wake()

    @subscribe(funder.EmployerContactChanged)
    def change_contact(self, event: Event[funder.EmployerContactChanged]) -> None:
        """Replace the contact address, and tell the old one (S2)."""
        with self.db.once(event) as connection:
            contact.follow_funder(connection, event.data, now=self.clock())
        self.mailer.wake()

    @subscribe(payments.PaymentTicked)
    @subscribe(payments.PaymentUnticked)
    def note_tick(self, event: Event[Any]) -> None:
        """For the employer's journal."""
        with self.db.once(event) as connection:
            journal.note_tick(connection, event)

    @subscribe(payments.PaymentsExported)
    def note_export(self, event: Event[payments.PaymentsExported]) -> None:
        """For the employer's journal."""
        with self.db.once(event) as connection:
            journal.note_export(connection, event)

    @subscribe_in_batches(payments.PaymentRecorded)
    def note_payments(self, events: list[Event[payments.PaymentRecorded]]) -> None:
        """For the day's mail."""
        with self.db.once_each(events) as (connection, fresh):
            daily_payments.note(connection, fresh, at=self.kit.rules.payment_mail_at, now=self.clock())

    @subscribe(documents.DocumentHandled)
    def tell_decision(self, event: Event[documents.DocumentHandled]) -> None:
        """The employer learns by mail what became of its deposit (S48)."""
        with self.db.once(event) as connection:
            decisions.tell(connection, event.data, kit=self.kit, now=self.clock())
        self.mailer.wake()

    @subscribe(documents.DocumentDeposited)
    @subscribe(documents.DocumentReplaced)
    @subscribe(documents.DocumentRecategorised)
    @subscribe(documents.DocumentDeleted)
    @subscribe(documents.DocumentRestored)
    def note_document(self, event: Event[Any]) -> None:
        """For the employer's journal."""
        with self.db.once(event) as connection:
            journal.note_document(connection, event)

    @rpc(api.OPEN_SESSION)
    def open_session(self, request: api.OpenSession) -> api.Session:
        """Log in (S15)."""
        password = self.kit.keys.open_password(request.password)
        counted_at = self.clock()
        with self.db.transaction() as connection:
            candidate = sessions.begin_login(connection, request, kit=self.kit, now=counted_at)
        proof = self.kit.passwords.check(candidate.password_hash, password)
        try:
            with self.db.transaction() as connection:
                session = sessions.finish_login(
                    connection, request, candidate, proof=proof, kit=self.kit, now=self.clock()
                )
        except DeadlineExceeded:
            with self.db.after_deadline().transaction() as connection:
                sessions.abandon_login(connection, request, kit=self.kit, counted_at=counted_at)
            raise
        if session is None:
            raise WrongCredentials
        return session

    @rpc(api.CHECK_SESSION)
    def check_session(self, request: api.SessionToken) -> api.Session:
        """The live session behind a token."""
        with self.db.transaction() as connection:
            return sessions.check_session(connection, request.token_hash, kit=self.kit, now=self.clock())

    @rpc(api.CLOSE_SESSION)
    def close_session(self, request: api.SessionToken) -> Done:
        """Log out."""
        with self.db.transaction() as connection:
            sessions.close_session(connection, request.token_hash, now=self.clock())
        return Done()

    @rpc(api.PERSONALISE)
    def personalise(self, request: api.Personalise) -> api.Personalised:
        """Choose the own identifier and password; a mailed link confirms them (S5, S8)."""
        with self.db.transaction() as connection:
            outcome = self._tried(connection, api.PERSONALISE, request, first_login.personalise)
            if isinstance(outcome, IdentifierTaken):
                first_login.note_taken(connection, request, kit=self.kit, now=self.clock())
        return self._told(outcome)

    @rpc(api.RESEND_CONFIRMATION)
    def resend_confirmation(self, request: api.SessionWrite) -> api.Personalised:
        """Mail a new link, which voids the one before (S9)."""
        return self._write(api.RESEND_CONFIRMATION, request, first_login.resend_confirmation)

    @rpc(api.GET_CONFIRMATION)
    def get_confirmation(self, request: api.LinkToken) -> api.ConfirmationLink:
        """What a confirmation link is about; reading it consumes nothing."""
        with self.db.transaction() as connection:
            return first_login.get_confirmation(connection, request, now=self.clock())

    @rpc(api.CONFIRM_IDENTIFIER)
    def confirm_identifier(self, request: api.ConfirmIdentifier) -> api.Session:
        """Confirm the own credentials by typing the password again behind the link (S9, S10)."""
        with self.db.transaction() as connection:
            first_login.hold_account(connection, request, now=self.clock())
            outcome = self._tried(connection, api.CONFIRM_IDENTIFIER, request, first_login.confirm_identifier)
            if isinstance(outcome, WrongCredentials):
                first_login.note_wrong_confirmation(connection, request, kit=self.kit, now=self.clock())
        return self._told(outcome)

    @rpc(api.ACCEPT_PRIVACY_POLICY)
    def accept_privacy_policy(self, request: api.AcceptPrivacyPolicy) -> api.Session:
        """Record that the privacy policy was accepted (S12)."""
        return self._write(api.ACCEPT_PRIVACY_POLICY, request, first_login.accept_privacy_policy)

    @rpc(api.REQUEST_PASSWORD_RESET)
    def request_password_reset(self, request: api.RequestPasswordReset) -> Done:
        """« Mot de passe oublié »: a link by mail, if there is somebody to mail it to (S16)."""
        return self._note_forgotten(forgotten.PASSWORD, request.identifier, request.remote_address)

    @rpc(api.REMIND_IDENTIFIER)
    def remind_identifier(self, request: api.RemindIdentifier) -> Done:
        """« Identifiant oublié »: the identifier by mail to the contact address (S16)."""
        return self._note_forgotten(forgotten.IDENTIFIER, request.contact_email, request.remote_address)

    def _note_forgotten(self, kind: str, sought: str, remote_address: str) -> Done:
        known = {"sought": sought, "remote_address": remote_address}
        with self.db.transaction() as connection:
            forgotten.note_request(connection, kind, **known, rules=self.kit.rules, now=self.clock())
        self.mailer.wake()
        return Done()

    @rpc(api.GET_RESET_LINK)
    def get_reset_link(self, request: api.LinkToken) -> Done:
        """Whether a reset link works; asking consumes nothing."""
        with self.db.transaction() as connection:
            forgotten.check_link(connection, request.token_hash, now=self.clock())
        return Done()

    @rpc(api.RESET_PASSWORD)
    def reset_password(self, request: api.ResetPassword) -> Done:
        """Set a new password behind the link, and end every session (S18 to S20)."""
        with self.db.transaction() as connection:
            ticked = forgotten.begin_reset(connection, request, now=self.clock())
            outcome = self._tried(connection, api.RESET_PASSWORD, request, forgotten.reset_password, ticked=ticked)
            if isinstance(outcome, ResetRefused):
                forgotten.note_guess(connection, request, outcome, kit=self.kit, now=self.clock())
        return self._told(outcome)

    @rpc(api.SEND_ROBOT_CODE)
    def send_robot_code(self, request: api.SendRobotCode) -> Done:
        """Mail a code that stands for the robot box (S18)."""
        with self.db.transaction() as connection:
            done = forgotten.send_robot_code(connection, request, kit=self.kit, now=self.clock())
        self.mailer.wake()
        return done

    @rpc(api.LIST_SESSIONS)
    def list_sessions(self, request: api.SessionToken) -> api.OwnSessions:
        """The caller's own live sessions (K16)."""
        with self.db.transaction() as connection:
            return sessions.list_own(connection, request.token_hash, kit=self.kit, now=self.clock())

    @rpc(api.END_SESSIONS)
    def end_sessions(self, request: api.EndOwnSessions) -> Done:
        """End one of them, or all but the caller's."""
        return self._write(api.END_SESSIONS, request, sessions.end_own)

    @rpc(api.READ_JOURNAL)
    def read_journal(self, request: api.ReadJournal) -> api.Journal:
        """What was done in the employer's space (K35)."""
        with self.db.transaction() as connection:
            return journal.read(connection, request, kit=self.kit, now=self.clock())

    @rpc(api.GET_PREFERENCES)
    def get_preferences(self, request: api.SessionToken) -> api.Preferences:
        """What the holder of the account has switched off."""
        with self.db.transaction() as connection:
            return preferences.get(connection, request.token_hash, kit=self.kit, now=self.clock())

    @rpc(api.SET_PREFERENCES)
    def set_preferences(self, request: api.SetPreferences) -> api.Preferences:
        """Switch it off, or on again."""
        return self._write(api.SET_PREFERENCES, request, preferences.replace)

    @rpc(api.GET_CONTACT)
    def get_contact(self, request: api.SessionToken) -> api.Contact:
        """The contact address, and the one that waits for its link."""
        with self.db.transaction() as connection:
            return contact.get(connection, request.token_hash, kit=self.kit, now=self.clock())

    @rpc(api.REQUEST_CONTACT_CHANGE)
    def request_contact_change(self, request: api.RequestContactChange) -> api.Contact:
        """Mail a link to another address; the password is asked again."""
        with self.db.transaction() as connection:
            session = contact.hold_account(connection, request, kit=self.kit, now=self.clock())
            outcome = self._tried(
                connection, api.REQUEST_CONTACT_CHANGE, request, contact.request_change, session=session
            )
            if isinstance(outcome, WrongCredentials):
                contact.note_wrong_password(connection, request, session, kit=self.kit, now=self.clock())
        return self._told(outcome)

    @rpc(api.GET_CONTACT_LINK)
    def get_contact_link(self, request: api.LinkToken) -> api.ContactLink:
        """What a link to an address is about; reading it consumes nothing."""
        with self.db.transaction() as connection:
            return contact.get_link(connection, request, now=self.clock())

    @rpc(api.CONFIRM_CONTACT)
    def confirm_contact(self, request: api.ConfirmContact) -> Done:
        """Make the address of the link the contact address; the old one is told."""
        with self.db.transaction() as connection:
            confirmed = partial(contact.confirm, connection, request, now=self.clock())
            done = once(connection, api.CONFIRM_CONTACT, request, confirmed)
        return self._told(done)

    @rpc(api.REISSUE_CREDENTIALS)
    def reissue_credentials(self, request: api.ReissueCredentials) -> api.AccountAnswer:
        """Mail whatever opens the account, to a corrected address if asked (S3)."""
        return self._write(api.REISSUE_CREDENTIALS, request, employers.reissue_credentials)

    @rpc(api.DISABLE_ACCOUNT)
    def disable_account(self, request: api.DisableAccount) -> api.AccountAnswer:
        """Close the account, at once and everywhere."""
        with self.db.transaction() as connection:
            disabled = partial(employers.disable_account, connection, request, now=self.clock())
            return once(connection, api.DISABLE_ACCOUNT, request, disabled)

    @rpc(REPLAYS[api.SERVICE])
    def events_since(self, request: EventsSince) -> EventsPage:
        """The service's events again, after a cursor, without a gap."""
        with self.db.work() as connection:
            return replay.events_since(connection, request)
