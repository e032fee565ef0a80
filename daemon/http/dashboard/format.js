// Figures and foreign text as people read them: the same forms as report/model/format.h.

const NONE = '–';
const known = value => typeof value === 'number' && Number.isFinite(value);

function threeDigits(value) {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

const separated = digits => digits.replace(/\B(?=(\d{3})+$)/g, ',');

// "830 ns", "18.3 µs", "4.20 s", "3 min 12 s", "2 h 05 min", "3 d 04 h"
export function span(ns) {
  if (!known(ns)) return NONE;
  const size = Math.abs(ns);
  if (size === 0) return '0 ns';
  if (size >= 119.5e9) return longSpan(ns);
  if (size < 999.5) return (Number.isInteger(ns) ? ns.toFixed(0) : threeDigits(ns)) + ' ns';
  if (size < 999.5e3) return threeDigits(ns / 1e3) + ' µs';
  if (size < 999.5e6) return threeDigits(ns / 1e6) + ' ms';
  return threeDigits(ns / 1e9) + ' s';
}

function longSpan(ns) {
  const sign = ns < 0 ? '-' : '';
  const two = n => String(n).padStart(2, '0');
  const seconds = Math.round(Math.abs(ns) / 1e9);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${sign}${count(Math.floor(hours / 24))} d ${two(hours % 24)} h`;
  if (hours >= 2) return `${sign}${hours} h ${two(minutes % 60)} min`;
  return `${sign}${minutes} min ${two(seconds % 60)} s`;
}

// On an axis, and of thresholds: "10 ms", "1 s".
export function shortSpan(ns) {
  return span(ns).replace(/\.?0+ (?=\D)/, match => match.startsWith('.') ? ' ' : match);
}

// A time that people wait for, to the second: "4 s", "3 min 12 s".
export function age(seconds) {
  if (!known(seconds)) return NONE;
  return seconds < 119.5 ? `${Math.max(0, Math.round(seconds))} s` : longSpan(seconds * 1e9);
}

export function count(value) {
  return known(value) ? (value < 0 ? '-' : '') + separated(Math.abs(value).toFixed(0)) : NONE;
}

export function number(value) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.005) return String(Number(value.toPrecision(2)));
  if (size < 999.5) return Number.isInteger(value) ? String(value) : threeDigits(value);
  return size >= 1e15 ? value.toPrecision(3) : count(Math.round(value));
}

export function rate(perSecond) {
  if (!known(perSecond)) return NONE;
  return perSecond > 0 && perSecond < 0.005 ? '<0.01/s' : number(perSecond) + '/s';
}

// Never rounds a part to nothing or to all.
export function percent(share) {
  if (!known(share)) return NONE;
  const value = share * 100;
  if (value > 0 && value < 0.005) return '<0.01 %';
  if (value < 100 && value >= 99.995) return '>99.99 %';
  const size = Math.abs(value);
  const whole = Math.abs(value - Math.round(value)) < 0.000001;
  const nearAll = value >= 99.5 && value < 100;
  const decimals = whole ? 0 :
      size < 0.995       ? 2 :
      size < 9.95        ? 1 :
      !nearAll           ? 0 :
      value < 99.95      ? 1 :
                           2;
  return value.toFixed(decimals) + ' %';
}

export function bytes(value) {
  if (!known(value)) return NONE;
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let scaled = value / 1024;
  let unit = 0;
  while (scaled >= 999.5 && unit + 1 < units.length) {
    scaled /= 1024;
    ++unit;
  }
  return `${threeDigits(scaled)} ${units[unit]}`;
}

// An alert's value with its unit.
export function measured(value, unit) {
  switch (unit) {
    case 'ms': return span(value * 1e6);
    case 'percent': return percent(value / 100);
    case 'bytes': return bytes(value);
    case 'per_minute': return number(value) + ' a minute';
    case 'per_hour': return number(value) + ' an hour';
    case 'per_cpu': return number(value) + ' per CPU';
    case 'burn': return number(value) + ' times';
    case 'connections':
    case 'records':
    case 'threads': return `${number(value)} ${value === 1 ? unit.slice(0, -1) : unit}`;
    default: return value >= 1 ? unit : `not ${unit}`;  // open, crashed, stopped, refused, stuck
  }
}

// ---- time, in UTC

export const instant = at => at === null || at === undefined ? NaN : Date.parse(at);

const iso = ms => Number.isFinite(ms) ? new Date(ms).toISOString() : null;
export const clock = ms => iso(ms)?.slice(11, 19) ?? 'never';
export const minute = ms => iso(ms)?.slice(11, 16) ?? NONE;
export const day = ms => iso(ms)?.slice(0, 10) ?? NONE;
export const moment = ms => iso(ms)?.slice(0, 19).replace('T', ' ') ?? 'never';
// With the date only where it is another day.
export const when = (ms, now) => day(ms) === day(now) ? clock(ms) : moment(ms);

// Of a span in which nothing was recorded: meta.asked of the history route.
export const noHistoryYet = asked =>
    `No history yet: nothing was recorded from ${moment(instant(asked.begin_at))} to ` +
    `${moment(instant(asked.end_at))} UTC. A minute is recorded when it is over.`;

// ---- foreign text

const INVISIBLE = new RegExp(
    '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160' +
        '\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164' +
        '\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ud800-\\udfff\\u{e0000}-\\u{10ffff}]',
    'gu');

const escaped = c => {
  const code = c.codePointAt(0);
  if (c === '\n') return '\\n';
  if (c === '\t') return '\\t';
  if (c === '\r') return '\\r';
  return code < 0x80 ? '\\x' + code.toString(16).padStart(2, '0') : `\\u{${code.toString(16)}}`;
};

// A sentence of the daemon. It has made foreign text visible; what it missed is made so here.
export const sentence = text => String(text ?? '').replace(INVISIBLE, escaped);

// A name that a server or one of its users chose: visible, and at most `most` characters long.
export function name(text, most = 60) {
  const whole = String(text ?? '');
  if (whole === '') return '(no name)';
  // Long names are cut before the costly part.
  const start = Array.from(whole.slice(0, 4 * most));
  const cut = start.length > most || whole.length > 4 * most;
  const kept = cut ? start.slice(0, most - 1).join('') : whole;
  return kept.replaceAll('\\', '\\\\').replace(INVISIBLE, escaped) + (cut ? '…' : '');
}

export function party(who) {
  if (!who) return NONE;
  const id = who.text ?? who.id;
  return who.label && who.label !== id ? `${name(who.label, 40)} (${who.kind} ${id})` :
                                         `${who.kind} ${id}`;
}

export const plural = (n, one, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;
