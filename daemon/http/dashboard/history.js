// Any figure over any span: the history route, drawn.

import {query} from './api.js';
import {bandsOf, ChartTable, describe, drawChart, endChart, lineChart, marksOf} from './charts.js';
import {byId, h, setHidden, setText} from './dom.js';
import * as f from './format.js';

const CALLS = [
  ['rate_per_s', 'calls a second'], ['error_rate', 'share of failed calls'], ['p50_ns', 'p50'],
  ['p95_ns', 'p95'], ['p99_ns', 'p99'], ['p999_ns', 'p99.9'], ['mean_ns', 'mean'],
  ['max_ns', 'slowest'], ['count', 'calls'], ['errors', 'failed calls'],
  ['refused', 'refused calls'], ['lost', 'lost records']
];
const HOST = [
  ['gauge:memory_bytes', 'memory of the server'], ['gauge:descriptors', 'open files'],
  ['gauge:threads', 'threads'], ['gauge:load_1m_milli', 'load of one minute']
];
const SPANS = ['1h', '8h', '1d', '2d', '7d', '30d', '90d'];

function formatOf(figure) {
  if (figure.endsWith('_ns') || figure.startsWith('stage:')) return f.span;
  if (figure === 'error_rate') return f.percent;
  if (figure === 'rate_per_s') return f.rate;
  if (figure.includes('_bytes')) return f.bytes;
  return figure.endsWith('_milli') ? value => f.number(value / 1000) : f.number;
}

export class History {
  constructor(api, store) {
    this.api = api;
    this.store = store;
    this.chart = null;
    this.build();
  }

  build() {
    const label = (id, text) => h('label', {for: id, text
    });
    this.figure = h('select', {id: 'history-of'});
    this.operation =
        h('input', {id: 'history-operation', list: 'operation-names', placeholder: 'all together'});
    this.names = h('datalist', {id: 'operation-names'});
    this.since = h('input', {
      id: 'history-since',
      value: '8h',
      list: 'history-spans',
      size: 18,
      required: true,
      'aria-describedby': 'history-help'
    });
    this.until =
        h('input',
          {id: 'history-until', placeholder: 'now', size: 18, 'aria-describedby': 'history-help'});
    byId('history-form')
        .append(
            label('history-of', 'Figure'), this.figure, label('history-operation', 'Operation'),
            this.operation, this.names, label('history-since', 'Since'), this.since,
            h('datalist', {id: 'history-spans'}, SPANS.map(span => h('option', {value: span}))),
            label('history-until', 'Until'), this.until, h('button', {text: 'Draw'}));
    byId('history-form').after(h('p', {
      class: 'note',
      id: 'history-help',
      text: 'Times are UTC: 2026-11-27T02:00Z, or so long ago: 90min, 8h, 7d.'
    }));
    byId('history-form').addEventListener('submit', event => {
      event.preventDefault();
      this.draw();
    });
    this.table = null;
    this.choices('');
  }

  // Gauges and stages are the server's, so they are known only after the first answer.
  choices(key, gauges = [], stages = []) {
    if (this.choiceKey === key) return;
    this.choiceKey = key;
    const chosen = this.figure.value;
    const group = (title, all) =>
        h('optgroup', {label: title}, all.map(([value, text]) => h('option', {value, text})));
    this.figure.replaceChildren(
        group('calls', CALLS),
        ...(stages.length ?
                [group(
                    'stages',
                    stages.map(name => [`stage:${name}`, `mean of stage ${f.name(name, 30)}`]))] :
                []),
        group(
            'server and host',
            [...gauges.map(name => [`gauge:${name}`, f.name(name, 40)]), ...HOST]));
    this.figure.value = chosen || 'p95_ns';
  }

  show() {
    const m = this.store.metrics;
    if (!m) return;
    const gauges = [...new Set(m.system.gauges.map(one => one.name))];
    const stages = [...new Set(m.operations.flatMap(one => one.stage_names))].filter(Boolean);
    const names = [...new Set(m.operations.map(one => one.name))];
    const key = JSON.stringify([gauges, stages, names]);
    if (key === this.choiceKey) return;
    this.choices(key, gauges, stages);
    this.names.replaceChildren(
        ...names.slice(0, 256).map(name => h('option', {value: name.slice(0, 200)})));
  }

  async draw() {
    const note = byId('history-note');
    const figure = this.figure.value;
    const gauge = figure.startsWith('gauge');
    const operation = gauge ? '' : this.operation.value;
    setText(note, 'Reading the history …');
    this.asking?.abort();
    const asking = this.asking = new AbortController();
    try {
      const {data, meta} = await this.api.get(
          'history' + query({
            figure,
            operation,
            since: this.since.value.trim(),
            until: this.until.value.trim()
          }),
          {signal: asking.signal});
      if (data.steps === 0) {
        setText(note, f.noHistoryYet(meta.asked));
        setHidden(byId('history-figure'), true);
        return;
      }
      this.chartOf(data, figure, operation);
      setText(note, data.series.length > 0 ? '' : 'Nothing of it was recorded in this time.');
    } catch (problem) {
      if (asking.signal.aborted) return;
      setText(note, f.sentence(problem.message));
      setHidden(byId('history-figure'), this.chart === null);
    }
  }

  chartOf(data, figure, operation) {
    if (this.chart) endChart(this.chart);
    byId('history-table').querySelector('.wide')?.remove();
    setHidden(byId('history-figure'), false);
    const tones = ['--c1', '--c2', '--c3', '--s3', '--s4', '--s5', '--s6'];
    const begin = f.instant(data.begin_at);
    const step = data.step_seconds * 1000;
    const text = this.figure.selectedOptions[0].textContent;
    // One line for each ring that has it; seven can be told apart.
    this.lines =
        data.series.slice(0, tones.length)
            .map(
                (one, i) => ({
                  tone: tones[i],
                  label: [one.ring === null ? '' : f.name(one.ring, 30), text].filter(Boolean).join(
                      ' '),
                  data: one.values.map((y, at) => ({x: begin + (at + 1) * step, y}))
                }));
    const format = formatOf(figure);
    setText(
        byId('history-caption'),
        `${text}${operation ? ` of ${f.name(operation)}` : ''}, ` +
            `${f.moment(begin)} to ${f.moment(f.instant(data.end_at))} UTC, in steps of ` +
            `${f.span(step * 1e6)}. ${f.plural(data.incidents.length, 'incident')}.`);
    this.chart =
        lineChart(byId('history-chart'), this.lines, {format, logarithmic: format === f.span});
    const end = f.instant(data.end_at);
    const bands = bandsOf(data.incidents, end);
    drawChart(this.chart, begin, end, bands, marksOf(data.marks));
    describe(byId('history-chart'), text, this.lines, format, bands);
    this.table = new ChartTable(byId('history-table'), text, this.lines.map(line => line.label));
    const show = () =>
        this.table.show(this.lines.map(line => line.data), this.lines.map(() => format));
    byId('history-table').ontoggle = show;
    show();
  }
}
