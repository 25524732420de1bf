"""How commands run and end."""

import threading
import time

from sandmle_gym.errors import SandboxError
from sandmle_gym.sandbox.base import Kind
from sandmle_gym.sandbox.conformance.subject import Subject, check, shown, text

_KINDS: tuple[Kind, ...] = ("bash", "python", "cell")
_FLOODS: tuple[tuple[Kind, str], ...] = (
    ("bash", "yes"),
    ("python", "while True: print('y\\n' * 5000)"),
)
_DEAF = """
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    time.sleep(1)
"""


@check()
def a_fresh_script_forgets_the_last_one(subject: Subject) -> None:
    """Every `python` command starts without the variables of the one before."""
    with subject.open() as sandbox:
        assert text(sandbox.run("python", "x = 1; print(x)", seconds=30)) == "1\n"
        result = sandbox.run("python", "print(x)", seconds=30)
    assert (result.status, result.exit_code) == ("exited", 1)
    assert "NameError: name 'x' is not defined" in shown(result)


@check()
def cells_share_variables_and_show_a_last_value(subject: Subject) -> None:
    """A `cell` sees the variables of the cells before, and prints the value of a trailing expression."""
    with subject.open() as sandbox:
        assert text(sandbox.run("cell", "x = 20\ndef f(n): return n + x", seconds=30)) == ""
        assert text(sandbox.run("cell", "x += 1\nf(21)", seconds=30)) == "42\n"
        assert not sandbox.run("cell", "1 / 0", seconds=30).ok
        assert text(sandbox.run("cell", "print(x)\n'text'", seconds=30)) == "21\n'text'\n"


@check()
def bash_has_no_memory_but_files(subject: Subject) -> None:
    """Every `bash` command starts in the working directory without shell state; files stay."""
    with subject.open() as sandbox:
        home = text(sandbox.run("bash", "pwd; cd /; export A=1; B=2; umask 0", seconds=30))
        assert text(sandbox.run("bash", 'pwd; echo "$A$B" > file', seconds=30)) == home
        assert text(sandbox.run("bash", "cat file", seconds=30)) == "\n"
        assert (
            text(sandbox.run("python", "print(repr(open('file').read()))", seconds=30)) == "'\\n'\n"
        )


@check()
def streams_interleave_in_the_order_of_writing(subject: Subject) -> None:
    """Standard output and error come as they were written, and standard input is empty."""
    source = "import sys\nfor i in range(3):\n    print(i); print('e', file=sys.stderr)\nsys.stdin.read()"
    assert text(subject.run("python", source)) == "0\ne\n1\ne\n2\ne\n"
    assert text(subject.run("cell", source)).startswith("0\ne\n1\ne\n2\ne\n")
    assert text(subject.run("bash", "echo a; echo b >&2; cat; echo c")) == "a\nb\nc\n"


@check()
def exit_codes_are_those_of_the_command(subject: Subject) -> None:
    """An exit status is itself, a signal negative, an exception 1."""
    cases: list[tuple[Kind, str, int]] = [
        ("bash", "exit 7", 7),
        ("bash", "kill -9 $$", -9),
        ("bash", "false", 1),
        ("python", "raise SystemExit(300)", 44),
        ("python", "import sys; sys.exit()", 0),
        ("python", "import sys; sys.exit('why')", 1),
        ("python", "import os; os.kill(os.getpid(), 11)", -11),
        ("python", "1 / 0", 1),
        ("cell", "import sys; sys.exit(5)", 5),
    ]
    with subject.open() as sandbox:
        for kind, source, code in cases:
            result = sandbox.run(kind, source, seconds=30)
            assert (result.status, result.exit_code) == ("exited", code), source


@check()
def tracebacks_show_the_agents_frames_alone(subject: Subject) -> None:
    """An error looks as with a plain `python script.py`: quoted source, no frame that is not the agent's."""
    source = "def f():\n    raise ValueError('mine')\nf()\n"
    for kind in ("python", "cell"):
        output = shown(subject.run(kind, source))
        assert output.startswith("Traceback (most recent call last):\n"), output
        assert output.count("  File ") == 2, output
        assert "    raise ValueError('mine')\nValueError: mine\n" in output


