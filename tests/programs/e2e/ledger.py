"""The same operations are counted in three places that know nothing of each other: by the clients
that sent them, by the server's totals in its ring, and by the daemon from the records that it read.

    clients' answers  =  server's totals  =  read + lost        for each of the 19 operations
"""

from datetime import datetime

from harness import OPERATIONS

ERRORS = ("error", "timeout")                   # the server's fault; its totals count them
REFUSALS = ("rejected", "denied", "limited")    # the caller's fault
OUTCOMES = ("ok",) + ERRORS + REFUSALS

# Bucket boundaries are 2^(1/32) apart, so a quantile is within 1.1 % of its value. In a comparison
# of two quantiles both may be off.
QUANTILE_SLACK = 1.022

# A record is within 10 % of what its client felt, or within this much where 10 % is less. On two
# processors 40 to 110 us of a median were missing in calm, and 0.7 ms of a 99th percentile. What
# the machine makes everybody wait comes on top: latency.py measures it.
ALLOWANCE_NS = {"p50": 500_000, "p99": 5_000_000}
# The clients of ringside-chatload read no stamps, so their own wait for a processor is in their
# figures: on a busy machine some milliseconds of a median, and some ten of a 99th percentile. Where
# all is calm this shows little. latency.py compares requests one by one.
LOAD_ALLOWANCE_NS = {"p50": 10_000_000, "p99": 50_000_000}
# From here on 10 % is more than a thread waits for a processor on a busy machine, so each request
# is compared by itself.
SLOW_NS = 200_000_000


def least_ns(felt_ns, allowance_ns):
    """What the records must say at least where their clients felt this."""
    return min(felt_ns * 0.9, felt_ns - allowance_ns)


def counts(totals):
    """The count of each operation, from `ringside inspect`."""
    return {name: totals.get("operations", {}).get(name, {}).get("count", 0) for name in OPERATIONS}


def add(first, second):
    return {name: first[name] + second[name] for name in OPERATIONS}


def series(report, name, kind="operations"):
    for one in report[kind]:
        if one["name"] == name:
            return one
    return None


def server_counts(report):
    found = {one["name"]: one["server_count"] for one in report["operations"]}
    return {name: found.get(name, 0) for name in OPERATIONS}


def read_and_lost(report):
    found = {
        one["name"]: one["books"]["read"] + one["books"]["lost"]
        for one in report["operations"]
    }
    return {name: found.get(name, 0) for name in OPERATIONS}


def answered(load):
    return {name: load["operations"][name]["answered"] for name in OPERATIONS}


def sent(load):
    return {name: load["operations"][name]["sent"] for name in OPERATIONS}


def has_all(report, totals):
    """True when the daemon has caught up with the server's counts and knows to which operations the
    lost records belonged."""
    return (server_counts(report) == counts(totals) == read_and_lost(report) and
            report["unattributed_lost"] == 0 and report["books"]["balance"])


def check_sums(test, report):
    """Checks what holds in every report, however much was lost: written = read + lost, for each
    lane, for each operation and in all."""
    books = report["books"]
    test.assertEqual(books["written"], books["read"] + books["lost"], books)
    test.assertIs(books["balance"], True)
    for lane in report["lanes"]:
        test.assertEqual(lane["books"]["written"], lane["books"]["read"] + lane["books"]["lost"],
                         lane)
    for kind in ("operations", "categories", "events"):
        for one in report[kind]:
            name, of_it = one["name"], one["books"]
            test.assertEqual(of_it["written"], of_it["read"] + of_it["lost"], name)
            start = one["windows"]["since_start"]
            test.assertEqual(start["recorded"], of_it["read"], name)
            test.assertEqual(sum(start["outcomes"].values()), start["recorded"], name)
            test.assertEqual(sum(count for _, count in start["histogram"]), start["timed"], name)
    lost_of = sum(one["books"]["lost"] for kind in ("operations", "events") for one in report[kind])
    test.assertEqual(books["lost"], lost_of + report["unattributed_lost"])
    read_of = sum(one["books"]["read"] for kind in ("operations", "events") for one in report[kind])
    test.assertEqual(books["read"], read_of + books["rejected"])


def check_server_and_daemon(test, totals, report):
    """Checks at rest that the server's totals = read + lost, for each operation and event."""
    check_sums(test, report)
    test.assertEqual(report["unattributed_lost"], 0)
    test.assertEqual(report["books"]["rejected"], 0)
    for kind in ("operations", "events"):
        in_ring = totals.get(kind, {})
        test.assertEqual({one["name"]
                          for one in report[kind] if one["server_count"]}, set(in_ring), kind)
        for name, ring in in_ring.items():
            one = series(report, name, kind)
            test.assertEqual(one["server_count"], ring["count"], name)
            test.assertEqual(one["server_errors"], ring["errors"], name)
            test.assertEqual(one["books"]["read"] + one["books"]["lost"], ring["recorded"], name)
            test.assertEqual(one["windows"]["since_start"]["skipped"], ring["skipped"], name)


