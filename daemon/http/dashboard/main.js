// Wires the page: asks for the token, keeps the store fed, and redraws at most once a frame.

import {Acting, forgetWho} from './acting.js';
import {Api, forgetToken, query, savedToken, saveToken} from './api.js';
import {byId, setHidden} from './dom.js';
import * as f from './format.js';
import {History} from './history.js';
import {showIncidents} from './incidents.js';
import {startKeys, startTheme} from './keys.js';
import {Live} from './live.js';
import {Login} from './login.js';
import {OperationSheet} from './operation.js';
import {Operations} from './operations.js';
import {Panels} from './panels.js';
import {Store, tickOf} from './store.js';
import {askHistory, Traffic} from './traffic.js';
import {showConnection, showTiles, showVerdict} from './verdict.js';

const SAID = 'ringside.said';  // why the login is shown, for the page that is loaded then
const WHOLE_EVERY_MS = 30000;  // the metrics beyond the tick: errors, security, system, lanes

const store = new Store();
const api = new Api('');
let views = null;
let live = null;
let frame = 0;
let second = 0;
let asking = null;  // the request for all, under way
let askAgain = false;
let askedMs = -Infinity;
let historyAsked = false;

// ---- drawing

function draw() {
  frame = 0;
  if (views === null || document.hidden) return;
  const begin = performance.now();
  showVerdict(store);
  showConnection(store);
  showTiles(store);
  showIncidents(
      store, (action, target) => views.acting.open(action, target),
      (name, ring) => views.sheet.open(name, ring));
  views.operations.show();
  if (!views.traffic.past) views.traffic.show();
  views.panels.show(store);
  views.history.show();
  // For tests and for whoever looks: what was drawn last, and how long it took.
  document.documentElement.dataset.clock = f.clock(store.takenMs);
  document.documentElement.dataset.drawMs = (performance.now() - begin).toFixed(1);
}

function redraw() {
  if (frame === 0 && !document.hidden) frame = requestAnimationFrame(draw);
}

// ---- asking

// Metrics and alerts whole; once more afterwards if something happened meanwhile.
async function askAll() {
  if (asking) {
    askAgain = true;
    return;
  }
  asking = new AbortController();
  const {signal} = asking;
  askedMs = performance.now();
  try {
    // The last minute is enough for all but the table.
    const window = byId('window').value;
    const [metrics, alerts] = await Promise.all([
      api.get('metrics' + (window === '1m' ? query({window}) : ''), {signal, fresh: true}),
      api.get('alerts' + query({limit: 50}), {signal, fresh: true})
    ]);
    if (metrics) {
      store.takeMetrics(metrics, window);
      // A stream begins with the next tick, which may be seconds away.
      if (!(store.tick?.tick >= metrics.meta.tick) && metrics.meta.tick !== null)
        store.takeTick(tickOf(metrics.data, metrics.meta));
    }
    if (alerts) store.alerts = alerts.data;
    store.problem = '';
    if (!historyAsked) askPast(signal);
  } catch (problem) {
    if (!signal.aborted) failed(problem);
  } finally {
    asking = null;
    redraw();
    if (askAgain) {
      askAgain = false;
      askAll();
    }
  }
}

function failed(problem) {
  if (problem.status === 401 || problem.status === 403) {
    denied(problem);
  } else {
    store.problem = f.sentence(problem.message);
    askedMs = -Infinity;  // again at the next tick
  }
}

// The last hour, for the charts and for the lines in the table.
async function askPast(signal) {
  historyAsked = true;
  try {
    const {data, meta} = await askHistory(api, store, '1h', signal);
    store.points.fill(data);
    store.historyProblem =
        data.steps > 0 ? '' : f.noHistoryYet(meta.asked) + ' The charts begin now.';
    const answer = await api.get(
        'history' + query({figure: 'p95_ns', operation: '*', since: '1h', step: '1min'}), {signal});
    store.takeSparks(answer.data);
  } catch (problem) {
    if (signal.aborted || problem.status === undefined)
      historyAsked = false;
    else
      store.historyProblem = `No history: ${f.sentence(problem.message).replace(/\.$/, '')}. ` +
          'The charts begin now.';
  }
  views?.traffic.renew();
  redraw();
}

