// What the charts draw: minutes of the history, and then the ticks of now. Bounded, so that a tab
// that stays open for days stays small.

const MOST = 2048;

export const FIELDS = ['rate', 'failed', 'p50', 'p95', 'p99', 'server'];

// Series of {x: ms, y}, oldest first. Chart.js reads these arrays as they are.
export class Points {
  constructor(keepMs) {
    this.keepMs = keepMs;
    this.series = Object.fromEntries(FIELDS.map(field => [field, []]));
  }

  get length() { return this.series.rate.length; }

  get lastMs() { return this.series.rate.at(-1)?.x ?? -Infinity; }

  clear() {
    for (const field of FIELDS) this.series[field].length = 0;
  }

  // `values` has a figure of each field; what is not known is null, and the line has a gap.
  add(ms, values) {
    if (!(ms > this.lastMs)) return;
    for (const field of FIELDS) this.series[field].push({x: ms, y: values[field] ?? null});
    let gone = Math.max(0, this.length - MOST);
    const first = this.series.rate;
    while (gone < first.length && first[gone].x < ms - this.keepMs) ++gone;
    if (gone > 0)
      for (const field of FIELDS) this.series[field].splice(0, gone);
  }

  // Nothing was known for a time: the lines have a gap there.
  gap() {
    if (this.length > 0) this.add(this.lastMs + 1, {});
  }

  // The answer of the history route stands for all up to its end; later ticks stay.
  fill(history) {
    const stepMs = history.step_seconds * 1000;
    const endMs = history.begin_unix_ms + history.steps * stepMs;
    const later = this.series.rate.flatMap((point, i) => point.x <= endMs ? [] : [
      [point.x, Object.fromEntries(FIELDS.map(field => [field, this.series[field][i].y]))]
    ]);
    const find = figure => history.series.find(one => one.figure === figure)?.values ?? [];
    const [rate, failed, p50, p95, p99, mean, wait] = [
      'rate_per_s', 'error_rate', 'p50_ns', 'p95_ns', 'p99_ns', 'mean_ns', 'stage:queue'
    ].map(find);
    this.clear();
    for (let i = 0; i < history.steps; ++i) {
      this.add(history.begin_unix_ms + (i + 1) * stepMs, {
        // a step is known at its end
        rate: rate[i],
        failed: part(rate[i], failed[i]),
        p50: p50[i],
        p95: p95[i],
        p99: p99[i],
        server: without(mean[i], wait[i])
      });
    }
    for (const [ms, values] of later) this.add(ms, values);
  }
}

const known = value => value !== null && value !== undefined;
const part = (whole, share) => known(whole) && known(share) ? whole * share : null;
const without = (whole, wait) => known(whole) && known(wait) ? whole - wait : null;

// The last hour of one operation, one figure a minute.
export class Spark {
  constructor() {
    this.values = new Float64Array(60).fill(NaN);
    this.minute = -1;  // of the last value
  }

  // The latest figure of a minute stands for it.
  put(minute, value) {
    if (this.minute < 0) this.minute = minute;
    const steps = minute - this.minute;
    if (steps < 0) {
      if (steps > -60) this.values[59 + steps] = value ?? NaN;
      return;
    }
    if (steps > 0) {
      this.values.copyWithin(0, Math.min(steps, 60));
      this.values.fill(NaN, 60 - Math.min(steps, 60));
      this.minute = minute;
    }
    this.values[59] = value ?? NaN;
  }
}

// A path through what is known, in a box of 120 by 20. `top` is the value at its upper edge.
export function sparkPath(values, top) {
  let path = '';
  let drawing = false;
  for (let i = 0; i < values.length; ++i) {
    const value = values[i];
    if (Number.isNaN(value)) {
      drawing = false;
      continue;
    }
    const x = (i * 120 / (values.length - 1)).toFixed(1);
    const y = (19 - 18 * Math.min(1, value / top)).toFixed(1);
    const alone = !drawing && (i + 1 >= values.length || Number.isNaN(values[i + 1]));
    path += alone ? `M${x} ${y}h1.5` : `${drawing ? 'L' : 'M'}${x} ${y}`;
    drawing = true;
  }
  return path;
}
