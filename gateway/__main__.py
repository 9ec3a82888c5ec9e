"""`python -m gateway`: one process that serves the portal."""

import sys

import uvicorn
from pydantic import ValidationError

import chassis.logging
from chassis.asyncbus import BusClient
from chassis.settings import faults_of
from gateway.app import create_app
from gateway.settings import Settings


def main() -> None:
    """Serve until told to stop; settings that do not fit are listed, all of them."""
    try:
        settings = Settings()  # type: ignore[call-arg]  # the environment fills it
    except ValidationError as exc:
        sys.exit("\n".join(("gateway: these settings do not fit", *faults_of(exc, "GATEWAY_"))))
    chassis.logging.configure(settings.log_level, process="gateway")
    app = create_app(settings, BusClient(settings.amqp_url.get_secret_value()))
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        proxy_headers=settings.secure,
    )


if __name__ == "__main__":
    main()
