// Asks the daemon. The token lives in sessionStorage, so it ends with the tab.

export const BASE = '/api/v1/admin/performance/';
const KEY = 'ringside.token';
const LONGEST_MS = 20000;

export const savedToken = () => sessionStorage.getItem(KEY);
export const saveToken = token => sessionStorage.setItem(KEY, token);
export const forgetToken = () => sessionStorage.removeItem(KEY);

// Anything but an answer. `status` 0: nobody answered.
export class Problem extends Error {
  constructor(status, code, detail, more = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfterS = more.retryAfterS ?? null;
    this.results = more.results ?? [];
  }
}

async function problemOf(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // Not of the daemon: a proxy's page.
  }
  const seconds = Number(response.headers.get('Retry-After'));
  const detail =
      body.detail || body.title || response.statusText || `The server answered ${response.status}.`;
  return new Problem(response.status, body.code ?? '', detail, {
    retryAfterS: Number.isFinite(seconds) && seconds > 0 ? seconds : null,
    results: Array.isArray(body.results) ? body.results : []
  });
}

function withTimeout(signal) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LONGEST_MS);
  const end = () => limit.abort();
  signal?.addEventListener('abort', end, {once: true});
  if (signal?.aborted) end();
  return {
    signal: limit.signal,
    done: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    }
  };
}

export class Api {
  constructor(token) {
    this.token = token;
    this.tags = new Map();  // of each path: its ETag. Bounded: the paths of this page are few
  }

  headers(more = {}) { return {Authorization: `Bearer ${this.token}`, ...more}; }

  async send(path, options, signal) {
    const limit = withTimeout(signal);
    try {
      let response;
      try {
        response = await fetch(BASE + path, {
          cache: 'no-store',
          credentials: 'omit',
          redirect: 'error',
          ...options,
          headers: this.headers(options.headers),
          signal: limit.signal
        });
      } catch (error) {
        if (signal?.aborted) throw error;
        throw new Problem(0, 'unreachable', 'The daemon does not answer.');
      }
      if (response.status === 304) return null;
      if (!response.ok) throw await problemOf(response);
      try {
        return {body: await response.json(), tag: response.headers.get('ETag')};
      } catch (error) {
        if (signal?.aborted) throw error;
        throw new Problem(0, 'cut_off', 'The answer was cut off.');
      }
    } finally {
      limit.done();
    }
  }

  // {data, meta}; with `fresh`: null when nothing changed since the last such call.
  async get(path, {signal, fresh = false} = {}) {
    const tag = fresh ? this.tags.get(path) : undefined;
    const answer = await this.send(path, {headers: tag ? {'If-None-Match': tag} : {}}, signal);
    if (answer === null) return null;
    if (fresh && answer.tag) {
      if (this.tags.size >= 16) this.tags.clear();
      this.tags.set(path, answer.tag);
    }
    return answer.body;
  }

  async post(path, body, key) {
    const answer = await this.send(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {'Content-Type': 'application/json', ...(key ? {'Idempotency-Key': key} : {})}
    });
    return answer.body;
  }
}

// crypto.randomUUID() exists only over TLS and on loopback.
export const newKey = () =>
    Array
        .from(
            crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0'))
        .join('');

export function query(parameters) {
  const kept =
      Object.entries(parameters).filter(([, v]) => v !== null && v !== undefined && v !== '');
  return kept.length ? '?' + new URLSearchParams(kept) : '';
}
