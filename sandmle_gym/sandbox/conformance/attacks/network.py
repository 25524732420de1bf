"""After the network: call somebody, listen in, or open a socket that could."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

_HELD = """
import ctypes, socket, time
ctypes.CDLL(None).prctl(15, b"@MARK@")
held = []
for family in range(2, 46):
    for kind in (1, 2, 3, 5):
        for protocol in (0, 1, 16):
            try: held.append(socket.socket(family, kind, protocol))
            except OSError: pass
if held: time.sleep(0.6)
print("tried")
"""
_SNIFF = """
import socket, time
try:
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sniffer.settimeout(1)
    for _ in range(2000):
        data = sniffer.recv(65536)
        if b"canary" in data: print(data); break
except OSError:
    pass
print("tried")
"""


def _call(name: str, law: str, call: str, *, kind: str = "") -> Attack:
    """Build an attack of one Python line that calls the host."""
    program = f"import socket as s\ntry:\n    {call}\nexcept OSError: pass\nprint('tried')"
    return Attack(name, law, "connection", "cell" if kind else "python", program)


ATTACKS = (
    _call(
        "call_over_tcp",
        "No TCP connection reaches the host's loopback.",
        "s.create_connection(('127.0.0.1', @TCP@), 2)",
    ),
    _call(
        "call_over_tcp_6",
        "No TCP connection over IPv6 reaches the host's loopback.",
        "s.create_connection(('::1', @TCP6@), 2)",
    ),
    _call(
        "send_over_udp",
        "No datagram reaches the host.",
        "s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', @UDP@))",
    ),
    _call(
        "call_an_abstract_socket",
        "An abstract Unix socket of the host cannot be called (a filter alone would let it).",
        "s.socket(s.AF_UNIX).connect('\\x00@ABSTRACT@')",
    ),
    _call(
        "call_an_abstract_datagram_socket",
        "An abstract Unix datagram socket of the host cannot be written to.",
        "s.socket(s.AF_UNIX, s.SOCK_DGRAM).sendto(b'x', '\\x00@ABSTRACTDATAGRAM@')",
        kind="cell",
    ),
    _call(
        "call_a_socket_file",
        "A socket file of the host (an engine's, an agent's) cannot be called.",
        "s.socket(s.AF_UNIX).connect('@DOOR@')",
    ),
    Attack(
        "call_from_the_shell",
        "The shell's own network redirections reach nobody.",
        "connection",
        "bash",
        "(exec 3<>/dev/tcp/127.0.0.1/@TCP@) 2>/dev/null; (echo x >/dev/udp/127.0.0.1/@UDP@) 2>/dev/null; "
        "curl -s -m 2 http://127.0.0.1:@TCP@ >/dev/null 2>&1; echo tried",
    ),
    Attack(
        "call_from_a_new_network_namespace",
        "Leaving the network namespace leads nowhere.",
        "connection",
        "python",
        "import ctypes, os, socket\nlibc = ctypes.CDLL(None)\n"
        "for pid in (1, os.getppid(), @VICTIM@):\n"
        "    try: libc.setns(os.open(f'/proc/{pid}/ns/net', os.O_RDONLY), 0)\n"
        "    except OSError: pass\n"
        "    try: socket.create_connection(('127.0.0.1', @TCP@), 2)\n    except OSError: pass\n"
        "print('tried')",
    ),
    Attack(
        "open_sockets_of_every_family",
        "No socket but a Unix one can be made at all: netlink, packet, vsock, crypto and the rest.",
        "kernel_object",
        "python",
        _HELD,
    ),
    Attack(
        "listen_in",
        "Packets of the host cannot be read.",
        "secret",
        "python",
        _SNIFF,
        as_root=True,
    ),
)
