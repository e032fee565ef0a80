#!/usr/bin/env python3
"""Tests tools/setup on a make-believe Debian: stubs of dpkg-query, apt-cache, apt-get, id and sudo.
Those of apt-get and sudo write down how they were called."""

import argparse
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path()
PACKAGES = ["g++", "cmake", "ninja-build",
            "doctest-dev"]  # some of the list, which the tests make absent

STUBS = {
    # Like dpkg-query it prints the installed packages and fails because of the others.
    "dpkg-query":
    'for p in "$@"; do case "$p" in -*) ;; *) grep -qx -- "$p" "$FAKE/absent" || '
    'echo "installed $p" ;; esac; done; exit 1',
    "apt-cache":
    'for last; do :; done; ! grep -qx -- "$last" "$FAKE/unknown"',
    "apt-get":
    'echo "apt-get $*" >>"$FAKE/calls"\n'
    'cat "$RINGSIDE_SETUP_POLICY" >>"$FAKE/policies" 2>/dev/null\n'
    'case "$*" in\n'
    '  *update*) : >"$FAKE/unknown" ;;\n'
    '  *install*) if [ -e "$FAKE/stale" ]; then rm "$FAKE/stale"; exit 100; fi\n'
    '    : >"$FAKE/absent" ;;\n'
    'esac',
    "id":
    'cat "$FAKE/uid"',
    # Whether a package may start a service shows in the file that invoke-rc.d asks.
    "systemctl":
    'echo "systemctl $*" >>"$FAKE/calls"',
    "sudo":
    'echo "sudo" >>"$FAKE/calls"; [ "$1" != -n ] || shift; exec "$@"',
}


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ringside-setup.")
        self.addCleanup(folder.cleanup)
        self.fake = Path(folder.name)
        self.bin = self.fake / "bin"
        self.bin.mkdir()
        for tool in ("bash", "sed", "env", "grep", "cat", "rm", "true", "tee", "chmod"):
            (self.bin / tool).symlink_to(f"/usr/bin/{tool}")
        for name, text in STUBS.items():
            self.stub(name, text)
        self.write("absent", [])
        self.write("unknown", [])
        self.write("uid", ["0"])

    def stub(self, name, text):
        path = self.bin / name
        path.write_text(f"#!/usr/bin/env bash\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def write(self, name, lines):
        (self.fake / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def calls(self):
        path = self.fake / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def setup(self, *arguments):
        return subprocess.run([ROOT / "tools/setup", *arguments],
                              env={
                                  "PATH": str(self.bin),
                                  "FAKE": str(self.fake),
                                  "RINGSIDE_SETUP_POLICY": str(self.fake / "policy")
                              },
                              stdin=subprocess.DEVNULL,
                              capture_output=True,
                              text=True,
                              timeout=60,
                              check=False)

    def test_where_all_is_there_nothing_is_called(self):
        done = self.setup()
        self.assertEqual((done.returncode, done.stderr, self.calls()), (0, "", []))
        self.assertEqual(self.setup("--check").returncode, 0)

    def test_check_prints_what_is_missing(self):
        self.write("absent", PACKAGES)
        done = self.setup("--check")
        self.assertEqual((done.returncode, done.stdout.split(), self.calls()), (1, PACKAGES, []))

    def test_root_installs_what_is_missing_and_says_so_first(self):
        self.write("absent", PACKAGES)
        done = self.setup()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith(f"setup: installing: {' '.join(PACKAGES)}\n"),
                        done.stdout)
        self.assertEqual(len(self.calls()), 1, "no update: apt knew them all")
        self.assertTrue(self.calls()[0].endswith(" ".join(PACKAGES)), self.calls())

    def test_lists_are_fetched_where_apt_does_not_know_a_package(self):
        self.write("absent", PACKAGES)
        self.write("unknown", ["cmake"])
        self.assertEqual(self.setup().returncode, 0)
        self.assertEqual(["update" in call for call in self.calls()], [True, False])

    def test_lists_that_are_too_old_are_fetched_once(self):
        self.write("absent", PACKAGES)
        self.write("stale", [])
        self.assertEqual(self.setup().returncode, 0)
        self.assertEqual(["update" in call for call in self.calls()], [False, True, False])

    def test_a_package_that_no_list_has_is_named(self):
        self.stub("apt-get", 'echo "apt-get $*" >>"$FAKE/calls"')  # its update changes nothing
        self.write("absent", PACKAGES)
        self.write("unknown", ["doctest-dev"])
        done = self.setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt has no package: doctest-dev", done.stderr)
        self.assertEqual(len(self.calls()), 1)

    def test_a_package_with_a_service_is_installed_and_its_service_stays_off(self):
        policy, seen = self.fake / "policy", self.fake / "policies"
        for uid in ("0", "1000"):
            self.write("absent", ["prometheus-alertmanager"])
            self.write("uid", [uid])
            done = self.setup()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(seen.read_text(encoding="utf-8"), "#!/bin/sh\nexit 101\n")
            self.assertFalse(policy.exists())
            self.assertEqual(self.calls()[-1],
                             "systemctl --quiet disable prometheus-alertmanager")
            self.assertIn("the service prometheus-alertmanager stays off", done.stdout)
            seen.unlink()
        # The policy of somebody else stays as it is.
        self.write("absent", ["prometheus-alertmanager"])
        policy.write_text("theirs\n", encoding="utf-8")
        self.assertEqual(self.setup().returncode, 0)
        self.assertEqual(policy.read_text(encoding="utf-8"), "theirs\n")

    def test_services_may_start_again_after_an_installation_that_failed(self):
        self.stub("apt-get", 'echo "apt-get $*" >>"$FAKE/calls"; exit 100')
        self.write("absent", ["prometheus-alertmanager"])
        self.assertEqual(self.setup().returncode, 1)
        self.assertFalse((self.fake / "policy").exists())
        self.assertFalse([call for call in self.calls() if "systemctl" in call])

    def test_packages_without_a_service_leave_services_alone(self):
        self.write("absent", ["g++"])
        self.assertEqual(self.setup().returncode, 0)
        self.assertFalse([call for call in self.calls() if "systemctl" in call])

    def test_others_use_sudo(self):
        self.write("absent", PACKAGES)
        self.write("uid", ["1000"])
        self.assertEqual(self.setup().returncode, 0)
        self.assertIn("sudo", self.calls())

    def test_without_root_and_sudo_the_one_command_is_printed(self):
        self.write("absent", PACKAGES)
        self.write("uid", ["1000"])
        for sudo in ("exit 1", None):  # a sudo that would ask for a password, and no sudo
            (self.bin / "sudo").unlink()
            if sudo:
                self.stub("sudo", sudo)
            done = self.setup()
            self.assertEqual((done.returncode, self.calls()), (1, []))
            self.assertIn(
                "apt-get update && apt-get install -y --no-install-recommends " +
                " ".join(PACKAGES), done.stderr)

    def test_another_system_is_told_the_names(self):
        (self.bin / "apt-get").unlink()
        done = self.setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("libboost-dev", done.stderr)
        self.assertIn("--no-setup", done.stderr)

    def test_each_command_asks_for_what_it_needs_and_no_more(self):
        heavy = {"spin": "run", "lld": "run", "clang": "clang", "libclang-rt-14-dev": "clang",
                 "llvm": "coverage", "g++-aarch64-linux-gnu": "arm64", "qemu-user": "arm64"}
        self.write("absent", ["g++", *heavy])
        for words, groups in ((["build"], ()), (["demo"], ()), (["edit"], ("run",)),
                              (["release"], ("run",)), (["asan"], ("run", "clang")),
                              (["tsan"], ("run", "clang")), (["fuzz"], ("clang",)),
                              (["arm64"], ("arm64",)), (["fuzz", "arm64"], ("clang", "arm64")),
                              (["coverage"], ("clang", "coverage")),
                              (["test"], ("run", "clang", "arm64")),
                              ([], ("run", "clang", "arm64"))):
            with self.subTest(words=words):
                done = self.setup(*(part for word in words for part in ("--for", word)), "--check")
                needed = {"g++"} | {name for name, group in heavy.items() if group in groups}
                self.assertEqual(set(done.stdout.split()), needed)
        self.assertEqual(self.setup("--for", "demo").returncode, 0)
        self.assertTrue(self.calls()[-1].endswith("--no-install-recommends g++"), self.calls())

    def test_list_names_the_packages_and_why(self):
        everything = self.setup("--list").stdout
        demo = self.setup("--for", "demo", "--list").stdout
        self.assertTrue(set(demo.splitlines()) < set(everything.splitlines()))
        for line in everything.splitlines():
            self.assertRegex(line, r"^[a-z0-9+.-]+ +\S.*$")

    def test_the_scripts_ask_for_their_part(self):
        for script, words in (("demo", "tools/setup --for demo"), ("test", "wanted=(--for test)")):
            self.assertIn(words, (ROOT / "tools" / script).read_text(encoding="utf-8"))

    def test_wrong_usage_is_refused(self):
        for arguments in (["--install"], ["--check", "--list"], ["--for"], ["--for", "fun"]):
            self.assertEqual(self.setup(*arguments).returncode, 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    known, rest = parser.parse_known_args()
    ROOT = known.root
    unittest.main(argv=[sys.argv[0], *rest])
