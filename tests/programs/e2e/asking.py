#!/usr/bin/env python3
"""ringside alerts, where the daemon refuses, or does a part of what it is asked for."""

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

    def crashed(self, world):
        """A daemon whose server has died. Returns it, and the incident."""
        daemon = world.daemon(tables=harness.ANY_HOST)
        server = world.server()
        daemon.report_when("the server seen", lambda found: found["rings"][0]["state"] == "live")
        server.kill()

        def down():
            listed = self.alerts(world, "list", "--json", "--alert", "server_down").out
            return json.loads(listed)["incidents"]
        return daemon, daemon.wait_until("the incident", down)[0]["id"]

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

    def test_of_several_what_was_done_is_told_beside_what_was_not(self):
        world = self.world()
        results = [{"target": "a-1", "done": True, "changed": True, "silence": "s-9",
                    "text": "silenced by anna: x", "alerts": ["a-1"]},
                   {"target": "b-2", "done": False, "changed": False, "silence": None,
                    "text": "alert b-2 is not known", "alerts": []}]
        problem = {"detail": "alert b-2 is not known; results says what became of each",
                   "results": results}
        sock = self.fake(world, {
            "GET alerts": (200, {"data": {"incidents": [], "next_cursor": None}, "meta": {}}),
            "POST alerts": (409, problem)})
        arguments = ["silence", "a-1", "b-2", "--for", "1h", "--why", "x"]
        ended = self.alerts(world, *arguments, sock=sock, code=1)
        self.assertEqual(ended.out, "a-1: silenced by anna: x\n"
                         "next: to end it before its time: ringside alerts unsilence s-9 --why "
                         "'...'\n")
        self.assertEqual(ended.err, "ringside: b-2: alert b-2 is not known\n")
        ended = self.alerts(world, *arguments, "--json", sock=sock, code=1)
        self.assertEqual(json.loads(ended.out), {"results": results})
        self.assertEqual(ended.err, f"ringside: {problem['detail']}\n")

    def test_an_incident_and_an_unknown_alert_are_told_in_one_answer(self):
        world = self.world()
        daemon, incident = self.crashed(world)
        arguments = ["silence", incident, "nosuch", "--for", "1h", "--why", "x"]
        ended = self.alerts(world, *arguments, code=1)
        self.assertIn(f"{incident}: silenced by", ended.out)
        self.assertEqual(ended.err, "ringside: nosuch: alert nosuch is not known\n")
        silence = ended.out.split("unsilence ")[1].split()[0]
        ended = self.alerts(world, *arguments, "--json", code=1)
        told = json.loads(ended.out)
        self.assertEqual(told["action"], "silence")
        by_target = {one["target"]: one for one in told["results"]}
        self.assertEqual(sorted(by_target), sorted([incident, "nosuch"]))
        self.assertEqual(by_target[incident]["silence"], silence)
        self.assertIs(by_target["nosuch"]["done"], False)
        ended = self.alerts(world, "unsilence", silence, "--why", "x")
        self.assertNotIn("next:", ended.out)
        # None is done.
        ended = self.alerts(world, "clear", "nosuch", "nor-this", "--why", "x", code=1)
        self.assertEqual(ended.out, "")
        self.assertEqual(ended.err, "ringside: nosuch: alert nosuch is not known\n"
                         "ringside: nor-this: alert nor-this is not known\n")
        daemon.stop()

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
