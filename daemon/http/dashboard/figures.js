// The figures of one operation as SVG: its distribution, its last calls, its stages.

import {h, svg} from './dom.js';
import * as f from './format.js';

const REFUSED = new Set(['rejected', 'denied', 'limited', 'cancelled']);

const upperNs = index => 2 ** (index / 32) * 1e9;

// `width` is that of the place in pixels, so that letters have their size.
function figure(width, height, label) {
  return svg(
      'svg',
      {class: 'figure', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label});
}

// Powers of ten between two latencies, with a place from 0 to 1 for each.
function logScale(leastNs, mostNs) {
  const from = Math.log10(leastNs);
  const to = Math.max(Math.log10(mostNs), from + 0.5);
  const ticks = [];
  for (let power = Math.ceil(from); power <= to; ++power) ticks.push(10 ** power);
  if (ticks.length < 2) ticks.push(leastNs, mostNs);
  return {at: ns => Math.min(1, Math.max(0, (Math.log10(ns) - from) / (to - from))), ticks};
}

// Buckets are [index, count]. Four of them make a bar, 9 % wide.
export function distribution(stats, thresholdMs, width) {
  const buckets = stats.histogram ?? [];
  if (buckets.length === 0) return h('p', {class: 'note', text: 'No call in this window.'});
  const bars = new Map();
  for (const [index, count] of buckets) {
    const bar = Math.floor((index - 1) / 4);
    bars.set(bar, (bars.get(bar) ?? 0) + count);
  }
  const least = Math.min(...bars.keys());
  const most = Math.max(...bars.keys());
  const limit = thresholdMs === null ? null : thresholdMs * 1e6;
  const scale = logScale(upperNs(4 * least), Math.max(upperNs(4 * most + 4), limit ?? 0));
  const top = Math.max(...bars.values());
  const height = 190;
  const x = ns => 24 + scale.at(ns) * (width - 48);
  const node = figure(
      width, height,
      `Distribution of ${f.plural(stats.timed, 'call')}: p50 ` +
          `${f.span(stats.p50_ns)}, p95 ${f.span(stats.p95_ns)}, p99 ${
              f.span(stats.p99_ns)}, slowest ` +
          f.span(stats.max_ns));
  for (const tick of scale.ticks) {
    node.append(
        svg('path', {class: 'grid', d: `M${x(tick)} 24V160`}),
        svg('text', {class: 'middle', x: x(tick), y: 176, text: f.shortSpan(tick)}));
  }
  let path = '';
  for (const [bar, count] of bars) {
    const from = x(upperNs(4 * bar));
    const tall = Math.max(1, 130 * count / top);
    path += `M${from.toFixed(1)} 160v${(-tall).toFixed(1)}h` +
        `${Math.max(1.5, x(upperNs(4 * bar + 4)) - from - 1).toFixed(1)}V160z`;
  }
  node.append(svg('path', {class: 'hist', d: path}));
  let right = 0;
  for (const [label, ns] of [['p50', stats.p50_ns], ['p95', stats.p95_ns], ['p99', stats.p99_ns]]) {
    if (ns === null) continue;
    node.append(svg('path', {class: 'quantile', d: `M${x(ns)} 18V160`}));
    const place = Math.max(x(ns), right);
    right = place + 26;
    node.append(svg('text', {x: place - 8, y: 12, text: label}));
  }
  if (limit !== null) {
    node.append(
        svg('path', {class: 'limit', d: `M${x(limit)} 24V160`}),
        svg('text', {class: 'end', x: x(limit) - 4, y: 34, text: 'threshold'}));
  }
  return node;
}

const kind = record => record.outcome === 'ok' ? 'ok' :
    REFUSED.has(record.outcome)                ? 'refused' :
                                                 'bad';

// A full dot went well, a ring was refused, a cross failed.
function mark(kindOf, x, y, size) {
  if (kindOf === 'bad') {
    return svg('path', {
      class: 'dot bad',
      d: `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ` +
          `${- 2 * size}l${- 2 * size} ${2 * size}`
    });
  }
  return svg('circle', {class: `dot ${kindOf}`, cx: x, cy: y, r: size});
}

