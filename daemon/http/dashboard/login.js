// Asks for a token, and tries it before the page is shown.

import {query} from './api.js';
import {byId, setHidden, setText} from './dom.js';
import * as f from './format.js';

function textOf(problem) {
  switch (problem.status) {
    case 401: return 'That token is not valid. Check that all of it was copied.';
    case 403: return 'That token may not read.';
    case 429:
      return `Too many attempts from this address. Wait ${f.age(problem.retryAfterS ?? 60)}, ` +
          'and try again.';
    default: return f.sentence(problem.message);
  }
}

export class Login {
  // `accepted` is called with a token that the daemon knows.
  constructor(api, accepted) {
    this.api = api;
    this.accepted = accepted;
    byId('login-form').addEventListener('submit', event => {
      event.preventDefault();
      this.entered(byId('token').value.trim());
    });
  }

  show(problem = '') {
    setHidden(byId('page'), true);
    setHidden(byId('sign-out'), true);
    setHidden(byId('login'), false);
    setText(byId('connection-text'), 'not signed in');
    byId('connection').dataset.state = 'connecting';
    setText(byId('rings'), '');
    document.title = 'Ringside';
    setText(byId('login-problem'), problem);
    byId('token').value = '';
    byId('token').focus();
  }

  async entered(token) {
    // Others can't be sent in a header.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      setText(
          byId('login-problem'),
          'That is no token: a token has no spaces, and only letters, ' +
              'digits and signs of a keyboard.');
      return;
    }
    const button = byId('login-form').querySelector('button');
    button.disabled = true;
    setText(byId('login-problem'), '');
    this.api.token = token;
    try {
      await this.api.get('metrics' + query({window: '1m'}));
    } catch (problem) {
      // Before the first tick a right token gets 503.
      if (problem.status !== 503) {
        this.api.token = '';
        setText(byId('login-problem'), textOf(problem));
        byId('token').select();
        return;
      }
    } finally {
      button.disabled = false;
    }
    this.accepted(token);
  }
}