@check()
def any_text_is_a_source(subject: Subject) -> None:
    """NUL bytes, lone surrogates, nothing at all and a megabyte are values, not crashes."""
    with subject.open() as sandbox:
        for kind in _KINDS:
            assert sandbox.run(kind, "", seconds=30).ok
            assert sandbox.run(kind, f"# {'é' * 500_000}", seconds=30).ok
            nul = sandbox.run(kind, "print('\0')", seconds=30)
            assert nul.status == "exited"
            assert nul.exit_code != 0
            assert b"null byte" in nul.head or b"NUL byte" in nul.head
            assert sandbox.run(kind, "print('\ud800')", seconds=30).status == "exited"
            assert not sandbox.run(kind, "if (", seconds=30).ok


@check()
def a_deaf_command_is_over_in_time(subject: Subject) -> None:
    """A command that ignores every signal ends as `timeout`, and the episode goes on."""
    with subject.open() as sandbox:
        for kind in _KINDS:
            source = _DEAF if kind != "bash" else f"trap '' 1 2 3 15; python -c '{_DEAF}'"
            result = sandbox.run(kind, f"{source}\n", seconds=1.0)
            assert (result.status, result.exit_code) == ("timeout", None)
            assert 0.9 < result.seconds < 20
            assert sandbox.run(kind, "", seconds=30).ok


@check()
def a_killed_session_says_so(subject: Subject) -> None:
    """A cell that loses the session (timeout, exit, crash) says that variables are gone."""
    for last in ("import time; time.sleep(60)", "import os; os._exit(3)", "import os; os.abort()"):
        with subject.open() as sandbox:
            assert sandbox.run("cell", "x = 1", seconds=30).ok
            result = sandbox.run("cell", last, seconds=1.0)
            assert "session has ended" in shown(result)
            assert "NameError" in shown(sandbox.run("cell", "x", seconds=30))


@check()
def long_output_keeps_both_ends(subject: Subject) -> None:
    """Output beyond `keep_bytes` keeps half of that from each end, and counts the rest."""
    with subject.open() as sandbox:
        result = sandbox.run("bash", "seq 100000", seconds=30, keep_bytes=1000)
    everything = "".join(f"{number}\n" for number in range(1, 100_001)).encode()
    assert result.ok
    assert result.head == everything[:500]
    assert result.tail == everything[-500:]
    assert len(result.head) + len(result.tail) + result.dropped == len(everything)


@check()
def a_flood_is_cut_alike_each_time(subject: Subject) -> None:
    """A flood ends as `output_limit` with its head alone: two runs give the same value."""
    for kind, source in _FLOODS:
        with subject.open() as sandbox:
            first, second = (sandbox.run(kind, source, seconds=30) for _ in range(2))
            assert sandbox.run("bash", "true", seconds=30).ok
        assert first.status == "output_limit"
        assert (first.head, first.tail, first.dropped) == (second.head, second.tail, second.dropped)
        assert first.head.startswith(b"y\ny\n")


@check()
def a_process_ends_as_a_process_does(subject: Subject) -> None:
    """At the end of a script threads are joined, exit handlers run and open files are flushed."""
    source = (
        "import atexit, threading, time\n"
        "atexit.register(print, 'handler')\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()\n"
        "file = open('late', 'w'); file.write('flushed')\n"
    )
    with subject.open() as sandbox:
        assert text(sandbox.run("python", source, seconds=30)) == "thread\nhandler\n"
        assert sandbox.get("late", max_bytes=100).data == b"flushed"


@check()
def equal_scripts_give_equal_output(subject: Subject) -> None:
    """Global generators and hashes start alike in every process of every episode."""
    source = (
        "import random, sys\nprint(random.random(), hash('a'), sys.argv, sys.path[0], __name__)\n"
        "np = sys.modules.get('numpy'); print(np and np.random.rand())"
    )
    first, second = (text(subject.run("python", source)) for _ in range(2))
    assert first == second


