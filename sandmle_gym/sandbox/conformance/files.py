"""Files in and out, and the public ones."""

from sandmle_gym.sandbox.conformance.subject import PUBLIC_FILES, Subject, check, text


@check()
def files_go_in_and_come_out(subject: Subject) -> None:
    """What is put can be read inside and got back, in subdirectories too, and replaces what was there."""
    data = bytes(range(256)) * 1000
    with subject.open() as sandbox:
        assert sandbox.put({"a.bin": data, "d/e/f.txt": b"1", "./g": b""}) == ()
        assert sandbox.put({"a.bin": data[:3]}) == ()
        assert text(sandbox.run("bash", "wc -c < a.bin; cat d/e/f.txt", seconds=30)) == "3\n1"
        assert sandbox.get("a.bin", max_bytes=3).data == data[:3]
        assert sandbox.get("d/e/f.txt", max_bytes=10).data == b"1"
        assert sandbox.get("g", max_bytes=0).data == b""


@check()
def only_regular_files_come_out(subject: Subject) -> None:
    """A link, a FIFO, a directory, a device, a locked or a large file is a problem with a name, at once."""
    script = (
        "echo 1 > real; ln -s real link; mkfifo fifo; mkdir dir; echo 1 > dir/x; ln -s dir linked; "
        "ln -s /etc/passwd passwd; ln -s /dev/zero zero; ln -s /proc/1/environ env; "
        "truncate -s 40M large; ln -s loop loop; echo 1 > locked; chmod 0 locked"
    )
    expected = {
        **dict.fromkeys(("link", "passwd", "zero", "env", "loop", "fifo", "dir"), "not_regular"),
        "large": "too_large",
        "absent": "missing",
        "real/x": "missing",
    }
    with subject.open() as sandbox:
        text(sandbox.run("bash", script, seconds=30))
        for name, problem in expected.items():
            fetched = sandbox.get(name, max_bytes=1 << 20)
            assert (fetched.data, fetched.problem) == (None, problem), name
        assert sandbox.get("linked/x", max_bytes=100).data is None
        assert sandbox.get("real", max_bytes=100).data == b"1\n"


@check()
def names_stay_inside(subject: Subject) -> None:
    """A name that would leave the working directory is the caller's error."""
    with subject.open() as sandbox:
        for name in ("../x", "/etc/passwd", "a/../../x", "", "a\0b", "."):
            for call in (
                lambda name=name: sandbox.put({name: b""}),
                lambda name=name: sandbox.get(name, max_bytes=1),
            ):
                try:
                    call()
                except ValueError:
                    continue
                raise AssertionError(f"{name!r} was accepted")


@check()
def links_do_not_lead_out(subject: Subject) -> None:
    """Writing to a name that the agent has made a link replaces the link, or fails, but follows nothing."""
    with subject.open() as sandbox:
        text(
            sandbox.run("bash", "echo old > a; ln -s a b; mkdir d; ln -s d e; mkdir f", seconds=30)
        )
        assert sandbox.put({"b": b"new"}) == ()
        assert sandbox.put({"e/x": b"new", "f": b"new"}) == ("e/x", "f")
        assert text(sandbox.run("bash", "cat a b; ls d", seconds=30)) == "old\nnew"


@check()
def a_locked_directory_locks_nobody_out(subject: Subject) -> None:
    """An agent that takes all rights off its working directory does not stop the next command."""
    with subject.open() as sandbox:
        sandbox.run("bash", "echo 1 > x; chmod 0 .", seconds=30)
        assert text(sandbox.run("bash", "cat x", seconds=30)) == "1\n"
        assert sandbox.get("x", max_bytes=10).data == b"1\n"


@check()
def public_files_are_there_and_can_be_replaced(subject: Subject) -> None:
    """Public files lie in the working directory; an agent may replace its view of one, for itself."""
    with subject.open() as sandbox:
        for name, data in PUBLIC_FILES.items():
            assert text(sandbox.run("bash", f"cat {name}", seconds=30)).encode() == data
        assert text(
            sandbox.run("bash", "rm train.csv; echo mine > train.csv; cat train.csv", seconds=30)
        )
    with subject.open() as sandbox:
        assert (
            text(sandbox.run("bash", "cat train.csv", seconds=30)).encode()
            == PUBLIC_FILES["train.csv"]
        )
