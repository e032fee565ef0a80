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
import json
import mmap
import os
import platform
import re
import stat
import struct
import sys

MAGIC = b"RINGSIDE"
LAYOUT_VERSION = 1
PAGE = 4096
IDS, FIRST_EVENT, EVENTS = 512, 256, 64
GAUGES, ERROR_NAMES, PROCESSES = 64, 512, 32
CONTROL, GAUGE_TABLE, NAME_TABLE, ERROR_TABLE, LANE_HEADERS = 4096, 12288, 16384, 81920, 114688
TOTALS_BYTES, SLOT_BYTES, LANE_HEADER_BYTES = 32 * IDS, 64, 128
MAX_HOLES = 1024

OUTCOMES = ("ok", "error", "timeout", "rejected", "denied", "limited", "cancelled")
ACTORS = ("none", "user", "session", "address")
SUBJECTS = ("none", "room", "message", "user", "address")
CLOCKS = {1: "tsc", 2: "monotonic", 3: "cntvct"}
NEVER, CLAIMING, OWNED, RELEASED = range(4)
LANE_STATES = ("never", "claiming", "owned", "released")
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


def signed(word):
    return word - (1 << 64) if word >> 63 else word


def unpack_stage(packed):
    return (packed & 0x07FFFFFF) << (packed >> 27)


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
        self.lanes_begin = -(-end // PAGE) * PAGE
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

    def head(self, lane):
        return self.lane_word(lane, 0)

    def readable(self, lane):
        """Whether the lane has memory. The slots and totals of other lanes must not be touched."""
        return self.lane_word(lane, 64) & 0xFF in (OWNED, RELEASED)

    def state(self):
        return self.halves[256 // 4]

    # -- names

    def names(self):
        """Returns {id: (name, category, stages)} of operations and events."""
        found = {}
        for identity in range(FIRST_EVENT + EVENTS):
            at = NAME_TABLE + 128 * identity
            if self.halves[at // 4] == NAME_READY:
                raw = bytes(self.bytes[at:at + 128])
                found[identity] = (printable(raw[8:48]), printable(raw[48:64]),
                                   [printable(raw[64 + 14 * i:78 + 14 * i]) for i in range(4)])
        return found

    def error_names(self):
        found = {}
        for at in range(ERROR_TABLE, ERROR_TABLE + 64 * ERROR_NAMES, 64):
            if self.halves[at // 4] == NAME_READY:
                found[self.halves[at // 4 + 1] & 0xFFFF] = printable(
                    bytes(self.bytes[at + 8:at + 64]))
        return found

    def gauges(self):
        found = {}
        for at in range(GAUGE_TABLE, GAUGE_TABLE + 64 * GAUGES, 64):
            if self.halves[at // 4 + 2] == NAME_READY:
                found[printable(bytes(self.bytes[at + 16:at + 64]))] = signed(self.words[at // 8])
        return found

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
        try:
            if self.pid_namespace not in (0, os.stat("/proc/self/ns/pid").st_ino):
                return None
        except OSError:
            return None
        answer = False
        for at in range(512, 512 + 16 * PROCESSES, 16):
            pid = self.halves[at // 4]
            if pid == 0:
                continue
            dead = process_is_dead(pid, self.words[at // 8 + 1])
            if dead is False:
                return True
            if dead is None:
                answer = None
        return answer

    def owner(self, lane):
        word = self.lane_word(lane, 64)
        raw = struct.pack("<2Q", self.lane_word(lane, 96), self.lane_word(lane, 104))
        return {
            "pid": word >> 32,
            "generation": word >> 8 & 0xFFFFFF,
            "state": LANE_STATES[word & 3],
            "tid": self.halves[(LANE_HEADERS + LANE_HEADER_BYTES * lane + 80) // 4],
            "thread": printable(raw),
            "dropped": self.lane_word(lane, 8),
            "torn": self.lane_word(lane, 88)
        }


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
        packed = (stages_or_value & 0xFFFFFFFF, stages_or_value >> 32,
                  stages_or_context & 0xFFFFFFFF, stages_or_context >> 32)
        return {"kind": "operation", **record, "stages": [unpack_stage(stage) for stage in packed]}
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
                     "duration_ns": ring.span_ns(record["duration"]), **record} for record in found]
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
        "gauges": ring.gauges(),
        "errors": ring.error_names(),
        "lanes": lanes,
        "operations": {},
        "events": {}
    }
    for identity in sorted(set(names) | set(totals)):
        name, category, stages = names.get(identity, (f"#{identity}", "", [""] * 4))
        recorded, skipped, errors, ticks = totals.get(identity, (0, 0, 0, 0))
        out["operations" if identity < FIRST_EVENT else "events"][name] = {
            "id": identity,
            "category": category,
            "stages": stages,
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
