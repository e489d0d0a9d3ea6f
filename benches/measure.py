"""Measures whole processes."""

import os
import statistics
import subprocess


def measure(arguments, runs, cwd, allowed=(0,), **environment):
    """CPU seconds, user and system (median), and memory in MB (most) of a command; None if it ends with another exit
    code than is allowed."""
    seconds, memory = [], 0
    for _ in range(runs):
        process = subprocess.Popen(
            [str(it) for it in arguments], cwd=cwd, env={**os.environ, **environment},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) not in allowed:
            return None
        seconds.append(usage.ru_utime + usage.ru_stime)
        memory = max(memory, usage.ru_maxrss)
    return statistics.median(seconds), memory / 1024
