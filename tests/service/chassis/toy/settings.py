"""Settings of the toy service."""

from chassis.settings import ServiceSettings, settings_config


class Settings(ServiceSettings):
    """Nothing beyond what every service has."""

    model_config = settings_config("TOY_")
