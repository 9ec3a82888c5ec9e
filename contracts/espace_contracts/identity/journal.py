"""« Journal du compte »."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.identity.words import BY_GATEWAY, SERVICE
from espace_contracts.rpc import Answer, Method, Request
from espace_contracts.types import Day, Instant, Text, TokenHash


class ReadJournal(Request):
    """« Journal du compte »: what was done in the space of the employer behind this session."""

    token_hash: TokenHash
    limit: int = Field(default=50, ge=1, le=200)
    start: Day | None = Field(default=None, description="first day in Paris, included")
    end: Day | None = Field(default=None, description="last day in Paris, included")


class JournalEntry(Answer):
    """One thing that was done: *action* is a stable word, *subject* a payment's number or a document's kind."""

    at: Instant
    action: Text
    succeeded: bool
    who: Text | None = Field(default=None, description="the identifier of the person's account, if one did it")
    subject: Text | None = None


class Journal(Answer):
    """The newest entries first."""

    entries: tuple[JournalEntry, ...]


READ_JOURNAL = Method(SERVICE, "read_journal", ReadJournal, Journal, BY_GATEWAY, (errors.SessionInvalid,))
