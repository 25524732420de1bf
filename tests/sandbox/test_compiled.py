"""The compiled shim is an extra: whatever goes wrong with it, a shell's `python` works all the same."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandmle_gym.cache import cache_root
from sandmle_gym.sandbox.warm import WarmBackend, compiled, plan
from sandmle_gym.sandbox.warm.jail import shim

ASK = f"head -c 2 {plan.BIN}/python | tr -d '\\177'; python -c 'print(\"fine\")'; python --version"
VERSION = f"Python {sys.version.split()[0]}\n"
SHOW = "from sandmle_gym.sandbox.warm import compiled; print(compiled.shim())"
needs_compiler = pytest.mark.skipif(compiled.shim() is None, reason="there is no C compiler here")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANDMLE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def asked() -> str:
    with WarmBackend(preload=()) as backend, backend.open() as sandbox:
        return sandbox.run("bash", ASK, seconds=60).head.decode()


def compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a shell script be the compiler; it is called as `cc OPTIONS -o TARGET SOURCE`."""
    program = folder / "cc"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv(compiled.COMPILER, str(program))


@needs_compiler
def test_it_serves_where_there_is_a_compiler(runtime: Path, cache: Path) -> None:
    assert asked() == f"Efine\n{VERSION}"
    (made,) = (cache / "shims").iterdir()
    assert compiled.shim() == made


@pytest.mark.parametrize("command", ["", "no-such-compiler", "unclosed 'quote", "false", "true"])
def test_without_a_compiler_that_works_the_other_shim_serves(
    command: str, runtime: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(compiled.COMPILER, command)
    assert compiled.shim() is None
    assert asked() == f"#!fine\n{VERSION}"


@pytest.mark.parametrize(
    "product", ["exit 1", "kill -9 $$", "not a program"], ids=["fails", "dies", "is none"]
)
def test_a_product_that_does_not_run_in_the_jail_is_not_used(
    product: str, runtime: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = "" if product == "not a program" else "#!/bin/sh\\n"
    made = f"for last; do before=$target; target=$last; done; printf '{start}{product}' > $before"
    compiler(tmp_path, monkeypatch, made)
    assert compiled.shim() is not None
    assert asked() == f"#!fine\n{VERSION}"


def test_no_place_for_it_is_no_error(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SANDMLE_CACHE", str(tmp_path / "file"))
    assert compiled.shim() is None
    assert asked() == f"#!fine\n{VERSION}"


@needs_compiler
def test_a_cache_that_is_cleared_meanwhile_is_no_error(
    runtime: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "shim", lambda: cache / "shims" / "gone")
    assert asked() == f"#!fine\n{VERSION}"


@needs_compiler
def test_a_file_that_others_may_write_is_made_anew(cache: Path) -> None:
    made = compiled.shim()
    assert made is not None
    made.write_bytes(b"forged")
    made.chmod(0o777)
    compiled._compile.cache_clear()
    assert compiled.shim() == made
    assert made.read_bytes().startswith(b"\x7fELF")


def test_both_shims_know_the_same_names_and_signals() -> None:
    text = compiled.SOURCE.read_text()
    lists = {
        name: {word.strip('"') for word in re.findall(r'"[^"]+"|SIG\w+', body)}
        for name, body in re.findall(r" (\w+)\[\] = \{(.*?)\};", text, re.DOTALL)
    }
    assert lists == {
        "HARMLESS": set(shim._HARMLESS),
        "FREE": set(shim._FREE),
        "EARLY": set(shim._EARLY),
        "HANDED_ON": set(shim._HANDED_ON),
    }


@needs_compiler
def test_processes_that_compile_at_once_agree(cache: Path) -> None:
    command = [sys.executable, "-c", SHOW]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = {process.communicate(timeout=120)[0].strip() for process in running}
    (made,) = (cache_root() / "shims").iterdir()
    assert told == {str(made)}
    assert os.access(made, os.X_OK)
