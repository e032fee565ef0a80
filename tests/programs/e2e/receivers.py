#!/usr/bin/env python3
"""The daemon tells receivers of alerts: a real Alertmanager, and webhooks that are slow, broken,
gone or not who they say."""

import json
import socket
import time
from datetime import datetime

import harness
from listeners import CLOSE, HOLD, Alertmanager, Hook, certificate

QUICK = {"tick": "100ms", "alerts": 'clear_after = "1s"\n' + harness.ANY_HOST}



def table(name, kind, url, *lines):
    return "\n".join(["[[receivers]]", f'name = "{name}"', f'kind = "{kind}"', f'url = "{url}"',
                      *lines]) + "\n"


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Receivers(harness.Scenario):
    def hook(self, *arguments, **options):
        hook = Hook(*arguments, **options)
        self.addCleanup(hook.end)
        return hook

    def crash(self, world, daemon):
        """A server that the daemon sees, and that is then killed: an alert at once."""
        server = world.server()
        daemon.report_when("the server seen", lambda found: found["rings"][0]["state"] == "live")
        server.kill()

    def lines(self, world):
        """The whole lines of the log: one that is being written has no end yet."""
        text = world.alert_log.read_text(encoding="utf-8").rpartition("\n")[0]
        return [dict(part.split("=", 1) for part in line.split(" msg=")[0].split(" "))
                for line in text.splitlines()]

    # -- Alertmanager

    def test_an_alertmanager_holds_what_is_active_and_nothing_else(self):
        world = self.world()
        manager = Alertmanager(world)
        tables = table("am", "alertmanager", manager.url, "watchdog = true")
        daemon = world.daemon(**QUICK, tables=tables)
        self.crash(world, daemon)
        held = daemon.wait_until("the alert held", lambda: manager.holds(alertname="server_down"))
        self.assertEqual(len(held), 1)
        # The log has a thread of its own: the line may come after the post.
        line = daemon.wait_until(
            "its line", lambda: [one for one in self.lines(world)
                                 if one["alert"] == "server_down"])[0]
        self.assertEqual(held[0]["labels"],
                         {"alertname": "server_down", "figure": "crashed", "severity": "critical",
                          "ring": world.ring, "instance": socket.gethostname()})
        self.assertEqual(held[0]["annotations"]["id"], line["id"])
        self.assertEqual(held[0]["annotations"]["state"], "firing")
        self.assertEqual(seconds(held[0]["startsAt"]), seconds(line["ts"]))
        # Four times the resend interval after the post, which was just now.
        ahead = seconds(held[0]["endsAt"]) - seconds(held[0]["updatedAt"])
        self.assertAlmostEqual(ahead, 240, delta=2)
        self.assertEqual(len(manager.holds(alertname="Watchdog", severity="none")), 1)

        # The daemon goes, and comes back: the same alert, with the same begin.
        daemon.kill()
        daemon = world.daemon(**QUICK, tables=tables)
        again = daemon.wait_until(
            "the alert sent again",
            lambda: [one for one in manager.holds(alertname="server_down")
                     if one["updatedAt"] > held[0]["updatedAt"]])
        self.assertEqual([one["fingerprint"] for one in again], [held[0]["fingerprint"]])
        self.assertEqual(again[0]["startsAt"], held[0]["startsAt"])

        # The server comes back: the alert is over.
        server = world.server()
        daemon.wait_until("nothing held", lambda: not manager.holds(alertname="server_down"))
        daemon.stop()
        self.assertEqual(len(manager.holds(alertname="Watchdog")), 1, "the end is no end of it")
        server.stop()

    def test_a_level_that_rises_is_another_alert_and_the_old_one_ends_in_the_same_post(self):
        world = self.world()
        manager, hook = Alertmanager(world), self.hook()
        daemon = world.daemon(
            **QUICK, tables='[thresholds]\nconnections = 4\n' +
            table("am", "alertmanager", manager.url) + table("fake", "alertmanager", hook.url))
        server = world.server()
        clients = []
        self.addCleanup(lambda: [client.close() for client in clients])

        def connect(count):
            while len(clients) < count:
                clients.append(socket.create_connection(("127.0.0.1", server.port)))

        def severities():
            return [one["labels"]["severity"]
                    for one in manager.holds(alertname="high_connections")]
        connect(4)
        daemon.wait_until("a warning", lambda: severities() == ["warning"])
        began = manager.holds(alertname="high_connections")[0]["startsAt"]
        connect(8)
        daemon.wait_until("critical alone", lambda: severities() == ["critical"])
        self.assertEqual(manager.holds(alertname="high_connections")[0]["startsAt"], began)

        def first_critical():
            posts = [{one["labels"]["severity"]: one for one in post
                      if one["labels"]["alertname"] == "high_connections"}
                     for post in hook.documents()]
            return next((post for post in posts if "critical" in post), None)
        first = daemon.wait_until("the other receiver is told, too", first_critical)
        self.assertEqual(set(first), {"warning", "critical"})
        self.assertLess(seconds(first["warning"]["endsAt"]), time.time())
        self.assertGreater(seconds(first["critical"]["endsAt"]), time.time())
        daemon.stop()
        server.stop()

    def test_an_alert_is_sent_again_before_it_lapses_and_lapses_without_the_daemon(self):
        world = self.world()
        manager = Alertmanager(world)
        daemon = world.daemon(
            **QUICK, tables=table("am", "alertmanager", manager.url, 'resend = "1s"'))
        self.crash(world, daemon)
        held, = daemon.wait_until("the alert held",
                                  lambda: manager.holds(alertname="server_down"))

        def sent_later():
            now = manager.holds(alertname="server_down")
            self.assertEqual(len(now), 1, "it has lapsed")
            return seconds(now[0]["endsAt"]) - seconds(held["endsAt"]) > 5
        daemon.wait_until("an end that is later than it would have lapsed", sent_later)
        daemon.kill()
        harness.wait_for("the alert lapsed",
                         lambda: not manager.holds(alertname="server_down"))

    def test_an_alertmanager_that_was_away_is_told_what_is_active(self):
        world = self.world()
        port = harness.free_port()
        daemon = world.daemon(
            **QUICK, tables=table("am", "alertmanager", f"http://127.0.0.1:{port}"))
        self.crash(world, daemon)
        daemon.says("receiver am: not told: connect: Connection refused; it is tried")
        manager = Alertmanager(world, port)
        daemon.wait_until("the alert held", lambda: manager.holds(alertname="server_down"))
        daemon.says("receiver am: reached again")
        daemon.stop()

    def test_after_a_400_nothing_of_the_post_is_sent_again_at_once(self):
        world = self.world()
        seen = []  # posts of more than one alert

        def answer(_, body):
            if len(body) > 1:
                seen.append(body)
                return 400
            return 200 if seen else 503
        hook = self.hook(answer)
        daemon = world.daemon(**QUICK, tables=table("am", "alertmanager", hook.url,
                                                    'resend = "2s"', "watchdog = true"))
        self.crash(world, daemon)

        def names(post):
            return sorted(one["labels"]["alertname"] for one in post)
        both = ["Watchdog", "server_down"]
        daemon.wait_until("a post of both", lambda: both in map(names, hook.documents()))
        at = list(map(names, hook.documents())).index(both)
        daemon.wait_until("two posts after it", lambda: len(hook.requests) >= at + 3)
        after = hook.requests[at + 1:at + 3]
        self.assertEqual(sorted(names(body) for _, _, _, body in after),
                         [["Watchdog"], ["server_down"]])
        for when, _, _, _ in after:
            self.assertGreater(when - hook.requests[at][0], 1.9)
        daemon.stop()

    # -- Webhooks

    def test_a_webhook_gets_each_line_of_the_log_once_with_its_token(self):
        world = self.world()
        hook, story = self.hook(), self.hook()
        token = world.directory / "token"
        token.write_text("correct-horse-battery-staple\n", encoding="utf-8")
        settings = dict(QUICK, tables=table("pager", "webhook", hook.url + "/a?b=c",
                                            f'token_file = "{token}"', "transitions = true") +
                        table("story", "webhook", story.url))
        daemon = world.daemon(**settings)
        self.crash(world, daemon)
        daemon.wait_until("the alert told", hook.alerts)
        server = world.server()
        daemon.wait_until("its end told",
                          lambda: [one for one in hook.alerts() if one["state"] == "resolved"])
        daemon.stop()
        lines = [(line["incident"], line["id"], line["alert"], line["state"], line["level"],
                  line["ts"]) for line in self.lines(world) if line["state"] != "pending"]

        def told(hook):
            return [(one["incident"] or "-", one["id"], one["alert"], one["state"], one["level"],
                     one["time"]) for one in hook.alerts()]
        self.assertEqual(told(hook), lines)
        of_incidents = [line for line in lines if line[3] in ("begun", "risen", "ended")]
        self.assertIn("begun", [line[3] for line in of_incidents])
        self.assertEqual(told(story), of_incidents)
        for _, path, headers, body in hook.requests:
            self.assertEqual(path, "/a?b=c")
            self.assertEqual(headers["Authorization"], "Bearer correct-horse-battery-staple")
            self.assertEqual(headers["Content-Type"], "application/json")
            self.assertRegex(headers["User-Agent"], r"^ringside/\d+\.\d+\.\d+$")
            self.assertEqual(list(body), ["version", "source", "instance", "receiver", "batch",
                                          "dropped", "alerts"])
            self.assertEqual((body["version"], body["receiver"], body["dropped"]), (1, "pager", 0))
        # The token is nowhere else.
        printed = world.run("ringsided", "--config", world.write_config(**settings),
                            "--print-config")
        self.assertIn(str(token), printed.out)
        files = [path for path in world.directory.rglob("*") if path.is_file() and path != token]
        self.assertGreater(len(files), 4)
        for text in (printed.out, *(path.read_bytes().decode("latin-1") for path in files)):
            self.assertNotIn("correct-horse", text)
        server.stop()

    def test_receivers_that_are_slow_broken_or_gone_hold_up_nobody(self):
        world = self.world()
        good = self.hook()
        bad = {
            "silent": self.hook(lambda n, body: HOLD).url,
            "closing": self.hook(lambda n, body: CLOSE).url,
            "failing": self.hook(lambda n, body: 500).url,
            "moved": self.hook(lambda n, body: (301, {"Location": good.url + "/moved"})).url,
            "gone": f"http://127.0.0.1:{harness.free_port()}",
            "nameless": "http://no-such-host.invalid",
            "plain": good.url.replace("http:", "https:"),
        }
        full = socket.create_server(("127.0.0.1", 0), backlog=0)  # accepts nobody
        self.addCleanup(full.close)
        bad["full"] = f"http://127.0.0.1:{full.getsockname()[1]}"
        daemon = world.daemon(**QUICK, tables="".join(
            table(name, "webhook", url, 'timeout = "2s"', 'connect_timeout = "1s"')
            for name, url in {**bad, "good": good.url}.items()))
        self.crash(world, daemon)
        daemon.wait_until("the alert told", good.alerts)
        self.assertLess(time.time() - seconds(good.alerts()[0]["time"]), harness.sized(2, 10))
        for name in bad:
            daemon.says(f"receiver {name}: not told: ")
        self.assertEqual(daemon.log().count("receiver good: "), 0)
        self.assertEqual({path for _, path, _, _ in good.requests}, {"/"})
        begin = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - begin, harness.sized(6, 20))
        for name in bad:
            self.assertEqual(daemon.log().count(f"receiver {name}: not told: "), 1)
            self.assertEqual(daemon.log().count(f"receiver {name}: not delivered before the end: "),
                             1)

    def test_a_webhook_that_asks_for_a_pause_gets_it(self):
        world = self.world()
        hook = self.hook(lambda n, body: (429, {"Retry-After": "3"}) if n == 0 else 200)
        daemon = world.daemon(**QUICK, tables=table("pager", "webhook", hook.url))
        self.crash(world, daemon)
        daemon.wait_until("a second try", lambda: len(hook.requests) >= 2)
        (first, _, _, before), (second, _, _, after) = hook.requests[:2]
        self.assertGreaterEqual(second - first, 2.9)  # the first may have come early in its clock
        self.assertEqual(before, after)
        daemon.stop()

    def test_what_waits_is_delivered_at_the_end(self):
        world = self.world()
        hook = self.hook(lambda n, body: (503, {"Retry-After": "3000"}) if n == 0 else 200)
        daemon = world.daemon(**QUICK, tables=table("pager", "webhook", hook.url))
        self.crash(world, daemon)
        daemon.says("receiver pager: not told: it answered 503")
        daemon.stop()
        self.assertEqual(len(hook.requests), 2)
        self.assertEqual(hook.documents()[0], hook.documents()[1])
        self.assertNotIn("not delivered", daemon.log())

    # -- TLS

    def test_a_certificate_is_trusted_by_its_authority_and_its_name_alone(self):
        world = self.world()
        mine = certificate(world.directory, "mine", "IP:127.0.0.1,DNS:localhost")
        other = certificate(world.directory, "other", "DNS:other.example")
        trusted = self.hook(certificate=mine)
        misnamed = self.hook(certificate=other)
        by_name = trusted.url.replace("127.0.0.1", "localhost")
        ca = f'ca_file = "{mine[0]}"'
        daemon = world.daemon(
            **QUICK, tables=table("good", "webhook", trusted.url, ca) +
            table("named", "webhook", by_name + "/named", ca) +
            table("unknown", "webhook", trusted.url + "/unknown") +
            table("misnamed", "webhook", misnamed.url, f'ca_file = "{other[0]}"'))
        self.crash(world, daemon)

        def paths():
            return {path for _, path, _, _ in trusted.requests}
        daemon.wait_until("the alert told", lambda: paths() >= {"/", "/named"})
        daemon.says("receiver unknown: not told: TLS: certificate verify failed")
        daemon.says("receiver misnamed: not told: TLS: certificate verify failed")
        self.assertRegex(daemon.log(), r"receiver unknown: .*\(self-signed certificate\)")
        self.assertRegex(daemon.log(), r"receiver misnamed: .*\(IP address mismatch\)")
        daemon.stop()
        self.assertEqual(paths(), {"/", "/named"})
        self.assertEqual(misnamed.requests, [])

    # -- Configuration

    def test_receivers_are_reloaded_and_keep_what_waits(self):
        world = self.world()
        silent, hook, manager = self.hook(lambda n, body: HOLD), self.hook(), self.hook()
        daemon = world.daemon(**QUICK, tables=table("pager", "webhook", silent.url))
        self.crash(world, daemon)
        daemon.wait_until("a post that nobody answers", lambda: silent.requests)
        # Wrong files change nothing.
        world.write_config(**QUICK, tables=table("pager", "webhook", hook.url,
                                                 'token_file = "/no/such/file"'))
        self.assertIn("receiver pager: /no/such/file: ", daemon.reload())
        self.assertIn("receivers stay as they were", daemon.log())
        self.assertEqual(hook.requests, [])
        world.write_config(**QUICK, tables=table("pager", "webhook", hook.url) +
                           table("am", "alertmanager", manager.url))
        daemon.reload()
        daemon.wait_until("the alert told", hook.alerts)
        self.assertEqual(hook.documents()[0], silent.documents()[0])
        daemon.wait_until("what is active", lambda: manager.requests)
        self.assertEqual(manager.documents()[0][0]["labels"]["alertname"], "server_down")
        daemon.stop()

    def test_files_that_can_not_be_used_are_refused_at_the_start(self):
        world = self.world()
        empty = world.directory / "empty"
        empty.write_text("\n", encoding="utf-8")
        for line, words in ((f'token_file = "{empty}"', "found no token on its first line"),
                            ('token_file = "/no/such/file"', "/no/such/file: "),
                            (f'ca_file = "{empty}"', "found no certificates in PEM"),
                            ('ca_file = "/no/such/file"', "/no/such/file: ")):
            config = world.write_config(tables=table("pager", "webhook", "https://h/", line))
            for flags, code in (([], 1), (["--check-config"], 2)):
                with self.subTest(line=line, flags=flags):
                    ended = world.run("ringsided", "--config", config, *flags)
                    self.assertEqual(ended.code, code, ended.err)
                    self.assertIn("receiver pager: ", ended.err)
                    self.assertIn(words, ended.err)
                    self.assertEqual(json.dumps(ended.err).count("\\u"), 0)


if __name__ == "__main__":
    harness.main()
