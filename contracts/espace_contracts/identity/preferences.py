"""What an account's holder may switch off."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.identity.sessions import SessionToken, SessionWrite
from espace_contracts.identity.words import BY_GATEWAY, SERVICE
from espace_contracts.rpc import Answer, Method


class Preferences(Answer):
    """What the account behind a session wants."""

    payment_mails: bool = Field(description="the mail that tells, once a day, which payments came in")


class SetPreferences(SessionWrite):
    """Replace them."""

    payment_mails: bool


_REFUSALS = (errors.SessionInvalid,)
GET_PREFERENCES = Method(SERVICE, "get_preferences", SessionToken, Preferences, BY_GATEWAY, _REFUSALS)
SET_PREFERENCES = Method(
    SERVICE, "set_preferences", SetPreferences, Preferences, BY_GATEWAY, (*_REFUSALS, errors.KeyReused)
)
