// One operation whole: distribution, last calls, stages, worst calls with who and where, errors,
// alerts. A dialog, so Escape closes it and the focus goes back to where it was.

import {query} from './api.js';
import {bandsOf, ChartTable, describe, drawChart, endChart, lineChart} from './charts.js';
import {byId, fillRows, h, setHidden, setText, table} from './dom.js';
import {distribution, dotLegend, lastCalls, stageBar} from './figures.js';
import * as f from './format.js';
import {alertText} from './incidents.js';
import {waitAndTime} from './store.js';

const WINDOWS = [
  ['1m', 'last minute'], ['5m', 'last 5 min'], ['1h', 'last hour'], ['since_start', 'since start']
];
const n = title => ({title, number: true});

export class OperationSheet {
  constructor(api, store) {
    this.api = api;
    this.store = store;
    this.dialog = byId('operation');
    this.dialog.addEventListener('close', () => this.closed());
    this.chart = null;
    this.name = null;
  }

  get isOpen() { return this.dialog.open; }

  open(name, ring) {
    this.name = name;
    this.ring = ring;
    this.histogramOf = '1h';
    this.build();
    if (!this.dialog.open) this.dialog.showModal();
    this.load();
  }

  closed() {
    this.asking?.abort();
    if (this.chart) endChart(this.chart);
    this.chart = null;
    this.name = null;
    this.dialog.replaceChildren();
  }

  build() {
    if (this.chart) endChart(this.chart);
    const place = () => h('div');
    const part = (title, ...children) => h('div', {}, h('h3', {text: title}), children);
    this.parts = {
      state: h('p', {class: 'note', role: 'status'}),
      facts: h('p'),
      distribution: place(),
      dots: place(),
      stages: place(),
      arrival: h('p', {class: 'note'}),
      alerts: h('ul', {class: 'meant'}),
      past: h('p', {class: 'note'}),
      canvas: h('canvas', {role: 'img', 'aria-label': 'no figures'}),
      details: h('details', {}, h('summary', {text: 'Figures of this chart'}))
    };
    const p = this.parts;
    this.windows = table('Figures by window', [
      {title: 'window'}, n('calls'), n('rate'), n('failed'), n('refused'), n('mean'), n('p50'),
      n('p90'), n('p95'), n('p99'), n('p99.9'), n('slowest')
    ]);
    this.worst = table('Slowest calls of the last hour', [
      {title: 'when'}, n('took'), {title: 'outcome'}, {title: 'who'}, {title: 'where'},
      {title: 'most of it in'}, {title: 'ring, lane, position'}
    ]);
    this.last = table('The last calls', [
      {title: 'when'}, n('took'), {title: 'outcome'}, {title: 'who'}, {title: 'where'},
      {title: 'most of it in'}
    ]);
    this.errors = table('Errors', [
      {title: 'error', class: 'p'}, n('1 min'), n('5 min'), n('1 h'), n('since start'),
      {title: 'last'}, {title: 'of'}
    ]);
    p.errors = part('Errors', this.errors.wide);
    p.alertsPart = part('Alerts', p.alerts);
    const close =
        h('button', {type: 'button', on: {click: () => this.dialog.close()}}, 'Close ',
          h('kbd', {text: 'Esc'}));
    this.dialog.replaceChildren(
        h('div', {class: 'bar'}, h('h2', {id: 'operation-title', text: f.name(this.name, 200)}),
          close),
        p.state, p.facts, p.alertsPart,
        h('div', {class: 'columns'}, part('Distribution in the last hour', p.distribution),
          part(
              'The last calls', p.dots, dotLegend(),
              h('details', {}, h('summary', {text: 'The last calls as a table'}), this.last.wide)),
          part('Where the time goes', p.stages, p.arrival),
          part(
              'Latency in the last hour', h('div', {class: 'chart'}, p.canvas), p.past, p.details)),
        part('Slowest calls of the last hour', this.worst.wide), p.errors,
        part('Figures by window', this.windows.wide));
    this.lines = [['p50', '--c1'], ['p95', '--c2'], ['p99', '--c3']].map(
        ([label, tone]) => ({label, tone, data: []}));
    this.chart = lineChart(p.canvas, this.lines, {format: f.shortSpan, logarithmic: true});
    this.table = new ChartTable(p.details, 'Latency in the last hour', ['p50', 'p95', 'p99']);
    p.details.addEventListener('toggle', () => this.showTable());
    setHidden(p.errors, true);
    setHidden(p.alertsPart, true);
    setText(p.state, 'Asking …');
  }

  async load() {
    if (this.name === null || document.hidden) return;
    this.asking?.abort();
    const asking = this.asking = new AbortController();
    const path = `operations/${encodeURIComponent(this.name)}`;
    const parameters = {ring: this.ring, recent: 100};
    try {
      const {data} =
          await this.api.get(path + query({...parameters, history: '1h'}), {signal: asking.signal})
              .catch(problem => {
                // Without a history there are still the figures of now.
                if (problem.status !== 503 && problem.status !== 500) throw problem;
                return this.api.get(path + query(parameters), {signal: asking.signal});
              });
      if (asking.signal.aborted) return;
      setText(this.parts.state, '');
      this.show(data, data.rings.find(one => one.ring === this.ring) ?? data.rings[0]);
    } catch (problem) {
      if (!asking.signal.aborted) setText(this.parts.state, f.sentence(problem.message));
    }
  }

