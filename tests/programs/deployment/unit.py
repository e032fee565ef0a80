"""The service of a unit file, with the rights that systemd would give it.

    unit = Unit("/etc/systemd/system/chat.service")
    unit.confine()            in a new process, which then becomes unit.program

It knows what the units of producer/DEPLOYMENT.md say, and takes nothing that it does not know."""

import configparser
import ctypes
import functools
import grp
import os
import pwd
import re
import shlex
import signal
import subprocess
import traceback
from pathlib import Path

import place
from place import MS_BIND, MS_REC, call, mount, tmpfs

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000
ALLOW, KILL_PROCESS, EPERM = 0x7FFF0000, 0x80000000, 0x00050001
MASKED_EQUAL = 7

# What is for systemd itself, and changes nothing in the service.
NOT_FOR_THE_SERVICE = {"ExecReload", "Restart"}
# How a switch must be set. The functions below do what it says.
SWITCHES = {
    "ProtectSystem": "strict", "ProtectHome": "yes", "ProtectProc": "invisible",
    "PrivateTmp": "yes", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "",
    "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native"
}
VALUES = {"ExecStart", "User", "SupplementaryGroups", "Environment", "StateDirectory",
          "ReadWritePaths", "SystemCallFilter"}


def read(path):
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    service = dict(parser["Service"])
    for name, value in service.items():
        known = name in VALUES | NOT_FOR_THE_SERVICE or SWITCHES.get(name) == value
        if not known:
            raise ValueError(f"{path}: {name}={value}: unknown here; teach it to {__file__}")
    return service


def read_only(path, on):
    """struct mount_attr: what to set, what to clear, propagation, user namespace."""
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY * on, MOUNT_ATTR_RDONLY * (not on), 0, 0)
    call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(str(path)), AT_RECURSIVE,
         attributes, ctypes.sizeof(attributes))


def own_mounts(service, user):
    call("unshare", place.CLONE_NEWNS)
    writable = [Path(path) for path in service.get("ReadWritePaths", "").split()]
    for name in service.get("StateDirectory", "").split():
        state = Path("/var/lib") / name
        state.mkdir(mode=0o755, exist_ok=True)
        os.chown(state, user.pw_uid, user.pw_gid)
        writable.append(state)
    if "ProtectProc" in service:
        mount("proc", "/proc", "proc", 0, "hidepid=invisible")
    if "PrivateTmp" in service:
        writable += [Path("/tmp"), Path("/var/tmp")]
        for folder in writable[-2:]:
            tmpfs(folder, "mode=1777")
    if "ProtectHome" in service:
        for folder in filter(os.path.exists, ("/home", "/root", "/run/user")):
            tmpfs(folder, "mode=0000")
    if "ProtectSystem" in service:
        # As in systemd: all but the interfaces to the kernel, and what is named.
        writable += [Path("/dev"), Path("/proc"), Path("/sys")]
        for path in writable:
            mount(path, path, None, MS_BIND | MS_REC)
        read_only("/", True)
        for path in writable:
            read_only(path, False)


@functools.cache
def calls_in(wanted):
    """The system calls of one of systemd's groups. A group may have others in it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True,
                            check=True).stdout
    groups = {name: re.findall(r"^    ([@\w-]+)$", entries, re.M)
              for name, entries in re.findall(r"^(@[\w-]+)\n((?:    .*\n)*)", listed, re.M)}

    def calls(group):
        return {call for name in groups[group]
                for call in (calls(name) if name.startswith("@") else [name])}
    return calls(wanted)


class Argument(ctypes.Structure):
    """struct scmp_arg_cmp"""
    _fields_ = [("number", ctypes.c_uint), ("how", ctypes.c_int), ("mask", ctypes.c_uint64),
                ("value", ctypes.c_uint64)]


class Filters:
    """Filters of system calls, made by libseccomp as systemd makes them."""

    def __init__(self, service):
        self.library = None
        group = service.get("SystemCallFilter")
        self.allowed = calls_in(group) if group else set()
        self.no_code = "MemoryDenyWriteExecute" in service
        if group or self.no_code:
            self.library = ctypes.CDLL("libseccomp.so.2")
            self.library.seccomp_init.restype = ctypes.c_void_p

    def number(self, name):
        return self.library.seccomp_syscall_resolve_name(name.encode())

    def load(self):
        if self.no_code:
            self.filter(ALLOW, [
                ("mmap", EPERM, Argument(2, MASKED_EQUAL, PROT_WRITE | PROT_EXEC,
                                         PROT_WRITE | PROT_EXEC)),
                ("mprotect", EPERM, Argument(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC)),
                ("pkey_mprotect", EPERM, Argument(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC)),
                ("shmat", EPERM, Argument(2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))])
        if self.allowed:
            self.filter(KILL_PROCESS, [(name, ALLOW, None) for name in sorted(self.allowed)])

    def filter(self, default, rules):
        context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(default)))
        for name, action, argument in rules:
            number = self.number(name)
            if number < 0:
                continue   # of another architecture
            arguments = (Argument * 1)(argument) if argument else None
            done = self.library.seccomp_rule_add_array(
                context, ctypes.c_uint32(action), number, 1 if argument else 0, arguments)
            if done != 0:
                raise OSError(-done, f"libseccomp refuses {name}")
        done = self.library.seccomp_load(context)
        if done != 0:
            raise OSError(-done, "the filter can't be loaded")


class Unit:
    def __init__(self, path):
        self.service = read(path)
        self.user = pwd.getpwnam(self.service["User"])
        self.groups = [grp.getgrnam(name).gr_gid
                       for name in self.service.get("SupplementaryGroups", "").split()]
        self.filters = Filters(self.service)
        self.program = shlex.split(self.service["ExecStart"])
        self.environment = dict(
            pair.split("=", 1) for pair in shlex.split(self.service.get("Environment", "")))

    def confine(self):
        try:
            self.take_rights()
        except Exception:
            traceback.print_exc()   # into the log; the caller hears only that something went wrong
            raise

    def take_rights(self):
        own_mounts(self.service, self.user)
        os.chdir("/")
        if "CapabilityBoundingSet" in self.service:
            last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
            for capability in range(last + 1):
                call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups([self.user.pw_gid, *self.groups])
        os.setresgid(*[self.user.pw_gid] * 3)
        os.setresuid(*[self.user.pw_uid] * 3)
        # If the test is killed, so is its service. A change of user has undone what was set before.
        call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if "NoNewPrivileges" in self.service:
            call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        self.filters.load()
