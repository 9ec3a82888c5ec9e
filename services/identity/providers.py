"""The adapters of identity as nameko dependencies."""

from typing import Any

from nameko.extensions import DependencyProvider

from services.identity.keys import Keys
from services.identity.kit import Kit
from services.identity.passwords import Passwords
from services.identity.settings import Settings


def kit_of(settings: Settings) -> Kit:
    """The kit that *settings* describe."""
    return Kit(
        rules=settings.rules(),
        passwords=Passwords(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds),
        keys=Keys(private_key=settings.private_key.get_secret_value(), mail_key=settings.mail_key.get_secret_value()),
    )


class KitProvider(DependencyProvider):
    """`self.kit` of the service."""

    def setup(self) -> None:
        """Reads the block list and prepares the hasher, once a process."""
        self.kit = kit_of(self.container.config["settings"])

    def get_dependency(self, worker_ctx: Any) -> Kit:
        """The same kit for every worker."""
        return self.kit
