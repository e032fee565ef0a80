// Incidents, each with its story, its alerts, and what can be done about them.

import {byId, fillRows, h, keep, setAttribute, setHidden, setText, table} from './dom.js';
import * as f from './format.js';

const MOST_SHOWN = 50;
const MARKS = {
  info: '○',
  warning: '▲',
  critical: '◆',
  emergency: '■'
};

export const levelText = level => `${MARKS[level] ?? ''} ${level}`;

export function levelNode(level) {
  return h('span', {class: `level ${level}`, text: levelText(level)});
}

function actButtons(act, target) {
  return ['acknowledge', 'silence', 'clear'].map(action => h('button', {
                                                   type: 'button',
                                                   'data-action': action,
                                                   text: action[0].toUpperCase() + action.slice(1),
                                                   on: {click: () => act(action, target())}
                                                 }));
}

function makeIncident(act, openOperation) {
  const node = h('article', {class: 'incident'});
  const parts = {
    level: h('span', {class: 'level'}),
    title: h('h3'),
    since: h('span', {class: 'since'}),
    whom: h('p'),
    next: h('p'),
    said: h('p', {class: 'note'}),
    acts: h('div', {class: 'acts', role: 'group'}),
    open: openOperation,
    looks: h('p', {class: 'looks'}, h('span', {class: 'soft', text: 'Look at: '}), h('span')),
    story: h('ul', {class: 'moments'}),
    alerts: h('ul', {class: 'meant'}),
    more: h('details', {}, h('summary'))
  };
  node.parts = parts;
  parts.acts.append(...actButtons(act, () => ({incidents: [node.incident.id], title: node.title})));
  parts.more.append(parts.story, parts.alerts);
  node.append(
      h('div', {class: 'head'}, parts.level, parts.title, parts.since, parts.acts), parts.whom,
      parts.next, parts.said, parts.looks, parts.more);
  return node;
}

function sinceText(one, now) {
  const began = f.instant(one.story?.from_at ?? one.began_at);
  if (one.ended_at === null)
    return `since ${f.when(began, now)}, for ${f.age((now - began) / 1000)}`;
  const ended = f.instant(one.story?.until_at ?? one.ended_at);
  return `over: ${f.when(began, now)} to ${f.clock(ended)}, ${f.age((ended - began) / 1000)}`;
}

function updateIncident(node, one, now, told) {
  const parts = node.parts;
  const open = one.ended_at === null;
  node.incident = one;
  node.title = f.sentence(one.story?.what ?? one.cause?.message ?? one.id);
  setAttribute(node, 'class', open ? 'incident open' : 'incident');
  const level = open ? one.level : one.peak;
  setAttribute(parts.level, 'class', `level ${level}${open ? '' : ' over'}`);
  setText(parts.level, (open ? '' : 'was ') + levelText(level));
  setText(parts.title, node.title);
  setText(parts.since, sinceText(one, now));
  setText(parts.whom, f.sentence(one.story?.whom ?? whomText(one)));
  setText(parts.next, f.sentence(one.story?.next ?? ''));
  // The verdict above has said it already.
  setHidden(parts.whom, told === node.title);
  setHidden(parts.next, told === node.title || !open);
  const said = [];
  if (one.acknowledged) said.push(`acknowledged by ${f.name(one.acknowledged_by)}`);
  if (one.silenced) said.push('silenced');
  if (one.flaps > 0) said.push(`came back ${f.plural(one.flaps, 'time')}`);
  setText(parts.said, said.join(' · '));
  setHidden(parts.said, said.length === 0);
  setHidden(parts.acts, !open);
  setAttribute(parts.acts, 'aria-label', `About: ${node.title}`);
  setHidden(parts.looks, !open || one.operations.length === 0);
  keep(
      parts.looks.lastChild, one.operations.slice(0, 8), name => name,
      name =>
          h('button',
            {type: 'button', text: f.name(name), on: {click: () => parts.open(name, one.ring)}}),
      () => {});
  const evidence = one.story?.evidence ??
      one.lines.map(line => ({
                      at: line.at,
                      text: `${line.state} ${line.alert} ${line.operation} ${line.message}`
                    }));
  setText(
      parts.more.firstChild,
      `What happened, ${f.plural(evidence.length, 'line')}; ` +
          f.plural(one.alerts.length, 'alert'));
  keep(
      parts.story, evidence, moment => `${moment.at} ${moment.text}`,
      () => h('li', {}, h('time'), h('span')), (item, moment) => {
        setText(item.firstChild, f.clock(f.instant(moment.at)));
        setText(item.lastChild, f.sentence(moment.text));
      });
  keep(
      parts.alerts, one.alerts, alert => alert.id, () => h('li', {}),
      (item, alert) => setText(item, alertText(alert)));
}

