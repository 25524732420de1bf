"""On a machine that lacks something: a clear error, or a fallback that the probe tells of.

Each machine is made in namespaces of a child process, so nothing of the real one changes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox.pools import wait_for

PROBE = """
from sandmle_gym.sandbox.warm import WarmBackend
probe = WarmBackend.probe()
print("available" if probe.available else "not available: " + probe.reason)
print("layers:", "; ".join(probe.layers)); print("notes:", "; ".join(probe.notes))
"""
EPISODE = """
from sandmle_gym.sandbox.warm import WarmBackend
with WarmBackend(preload=()) as backend, backend.open() as sandbox:
    for kind in ("bash", "python", "cell"):
        source = "echo fine" if kind == "bash" else "print('fine')"
        result = sandbox.run(kind, source, seconds=60)
        print(result.head.decode() or result, end="")
    result = sandbox.run("bash", "id -un; grep -E 'CapBnd|NoNew' /proc/self/status", seconds=60)
    print(result.head.decode())
"""
ROOT = ["--mount"]
ROOT_OF_A_CONTAINER = ["--mount", "--user"]
"""Root of a namespace with every user, which this process maps."""
ORDINARY_USER = ["--mount", "--user", "--map-root-user"]
"""Root of a namespace with one user: no others to run agents as, so the sandbox works as for any user."""


def on_machine(kind: list[str], setup: str, program: str, folder: Path, **variables: str) -> str:
    """Run a Python program after a shell set the machine up; return what it printed."""
    if os.geteuid() != 0:
        pytest.skip("only root can make such a machine")
    runtime = folder / "runtime"
    runtime.mkdir(exist_ok=True)
    environment = os.environ | {"SANDMLE_RUNTIME": str(runtime), "SANDMLE_LINGER": "0"} | variables
    begin = 'read start; exec sh -c "$@"'  # an `exec` with a mapped user brings its privileges
    script = f'set -e\n{setup}\nexec "$0" -c "$1"'
    command = ["unshare", *kind, "--propagation", "private", "sh", "-c", begin, "sh"]
    with subprocess.Popen(
        [*command, script, sys.executable, program],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        if kind == ROOT_OF_A_CONTAINER:
            _map_everybody(process.pid)
        printed, complaint = process.communicate("start\n", timeout=120)
    if complaint.startswith("unshare:"):
        pytest.skip(complaint)
    return printed + complaint


def _map_everybody(pid: int) -> None:
    own = Path("/proc/self/ns/user").readlink()
    wait_for(lambda: Path(f"/proc/{pid}/ns/user").readlink() != own)
    for ids in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{ids}").write_text("0 0 4294967295")


def test_without_control_groups_the_probe_says_so(tmp_path: Path) -> None:
    setup = "mount -t tmpfs none /sys/fs/cgroup"
    told = on_machine(ROOT, setup, PROBE, tmp_path)
    assert told.startswith("available\n"), told
    assert (
        "no cap on all episodes together: no cgroup hierarchy" in told or "no such cgroup" in told
    )
    assert "cgroup v" not in told.partition("layers:")[2].partition("notes:")[0]


def test_with_read_only_control_groups_the_probe_says_so(tmp_path: Path) -> None:
    setup = "for m in $(awk '$3 ~ /^cgroup/ {print $2}' /proc/mounts); do mount -o remount,bind,ro $m; done"
    told = on_machine(ROOT, setup, PROBE, tmp_path)
    assert told.startswith("available\n"), told
    assert "no cap on all episodes together" in told
    assert "Read-only file system" in told


@pytest.mark.parametrize("kind", [ROOT, ORDINARY_USER], ids=["root", "ordinary user"])
def test_shared_memory_of_the_host_is_not_needed(kind: list[str], tmp_path: Path) -> None:
    setup = "umount -l /dev/shm 2>/dev/null || mount -t tmpfs -o size=4k,mode=0 none /dev/shm"
    assert on_machine(kind, setup, EPISODE, tmp_path).startswith("fine\nfine\nfine\n")


@pytest.mark.parametrize("kind", [ROOT, ORDINARY_USER], ids=["root", "ordinary user"])
@pytest.mark.parametrize(
    "disk",
    [
        "mount -t tmpfs -o ro none {tmp}",
        "mount -t tmpfs -o size=4k none {tmp}; cat /dev/zero >{tmp}/x || :",
    ],
    ids=["read-only", "full"],
)
def test_a_temporary_directory_is_not_needed_where_sockets_have_a_place(
    kind: list[str], disk: str, tmp_path: Path
) -> None:
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    told = on_machine(kind, disk.format(tmp=tmp), EPISODE, tmp_path, TMPDIR=str(tmp))
    assert told.startswith("fine\nfine\nfine\n"), told


def test_no_place_for_sockets_is_a_clear_error(tmp_path: Path) -> None:
    setup = f"mount -t tmpfs -o ro none {tmp_path}"
    told = on_machine(ROOT, setup, EPISODE, tmp_path, SANDMLE_RUNTIME=str(tmp_path))
    assert "UserError: no place for" in told
    assert "SANDMLE_RUNTIME" in told


def test_user_namespaces_switched_off_for_root_leave_the_other_walls(tmp_path: Path) -> None:
    setup = "echo 0 > /proc/sys/user/max_user_namespaces"
    told = on_machine(ROOT_OF_A_CONTAINER, setup, EPISODE, tmp_path)
    assert told.startswith("fine\nfine\nfine\n"), told
    assert "CapBnd:\t0000000000000000" in told
    assert "NoNewPrivs:\t1" in told


def test_user_namespaces_switched_off_for_a_user_are_named_with_the_remedy(tmp_path: Path) -> None:
    setup = "echo 0 > /proc/sys/user/max_user_namespaces"
    told = on_machine(ORDINARY_USER, setup, PROBE, tmp_path)
    assert told.startswith("not available: "), told
    assert "sysctl user.max_user_namespaces=" in told


def test_without_proc_the_error_names_it(tmp_path: Path) -> None:
    setup = "mount -t tmpfs none /proc"
    told = on_machine(ROOT, setup, PROBE, tmp_path)
    assert told.startswith("not available: "), told
    assert "/proc" in told


def test_a_read_only_proc_is_no_matter_for_root(tmp_path: Path) -> None:
    told = on_machine(ROOT, "mount -o remount,bind,ro /proc", EPISODE, tmp_path)
    assert told.startswith("fine\nfine\nfine\n"), told


def test_a_read_only_proc_is_a_clear_error_for_a_user(tmp_path: Path) -> None:
    told = on_machine(ORDINARY_USER, "mount -o remount,bind,ro /proc", PROBE, tmp_path)
    assert told.startswith("not available: "), told
    assert "Read-only" in told


NODES = """
mount -t tmpfs none /dev/shm; cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/shm
for n in nvidiactl nvidia-uvm nvidia-uvm-tools nvidia0 nvidia1 nvidia2; do
    mknod -m 666 /dev/shm/$n c 1 5
