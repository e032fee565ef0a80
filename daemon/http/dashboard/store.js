// All that the page knows. Views read it; only this file writes it.

import {instant} from './format.js';
import {Points, Spark} from './points.js';

export const HOUR_MS = 3600000;
export const keyOf = one => `${one.ring ?? ''}\0${one.name ?? one.operation}`;
export const RANK = {
  healthy: 0,
  degraded: 1,
  blind: 2,
  failing: 3
};
export const LEVELS = ['info', 'warning', 'critical', 'emergency'];

export class Store {
  constructor() { this.clear(); }

  clear() {
    this.metrics = null;  // data of the metrics route, of `window`
    this.window = '1m';
    this.meta = null;
    this.alerts = null;  // data of the alerts route
    this.tick = null;    // the latest stream_tick
    this.tickS = 5;
    this.takenMs = NaN;     // of the latest figures, by the daemon's clock
    this.receivedMs = NaN;  // when they came, by performance.now()
    this.ageAtReceiptS = 0;
    this.offsetMs = 0;      // the daemon's clock minus ours
    this.startedAt = null;  // of the daemon
    this.restartedMs = NaN;
    this.connection = {name: 'connecting', sinceMs: Date.now()};
    this.points = new Points(HOUR_MS);
    this.sparks = new Map();
    this.live = new Map();  // the operations' figures of the latest tick
    this.historyProblem = '';
    this.problem = '';  // why metrics or alerts can't be read
  }

  nowMs() { return Date.now() + this.offsetMs; }

  ageS() { return this.ageAtReceiptS + (performance.now() - this.receivedMs) / 1000; }

  // Three ticks without figures: they say nothing of now.
  isOld() { return !(this.ageS() <= Math.max(3 * this.tickS, 3)); }

  heard(generatedAt, takenAt, tickS) {
    const generated = instant(generatedAt);
    if (Number.isFinite(generated)) this.offsetMs = generated - Date.now();
    if (Number.isFinite(tickS)) this.tickS = tickS;
    const taken = instant(takenAt);
    if (!Number.isFinite(taken)) return;
    if (!(taken <= this.takenMs)) {
      this.takenMs = taken;
      this.receivedMs = performance.now();
      this.ageAtReceiptS = Number.isFinite(generated) ? Math.max(0, (generated - taken) / 1000) : 0;
    }
  }

  // True: it is another daemon than before, so that all must be asked for again.
  hello(hello) {
    this.heard(hello.generated_at, hello.taken_at, hello.tick_seconds);
    const another = this.startedAt !== null && hello.daemon_started_at !== null &&
        hello.daemon_started_at !== this.startedAt;
    if (another) this.restartedMs = instant(hello.daemon_started_at);
    this.startedAt = hello.daemon_started_at ?? this.startedAt;
    return another;
  }

  takeTick(tick) {
    this.tick = tick;
    const taken = instant(tick.taken_at);
    if (Number.isFinite(taken) && !(taken <= this.takenMs)) {
      this.takenMs = taken;
      this.receivedMs = performance.now();
      this.ageAtReceiptS = Math.max(0, Math.min((this.nowMs() - taken) / 1000, 1));
    } else if (
        Number.isFinite(taken) && taken === this.takenMs && !Number.isFinite(this.receivedMs)) {
      this.receivedMs = performance.now();
    }
    const all = tick.all;
    if (taken - this.points.lastMs > 3 * this.tickS * 1000) this.points.gap();
    this.points.add(taken, {
      rate: all.rate_per_s,
      failed: all.rate_per_s === null ? null : all.rate_per_s * (all.error_rate ?? 0),
      p50: all.p50_ns,
      p95: all.p95_ns,
      p99: all.p99_ns,
      server: this.serverMeanNs()
    });
    const minute = Math.floor(taken / 60000);
    this.live.clear();
    for (const one of tick.operations) {
      const key = keyOf(one);
      this.live.set(key, one);
      this.spark(key).put(minute, one.p95_ns);
    }
    for (const key of this.sparks.keys())
      if (!this.live.has(key)) this.sparks.delete(key);
  }

  spark(key) {
    let spark = this.sparks.get(key);
    if (spark === undefined) this.sparks.set(key, spark = new Spark());
    return spark;
  }

  takeMetrics(answer, window) {
    this.metrics = answer.data;
    this.meta = answer.meta;
    this.window = window;
    this.heard(answer.meta.generated_at, answer.meta.taken_at, answer.meta.tick_seconds);
    this.startedAt = answer.meta.daemon?.started_at ?? this.startedAt;
  }

  takeSparks(history) {
    for (const one of history.series) {
      const spark = this.spark(keyOf(one));
      const last = spark.minute;
      one.values.forEach((value, i) => {
        const minute = Math.floor(history.begin_unix_ms / 60000) + i;
        if (last < 0 || minute < last) spark.put(minute, value);
      });
    }
  }

  // Of one call, over all operations: without the wait between arrival and a thread. null where no
  // operation marks the wait.
  serverMeanNs() {
    const waits = waitAndTime(this.metrics?.operations ?? [], '1m');
    return waits === null || waits.timed === 0 ? null : (waits.timeNs - waits.waitNs) / waits.timed;
  }

  verdict() {
    if (this.isOld() || this.connection.name === 'gone') return 'unknown';
    return this.tick?.verdict ?? this.metrics?.verdict ?? 'unknown';
  }

  incidents() {
    const stories = new Map((this.metrics?.stories ?? []).map(one => [one.incident, one]));
    const known = this.alerts?.incidents ??
        (this.metrics?.stories ?? []).map(one => ({...one.details, alerts: [], lines: []}));
    return known.map(one => ({...one, story: stories.get(one.id) ?? null}))
        .sort(
            (a, b) => (a.ended_at !== null) - (b.ended_at !== null) ||
                (a.ended_at === null ? LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) : 0) ||
                instant(b.began_at) - instant(a.began_at));
  }
}

export function waitAndTime(operations, window) {
  let timed = 0;
  let timeNs = 0;
  let waitNs = 0;
  let marked = false;
  for (const one of operations) {
    if (one.waits_for_client) continue;
    const stats = one.windows?.[window];
    if (!stats) continue;
    timed += stats.timed;
    timeNs += stats.sum_ns;
    for (const stage of stats.stages) {
      if (stage.name !== 'queue') continue;
      marked = true;
      waitNs += stage.sum_ns;
    }
  }
  return marked ? {timed, timeNs, waitNs} : null;
}

// The same shape as a tick of the stream, where there is none.
export function tickOf(metrics, meta) {
  const figures = one => {
    const stats = one.windows['1m'] ?? Object.values(one.windows)[0];
    return {
      name: one.name,
      ring: one.ring,
      count: stats.count,
      rate_per_s: stats.rate_per_s,
      errors: stats.errors,
      error_rate: stats.error_rate,
      p50_ns: stats.p50_ns,
      p95_ns: stats.p95_ns,
      p99_ns: stats.p99_ns,
      max_ns: stats.max_ns
    };
  };
  return {
    tick: meta.tick,
    taken_at: meta.taken_at,
    verdict: metrics.verdict,
    headline: metrics.headline,
    active_alerts: metrics.active_alerts,
    open_incidents: metrics.open_incidents,
    books: metrics.data_quality.books,
    all: figures(metrics.all),
    operations: metrics.operations.map(figures),
    gauges: metrics.system.gauges,
    in_flight: metrics.data_quality.lanes.filter(lane => lane.in_flight !== null).length
  };
}
