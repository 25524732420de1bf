"""How the zygote arranges its memory, in a child of the test that does the same to its own."""

import subprocess
import sys
import textwrap

from sandmle_gym.sandbox.warm import plan

PREFACE = """
import ctypes, mmap, os, resource
import pages
def neighbours():
    lines = [line.split(maxsplit=5) for line in open("/proc/self/maps").read().splitlines()]
    for (span, rights, offset, _, node, *name), (others, *after) in zip(lines, lines[1:]):
        start, end = (int(part, 16) for part in span.split("-"))
        goes_on = others.startswith(f"{end:x}-".rjust(len(others.split("-")[0]) + 1, "0"))
        same = node != "0" and after[4:] == name
        if goes_on and same and int(after[1], 16) - int(offset, 16) == end - start:
            yield {rights, after[0]}
"""


def in_a_child(source: str) -> str:
    """Run a source in an interpreter that finds the jail's modules; return what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", PREFACE + textwrap.dedent(source)],
        env={"PYTHONPATH": str(plan.JAIL), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_constants_lie_in_one_mapping_with_the_code_or_data_beside_them() -> None:
    found = in_a_child("""
    import numpy
    def apart():
        return sum(pair in ({"r--p", "r-xp"}, {"r--p", "rw-p"}) for pair in neighbours())
    before = apart()
    pages.merge()
    print(before, apart())
    """)
    before, after = map(int, found.split())
    assert before > 0
    assert after == 0


def test_nothing_becomes_writable_and_executable_at_once_and_programs_go_on() -> None:
    assert (
        in_a_child("""
    def both():
        return [line for line in open("/proc/self/maps") if "wx" in line.split()[1]]
    before = len(both())
    pages.merge()
    import decimal, sqlite3  # libraries that come later
    assert len(both()) == before
    child = os.fork()
    if child == 0:
        os._exit(int(decimal.Decimal(7)))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
        == "7"
    )


def test_preparing_ends_when_there_is_something_to_do() -> None:
    pages_touched = in_a_child("""
    memory = mmap.mmap(-1, 64 * mmap.PAGESIZE * 64, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    step = 64 * mmap.PAGESIZE
    ranges = [(start + step * i, mmap.PAGESIZE, pages._POPULATE_WRITE) for i in range(64)]
    def resident():
        return int(open("/proc/self/statm").read().split()[1])
    reader, writer = os.pipe()
    first = resident()
    os.write(writer, b"x")
    pages.populate(ranges, until=reader)
    second = resident()
    os.read(reader, 1)
    pages.populate(ranges, until=reader)
    print(second - first, resident() - second)
    """)
    with_a_job, without = map(int, pages_touched.split())
    assert with_a_job < 32
    assert without >= 64
