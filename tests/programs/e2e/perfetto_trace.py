"""Reads a Perfetto trace with protoc, by the published description of its fields, and plays it as
trace_processor does. Whatever breaks one of its rules is an AssertionError."""

import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
BEGIN, END, INSTANT = "TYPE_SLICE_BEGIN", "TYPE_SLICE_END", "TYPE_INSTANT"
CLEARED, NEEDS_STATE = 1, 2
MONOTONIC, REALTIME, OF_SEQUENCE = 3, 1, 64

FIELD = re.compile(r'\s*(?:(\w+) \{|(\w+): (?:"((?:[^"\\]|\\.)*)"|(\S+))|(\}))$')
ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)")
PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def unescaped(text):
    def one(match):
        code = match.group(1)
        return bytes([int(code, 8)]) if code[:1].isdigit() else PLAIN.get(code, code)
    return ESCAPE.sub(one, text.encode()).decode()


def parsed(text):
    """protoc's text as messages: a field is a list of its values."""
    whole = {}
    stack = [whole]
    for line in text.splitlines():
        match = FIELD.match(line)
        assert match, f"no text of a message: {line!r}"
        message, field, string, value, end = match.groups()
        assert not (message or field or "").isdigit(), f"a field that is not described: {line!r}"
        if end:
            stack.pop()
        elif message:
            inside = {}
            stack[-1].setdefault(message, []).append(inside)
            stack.append(inside)
        else:
            if string is not None:
                value = unescaped(string)
            elif value.lstrip("-").isdigit():
                value = int(value)
            stack[-1].setdefault(field, []).append(value)
    return whole


def decoded(data):
    text = subprocess.run(["protoc", f"-I{HERE}", "--decode=perfetto.Trace", "perfetto.proto"],
                          input=data, stdout=subprocess.PIPE, check=True, cwd=HERE).stdout
    return parsed(text.decode()).get("packet", [])


def only(message, field, default=None):
    values = message.get(field, [default])
    assert len(values) == 1, f"{field} is there {len(values)} times"
    return values[0]


class Slice:
    def __init__(self, name, category, track, begin, facts, depth):
        self.name, self.category, self.track, self.facts = name, category, track, facts
        self.begin, self.end, self.depth, self.stages = begin, None, depth, []


class Sequence:
    def __init__(self):
        self.valid, self.track, self.clock, self.last = False, None, None, None
        self.names, self.categories, self.notes, self.strings = {}, {}, {}, {}


