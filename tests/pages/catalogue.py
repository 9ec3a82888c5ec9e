"""Every page in every state, in the order of the guide: what is looked at, and what is checked."""

from tests.pages.document_states import ACCOUNT, DOCUMENTS, DOSSIERS_STATES
from tests.pages.door_states import DOOR
from tests.pages.error_states import API, ERRORS
from tests.pages.payment_states import HOME, PAYMENTS

STATES = (*DOOR, *HOME, *PAYMENTS, *DOCUMENTS, *DOSSIERS_STATES, *ACCOUNT, *API, *ERRORS)
