"""Measures whole processes."""

import os
import statistics
import subprocess
import time
import typing


class Usage(typing.NamedTuple):
    """What the runs of a command took."""

    cpu: float
    """Seconds of user and system time, the median."""
    memory: float
    """MB, the most it held."""
    elapsed: float
    """Seconds on the clock, the median."""


def measure(arguments, runs, cwd, allowed=(0,), **environment):
    """What a command takes; None if it ends with another exit code than is allowed."""
    cpu, memory, elapsed = [], 0, []
    for _ in range(runs):
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(it) for it in arguments], cwd=cwd, env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        elapsed.append(time.perf_counter() - start)
        if os.waitstatus_to_exitcode(status) not in allowed:
            return None
        cpu.append(usage.ru_utime + usage.ru_stime)
        memory = max(memory, usage.ru_maxrss)
    return Usage(statistics.median(cpu), memory / 1024, statistics.median(elapsed))