const whomText = one => `${f.plural(one.failed_calls, 'call')} failed` +
    (one.operations.length ? `, with alerts of ${one.operations.map(o => f.name(o)).join(', ')}` :
                             '') +
    (one.users > 0 ? `; at least ${f.plural(one.users, 'user')} were touched` : '');

export function alertText(alert) {
  return `${alert.alert} (${levelText(alert.level)}, ${alert.state})` +
      (alert.operation ? ` ${f.name(alert.operation)}` : '') +
      `: ${f.measured(alert.value, alert.unit)}, threshold ${
             f.measured(alert.threshold, alert.unit)}` +
      (alert.acknowledged ? `, acknowledged by ${f.name(alert.acknowledged_by)}` : '') +
      (alert.silenced ? ', silenced' : '') + (alert.stale ? ', without fresh data' : '') +
      (alert.returns ? `, returns after ${f.name(alert.returns)} was cleared` : '');
}

let pending = null;
let silences = null;

export function showIncidents(store, act, openOperation) {
  const now = store.nowMs();
  const incidents = store.incidents();
  const headline = store.tick?.headline ?? store.metrics?.headline;
  const told = headline ? f.sentence(headline.what) : null;
  const open = incidents.filter(one => one.ended_at === null).length;
  setText(
      byId('incident-count'),
      incidents.length === 0 ? '' : `${open} open, ${incidents.length - open} over`);
  setHidden(byId('no-incidents'), incidents.length > 0);
  setText(
      byId('no-incidents'),
      store.alerts || store.metrics ? 'No incident in the last 15 minutes.' : 'Not known yet.');
  keep(
      byId('incident-list'), incidents.slice(0, MOST_SHOWN), one => one.id,
      () => makeIncident(act, openOperation), (node, one) => updateIncident(node, one, now, told));
  showPending(store.alerts?.pending ?? [], act);
  showSilences(store.alerts?.silences ?? [], act, now);
}

function showPending(alerts, act) {
  if (pending === null) {
    pending = table('Alerts that have not fired', [
      {title: 'alert'}, {title: 'level'}, {title: 'state'}, {title: 'operation', class: 'p'},
      {title: 'value', number: true}, {title: 'threshold', number: true}, {title: 'act'}
    ]);
    byId('pending').append(h('h3', {text: 'Alerts that belong to no incident'}), pending.wide);
    pending.acts = new Map();
  }
  setHidden(byId('pending'), alerts.length === 0);
  const ids = new Set(alerts.map(one => one.id));
  for (const id of pending.acts.keys())
    if (!ids.has(id)) pending.acts.delete(id);
  fillRows(
      pending,
      alerts.slice(0, MOST_SHOWN)
          .map(one => ({
                 key: one.id,
                 cells: [
                   one.alert, levelText(one.level), one.state,
                   one.operation ? f.name(one.operation) : 'server',
                   f.measured(one.value, one.unit), f.measured(one.threshold, one.unit),
                   kept(
                       pending.acts, one.id,
                       () =>
                           h('span', {class: 'acts'},
                             actButtons(act, () => ({ids: [one.id], title: alertText(one)}))))
                 ]
               })),
      row => row.key);
}

function showSilences(all, act, now) {
  if (silences === null) {
    silences = table('Silences that hold now', [
      {title: 'silence'}, {title: 'of', class: 'p'}, {title: 'who'}, {title: 'why', class: 'p'},
      {title: 'until'}, {title: 'act'}
    ]);
    byId('silences').append(h('h3', {text: 'Silences'}), silences.wide);
    silences.acts = new Map();
  }
  setHidden(byId('silences'), all.length === 0);
  const ids = new Set(all.map(one => one.id));
  for (const id of silences.acts.keys())
    if (!ids.has(id)) silences.acts.delete(id);
  fillRows(
      silences,
      all.slice(0, MOST_SHOWN)
          .map(
              one => ({
                key: one.id,
                cells: [
                  one.id,
                  f.sentence(
                      [one.target, one.alert, one.operation, one.ring, one.level]
                          .filter(Boolean)
                          .join(' ') ||
                      'everything'),
                  f.name(one.who), f.name(one.why, 500),
                  one.until === null ? 'for good' : f.when(f.instant(one.until), now),
                  kept(
                      silences.acts, one.id,
                      () => h('button', {
                        type: 'button',
                        text: 'End the silence',
                        on: {
                          click: () => act('unsilence', {ids: [one.id], title: `silence ${one.id}`})
                        }
                      }))
                ]
              })),
      row => row.key);
}

function kept(nodes, key, make) {
  if (!nodes.has(key)) nodes.set(key, make());
  return nodes.get(key);
}
