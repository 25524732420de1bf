"""First program of the container: calls the host, says what the image offers, and becomes `root.py`.

Standalone, run by the image's Python. When the host goes, so does its socket, then the zygote, then this
process, and with it the container.
"""

import json
import os
import platform
import socket
import sys
from pathlib import Path

DOOR = "/run/sandmle"
_LARGEST_DATAGRAM = 1 << 20


def main() -> None:
    """Answer the host's one question, and make room for the jail."""
    errors = os.open(f"{DOOR}/errors", os.O_WRONLY | os.O_APPEND)
    os.dup2(errors, 2)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.connect(f"{DOOR}/socket")
    question = json.loads(control.recv(_LARGEST_DATAGRAM))
    control.send(json.dumps(_describe(**question)).encode())
    control.set_inheritable(True)
    command = [sys.executable, "-E", "-s", "-S", f"{question['code']}/root.py"]
    os.execve(sys.executable, [*command, str(control.fileno())], question["environment"])


def _describe(
    system: list[str], data_sets: list[str], system_data_sets: list[str], **_: object
) -> dict[str, object]:
    base = os.path.realpath(sys.base_prefix)
    masks = [path for path in system_data_sets if Path(path).exists()]
    for prefix in (sys.prefix, base):
        for packages in Path(prefix).glob("lib*/python3*/*-packages"):
            masks += [str(found) for pattern in data_sets for found in packages.glob(pattern)]
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "prefix": sys.prefix,
        "base": base,
        "system": [path for path in system if os.path.lexists(path)],
        "masks": sorted(masks),
    }


if __name__ == "__main__":
    main()
