"""The example behind TLS: only the proxy is reached, and only the proxy is believed."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
NGINX = (ROOT / "ops" / "proxy" / "nginx.conf").read_text(encoding="utf-8")
SUBNET = "${PROXY_SUBNET:-172.31.255.0/24}"


class ComposeLoader(yaml.SafeLoader):
    """YAML with the tags by which a second file takes away what the first says."""


def _untagged(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return loader.construct_sequence(node)


for tag in ("!reset", "!override"):
    ComposeLoader.add_constructor(tag, _untagged)
PROXY = yaml.load((ROOT / "docker-compose.proxy.yml").read_text(encoding="utf-8"), Loader=ComposeLoader)  # noqa: S506 - a SafeLoader
CONTAINERS = PROXY["services"]


def test_k12_gateway_is_reached_by_the_proxy_alone_and_believes_that_network_alone() -> None:
    assert CONTAINERS["gateway"]["ports"] == []
    assert CONTAINERS["gateway"]["networks"] == ["proxied", "bus", "files"]
    assert PROXY["networks"]["proxied"] == {"internal": True, "ipam": {"config": [{"subnet": SUBNET}]}}
    assert [name for name, one in CONTAINERS.items() if "proxied" in one.get("networks", [])] == ["proxy", "gateway"]
    assert CONTAINERS["secrets"]["environment"]["GATEWAY_TRUSTED_PROXIES"] == SUBNET
    assert ipaddress.ip_network(SUBNET[len("${PROXY_SUBNET:-") : -1]).is_private


def test_k32_proxy_is_nobody_speaks_new_tls_alone_and_tells_the_address() -> None:
    proxy = CONTAINERS["proxy"]
    assert (proxy["user"], proxy["read_only"], proxy["cap_drop"]) == ("10001:10001", True, ["ALL"])
    assert re.search(r"ssl_protocols TLSv1\.2 TLSv1\.3;", NGINX)
    assert "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" in NGINX
    assert re.search(r"listen 8080;\s+return 301 https://", NGINX)
    assert "access_log off;" in NGINX, "addresses of mailed links hold tokens"
