"""Settings of the service `payments`: variables that start with PAYMENTS_."""

from typing import Annotated

from pydantic import Field

from chassis.settings import ObjectStoreSettings, ServiceSettings, settings_config


class Settings(ServiceSettings, ObjectStoreSettings):
    """Its bus, its database and its bucket for exported files."""

    model_config = settings_config("PAYMENTS_")

    http_port: int = Field(default=8102, ge=1, le=65535, description="port of /healthz")

    keep_years: Annotated[int, Field(ge=1, le=100)] = Field(
        default=10, description="full years after the one of its payment or cancellation for which a payment is kept"
    )
    export_at_once: Annotated[int, Field(ge=0, le=1_048_575)] = Field(
        default=20_000, description="payments up to which an export is made within the call; longer ones are jobs"
    )
    export_lease_seconds: Annotated[int, Field(ge=2, le=3600)] = Field(
        default=60, description="silence after which another process takes an export over"
    )
