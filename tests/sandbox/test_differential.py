"""Law: whatever way a shell starts Python, a warm run and the real interpreter differ in time alone.

Each invocation runs twice in the same jail: once with our `python` first in PATH, once without.
"""

import re
from collections.abc import Iterator

import pytest

from sandmle_gym.errors import IsolationUnavailableError
from sandmle_gym.sandbox import Sandbox
from sandmle_gym.sandbox.warm import WarmBackend, compiled, plan

FILES = {
    "hello.py": "import sys\nprint('hello', sys.argv, __name__, __file__)\n",
    "fails.py": "def f(x):\n    return 1 / x\n\nf(0)\n",
    "chain.py": (
        "def f():\n    try:\n        {}['a']\n    except KeyError as e:\n"
        "        raise ValueError('b') from e\n\ntry:\n    f()\nexcept ValueError:\n    int('x')\n"
    ),
    "group.py": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\n",
    "note.py": "e = ValueError('v')\ne.add_note('n')\nraise e\n",
    "deep.py": "def f(): f()\nf()\n",
    "syntax.py": "x = 1\nif x\n    pass\n",
    "indent.py": "if 1:\n  x = 1\n y = 2\n",
    "nul.py": "x = '\0'\n",
    "latin.py": "# -*- coding: latin-1 -*-\nprint('é')\n",
    "bom.py": "\ufeffprint('bom')\n",
    "crlf.py": "print(1)\r\nprint('''a\r\nb''')\r\n",
    "future.py": "from __future__ import annotations\ndef f(x: y): pass\nprint(f.__annotations__)\n",
    "doc.py": "'''doc'''\nprint(__doc__, __package__, __spec__, __builtins__, sorted(globals()))\n",
    "shebang": "#!/usr/bin/env python3\nimport sys; print(sys.argv); sys.exit(3)\n",
    "pkg/__init__.py": "print('init', __name__)\n",
    "pkg/__main__.py": "import sys; print('main', sys.argv[1:], __name__, __package__, sys.path[0])\n",
    "pkg/sub.py": "from . import __name__ as n\nprint(n, __name__, __spec__.name)\n",
    "nested/s.py": "import helper, sys; print(helper.X, sys.path[0])\n",
    "nested/helper.py": "X = 5\n",
    "shadow/random.py": "print('shadowed')\n",
    "shadow/s.py": "import random; print(random.__file__)\n",
    "Makefile": "all:\n\t@python hello.py made\n\t@python -c 'raise SystemExit(4)'\n",
    "threads.py": (
        "import threading, time, atexit\natexit.register(print, 'bye')\n"
        "threading.Thread(target=lambda: (time.sleep(.1), print('late'))).start()\nprint('end')\n"
    ),
    "daemon.py": (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint('end')\n"
    ),
    "pool.py": (
        "import multiprocessing as mp, sys\ndef f(x): return x * x\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context(sys.argv[1]).Pool(2) as pool: print(pool.map(f, range(5)))\n"
        "    p = mp.get_context(sys.argv[1]).Process(target=f, args=('x',))\n"
        "    p.start(); p.join(); print(p.exitcode)\n"
    ),
    "futures.py": (
        "from concurrent.futures import ProcessPoolExecutor\nimport math\n"
        "if __name__ == '__main__':\n"
        "    with ProcessPoolExecutor(2) as pool: print(list(pool.map(math.sqrt, [1, 4])))\n"
    ),
    "fork.py": (
        "import os, sys\nprint('before', flush=True)\npid = os.fork()\n"
        "if pid == 0: print('child'); sys.exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
    ),
    "finalizer.py": (
        "class A:\n    def __del__(self): print('del', self.n)\n"
        "a = A(); a.n = 1\nb = A(); b.n = 2; b.me = b\nopen('out.txt', 'w').write('x' * 100)\n"
        "f = open('late.txt', 'w'); f.write('kept')\n"
    ),
    "hook.py": "import sys\nsys.excepthook = lambda *a: print('hooked', a[0].__name__)\n1 / 0\n",
    "unraisable.py": "class A:\n    def __del__(self): 1 / 0\nA()\nprint('on')\n",
    "atexit_fails.py": "import atexit\n@atexit.register\ndef f(): raise ValueError('late')\n",
    "thread_fails.py": (
        "import threading\ndef f(): raise ValueError('t')\n"
        "t = threading.Thread(target=f, name='T'); t.start(); t.join()\n"
    ),
    "warned.py": "import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)\n",
    "resource_warning.py": "open('hello.py')\nprint('on')\n",
    "flags.py": (
        "import sys\nprint(sys.flags, sys.dont_write_bytecode, sys.warnoptions)\n"
        "print(sys._xoptions, sys.orig_argv[1:])\n"
    ),
    "streams.py": (
        "import sys\nfor s in (sys.stdin, sys.stdout, sys.stderr):\n"
        "    print(s.name, s.mode, s.encoding, s.errors, s.isatty(), s.line_buffering, s.write_through,"
        " s.newlines, s.fileno())\n"
    ),
    "state.py": (
        "import os, signal, sys\nprint(sys.argv, sys.path[0], os.getcwd(), sys.executable)\n"
        "print({s.name: str(signal.getsignal(s)) for s in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM,"
        " signal.SIGCHLD, signal.SIGHUP)}, signal.pthread_sigmask(signal.SIG_BLOCK, []))\n"
        "print(os.umask(0), sys.getrecursionlimit(), sys.getfilesystemencoding(), os.nice(0))\n"
        "print(sorted(i for i in os.environ.items() if i[0] not in ('PATH', '_')))\n"
        "print(hasattr(sys, 'ps1'), sys.flags.interactive, sys.stdin is sys.__stdin__,"
        " sys.stdout is sys.__stdout__)\n"
    ),
    "loose.py": (
        "import ctypes, os\nlines = [f'{k}={v}' for k, v in os.environ.items() if k != '_']\n"
        "lines += ['LOOSE', 'A=1', 'B=', 'A=2', 'LANG', 'LANGUAGE']\n"
        "environment = (ctypes.c_char_p * 99)(*map(str.encode, lines))\n"
        "code = b'import os; del os.environ[\"PATH\"]; print(os.environ)'\n"
        "arguments = (ctypes.c_char_p * 4)(b'python', b'-c', code)\n"
        "ctypes.CDLL(None).execvpe(b'python', arguments, environment)\n"
    ),
    "main.py": (
        "import sys, pickle\nclass P: pass\nm = sys.modules['__main__']\n"
        "print(m.__name__, m.__file__, m.P is P, type(m.__loader__).__name__, m.__spec__, m.__cached__)\n"
        "print(pickle.loads(pickle.dumps(P())).__class__ is P)\nimport inspect; print(inspect.getsource(P))\n"
    ),
    "modules.py": (
        "import gc, threading, warnings, sys, tracemalloc, locale, logging\n"
        "print(threading.active_count(), threading.current_thread().name, threading.main_thread().ident =="
        " threading.get_ident(), gc.isenabled(), gc.get_threshold(), tracemalloc.is_tracing(),"
        " logging.root.level, logging.root.handlers, sys.gettrace(), sys.getswitchinterval())\n"
    ),
}
INVOCATIONS = [
    "python hello.py a 'b c' '' --x=1 -v",
    "python ./hello.py; python $PWD/hello.py; python3 nested/../hello.py",
    "python nested/s.py; cd nested; python s.py; python ../hello.py",
    "python -c 'import sys; print(sys.argv, sys.path[0], __name__, globals().keys())' x -c y",
    "python -c 'print(1)\nif True:\n    print(2)'",
    "python -c 'print(__file__)'",
    "python -c",
    "python -m pkg a -m b; python -m pkg.sub; python -mpkg q; python -cprint\\(1\\)",
    "python -m missing; python -m pkg.missing; python -m hello z",
    "python -m json.tool <<< '{\"a\": [1, 2]}'; python -m timeit -n 1 -r 1 -u sec pass | cut -c1-7",
    "python -m",
    "python - <<'EOF'\nimport sys\nprint(sys.argv, sys.path[0], __name__)\nEOF",
    "python - a b <<< 'import sys; print(sys.argv)'",
    "python <<< 'print(5); 1/0'; echo $?",
    "echo 'print(input())' > i.py; echo hi | python i.py; python i.py < /dev/null",
    "printf 'a\\nb\\n' | python -c 'import sys; print(sys.stdin.readline(), end=\"\"); "
    "print(sys.stdin.read())'",
    "printf 'one\\ntwo\\n' | (python -c 'import os; print(os.read(0, 4))'; cat)",
    "python hello.py | tee log; cat log; echo ${PIPESTATUS[0]}",
    "python fails.py 2>&1 | tail -1; echo ${PIPESTATUS[0]}",
    "timeout 5 python hello.py; "
    "timeout 0.4 python -c 'import time; time.sleep(2); print(\"late\")'; echo $?",
    "timeout -s KILL 0.4 python -c 'import time; time.sleep(2); print(\"late\")'; echo $?",
    "timeout -s INT 0.6 python -c 'import time; time.sleep(2); print(\"late\")'; echo $?",
    "python -c 'import time; time.sleep(.2); print(1)' & python -c 'print(2)'; wait; echo $?",
    "python -c 'import sys; sys.exit(5)' & wait $!; echo $?",
    "python -c 'import time; time.sleep(2)' & sleep 0.4; kill $!; wait $!; echo $?",
    "python -c 'import time; time.sleep(2)' & sleep 0.4; kill -INT $!; wait $!; echo $?",
    'python -c \'import signal, sys, time; signal.signal(15, lambda *a: (print("got", a[0]), sys.exit(9)));'
    " time.sleep(2)' & sleep 0.5; kill $!; wait $!; echo $?",
    'python -c \'import time; time.sleep(1.5); open("late", "w")\' & sleep 0.5; kill -KILL $!; wait $!; '
    "echo $?; sleep 1.2; ls late",
    "python -c 'import time; time.sleep(2)' & sleep 0.4; kill -HUP $!; wait $!; echo $?; "
    "(trap '' HUP; python -c 'import time; time.sleep(1)' & sleep 0.4; kill -HUP $!; wait $!; echo $?)",
    "(exec -a name python hello.py); python -c 'import signal; signal.raise_signal(signal.SIGXCPU)'; echo $?",
    "make; echo $?",
    "chmod +x shebang; ./shebang a b; echo $?; env python hello.py; command -v python3 > /dev/null",
    'python -c \'import subprocess as s; print(s.run(["python", "hello.py", "x"]).returncode)\'',
    'python -c \'import subprocess as s, sys; s.run([sys.executable, "-c", "print(7)"])\'',
    'python -c \'import os; os.execvp("python", ["python", "hello.py"])\'',
    "python -c 'import os; print(os.system(\"python fails.py\"), flush=True)'",
    "python -O flags.py; python -OO -c 'assert 0; print(__debug__)'; python -c 'print(__debug__)'",
    "python -X utf8 flags.py; python -Xdev flags.py 2>/dev/null; "
    "python -X importtime -c pass 2>&1 | head -1",
    "python -u flags.py; python -B flags.py; python -uB flags.py; python -Bu hello.py -u",
    "python -I flags.py; python -E flags.py; python -s flags.py; python -S flags.py; python -P flags.py",
    "python -W error warned.py; python -Werror::DeprecationWarning warned.py; python warned.py; echo $?",
    "python flags.py; python -q flags.py; python -b flags.py; python -v -c pass 2>/dev/null; echo $?",
    "python -V; python --version; python -VV; python --help | head -1; python -h | tail -1",
    "python --nonsense; echo $?; python -z; echo $?; python -- hello.py; echo $?; "
    "python -x hello.py; echo $?",
    "python missing.py; echo $?; python ''; echo $?; python nested; echo $?; python /dev/null; echo $?",
    "python pkg; python pkg/; echo $?",
    'python -c \'import zipfile; z = zipfile.ZipFile("a.zip", "w"); z.writestr("__main__.py",'
    ' "import sys; print(sys.argv, __name__)"); z.close()\'; python a.zip q; echo $?',
    "chmod 000 hello.py; python hello.py; echo $?; ln -s fails.py l.py; python l.py; mkfifo p; "
    "(echo 'print(8)' > p &) ; timeout 5 python p",
    "ln -s ../nested/s.py pkg/l.py; python pkg/l.py",
    "python syntax.py; echo $?; python indent.py; echo $?; python -c 'if'; echo $?; python <<< 'x ='",
    "python nul.py; echo $?; python latin.py; python bom.py; python crlf.py; python future.py; "
    "python doc.py",
    "python fails.py; echo $?; python chain.py; echo $?; python group.py; python note.py",
    "python deep.py 2>&1 | head -5; python hook.py; python unraisable.py; "
    "python atexit_fails.py; echo $?",
    "python thread_fails.py; python warned.py; python resource_warning.py",
    "for c in 0 1 7 255 256 300 -1 None True \"'text'\" 1.5 '(1,2)'; do "
    'python -c "import sys; sys.exit($c)"; echo $?; done',
    "python -c 'raise SystemExit'; echo $?; python -c 'import os; print(1); os._exit(4)'; echo $?",
    "python -c 'quit(3)'; echo $?; python -c 'exit()'; echo $?; "
    "python -c 'print(copyright is not None, quit)'",
    "python -c 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'; echo $?",
    "python -c 'import os; os.kill(os.getpid(), 9)'; echo $?; python -c 'import os; "
    "os.abort()'; echo $?",
    "python -c 'import ctypes; ctypes.string_at(0)'; echo $?",
    "python -c 'raise KeyboardInterrupt'; echo $?; python -c 'import os; "
    "os.kill(os.getpid(), 2)'; echo $?",
    "(python -c 'while True: print(\"y\" * 100)' | head -1); echo ${PIPESTATUS[*]}",
    "python -c 'print(\"x\" * 300000)' | wc -c; python -c 'import sys; "
    'sys.stdout.write("no newline")\'',
    'python -c \'import sys; print("o"); print("e", file=sys.stderr); print("o2")\' 2>&1 | cat',
    "python -c 'print(1)' > /dev/full; echo $?; python -c 'print(1)' >&-; echo $?; "
    "python -c 'input()' <&-",
    "python -c 'import sys; print(sys.stdin, sys.stdout is None)' <&-; echo $?",
    "python streams.py; python streams.py < hello.py | cat; python streams.py 2>/dev/null",
    "python state.py x; cd pkg; A=1 B='x y' python ../state.py; env -i PATH=$PATH python ../state.py",
    'umask 077; python -c \'open("u", "w")\'; stat -c %a u; nice -n 5 python -c \'import os; '
    "print(os.nice(0))'",
    "nohup python -c 'import signal; print(signal.getsignal(1))' 2>/dev/null; trap '' TERM; "
    "python state.py",
    "ulimit -n 77; python -c 'import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE))'",
    'ulimit -f 1; python -c \'open("f", "wb").write(b"x" * 5000)\'; echo $?',
    "mkdir gone; cd gone; rmdir ../gone; python -c 'print(1)'; echo $?; python ../hello.py; echo $?",
    "python main.py; python modules.py; python shadow/s.py",
    "python threads.py; python daemon.py; python fork.py; python finalizer.py; "
    "cat late.txt out.txt | wc -c",
    "python pool.py fork; python futures.py",
    "python pool.py spawn; python pool.py forkserver",
    "PYTHONPATH=nested python -c 'import helper; print(helper.X)'; PYTHONOPTIMIZE=1 python flags.py",
    "PYTHONWARNINGS=error python warned.py; PYTHONUTF8=0 LC_ALL=C python streams.py; "
    "PYTHONIOENCODING=latin-1 python -c 'print(\"é\")' | od -c | head -1",
    "unset PYTHONUNBUFFERED PYTHONHASHSEED; python streams.py; python -c 'import os; "
    "os._exit(print(1) or 0)' | cat",
    "LANG=C python streams.py; LC_ALL=POSIX python -c 'print(ascii(\"é\"))'; TZ=Asia/Tokyo python -c "
    "'import time; print(time.tzname, time.localtime(0)[3])'",
    "HOME=/tmp python -c 'import os; print(os.path.expanduser(\"~\"))'; "
    "python -c 'import tempfile; print(tempfile.gettempdir())'",
    "python -c 'import sys; print([ascii(a) for a in sys.argv])' $'\\xff\\xfe' $'a\\nb' é",
    "mkdir -p $'d\\xff'; cp hello.py $'d\\xff/h.py'; cd $'d\\xff'; python h.py | od -c | head -3",
    "python loose.py",
    "X=$'\\xff' python -c 'import os; print(ascii(os.environ[\"X\"]), os.environb[b\"X\"])'",
    "python -c 'import sys; print(len(sys.argv[1]))' $(head -c 100000 /dev/zero | tr '\\0' x)",
    "python <(echo 'print(9)'); python /dev/stdin <<< 'print(10)'; echo 'print(11)' | python /dev/fd/0",
    "exec 5< hello.py; python -c 'import os; print(os.read(5, 6))'; echo $?",
    "python -m venv --without-pip v && v/bin/python -c 'import sys; print(sys.prefix)' && "
    ". v/bin/activate && python -c 'import sys; print(sys.prefix)'",
    "python -i -c 'x = 1' <<< 'print(x)'; python -i hello.py < /dev/null; echo $?",
    "python -m pdb -c continue hello.py <<< q; python -m cProfile hello.py | head -1; "
    "python -m trace -l hello.py > told; head -1 told",
    "python -m unittest -q 2>&1 | tail -1 | cut -c1-5; python -m compileall -q nested; ls nested",
    "python -c 'import sys, time; print(1, end=\"\"); sys.stdout.flush(); time.sleep(.1); print(2)' | cat",
    "python -c 'import asyncio; asyncio.run(asyncio.sleep(0)); print(1)'; "
    "python -c 'breakpoint()' <<< c; echo $?",
    "python -c 'import pandas, numpy, sys; print(pandas.Series([1, 2]).mean(), numpy.arange(3))'",
    "python -c 'import warnings; print([f for f in warnings.filters if f[3] is None][:6])'",
    "python -c 'import site; print(site.ENABLE_USER_SITE)'; python -c 'import sys; "
    "print(sys.path, sys.prefix)'",
    "python -c 'help(len)' | cat; python -c 'print(len.__doc__)'; python -c 'import this' | cat",
]


