// Line charts over time on Chart.js: no animation, no parsing, one redraw a frame at most.

import {fillRows, setAttribute, table} from './dom.js';
import {day, instant, minute, moment, sentence} from './format.js';

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const made = new Set();
const MOST_CHARTS = 12;
const DAY_MS = 86400000;

// Round times, so many that labels of "09:15" have room.
const STEPS_MS = [60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800].map(
    seconds => seconds * 1000);
function roundTimes(scale) {
  const most = Math.max(scale.width / 64, 2);
  const step = STEPS_MS.find(s => (scale.max - scale.min) / s <= most) ?? 30 * DAY_MS;
  scale.ticks = [];
  for (let at = Math.ceil(scale.min / step) * step; at <= scale.max; at += step)
    scale.ticks.push({value: at});
}
function timeLabel(ms) {
  const dated = this.max - this.min > 1.5 * DAY_MS && ms % DAY_MS === 0;
  return dated ? day(ms).slice(5) : minute(ms);
}

// Powers of ten, and three times these where they are few.
function decades(scale) {
  const tens = [];
  const all = [];
  for (let power = Math.floor(Math.log10(scale.min)); power <= Math.log10(scale.max); ++power) {
    for (const value of [10 ** power, 3 * 10 ** power]) {
      if (value < scale.min || value > scale.max) continue;
      all.push({value});
      if (value === 10 ** power) tens.push({value});
    }
  }
  if (all.length > 0) scale.ticks = tens.length > 2 ? tens : all;
}

// Incidents as bands with a firm upper edge, what was done as dashed lines.
const background = {
  id: 'background',
  beforeDatasetsDraw(chart) {
    const {ctx, chartArea: area, scales: {x}} = chart;
    const {bands = [], marks = []} = chart.ringside ?? {};
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    for (const band of bands) {
      const from = x.getPixelForValue(Math.max(band.fromMs, x.min));
      const width = Math.max(x.getPixelForValue(Math.min(band.untilMs, x.max)) - from, 3);
      if (band.untilMs < x.min || band.fromMs > x.max) continue;
      ctx.fillStyle = colour('--band');
      ctx.fillRect(from, area.top, width, area.height);
      ctx.fillStyle = colour('--bad');
      ctx.fillRect(from, area.top, width, 3);
    }
    for (const mark of marks) {
      ctx.strokeStyle = colour(mark.kind === 'deploy' ? '--c3' : '--soft');
      ctx.setLineDash(mark.kind === 'deploy' ? [6, 3] : [2, 3]);
      const at = Math.round(x.getPixelForValue(mark.atMs)) + .5;
      ctx.beginPath();
      ctx.moveTo(at, area.top);
      ctx.lineTo(at, area.bottom);
      ctx.stroke();
    }
    ctx.restore();
  }
};

function near(chart, atMs) {
  const x = chart.scales.x;
  const half = (x.max - x.min) / Math.max(x.width, 1) * 4;
  const {bands = [], marks = []} = chart.ringside ?? {};
  return bands.filter(one => one.fromMs <= atMs + half && one.untilMs >= atMs - half)
      .map(one => one.text)
      .concat(marks.filter(one => Math.abs(one.atMs - atMs) <= half).map(one => one.text));
}

function paint(chart) {
  for (const set of chart.data.datasets) set.borderColor = set.backgroundColor = colour(set.tone);
  const {scales, plugins} = chart.options;
  for (const scale of [scales.x, scales.y]) {
    scale.grid = {color: colour('--line'), borderColor: colour('--line')};
    scale.ticks.color = colour('--soft');
  }
  plugins.legend.labels.color = colour('--soft');
}

export function repaint() {
  for (const chart of made) {
    paint(chart);
    chart.update('none');
  }
}

