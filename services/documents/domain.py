"""Rules of documents: who deposits, what a category asks for, how names are compared and shown. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from espace_contracts import documents as api
from espace_contracts.errors import FileRefused, InvalidRequest, NotAllowed
from espace_contracts.rpc import FUNDER, GATEWAY
from espace_contracts.types import Actor

EMPLOYER = "employer"
UPLOAD_SECONDS = 900  # an upload address can be used for that long
OPENING = timedelta(seconds=60)  # K27
COMPLETED_WITHIN = timedelta(hours=2)  # a slow upload may end long after its address has expired
ABANDONED_AFTER = timedelta(hours=3)  # then the sweeper removes what never became a document
RESTORABLE = timedelta(days=30)  # a deleted document can be restored for that long (S48)
LONGEST_FILE_NAME = 150
FOLDER = "files/"  # of the bucket; the sweeper looks nowhere else
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l"})
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True)
class Depositor:
    """One of the four kinds of depositor (S43); *account_id* is known of the employer's people only."""

    kind: str
    name: str
    account_id: UUID | None = None


def depositor_of(kind: str, name: str, actor: Actor | None) -> Depositor:
    """Who deposits, from the broker-validated caller: the gateway stands for the employer's *actor*.

    Raises InvalidRequest when the gateway names nobody or somebody else names a person.
    """
    if kind == GATEWAY:
        if actor is None:
            raise InvalidRequest("the gateway names the person who deposits", "actor")
        return Depositor(EMPLOYER, actor.name, actor.account_id)
    if actor is not None:
        raise InvalidRequest("only the gateway acts for a person", "actor")
    return Depositor(kind, name.removeprefix(f"{kind}."))


def viewer_of(kind: str, name: str) -> Depositor:
    """Who looks: everybody of the employer is one, an outside system is itself."""
    return Depositor(EMPLOYER, "") if kind == GATEWAY else Depositor(kind, name.removeprefix(f"{kind}."))


def opener_of(kind: str, name: str, actor: Actor | None) -> Depositor:
    """Who opens a file, for the record: the employer's person where the gateway names one.

    Raises InvalidRequest when somebody else names a person.
    """
    if actor is None:
        return viewer_of(kind, name)
    return depositor_of(kind, name, actor)


def is_own(viewer: Depositor, *, depositor_kind: str, depositor_name: str) -> bool:
    """Whether the deposit is the viewer's own (S50): an employer's deposits are shared by its people."""
    if depositor_kind != viewer.kind:
        return False
    return viewer.kind == EMPLOYER or depositor_name == viewer.name


def reads_all(viewer: Depositor) -> bool:
    """Whether the viewer may read what others deposit for the employer, and so learn that it exists."""
    return viewer.kind in (EMPLOYER, FUNDER)


Described = api.BeginDeposit | api.RecategoriseDocument


def described(request: Described) -> dict[str, Any]:
    """What is said of a file, as its row holds it."""
    return {
        "category": request.category,
        "dossier_number": request.dossier_number,
        "label": request.label,
        "period_start": request.period.start if request.period else None,
        "period_end": request.period.end if request.period else None,
        "beneficiary_last_name": request.beneficiary.last_name if request.beneficiary else None,
        "beneficiary_first_name": request.beneficiary.first_name if request.beneficiary else None,
    }


def check_described(category: api.Category, request: Described, *, depositor_kind: str) -> None:
    """What is said of the file is what its category asks for (S39).

    Raises NotAllowed when this kind may not use the category, InvalidRequest with the faulty members otherwise.
    """
    if depositor_kind not in category.depositors:
        raise NotAllowed("this category is not for this kind of depositor", "category")
    given = {name: getattr(request, member, None) for name, member in _MEMBERS.items()}
    asked = {field.name: field.required for field in category.fields}
    missing = [name for name, required in asked.items() if required and given[name] is None]
    foreign = [name for name, value in given.items() if value is not None and name not in asked]
    if missing or foreign:
        members = (_MEMBERS[name] for name in (*missing, *foreign))
        raise InvalidRequest("the category asks for these, or does not know them", ",".join(members))


_MEMBERS = {
    "dossier": "dossier_number",
    "label": "label",
    "period": "period",
    "beneficiary": "beneficiary",
    "payment": "payment_number",
}


def check_announced(category: api.Category, *, file_name: str, size: int) -> str:
    """The ending of a file that the category can take, lower case with its dot.

    Raises FileRefused with empty, too_large or wrong_type.
    """
    if size == 0:
        raise FileRefused("the file is empty", "empty")
    if size > category.max_bytes:
        raise FileRefused(f"more than {category.max_bytes} bytes", "too_large")
    ending = PurePosixPath(file_name).suffix.lower()
    if ending not in category.accepted:
        raise FileRefused(f"none of {' '.join(category.accepted)}", "wrong_type")
    return ending


def check_quota(quota: int, *, used: int, size: int, depositor_kind: str) -> None:
    """Another *size* bytes find room beside those *used* (K21); the funder always has room.

    Raises FileRefused with quota.
    """
    if depositor_kind != FUNDER and used + size > quota:
        raise FileRefused(f"the employer has {quota} bytes in all", "quota")


def display_name(raw: str) -> str:
    """The name under which a file is shown and downloaded (K26).

    The last part of a path, in NFC, without control, direction or unassigned characters, of 150 characters
    at most with its ending kept; « document » when nothing is left.
    """
    name = re.split(r"[/\\]", raw)[-1]
    visible = "".join(char for char in name if char.isspace() or unicodedata.category(char) not in _INVISIBLE)
    name = unicodedata.normalize("NFC", " ".join(visible.split())).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if dot and stem and len(ending) < 10:
        return _shortened(stem, LONGEST_FILE_NAME - len(ending) - 1) + dot + ending
    return _shortened(name, LONGEST_FILE_NAME) or "document"


def _shortened(text: str, length: int) -> str:
    return text[:length].rstrip(". ") if len(text) > length else text


def name_key(*names: str) -> str:
    """Names as they are compared (S45): words in lower case without accents, a space before and after each."""
    words = search_words(" ".join(names))
    return f" {' '.join(words)} "


def search_words(text: str) -> list[str]:
    """The words of *text* as they are compared: no accents, no case, letters and digits only."""
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    return re.findall(r"[^\W_]+", bare.casefold())


def number_key(text: str) -> str:
    """A dossier number as it is compared: an opaque string (S35) without regard to case and spaces."""
    return "".join(text.casefold().split())
