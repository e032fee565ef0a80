#!/usr/bin/env python3
"""A small reader of a Ringside ring that needs only Python's standard library. It is written from
shm/README.md alone: that page must be enough for a reader in any language.

    reader.py chat                 the ring, its names, gauges, totals and lanes as JSON
    reader.py --records ./ring     with every record that is there

While the ring is written, it needs an x86-64 processor. Python has no acquire loads, and on x86-64
plain loads are enough. It is a specimen, not a tool: if the file is truncated meanwhile, SIGBUS
ends it. Over 400 lines: a specimen is one file, which can be copied.
"""

import argparse
import ipaddress
import json
import mmap
import os
import platform
import re
import stat
import struct
import sys

MAGIC = b"RINGSIDE"
LAYOUT_VERSION = 2
PAGE = 4096
IDS, FIRST_EVENT, EVENTS = 512, 256, 64
GAUGES, ERROR_NAMES, PROCESSES, LABELS = 64, 512, 4096, 4096
CONTROL, GAUGE_TABLE, NAME_TABLE, ERROR_TABLE, LANE_HEADERS = 4096, 12288, 16384, 114688, 163840
LABEL_KINDS = ("none", "user", "session", "address", "room", "message")
LABELS_READY = 1
TOTALS_BYTES, SLOT_BYTES, LANE_HEADER_BYTES, PROCESS_BYTES = 32 * IDS, 64, 192, 640
MAX_HOLES = 1024

OUTCOMES = ("ok", "error", "timeout", "rejected", "denied", "limited", "cancelled")
ACTORS = ("none", "user", "session", "address")
SUBJECTS = ("none", "room", "message", "user", "address")
CLOCKS = {1: "tsc", 2: "monotonic", 3: "cntvct"}
READY = 1   # the state of a lane that has memory
ENTERED = 1   # the phase of a process that has not left
FREE, HELD, DIED = range(3)
# By a lane's lock: without memory, with it.
LANE_LIVES = (("never", "released"), ("claiming", "owned"), ("never", "dead"))
MISUSES = ("id", "outcome", "stage", "stamp")
NAME_READY = 2
CLOSED = 2

RECORD, NOT_YET, LAPPED = range(3)


class NoRing(Exception):
    """The ring can't be read. The text says why, for a person."""


def ring_path(ring):
    if "/" in ring:
        return ring
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", ring):
        raise NoRing(
            f"ring name {ring!r}: expected 1 to 64 letters, digits, '.', '_' or '-', "
            "or a path with a '/'")
    return "/dev/shm/ringside." + ring


def printable(raw):
    """The part of a name before its first zero byte. A byte that is no visible ASCII character
    becomes '?', and so does a space."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "?" for byte in raw.split(b"\0")[0])


def address_text(identity):
    """The address that an id of kind `address` stands for, as far as the id tells."""
    groups = [identity >> shift & 0xFFFF for shift in (48, 32, 16, 0)]
    if identity >> 32 == 0:
        return str(ipaddress.IPv4Address(identity))
    if identity >> 32 == 1:
        return "::" + (f"{groups[2]:x}:" if groups[2] else "") + f"{groups[3]:x}"
    if groups[0] == 0xFE80:
        return "fe80::…:" + ":".join(f"{group:x}" for group in groups[1:])
    return f"{ipaddress.IPv6Address(identity << 64)}/64"


def signed(word):
    return word - (1 << 64) if word >> 63 else word


def unpack_stages(word):
    """The three spans of ticks in a word."""
    for at in (0, 21, 42):
        exponent, mantissa = word >> at + 16 & 31, word >> at & 0xFFFF
        yield mantissa if exponent == 0 else 0x10000 + mantissa << exponent - 1


def holder_in(word):
    """Who holds a lock: its first word says."""
    if word & 0x40000000:
        return DIED
    return HELD if word & 0x3FFFFFFF else FREE


def process_is_dead(pid, start_time):
    """None when it can't be told."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    if start_time == 0:
        return False
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(
                b")")[2].split()  # from field 3 on: the name may hold anything
    except OSError:
        return None
    if int(fields[19]) != start_time:
        return True
    return fields[0] in (b"Z", b"X") and int(fields[17]) <= 1


