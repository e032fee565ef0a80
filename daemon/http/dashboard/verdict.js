// The top of the page: is it healthy, since when not, who feels it, what to look at; whether the
// figures are of now; and the figures of the last minute.

import {byId, h, keep, setAttribute, setHidden, setText} from './dom.js';
import * as f from './format.js';

const WORDS = {
  healthy: 'HEALTHY',
  degraded: 'DEGRADED',
  failing: 'FAILING',
  blind: 'BLIND',
  unknown: 'NOT KNOWN'
};
const MOST_REASONS = 5;

export function showVerdict(store) {
  const verdict = store.verdict();
  const headline = store.tick?.headline ?? store.metrics?.headline;
  setAttribute(byId('verdict'), 'class', `verdict ${verdict === 'unknown' ? 'blind' : verdict}`);
  setText(byId('badge'), WORDS[verdict] ?? f.name(verdict));
  byId('page').classList.toggle('old', verdict === 'unknown' && headline !== undefined);
  announce(store, verdict, headline);
  if (headline === undefined) {
    setText(byId('what'), store.connection.detail ?? 'Waiting for the first figures.');
    return;
  }
  const last = store.tick?.verdict ?? store.metrics.verdict;
  setText(
      byId('what'),
      verdict === 'unknown' ?
          `Nothing is known of now. Last known, at ${f.clock(store.takenMs)} UTC: ${last}.` :
          f.sentence(headline.what));
  setText(
      byId('whom'),
      verdict === 'unknown' ? f.sentence(headline.what) : f.sentence(headline.whom ?? ''));
  setText(byId('next'), f.sentence(headline.next));
  // The headline tells the first story; what it says is not said twice. Where all is well it says
  // all, and the reasons, which come less often, would say it with older figures.
  const reasons = (verdict === 'healthy' ? [] : store.metrics?.reasons ?? [])
                      .map(one => f.sentence(one.text))
                      .filter(text => text !== f.sentence(headline.what))
                      .slice(0, MOST_REASONS);
  keep(byId('reasons'), reasons, text => text, () => h('li'), (node, text) => setText(node, text));
  setHidden(byId('reasons'), reasons.length === 0);
  document.title = `${WORDS[verdict]} · Ringside`;
}

// Only a new verdict is said aloud.
function announce(store, verdict, headline) {
  const text =
      `${WORDS[verdict]}. ${verdict === 'unknown' || !headline ? '' : f.sentence(headline.what)}`;
  const node = byId('announce');
  if (node.dataset.verdict === verdict || (verdict === 'unknown' && !headline)) return;
  node.dataset.verdict = verdict;
  setText(node, text);
}

const STATES = {
  connecting: 'connecting',
  live: 'live',
  polling: 'live, asking at each tick',
  gone: 'no connection',
  starting: 'the daemon starts',
  hidden: 'paused'
};

export function showConnection(store) {
  const {name, sinceMs, detail, untilMs} = store.connection;
  const old = store.isOld();
  const known = Number.isFinite(store.takenMs);
  const age = known ? `figures ${f.age(store.ageS())} old` : 'no figures yet';
  const state = name === 'live' && old && known ? 'gone' : name;
  setAttribute(byId('connection'), 'data-state', state);
  setText(
      byId('connection-text'),
      `${name === 'live' && state === 'gone' ? 'connected, no news' : STATES[name]} · ${age}`);
  const banner = byId('banner');
  let text = '';
  if (name === 'gone') {
    const seconds = untilMs ? Math.max(0, Math.ceil((untilMs - performance.now()) / 1000)) : 0;
    text = `Disconnected since ${f.clock(sinceMs + store.offsetMs)} UTC. ` +
        `${detail ?? 'The daemon does not answer.'} ` +
        (known ? `The figures are of ${f.clock(store.takenMs)} UTC, ${f.age(store.ageS())} old. ` :
                 'There are no figures yet. ') +
        (seconds > 0 ? `Next try in ${seconds} s.` : 'Trying now.');
  } else if (name === 'starting') {
    text = `The daemon is there and has no figures yet: ${detail}`;
  } else if (known && old && name !== 'hidden') {
    text =
        `The daemon is connected, but its figures are ${f.age(store.ageS())} old: it hangs, or ` +
        'its ticks are late.';
  } else if (store.problem !== '' && name !== 'hidden') {
    text = `Errors, alerts and what else is not in each tick may be old: ${store.problem}`;
  } else if (name === 'polling') {
    text = `No stream: ${detail} The page asks at each tick instead.`;
  } else if (store.nowMs() - store.restartedMs < 5 * 60000) {
    text = `The daemon was restarted at ${f.clock(store.restartedMs)} UTC. All figures are fresh.`;
  }
  setHidden(banner, text === '');
  banner.classList.toggle('mild', state !== 'gone' && !(old && known));
  setText(byId('banner-text'), text);
  setHidden(byId('try-now'), name !== 'gone');
}

export function showTiles(store) {
  const tick = store.tick;
  if (!tick) return;
  const all = tick.all;
  const server = store.serverMeanNs();
  const gauge = name => {
    const found = tick.gauges.filter(one => one.name === name);
    return found.length ? found.reduce((sum, one) => sum + one.value, 0) : null;
  };
  const connections = gauge('connections');
  const thresholds = store.metrics?.thresholds;
  const tiles = [
    ['calls', f.rate(all.rate_per_s)],
    ['failed', f.percent(all.error_rate), thresholds && all.error_rate > thresholds.error_rate],
    ['in flight', f.count(tick.in_flight)], ['p50', f.span(all.p50_ns)],
    ['p95', f.span(all.p95_ns)], ['p99', f.span(all.p99_ns)],
    server === null ? ['slowest', f.span(all.max_ns)] : ['mean in server', f.span(server)],
    connections === null ?
        ['calls, 1 min', f.count(all.count)] :
        ['connections', f.count(connections), thresholds && connections > thresholds.connections],
    ['lost records', f.count(tick.books.lost), tick.books.lost > 0 || !tick.books.balance]
  ];
  keep(
      byId('tiles'), tiles, tile => tile[0], () => h('div', {}, h('dt'), h('dd')),
      (node, [title, text, over]) => {
        setText(node.firstChild, title);
        setText(node.lastChild, (over ? '▲ ' : '') + text);
        setAttribute(node.lastChild, 'class', over ? 'over' : null);
      });
  const rings = store.metrics?.data_quality.rings ?? [];
  setText(
      byId('rings'),
      rings.length ? '· ' +
              rings.slice(0, 4)
                  .map(
                      ring =>
                          f.name(ring.name, 30) + (ring.state === 'live' ? '' : ` (${ring.state})`))
                  .join(', ') +
              (rings.length > 4 ? ` and ${rings.length - 4} more` : '') :
                                  '');
  const daemon = store.metrics?.system.daemon;
  if (daemon) {
    setText(
        byId('footer-text'),
        `Ringside ${daemon.version} · daemon up for ` +
            `${f.age(daemon.uptime_seconds)} · a tick each ${
                f.number(store.tickS)} s · times are UTC`);
  }
}
