"""TLS to the servers: the certificate is checked, and that it is the server's (K32). TLS 1.2 at least."""

import ssl
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@cache  # reading the system's authorities takes tens of milliseconds
def context(ca_file: Path | None) -> ssl.SSLContext:
    """Believes the authorities in *ca_file*, or the system's, as they were when first asked for."""
    made = ssl.create_default_context(cafile=ca_file)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def broker_options(amqp_url: str, ca_file: Path | None) -> dict[str, Any] | bool:
    """What kombu takes as `ssl`: False for amqp://. By itself it would not compare the name on the certificate."""
    parts = urlsplit(amqp_url)
    if parts.scheme != "amqps":
        return False
    return {
        "server_hostname": parts.hostname,
        "cert_reqs": ssl.CERT_REQUIRED,
        "ca_certs": str(ca_file) if ca_file else None,
        "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
    }
