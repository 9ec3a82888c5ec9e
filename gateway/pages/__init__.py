"""The HTML pages, one module a chapter of what people do."""

from gateway.pages import (
    account,
    contact,
    deposit,
    deposit_by_script,
    document_changes,
    documents,
    dossiers,
    first_login,
    forgotten,
    home,
    legal,
    login,
    payment_files,
    payment_ticks,
    payments,
)
from gateway.routing import Section, is_api

router = Section(lambda path: not is_api(path), include_in_schema=False)
for module in (
    login,
    first_login,
    forgotten,
    legal,
    home,
    payments,
    payment_files,
    payment_ticks,
    deposit,
    deposit_by_script,
    document_changes,
    documents,
    dossiers,
    account,
    contact,
):
    router.include_router(module.router)
