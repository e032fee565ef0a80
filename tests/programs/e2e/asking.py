#!/usr/bin/env python3
"""ringside alerts, where the daemon refuses."""

import contextlib
import http.server
import json
import os
import socketserver
import threading

import harness

NOBODY = 65534


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers as the test says: by the method and the last part of the path."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.split("?")[0].rsplit("/", 1)[1]
        status, value = self.server.answers[f"{self.command} {name}"]
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):   # the tool may know enough
            self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class FakeDaemon(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path, answers):
        super().__init__(str(path), Answering)
        self.answers = answers
        threading.Thread(target=self.serve_forever, args=(.02,), daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()


class Asking(harness.Scenario):
    def fake(self, world, answers):
        path = world.directory / "fake.sock"
        daemon = FakeDaemon(path, answers)
        self.addCleanup(daemon.end)
        return path

    def alerts(self, world, *arguments, code=0, sock=None):
        ended = world.run("ringside", "alerts", *arguments, "--socket",
                          sock or world.state / "ringsided.sock")
        self.assertEqual(ended.code, code, ended.out + ended.err)
        return ended

    def test_follow_tells_why_there_is_no_stream_and_gets_one_later(self):
        world = self.world()
        daemon = world.daemon(http="listen = []\nstreams = 0")
        follow = world.start("ringside", "alerts", "follow", "--socket",
                             world.state / "ringsided.sock")
        follow.says("it is tried again until it answers")
        self.assertIn("too many streams are open", follow.log())
        self.assertNotIn("body limit", follow.log())
        daemon.stop()
        daemon = world.daemon()
        follow.says("follows ringsided")
        daemon.stop()

    def test_follow_ends_where_asking_again_is_of_no_use(self):
        world = self.world()
        sock = self.fake(world, {"GET stream": (403, {"detail": "somebody may not read"})})
        ended = self.alerts(world, "follow", sock=sock, code=1)
        self.assertEqual((ended.out, ended.err), ("", "ringside: somebody may not read\n"))
        longest = world.directory / ("x" * 108)
        self.assertIn("the path of a socket has at most 107 bytes",
                      self.alerts(world, "follow", sock=longest, code=1).err)
        if os.geteuid() != 0:
            return   # only root can be somebody else
        sock.chmod(0o600)
        ended = world.run("ringside", "alerts", "follow", "--socket", sock, user=NOBODY)
        self.assertEqual(ended.code, 1)
        self.assertIn("Permission denied", ended.err)
        self.assertIn("http.socket_readers", ended.err)

    def test_text_that_is_no_utf8_is_refused_with_its_option(self):
        world = self.world()
        sock = self.fake(world, {})   # is never asked

        def wrong(option, *arguments):
            ended = self.alerts(world, *arguments, sock=sock, code=2)
            self.assertEqual(ended.out, "")
            self.assertIn(f"{option}: found 'caf\\xe9', expected text in UTF-8", ended.err)
        bad = os.fsdecode(b"caf\xe9")
        why = ["--why", "x"]
        wrong("--why", "clear", "--all", "--why", bad)
        wrong("--who", "clear", "--all", *why, "--who", bad)
        wrong("--for", "silence", "--all", *why, "--for", bad)
        wrong("--operation", "clear", *why, "--operation", bad)
        wrong("--ring", "clear", *why, "--ring", bad)
        wrong("id", "clear", *why, "good", bad)
        wrong("id", "unsilence", *why, bad)


if __name__ == "__main__":
    harness.main()
