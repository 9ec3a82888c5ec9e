"""The adapters of identity as nameko dependencies."""

from typing import Any

from nameko.extensions import DependencyProvider
from pydantic import SecretStr

from services.identity.keys import Keys
from services.identity.kit import Kit
from services.identity.passwords import Passwords
from services.identity.settings import Settings


def kit_of(settings: Settings) -> Kit:
    """The kit that *settings* describe."""
    return Kit(
        rules=settings.rules(),
        passwords=Passwords(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds),
        keys=Keys(
            private_keys=_alive(settings.private_key, settings.previous_private_key),
            mail_keys=_alive(settings.mail_key, settings.previous_mail_key),
        ),
    )


def _alive(key: SecretStr, previous: SecretStr | None) -> tuple[str, ...]:
    return tuple(one.get_secret_value() for one in (key, previous) if one is not None)


class KitProvider(DependencyProvider):
    """`self.kit` of the service."""

    def setup(self) -> None:
        """Reads the block list and prepares the hasher, once a process."""
        self.kit = kit_of(self.container.config["settings"])

    def get_dependency(self, worker_ctx: Any) -> Kit:
        """The same kit for every worker."""
        return self.kit
