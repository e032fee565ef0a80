#!/usr/bin/env python3
"""A daemon whose API is attacked: its memory and descriptors stay bounded, it reads every record,
and who has a right token is answered."""

import contextlib
import http.client
import os
import random
import re
import resource
import socket
import time
from pathlib import Path

import harness
from api import API, LISTENS, Asked
from harness import sized

COUNTER = re.compile(r"^ringside_api_(\w+)_total (\S+)$", re.MULTILINE)
SLOW = 2000
GUESSES = 10_000
CONNECTIONS = 256        # http.connections
MOST_GROWTH = 64 << 20   # bytes; 256 connections with their buffers are 6 MB


def resident(daemon):
    fields = Path(f"/proc/{daemon.pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize()


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


class Attacked(Asked, harness.Scenario):
    def setUp(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))

    def slow_senders(self, address, stack):
        """Half a head each; those that were closed are replaced by nobody."""
        for _ in range(SLOW):
            one = socket.socket()
            stack.callback(one.close)
            one.setblocking(False)
            one.connect_ex(address)
            with contextlib.suppress(OSError):
                one.send(b"GET / HTTP/1.1\r\nX: ")

    def guess(self, address):
        """Wrong tokens, over as few connections as the daemon allows."""
        left, statuses = GUESSES, set()
        while left > 0:
            connection = http.client.HTTPConnection(*address, timeout=30)
            with contextlib.suppress(OSError, http.client.HTTPException):
                while left > 0:
                    left -= 1
                    connection.request("GET", API + "/metrics",
                                       headers={"Authorization": f"Bearer rs_{left}"})
                    answer = connection.getresponse()
                    answer.read()
                    statuses.add(answer.status)
            connection.close()
        return statuses

    def garbage(self, address, numbers):
        pieces = [b"GET ", b"/", b"..", b"%00", b"HTTP/1.1\r\n", b"Host: localhost\r\n", b"\r\n",
                  b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\n",
                  b"\x16\x03\x01", b"ffffffffffffffff\r\n", b"X" * 20_000]
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(address, timeout=10) as one:
                one.sendall(b"".join(numbers.choices(pieces, k=numbers.randint(1, 12))))

    def test_it_stays_bounded_and_answers_those_who_may_ask(self):
        numbers = random.Random(harness.seed().random())
        world = self.world()
        server = world.server()
        daemon = world.daemon(http='listen = ["127.0.0.1:0"]')
        token = self.token(world, "reader")
        daemon.reload()
        self.known(daemon, world)
        host, port = LISTENS.search(daemon.log()).groups()
        address = (host, int(port))
        load = world.load(server, rate=sized(300, 100), seconds=300).begun()
        before, files = resident(daemon), descriptors(daemon)
        times = []

        def asked():
            begin = time.monotonic()
            # Who comes while nobody makes room is told to come again.
            answer = None
            while answer is None or answer.status == 503:
                self.assertLess(time.monotonic() - begin, 20)
                answer = self.of_tcp(daemon, API + "/metrics", token)
            self.assertEqual(answer.status, 200)
            times.append(time.monotonic() - begin)
        with contextlib.ExitStack() as stack:
            unread = stack.enter_context(socket.create_connection(address))
            unread.sendall(f"GET {API}/stream HTTP/1.1\r\nHost: localhost\r\n"
                           f"Authorization: Bearer {token}\r\n\r\n".encode())
            self.slow_senders(address, stack)
            for _ in range(20):
                asked()
            self.assertLessEqual(descriptors(daemon), files + CONNECTIONS + 40)
            self.assertEqual(self.guess(address) - {401, 429}, set())
            for _ in range(20):
                asked()
            self.garbage(address, numbers)
            for _ in range(20):
                asked()
            exposed = self.of_tcp(daemon, "/metrics").body.decode()
            counted = {name: float(value) for name, value in COUNTER.findall(exposed)}
            self.assertGreaterEqual(counted["accepted_connections"], SLOW)
            self.assertGreaterEqual(counted["evicted_connections"], SLOW - 2 * CONNECTIONS)
            self.assertLess(resident(daemon) - before, MOST_GROWTH)
            grown = (resident(daemon) - before) / 2**20
        times.sort()
        print(f"{SLOW} slow senders, {GUESSES} wrong tokens: a right one is answered in "
              f"{times[len(times) // 2] * 1e3:.1f} ms (median), {times[-1] * 1e3:.1f} ms at most; "
              f"resident memory {grown:+.1f} MiB")
        load.interrupted()
        server.stop()
        report = daemon.report()
        self.assertEqual(report["books"]["lost"], 0)
        daemon.wait_until("the connections to go",
                          lambda: descriptors(daemon) <= files + 8)
        daemon.stop()

    def test_bodies_for_nobody_lock_nobody_out(self):
        world = self.world()
        daemon = world.daemon(http='listen = ["127.0.0.1:0"]')
        token = self.token(world, "reader")
        daemon.reload()
        self.known(daemon, world)
        host, port = LISTENS.search(daemon.log()).groups()
        with contextlib.ExitStack() as stack:
            for number in range(CONNECTIONS):
                one = stack.enter_context(socket.socket())
                one.bind((f"127.0.0.{11 + number // 64}", 0))
                one.connect((host, int(port)))
                one.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\n"
                            b"Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
            self.assertEqual(self.of_tcp(daemon, API + "/metrics", token).status, 200)
            self.assertEqual(self.of_tcp(daemon, "/healthz").status, 200)
            self.assertEqual(self.of_socket(world, API + "/metrics").status, 200)
        daemon.stop()

    def test_a_method_that_a_path_has_not_is_told_with_those_that_it_has(self):
        daemon = self.world().daemon(http='listen = ["127.0.0.1:0"]')
        for path in ("/", "/healthz", "/metrics", API + "/metrics", "/dashboard/chart.js"):
            refused = self.of_tcp(daemon, path, None, "POST", {})
            self.assertEqual((refused.status, refused.json()["code"], refused.headers["Allow"]),
                             (405, "method_not_allowed", "GET, HEAD, OPTIONS"), path)
        nowhere = self.of_tcp(daemon, "/nowhere", None, "POST", {})
        self.assertEqual((nowhere.status, nowhere.json()["code"]), (404, "unknown_path"))
        daemon.stop()


if __name__ == "__main__":
    harness.main()
