// Server-sent events of a response body (WHATWG HTML, 9.2.6), as far as this API uses them.

const MOST_CHARACTERS = 16 * 1024 * 1024;  // of one event: a longer one ends the stream

// Feeds text in any pieces; calls `emit({id, event, data})`, and `retry(ms)`.
export class EventParser {
  constructor(emit, retry = () => {}) {
    this.emit = emit;
    this.retry = retry;
    this.rest = '';
    this.afterReturn = false;
    this.lastId = '';
    this.clear();
  }

  clear() {
    this.name = '';
    this.data = [];
    this.characters = 0;
  }

  feed(text) {
    // A line ends with CR, LF or both, and both may come in two pieces.
    if (this.afterReturn && text.startsWith('\n')) text = text.slice(1);
    this.afterReturn = false;
    if (text === '') return;
    this.afterReturn = text.endsWith('\r');
    const lines = (this.rest + text).split(/\r\n|\r|\n/);
    this.rest = lines.pop();
    if (this.rest.length + this.characters > MOST_CHARACTERS) throw new Error('event too long');
    for (const line of lines) this.line(line);
  }

  line(line) {
    if (line === '') {
      if (this.data.length > 0)
        this.emit({id: this.lastId, event: this.name || 'message', data: this.data.join('\n')});
      this.clear();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;  // a comment: the heartbeat
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') {
      this.data.push(value);
      this.characters += value.length;
    } else if (field === 'event') {
      this.name = value;
    } else if (field === 'id') {
      if (!value.includes('\0')) this.lastId = value;
    } else if (field === 'retry' && /^\d+$/.test(value)) {
      this.retry(Number(value));
    }
  }
}
