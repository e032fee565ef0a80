#!/usr/bin/env python3
"""The API of a real daemon: over TCP with tokens, over the Unix socket, and by ringside alerts."""

import hashlib
import http.client
import json
import re
import resource
import socket
import subprocess
from pathlib import Path

import harness
from harness import sized

README = Path(__file__).resolve().parents[3] / "daemon" / "README.md"
API = "/api/v1/admin/performance"
LISTENS = re.compile(r"http: listening on (127\.0\.0\.1):(\d+)")
# Every message is too slow.
SLOW = '[thresholds.operations.SEND_MESSAGE]\nresponse_time = "1us"'


class OverSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def ask(connection, path, method="GET", body=None, **headers):
    text = None if body is None else json.dumps(body)
    if text is not None:
        headers.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, text, {k.replace("_", "-"): v for k, v in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Asked:
    """A daemon, and ways to ask it."""

    def of_socket(self, world, path, method="GET", body=None, **headers):
        return ask(OverSocket(world.state / "ringsided.sock"), path, method, body, **headers)

    def of_tcp(self, daemon, path, token=None, method="GET", body=None, **headers):
        host, port = daemon.wait_until("the port", lambda: LISTENS.search(daemon.log())).groups()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return ask(http.client.HTTPConnection(host, int(port), timeout=30), path, method, body,
                   **headers)

    def known(self, daemon, world):
        """Waits for the first tick."""
        daemon.wait_until("the first tick",
                          lambda: self.of_socket(world, "/readyz").status == 200)

    def token(self, world, name, scope="read"):
        ended = world.run("ringsided", "--config", world.directory / "ringsided.toml",
                          "--new-token", name, "--scope", scope)
        self.assertEqual(ended.code, 0, ended.err)
        self.assertIn("the token itself is shown this once", ended.err)
        return ended.out.strip()


class Api(Asked, harness.Scenario):
    def test_the_socket_needs_no_token_and_tcp_does(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(http='listen = ["127.0.0.1:0"]')
        world.load(server, rate=200, seconds=2).result()
        self.known(daemon, world)
        metrics = self.of_socket(world, API + "/metrics")
        self.assertEqual(metrics.status, 200)
        data = metrics.json()["data"]
        self.assertIn("SEND_MESSAGE", [one["name"] for one in data["operations"]])

        refused = self.of_tcp(daemon, API + "/metrics")
        self.assertEqual(refused.status, 401)
        self.assertTrue(refused.headers["WWW-Authenticate"].startswith("Bearer"))
        self.assertEqual(refused.headers["Content-Type"], "application/problem+json")
        reader = self.token(world, "reader")
        self.assertEqual(self.of_tcp(daemon, API + "/metrics", reader).status, 401)
        daemon.reload()
        good = self.of_tcp(daemon, API + "/metrics", reader)
        self.assertEqual(good.status, 200)
        self.assertEqual([one["name"] for one in good.json()["data"]["operations"]],
                         [one["name"] for one in data["operations"]])
        # A reader clears nothing.
        clear = {"action": "clear", "all": True, "why": "test"}
        forbidden = self.of_tcp(daemon, API + "/alerts", reader, "POST", clear)
        self.assertEqual((forbidden.status, forbidden.json()["code"]),
                         (403, "insufficient_scope"))
        admin = self.token(world, "admin", "admin")
        daemon.reload()
        self.assertEqual(self.of_tcp(daemon, API + "/alerts", admin, "POST", clear).status, 200)
        # The file has no token.
        tokens = (world.state / "tokens").read_text(encoding="utf-8")
        self.assertNotIn(reader, tokens)
        self.assertNotIn(reader, daemon.log())
        self.assertEqual((world.state / "tokens").stat().st_mode & 0o777, 0o600)
        exposed = self.of_tcp(daemon, "/metrics")
        self.assertEqual(exposed.status, 200)
        self.assertIn(b"ringside_api_refusals_total", exposed.body)
        checked = subprocess.run(["promtool", "check", "metrics"], input=exposed.body,
                                 capture_output=True, check=False, timeout=60)
        self.assertEqual((checked.returncode, checked.stderr), (0, b""))
        self.assertEqual(self.of_tcp(daemon, "/nowhere").status, 404)
        self.assertEqual(self.of_tcp(daemon, "/healthz").status, 200)
        daemon.stop()
        self.assertFalse((world.state / "ringsided.sock").exists())

    def test_who_guesses_tokens_is_told_of_and_locks_nobody_out(self):
        world = self.world()
        daemon = world.daemon(http='listen = ["127.0.0.1:0"]\nwrong_tokens_per_minute = 5')
        reader = self.token(world, "reader")
        daemon.reload()
        self.known(daemon, world)
        statuses = [self.of_tcp(daemon, API + "/metrics", f"rs_{i}").status for i in range(20)]
        self.assertEqual(statuses[:5], [401] * 5)
        self.assertEqual(set(statuses[5:]), {429})
        limited = self.of_tcp(daemon, API + "/metrics", "rs_again")
        self.assertGreater(int(limited.headers["Retry-After"]), 0)
        self.assertEqual(self.of_tcp(daemon, API + "/metrics", reader).status, 200)
        self.assertEqual(daemon.log().count("127.0.0.1 sends wrong tokens, more than 5 a minute"),
                         1)
        self.assertNotIn("rs_", daemon.log())
        exposed = self.of_tcp(daemon, "/metrics").body.decode()
        self.assertIn('ringside_api_refusals_total{reason="rejected_token"} 21\n', exposed)
        self.assertIn('ringside_api_refusals_total{reason="rate_limited"} 16\n', exposed)
        daemon.stop()

    def test_a_report_and_the_history_are_those_of_the_daemon(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon()
        world.load(server, rate=200, seconds=2).result()
        server.stop()
        self.known(daemon, world)
        live = daemon.report()
        for form, begin in (("json", "{"), ("html", "<!doctype html>"), ("markdown", "# "),
                            ("text", "Ringside report")):
            answer = self.of_socket(world, f"{API}/report?format={form}")
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.body.decode().lower().startswith(begin.lower()), form)

        def counted(report):
            return {one["name"]: one["windows"]["since_start"]["count"]
                    for one in report["operations"]}
        same = self.of_socket(world, API + "/report?format=json").json()["data"]
        self.assertEqual(counted(same), counted(live))
        daemon.reload()   # hands over the minute under way
        daemon.wait_until(
            "the minutes", lambda: self.of_socket(
                world, API + "/history?figure=count&operation=SEND_MESSAGE&since=1h").status == 200)
        wrong = self.of_socket(world, API + "/history?figure=rate&since=1h")
        self.assertEqual((wrong.status, wrong.json()["code"]), (400, "invalid_parameter"))
        self.assertIn("nearest known: rate_per_s", wrong.json()["detail"])
        past = self.of_socket(world, API + "/report?format=json&since=1h").json()
        self.assertEqual(counted(past["data"]), counted(live))
        # The tool asks the same daemon.
        sock = world.state / "ringsided.sock"
        for arguments in ([], ["--since", "1h"]):
            ended = world.run("ringside", "report", "--socket", sock, "--format", "json",
                              *arguments)
            self.assertEqual((ended.code, ended.err), (0, ""))
            self.assertEqual(counted(json.loads(ended.out)), counted(live))
        ended = world.run("ringside", "report", "--socket", sock, "--operation", "SING", "--since",
                          "1h")
        self.assertEqual((ended.code, ended.out), (1, ""))
        self.assertIn("SING", ended.err)
        path = world.directory / "now.html"
        ended = world.run("ringside", "report", "--socket", sock, "--format", "html", "-o", path)
        self.assertEqual((ended.code, ended.out, ended.err), (0, "", ""))
        self.assertIn("<!doctype html>", path.read_text(encoding="utf-8").lower())
        daemon.stop()
        ended = world.run("ringside", "report", "--socket", sock)
        self.assertEqual(ended.code, 1)
        self.assertIn("next: start ringsided", ended.err)

    def test_the_readme_asks_with_curl(self):
        section = README.read_text(encoding="utf-8").split("## The API")[1].split("\n## ")[0]
        block = next(part for part in section.split("```") if "curl -H" in part)
        world = self.world()
        server = world.server()
        daemon = world.daemon(http='listen = ["127.0.0.1:0"]')
        world.load(server, rate=200, seconds=2).result()
        admin = self.token(world, "admin", "admin")
        daemon.reload()   # reads the token; the minute under way goes into the history
        self.known(daemon, world)
        port = LISTENS.search(daemon.log()).group(2)
        daemon.wait_until("the minutes", lambda: self.of_socket(
            world, API + "/history?figure=count&since=1h").status == 200)
        block = block.replace("127.0.0.1:9717", f"127.0.0.1:{port}")
        block = block.replace("state/ringsided.sock", str(world.state / "ringsided.sock"))
        self.assertEqual(block.count("curl "), 7)
        script = block.replace("curl ", "echo; echo ---; curl -sS --fail-with-body ")
        ended = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True,
                               env={**world.environment(), "TOKEN": admin}, timeout=60,
                               check=False)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stdout)
        metrics, report, alerts, cleared, history, exposed, over_socket = (
            part.strip() for part in ended.stdout.split("---\n")[1:])
        self.assertIn("operations", json.loads(metrics)["data"])
        self.assertTrue(report.startswith("Ringside report"))
        self.assertIn("incidents", json.loads(alerts)["data"])
        self.assertEqual(json.loads(cleared)["data"]["action"], "clear")
        self.assertEqual(json.loads(history)["data"]["series"][0]["figure"], "p95_ns")
        self.assertIn("# TYPE ringside_", exposed)
        self.assertIn("incidents", json.loads(over_socket)["data"])
        daemon.stop()

    def test_alerts_are_listed_acknowledged_silenced_and_cleared(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms", alerts='clear_after = "1s"\nstart_grace = "0s"',
                              tables=f"{SLOW}\n{harness.ANY_HOST}")
        follow = world.start("ringside", "alerts", "follow", "--socket",
                             world.state / "ringsided.sock", "--json")
        follow.says("follows ringsided")
        every = world.start("ringside", "alerts", "follow", "--transitions", "--socket",
                            world.state / "ringsided.sock", "--json")
        every.says("follows ringsided")
        load = world.load(server, rate=sized(200, 50), seconds=120).begun()

        def alerts(*arguments, code=0):
            ended = world.run("ringside", "alerts", *arguments, "--socket",
                              world.state / "ringsided.sock")
            self.assertEqual(ended.code, code, ended.err)
            return ended

        def incidents():
            return json.loads(alerts("list", "--json", "--state", "active").out)["incidents"]
        incident = daemon.wait_until("an incident", lambda: incidents() and incidents()[0], 60)
        text = alerts("list").out
        self.assertRegex(text, "1 incident lasts: 1 (warning|critical|emergency)")
        self.assertIn(incident["id"], text)
        shown = alerts("show", incident["id"]).out
        self.assertIn("  incident  " + incident["id"], shown)
        self.assertIn(f"next: ringside alerts acknowledge {incident['id']}", shown)
        done = alerts("acknowledge", incident["id"], "--why", "looking at it", "--who", "anna")
        self.assertIn(incident["id"], done.out)
        known = daemon.wait_until(
            "the acknowledgement", lambda: incidents()[0]["acknowledged"] and incidents()[0])
        self.assertIn("anna", known["acknowledged_by"])
        self.assertIn("acknowledged by", alerts("list").out)
        silenced = alerts("silence", "--operation", "SEND_MESSAGE", "--for", "1h", "--why",
                          "a test", "--json")
        silence = json.loads(silenced.out)["results"][0]["silence"]
        daemon.wait_until("the silence", lambda: silence in alerts("list").out)
        alerts("unsilence", silence, "--why", "over")
        daemon.wait_until("the end of the silence", lambda: silence not in alerts("list").out)
        # Cleared while its cause goes on: a new one, which names the old.
        old = {one["id"] for one in incidents()[0]["alerts"]}
        alerts("clear", "--all", "--why", "is it still so?", "--dry-run")
        self.assertTrue(old & {one["id"] for one in incidents()[0]["alerts"]})
        alerts("clear", "--all", "--why", "is it still so?")

        def returned():
            return [alert for one in incidents() for alert in one["alerts"]
                    if alert["returns"] in old]
        daemon.wait_until("a new episode that names the old", returned, 60)
        refused = alerts("clear", "nothing-of-that-id", "--why", "x", code=1)
        self.assertIn("nothing-of-that-id", refused.err)
        alerts("show", "nothing-of-that-id", code=1)
        # What people said stands in the log, and was streamed.
        log = world.alert_log.read_text(encoding="utf-8")
        for words in ("looking at it", "anna", "a test", "is it still so?"):
            self.assertIn(words, log)
        follow.wait_until("what was said in the stream", lambda: "is it still so?" in follow.log())
        # Through a restart of the daemon.
        daemon.kill()
        follow.says("it is tried again until it answers")
        daemon = world.daemon(tick="200ms", alerts='clear_after = "1s"\nstart_grace = "0s"',
                              tables=f"{SLOW}\n{harness.ANY_HOST}")
        follow.wait_until("the new daemon", lambda: follow.log().count("follows ringsided") == 2)
        load.interrupted()
        follow.kill()
        every.kill()
        # Each change once, those of single alerts too.
        told = [json.loads(line) for line in every.log().splitlines() if line.startswith("{")]
        seen = [(one["id"], one["state"], one["level"], one["at"]) for one in told]
        self.assertEqual(sorted(set(seen)), sorted(seen))
        self.assertTrue({"begun", "firing", "acknowledged", "cleared"} <= {one[1] for one in seen})
        daemon.stop()

    def not_stored(self, ended, found):
        """What --new-token says where it can store nothing: the token, and the file's line."""
        self.assertEqual(ended.code, 1)
        self.assertIn(f"found {found}", ended.err)
        self.assertIn("not valid yet", ended.err)
        self.assertIn("next: add the line below to", ended.err)
        line = ended.err.splitlines()[-1]
        token = ended.out.strip()
        self.assertEqual(line.split()[2], hashlib.sha256(token.encode()).hexdigest())
        self.assertNotIn(token, ended.err)
        return token, line

    def test_a_token_that_can_not_be_stored_is_told_with_the_line_for_the_source(self):
        world = self.world()
        credentials = world.directory / "credentials"
        credentials.mkdir()
        copy = credentials / "tokens"
        copy.write_text("# the copy\n")
        copy.chmod(0o600)
        world.write_config()
        arguments = ["--config", world.directory / "ringsided.toml", "--new-token", "ci"]
        ended = world.run("ringsided", *arguments, CREDENTIALS_DIRECTORY=str(credentials) + "/")
        token, line = self.not_stored(ended, "systemd's copy of a credential")
        self.assertEqual(copy.read_text(), "# the copy\n")
        source = world.directory / "source"
        source.write_text(line + "\n")
        source.chmod(0o600)
        daemon = world.daemon(http=f'listen = ["127.0.0.1:0"]\ntokens_file = "{source}"')
        self.known(daemon, world)
        self.assertEqual(self.of_tcp(daemon, API + "/metrics", token).status, 200)
        daemon.stop()

    def test_a_token_is_not_stored_on_a_read_only_file_system(self):
        world = self.world()
        place = world.directory / "read-only"
        place.mkdir()
        world.write_config(http=f'tokens_file = "{place}/tokens"')
        mounted = f"mount -t tmpfs -o ro,size=64k none '{place}'"
        apart = ["/usr/bin/unshare", "--mount", "sh", "-c"]
        if world.run(*apart, mounted).code != 0:
            self.skipTest("no right to mount")
        ended = world.run(*apart, mounted + ' && exec "$@"', "sh", world.program("ringsided"),
                          "--config", world.directory / "ringsided.toml", "--new-token", "ci")
        self.not_stored(ended, "a read-only file system")

    def test_it_is_not_ready_while_the_history_cannot_be_written(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms")
        world.load(server, rate=200, seconds=2).result()
        self.known(daemon, world)
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        daemon.reload()   # hands over the minute under way
        refused = daemon.wait_until("a refusal", lambda: (
            answer := self.of_socket(world, "/readyz")).status == 503 and answer)
        self.assertIn("the history is not written", " ".join(refused.json()["reasons"]))
        self.assertEqual(self.of_socket(world, "/healthz").status, 200)
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.known(daemon, world)
        daemon.stop()

    def test_a_daemon_that_is_asked_while_another_has_the_port_goes_on(self):
        world = self.world()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            daemon = world.daemon(http=f'listen = ["127.0.0.1:{port}"]')
            daemon.says("stop what listens there, or change http.listen")
            self.known(daemon, world)
        daemon.says(f"http: listening on 127.0.0.1:{port}")
        daemon.stop()

    def test_what_must_not_be_listened_on_is_refused_at_the_start(self):
        world = self.world()
        path = world.write_config(http='listen = ["0.0.0.0:0"]')
        ended = world.run("ringsided", "--config", path)
        self.assertNotEqual(ended.code, 0)
        self.assertIn("0.0.0.0", ended.err)
        self.assertIn("next: ", ended.err)


if __name__ == "__main__":
    harness.main()
