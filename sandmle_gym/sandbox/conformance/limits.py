"""What an episode may use up. Each attack is unbounded only where a bounded one was refused before."""

from sandmle_gym.sandbox.base import Kind, Resources, Sandbox
from sandmle_gym.sandbox.conformance.subject import Subject, check, shown, text

_SMALL = Resources(memory_mb=256, disk_mb=8, inodes=200, processes=24, open_files=64)


def _require_process_limit(sandbox: Sandbox) -> None:
    """See that a few processes too many are refused, before anything forks without end."""
    source = f"""
import os, time
made = 0
try:
    for _ in range({_SMALL.processes + 8}):
        if os.fork() == 0:
            time.sleep(20); os._exit(0)
        made += 1
except OSError:
    print("refused after", made)
"""
    output = shown(sandbox.run("python", source, seconds=20))
    assert output.startswith("refused after"), f"no limit on processes: {output!r}"
    assert int(output.split()[-1]) < _SMALL.processes


def _require_memory_limit(sandbox: Sandbox) -> None:
    """See that one allocation of twice the limit is refused, before anything allocates without end."""
    source = f"b'x' * ({2 * _SMALL.memory_mb} << 20)"
    result = sandbox.run("python", source, seconds=20)
    assert result.status == "exited"
    assert not result.ok, "no limit on memory"


@check(isolation=True)
def processes_are_counted(subject: Subject) -> None:
    """A fork bomb, in Python or Bash, stops at the limit and dies with its command; the episode goes on."""
    with subject.open(_SMALL) as sandbox:
        _require_process_limit(sandbox)
        bombs: tuple[tuple[Kind, str], ...] = (
            ("bash", "bomb() { bomb | bomb & }; bomb; sleep 60"),
            ("bash", "while true; do (setsid sleep 60 &) ; done 2>/dev/null"),
            ("python", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
            ("cell", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
        )
        for kind, source in bombs:
            result = sandbox.run(kind, source, seconds=1.5)
            assert result.status in ("timeout", "exited", "output_limit"), result
            after = "ls /proc | grep -c '^[0-9]'"
            assert int(text(sandbox.run("bash", after, seconds=30))) <= 6


@check(isolation=True)
def threads_are_counted(subject: Subject) -> None:
    """A session full of threads does not keep the next command from starting."""
    source = (
        "import threading, time\ntry:\n    for _ in range(100):\n"
        "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "except RuntimeError: print('refused')"
    )
    with subject.open(_SMALL) as sandbox:
        assert text(sandbox.run("cell", source, seconds=20)) == "refused\n"
        assert text(sandbox.run("python", "print('runs')", seconds=20)) == "runs\n"
        assert shown(sandbox.run("bash", "echo runs", seconds=20)) == "runs\n"


@check(isolation=True)
def memory_is_limited(subject: Subject) -> None:
    """One process cannot take more than the limit, however it asks; the episode goes on."""
    grabs = (
        "x = []\nwhile True: x.append(b'x' * (1 << 24))",
        "import mmap\nx = []\nwhile True:\n    x.append(mmap.mmap(-1, 1 << 24))\n"
        "    x[-1].write(b'x' * (1 << 24))",
        "import numpy\nnumpy.ones(1 << 40)",
    )
    with subject.open(_SMALL) as sandbox:
        _require_memory_limit(sandbox)
        for source in grabs:
            result = sandbox.run("python", source, seconds=30)
            assert result.status == "exited", result
            assert not result.ok
        assert text(sandbox.run("python", "print('runs')", seconds=30)) == "runs\n"


@check(isolation=True)
def memory_is_limited_for_all_together(subject: Subject) -> None:
    """Processes that stay below the limit one by one are killed when their sum does not."""
    source = f"""
import os, time
for _ in range(6):
    if os.fork() == 0:
        x = b"x" * ({_SMALL.memory_mb // 3} << 20)
        time.sleep(60); os._exit(0)
time.sleep(60)
"""
    with subject.open(_SMALL) as sandbox:
        _require_memory_limit(sandbox)
        result = sandbox.run("python", source, seconds=40)
        assert (result.status, result.exit_code) == ("exited", -9), result
        assert "too much memory" in shown(result)
        assert text(sandbox.run("python", "print('runs')", seconds=30)) == "runs\n"


@check(isolation=True)
def disk_is_limited(subject: Subject) -> None:
    """All directories together hold no more than the limit; a full disk stops no later command."""
    fill = (
        "for d in . /tmp /dev/shm; do head -c 100M /dev/zero > $d/fill; done; "
        "du -scm . /tmp /dev/shm | tail -1"
    )
    with subject.open(_SMALL) as sandbox:
        total = int(shown(sandbox.run("bash", fill, seconds=30)).split()[-2])
        assert total <= _SMALL.disk_mb + 1
        assert text(sandbox.run("python", "print('runs')", seconds=20)) == "runs\n"
        assert sandbox.put({"more": b"x" * (1 << 20)}) == ("more",)
        text(sandbox.run("bash", "rm fill /tmp/fill /dev/shm/fill", seconds=20))
        assert sandbox.put({"more": b"x"}) == ()


@check(isolation=True)
def inodes_are_limited(subject: Subject) -> None:
    """The number of files is limited too, and running out of it stops no later command."""
    source = """
made = 0
try:
    for made in range(5000):
        open(f"f{made}", "w").close()
except OSError:
    print(made)
"""
    with subject.open(_SMALL) as sandbox:
        assert int(text(sandbox.run("python", source, seconds=20))) <= _SMALL.inodes
        assert text(sandbox.run("bash", "echo runs", seconds=20)) == "runs\n"
        assert text(sandbox.run("cell", "print('runs')", seconds=20)) == "runs\n"
        assert sandbox.put({"more": b"x"}) == ("more",)


@check(isolation=True)
def open_files_are_limited(subject: Subject) -> None:
    """One process cannot open more files than the limit."""
    source = (
        "x = []\ntry:\n    while True: x.append(open('/dev/null'))\nexcept OSError: print(len(x))"
    )
    with subject.open(_SMALL) as sandbox:
        assert int(text(sandbox.run("python", source, seconds=20))) < _SMALL.open_files


@check(isolation=True)
def a_bomb_next_door_is_not_felt(subject: Subject) -> None:
    """While one episode exhausts its processes, another still runs its commands."""
    with subject.open(_SMALL) as sandbox:
        _require_process_limit(sandbox)
        with subject.open(_SMALL) as other:
            source = (
                "import os, time\nfor _ in range(100):\n"
                "    try: os.fork() or (time.sleep(2), os._exit(0))\n    except OSError: pass"
            )
            sandbox.run("python", source, seconds=1.0)
            assert (
                text(
                    other.run("python", "import os; os.fork() or os._exit(0); print(1)", seconds=30)
                )
                == "1\n"
            )
