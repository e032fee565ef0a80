// Keeps the page fed: a stream, or polling where the daemon has no room for one more stream.
//
//   connecting --hello--> live --end, silence--> gone --wait, doubled each time--> connecting
//        |                                          ^
//        +--429, 503--> polling --Retry-After--> connecting          hidden: nothing at all
//
// A hidden tab has no stream, no timer and no request. `events` is called with what happens:
// state(name, detail), hello, tick, alert, gap, denied(problem).

import {BASE, Problem} from './api.js';
import {EventParser} from './events.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const SILENCE_MS = 40000;  // the daemon sends a line each 15 s, at the latest
const STREAM_AGAIN_MS = 60000;

export class Live {
  constructor(api, events, poll) {
    this.api = api;
    this.events = events;
    this.poll = poll;  // asks for all of it once; resolves to the seconds of a tick
    this.lastId = '';
    this.failures = 0;
    this.run = null;  // what runs now: its AbortController
    this.visibility = () => document.hidden ? this.pause() : this.resume();
  }

  start() {
    document.addEventListener('visibilitychange', this.visibility);
    if (!document.hidden) this.resume();
  }

  stop() {
    document.removeEventListener('visibilitychange', this.visibility);
    this.pause();
  }

  pause() {
    this.run?.abort();
    this.run = null;
    this.events.state('hidden');
  }

  resume() {
    if (this.run) return;
    this.failures = 0;
    this.run = new AbortController();
    this.loop(this.run.signal);
  }

  // Not later: now.
  hurry() {
    if (document.hidden) return;
    this.run?.abort();
    this.run = null;
    this.resume();
  }

  async loop(signal) {
    while (!signal.aborted) {
      try {
        this.events.state('connecting');
        await this.stream(signal);
        if (signal.aborted) return;
        this.events.state('gone', {reason: 'The daemon ended the stream.'});
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 401 || error.status === 403) {
          this.events.denied(error);
          return;
        }
        if (error.status === 429 || error.status === 503) {
          await this.pollFor(error, signal);
          continue;
        }
        this.events.state(
            'gone', {reason: error instanceof Problem ? error.message : 'The connection broke.'});
      }
      await this.wait(signal);
    }
  }

  async wait(signal) {
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures++);
    const ms = most * (0.5 + Math.random() / 2);  // so that not all come back at once
    this.events.state('waiting', {untilMs: performance.now() + ms});
    await sleep(ms, signal);
  }

  async stream(outer) {
    const own = new AbortController();
    const end = () => own.abort();
    outer.addEventListener('abort', end, {once: true});
    let silence = setTimeout(end, SILENCE_MS);
    try {
      const response = await fetch(BASE + 'stream', {
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal: own.signal,
        headers: this.api.headers(
            {Accept: 'text/event-stream', ...(this.lastId ? {'Last-Event-ID': this.lastId} : {})})
      });
      if (!response.ok) throw await refusal(response);
      const parser = new EventParser(event => this.take(event));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      while (true) {
        const {value, done} = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE_MS);
        parser.feed(value);
      }
    } finally {
      clearTimeout(silence);
      outer.removeEventListener('abort', end);
      own.abort();
    }
  }

  take({id, event, data}) {
    if (id) this.lastId = id;
    const value = JSON.parse(data || 'null');
    if (event === 'hello') {
      this.failures = 0;
      this.events.state('live');
      this.events.hello(value);
    } else if (event === 'tick') {
      this.events.tick(value);
    } else if (event === 'alert') {
      this.events.alert(value);
    } else if (event === 'gap') {
      this.events.gap(value);
    } else if (event === 'unauthorised') {
      throw new Problem(401, 'unauthorised', 'The token is not valid any more.');
    } else if (event === 'stopping') {
      throw new Problem(0, 'stopping', 'The daemon stops.');
    } else if (event === 'dropped') {
      throw new Problem(0, 'dropped', 'This page was too slow for the stream.');
    }
  }

  // The figures still come, only less smoothly.
  async pollFor(refused, signal) {
    const until = performance.now() +
        (refused.retryAfterS ? Math.max(refused.retryAfterS * 1000, 2000) : STREAM_AGAIN_MS);
    do {
      try {
        const tickS = await this.poll(signal);
        if (signal.aborted) return;
        this.failures = 0;
        this.events.state('polling', {reason: refused.message});
        await sleep(Math.max(2, tickS ?? 5) * 1000, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 401 || error.status === 403) {
          this.run?.abort();
          this.events.denied(error);
          return;
        }
        this.events.state(error.status === 503 ? 'starting' : 'gone', {reason: error.message});
        await this.wait(signal);
      }
    } while (!signal.aborted && performance.now() < until);
  }
}

async function refusal(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // Not of the daemon.
  }
  return new Problem(
      response.status, body.code ?? '', body.detail ?? response.statusText,
      {retryAfterS: Number(response.headers.get('Retry-After')) || null});
}

function sleep(ms, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