  show(data, one) {
    const p = this.parts;
    const {series} = one;
    const threshold = series.threshold.response_ms;
    const hour = series.windows['1h'];
    setText(p.facts, [
      `${series.category || 'event'} on ${f.name(one.ring)}`,
      threshold === null ? 'no threshold' :
                           `threshold ${f.shortSpan(threshold * 1e6)} ` +
              `(${series.threshold.response_from})`,
      series.threshold.error_rate === null ? '' :
                                             `at most ` +
              `${f.percent(series.threshold.error_rate)} failed`,
      series.waits_for_client ? 'waits for its client' : '',
      one.sampled_one_in === null  ? '' :
          one.sampled_one_in === 0 ? 'not recorded' :
                                     `one call in ${f.count(one.sampled_one_in)} is recorded`
    ].filter(Boolean).join(' · '));
    const width = Math.max(260, p.distribution.clientWidth);
    p.distribution.replaceChildren(distribution(hour, threshold, width));
    p.dots.replaceChildren(lastCalls(series.last, threshold, width));
    p.stages.replaceChildren(
        one.time === null ?
            h('p',
              {class: 'note', text: 'It waits for its client, or no call was timed: no stages.'}) :
            stageBar(one.time.stages, one.time.unmarked_share, width));
    const waits = waitAndTime([series], '1h');
    setText(
        p.arrival,
        waits === null || waits.timed === 0 ?
            'No wait is marked: latency begins ' +
                'where a thread picks the call up, or the server marks no queue.' :
            `From arrival ${f.span(waits.timeNs / waits.timed)} in the mean: ` +
                `${f.span(waits.waitNs / waits.timed)} waited, ` +
                `${f.span((waits.timeNs - waits.waitNs) / waits.timed)} in the server.`);
    this.showCalls(one, series);
    this.showWindows(series, data.quantile_min_samples);
    this.showHistory(one.history);
  }

  showCalls(one, series) {
    const now = this.store.nowMs();
    const row = record =>
        [f.when(f.instant(record.start_at), now), f.span(record.duration_ns),
         record.outcome + (record.error ? ` ${record.error} ${f.name(record.error_name, 40)}` : ''),
         f.party(record.actor), f.party(record.subject), longestStage(record, series.stage_names)];
    const key = record => `${record.ring} ${record.lane} ${record.position}`;
    fillRows(
        this.worst,
        one.worst.slice(0, 20).map(
            record => ({
              key: key(record),
              cells:
                  [...row(record), `${f.name(record.ring, 30)} ${record.lane} ${record.position}`]
            })),
        item => item.key);
    fillRows(
        this.last,
        series.last.slice(0, 100).map(record => ({key: key(record), cells: row(record)})),
        item => item.key);
    setHidden(this.parts.errors, one.errors.length === 0);
    fillRows(
        this.errors,
        one.errors.slice(0, 30).map(
            error => ({
              key: `${error.code} ${error.outcome}`,
              cells: [
                `${error.code} ${f.name(error.name)} ` +
                    `(${error.outcome})`,
                ...['1m', '5m', '1h', 'since_start'].map(w => f.count(error.count[w])),
                error.last_at === null ? 'never' : f.when(f.instant(error.last_at), now),
                f.party(error.last_actor)
              ]
            })),
        item => item.key);
    setHidden(this.parts.alertsPart, one.alerts.length === 0);
    this.parts.alerts.replaceChildren(
        ...one.alerts.slice(0, 30).map(alert => h('li', {text: alertText(alert)})));
  }

  showWindows(series, least) {
    fillRows(
        this.windows, WINDOWS.filter(([w]) => series.windows[w]).map(([w, title]) => {
          const stats = series.windows[w];
          const quantile = q => stats.timed < (least[q] ?? 0) ?
              '–' :
              (stats.past_end.includes(q) ? '≥ ' : '') + f.span(stats[`${q}_ns`]);
          return {
            key: w,
            cells: [
              title, f.count(stats.count), f.rate(stats.rate_per_s), f.count(stats.errors),
              f.count(stats.refused), f.span(stats.mean_ns),
              ...['p50', 'p90', 'p95', 'p99', 'p999'].map(quantile), f.span(stats.max_ns)
            ]
          };
        }),
        row => row.key);
  }

  showHistory(history) {
    setText(this.parts.past, history ? '' : 'No history of it yet.');
    if (!history) return;
    const begin = f.instant(history.begin_at);
    const stepMs = history.step_seconds * 1000;
    for (const line of this.lines) {
      const values = history.series.find(one => one.figure === `${line.label}_ns`)?.values ?? [];
      line.data.splice(
          0, line.data.length, ...values.map((y, i) => ({x: begin + (i + 1) * stepMs, y})));
    }
    const now = f.instant(history.end_at);
    const bands = bandsOf(this.store.incidents(), now);
    drawChart(this.chart, begin, now, bands);
    describe(this.parts.canvas, 'Latency', this.lines, f.span, bands);
    this.showTable();
  }

  showTable() { this.table.show(this.lines.map(line => line.data), [f.span, f.span, f.span]); }
}

function longestStage(record, names) {
  let most = 0;
  let at = -1;
  record.stages_ns.forEach((ns, i) => {
    if (ns > most && names[i]) [most, at] = [ns, i];
  });
  return at < 0 ? '–' : `${f.name(names[at], 30)} ${f.span(most)}`;
}
