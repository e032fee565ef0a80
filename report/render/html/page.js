'use strict';
// Draws the charts over time with Chart.js. Every figure of them stands in a table, too.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  const colour = name => getComputedStyle(root).getPropertyValue(name).trim();
  const two = n => String(n).padStart(2, '0');
  const clock = seconds => {
    const t = new Date(seconds * 1000);
    return two(t.getUTCHours()) + ':' + two(t.getUTCMinutes());
  };
  const day = seconds => new Date(seconds * 1000).toISOString().slice(0, 10);
  // Over days a midnight has its date.
  const longS = 36 * 3600;
  function tick(seconds) {
    const dated = this.max - this.min > longS && seconds % 86400 === 0;
    return dated ? day(seconds).slice(5) : clock(seconds);
  }
  const span = ms => ms >= 1000 ? +(ms / 1000).toPrecision(3) + ' s' :
      ms >= 1                   ? +ms.toPrecision(3) + ' ms' :
                                  +(ms * 1000).toPrecision(3) + ' µs';

  // Incidents as bands, and what was done as dashed lines.
  const background = {
    id: 'background',
    beforeDatasetsDraw(chart) {
      const {ctx, chartArea: area, scales: {x}} = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(area.left, area.top, area.width, area.height);
      ctx.clip();
      ctx.fillStyle = colour('--band');
      for (const band of data.bands) {
        const from = x.getPixelForValue(band.from);
        const until = x.getPixelForValue(band.until);
        ctx.fillRect(from - 2, area.top, Math.max(until - from, 1) + 4, area.height);
      }
      for (const mark of data.marks) {
        ctx.strokeStyle = colour(mark.deploy ? '--c3' : '--soft');
        ctx.setLineDash(mark.deploy ? [6, 3] : [2, 3]);
        const at = Math.round(x.getPixelForValue(mark.at)) + .5;
        ctx.beginPath();
        ctx.moveTo(at, area.top);
        ctx.lineTo(at, area.bottom);
        ctx.stroke();
      }
      ctx.restore();
    }
  };

  // Round times, so many that labels of "09:15" have room.
  const ticks = scale => {
    const steps = [60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
    const most = Math.max(scale.width / 64, 2);
    const step = steps.find(s => (scale.max - scale.min) / s <= most) || 86400;
    scale.ticks = [];
    for (let at = Math.ceil(scale.min / step) * step; at <= scale.max; at += step)
      scale.ticks.push({value: at});
  };

  // What was done, or what happened, within half a step of a point.
  const near = (spec, at) => {
    const half = spec.step;
    return data.bands.filter(b => b.from < at + half && b.until >= at)
        .map(b => b.text)
        .concat(data.marks.filter(m => m.at >= at && m.at < at + half).map(m => m.text));
  };

  const titles = {rate: 'calls a second', latency: 'latency', security: 'events'};
  // Powers of ten, and three times these where they are few: labels that never touch.
  const decades = scale => {
    const tens = [], all = [];
    for (let power = Math.floor(Math.log10(scale.min)); power <= Math.log10(scale.max); ++power) {
      for (const value of [10 ** power, 3 * 10 ** power]) {
        if (value < scale.min || value > scale.max) continue;
        all.push({value});
        if (value === 10 ** power) tens.push({value});
      }
    }
    scale.ticks = tens.length > 2 ? tens : all;
  };

  const charts = data.charts.map(spec => {
    const bars = spec.kind === 'security';
    const end = spec.begin + spec.step * spec.series[0].values.length;
    const datasets = spec.series.map(
        one => ({
          label: one.name,
          tone: one.colour,
          borderColor: colour(one.colour),
          backgroundColor: colour(one.colour),
          data: one.values.map((y, i) => ({x: spec.begin + spec.step * (i + (bars ? .5 : 0)), y})),
          borderWidth: bars ? 0 : 1.6,
          pointRadius: 0,
          pointHitRadius: 6,
          spanGaps: false,
          barPercentage: 1,
          categoryPercentage: .9,
          tension: 0
        }));
    return new Chart(document.getElementById(spec.id), {
      type: bars ? 'bar' : 'line',
      data: {datasets},
      plugins: [background],
      options: {
        animation: false,
        parsing: false,
        normalized: true,
        maintainAspectRatio: false,
        interaction: {mode: 'index', intersect: false},
        scales: {
          x: {
            type: 'linear',
            min: spec.begin,
            max: end,
            offset: false,
            stacked: bars,
            afterBuildTicks: ticks,
            ticks: {callback: tick, maxRotation: 0, autoSkip: false}
          },
          y: {
            type: spec.kind === 'latency' ? 'logarithmic' : 'linear',
            beginAtZero: true,
            // One width, so that times stand above each other.
            afterFit: scale => {
              scale.width = 76;
            },
            stacked: bars,
            title: {display: true, text: titles[spec.kind]},
            afterBuildTicks: spec.kind === 'latency' ? decades : undefined,
            ticks: {
              autoSkip: spec.kind !== 'latency',
              maxTicksLimit: 6,
              precision: bars ? 0 : undefined,
              callback: spec.kind === 'latency' ? span : undefined
            }
          }
        },
        plugins: {
          legend: {position: 'top', align: 'end', labels: {boxWidth: 12, boxHeight: 2}},
          tooltip: {
            callbacks: {
              title: items => day(items[0].parsed.x) + ' ' + clock(items[0].parsed.x) + ' UTC',
              label: item => item.dataset.label + ': ' +
                  (spec.kind === 'latency' ? span(item.parsed.y) : +item.parsed.y.toPrecision(4)),
              footer: items => near(spec, items[0].parsed.x)
            }
          }
        }
      }
    });
  });

  const paint = () => {
    for (const chart of charts) {
      for (const set of chart.data.datasets) {
        set.borderColor = set.backgroundColor = colour(set.tone);
      }
      const {scales, plugins} = chart.options;
      for (const scale of [scales.x, scales.y]) {
        scale.grid = {color: colour('--line'), borderColor: colour('--line'), offset: false};
        scale.ticks.color = colour('--soft');
      }
      scales.y.title.color = colour('--soft');
      plugins.legend.labels.color = colour('--soft');
      chart.update('none');
    }
  };
  paint();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  // Paper is white, whatever the screen is.
  addEventListener('beforeprint', () => {
    root.classList.add('paper');
    for (const chart of charts) chart.resize();
    paint();
  });
  addEventListener('afterprint', () => {
    root.classList.remove('paper');
    for (const chart of charts) chart.resize();
    paint();
  });
  root.dataset.drawn = charts.length;
})();