done
mount --move /dev/shm /dev
"""
SHOWN = """
from sandmle_gym.sandbox.warm import WarmBackend
def told(**options):
    with WarmBackend(preload=(), **options) as backend, backend.open() as sandbox:
        source = "ls /dev | grep nvidia | tr '\\\\n' ' '; env | grep -E 'CUDA|XLA' | sort | tr '\\\\n' ' '"
        print(sandbox.run("bash", source, seconds=60).head.decode())
        source = "print(open('/dev/nvidia0', 'rb+').read(3)); import mmap; mmap.mmap(-1, 1 << 40)"
        print(sandbox.run("python", source, seconds=60).head.decode()[:20])
told()
told(gpus="0,2", gpu_memory=0.5)
try: told(gpus="0,7")
except ValueError as error: print(error)
"""


def test_cards_are_shown_only_when_asked_for(tmp_path: Path) -> None:
    """The nodes are fakes (of /dev/zero): what a driver does behind them is not tested."""
    lines = on_machine(ROOT, NODES, SHOWN, tmp_path).splitlines()
    assert lines[0] == ""
    assert "Traceback" in lines[1]
    shown = "nvidia-uvm nvidia-uvm-tools nvidia0 nvidia2 nvidiactl"
    told = "CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0,1"
    assert any(line.startswith(f"{shown} {told}") for line in lines), lines
    assert any("XLA_PYTHON_CLIENT_MEM_FRACTION=0.5" in line for line in lines)
    assert any(line.startswith(r"b'\x00\x00\x00'") for line in lines), lines
    assert "no card 7; there are [0, 1, 2]" in lines[-1]


def test_a_user_whose_processes_the_kernel_does_not_count_is_refused(tmp_path: Path) -> None:
    """User 0 of the machine in a namespace has no rights outside, but its processes are not counted."""
    told = on_machine(ORDINARY_USER, "", PROBE, tmp_path)
    assert told.startswith("not available: the limit on processes does not bind"), told
