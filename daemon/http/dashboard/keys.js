// Keys, their list, and the theme.

import {repaint} from './charts.js';
import {byId, h, setText} from './dom.js';

const OFF = 'ringside.keys';
const THEME = 'ringside.theme';
const THEMES = ['system', 'light', 'dark'];

const PLACES = {
  v: ['verdict', 'the verdict'],
  i: ['incidents', 'incidents and alerts'],
  t: ['traffic', 'traffic and latency'],
  o: ['operations', 'operations'],
  e: ['errors', 'errors'],
  s: ['security', 'security'],
  y: ['system', 'system'],
  d: ['quality', 'data quality'],
  h: ['history', 'history']
};

function go(id) {
  const place = byId(id);
  place.scrollIntoView();
  place.focus({preventScroll: true});
}

const typing = target => target.matches?.('input, textarea, select, [contenteditable]') ?? false;

function openHelp() {
  const dialog = byId('help');
  if (dialog.open) return;
  const on = h('input', {type: 'checkbox', id: 'keys-on'});
  on.checked = sessionStorage.getItem(OFF) !== 'off';
  on.addEventListener('change', () => sessionStorage.setItem(OFF, on.checked ? 'on' : 'off'));
  const close = h('button', {type: 'button', text: 'Close', on: {click: () => dialog.close()}});
  const keys = [
    ['?', 'this list'], ['/', 'filter the operations'],
    ...Object.entries(PLACES).map(([key, [, text]]) => [key, `go to ${text}`]),
    ['m', 'change the theme'], ['Esc', 'close what is open'],
    ['Tab, Enter', 'reach and use everything']
  ];
  dialog.replaceChildren(
      h('h2', {id: 'help-title', text: 'Keys'}),
      h('dl', {class: 'facts'},
        keys.map(([key, text]) => [h('dt', {}, h('kbd', {text: key})), h('dd', {text})])),
      h('p', {}, on, ' ', h('label', {for: 'keys-on', text: 'Keys of one letter work'
        })), h('div', {class: 'acts'}, close));
  dialog.showModal();
  close.focus();
}

export function startKeys() {
  byId('help-open').addEventListener('click', openHelp);
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    if (document.querySelector('dialog[open]') || byId('page').hidden) return;
    if (event.key === '?') {
      event.preventDefault();
      openHelp();
    } else if (sessionStorage.getItem(OFF) === 'off') {
      return;
    } else if (event.key === '/') {
      event.preventDefault();
      go('operations');
      byId('filter').focus();
    } else if (event.key === 'm') {
      nextTheme();
    } else if (Object.hasOwn(PLACES, event.key)) {
      event.preventDefault();
      go(PLACES[event.key][0]);
    }
  });
}

const theme = () => sessionStorage.getItem(THEME) ?? 'system';

function applyTheme() {
  if (theme() === 'system')
    delete document.documentElement.dataset.theme;
  else
    document.documentElement.dataset.theme = theme();
  setText(byId('theme'), `Theme: ${theme()}`);
  repaint();
}

function nextTheme() {
  sessionStorage.setItem(THEME, THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
  applyTheme();
}

export function startTheme() {
  byId('theme').addEventListener('click', nextTheme);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  applyTheme();
}
