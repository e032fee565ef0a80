"""What scenarios of the past share: a history that a real daemon wrote, and how to change it."""

import contextlib
import sqlite3

DAY = 86_400


def recorded(scenario, rate, seconds):
    """A world whose daemon saw so much load. Its history is a file; all programs have ended."""
    world = scenario.world()
    server = world.server()
    daemon = world.daemon(tick="200ms").started()
    world.load(server, rate=rate, seconds=seconds).result()
    server.stop()
    daemon.stop()
    return world


@contextlib.contextmanager
def changed(path):
    """The file as a connection, in one transaction."""
    with contextlib.closing(sqlite3.connect(path)) as history, history:
        yield history


def columns_of(history, table):
    return [row[1] for row in history.execute(f"PRAGMA table_info({table})")]