async function poll(signal) {
  const window = '1m';
  const [metrics, alerts] = await Promise.all([
    api.get('metrics' + query({window}), {signal}), api.get('alerts' + query({limit: 50}), {signal})
  ]);
  store.takeMetrics(metrics, window);
  byId('window').value = window;
  store.alerts = alerts.data;
  store.takeTick(tickOf(metrics.data, metrics.meta));
  if (views?.sheet.isOpen) views.sheet.load();
  if (!historyAsked) askPast(signal);
  redraw();
  return metrics.meta.tick_seconds;
}

// ---- what happens

function state(name, detail = {}) {
  const now = store.connection;
  if (name === 'waiting') {
    now.untilMs = detail.untilMs;
  } else if (name === 'connecting' && (now.name === 'gone' || now.name === 'starting')) {
    now.untilMs = null;
  } else {
    store.connection = {
      name,
      detail: detail.reason,
      sinceMs: now.name === name ? now.sinceMs : Date.now()
    };
  }
  if (name === 'hidden')
    rest();
  else
    beat();
  redraw();
}

function hello(greeting) {
  if (store.hello(greeting)) {
    // Another daemon: what it knows is another history, but the minutes before are still true.
    api.tags.clear();
  }
  historyAsked = false;
  askAll();
}

function tick(figures) {
  store.takeTick(figures);
  if (performance.now() - askedMs > WHOLE_EVERY_MS) askAll();
  if (views?.sheet.isOpen) views.sheet.load();
  redraw();
}

function denied(problem) {
  leave(
      problem.status === 403     ? 'That token may not read.' :
          problem.status === 401 ? 'That token is not valid. It may have been replaced.' :
                                   f.sentence(problem.message));
}

// The page is loaded anew, so that nothing stays in memory of the token or of what it showed.
function leave(said = '') {
  stop();
  forgetToken();
  api.token = '';
  setHidden(byId('page'), true);
  setHidden(byId('sign-out'), true);
  if (said !== '') sessionStorage.setItem(SAID, said);
  location.reload();
}

// The age of the figures counts in seconds, but only while somebody sees it.
function beat() {
  if (second !== 0) return;
  second = setInterval(() => {
    showConnection(store);
    if (store.isOld() !== byId('page').classList.contains('old')) redraw();
  }, 1000);
}

function rest() {
  clearInterval(second);
  second = 0;
  asking?.abort();
  askAgain = false;
  if (frame !== 0) cancelAnimationFrame(frame);
  frame = 0;
}

function stop() {
  live?.stop();
  live = null;
  rest();
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
}

// ---- in and out

function start(token) {
  api.token = token;
  api.tags.clear();
  store.clear();
  historyAsked = false;
  setHidden(byId('login'), true);
  setHidden(byId('page'), false);
  setHidden(byId('sign-out'), false);
  if (views === null) {
    const sheet = new OperationSheet(api, store);
    views = {
      sheet,
      acting: new Acting(api, store, askAll),
      panels: new Panels(),
      traffic: new Traffic(api, store),
      history: new History(api, store),
      operations: new Operations(store, (name, ring) => sheet.open(name, ring), () => askAll())
    };
  } else {
    views.traffic.choose('1h');
  }
  live = new Live(api, {state, hello, tick, denied, alert: askAll, gap: askAll}, poll);
  live.start();
  redraw();
}

const login = new Login(api, token => {
  saveToken(token);
  start(token);
  byId('verdict').focus({preventScroll: true});
});

byId('sign-out').addEventListener('click', () => {
  forgetWho();
  leave();
});
byId('try-now').addEventListener('click', () => live?.hurry());
startKeys();
startTheme();
if (savedToken())
  start(savedToken());
else
  login.show(sessionStorage.getItem(SAID) ?? '');
sessionStorage.removeItem(SAID);
