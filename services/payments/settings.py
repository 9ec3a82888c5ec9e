"""Settings of the service `payments`: variables that start with PAYMENTS_."""

from pydantic import Field

from chassis.settings import ObjectStoreSettings, ServiceSettings, settings_config


class Settings(ServiceSettings, ObjectStoreSettings):
    """Its bus, its database and its bucket for exported files."""

    model_config = settings_config("PAYMENTS_")

    http_port: int = Field(default=8102, ge=1, le=65535, description="port of /healthz")
