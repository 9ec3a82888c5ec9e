"""The API keeps what its OpenAPI document promises, whatever is sent: Schemathesis with all its checks."""

import os

import schemathesis
from hypothesis import HealthCheck, settings

from gateway.app import create_app
from gateway.security import csrf_token
from tests.doubles.portal import NAMES, TOKEN
from tests.doubles.portal import settings as gateway_settings
from tests.doubles.samples import OneFile, SampleBus

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))  # of each operation; `make fuzz-api` asks for more
app = create_app(gateway_settings(), SampleBus(), manifest={name: name for name in NAMES})
app.state.files = OneFile()
# No schema can say that a period must not end before it starts: what fits the schema may still be refused with 422
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 409, 422]}}}
)
schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, config=CONFIG)


@schema.auth()
class LoggedIn:
    """A member's cookie and token."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        """The session's token."""
        return TOKEN

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        """Send both."""
        case.cookies = {**(case.cookies or {}), "session": data}
        case.headers = {**(case.headers or {}), "X-CSRF-Token": csrf_token(data)}


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_was_promised(case: schemathesis.Case) -> None:
    case.call_and_validate()
