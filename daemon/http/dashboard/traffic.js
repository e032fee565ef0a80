// The two charts of all operations: of the last hour and live, or of a longer span of the history.

import {query} from './api.js';
import {bandsOf, ChartTable, describe, drawChart, lineChart, marksOf} from './charts.js';
import {byId, h, setAttribute, setText} from './dom.js';
import * as f from './format.js';
import {Points} from './points.js';
import {HOUR_MS} from './store.js';

const SPANS = [
  ['1h', 'Last hour, live', HOUR_MS], ['8h', '8 h', 8 * HOUR_MS], ['48h', '48 h', 48 * HOUR_MS],
  ['7d', '7 d', 168 * HOUR_MS]
];
const FIGURES = 'rate_per_s,error_rate,p50_ns,p95_ns,p99_ns,mean_ns';

const marksQueue = store =>
    (store.metrics?.operations ?? []).some(one => one.stage_names.includes('queue'));

// Asks for the last `since` of all operations, with the wait where operations mark it.
export async function askHistory(api, store, since, signal) {
  const figure = marksQueue(store) ? `${FIGURES},stage:queue` : FIGURES;
  try {
    return await api.get('history' + query({figure, since}), {signal});
  } catch (problem) {
    if (problem.status !== 404 || figure === FIGURES) throw problem;
    return await api.get('history' + query({figure: FIGURES, since}), {signal});
  }
}

const perSecond = value => f.rate(value);

export class Traffic {
  constructor(api, store) {
    this.api = api;
    this.store = store;
    this.span = '1h';
    this.points = store.points;
    this.marks = [];
    this.past = null;  // the answer for a span that is not live
    const series = this.points.series;
    this.rateLines = [
      {label: 'calls', tone: '--c1', data: series.rate},
      {label: 'failed', tone: '--bad', data: series.failed, dash: true}
    ];
    this.latencyLines = [
      {label: 'p50', tone: '--c1', data: series.p50},
      {label: 'p95', tone: '--c2', data: series.p95},
      {label: 'p99', tone: '--c3', data: series.p99},
      {label: 'mean in the server', tone: '--s3', data: series.server, dash: true}
    ];
    this.rate = lineChart(byId('rate'), this.rateLines, {format: perSecond});
    this.latency =
        lineChart(byId('latency'), this.latencyLines, {format: f.shortSpan, logarithmic: true});
    this.table = new ChartTable(
        byId('traffic-table'), 'Traffic and latency over time',
        ['calls', 'failed', 'p50', 'p95', 'p99', 'mean in the server']);
    byId('traffic-table').addEventListener('toggle', () => this.showTable());
    this.buttons = SPANS.map(([span, text]) => h('button', {
                               type: 'button',
                               text,
                               'aria-pressed': String(span === this.span),
                               on: {click: () => this.choose(span)}
                             }));
    byId('spans').append(...this.buttons);
    this.describedMinute = -1;
  }

  use(points) {
    this.points = points;
    const series = points.series;
    for (const [lines, chart, fields] of [
             [this.rateLines, this.rate, ['rate', 'failed']],
             [this.latencyLines, this.latency, ['p50', 'p95', 'p99', 'server']]]) {
      fields.forEach((field, i) => {
        lines[i].data = chart.data.datasets[i].data = series[field];
      });
    }
    this.describedMinute = -1;
  }

  // The store's points are others than before.
  renew() {
    if (this.past || this.span !== '1h') return;
    this.describedMinute = -1;
    setText(byId('traffic-note'), this.store.historyProblem);
  }

  async choose(span) {
    this.span = span;
    this.buttons.forEach((button, i) => setAttribute(button, 'aria-pressed', SPANS[i][0] === span));
    if (span === '1h') {
      this.past = null;
      this.use(this.store.points);
      setText(byId('traffic-note'), this.store.historyProblem);
      this.show();
      return;
    }
    setText(byId('traffic-note'), 'Reading the history …');
    try {
      const {data: history, meta} = await askHistory(this.api, this.store, span);
      if (this.span !== span) return;
      if (history.steps === 0) {
        setText(byId('traffic-note'), f.noHistoryYet(meta.asked) + ' The charts stay as they are.');
        return;
      }
      const points = new Points(Infinity);
      points.fill(history);
      this.past = history;
      this.use(points);
      setText(
          byId('traffic-note'),
          `${f.moment(f.instant(history.begin_at))} to ` +
              `${f.moment(f.instant(history.end_at))} UTC, in steps of ` +
              `${f.span(history.step_seconds * 1e9)}. Not live.`);
      this.show();
    } catch (problem) {
      if (this.span === span) setText(byId('traffic-note'), f.sentence(problem.message));
    }
  }

  show() {
    setText(
        byId('latency-note'),
        marksQueue(this.store) ? 'From the arrival of a request on. ' +
                'Dashed: the mean time in the server, without the wait.' :
                                 'All operations that do not wait ' +
                'for their client; the server marks no wait before them.');
    const now = this.past ? f.instant(this.past.end_at) : this.store.nowMs();
    const from = this.past ? f.instant(this.past.begin_at) : now - HOUR_MS;
    const bands = bandsOf(this.past ? this.past.incidents : this.store.incidents(), now);
    const marks = this.past ? marksOf(this.past.marks) : this.marks;
    drawChart(this.rate, from, now, bands, marks);
    drawChart(this.latency, from, now, bands, marks);
    const minute = Math.floor(now / 60000);
    if (minute === this.describedMinute) return;
    this.describedMinute = minute;
    describe(byId('rate'), 'Calls a second', this.rateLines, perSecond, bands);
    describe(byId('latency'), 'Latency', this.latencyLines, f.span, bands);
    this.showTable();
  }

  showTable() {
    const s = this.points.series;
    this.table.show(
        [s.rate, s.failed, s.p50, s.p95, s.p99, s.server],
        [perSecond, perSecond, f.span, f.span, f.span, f.span]);
  }
}
