"""The rules of Landlock by themselves, on a child of the test that no mount and no namespace restrains."""

from pathlib import Path

import pytest
from sandbox import modules

PREFACE = """
import os, sys
import landlock, syscalls
version = int(sys.argv[1])
if not 0 <= version <= landlock.abi():
    print("kernel"); sys.exit()
inside, outside = sys.argv[2:]
syscalls.no_new_privileges()
landlock.restrict(version, [inside])
def refused(call, *arguments):
    try: call(*arguments)
    except PermissionError: return True
    return False
"""


def under(version: int, root: Path, source: str) -> str:
    """Run a source under the rules of one ABI; only `root/inside` is writable."""
    inside, outside = root / "inside", root / "outside"
    for directory in (inside, outside):
        directory.mkdir(exist_ok=True)
        (directory / "file").write_text("x")
    told = modules.in_a_child(PREFACE, source, str(version), str(inside), str(outside))
    if told == "kernel\n":
        pytest.skip(f"this kernel has no Landlock of ABI {version}")
    return told


@pytest.mark.parametrize("version", range(1, 8))
def test_everything_can_be_read_and_only_some_places_changed(version: int, tmp_path: Path) -> None:
    source = """
        os.mkdir(inside + "/d"); os.rename(inside + "/file", inside + "/other")
        open(inside + "/other", "w").write("changed"); open("/dev/null", "w").write("x")
        assert open(outside + "/file").read() == "x"
        print(
            refused(open, outside + "/file", "w"), refused(open, outside + "/new", "w"),
            refused(os.mkdir, outside + "/d"), refused(os.unlink, outside + "/file"),
            refused(os.symlink, "/", outside + "/s"), refused(os.mkfifo, outside + "/p"),
        )
    """
    assert set(under(version, tmp_path, source).split()) == {"True"}
    assert (tmp_path / "outside/file").read_text() == "x"


def test_no_rule_changes_anything_without_landlock(tmp_path: Path) -> None:
    source = "open(outside + '/file', 'w').write('y'); print('written')"
    assert under(0, tmp_path, source) == "written\n"


def test_truncation_needs_the_right_to_write(tmp_path: Path) -> None:
    source = "print(refused(os.truncate, outside + '/file', 0), refused(os.truncate, inside + '/file', 0))"
    assert under(3, tmp_path, source) == "True False\n"


def test_tcp_is_refused(tmp_path: Path) -> None:
    source = """
        import socket
        free, taken = ("127.0.0.1", 0), ("127.0.0.1", 9)
        print(refused(socket.socket().bind, free), refused(socket.socket().connect, taken))
    """
    assert under(4, tmp_path, source) == "True True\n"
