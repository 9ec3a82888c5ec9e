"""Processes that are measured: their CPU and memory as the kernel counts them."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from ops.folders import ROOT

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of the process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid: int, name: str = "VmRSS") -> float:
    """MiB of the process: VmRSS now, VmHWM at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(name)


def started(stack: ExitStack, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """`python ARGUMENTS…` at the root of the checkout, silent; it ends with *stack*."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdout=subprocess.DEVNULL,
    )
    stack.callback(process.wait, 20)
    stack.callback(process.kill)
    return process
