"""`espace check-settings`: every fault of every process's settings at once, without starting anything."""

import importlib

from pydantic import ValidationError

from chassis.settings import faults_of

SETTINGS = {
    "identity": "services.identity.settings",
    "payments": "services.payments.settings",
    "documents": "services.documents.settings",
    "gateway": "gateway.settings",
}


def faults(processes: tuple[str, ...] = tuple(SETTINGS)) -> list[str]:
    """One line a faulty variable of the environment, without its value; empty when all is well."""
    found = []
    for process in processes:
        settings_class = importlib.import_module(SETTINGS[process]).Settings
        try:
            settings_class()
        except ValidationError as exc:
            found += faults_of(exc, settings_class.model_config["env_prefix"])
    return found
