"""An employer's account as the funder opens, renews and ends it (S2, S3)."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.funder import Employer
from espace_contracts.identity.words import BY_FUNDER, SERVICE, AccountState
from espace_contracts.rpc import Answer, Method, Write
from espace_contracts.types import Email, Funder, Id, Siret, Text


class CreateAccount(Write):
    """Open an employer's account (S2)."""

    employer: Employer
    funder: Funder


class AccountAnswer(Answer):
    """An account as the funder sees it."""

    account_id: Id
    siret: Siret
    state: AccountState
    created: bool = Field(description="false when the employer already had one: then nothing was mailed")


class ReissueCredentials(Write):
    """Mail an employer whatever opens its account (S3).

    Until the first login is over fresh provisional credentials, afterwards its identifier and a link to choose a new
    password.
    """

    siret: Siret
    contact_email: Email | None = Field(
        default=None, description="the contact address from now on; the old one is told"
    )


class DisableAccount(Write):
    """The employer's accounts open no session any more, from now on."""

    siret: Siret
    reason: Text


CREATE_ACCOUNT = Method(
    SERVICE, "create_account", CreateAccount, AccountAnswer, BY_FUNDER, (errors.KeyReused,), identified=False
)
REISSUE_CREDENTIALS = Method(
    SERVICE,
    "reissue_credentials",
    ReissueCredentials,
    AccountAnswer,
    BY_FUNDER,
    (errors.NotFound, errors.Conflict, errors.KeyReused),
    identified=False,
)
DISABLE_ACCOUNT = Method(
    SERVICE,
    "disable_account",
    DisableAccount,
    AccountAnswer,
    BY_FUNDER,
    (errors.NotFound, errors.KeyReused),
    identified=False,
)