class Trace:
    """slices (with their stages), instants, threads {uuid: (tid, name)}, processes."""

    INTERNED = {
        "event_names": "names", "event_categories": "categories",
        "debug_annotation_names": "notes", "debug_annotation_string_values": "strings"
    }

    def __init__(self, data):
        self.slices, self.instants, self.open = [], [], {}
        self.tracks, self.processes, self.threads = {}, {}, {}
        self.flows, self.sequences, self.wall_offset = {}, {}, None
        for packet in decoded(data):
            self.take(packet)
        for begins in self.flows.values():
            assert len(begins) == 2, "a flow has one begin and one end"
            (_, first), (_, last) = begins
            assert [kind for kind, _ in begins] == ["flow_ids", "terminating_flow_ids"]
            assert first.begin < last.begin and self.thread(first) != self.thread(last)

    def thread(self, one):
        """The track of the thread that a slice is on, or beside."""
        parent = self.tracks[one.track].get("parent_uuid", [0])[0]
        return one.track if parent in self.processes else parent

    def take(self, packet):
        number = only(packet, "trusted_packet_sequence_id")
        assert number > 0
        sequence = self.sequences.setdefault(number, Sequence())
        flags = only(packet, "sequence_flags", 0)
        if flags & CLEARED:
            assert not sequence.valid, "a sequence begins once"
            sequence.valid = True
        assert sequence.valid, f"sequence {number} begins without a cleared state"
        for defaults in packet.get("trace_packet_defaults", []):
            assert flags & NEEDS_STATE
            sequence.clock = only(defaults, "timestamp_clock_id")
            sequence.track = only(only(defaults, "track_event_defaults"), "track_uuid")
        for interned in packet.get("interned_data", []):
            for field, entries in interned.items():
                known = getattr(sequence, self.INTERNED[field])
                for entry in entries:
                    iid = only(entry, "iid")
                    assert iid > 0 and iid not in known, f"{field} {iid} twice"
                    known[iid] = only(entry, "name")
        for snapshot in packet.get("clock_snapshot", []):
            self.snapshot(sequence, snapshot)
        for track in packet.get("track_descriptor", []):
            self.describe(track)
        for event in packet.get("track_event", []):
            assert flags & NEEDS_STATE, "interned names need the state"
            self.event(sequence, only(packet, "timestamp"), event)

    def snapshot(self, sequence, snapshot):
        clocks = {only(clock, "clock_id"): clock for clock in snapshot["clocks"]}
        times = {number: only(clock, "timestamp") for number, clock in clocks.items()}
        if REALTIME in times:
            assert only(snapshot, "primary_trace_clock") == "MONOTONIC"
            self.wall_offset = times[REALTIME] - times[MONOTONIC]
        if OF_SEQUENCE in times:
            assert only(clocks[OF_SEQUENCE], "is_incremental") == "true"
            sequence.last = times[OF_SEQUENCE]
            assert times[MONOTONIC] == sequence.last

    def describe(self, track):
        uuid = only(track, "uuid")
        assert uuid > 0 and uuid not in self.tracks, "uuids are unique"
        self.tracks[uuid] = track
        if "process" in track:
            self.processes[uuid] = only(track, "process")
            return
        assert only(track, "parent_uuid") in self.tracks, "a parent is described first"
        if "thread" in track:
            thread = only(track, "thread")
            key = (only(thread, "pid"), only(thread, "tid"))
            assert key not in [one[:2] for one in self.threads.values()], "a thread has one track"
            self.threads[uuid] = (*key, only(thread, "thread_name"))
        else:
            siblings = [one for one in self.tracks.values()
                        if one.get("parent_uuid") == track["parent_uuid"]]
            names = [only(one, "name", "") for one in siblings if "thread" not in one]
            assert len(names) == len(set(names)), "tracks of one name would be merged"

    def event(self, sequence, delta, event):
        assert sequence.clock == OF_SEQUENCE and sequence.last is not None
        assert 0 <= delta < 1 << 63
        sequence.last += delta
        track = event.get("track_uuid", [sequence.track])[0]
        assert track in self.tracks, "a track is described before its first event"
        stack = self.open.setdefault(track, [])
        kind = only(event, "type")
        if kind == END:
            assert stack, "an end without a begin"
            stack.pop().end = sequence.last
            return
        name = sequence.names[only(event, "name_iid")]
        category = [sequence.categories[iid] for iid in event.get("category_iids", [])]
        facts = {}
        for note in event.get("debug_annotations", []):
            key = sequence.notes[only(note, "name_iid")]
            [value] = [values[0] for field, values in note.items() if field != "name_iid"]
            if "string_value_iid" in note:
                value = sequence.strings[value]
            assert key not in facts
            facts[key] = value
        one = Slice(name, category, track, sequence.last, facts, len(stack))
        for field in ("flow_ids", "terminating_flow_ids"):
            for flow in event.get(field, []):
                self.flows.setdefault(flow, []).append((field, one))
        if kind == INSTANT:
            one.end = one.begin
            self.instants.append(one)
            return
        assert kind == BEGIN
        if stack:
            assert stack[-1].end is None
        if category:
            self.slices.append(one)
        else:
            stack[-1].stages.append(one)
        stack.append(one)

    def unfinished(self):
        return [one for one in self.slices if one.end is None]

    def wall(self, ns):
        return ns + self.wall_offset
