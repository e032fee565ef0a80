// The table of operations: sort, filter, budget, and the last hour of each as a line.

import {byId, h, keep, setAttribute, setText, svg, wide} from './dom.js';
import * as f from './format.js';
import {sparkPath} from './points.js';
import {keyOf} from './store.js';

const MOST_ROWS = 40;  // more on request: this is a screen

const COLUMNS = [
  {id: 'name', title: 'operation', of: row => row.text, first: 1},
  {id: 'rate', title: 'calls', number: true, of: row => row.rate},
  {id: 'failed', title: 'failed', number: true, of: row => row.failed},
  {id: 'p50', title: 'p50', number: true, of: row => row.p50, small: true},
  {id: 'p95', title: 'p95', number: true, of: row => row.p95},
  {id: 'p99', title: 'p99', number: true, of: row => row.p99, small: true},
  {id: 'wait', title: 'mean wait', number: true, of: row => row.wait, small: true},
  {id: 'budget', title: 'p95 of its threshold', of: row => row.used},
  {id: 'spark', title: 'p95, last hour', of: row => row.p95, small: true}
];

const classOf = column => [column.number ? 'n' : '', column.small ? 'hide-small' : '',
                           column.id === 'wait' ? 'wait' : '']
                              .filter(Boolean)
                              .join(' ') ||
    null;

export class Operations {
  constructor(store, open, changeWindow) {
    this.store = store;
    this.open = open;
    this.sort = 'budget';
    this.down = true;
    this.whole = false;
    this.visible = new Set();
    this.build();
    byId('filter').addEventListener('input', () => this.show());
    byId('window').addEventListener('change', event => changeWindow(event.target.value));
  }

