"""Child processes of the benchmark: started on given cores, measured, and always ended by their ids."""
import ctypes
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
END_SECONDS_MAX = 5

CORES = sorted(os.sched_getaffinity(0))
PROXY_CORE = CORES[0]
LOAD_CORES = set(CORES[1:]) or {PROXY_CORE}

running = []


def start(command, cores, output):
    """Starts a command on `cores`, in a session of its own, so that ctrl-C reaches us first."""

    def prepare():
        os.setsid()
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # even when we are killed, nothing stays behind
        os.sched_setaffinity(0, cores)

    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                               preexec_fn=prepare)
    running.append(process)
    return process


def stop(process):
    """SIGTERM, and SIGKILL to whatever is left of it after some seconds."""
    pids = tree(process.pid)
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process in running:
        running.remove(process)
    deadline = time.monotonic() + 1
    for pid in pids[1:]:
        while os.path.exists("/proc/%d" % pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def stop_all():
    for process in list(running):
        stop(process)


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name, or None when the process is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def tree(root):
    """A process and all of its descendants, the root first."""
    parents = {}
    for name in os.listdir("/proc"):
        fields = stat_fields(int(name)) if name.isdigit() else None
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def cpu_seconds(root):
    """User and system time of a process and its descendants, with all their threads."""
    ticks = 0
    for pid in tree(root):
        fields = stat_fields(pid)
        if fields:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def memory_bytes(root):
    """Resident and proportional memory of a process and its descendants."""
    sums = {"Rss": 0, "Pss": 0}
    for pid in tree(root):
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key in sums:
                    sums[key] += 1024 * int(value.split()[0])
    return sums["Rss"], sums["Pss"]
