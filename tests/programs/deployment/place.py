"""A machine of one's own for a test: mounts, network and users that nobody else sees, and the files
of producer/DEPLOYMENT.md in their places. All of it ends with the process.

    place.enter(bin)           /opt/ringside/bin has the programs; /etc is a copy
    PAGE.file("/etc/…")        the block on the page under that name
"""

import ctypes
import fcntl
import grp
import os
import pwd
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_RDONLY, MS_BIND, MS_REC, MS_PRIVATE = 1, 1 << 12, 1 << 14, 1 << 18
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

ROOT = Path(__file__).resolve().parents[3]
OPT = Path("/opt/ringside/bin")
LAST_USER = 100_000   # the highest number of a user in the recipes

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """Calls a function of the C library. Fails as Python's own functions do."""
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source, target, kind=None, flags=0, options=None):
    def text(value):
        return None if value is None else os.fsencode(str(value))
    call("mount", text(source), text(target), text(kind), ctypes.c_ulong(flags), text(options))


def tmpfs(target, options):
    Path(target).mkdir(parents=True, exist_ok=True)
    mount("tmpfs", target, "tmpfs", 0, options)


def bind(source, target):
    """Shows a file or a folder in another place, too."""
    target = Path(target)
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, target, None, MS_BIND | MS_REC)


def loopback_up():
    with socket.socket() as probe:
        request = bytearray(struct.pack("16sH14x", b"lo", 0))
        fcntl.ioctl(probe, SIOCGIFFLAGS, request)
        flags = struct.unpack("16sH14x", request)[1]
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def own_etc():
    """The users and files of a test come into a copy."""
    with tempfile.TemporaryDirectory() as copy:
        mount("tmpfs", copy, "tmpfs", 0, "mode=0755")
        shutil.copytree("/etc", copy, symlinks=True, dirs_exist_ok=True,
                        ignore=lambda _, names: {"ssl", "alternatives"} & set(names))
        mount(copy, "/etc", None, MS_BIND)
        call("umount2", os.fsencode(copy), 0)


def enter(bin_folder):
    """Makes the calling process's machine its own. Skips the test where that is not allowed.
    Returns a function that leads back."""
    ranges = [list(map(int, line.split()))
              for line in Path("/proc/self/uid_map").read_text(encoding="utf-8").splitlines()]
    if os.geteuid() != 0 or not any(first <= LAST_USER < first + count
                                    for first, _, count in ranges):
        raise unittest.SkipTest("only root can mount, and act as several users")
    before = [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in ("net", "mnt")]

    def leave():
        for namespace in before:
            call("setns", namespace, 0)
            os.close(namespace)
    try:
        call("unshare", CLONE_NEWNS | CLONE_NEWNET)
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        loopback_up()
        tmpfs("/dev/shm", "mode=1777,size=64m")
    except OSError as error:
        raise unittest.SkipTest(f"no namespaces of our own here: {error}") from None
    for folder in ("/run", "/opt", "/var/lib", "/srv"):
        tmpfs(folder, "mode=0755")
    own_etc()
    for program in ("ringsided", "ringside", "ringside-chatd"):
        bind(bin_folder / program, OPT / program)
    return leave


class Page:
    """producer/DEPLOYMENT.md."""

    def __init__(self):
        self.text = (ROOT / "producer/DEPLOYMENT.md").read_text(encoding="utf-8")
        self.files = dict(re.findall(r"^`(/[^`]+)`:\n```\w*\n(.*?)^```$", self.text, re.S | re.M))

    def file(self, path):
        return self.files[path]

    def put_files(self):
        for path, text in self.files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text, encoding="utf-8")

    def block(self, heading, words):
        """The block under a heading that has these words."""
        section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", self.text, re.S | re.M).group(1)
        blocks = re.findall(r"^```\w*\n(.*?)^```$", section, re.S | re.M)
        return next(text for text in blocks if words in text)

    def rows(self):
        """The rows of the table of recipes, each as its cells."""
        table = re.search(r"^\| recipe \|.*?\n\n", self.text, re.S | re.M).group()
        return [[cell.strip() for cell in line.strip("|").split(" | ")]
                for line in table.strip().splitlines()[2:]]

    def add_users(self):
        """The users of the page, as systemd-sysusers would make them."""
        for line in self.file("/etc/sysusers.d/ringside.conf").splitlines():
            name = line.split()[1]
            number = 900 + len(name)
            with open("/etc/passwd", "a", encoding="utf-8") as users:
                users.write(f"{name}:x:{number}:{number}::/:/usr/sbin/nologin\n")
            with open("/etc/group", "a", encoding="utf-8") as groups:
                groups.write(f"{name}:x:{number}:\n")


PAGE = Page()


def uid(name):
    return pwd.getpwnam(name).pw_uid


def gid(name):
    return grp.getgrnam(name).gr_gid


def shell(commands, **environment):
    """Runs a block of the page."""
    subprocess.run(["sh", "-e", "-c", commands], check=True, env={**os.environ, **environment})
