"""The machine of the figures, and the CPU time of its processes."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def describe(*, engine: str) -> dict[str, str]:
    """Return the machine's description, one line an entry."""
    cpu = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (cpu.read_text().splitlines() if cpu.exists() else [])
        if line.startswith("model name")
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in ("chalice", "botocore", "pynamodb", "pydantic"))
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "CPU": models[0] if models else platform.processor() or "unknown",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": load(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": packages,
        "engine": engine,
    }


def load() -> str:
    """Return the machine's load over 1, 5 and 15 minutes."""
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def children_of(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += parents.get(found[-1], [])
    return found


def cpu_seconds(pids: list[int]) -> dict[str, float]:
    """Return the CPU time of processes until now, by kind: the application or its engines."""
    spent: dict[str, float] = {"application": 0.0, "engine": 0.0, "other cloud services": 0.0}
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if "DynamoDBLocal" in command:
            kind = "engine"
        elif "ministack" in command:
            kind = "other cloud services"
        else:
            kind = "application"
        spent[kind] += (int(fields[11]) + int(fields[12])) / _TICKS
    return spent