@pytest.fixture(
    scope="module",
    params=[
        ("bare", "compiled"),
        pytest.param(("bare", "python"), marks=pytest.mark.slow),
        pytest.param(("preloaded", "compiled"), marks=pytest.mark.slow),
    ],
    ids="-".join,
)
def backend(request: pytest.FixtureRequest) -> Iterator[WarmBackend]:
    """A warm interpreter that has loaded nothing but the standard library, and one as in production.

    A shell's `python` is the compiled shim, or the one that serves where there is no compiler.
    """
    libraries, shim = request.param
    with pytest.MonkeyPatch.context() as patch:
        if shim == "python":
            patch.setenv(compiled.COMPILER, "")
        elif compiled.shim() is None:
            pytest.skip("there is no C compiler here")
        try:
            backend = WarmBackend(preload=() if libraries == "bare" else None)
        except IsolationUnavailableError as error:
            pytest.skip(str(error))
    with backend, backend.open() as sandbox:
        begins = sandbox.run("bash", f"head -c 4 {plan.BIN}/python", seconds=30).head
        assert (begins == b"\x7fELF") == (shim == "compiled")
        yield backend


def observe(sandbox: Sandbox, invocation: str, *, cold: bool) -> list[bytes]:
    """Run an invocation in a fresh directory; return standard output, standard error and the status."""
    files = {f"run/{name}": text.encode() for name, text in FILES.items()}
    # A file with a declared encoding is written in it, as the declaration says.
    files["run/latin.py"] = FILES["latin.py"].encode("latin-1")
    assert sandbox.run("bash", "chmod -R u+rwx run; rm -rf run out err; mkdir run", seconds=30).ok
    assert sandbox.put({**files, "command": invocation.encode("utf-8", "surrogateescape")}) == ()
    path = f"export PATH=${{PATH#{plan.BIN}:}}; " if cold else ""
    command = f"{path}cd run; bash ../command > ../out 2> ../err < /dev/null; echo $?"
    status = sandbox.run("bash", command, seconds=100)
    streams = [sandbox.get(name, max_bytes=1 << 22).data for name in ("out", "err")]
    return [_forget(stream) for stream in (*streams, status.head)]


def _forget(text: bytes | None) -> bytes:
    """Leave out addresses, process ids, and the name by which the real interpreter calls itself."""
    text = re.sub(rb"0x[0-9a-f]{6,}", b"0x0", text or b"")
    text = re.sub(rb"(command: line \d+:) +\d+ +", rb"\1 ", text)
    return re.sub(rb"(?m)^(usage: )?/\S*/(python)\b", rb"\1\2", text)


@pytest.mark.parametrize("invocation", INVOCATIONS)
def test_warm_and_cold_are_alike(backend: WarmBackend, invocation: str) -> None:
    with backend.open() as sandbox:
        warm = observe(sandbox, invocation, cold=False)
        cold = observe(sandbox, invocation, cold=True)
    assert warm == cold
