#!/usr/bin/env python3
"""Installs the libraries into a fresh prefix, builds servers outside the tree against them, and
runs the servers.

Each server runs untraced, traced into a ring in a temporary folder, and with a ring that can't be
created. A reader, also built outside on the installed headers, tells what the ring has counted
while the server lives.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE_S = 120
CONFIGURATION = {}

COMMANDS = {
    "send 42 7 hello": "ok",
    "send 42 7 hello again": "ok",
    "send 42 13 lost": "error",
    "send 42 7 " + "x" * 5000: "rejected",
    "upload 42 1000": "ok",
    "upload 42 2000000": "rejected",
    "dance": "unknown command",
}
# Errors are what the server failed to do. A request that it rightly refused is no error.
COUNTED = [
    "SEND_MESSAGE count=4 errors=1", "UPLOAD_FILE count=2 errors=0",
    "VALIDATION_REJECT count=1 errors=0"
]


def run(*command, **more):
    done = subprocess.run([str(part) for part in command],
                          capture_output=True,
                          text=True,
                          timeout=DEADLINE_S,
                          check=False,
                          **more)
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, command))}: exit code {done.returncode}\n"
            f"{done.stdout}{done.stderr}"
        )
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ringside-package.")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = Path(cls.folder.name)
        cls.prefix = cls.root / "prefix"
        run(CONFIGURATION["cmake"], "--install", CONFIGURATION["build"], "--component", "dev",
            "--prefix", cls.prefix)
        cls.programs = {name: cls.build(name) for name in ("server_cpp", "server_c", "reader_cpp")}

    @classmethod
    def build(cls, name):
        binary = cls.root / name
        # Only the compiler of the server's language is given: a server in C must not need C++.
        environment = {
            key: value
            for key, value in os.environ.items() if key not in ("CC", "CXX", "CFLAGS", "CXXFLAGS")
        }
        language = "C" if name == "server_c" else "CXX"
        compiler = CONFIGURATION["cc" if language == "C" else "cxx"]
        run(CONFIGURATION["cmake"],
            "-S",
            HERE / name,
            "-B",
            binary,
            "-G",
            CONFIGURATION["generator"],
            f"-DCMAKE_PREFIX_PATH={cls.prefix}",
            f"-DCMAKE_{language}_COMPILER={compiler}",
            "-DCMAKE_BUILD_TYPE=Release",
            env=environment)
        run(CONFIGURATION["cmake"], "--build", binary, env=environment)
        return binary / name

    def serve(self, name, ring, while_it_lives=None):
        """Runs a server through COMMANDS until it ends with exit code 0. Returns its first line;
        with a ring that can't be had, its first two lines."""
        environment = {
            key: value
            for key, value in os.environ.items() if not key.startswith("RINGSIDE_")
        }
        if ring is not None:
            environment["RINGSIDE_RING"] = str(ring)
        server = subprocess.Popen([self.programs[name]],
                                  env=environment,
                                  text=True,
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        try:
            first = server.stdout.readline().rstrip("\n")
            if first.startswith("untraced: ") and ring is not None:
                first += "\n" + server.stdout.readline().rstrip(
                    "\n")  # the second line says what to do next
            elif first.startswith("untraced: "):
                server.stdout.readline()
            for command, answer in COMMANDS.items():
                server.stdin.write(command + "\n")
                server.stdin.flush()
                self.assertEqual(server.stdout.readline().rstrip("\n"), answer, command)
            if while_it_lives is not None:
                while_it_lives()
            _, errors = server.communicate(timeout=DEADLINE_S)
            self.assertEqual((server.returncode, errors), (0, ""))
        finally:
            server.kill()
            server.communicate()
        return first

    def test_only_what_a_server_needs_is_installed(self):
        installed = {
            str(path.relative_to(self.prefix))
            for path in self.prefix.rglob("*") if path.is_file()
        }
        for name in ("include/ringside/producer/ringside.hpp",
                     "include/ringside/producer/ringside.h", "include/ringside/shm/record.h"):
            self.assertIn(name, installed)
        for path in installed:
            self.assertRegex(path, r"^(include/ringside/(producer|shm)/\w+\.(h|hpp|def)"
                                   r"|lib\S*/libringside_(producer|shm)\.a"
                                   r"|lib\S*/cmake/ringside/ringside\S+\.cmake)$")

    def test_the_package_names_no_folder_of_the_build(self):
        for path in self.prefix.rglob("*.cmake"):
            self.assertNotIn(CONFIGURATION["build"], path.read_text(encoding="utf-8"), path)

    def test_servers_run_untraced(self):
        for name in ("server_cpp", "server_c"):
            with self.subTest(name=name):
                self.assertIn("RINGSIDE_RING is not set", self.serve(name, None))

    def test_servers_are_traced_and_their_ring_is_read(self):
        for name in ("server_cpp", "server_c"):
            with self.subTest(name=name):
                ring = self.root / f"{name}.ring"

                def read_ring():
                    self.assertEqual(run(self.programs["reader_cpp"], ring).splitlines(), COUNTED)

                self.assertEqual(self.serve(name, ring, read_ring), "traced")
                self.assertFalse(ring.exists(),
                                 "a server that leaves in order takes its ring along")

    def test_servers_run_on_where_the_ring_cannot_be_had(self):
        for name in ("server_cpp", "server_c"):
            with self.subTest(name=name):
                ring = self.root / "no such folder" / "ring"
                first = self.serve(name, ring)
                self.assertIn("untraced: ", first)
                self.assertIn(str(ring.parent), first)

    def test_a_version_that_is_not_installed_is_refused(self):
        source = self.root / "wants_more"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.16)\nproject(x LANGUAGES CXX)\n"
            "find_package(ringside 99.0 REQUIRED)\n",
            encoding="utf-8")
        with self.assertRaisesRegex(AssertionError, "99.0"):
            run(CONFIGURATION["cmake"], "-S", source, "-B", source / "build", "-G",
                CONFIGURATION["generator"], f"-DCMAKE_PREFIX_PATH={self.prefix}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A server outside the tree.")
    for name in ("cmake", "generator", "build", "cxx", "cc"):
        parser.add_argument(f"--{name}", required=True)
    known, rest = parser.parse_known_args()
    CONFIGURATION.update(vars(known))
    unittest.main(argv=[sys.argv[0], *rest])
