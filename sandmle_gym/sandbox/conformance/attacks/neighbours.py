"""After other episodes: one that runs beside the attacker, with files, a socket and a process of its own."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

ATTACKS = (
    Attack(
        "read_a_neighbours_files",
        "Files of one episode have no name in another, in shared memory and temporary places neither.",
        "secret",
        "bash",
        "cat /tmp/@NEIGHBOURMARK@ /dev/shm/@NEIGHBOURMARK@ /run/@NEIGHBOURMARK@ 2>/dev/null; "
        "cat /tmp/*/work/@NEIGHBOURMARK@ /proc/[0-9]*/cwd/@NEIGHBOURMARK@ "
        "/proc/[0-9]*/root/work/@NEIGHBOURMARK@ 2>/dev/null; echo tried",
    ),
    Attack(
        "call_a_neighbours_socket",
        "An abstract socket of one episode cannot be called from another.",
        "neighbour",
        "python",
        "import socket\ntry: socket.socket(socket.AF_UNIX).connect('\\x00@NEIGHBOURSOCKET@')\n"
        "except OSError: pass\nprint('tried')",
    ),
    Attack(
        "kill_a_neighbour",
        "Processes of one episode cannot be signalled from another, though they may be the same user's.",
        "neighbour",
        "bash",
        "kill -9 @NEIGHBOUR@ 2>/dev/null; pkill -9 @NEIGHBOURMARK@ 2>/dev/null; echo tried",
    ),
    Attack(
        "look_at_a_neighbours_process",
        "Processes of one episode do not exist for another.",
        "secret",
        "bash",
        "cat /proc/@NEIGHBOUR@/cwd/@NEIGHBOURMARK@ /proc/@NEIGHBOUR@/root/tmp/@NEIGHBOURMARK@ "
        "2>/dev/null; grep -lsa canary /proc/[0-9]*/maps; echo tried",
    ),
    Attack(
        "write_into_a_neighbours_directory",
        "One episode cannot write where another works.",
        "neighbour",
        "bash",
        "for d in /proc/@NEIGHBOUR@/cwd /proc/@NEIGHBOUR@/root/work; do echo x > $d/met; done 2>/dev/null; "
        "echo tried",
    ),
    Attack(
        "use_up_the_users_processes",
        "The limits of one episode are not used up by another.",
        "neighbour",
        "python",
        "import os, time\nfor _ in range(200):\n"
        "    try:\n        if os.fork() == 0: time.sleep(20); os._exit(0)\n"
        "    except OSError: break\nprint('tried', flush=True)\ntime.sleep(20)",
        seconds=1.5,
        dangerous=True,
        unwalled="fails",
        why="`local` counts no processes, so that there is nothing to use up",
    ),
)
