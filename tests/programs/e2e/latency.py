#!/usr/bin/env python3
"""What a record says is what the client felt: the records of a server agree with what its clients
measured, one by one, in calm and in incidents.

    the client's clock   send ──────────────────────────────────────────────> the answer is there
    the packet           ───> stamped by the kernel                 ┌───────>
    the record                start ─ queue ─ ... ─ delivery ─ end ─┘

The client's figure contains two things that no record can have: its own way into the kernel before
the packet is stamped, and the server's send() after the record has ended. Both take microseconds.
A third one is hardly in it: the client takes the kernel's stamp of the answer, so the time for
which the client itself waits for a processor counts for nobody. Only where answers pile up in its
socket the kernel merges them, and the first ones seem to have come with the last one.
"""

import collections
import json
import selectors
import signal
import socket
import sqlite3
import struct
import sys
import time
from pathlib import Path

import harness
import ledger
from chat import Chat


sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ring" / "reader"))
import reader  # noqa: E402

SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
SLOW_DISK = "libringside_e2e_slow_disk.so"


class Request:
    """A line that was sent: when, and when its answer came, in ns of CLOCK_MONOTONIC."""

    def __init__(self, op, sent_ns):
        self.op, self.sent_ns, self.done_ns = op, sent_ns, None

    @property
    def felt_ns(self):
        return self.done_ns - self.sent_ns


class User:
    """A user with a connection. It sends when it is told to, whether or not its last answer has
    come."""

    def __init__(self, server, name):
        self.chat = Chat(server)
        self.socket = self.chat.socket
        self.chat.do("REGISTRATION", user=name, password="correct horse")
        login = self.chat.do("AUTHENTICATION", user=name, password="correct horse")
        self.id, self.token = login["user_id"], login["token"]
        self.waiting, self.done, self.input = collections.deque(), [], b""

        self.room = self.chat.do("CREATE_ROOM", name=f"room of {name}")["room_id"]
        # Nobody else is in the room: a push behind an answer would change the answer's stamp.
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def send(self, op, fields):
        line = json.dumps({"op": op, **fields}).encode() + b"\n"
        request = Request(op, time.monotonic_ns())
        sent = self.socket.send(line)
        assert sent == len(line), "a small line must fit the socket"
        self.waiting.append(request)

    def receive(self):
        data, ancillary, _, _ = self.socket.recvmsg(65536, 64)
        assert data, "the server has closed the connection"
        came_ns = time.monotonic_ns()
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                seconds, ns = struct.unpack("qq", value)
                age_ns = time.time_ns() - (seconds * 10**9 + ns)
                came_ns = min(came_ns, time.monotonic_ns() - age_ns)
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            answer = json.loads(line)
            if "event" in answer:
                continue
            request = self.waiting.popleft()
            assert answer["op"] == request.op, f"{answer} to {request.op}"
            request.done_ns = came_ns
            self.done.append(request)


def run(users, plan):
    """Does what the plan says, in order: (seconds from now, what to call). Ends when every line has
    its answer. Returns by how many ns each step came late: that is how long this process waits for
    a processor, and the server's threads wait as long."""
    late_ns = []
    steps = collections.deque(sorted(plan, key=lambda step: step[0]))
    start = time.monotonic()
    deadline = start + steps[-1][0] + 60
    with selectors.DefaultSelector() as selector:
        for user in users:
            selector.register(user.socket, selectors.EVENT_READ, user)
        while steps or any(user.waiting for user in users):
            assert time.monotonic() < deadline, "answers are missing"
            rest = start + steps[0][0] - time.monotonic() if steps else 1
            for key, _ in selector.select(max(rest, 0)):
                key.data.receive()
            while steps and start + steps[0][0] <= (now := time.monotonic()):
                due, act = steps.popleft()
                late_ns.append((now - start - due) * 1e9)
                act()
    return late_ns


def open_loop(random, users, rate, seconds):
    """Lines that are due at random moments, whatever becomes of those before."""
    plan, now = [], 0
    while (now := now + random.expovariate(rate)) < seconds:
        user = random.choice(users)
        op, fields = random.choice((("SEND_MESSAGE", {"room": user.room, "text": "hello"}),
                                    ("SEND_MESSAGE", {"room": user.room, "text": "hello"}),
                                    ("MESSAGE_HISTORY", {"room": user.room}),
                                    ("LIST_ROOMS", {"limit": 5})))
        plan.append((now, lambda user=user, op=op, fields=fields: user.send(op, fields)))
    return plan