def check_nothing_lost(test, report):
    test.assertEqual(report["books"]["lost"], 0)
    test.assertEqual(report["books"]["torn"], 0)
    for kind in ("operations", "events"):
        for one in report[kind]:
            test.assertEqual(one["books"]["lost"], 0, one["name"])


def check_clients(test, load, totals):
    """Checks that every answer is one operation of the server, which holds as long as no connection
    broke."""
    test.assertEqual(load["connections"]["lost"], 0)
    for name in OPERATIONS:
        of_clients = load["operations"][name]
        test.assertEqual(of_clients["unanswered"], 0, name)
        test.assertGreater(of_clients["answered"], 0, f"{name}: the load's mix has not tried it")
    test.assertEqual(answered(load), counts(totals))


def check_outcomes(test, load, report):
    """Checks that outcomes and error codes agree one by one, which holds if nothing was lost."""
    codes_read = {}
    for error in report["errors"]:
        key = (error["operation"], error["code"])
        codes_read[key] = codes_read.get(key, 0) + error["count"]["since_start"]
    for name in OPERATIONS:
        of_clients = load["operations"][name]
        start = series(report, name)["windows"]["since_start"]
        for outcome in OUTCOMES:
            test.assertEqual(start["outcomes"][outcome], of_clients[outcome], f"{name}: {outcome}")
        test.assertEqual(start["errors"], sum(of_clients[outcome] for outcome in ERRORS), name)
        test.assertEqual(start["refused"], sum(of_clients[outcome] for outcome in REFUSALS), name)
        for code, one in of_clients["codes"].items():
            test.assertEqual(codes_read.get((name, int(code)), 0), one["count"],
                             f"{name}: error {code} {one['name']}")


def check_latencies(test, load, report, each_was_answered=True):
    """An operation lasts from its arrival on, which is nearly all of the time that its client
    waited. So each quantile is at most the client's, and p50 and p99 are hardly less. Compares only
    operations that the mix alone has sent, because the clients' latencies are those of the mix.
    Returns how many were compared.

    Where connections broke, the records have operations that the clients don't, so the records may
    also say a little more."""
    compared = 0
    for name in OPERATIONS:
        of_clients = load["operations"][name]
        if set(of_clients["answered_by_source"]) != {"mix"}:
            continue
        waited = of_clients["latency_ns"]["from_send"]
        spent = series(report, name)["windows"]["since_start"]
        for quantile in ("p50", "p99"):
            least = least_ns(waited[quantile], LOAD_ALLOWANCE_NS[quantile]) / QUANTILE_SLACK
            test.assertGreaterEqual(spent[f"{quantile}_ns"], least, f"{name}: {quantile}")
        compared += 1
        if not each_was_answered:
            continue
        test.assertEqual(spent["timed"], waited["count"], name)
        test.assertEqual(spent["negative"], 0, name)
        test.assertGreater(spent["min_ns"], 0, name)
        for quantile in ("p50", "p90", "p99"):
            test.assertLessEqual(spent[f"{quantile}_ns"], waited[quantile] * QUANTILE_SLACK,
                                 f"{name}: {quantile}")
        # The two sides use two clocks, which are calibrated apart.
        for exact in ("min", "mean", "max"):
            test.assertLessEqual(spent[f"{exact}_ns"], waited[exact] * 1.001 + 1000,
                                 f"{name}: {exact}")
    return compared


def nanoseconds(instant):
    """Nanoseconds since 1970 of an RFC 3339 instant with nine decimals. datetime knows only six."""
    whole, fraction = instant.rstrip("Z").split(".")
    seconds = datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction)


def check_last(test, report):
    """Checks that the last hundred records of each operation are there, latest first, each once."""
    for one in report["operations"]:
        last = one["last"]
        test.assertEqual(len(last), min(100, one["books"]["read"]), one["name"])
        places = {(record["start_at"], record["lane"], record["position"]) for record in last}
        test.assertEqual(len(places), len(last), f"{one['name']}: a record stands there twice")
        ends = [nanoseconds(record["start_at"]) + record["duration_ns"] for record in last]
        # The daemon orders by ticks. Here start and duration are nanoseconds, each rounded by
        # itself.
        test.assertTrue(all(later >= earlier - 2 for later, earlier in zip(ends, ends[1:])),
                        one["name"])
