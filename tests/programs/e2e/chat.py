"""A client by hand. It can also send lines that no well-behaved client sends."""

import contextlib
import json
import socket
import sqlite3


class Chat:
    def __init__(self, server, seconds=30, host="127.0.0.1", source=None):
        self.socket = socket.create_connection((host, server.port), timeout=seconds,
                                               source_address=source and (source, 0))
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, line):
        self.socket.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")

    def answer(self):
        """Returns the next answer and skips pushes. None when the server has closed the
        connection."""
        while line := self.file.readline():
            answer = json.loads(line)
            if "event" not in answer:
                return answer
        return None

    def ask(self, line):
        self.send(line)
        return self.answer()

    def do(self, op, **fields):
        """Asks for an operation that must succeed."""
        answer = self.ask({"op": op, **fields})
        assert answer and answer["ok"], f"{op} {fields}: {answer}"
        return answer


@contextlib.contextmanager
def stuck(test, world, server):
    """The server is in a CREATE_ROOM that it cannot end, because its database is locked. The client
    is wilhelmina, who has listed the rooms before."""
    with Chat(server) as chat:
        chat.do("REGISTRATION", user="wilhelmina", password="correct horse")
        chat.do("AUTHENTICATION", user="wilhelmina", password="correct horse")
        chat.do("LIST_ROOMS")
        lock = sqlite3.connect(world.directory / "chat.db", isolation_level=None)
        test.addCleanup(lock.close)
        lock.execute("BEGIN EXCLUSIVE")
        chat.send({"op": "CREATE_ROOM", "name": "tea-time"})
        server.wait_until("the operation in flight", lambda: [
            lane["in_flight"]["operation"] for lane in world.inspect()["lanes"]
            if lane["in_flight"]] == ["CREATE_ROOM"])
        yield chat


def serves(test, server):
    """Checks that a server does its work, whatever became of its ring."""
    with Chat(server) as chat:
        name = f"user-{server.pid}"
        chat.do("REGISTRATION", user=name, password="correct horse")
        chat.do("AUTHENTICATION", user=name, password="correct horse")
        room = chat.do("CREATE_ROOM", name=f"room of {name}")["room_id"]
        chat.do("SEND_MESSAGE", room=room, text="hello")
        messages = chat.do("MESSAGE_HISTORY", room=room)["messages"]
        test.assertEqual(messages[0]["text"], "hello")
