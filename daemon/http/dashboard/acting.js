// Acknowledge, silence, clear: asks who and why, says first what is meant, and then what was done.

import {newKey} from './api.js';
import {byId, h, setHidden, setText} from './dom.js';
import * as f from './format.js';
import {alertText} from './incidents.js';

const WORDS = {
  acknowledge: ['Acknowledge', 'Somebody is at it. Receivers hear nothing more of it meanwhile.'],
  silence: ['Silence', 'Nobody is told of it for a time. It stays on this page.'],
  clear: [
    'Clear',
    'It is over as far as you know. If its cause lasts, it returns as a new alert ' +
        'that names the old one.'
  ],
  unsilence: ['End the silence', 'Alerts that it held back are told again.']
};
const TIMES = ['30min', '1h', '2h', '4h', '8h', '1d', '7d'];
const WHO = 'ringside.who';

export const forgetWho = () => sessionStorage.removeItem(WHO);

// Opens the dialog. `target` has ids or incidents, and a title. `done` is called after a change.
export class Acting {
  constructor(api, store, done) {
    this.api = api;
    this.store = store;
    this.done = done;
    this.dialog = byId('act');
  }

  open(action, {title, ...target}) {
    const [word, meaning] = WORDS[action];
    this.request = {action, ...target};
    this.sent = null;  // the last body, and its key
    this.parts = {
      meant: h('ul', {class: 'meant'}),
      problem: h('p', {class: 'problem', role: 'alert'}),
      who: h('input', {id: 'act-who', maxlength: 60, value: sessionStorage.getItem(WHO) ?? ''}),
      why: h('textarea', {id: 'act-why', required: true, maxlength: 500, rows: 2}),
      time: this.times(action),
      send: h('button', {class: 'primary', text: word}),
      result: h('div', {role: 'status'}),
      cancel: h('button', {type: 'button', text: 'Cancel', on: {click: () => this.dialog.close()}})
    };
    const p = this.parts;
    const form =
        h('form', {on: {submit: event => this.send(event)}},
          h('h2', {id: 'act-title', text: `${word}: ${title}`}),
          h('p', {class: 'note', text: meaning}), p.meant,
          h('label',
            {for: 'act-who', text: 'Who'
            }),
          p.who, h('p', {class: 'note', text: 'Your name, beside that of the token.'}),
          h('label',
            {for: 'act-why', text: 'Why'
            }),
          p.why, h('p', {class: 'note', text: 'It stands in the alert log.'}),
          p.time ?
              [
                h('label',
                  {for: 'act-for', text: action === 'silence' ? 'For how long' :
        'For how long (until it is over, if nothing is chosen)'
                  }),
                p.time
              ] :
              null,
          p.problem, p.result, h('div', {class: 'acts'}, p.cancel, p.send));
    this.form = form;
    this.dialog.replaceChildren(form);
    this.dialog.showModal();
    p.why.focus();
    this.preview();
  }

  times(action) {
    if (action !== 'silence' && action !== 'acknowledge') return null;
    const none =
        action === 'acknowledge' ? [h('option', {value: '', text: 'until it is over'})] : [];
    const select =
        h('select', {id: 'act-for'}, none,
          TIMES.map(time => h('option', {
                      value: time,
                      text: time.replace('min', ' min').replace('h', ' h').replace('d', ' d')
                    })));
    if (action === 'silence') select.value = '1h';
    return select;
  }

  body(why) {
    const {who, time} = this.parts;
    return {
      ...this.request,
      why,
      ...(who.value.trim() ? {who: who.value.trim()} : {}),
      ...(time?.value ?
              {for: time.value
              } :
              {})
    };
  }

  // One key for one request: pressed again after a lost answer, it does nothing twice. Another text
  // is another request.
  keyFor(body) {
    const text = JSON.stringify(body);
    if (this.sent?.text !== text) this.sent = {text, key: newKey()};
    return this.sent.key;
  }

  // What it would mean by the latest tick. Without scope admin it says so before anything is typed.
  async preview() {
    const parts = this.parts;
    try {
      const {data} = await this.api.post('alerts', {...this.body('preview'), dry_run: true});
      if (parts !== this.parts) return;
      const alerts = data.results.flatMap(one => one.alerts);
      if (this.request.action === 'unsilence') return;
      const known = new Map((this.store.alerts?.incidents ??
                             []).flatMap(one => one.alerts.map(alert => [alert.id, alert])));
      const lines =
          alerts.slice(0, 8).map(id => known.has(id) ? alertText(known.get(id)) : f.name(id));
      if (alerts.length > 8) lines.push(`and ${alerts.length - 8} more`);
      parts.meant.before(h('p', {
        class: 'note',
        text: alerts.length === 0 ?
            this.nothing(data) :
            `By the latest tick this means ${f.plural(alerts.length, 'alert')}:`
      }));
      parts.meant.replaceChildren(...lines.map(text => h('li', {text})));
    } catch (problem) {
      if (parts === this.parts) this.refuse(problem);
    }
  }

  nothing(data) {
    return data.results.map(one => f.sentence(one.text)).join('; ') || 'No active alert is meant.';
  }

  async send(event) {
    event.preventDefault();
    const parts = this.parts;
    const why = parts.why.value.trim();
    if (why === '') {
      setText(parts.problem, 'Say why: it is for whoever reads the log.');
      parts.why.focus();
      return;
    }
    parts.send.disabled = true;
    setText(parts.problem, '');
    sessionStorage.setItem(WHO, parts.who.value.trim());
    try {
      const body = this.body(why);
      const {data} = await this.api.post('alerts', body, this.keyFor(body));
      if (parts === this.parts) this.confirm(data);
      this.done();
    } catch (problem) {
      if (parts !== this.parts) return;
      // A refusal is an answer, so the next press is a new request. All else leaves open what was
      // done, or will be.
      const refused = problem.status >= 400 && problem.status < 500;
      if (refused && problem.code !== 'still_under_way') this.sent = null;
      parts.send.disabled = false;
      this.refuse(problem);
      if (problem.results.length > 0) this.done();
    }
  }

  confirm(data) {
    const parts = this.parts;
    parts.result.append(
        h('p', {
          class: 'good',
          text: `Done by ${f.name(data.who)}: ` +
              `${f.name(data.why, 500)}`
        }),
        this.results(data.results));
    for (const field of this.form.querySelectorAll('input, textarea, select'))
      field.disabled = true;
    setHidden(parts.send, true);
    setHidden(parts.meant, true);
    setText(parts.cancel, 'Close');
    parts.cancel.focus();
  }

  results(all) {
    return h(
        'ul', {class: 'meant'},
        all.slice(0, 50).map(one => h('li', {
                               class: one.done ? 'good' : 'wrong',
                               text: `${f.name(one.target)}: ${f.sentence(one.text)}` +
                                   (one.done && !one.changed ? ' (it was so already)' : '')
                             })));
  }

  refuse(problem) {
    const parts = this.parts;
    const text = problem.status === 403 ? 'This token may only read. Acting needs a token of ' +
            'scope admin: sign out, and enter one.' :
        problem.status === 401 ? 'The token is not valid any more: sign out, and enter another.' :
                                 f.sentence(problem.message);
    setText(parts.problem, text);
    parts.result.replaceChildren(
        ...(problem.results.length ? [this.results(problem.results)] : []));
    if (problem.status === 403 || problem.status === 401) {
      parts.send.disabled = true;
      parts.cancel.focus();
    }
  }
}
