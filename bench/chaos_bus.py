"""`make chaos-bus`: delivery under kills, outages and repeats, on a portal of its own; about twenty minutes on an idle machine.

Every promise is one line of the result: what was done, what was counted, the bound, and whether it was kept.
"""

import json
import os
import sys
import time
from typing import Any

from bench.results_file import FOLDER
from tests.chaos import accounts, deliveries, mails, outages, poison
from tests.chaos.world import World, running

EVENTS = 2_400
KILLS = ("payments",) * 14 + ("rabbitmq",) * 6 + ("documents",) * 6 + ("identity",) * 4
OUTAGES = (
    ("rabbitmq", "stopped", 60.0),
    ("rabbitmq", "frozen", 30.0),
    ("rabbitmq", "short of memory", 30.0),
    ("postgres", "killed", 20.0),
    ("postgres", "frozen", 30.0),
)
CALLS = 250  # twice
HUGE = 10_000_000  # bytes
ACCOUNTS = 1_000
ACCOUNT_KILLS = ("identity", "mailcatcher") * 4
NICENESS = 5  # other people's work comes first

Bounds = dict[str, float]  # the most that a figure may be
NOTHING_WRONG: Bounds = {"lost": 0, "extra": 0, "unpublished": 0, "dead_letters": 0}
FIRST_SUCCESS_S, DRAINED_S, BURIED_S = 5, 30, 60
LONGEST_TALK_S, LEFT_S, MAILED_AGAIN_S = (
    50,
    30,
    70,
)  # with identity's own settings: 45 s for a talk, 15 more for a lease


def judged(name: str, figures: dict[str, Any], bounds: Bounds) -> dict[str, Any]:
    """One line of the result; *broken* names the figures beyond their bounds (None counts as beyond)."""
    broken = [key for key, most in bounds.items() if figures.get(key) is None or figures[key] > most]
    line = {"name": name, "kept": not broken, "broken": broken, "bounds": bounds, "figures": figures}
    print(f"{name}: {'kept' if line['kept'] else f'BROKEN {broken}'} {json.dumps(figures)}", flush=True)
    return line


class Results(list[dict[str, Any]]):
    """The lines so far; each is on disk once it is there, since a later fault may end the run."""

    def append(self, line: dict[str, Any]) -> None:
        """Keep one more."""
        super().append(line)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / "chaos-bus.json").write_text(json.dumps(self, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def measure(world: World) -> list[dict[str, Any]]:
    """All faults, one after the other."""
    seed = int(os.environ.get("CHAOS_SEED", "4"))
    lines = Results()
    plan = deliveries.Plan("K", EVENTS, 120.0, KILLS, 180.0)
    funder, figures = deliveries.under_kills(world, plan, seed=seed)
    lines.append(judged("events under kills", figures, NOTHING_WRONG | {"returned": 0, "unheard": 0, "unwritten": 0}))
    figures = deliveries.redelivered(world, funder, plan.mark, seed=seed)
    lines.append(judged("redelivered three times", figures, NOTHING_WRONG | {"changed": 0}))
    figures = deliveries.between_steps(world, "STEP", rounds=5, seed=seed)
    lines.append(judged("between commit, publish, confirm and mark", figures, NOTHING_WRONG))
    figures = poison.everywhere(world, mark="POISON", huge=HUGE, neighbours=100, redrives=2, patience=60)
    times = {"buried_after_s": BURIED_S, "neighbours_took_s": DRAINED_S, "buried_again_after_s": BURIED_S}
    lines.append(judged("poison in every queue", figures, dict.fromkeys(poison.WRONG, 0) | times))
    lines.append(_accounts(world))
    away = float(os.environ.get("CHAOS_MAIL_SECONDS", "60"))
    figures = mails.hostile(world, mark="hostile", away=away, dozens=10, patience=240)
    wrong = {"not_bounced": 0, "dripping_given_up": 0, "twice": 0, "longest_talk_s": LONGEST_TALK_S}
    times = {"fine_after_s": LEFT_S, "busy_after_s": LEFT_S, "dripping_after_s": 240}
    lines.append(judged(f"mails: no server for {away:.0f} s, then a hostile one", figures, wrong | times))
    figures = mails.killed_before_the_mark(world, mark="held", patience=120)
    bounds = {"again_after_s": MAILED_AGAIN_S, "mails": 2, "unlike": 0, "not_settled": 0}
    lines.append(judged("mails: killed between the server's answer and the mark", figures, bounds))
    for victim, how, seconds in OUTAGES:
        figures = outages.outage(world, victim, how, seconds=seconds, events=300)
        bounds = {"hung": 0, "unanswered": 0, "odd_while_away": 0}
        times = {"first_success_after_s": FIRST_SUCCESS_S, "drained_after_s": DRAINED_S}
        lines.append(judged(f"{victim} {how} {seconds:.0f} s", figures, NOTHING_WRONG | bounds | times))
    for how in ("stopped", "frozen"):
        figures = outages.abandoned_calls(world, how, calls=CALLS)
        lines.append(judged(f"calls with the callee {how}", figures, {"hung": 0, "late_executions": 0, "answered": 0}))
    figures = outages.calls_into_a_freezing_database(world, mark="FREEZE", rounds=10, calls=50)
    bounds = {"hung": 0, "late_executions": 0, "answered_but_not_executed": 0, "other": 0}
    lines.append(judged("calls into a database that freezes", figures, bounds))
    return lines


def _accounts(world: World) -> dict[str, Any]:
    figures = accounts.opened(world, count=ACCOUNTS, kills=ACCOUNT_KILLS, seconds=90.0, patience=240.0)
    for place in ("accounts", "mailed", "working_credentials"):
        figures[f"{place}_off"] = abs(figures[place] - ACCOUNTS)
    exact: Bounds = dict.fromkeys(("accounts_off", "mailed_off", "working_credentials_off", "unlike_duplicates"), 0)
    bounds = exact | {"duplicate_mails": len(ACCOUNT_KILLS), "dead_letters": 0}
    return judged(f"{ACCOUNTS} accounts under kills", figures, bounds)


def main() -> int:
    """Measure, print, keep; 1 when a promise was broken."""
    os.nice(NICENESS)
    began = time.monotonic()
    with running({}) as world:
        lines = measure(world)
    kept = sum(line["kept"] for line in lines)
    print(f"{kept} of {len(lines)} promises kept, in {time.monotonic() - began:.0f} s; bench/results/chaos-bus.json")
    return 0 if kept == len(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
