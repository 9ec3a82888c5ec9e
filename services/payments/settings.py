"""Settings of the service `payments`: variables that start with PAYMENTS_."""

from chassis.settings import ObjectStoreSettings, ServiceSettings, settings_config


class Settings(ServiceSettings, ObjectStoreSettings):
    """Its bus, its database and its bucket for exported files."""

    model_config = settings_config("PAYMENTS_")
