"""What a form of the tab Règlements wants ticked, and the sentence that tells what became of it (S32)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from espace_contracts.payments import PaymentSearch, TickedPayments


@dataclass(frozen=True)
class Wish:
    """Numbers to tick and to untick, or all of a search, or the undoing of a batch."""

    ticks: tuple[str, ...] = ()
    unticks: tuple[str, ...] = ()
    all_of: PaymentSearch | None = None
    seen_until: datetime | None = None  # of the list that was looked at: what came after it is not meant
    batch: UUID | None = None

    @property
    def removes(self) -> bool:
        """Whether it only takes marks away."""
        return self.batch is not None or (bool(self.unticks) and not self.ticks)


def sentence_after(wish: Wish, answers: Sequence[TickedPayments]) -> dict[str, Any]:
    """The kind of sentence, and its values, for `flash.say`; what can be undone says how.

    One payment is named even when it was in that state already: somebody else was quicker. *newer* counts what came
    after the list was drawn.
    """
    newer = sum(answer.newer for answer in answers)
    return _sentence(wish, answers) | ({"newer": newer} if newer else {})


def _sentence(wish: Wish, answers: Sequence[TickedPayments]) -> dict[str, Any]:
    changed = [number for answer in answers for number in answer.changed]
    named = changed or [*wish.ticks, *wish.unticks]
    if len(named) == 1:
        return {"kind": "unticked" if wish.removes else "ticked", "number": named[0][:40]}
    if not changed:
        return {"kind": "nothing_ticked" if wish.all_of or wish.batch else ""}
    if wish.removes:
        return {"kind": "batch_unticked", "count": len(changed)}
    if wish.unticks:
        return {"kind": "ticks_saved", "count": len(changed)}
    batches = [str(answer.batch) for answer in answers if answer.batch]
    undo = batches[0] if len(batches) == 1 else ""
    return {"kind": "batch_ticked", "count": len(changed), "batch": undo, "left": sum(one.left for one in answers)}