export function lastCalls(records, thresholdMs, width) {
  const timed = records.filter(one => one.duration_ns > 0 && one.start_at !== null);
  if (timed.length === 0) return h('p', {class: 'note', text: 'No call is known one by one.'});
  const times = timed.map(one => f.instant(one.start_at));
  const first = Math.min(...times);
  const last = Math.max(...times, first + 1);
  const longest = Math.max(...timed.map(one => one.duration_ns), (thresholdMs ?? 0) * 1e6);
  const scale = logScale(Math.min(...timed.map(one => one.duration_ns)) / 1.3, longest * 1.3);
  const x = ms => 62 + (ms - first) / (last - first) * (width - 78);
  const y = ns => 160 - scale.at(ns) * 145;
  const bad = timed.filter(one => kind(one) === 'bad').length;
  const node = figure(
      width, 190,
      `The last ${timed.length} calls: ${bad} failed, the slowest took ` +
          f.span(Math.max(...timed.map(one => one.duration_ns))));
  for (const tick of scale.ticks) {
    node.append(
        svg('path', {class: 'grid', d: `M58 ${y(tick)}H${width - 8}`}),
        svg('text', {class: 'end', x: 52, y: y(tick) + 4, text: f.shortSpan(tick)}));
  }
  if (thresholdMs !== null)
    node.append(svg('path', {class: 'limit', d: `M58 ${y(thresholdMs * 1e6)}H${width - 8}`}));
  timed.forEach((one, i) => {
    const dot = mark(kind(one), x(times[i]), y(one.duration_ns), 3.2);
    dot.append(svg('title', {
      text: `${f.clock(times[i])} ${f.span(one.duration_ns)} ` +
          `${one.outcome} ${f.party(one.actor)}`
    }));
    node.append(dot);
  });
  node.append(
      svg('text', {x: 62, y: 178, text: f.clock(first)}),
      svg('text', {class: 'end', x: width - 8, y: 178, text: `${f.clock(last)} UTC`}));
  return node;
}

export const dotLegend = () => h(
    'ul', {class: 'legend'},
    [['ok', 'went well'], ['refused', 'refused'], ['bad', 'failed']].map(
        ([kindOf, text]) => h(
            'li', {},
            svg('svg', {viewBox: '0 0 12 12', 'aria-hidden': true}, mark(kindOf, 6, 6, 4)), text)));

// Where the mean call spends its time. `stages` are {name, share}; the rest has no mark.
export function stageBar(stages, unmarked, width) {
  const parts = stages.filter(one => one.share > 0).map((one, i) => ({
                                                          text: one.name === 'queue' ?
                                                              'queue (wait from arrival)' :
                                                              f.name(one.name, 30),
                                                          share: one.share,
                                                          style: `s${i % 7}`
                                                        }));
  if (unmarked > 0.0005) parts.push({text: 'without a mark', share: unmarked, style: 'none'});
  const node = svg('svg', {
    class: 'figure',
    viewBox: `0 0 ${width} 22`,
    role: 'img',
    'aria-label':
        'Share of each stage: ' + parts.map(one => `${one.text} ${f.percent(one.share)}`).join(', ')
  });
  let x = 0;
  for (const one of parts) {
    const length = one.share * width;
    node.append(svg('rect', {
      class: one.style,
      x: x.toFixed(1),
      height: 22,
      width: Math.max(0.5, length - 1).toFixed(1)
    }));
    x += length;
  }
  return h(
      'div', {}, node,
      h('ul', {class: 'legend'},
        parts.map(
            one =>
                h('li', {},
                  svg('svg', {viewBox: '0 0 12 12', 'aria-hidden': true},
                      svg('rect', {class: one.style, width: 12, height: 12})),
                  `${one.text} ${f.percent(one.share)}`))));
}