@check()
def shells_run_python_like_the_interpreter(subject: Subject) -> None:
    """`python` in Bash takes a script, `-c`, `-m`, input, arguments and variables, and ends alike."""
    cases = {
        "python - a <<'EOF'\nimport sys; print(sys.argv)\nEOF": "['-', 'a']\n",
        "echo 'print(3)' | python3": "3\n",
        "python -c 'import sys; print(sys.argv[1:])' x 'y z'": "['x', 'y z']\n",
        "V=5 python -c 'import os; print(os.environ[\"V\"])'": "5\n",
        "echo hello | python -c 'print(input())'": "hello\n",
        "echo 'print(__file__, __name__)' > s.py; python s.py": "s.py __main__\n",
        "mkdir d; echo 'X = 1' > d/m.py; echo 'import m; print(m.X)' > d/s.py; python d/s.py": "1\n",
        "echo 'import sys; print(sys.argv[1:])' > mod.py; python -m mod q": "['q']\n",
        "python -c 'raise SystemExit(9)'; echo $?": "9\n",
        "python -c 'import os; os.kill(os.getpid(), 15)'; echo $?": "143\n",
        "timeout 0.5 python -c 'import time; time.sleep(60)'; echo $?": "124\n",
        "python missing.py 2>/dev/null; echo $?": "2\n",
        "python -V | cut -c1-8": "Python 3\n",
    }
    with subject.open() as sandbox:
        for source, expected in cases.items():
            result = sandbox.run("bash", source, seconds=30)
            assert shown(result).endswith(expected), (source, shown(result))


@check()
def functions_of_a_script_reach_its_workers(subject: Subject) -> None:
    """`multiprocessing` and pickling work with what a script defines."""
    source = (
        "import multiprocessing as mp, pickle\n"
        "def double(x): return 2 * x\n"
        "assert pickle.loads(pickle.dumps(double)) is double\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('fork').Pool(2) as pool: print(pool.map(double, [1, 2]))\n"
    )
    assert text(subject.run("python", source)) == "[2, 4]\n"


@check()
def episodes_run_side_by_side(subject: Subject) -> None:
    """Sixteen threads, each with its own episode, get their own answers."""
    answers: dict[int, str] = {}

    def play(number: int) -> None:
        with subject.open() as sandbox:
            sandbox.put({"n": str(number).encode()})
            sandbox.run("cell", f"x = {number}", seconds=60)
            answers[number] = shown(sandbox.run("bash", "cat n", seconds=60)) + shown(
                sandbox.run("cell", "x", seconds=60)
            )

    threads = [threading.Thread(target=play, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert answers == {number: f"{number}{number}\n" for number in range(16)}


@check()
def a_kill_from_another_thread_ends_a_running_command(subject: Subject) -> None:
    """`kill` ends a command at once, which is `dead` as every later call is; at any time it is fine."""
    nap = "import time; time.sleep(60)"
    for kind, source in zip(_KINDS, ("sleep 60", nap, nap), strict=True):
        with subject.open() as sandbox:
            killer = threading.Timer(1.0, sandbox.kill)
            killer.start()
            start = time.monotonic()
            result = sandbox.run(kind, source, seconds=60)
            assert time.monotonic() - start < 20
            killer.join()
            assert (result.status, result.exit_code) == ("dead", None)
            assert sandbox.run(kind, source, seconds=60).status == "dead"
            assert sandbox.get("train.csv", max_bytes=100).problem == "dead"
            assert sandbox.put({"file": b""}) == ("file",)
            sandbox.kill()
        sandbox.kill()


@check()
def a_closed_sandbox_says_so(subject: Subject) -> None:
    """Closing twice is fine; using a closed sandbox, or one of a closed backend, is our error."""
    backend = subject.make(subject.public_root)
    first, second = backend.open(), backend.open()
    first.close()
    first.close()
    backend.close()
    backend.close()
    for sandbox in (first, second):
        try:
            sandbox.run("bash", "true", seconds=10)
        except SandboxError:
            continue
        raise AssertionError("a closed sandbox ran a command")
