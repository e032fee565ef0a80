#!/usr/bin/env python3
"""Builds the libraries that servers link as their developer does, installs them, moves the prefix
away, and builds servers outside the tree against them in every way that servers are built.

Each server runs traced into a ring in a temporary folder. A reader, also built outside on the
installed headers, tells what the ring has counted while the server lives.

Over 400 lines: everything is built once, for all of it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE_S = 240
CONFIGURATION = {}
# None of these may be found: what servers link needs a compiler and CMake.
PACKAGES = ("Boost", "CLI11", "OpenSSL", "PkgConfig", "Python3", "SQLite3", "doctest", "fmt",
            "nlohmann_json", "spdlog", "tomlplusplus")

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
VARIANTS = ("server_shared", "server_plain", "server_static", "host")
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")


def attempt(*command, **more):
    return subprocess.run([str(part) for part in command],
                          capture_output=True,
                          text=True,
                          timeout=DEADLINE_S,
                          check=False,
                          **more)


def run(*command, **more):
    done = attempt(*command, **more)
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, command))}: exit code {done.returncode}\n"
            f"{done.stdout}{done.stderr}"
        )
    return done.stdout


def clean_environment(**more):
    """Only the compiler of the server's language is given: a server in C must not need C++."""
    left_out = ("CC", "CXX", "CFLAGS", "CXXFLAGS")
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in left_out and not key.startswith("RINGSIDE_")
    }
    return {**kept, **more}


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ringside-package.")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = Path(cls.folder.name)
        cls.build_folder = cls.root / "build"
        # Of GCC's symbols some are unique in the process, and keep a plug-in loaded by accident.
        gcc = "clang" not in run(CONFIGURATION["cxx"], "--version")
        cls.no_unique = ["-fno-gnu-unique"] if gcc else []
        unique = [f"-DCMAKE_CXX_FLAGS={flag}" for flag in cls.no_unique]
        # One source for each library: this builds in a third of the time.
        cls.configure(CONFIGURATION["source"], cls.build_folder, "CXX", "-DCMAKE_BUILD_TYPE=Debug",
                      *unique,
                      f"-DCMAKE_C_COMPILER={CONFIGURATION['cc']}", "-DRINGSIDE_BUILD_PROGRAMS=OFF",
                      "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=0",
                      *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in PACKAGES))
        run(CONFIGURATION["cmake"], "--build", cls.build_folder)
        installed = cls.root / "installed"
        run(CONFIGURATION["cmake"], "--install", cls.build_folder, "--component", "dev",
            "--prefix", installed)
        # Nothing in it may know where it was installed.
        cls.prefix = cls.root / "prefix"
        installed.rename(cls.prefix)
        cls.lib = next(cls.prefix.rglob("libringside.a")).parent
        cls.pkg_config = clean_environment(PKG_CONFIG_PATH=str(cls.lib / "pkgconfig"))
        cls.programs = {name: cls.build(name) for name in ("server_cpp", "server_c", "reader_cpp")}
        cls.build("variants", "CXX", f"-DCMAKE_C_COMPILER={CONFIGURATION['cc']}", *unique)
        for name in VARIANTS:
            cls.programs[name] = cls.root / "variants" / name

    @classmethod
    def configure(cls, source, binary, language, *more):
        compiler = CONFIGURATION["cc" if language == "C" else "cxx"]
        run(CONFIGURATION["cmake"], "-S", source, "-B", binary, "-G", CONFIGURATION["generator"],
            f"-DCMAKE_{language}_COMPILER={compiler}", *more, env=clean_environment())

    @classmethod
    def build(cls, name, language=None, *more):
        binary = cls.root / name
        cls.configure(HERE / name, binary, language or ("C" if name == "server_c" else "CXX"),
                      f"-DCMAKE_PREFIX_PATH={cls.prefix}", *more)
        run(CONFIGURATION["cmake"], "--build", binary, env=clean_environment())
        return binary / name

    def compiled(self, name, text, include, *more, language="c++"):
        """Compiles a text and links it with the static library. Returns how the compiler ended."""
        compiler = CONFIGURATION["cc" if language == "c" else "cxx"]
        return attempt(compiler, *WARNINGS, "-x", language, "-", "-o", self.root / name,
                       f"-I{include}", *more, "-x", "none", self.lib / "libringside.a",
                       "-lstdc++", "-pthread", input=text)

    def serve(self, name, ring, while_it_lives=None):
        """Runs a server through COMMANDS until it ends with exit code 0. Returns its first line;
        untraced, its first two lines."""
        environment = clean_environment(LD_LIBRARY_PATH=str(self.lib))
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
            if first.startswith("untraced: "):   # the second line says what to do next
                first += "\n" + server.stdout.readline().rstrip("\n")
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

    def traced(self, name):
        ring = self.root / f"{name}.ring"

        def read_ring():
            self.assertEqual(run(self.programs["reader_cpp"], ring).splitlines(), COUNTED)

        self.assertEqual(self.serve(name, ring, read_ring), "traced")
        self.assertFalse(ring.exists(), "a server that leaves in order takes its ring along")

    def headers_changed(self, name, *changes):
        """A copy of the installed headers with changes: file, old text, new text."""
        include = self.root / name
        shutil.copytree(self.prefix / "include", include)
        for header, old, new in changes:
            path = include / "ringside" / header
            text = path.read_text(encoding="utf-8")
            self.assertIn(old, text)
            path.write_text(text.replace(old, new), encoding="utf-8")
        return include

    # What is installed.

    def test_only_what_a_server_needs_is_installed(self):
        installed = {
            str(path.relative_to(self.prefix))
            for path in self.prefix.rglob("*") if path.is_file()
        }
        self.assertLessEqual({"include/ringside/ringside.hpp", "include/ringside/ringside.h",
                              "include/ringside/chat.hpp", "include/ringside/version.h",
                              "include/ringside/scoped.hpp", "include/ringside/chrono.hpp"},
                             installed)
        self.assertEqual({Path(path).parts[1] for path in installed if path.startswith("include/")},
                         {"ringside"})
        for path in installed:
            self.assertRegex(path, r"^(include/ringside/((detail|shm)/)?\w+\.(h|hpp|def)"
                                   r"|lib\S*/libringside\.(a|so|so\.\d+)"
                                   r"|lib\S*/pkgconfig/ringside\.pc"
                                   r"|lib\S*/cmake/ringside/ringside\S+\.cmake)$")

    def test_the_package_names_no_folder_of_the_build(self):
        for path in [*self.prefix.rglob("*.cmake"), *self.prefix.rglob("*.pc")]:
            text = path.read_text(encoding="utf-8")
            self.assertNotIn(str(self.root), text, path)
            self.assertNotIn(CONFIGURATION["source"], text, path)

    def test_the_version_stands_in_headers_package_and_library_alike(self):
        text = (self.prefix / "include/ringside/version.h").read_text(encoding="utf-8")
        found = dict(re.findall(r"#define RINGSIDE_(VERSION_[A-Z]+|ABI) (\d+)", text))
        version = ".".join(found[f"VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH"))
        self.assertEqual(run("pkg-config", "--modversion", "ringside",
                             env=self.pkg_config).strip(), version)
        self.assertIn(f'PACKAGE_VERSION "{version}"',
                      next(self.prefix.rglob("ringsideConfigVersion.cmake")).read_text(
                          encoding="utf-8"))
        self.assertIn(f"Library soname: [libringside.so.{found['ABI']}]",
                      run("readelf", "-d", self.lib / "libringside.so"))

    def test_the_shared_library_exports_what_its_headers_say_and_nothing_else(self):
        intended = set()
        for path in (self.prefix / "include").rglob("*.h*"):
            text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
            for declared in re.findall(
                    r"^(?!#|  friend).*(?:RINGSIDE_API|RINGSIDE_COLD) ([^;]*);", text, re.M):
                intended.add(re.search(r"(\w+)(?=\(|\[| __attribute__|$)", declared).group(1))
        self.assertLessEqual({"ringside_begin", "write_slow", "t_writer", "g_gauges", "traced"},
                             intended)
        exported = set()
        for line in run("nm", "-DC", "--defined-only",
                        self.lib / "libringside.so").splitlines():
            name = re.sub(r"\(.*|\[abi:\w+\]", "", line.split(None, 2)[2])
            self.assertRegex(name, r"^(ringside_\w+|ringside::(detail::)?abi\d+::\w+"
                                   r"|ringside::monotonic_ticks)$")
            exported.add(name.split("::")[-1])
        self.assertEqual(exported, intended)

    def test_a_version_or_a_component_that_is_not_installed_is_refused(self):
        for name, wanted, found in (("wants_more", "99.0 REQUIRED", "99.0"),
                                    ("wants_another", "REQUIRED COMPONENTS producer drummer",
                                     "drummer")):
            source = self.root / name
            source.mkdir()
            (source / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.16)\nproject(x LANGUAGES CXX)\n"
                f"find_package(ringside {wanted})\n",
                encoding="utf-8")
            with self.subTest(name=name), self.assertRaisesRegex(AssertionError, found):
                self.configure(source, source / "build", "CXX",
                               f"-DCMAKE_PREFIX_PATH={self.prefix}")

    # How servers are built.

    def test_servers_run_untraced(self):
        for name in ("server_cpp", "server_c"):
            with self.subTest(name=name):
                self.assertIn("RINGSIDE_RING is not set", self.serve(name, None))

    def test_servers_are_traced_and_their_ring_is_read(self):
        for name in ("server_cpp", "server_c", "server_shared", "server_plain", "server_static"):
            with self.subTest(name=name):
                self.traced(name)

    def test_servers_run_on_where_the_ring_cannot_be_had(self):
        for name in ("server_cpp", "server_c"):
            with self.subTest(name=name):
                ring = self.root / "no such folder" / "ring"
                first = self.serve(name, ring)
                self.assertIn("untraced: ", first)
                self.assertIn(str(ring.parent), first)

    def test_a_server_in_c_is_built_with_make_and_pkg_config(self):
        folder = self.root / "make"
        shutil.copytree(HERE / "server_c", folder)
        run("make", "-C", folder, f"CC={CONFIGURATION['cc']}", env=self.pkg_config)
        self.programs["make"] = folder / "server_c"
        self.assertIn("libringside.so", run("readelf", "-d", self.programs["make"]))
        self.traced("make")

    def test_a_static_binary_is_built_with_pkg_config(self):
        flags = run("pkg-config", "--static", "--cflags", "--libs", "ringside",
                    env=self.pkg_config).split()
        self.programs["static"] = self.root / "static"
        linked = attempt(CONFIGURATION["cc"], "-std=c11", "-static", *WARNINGS,
                         HERE / "server_c/main.c", "-o", self.programs["static"], *flags)
        # Without warnings too, such as that a static binary would need the system's libraries.
        self.assertEqual((linked.returncode, linked.stderr), (0, ""))
        self.traced("static")

    def test_folders_of_a_server_do_not_clash_with_the_headers(self):
        clash = self.root / "clash"
        for header in self.prefix.rglob("include/ringside/**/*.h*"):
            for folder in ("shm", "producer", "detail", "."):
                path = clash / folder / header.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("#error this is the server's own header\n", encoding="utf-8")
        for standard, language, header, nothing in (("c++17", "c++", "ringside.hpp", ""),
                                                    ("c++20", "c++", "ringside.hpp", ""),
                                                    ("c99", "c", "ringside.h", "void"),
                                                    ("c11", "c", "ringside.h", "void")):
            with self.subTest(standard=standard):
                text = f"#include <ringside/{header}>\nint main({nothing}) {{ return 0; }}\n"
                done = self.compiled("own", text, clash, f"-I{self.prefix / 'include'}",
                                     f"-std={standard}", language=language)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_compiled_out_a_server_needs_no_library(self):
        for standard in ("c++17", "c++20"):
            self.programs["out"] = self.root / f"out-{standard}"
            done = attempt(CONFIGURATION["cxx"], f"-std={standard}", "-DRINGSIDE_DISABLE",
                           *WARNINGS, f"-I{self.prefix / 'include'}", HERE / "server_cpp/main.cpp",
                           "-o", self.programs["out"], "-pthread")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertNotRegex(run("nm", "-C", self.programs["out"]), r" [BbDd] ringside::")
            self.assertEqual(
                self.serve("out", self.root / "out.ring"),
                "untraced: the program was compiled with RINGSIDE_DISABLE\n"
                "  next: compile it without")
            self.assertFalse((self.root / "out.ring").exists())

    def test_every_header_in_cpp_is_compiled_alone_with_and_without_exceptions(self):
        for header in sorted(self.prefix.glob("include/ringside/*.hpp")):
            for flags in (["-std=c++17"], ["-std=c++20", "-fno-exceptions", "-fno-rtti"],
                          ["-std=c++17", "-DRINGSIDE_DISABLE"]):
                with self.subTest(header=header.name, flags=flags):
                    text = f"#include <ringside/{header.name}>\nint main() {{ return 0; }}\n"
                    done = self.compiled("alone", text, self.prefix / "include", *flags)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_parts_that_are_compiled_out_are_linked_with_parts_that_are_not(self):
        part = """#include <ringside/chrono.hpp>
                  #include <ringside/scoped.hpp>
                  int NAME() {
                    { ringside::ScopedOperation op(ringside::chat::JOIN_ROOM); op.fail(3); }
                    return ringside::start({"mixed"}) ? 1 : 0;
                  }"""
        objects = []
        for name, flags in (("with_it", []), ("without", ["-DRINGSIDE_DISABLE"])):
            objects.append(self.root / f"{name}.o")
            done = attempt(CONFIGURATION["cxx"], "-std=c++17", *WARNINGS, *flags, "-x", "c++", "-",
                           f"-I{self.prefix / 'include'}", "-c", "-o", objects[-1],
                           input=part.replace("NAME", name))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        main = "int with_it(); int without();\nint main() { return 10 * with_it() + without(); }\n"
        done = attempt(CONFIGURATION["cxx"], "-x", "c++", "-", "-x", "none", *objects,
                       self.lib / "libringside.a", "-pthread", "-o", self.root / "mixed",
                       input=main)
        self.assertEqual(done.returncode, 0, done.stderr)
        ended = subprocess.run([self.root / "mixed"],
                               env=clean_environment(RINGSIDE_RING=str(self.root / "mixed.ring")),
                               check=False)
        self.assertEqual(ended.returncode, 10)

    def test_the_guide_s_servers_are_built_and_traced(self):
        guide = (Path(CONFIGURATION["source"]) / "producer/README.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```(\w+)\n(.*?)^```", guide, re.S | re.M)
        folder = self.root / "guide"
        folder.mkdir()
        for language, marker, name in (("cpp", "int main", "server.cpp"), ("c", "main", "server.c"),
                                       ("cmake", "add_executable", "CMakeLists.txt"),
                                       ("make", "server:", "Makefile")):
            text = next(text for kind, text in blocks if kind == language and marker in text)
            (folder / name).write_text(text, encoding="utf-8")
        self.configure(folder, folder / "build", "CXX", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run(CONFIGURATION["cmake"], "--build", folder / "build")
        run("make", "-C", folder, f"CC={CONFIGURATION['cc']}", env=self.pkg_config)
        environment = clean_environment(LD_LIBRARY_PATH=str(self.lib),
                                        RINGSIDE_RING=str(self.root / "guide.ring"))
        for server in (folder / "build/server", folder / "server"):
            with self.subTest(server=server):
                done = attempt(server, env=environment, input=f"hello\n{'x' * 101}\n")
                self.assertEqual((done.returncode, done.stdout), (0, "hello\ntoo long\n"))
                self.assertNotIn("untraced", done.stderr)

    # Plug-ins.

    def unloaded(self, plugin, ring):
        environment = clean_environment(RINGSIDE_RING=str(ring))
        self.assertEqual(run(self.programs["host"], plugin, env=environment), "served\n")
        self.assertEqual(run(self.programs["reader_cpp"], ring), "SERVED count=4 errors=0\n")

    def test_a_plugin_is_unloaded_while_its_threads_live(self):
        self.unloaded(self.root / "variants/plugin.so", self.root / "plugin.ring")

    def test_a_plugin_of_clang_is_unloaded_while_its_threads_live(self):
        clang = shutil.which("clang++")
        if clang is None:
            self.skipTest("no clang++")
        plugin = self.root / "clang_plugin.so"
        run(clang, "-std=c++17", "-shared", "-fPIC", HERE / "variants/plugin.cpp", "-o", plugin,
            f"-I{self.prefix / 'include'}", self.lib / "libringside.a", "-pthread")
        self.unloaded(plugin, self.root / "clang_plugin.ring")

    def test_a_plugin_with_the_shared_library_is_unloaded_while_its_threads_live(self):
        plugin = self.root / "shared_plugin.so"
        run(CONFIGURATION["cxx"], "-std=c++17", "-shared", "-fPIC", *self.no_unique,
            HERE / "variants/plugin.cpp", "-o", plugin, f"-I{self.prefix / 'include'}",
            f"-L{self.lib}", "-lringside", f"-Wl,-rpath,{self.lib}")
        self.unloaded(plugin, self.root / "shared_plugin.ring")

    def test_a_plugin_exports_nothing_of_its_copy(self):
        exported = run("nm", "-D", "--defined-only", self.root / "variants/plugin.so")
        self.assertIn("plugin_serve", exported)
        self.assertNotRegex(exported, r"\b(_ZN?K?8ringside|ringside_)")

    # Headers and library that differ.

    CPP = ("#include <cstdio>\n#include <ringside/ringside.hpp>\n"
           "int main() {\n  ringside::Setup setup;\n  setup.ring = \"/dev/shm/none/none\";\n"
           "  const bool traced = ringside::start(setup);\n"
           "  std::puts(ringside::why_untraced().c_str());\n  return traced ? 1 : 0;\n}\n")
    C = ("#include <ringside/ringside.h>\n#include <stdio.h>\n"
         "int main(void) {\n  char why[512];\n  const int traced = ringside_start(\"c\");\n"
         "  ringside_why_untraced(why, sizeof why);\n  puts(why);\n  return traced;\n}\n")
    NEXT = "\n  next: compile it again with the headers of the library that it is linked with\n"

    def why(self, name, text, include, language="c++"):
        done = self.compiled(name, text, include, language=language)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return run(self.root / name, env=clean_environment(RINGSIDE_RING="/dev/shm/none/none"))

    def test_headers_of_another_abi_do_not_link_in_cpp_and_do_not_trace_in_c(self):
        include = self.headers_changed("abi", ("version.h", "#define RINGSIDE_ABI ",
                                               "#define RINGSIDE_ABI 9"),
                                       ("version.h", "#define RINGSIDE_VERSION_MINOR ",
                                        "#define RINGSIDE_VERSION_MINOR 9"))
        self.assertIn("ringside::detail::abi91::start(",
                      self.compiled("abi_cpp", self.CPP, include).stderr)
        self.assertRegex(
            self.why("abi_c", self.C, include, "c"),
            r"^this program was compiled with the headers of ringside \d+\.9\d+\.\d+, "
            r"the library is ringside \d+\.\d+\.\d+" + self.NEXT + "$")

    def test_headers_of_another_layout_do_not_trace(self):
        include = self.headers_changed("setup", ("types.hpp", "  std::string program{};",
                                                  "  std::string more;\n  std::string program{};"))
        self.assertRegex(
            self.why("layout_cpp", self.CPP, include),
            r"^this program was compiled with other headers of ringside \d+\.\d+\.\d+ than the "
            r"library, which can't be told apart by their version" + self.NEXT + "$")
        include = self.headers_changed("words", ("ringside.h", "uint64_t words[16];",
                                                    "uint64_t words[15];"))
        self.assertIn(self.NEXT, self.why("layout_c", self.C, include, "c"))

    def test_the_library_s_own_headers_fit(self):
        include = self.prefix / "include"
        self.assertIn("can't create a ring there", self.why("same_cpp", self.CPP, include))
        self.assertIn("can't create a ring there", self.why("same_c", self.C, include, "c"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A server outside the tree.")
    for name in ("cmake", "generator", "source", "cxx", "cc"):
        parser.add_argument(f"--{name}", required=True)
    known, rest = parser.parse_known_args()
    CONFIGURATION.update(vars(known))
    unittest.main(argv=[sys.argv[0], *rest])
