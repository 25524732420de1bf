"""After the host's files: write where somebody outside would read."""

from sandmle_gym.sandbox.conformance.attacks.attack import Attack

ATTACKS = (
    Attack(
        "write_a_file_of_the_host",
        "A file of the host cannot be written, made or deleted.",
        "host_file",
        "bash",
        "for p in '' /proc/1/root /proc/self/root; do echo x >> $p@HOSTFILE@; echo x > $p@HOSTDIR@/new; "
        "done 2>/dev/null; echo tried",
    ),
    Attack(
        "plant_a_set_user_id_program",
        "No program with another user's rights is left on the host.",
        "host_file",
        "bash",
        "cp /bin/true @HOSTDIR@/suid 2>/dev/null && chmod 4755 @HOSTDIR@/suid; echo tried",
    ),
    Attack(
        "change_public_files",
        "Public files are read-only, whichever name is used for them.",
        "host_file",
        "bash",
        "t=$(realpath train.csv); chmod 666 $t; echo x >> $t; echo x >> train.csv; truncate -s 0 $t; "
        "touch -d 2001-01-01 $t; echo tried",
    ),
    Attack(
        "delete_public_files",
        "Public files cannot be removed, renamed or added to where others read them.",
        "host_file",
        "bash",
        "d=$(dirname $(realpath train.csv)); rm -f $d/sample.csv; mv $d/train.csv $d/moved; "
        "mkdir $d/new; ln -s / $d/link; echo tried",
    ),
    Attack(
        "remount_public_files",
        "A read-only mount cannot be made writable, or be taken off what it covers.",
        "host_file",
        "bash",
        "d=$(dirname $(realpath train.csv)); for m in $d / /usr /public; do mount -o remount,rw,bind $m; "
        "done; umount -l $d; echo x >> $d/train.csv; echo x >> $(realpath train.csv); echo tried",
    ),
    Attack(
        "have_the_host_write_through_a_directory",
        "A file that the host puts does not follow a linked directory out.",
        "host_file",
        "bash",
        "ln -s @HOSTDIR@ out; echo tried",
        put=("out/new", "out/host"),
        unwalled="fails",
        why="the host follows no link when it puts a file",
    ),
    Attack(
        "have_the_host_write_through_a_file",
        "A file that the host puts replaces a link instead of following it.",
        "host_file",
        "bash",
        "ln -s @HOSTFILE@ target; ln @HOSTFILE@ hard 2>/dev/null; echo tried",
        put=("target",),
        unwalled="fails",
        why="the host follows no link when it puts a file",
    ),
    Attack(
        "leave_a_file_in_a_shared_place",
        "Temporary directories are the episode's own.",
        "host_file",
        "bash",
        "for d in /tmp /var/tmp /dev/shm /run /run/lock /var/lock; do echo x > $d/@MARK@; done 2>/dev/null; "
        "echo tried",
    ),
    Attack(
        "write_among_pythons_packages",
        "The interpreter that everybody shares cannot be changed.",
        "host_file",
        "python",
        "import os, sys, sysconfig\n"
        "for place in (sys.prefix, sys.base_prefix, sysconfig.get_path('purelib'), '@PACKAGES@', "
        "'/usr/local/bin',"
        " '/etc', '/', '/usr/lib', '/opt', '/bin'):\n"
        "    try: open(os.path.join(place, '@MARK@'), 'w').close()\n"
        "    except OSError: pass\n"
        "print('tried')",
        unwalled="untried",
        why="it would write into the machine's own system directories",
    ),
    Attack(
        "turn_a_knob_of_the_kernel",
        "No setting of the running kernel can be changed through /proc/sys.",
        "host_file",
        "bash",
        "for k in @PROCKNOB@ /proc/1/root@PROCKNOB@; do echo @PROCVALUE@ > $k; done 2>/dev/null; "
        "sysctl -w vm.stat_interval=@PROCVALUE@ >/dev/null 2>&1; echo tried",
        as_root=True,
        unwalled="depends",
        why="a setting that the kernel works out anew may be back before the host looks",
    ),
    Attack(
        "turn_a_knob_in_sys",
        "No setting of the running kernel can be changed through /sys.",
        "host_file",
        "bash",
        "mkdir s; mount -t sysfs sysfs s; for k in @SYSKNOB@ s@SYSBELOW@; do echo @SYSVALUE@ > $k; "
        "done 2>/dev/null; "
        "umount -l s; echo tried",
        as_root=True,
    ),
    Attack(
        "make_a_cgroup",
        "Control groups of the host can be neither seen nor made, mounted nor joined.",
        "host_file",
        "bash",
        "for g in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $g/@MARK@; done 2>/dev/null; "
        "mkdir g && mount -t cgroup2 none g && mkdir g/@MARK@; umount -l g; "
        "mkdir h && mount -t cgroup -o pids none h && mkdir h/@MARK@; umount -l h; echo tried",
        as_root=True,
    ),
)