def quantile(values, q):
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -int(-q * len(ordered) // 1) - 1)]


def matched(test, world, users):
    """Returns (request, its record) for every line. Answers come in the order of the lines, so the
    n-th answer of a user belongs to the n-th record that names the user."""
    ring = reader.Ring(str(world.ring_path))
    described = reader.describe(ring, True)
    names = {one["id"]: name for name, one in described["operations"].items()}
    of_user = collections.defaultdict(list)
    for record in described["records"]:
        if record["kind"] == "operation" and reader.ACTORS[record["actor_kind"]] == "user":
            of_user[record["actor"]].append(record)
    pairs = []
    for user in users:
        records = sorted(of_user[user.id], key=lambda one: one["start"] + one["duration"])
        records = records[-len(user.done):]  # those of the set-up come first
        test.assertEqual([names[record["operation"]] for record in records],
                         [request.op for request in user.done])
        pairs += zip(user.done, records)
    if not ring.ticks_per_second:
        # The processor states no rate. The first and the last line tell it well enough.
        pairs.sort(key=lambda pair: pair[0].sent_ns)
        (first, first_record), *_, (last, last_record) = pairs
        ns_per_tick = ((last.sent_ns - first.sent_ns) /
                       (last_record["start"] - first_record["start"]))
        for _, record in pairs:
            record["duration_ns"] = record["duration"] * ns_per_tick
    return pairs


class Latency(harness.Scenario):
    def users(self, world, count, *arguments, **settings):
        server = world.server(*arguments, RINGSIDE_CAPACITY=16384, **settings)
        return server, [User(server, f"user-{n}") for n in range(count)]

    def agree(self, world, users, late_ns, slow=0):
        """Checks the records of all lines. At least `slow` of them must have lasted for
        ledger.SLOW_NS, or the incident was none."""
        slow_lines = []
        pairs = matched(self, world, users)
        felt = {}
        for request, record in pairs:
            took_ns = record["duration_ns"]
            self.assertLessEqual(took_ns, request.felt_ns * 1.001 + 1000, request.op)
            felt.setdefault(request.op, []).append((request.felt_ns, took_ns))
            if request.felt_ns >= ledger.SLOW_NS:
                slow_lines.append(took_ns >= request.felt_ns * 0.9)
        self.assertGreaterEqual(len(slow_lines), slow, "too few lines were slow")
        # On a machine that is busy beyond measure some packets are merged before they are read.
        self.assertGreaterEqual(sum(slow_lines), len(slow_lines) * 0.9)
        for op, spans in felt.items():
            for q, name in ((0.5, "p50"), (0.99, "p99")):
                client, server = (quantile(side, q) for side in zip(*spans))
                print(f"{op} {name}: client {client / 1e3:.0f} us, record {server / 1e3:.0f} us")
                allowance_ns = ledger.ALLOWANCE_NS[name] + 2 * quantile(late_ns, q)
                self.assertGreaterEqual(server, ledger.least_ns(client, allowance_ns),
                                        f"{op} {name}")

    def test_in_calm(self):
        world = self.world()
        _, users = self.users(world, 20)
        late_ns = run(users, open_loop(harness.seed(), users, 200, 4))
        self.agree(world, users, late_ns)

    def test_a_locked_database(self):
        world = self.world()
        _, users = self.users(world, 20)
        other = sqlite3.connect(world.directory / "chat.db", timeout=10, isolation_level=None)
        self.addCleanup(other.close)
        late_ns = run(users, [*open_loop(harness.seed(), users, 200, 7),
                              (1, lambda: other.execute("BEGIN EXCLUSIVE")),
                              (5, lambda: other.execute("ROLLBACK"))])
        self.agree(world, users, late_ns, slow=50)

    def test_a_burst_of_invalid_requests(self):
        world = self.world()
        _, users = self.users(world, 20)
        random = harness.seed()
        burst = [(1 + random.random(), lambda user=random.choice(users[:5]):
                  user.send("CREATE_ROOM", {"topic": "a room without a name"}))
                 for _ in range(300)]
        late_ns = run(users, [*open_loop(random, users, 200, 3), *burst])
        self.agree(world, users, late_ns)

    def test_a_slow_disk(self):
        world = self.world()
        slow = world.directory / "slow"
        _, users = self.users(world, 20, LD_PRELOAD=harness.BIN.parent / "tests" / SLOW_DISK,
                              SLOW_DISK=slow, SLOW_DISK_MS=60)
        late_ns = run(users, [*open_loop(harness.seed(), users, 100, 5),
                              (1, slow.touch), (4, slow.unlink)])
        self.agree(world, users, late_ns, slow=20)

    def test_password_hashes_that_queue(self):
        world = self.world()
        _, users = self.users(world, 20, "--password-workers", 1, argon2="interactive")
        logins = [(1 + i / 1000, lambda user=user, i=i: user.send(
            "AUTHENTICATION", {"user": f"user-{i}", "password": "correct horse"}))
                  for i, user in enumerate(users)]
        late_ns = run(users, [*open_loop(harness.seed(), users, 100, 4), *logins])
        self.agree(world, users, late_ns, slow=20)

    def test_a_server_that_stands_still(self):
        """What comes meanwhile waits in the kernel, which has stamped it. Each user sends one line:
        the kernel merges what waits in one socket, and then knows only when the last line came."""
        world = self.world()
        server, users = self.users(world, 20)
        lines = [(0.2 + i / 20, lambda user=user: user.send("LIST_ROOMS", {"limit": 5}))
                 for i, user in enumerate(users)]
        late_ns = run(users, [(0, lambda: users[0].send("LIST_ROOMS", {"limit": 5})),
                              (0.15, lambda: server.signal(signal.SIGSTOP)), *lines,
                              (2, lambda: server.signal(signal.SIGCONT))])
        self.agree(world, users, late_ns, slow=20)


class Load(harness.Scenario):
    """The figures of ringside-chatload against those of the daemon's report, with each incident
    that the load can make. The load's clients read no stamps: what each waits for a processor is in
    its figure."""

    def check(self, incident, *arguments):
        world = self.world()
        daemon = world.daemon()
        server = world.server(*arguments)
        incident = incident.format(database=world.directory / "chat.db")
        load = world.load(server, "--incident", incident, rate=300, seconds=8).result()
        self.assertIsNone(load["incidents"][0]["failure"])
        report = daemon.report_when("everything read",
                                    lambda found: ledger.has_all(found, server.totals()))
        self.assertGreaterEqual(ledger.check_latencies(self, load, report), 10)
        return load

    def test_the_load_and_a_locked_database(self):
        load = self.check("locked-database:db={database}@2+4")
        felt = load["operations"]["SEND_MESSAGE"]["latency_ns"]["from_send"]
        self.assertGreater(felt["p99"], ledger.SLOW_NS)

    def test_the_load_and_guessed_passwords(self):
        self.check("password-guessing:rate=50@2+4", "--password-workers", 1)

    def test_the_load_and_a_surge_of_connections(self):
        self.check("connection-surge:connections=800@2+3")

    def test_the_load_and_a_server_that_is_killed(self):
        world = self.world()
        daemon = world.daemon()
        port = harness.free_port()
        server = world.server(port=port)
        load = world.load(server, rate=300, seconds=8).begun()
        before = ledger.counts(server.totals())["SEND_MESSAGE"]
        load.wait_until("some hundred messages",
                        lambda: ledger.counts(server.totals())["SEND_MESSAGE"] > before + 300)
        server.kill()
        world.server(port=port)
        load = load.result()
        self.assertGreater(load["connections"]["lost"], 0)

        def has_every_answer(report):
            answered = ledger.answered(load)
            read = ledger.read_and_lost(report)
            return all(read[name] >= answered[name] for name in answered)
        report = daemon.report_when("everything read", has_every_answer)
        self.assertGreaterEqual(
            ledger.check_latencies(self, load, report, each_was_answered=False), 10)


if __name__ == "__main__":
    harness.main()
