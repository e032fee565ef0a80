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

  get length() {
    return this.series.rate.length;
  }

  get lastMs() {
    return this.series.rate.at(-1)?.x ?? -Infinity;
  }

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
    if (gone > 0) for (const field of FIELDS) this.series[field].splice(0, gone);
  }

  // What is older than all that is known: the answer of the history route.
  fill(history, untilMs = Infinity) {
    const find = figure => history.series.find(one => one.figure === figure)?.values ?? [];
    const [rate, failed, p50, p95, p99, mean, wait] = ['rate_per_s', 'error_rate', 'p50_ns',
      'p95_ns', 'p99_ns', 'mean_ns', 'stage:queue'].map(find);
    const later = FIELDS.map(field => this.series[field].slice());
    this.clear();
    const stepMs = history.step_seconds * 1000;
    const firstKnown = later[0][0]?.x ?? Infinity;
    for (let i = 0; i < history.steps; ++i) {
      const ms = history.begin_unix_ms + (i + 1) * stepMs;  // a step is known at its end
      if (ms > untilMs || ms >= firstKnown) break;
      this.add(ms, {rate: rate[i], failed: rate[i] === null || rate[i] === undefined ||
        failed[i] === null ? null : rate[i] * failed[i], p50: p50[i], p95: p95[i], p99: p99[i],
      server: wait[i] === null || wait[i] === undefined ? null : mean[i] - wait[i]});
    }
    later[0].forEach((point, i) => this.add(point.x,
      Object.fromEntries(FIELDS.map((field, f) => [field, later[f][i].y]))));
  }
}

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
