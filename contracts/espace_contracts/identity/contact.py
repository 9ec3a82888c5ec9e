"""The employer's contact address, as the person behind a session changes it."""

from espace_contracts import errors
from espace_contracts.identity.links import LinkToken
from espace_contracts.identity.sessions import SessionToken, SessionWrite
from espace_contracts.identity.words import BY_GATEWAY, SERVICE
from espace_contracts.rpc import Answer, Done, Method, Write
from espace_contracts.types import Email, Instant, Sealed, Text, TokenHash


class Contact(Answer):
    """The contact address, and the one that waits for its link to be followed, if any."""

    contact_email: Email
    wanted_email: Email | None = None
    link_expires_at: Instant | None = None


class RequestContactChange(SessionWrite):
    """Mail a link to another address; the old one is told, and stays until the link is followed.

    A second request voids the link of the first.
    """

    contact_email: Email
    password: Sealed
    remote_address: Text


class ContactLink(Answer):
    """A live link to an address: reading it consumes nothing (K8)."""

    contact_email: Email


class ConfirmContact(Write):
    """Make the address of this link the contact address."""

    token_hash: TokenHash
    remote_address: Text


GET_CONTACT = Method(SERVICE, "get_contact", SessionToken, Contact, BY_GATEWAY, (errors.SessionInvalid,))
REQUEST_CONTACT_CHANGE = Method(
    SERVICE,
    "request_contact_change",
    RequestContactChange,
    Contact,
    BY_GATEWAY,
    (
        errors.SessionInvalid,
        errors.WrongCredentials,
        errors.InvalidRequest,
        errors.Conflict,
        errors.TooManyAttempts,
        errors.KeyReused,
    ),
)
GET_CONTACT_LINK = Method(SERVICE, "get_contact_link", LinkToken, ContactLink, BY_GATEWAY, (errors.LinkInvalid,))
CONFIRM_CONTACT = Method(
    SERVICE, "confirm_contact", ConfirmContact, Done, BY_GATEWAY, (errors.LinkInvalid, errors.KeyReused)
)