// `lines`: {label, tone, data, dash}. `format` writes a figure; `logarithmic` is for latency.
export function lineChart(canvas, lines, {format, logarithmic = false}) {
  if (made.size >= MOST_CHARTS) throw new Error('too many charts');
  const chart =
      new window.Chart(
          canvas, {
            type: 'line',
            data: {
              datasets: lines.map(line => ({
                                    label: line.label,
                                    tone: line.tone,
                                    data: line.data,
                                    borderWidth: 1.6,
                                    pointRadius: 0,
                                    pointHitRadius: 6,
                                    spanGaps: false,
                                    tension: 0,
                                    borderDash: line.dash ? [5, 4] : []
                                  }))
            },
            plugins: [background],
            options:
                {
                  animation: false,
                  parsing: false,
                  normalized: true,
                  maintainAspectRatio: false,
                  events: ['mousemove', 'mouseout', 'click', 'touchstart', 'touchmove'],
                  interaction: {mode: 'nearest', axis: 'x', intersect: false},
                  scales: {
                    x: {
                      type: 'linear',
                      offset: false,
                      afterBuildTicks: roundTimes,
                      ticks: {callback: timeLabel, maxRotation: 0, autoSkip: false}
                    },
                    y:
                        {
                          type: logarithmic ? 'logarithmic' : 'linear',
                          beginAtZero: true,
                          afterFit: scale => {
                            scale.width = 70;
                          },
                          // Room above a peak, so that it is seen to be one.
                          afterDataLimits: logarithmic ?
                              scale => {
                                scale.max *= 1.4;
                                scale.min /= 1.2;
                              } :
                              undefined,
                          afterBuildTicks: logarithmic ? decades : undefined,
                          ticks: {
                            autoSkip: !logarithmic,
                            maxTicksLimit: 6,
                            callback: value => format(value)
                          }
                        }
                  },
                  plugins: {
                    legend: {
                      position: 'top',
                      align: 'end',
                      labels: {
                        boxWidth: 18,
                        boxHeight: 1,
                        // What no figure was ever known of is not in the legend.
                        filter: (item, data) =>
                            data.datasets[item.datasetIndex].data.some(one => one.y !== null)
                      }
                    },
                    tooltip: {
                      callbacks: {
                        title: items => moment(items[0]?.parsed.x) + ' UTC',
                        label: item => `${item.dataset.label}: ${format(item.parsed.y)}`,
                        footer: items => items.length ? near(items[0].chart, items[0].parsed.x) : []
                      }
                    }
                  }
                }
          });
  made.add(chart);
  paint(chart);
  return chart;
}

export function endChart(chart) {
  made.delete(chart);
  chart.destroy();
}

// Moves the time axis and draws. `lines` stay the arrays that the chart was made with.
export function drawChart(chart, fromMs, untilMs, bands, marks = []) {
  chart.ringside = {bands, marks};
  chart.options.scales.x.min = fromMs;
  chart.options.scales.x.max = untilMs;
  chart.update('none');
}

export function bandsOf(incidents, nowMs) {
  return incidents
      .map(one => ({
             fromMs: instant(one.began_at),
             untilMs: one.ended_at === null ? nowMs : instant(one.ended_at),
             text: 'incident: ' + sentence(one.story?.what ?? one.cause?.message ?? one.id)
           }))
      .filter(one => Number.isFinite(one.fromMs));
}

export const marksOf = marks =>
    marks.map(one => ({
                atMs: instant(one.at),
                kind: one.kind,
                text: `${one.kind.replace('_', ' ')} ${sentence(one.text)}`.trim()
              }));

// What the chart says, in a sentence, for those who don't see it.
export function describe(canvas, what, lines, format, bands) {
  const parts = lines.map(({label, data}) => {
    const values = data.map(point => point.y).filter(y => y !== null);
    if (values.length === 0) return `${label}: no figures`;
    return `${label}: now ${format(values.at(-1))}, from ${format(Math.min(...values))} to ` +
        format(Math.max(...values));
  });
  const incidents = bands.length === 0 ? 'no incident' :
      bands.length === 1               ? 'one incident' :
                                         `${bands.length} incidents`;
  setAttribute(
      canvas, 'aria-label',
      `${what}. ${parts.join('; ')}; ${incidents}. The figures ` +
          'stand in the table below.');
}

// The same figures as a table, filled only while somebody has it open.
export class ChartTable {
  constructor(details, caption, columns) {
    this.details = details;
    this.table =
        table(caption, [{title: 'time (UTC)'}, ...columns.map(title => ({title, number: true}))]);
    details.append(this.table.wide);
  }

  // `series` are arrays of {x, y}; of many points each n-th is shown, the latest first.
  show(series, formats) {
    if (!this.details.open) return;
    const all = series[0];
    const each = Math.max(1, Math.ceil(all.length / 240));
    const rows = [];
    for (let i = all.length - 1; i >= 0; i -= each) {
      rows.push({
        key: all[i].x,
        cells: [
          moment(all[i].x),
          ...series.map((points, s) => points[i].y === null ? '–' : formats[s](points[i].y))
        ]
      });
    }
    fillRows(this.table, rows, row => row.key);
  }
}
