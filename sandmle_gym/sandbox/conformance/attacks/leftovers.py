"""After time that is not the agent's: something that goes on when its command is over."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_MARK = "import ctypes, os, signal, time\nctypes.CDLL(None).prctl(15, b'@MARK@')\n"
_DOUBLE_FORK = f"""
import os
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    {_MARK.replace(chr(10), chr(10) + "    ")}
    while True: open("beat", "a").write("x"); time.sleep(0.05)
import time; time.sleep(0.4); print("tried")
"""
_DEAF = """
import os
if os.fork() == 0:
    os.setsid()
    import ctypes, signal, time
    ctypes.CDLL(None).prctl(15, b"@MARK@")
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True: time.sleep(1)
import time; time.sleep(0.2); print("tried")
"""
_RUNNING_AWAY = """
import ctypes, os, time
if os.fork() == 0:
    ctypes.CDLL(None).prctl(15, b"@MARK@")
    os.setsid()
    end = time.monotonic() + 6
    while time.monotonic() < end:  # always somebody else by the time that somebody looks
        try:
            if os.fork(): os._exit(0)
            os.setsid(); open("beat", "a").write("x")
        except OSError: pass
time.sleep(0.3); print("tried")
"""
_THREAD = """
import threading, time
def beat():
    while True: open("beat", "a").write("x"); time.sleep(0.02)
threading.Thread(target=beat, daemon=True).start()
time.sleep(0.3); print("tried")
"""
_OUTLIVE = """
import ctypes, os, signal, time
if os.fork() == 0:
    os.setsid(); ctypes.CDLL(None).prctl(15, b"@MARK@")
    if os.fork() == 0: os.setsid()
    os.close(0); os.close(1); os.close(2)
    while True: time.sleep(1)
while True: time.sleep(1)
"""

ATTACKS = (
    Attack(
        "leave_a_daemon",
        "A double-forked daemon dies with the command that made it.",
        "leftover",
        "python",
        _DOUBLE_FORK,
    ),
    Attack(
        "leave_a_daemon_from_a_shell",
        "A background job with a session of its own dies with its command.",
        "leftover",
        "bash",
        "trap '' HUP TERM; setsid nohup bash -c 'exec -a @MARK@ sleep 60' >/dev/null 2>&1 & sleep "
        "0.3; echo tried",
    ),
    Attack(
        "leave_a_daemon_from_a_warm_python",
        "A daemon made by a Python that a shell started dies with the shell.",
        "leftover",
        "bash",
        f"python - <<'EOF'\n{_DOUBLE_FORK}\nEOF\n",
        seconds=20,
    ),
    Attack(
        "leave_a_daemon_from_a_cell",
        "A daemon made by a cell dies with the cell, though the session stays.",
        "leftover",
        "cell",
        _DOUBLE_FORK,
    ),
    Attack(
        "leave_a_thread_running",
        "Threads of the Python session get no time between its cells.",
        "leftover",
        "cell",
        _THREAD,
        unwalled="fails",
        why="`local` stops the session between its cells, too",
    ),
    Attack(
        "leave_a_stopped_process",
        "A stopped process dies like any other.",
        "leftover",
        "bash",
        "setsid bash -c 'exec -a @MARK@ sleep 60' >/dev/null 2>&1 & sleep 0.2; kill -STOP $!; echo tried",
    ),
    Attack(
        "leave_a_deaf_process",
        "A process that ignores and blocks every signal dies like any other.",
        "leftover",
        "python",
        _DEAF,
    ),
    Attack(
        "outrun_the_killer",
        "A process that forks and exits all the time is caught.",
        "leftover",
        "python",
        _RUNNING_AWAY,
        dangerous=True,
    ),
    Attack(
        "outlive_the_time_limit",
        "What a command made is dead when its time is over, also outside its process group.",
        "leftover",
        "python",
        "print('tried', flush=True)\n" + _OUTLIVE,
        seconds=1.0,
        unwalled="depends",
        why="what outlives may also keep `local` from going on",
    ),
    Attack(
        "hold_the_pipe_open",
        "A process that keeps the output open does not keep the command from ending.",
        "time",
        "bash",
        "setsid sleep 60 & echo tried",
        unwalled="fails",
        why="`local` too ends a command with its first process",
    ),
    Attack(
        "leave_pipes_and_sockets_in_the_way",
        "FIFOs and sockets where files are expected delay nothing.",
        "time",
        "bash",
        "mkfifo submission.csv loot file; mkfifo -m 0 beat; (exec 3<>loot) ; echo tried",
        put=("file",),
        unwalled="fails",
        why="the host opens nothing that could block",
    ),
)
