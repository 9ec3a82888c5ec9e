"""Examples of the API's document: the golden samples of the bus, in the API's shapes."""

from typing import Any

from espace_contracts.samples import answer_sample

PERIOD = {"start": "2019-11-01", "end": "2019-11-30"}
JOB = {"job_id": "7d1f4b0f-5a0f-4f3e-8a34-0b6f0a529c21", "state": "running", "done": 40_000, "total": 150_000}
REQUESTS: dict[str, Any] = {
    "open_session": {"identifier": "paie.tilleuls", "password": "Un-Mot-De-Passe!"},
    "tick_payments": {"search": {"paid_from": "2019-11-01", "paid_to": "2019-11-30"}},
    "export_payments": {"search": {"paid_from": "2019-01-01", "paid_to": "2019-12-31"}, "format": "xlsx"},
    "begin_deposit": {
        "category": "payslip", "dossier_number": "19GE00565", "period": PERIOD, "file_name": "bulletin-2019-11.pdf", "size": 48213,
    },
    "recategorise": {"category": "payslip", "dossier_number": "19GE00565", "period": PERIOD},
}  # fmt: skip


def _listed(key: str, member: str, *more: str) -> dict[str, Any]:
    answer = answer_sample(key)
    return {"items": answer[member], "next_cursor": answer.get("next_cursor"), **{name: answer[name] for name in more}}


def _session() -> dict[str, Any]:
    names = ("account_id", "siret", "legal_name", "identifier", "state", "policy_accepted", "idle_expires_at")
    known = answer_sample("identity.check_session")
    facts = {name: known[name] for name in (*names, "absolute_expires_at")}
    return {"csrf_token": "mBEfZNz6gTfQ0XvVyYqj3sP7dXbS3Zz0m4l1p9fXv2o", **facts}


def _account() -> dict[str, Any]:
    known = answer_sample("identity.check_session")
    names = ("account_id", "siret", "legal_name", "identifier", "contact_email", "last_login_at")
    return {name: known[name] for name in names}


def answers() -> dict[str, Any]:
    """An answer of each operation that answers with JSON, by its name."""
    deposit = answer_sample("documents.begin_deposit")["deposit_id"]
    ticked, unticked = answer_sample("payments.tick_payments"), answer_sample("payments.untick_payments")
    documents = {
        "send_content": "complete_deposit",
        "get_document": "get_document",
        "recategorise": "recategorise_document",
        "delete_document": "delete_document",
        "restore_document": "restore_document",
    }
    return {
        "open_session": _session(),
        "show_session": _session(),
        "show_account": _account(),
        "list_sessions": _listed("identity.list_sessions", "sessions"),
        "list_payments": _listed("payments.list_payments", "payments", "totals", "months", "seen_until"),
        "tick_payment": ticked,
        "tick_payments": ticked,
        "untick_payment": unticked,
        "untick_batch": unticked,
        "export_payments": JOB,
        "get_export": JOB,
        "list_categories": _listed("documents.list_categories", "categories"),
        "list_documents": _listed("documents.list_documents", "documents"),
        "list_dossiers": _listed("documents.search_dossiers", "dossiers"),
        "list_dossier_documents": _listed("documents.get_dossier", "documents"),
        "begin_deposit": {"deposit_id": deposit, "size": 48213, "content": f"/api/v1/documents/{deposit}/content"},
        **{name: answer_sample(f"documents.{method}") for name, method in documents.items()},
    }