  build() {
    this.heads = COLUMNS.map(column => h('th', {scope: 'col', class: classOf(column)}, h('button', {
                                           type: 'button',
                                           'data-column': column.id,
                                           text: column.title,
                                           on: {click: () => this.order(column)}
                                         })));
    this.body = h('tbody');
    this.table =
        h('table', {class: 'operations'}, h('caption', {class: 'unseen', text: 'Operations'}),
          h('thead', {}, h('tr', {}, this.heads)), this.body);
    this.more = h('button', {
      type: 'button',
      on: {
        click: () => {
          this.whole = !this.whole;
          this.show();
        }
      }
    });
    this.moreText = h('span');
    byId('operations-table').append(wide('Operations', this.table));
    byId('operations-more').append(this.moreText, ' ', this.more);
    // Lines that nobody sees are not drawn.
    this.watcher = new IntersectionObserver(entries => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          this.visible.add(entry.target);
          this.line(entry.target);
        } else {
          this.visible.delete(entry.target);
        }
      }
    }, {rootMargin: '200px'});
  }

  order(column) {
    if (this.sort === column.id)
      this.down = !this.down;
    else {
      this.sort = column.id;
      this.down = column.first !== 1;
    }
    this.show();
  }

  rows() {
    const {live, metrics, window} = this.store;
    const known = new Map((metrics?.operations ?? []).map(one => [keyOf(one), one]));
    const names = live.size > 0 ? [...live.values()] : metrics?.operations ?? [];
    const least = metrics?.quantile_min_samples ?? {};
    return names.map(one => {
      const key = keyOf(one);
      const series = known.get(key);
      const stats = window === '1m' ? live.get(key) : series?.windows[window];
      const timed = stats?.timed ?? stats?.count ?? 0;
      const quantile = q => timed >= (least[q] ?? 0) ? stats?.[`${q}_ns`] ?? null : null;
      const threshold = series?.waits_for_client ? null : series?.threshold?.response_ms ?? null;
      const p95 = quantile('p95');
      return {
        key,
        one,
        known: series !== undefined,
        text: f.name(one.name),
        ring: one.ring,
        rate: stats?.rate_per_s ?? null,
        failed: stats?.count > 0 ? stats.error_rate : null,
        p50: quantile('p50'),
        p95,
        p99: quantile('p99'),
        wait: wait(series, window),
        threshold,
        category: series?.category,
        used: p95 === null || threshold === null ? null : p95 / 1e6 / threshold,
        failedOver: series?.threshold?.error_rate !== null &&
            stats?.count >= (metrics?.thresholds.min_samples ?? 20) &&
            stats.error_rate > (series?.threshold?.error_rate ?? 1)
      };
    });
  }

  show() {
    const wanted = byId('filter').value.trim().toLowerCase();
    const all = this.rows();
    this.table.classList.toggle('unmarked', all.every(row => row.wait === null));
    this.withRing = new Set(all.map(row => row.ring)).size > 1;
    const rows = all.filter(
        row => wanted === '' ||
            `${row.text} ${row.category ?? ''} ${row.ring ?? ''}`.toLowerCase().includes(wanted));
    const column = COLUMNS.find(one => one.id === this.sort);
    rows.sort((a, b) => compare(column.of(a), column.of(b), this.down) || (a.key < b.key ? -1 : 1));
    const shown = this.whole ? rows : rows.slice(0, MOST_ROWS);
    COLUMNS.forEach(
        (one, i) => setAttribute(
            this.heads[i], 'aria-sort',
            one.id !== this.sort ? null :
                this.down        ? 'descending' :
                                   'ascending'));
    keep(
        this.body, shown, row => row.key, () => this.make(), (node, row) => this.update(node, row));
    for (const node of this.visible)
      if (!node.isConnected) {
        this.visible.delete(node);
        this.watcher.unobserve(node);
      }
    setText(
        this.moreText,
        all.length === 0 ? 'No operation yet.' :
            rows.length === all.length && shown.length === all.length ?
                           f.plural(all.length, 'operation') :
                           `${shown.length} of ${f.plural(all.length, 'operation')}` +
                (wanted ? `, ${rows.length} match` : ''));
    this.more.hidden = rows.length <= MOST_ROWS;
    setText(this.more, this.whole ? `Show ${MOST_ROWS}` : `Show all ${rows.length}`);
  }

  make() {
    const node = h('tr');
    const cells = COLUMNS.map(
        (column, i) =>
            h(i === 0 ? 'th' : 'td', {scope: i === 0 ? 'row' : null, class: classOf(column)}));
    node.name = h('button', {
      type: 'button',
      class: 'link',
      on: {click: () => this.open(node.row.one.name, node.row.ring)}
    });
    node.ring = h('span', {class: 'soft'});
    cells[0].append(node.name, node.ring);
    node.used = svg('rect', {class: 'used', height: 10, width: 0});
    node.usedText = h('span');
    node.budget =
        h('div', {class: 'budget'},
          svg('svg', {viewBox: '0 0 100 10', 'aria-hidden': true, preserveAspectRatio: 'none'},
              svg('rect', {class: 'room', width: 100, height: 10}), node.used),
          node.usedText);
    cells[7].append(node.budget);
    node.path = svg('path');
    node.limit = svg('path', {class: 'limit'});
    cells[8].append(svg(
        'svg',
        {class: 'spark', viewBox: '0 0 120 20', 'aria-hidden': true, preserveAspectRatio: 'none'},
        node.limit, node.path));
    node.cells_ = cells;
    node.append(...cells);
    this.watcher.observe(node);
    return node;
  }

  update(node, row) {
    node.row = row;
    const cells = node.cells_;
    setText(node.name, row.text);
    setText(node.ring, this.withRing ? ` ${f.name(row.ring, 30)}` : '');
    setText(cells[1], f.rate(row.rate));
    setText(cells[2], row.failedOver ? `▲ ${f.percent(row.failed)}` : f.percent(row.failed));
    cells[2].classList.toggle('over', row.failedOver);
    setText(cells[3], f.span(row.p50));
    setText(cells[4], f.span(row.p95));
    setText(cells[5], f.span(row.p99));
    setText(cells[6], f.span(row.wait));
    const over = row.used !== null && row.used > 1;
    node.budget.classList.toggle('over', over);
    setAttribute(node.used, 'width', Math.min(100, (row.used ?? 0) * 100).toFixed(1));
    setText(
        node.usedText,
        row.threshold === null ?
            row.known ? 'no threshold' : '–' :
            `${over ? '▲ ' : ''}${row.used === null ? '–' : f.percent(row.used)} of ` +
                f.shortSpan(row.threshold * 1e6));
    if (this.visible.has(node)) this.line(node);
  }

  line(node) {
    const spark = this.store.sparks.get(node.row.key);
    if (!spark) return;
    let most = 0;
    for (const value of spark.values)
      if (value > most) most = value;
    const limit = node.row.threshold === null ? Infinity : node.row.threshold * 1e6;
    const top = most > limit / 4 ? Math.max(most, limit) * 1.05 : most * 1.3;
    setAttribute(node.path, 'd', top > 0 ? sparkPath(spark.values, top) : '');
    setAttribute(
        node.limit, 'd', limit <= top ? `M0 ${(19 - 18 * limit / top).toFixed(1)}h120` : '');
  }
}

// The mean time from arrival until a thread began. null where it is not marked.
function wait(series, window) {
  const stats = series?.windows[window];
  const stage = stats?.stages.find(one => one.name === 'queue');
  return stage && stats.timed > 0 ? stage.sum_ns / stats.timed : null;
}

function compare(a, b, down) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  const order = typeof a === 'string' ? a.localeCompare(b, 'en', {numeric: true}) : a - b;
  return down ? -order : order;
}
