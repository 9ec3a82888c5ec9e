"""The alarms: each is over metrics that exist, and leads to a runbook that is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from chassis import metrics as of_every_process
from gateway import metrics as of_the_gateway

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
OURS = re.compile(r"\bespace_[a-z_]+")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def shown() -> set[str]:
    """Every name that our processes may show at /metrics, whether it has been counted yet or not."""
    assert of_every_process.CALLS_ANSWERED
    assert of_the_gateway.REQUESTS
    families = [family for family in REGISTRY.collect() if family.name.startswith("espace_")]
    return {family.name + suffix for family in families for suffix in SUFFIXES[family.type]}


def anchors() -> set[str]:
    """The anchors of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_is_over_metrics_that_exist_and_leads_to_its_runbook(rule: dict[str, Any]) -> None:
    names = set(OURS.findall(rule["expr"]))
    assert names or rule["alert"] == "ProcessDown"
    assert names <= shown()
    assert rule["labels"]["severity"] in ("page", "ticket")
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert page == "operations.md"
    assert anchor in anchors()


def test_alarms_have_names_of_their_own() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES) > 15


def test_every_metric_is_explained_on_the_page() -> None:
    assert {
        name for name in shown() if not any(part in PAGE for part in (name, re.sub(r"_(bucket|count|sum)$", "", name)))
    } == set()


def test_labels_are_few_and_none_is_personal() -> None:
    allowed = {"method", "outcome", "queue", "loop", "state", "dependency", "route", "status"}
    for collector in {id(one): one for one in REGISTRY._names_to_collectors.values()}.values():
        if getattr(collector, "_name", "").startswith("espace_"):
            assert set(collector._labelnames) <= allowed, collector._name