class Cursor:
    """A reader's position and counts in one lane."""

    def __init__(self, position=0):
        self.position, self.read, self.lost, self.rejected, self.holes = position, 0, 0, 0, []


class Ring:
    def __init__(self, ring):
        self.path = ring_path(ring)
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise NoRing(f"{self.path}: {error.strerror}") from None
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode) or info.st_size < 1024:
                raise NoRing(f"{self.path}: is no ring: not a regular file of at least 1024 bytes")
            # The header is read once, checked, and never read again. The file may change between
            # two reads.
            self.check(os.pread(fd, 1024, 0), info.st_size)
            memory = mmap.mmap(fd, self.segment_bytes, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
        finally:
            os.close(fd)
        self.bytes = memoryview(memory)
        # Aligned words of 8 and 4 bytes. Python loads each of them as a whole.
        self.words = self.bytes.cast("Q")
        self.halves = self.bytes.cast("I")
        if platform.machine() not in ("x86_64", "AMD64") and self.alive() is not False:
            raise NoRing(
                f"{self.path}: is still written, "
                f"and Python can't load with acquire on {platform.machine()}")

    def check(self, header, file_bytes):
        if header[:8] != MAGIC:
            raise NoRing(f"{self.path}: is no ring: its first bytes are not RINGSIDE")
        (self.layout_version, byte_order, word_bits, self.creator_pid, self.creator_start_time,
         self.segment_bytes, self.lane_count, self.lane_capacity, self.overflow_capacity,
         self.clock_kind) = struct.unpack_from("<IIIIQQIIII", header, 8)
        self.instance = header[56:72]
        self.boot_id = struct.unpack_from("<2Q", header, 72)
        (self.pid_namespace, self.ticks_per_second, self.anchor_ticks, self.anchor_monotonic_ns,
         self.anchor_realtime_ns) = struct.unpack_from("<QQQqq", header, 88)
        self.program = printable(header[128:176])
        self.death_marked = struct.unpack_from("<I", header, 176)[0] == 1
        if byte_order != 0x01020304 or word_bits != 64:
            raise NoRing(
                f"{self.path}: was written by a machine of another byte order or word size")
        if self.layout_version != LAYOUT_VERSION:
            raise NoRing(
                f"{self.path}: layout version {self.layout_version}, "
                f"this reader knows {LAYOUT_VERSION}")
        capacities = (self.lane_capacity, self.overflow_capacity)
        if not (1 <= self.lane_count <= 4096 and all(64 <= c <= 1 << 20 and c & (c - 1) == 0
                                                     for c in capacities)):
            raise NoRing(f"{self.path}: its header is damaged")
        end = LANE_HEADERS + LANE_HEADER_BYTES * (self.lane_count + 1)
        self.processes_begin = -(-end // PAGE) * PAGE
        self.labels_begin = self.processes_begin + PROCESS_BYTES * PROCESSES
        self.lanes_begin = self.labels_begin + 64 * LABELS
        self.lane_bytes = TOTALS_BYTES + SLOT_BYTES * self.lane_capacity
        expected = self.block(self.lane_count) + TOTALS_BYTES + SLOT_BYTES * self.overflow_capacity
        if self.segment_bytes != expected or file_bytes < expected:
            raise NoRing(
                f"{self.path}: {file_bytes} bytes, its header says {self.segment_bytes}, "
                f"expected {expected}")
        if self.clock_kind not in CLOCKS:
            raise NoRing(f"{self.path}: its clock is of an unknown kind ({self.clock_kind})")
        if self.ticks_per_second > 10**12:
            self.ticks_per_second = 0

    # -- where things are

    def block(self, lane):
        return self.lanes_begin + self.lane_bytes * lane

    def capacity(self, lane):
        return self.lane_capacity if lane < self.lane_count else self.overflow_capacity

    def lane_word(self, lane, offset):
        return self.words[(LANE_HEADERS + LANE_HEADER_BYTES * lane + offset) // 8]

    def lane_half(self, lane, offset):
        return self.halves[(LANE_HEADERS + LANE_HEADER_BYTES * lane + offset) // 4]

    def process_half(self, index, offset):
        return self.halves[(self.processes_begin + PROCESS_BYTES * index + offset) // 4]

    def process_word(self, index, offset):
        return self.words[(self.processes_begin + PROCESS_BYTES * index + offset) // 8]

    def head(self, lane):
        return self.lane_word(lane, 0)

    def readable(self, lane):
        """Whether the lane has memory. The slots and totals of other lanes must not be touched."""
        return self.lane_half(lane, 112) == READY

    def state(self):
        return self.halves[256 // 4]

    # -- names

    def names(self):
        """Returns {id: (name, category, stages, threshold_ns, waits_for_client)} of operations and
        events."""
        found = {}
        for identity in range(FIRST_EVENT + EVENTS):
            at = NAME_TABLE + 192 * identity
            if self.halves[at // 4] == NAME_READY:
                raw = bytes(self.bytes[at:at + 192])
                found[identity] = (printable(raw[16:56]), printable(raw[56:72]),
                                   [printable(raw[72 + 16 * i:88 + 16 * i]) for i in range(6)],
                                   self.words[at // 8 + 1], bool(self.halves[at // 4 + 1] & 1))
        return found

    def error_names(self):
        found = {}
        for at in range(ERROR_TABLE, ERROR_TABLE + 64 * ERROR_NAMES, 64):
            if self.halves[at // 4] == NAME_READY:
                found[self.halves[at // 4 + 1] & 0xFFFF] = printable(
                    bytes(self.bytes[at + 8:at + 64]))
        return found

    def gauges(self):
        """Returns {name: the sum over the living processes}; over all where nobody lives."""
        processes = self.processes()
        counted = [p for p in processes if p["alive"] is not False] or processes
        found = {}
        for i in range(GAUGES):
            at = GAUGE_TABLE + 64 * i
            if self.halves[at // 4] == NAME_READY:
                total = 0
                for process in counted:
                    value = self.process_word(process["index"], 128 + 8 * i)
                    if self.process_word(process["index"], 48) == process["standing"]:
                        total += value
                found[printable(bytes(self.bytes[at + 8:at + 56]))] = signed(total % (1 << 64))
        return found

    def labels(self):
        """Returns {(kind, id): text}. An entry that is being written is left out."""
        latest = {}
        if self.halves[352 // 4] != LABELS_READY:
            return {}
        for at in range(self.labels_begin // 8, self.labels_begin // 8 + 8 * LABELS, 8):
            # One word at a time and in this order, as in read_slot().
            copy = [self.words[at + i] for i in range(8)]
            if copy[0] == 0 or copy[0] % 2 == 1 or self.words[at] != copy[0]:
                continue
            raw = struct.pack("<6Q", *copy[2:])
            if 0 < raw[0] < len(LABEL_KINDS):
                text = raw[1:].split(b"\0")[0].decode("utf-8", "replace")
                key = (LABEL_KINDS[raw[0]], copy[1])
                latest[key] = max(latest.get(key, (0, "")), (copy[0], text))
        return {key: text for key, (sequence, text) in latest.items()}

    def sampling(self, identity):
        return self.halves[(CONTROL + 64) // 4 + identity]

    # -- records

    def read_slot(self, lane, position):
        """Returns (RECORD, its eight words), (NOT_YET, None) or (LAPPED, None)."""
        wanted = 2 * (position + 1) & (1 << 64) - 1
        at = (self.block(lane) + TOTALS_BYTES + SLOT_BYTES *
              (position & self.capacity(lane) - 1)) // 8
        words = self.words
        before = words[at]
        if before != wanted:
            return (NOT_YET if before < wanted else LAPPED), None
        # One word at a time and in this order. A slice could be copied in any order.
        copy = (before, words[at + 1], words[at + 2], words[at + 3], words[at + 4], words[at + 5],
                words[at + 6], words[at + 7])
        return (RECORD, copy) if words[at] == wanted else (LAPPED, None)

    def read_lane(self, lane, cursor, limit=1 << 20):
        """Returns the records that have come since the last call, oldest first."""
        if not self.readable(lane):
            return []
        return (self.read_overflow if lane == self.lane_count else self.read_owned)(lane, cursor,
                                                                                    limit)

    def read_owned(self, lane, cursor, limit):
        capacity, found = self.capacity(lane), []
        head = self.head(lane)

        def resume(oldest):
            cursor.lost += oldest - cursor.position
            cursor.position = oldest

        if head - cursor.position >= capacity:
            resume(head - capacity + 1)
        while cursor.position < head and limit > 0:
            limit -= 1
            poll, copy = self.read_slot(lane, cursor.position)
            if poll == RECORD:
                cursor.position += 1
                self.take(copy, cursor, found)
                continue
            head = self.head(lane)
            lapped = head - cursor.position >= capacity
            resume(head - capacity + 1 if lapped else cursor.position + 1)
        return found

    def read_overflow(self, lane, cursor, limit):
        capacity, found, head = self.capacity(lane), [], self.head(lane)
        holes, cursor.holes = cursor.holes, []
        for hole in holes:
            poll, copy = self.read_slot(lane, hole)
            if poll == RECORD:
                self.take(copy, cursor, found)
            elif poll == LAPPED or head - hole >= capacity:
                cursor.lost += 1
            else:
                cursor.holes.append(hole)
        if head - cursor.position > capacity:
            cursor.lost += head - capacity - cursor.position
            cursor.position = head - capacity
        while cursor.position < head and limit > 0:
            limit -= 1
            poll, copy = self.read_slot(lane, cursor.position)
            if poll == RECORD:
                self.take(copy, cursor, found)
            elif poll == LAPPED:
                cursor.lost += 1
            else:
                if len(cursor.holes) == MAX_HOLES:
                    cursor.holes.pop(0)
                    cursor.lost += 1
                cursor.holes.append(cursor.position)
            cursor.position += 1
        return found

    def take(self, copy, cursor, found):
        cursor.read += 1
        record = decode(copy)
        if record is None:
            cursor.rejected += 1
        else:
            found.append(record)

    # -- totals

    def totals(self, lane):
        """Returns {id: (recorded, skipped, errors, ticks)} for every id with a figure above 0. Each
        figure is right, but not all figures are of one moment."""
        at = self.block(lane) // 8
        found = {}
        for identity in range(IDS):
            entry = tuple(self.words[at + 4 * identity + i] for i in range(4))
            if any(entry):
                found[identity] = entry
        return found

    def totals_at(self, lane, position):
        """The same, exactly as of `position`. None when the writer is writing or has another
        position."""
        if self.head(lane) != position:
            return None
        found = self.totals(lane)
        at = self.block(lane) + TOTALS_BYTES + SLOT_BYTES * (position & self.capacity(lane) - 1)
        return found if self.words[at // 8] < 2 * position + 1 else None

    # -- time

    def span_ns(self, ticks):
        """None when the kernel stated no frequency: Python can't read the counter to measure it."""
        if self.clock_kind == 2:
            return ticks
        return round(ticks * 10**9 / self.ticks_per_second) if self.ticks_per_second else None

    def monotonic_ns(self, ticks):
        span = self.span_ns(signed(ticks - self.anchor_ticks & (1 << 64) - 1))
        return None if span is None else self.anchor_monotonic_ns + span

    # -- who writes it

    def alive(self):
        """Whether a process of the ring lives. None when it can't be told from here."""
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
                digits = file.read().strip().replace("-", "")
            here = (int(digits[:16], 16), int(digits[16:], 16))
            if any(self.boot_id) and here != self.boot_id:
                return False
        except OSError:
            pass
        answers = [process["alive"] for process in self.processes()]
        return True if True in answers else None if None in answers else False

    def processes(self):
        """Those who entered and did not leave. "alive" is None where it can't be told."""
        found = []
        for index in range(min(self.halves[328 // 4], PROCESSES)):
            for _ in range(8):
                standing = self.process_word(index, 48)
                process = {
                    "index": index,
                    "standing": standing,
                    "pid": self.process_half(index, 72),
                    "start_time": self.process_word(index, 56)
                }
                if standing % 2**32 == ENTERED:
                    process["alive"] = self.lives(process)
                if self.process_word(index, 48) == standing:
                    break
            if standing % 2**32 == ENTERED:
                found.append(process)
        return found

    def lives(self, process):
        """Whether one of those lives."""
        index = process["index"]
        entered = process["standing"] >> 32

        def lock_is_held():
            return holder_in(self.process_half(index, 0)) == HELD

        def lane_is_held():
            return any(
                holder_in(self.lane_half(lane, 64)) == HELD
                and self.lane_word(lane, 160) == entered << 32 | index
                for lane in range(self.lane_count))

        def generations():
            return [self.lane_half(lane, 116) for lane in range(self.lane_count)]

        for _ in range(8):
            before = generations()
            if lock_is_held():
                if self.death_marked:
                    return True
                dead = process_is_dead(process["pid"], process["start_time"])
                return None if dead is None else not dead
            if lane_is_held() or lock_is_held() or lane_is_held():
                return True
            if generations() == before:
                return False
        return True

    def owner(self, lane):
        raw = struct.pack("<2Q", self.lane_word(lane, 144), self.lane_word(lane, 152))
        return {
            "pid": self.lane_half(lane, 128),
            "generation": self.lane_half(lane, 116),
            "state": LANE_LIVES[holder_in(self.lane_half(lane, 64))][self.readable(lane)],
            "tid": self.lane_half(lane, 132),
            "thread": printable(raw),
            "dropped": self.lane_word(lane, 8),
            "torn": self.lane_word(lane, 120),
            "in_flight": self.in_flight(lane)
        }

    def in_flight(self, lane):
        """What the lane's owner has begun and not ended: its id, and its start in ticks."""
        start = self.lane_word(lane, 16)
        if start == 0:
            return None
        return {"operation": self.lane_word(lane, 24) & 0xFFFF, "start": start}


def decode(copy):
    """Returns a record as a dictionary, or None if no writer of this format can have written it."""
    sequence, start, duration, descriptor, actor, subject, stages_or_value, stages_or_context = copy
    operation, kind, outcome = descriptor & 0xFFFF, descriptor >> 16 & 0xFF, descriptor >> 24 & 0xFF
    flags, error = descriptor >> 32 & 0xFFFF, descriptor >> 48
    if outcome >= len(OUTCOMES) or flags & ~0x00FF:
        return None
    record = {
        "position": sequence // 2 - 1,
        "operation": operation,
        "outcome": OUTCOMES[outcome],
        "error": error,
        "start": start,
        "duration": signed(duration),
        "actor_kind": flags & 3,
        "actor": actor,
        "subject_kind": flags >> 2 & 7,
        "subject": subject,
        "untimed": bool(flags & 0x20),
        "has_stages": bool(flags & 0x40),
        "overflow": bool(flags & 0x80)
    }
    if kind == 1 and operation < 256:
        stages = [*unpack_stages(stages_or_value), *unpack_stages(stages_or_context)]
        return {"kind": "operation", **record, "stages": stages}
    context = stages_or_context & 0xFFFF
    if kind == 2 and FIRST_EVENT <= operation < FIRST_EVENT + EVENTS and context <= 256:
        return {"kind": "event", **record, "value": signed(stages_or_value),
                "context": context - 1 if context else None}
    return None


def describe(ring, with_records):
    names, totals, lanes, records = ring.names(), {}, [], []
    for lane in range(ring.lane_count + 1):
        if not ring.readable(lane):
            continue
        cursor = Cursor()
        found = ring.read_lane(lane, cursor)
        records += [{"lane": lane, "start_monotonic_ns": ring.monotonic_ns(record["start"]),
                     "duration_ns": ring.span_ns(record["duration"]), **record,
                     **{f"{who}_address": address_text(record[who])
                        for who, kinds in (("actor", ACTORS), ("subject", SUBJECTS))
                        if kinds.index("address") == record[f"{who}_kind"]}}
                    for record in found]
        for identity, entry in ring.totals(lane).items():
            totals[identity] = tuple(map(sum, zip(totals.get(identity, (0, 0, 0, 0)), entry)))
        lanes.append({"lane": lane, "overflow": lane == ring.lane_count, **ring.owner(lane),
                      "written": cursor.position, "read": cursor.read, "lost": cursor.lost,
                      "rejected": cursor.rejected, "holes": cursor.holes})
    out = {
        "path": ring.path,
        "program": ring.program,
        "pid": ring.creator_pid,
        "closed": ring.state() == CLOSED,
        "alive": ring.alive(),
        "instance": ring.instance.hex(),
        "layout_version": ring.layout_version,
        "segment_bytes": ring.segment_bytes,
        "lane_count": ring.lane_count,
        "lane_capacity": ring.lane_capacity,
        "overflow_capacity": ring.overflow_capacity,
        "clock": CLOCKS[ring.clock_kind],
        "ticks_per_second": ring.ticks_per_second,
        "created_wall_ns": ring.anchor_realtime_ns,
        "enabled": ring.halves[CONTROL // 4] != 0,
        "untraced_threads": ring.words[264 // 8],
        "untraced_records": ring.words[272 // 8],
        "names_refused": ring.words[280 // 8],
        "names_merged": ring.words[288 // 8],
        "labels_given": ring.words[336 // 8],
        "labels_dropped": ring.words[344 // 8],
        "misused": {word: ring.words[296 // 8 + i] for i, word in enumerate(MISUSES)},
        "gauges": ring.gauges(),
        "errors": ring.error_names(),
        "labels": [{"kind": kind, "id": identity, "label": text}
                   for (kind, identity), text in sorted(ring.labels().items())],
        "lanes": lanes,
        "operations": {},
        "events": {}
    }
    for identity in sorted(set(names) | set(totals)):
        name, category, stages, threshold_ns, waits = names.get(
            identity, (f"#{identity}", "", [""] * 6, 0, False))
        recorded, skipped, errors, ticks = totals.get(identity, (0, 0, 0, 0))
        out["operations" if identity < FIRST_EVENT else "events"][name] = {
            "id": identity,
            "category": category,
            "stages": stages,
            "threshold_ns": threshold_ns,
            "waits_for_client": waits,
            "recorded": recorded,
            "skipped": skipped,
            "count": recorded + skipped,
            "errors": errors,
            "ticks": ticks,
            "sampling": ring.sampling(identity)
        }
    if with_records:
        out["records"] = records
    return out


def main():
    parser = argparse.ArgumentParser(description="Reads a Ringside ring.")
    parser.add_argument("ring", help="a name, or a path with a '/'")
    parser.add_argument("--records", action="store_true", help="every record that is there, too")
    arguments = parser.parse_args()
    try:
        print(json.dumps(describe(Ring(arguments.ring), arguments.records), indent=1))
    except NoRing as why:
        print(f"reader.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
