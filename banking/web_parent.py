"""The web server's main process while its workers serve.

The process that loads the application and forks the workers would keep in its own memory whatever
they copy when they use it. So it goes on as this program, in a tenth of that: the same process with
the same children. Asked to stop, it asks them and waits. When one has died, it becomes
banking/web.py again, which loads the application and forks another.

Only the standard library; nothing of `banking`, which would load Celery.
"""

import os
import signal
import sys
import time

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
# The environment variable that tells banking/web.py how many are missing, and which run.
REPLACE = "BANKING_WEB_REPLACE"
# A replacement that dies within these seconds would only die again.
CRASH_LOOP_SECONDS = 5.5


def main() -> int:
    seconds, replaced, pids, *arguments = sys.argv[1:]
    return watch([int(pid) for pid in pids.split(",")], float(seconds), int(replaced), arguments)


def watch(pids: list[int], seconds: float, replaced: int, arguments: list[str]) -> int:
    """Wait for a signal or the end of a worker. `seconds` are how long workers may take to stop;
    0: as long as they like. The last `replaced` of them took others' places. Returns the exit code.
    """
    fresh = pids[len(pids) - replaced :]
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    begun = time.monotonic()
    while len(running := [pid for pid in pids if is_running(pid)]) == len(pids):
        if signal.sigwait(SIGNALS) != signal.SIGCHLD:
            stop(pids, seconds)
            return 0
    has_lost_fresh = not set(fresh) <= set(running)
    if has_lost_fresh and time.monotonic() - begun < CRASH_LOOP_SECONDS:
        sys.stderr.write("A web process died as soon as it was started: all are stopped.\n")
        stop(running, seconds)
        return 1
    sys.stderr.write("A web process ended by itself; another is started.\n")
    os.environ[REPLACE] = f"{len(pids) - len(running)}:{','.join(map(str, running))}"
    os.execv(sys.executable, [sys.executable, "-m", "banking.web", *arguments])  # noqa: S606


def is_running(pid: int) -> bool:
    """Also buries the process if it has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def stop(pids: list[int], seconds: float) -> None:
    """Ask them to finish what they have begun; kill those who take longer."""
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + (seconds or float("inf"))
    while pids := [pid for pid in pids if is_running(pid)]:
        left = deadline - time.monotonic()
        if left <= 0:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        signal.sigtimedwait({signal.SIGCHLD}, max(0.1, min(left, 60)))


if __name__ == "__main__":
    sys.exit(main())
