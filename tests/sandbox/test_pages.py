"""How the zygote arranges its memory, in a child of the test that does the same to its own."""

from functools import partial

from sandbox import modules

PREFACE = """
import ctypes, mmap, os
import pages
def pieces():
    return [pages._Piece.parse(line) for line in open("/proc/self/maps")]
"""


in_a_child = partial(modules.in_a_child, PREFACE)


def test_constants_are_as_executable_as_the_code_beside_them_and_the_rest_is_as_it_was() -> None:
    found = in_a_child("""
    import numpy
    before = pieces()
    code = [piece for piece in before if piece.rights == "r-xp"]
    constants = {
        piece.start for piece in before if piece.rights == "r--p"
        and any(piece.goes_on_in(other) or other.goes_on_in(piece) for other in code)
    }
    pages.merge()
    after = pieces()
    for piece in before:
        if piece.name.startswith("/") and piece.rights in ("r--p", "rw-p", "r-xp"):
            now = next(other for other in after if other.start <= piece.start < other.end)
            assert now.rights == ("r-xp" if piece.start in constants else piece.rights), piece
    print(len(constants), len(before) - len(after))
    """)
    constants, fewer = map(int, found.split())
    assert constants > 20
    assert fewer > constants / 2


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
        == "7\n"
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
