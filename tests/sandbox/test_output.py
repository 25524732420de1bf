"""`Output` keeps the two ends of any stream, however it is cut up."""

from hypothesis import given
from hypothesis import strategies as st

from sandmle_gym.sandbox.output import Output

CHUNKS = st.lists(st.binary(max_size=40), max_size=40)


@given(CHUNKS, st.integers(min_value=0, max_value=100))
def test_head_tail_and_dropped_add_up(chunks: list[bytes], keep: int) -> None:
    everything = b"".join(chunks)
    output = Output(keep, flood=10_000)
    for chunk in chunks:
        output.add(chunk)
    head, tail, dropped = output.parts()
    assert len(head) + len(tail) + dropped == len(everything)
    assert everything.startswith(head)
    assert everything.endswith(tail)
    assert len(head) + len(tail) <= keep
    if len(everything) <= keep:
        assert (head, tail, dropped) == (everything, b"", 0)


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20))
def test_a_flood_is_the_same_however_far_it_got(chunks: list[bytes]) -> None:
    results = []
    for extra in (b"x", b"x" * 5000):
        output = Output(100, flood=1000)
        for chunk in (b"a" * 1000, *chunks, extra):
            output.add(chunk)
        results.append(output.parts())
    assert results[0] == results[1] == (b"a" * 50, b"", 950)


@given(st.binary(max_size=50))
def test_a_note_stands_on_a_line_of_its_own(before: bytes) -> None:
    output = Output(1000, flood=1000)
    output.add(before)
    output.note(b"note\n")
    head, _, _ = output.parts()
    assert head.endswith(b"\nnote\n") or head == b"note\n"
