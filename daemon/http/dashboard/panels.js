// Errors, security, system and data quality: tables that are filled in place.

import {byId, fillRows, h, setAttribute, setHidden, setText, table} from './dom.js';
import * as f from './format.js';

const MOST_ROWS = 12;

// A titled table in a column of `parent`, and the note that stands where there are no rows.
function part(parent, title, columns, none) {
  const made = table(title, columns);
  const note = h('p', {class: 'note', text: none});
  parent.append(h('div', {}, h('h3', {text: title}), made.wide, note));
  return {
    show: (rows, total = rows.length) => {
      fillRows(made, rows.slice(0, MOST_ROWS), row => row.key);
      setHidden(made.wide, rows.length === 0);
      setText(
          note,
          rows.length === 0 ? none :
              total > MOST_ROWS ?
                              `The first ${MOST_ROWS} of ${f.count(total)}. The report has all.` :
                              '');
      setHidden(note, note.textContent === '');
    }
  };
}

const n = title => ({title, number: true});
const t = title => ({title});
const p = title => ({title, class: 'p'});

export class Panels {
  constructor() {
    const columns = id => byId(id).appendChild(h('div', {class: 'columns'}));
    const errors = columns('errors-body');
    this.errors = part(
        errors, 'What went wrong, most first',
        [p('error'), t('operation'), n('1 min'), n('5 min'), n('1 h'), t('last'), t('of')],
        'No error since the start.');
    this.actors = part(
        errors, 'Who has the most errors',
        [p('who'), n('calls'), n('errors'), n('refused'), n('time')], 'Nobody had an error.');
    this.regressions = part(
        errors, 'Slower than usual', [p('operation'), n('by'), t('since'), p('what was found')],
        'No operation is slower than usual, as far as is known.');
    const security = columns('security-body');
    this.events = part(
        security, 'Security events', [t('event'), p('meaning'), n('count'), t('last'), t('of')],
        'No security event.');
    this.logins = part(
        security, 'Failed logins',
        [t('address or account'), n('1 min'), n('1 h'), n('others'), t('last')],
        'No failed login.');
    this.blocks = part(
        security, 'Blocked addresses',
        [t('address'), t('since'), n('attempts before'), n('turned away'), n('got through')],
        'No address is blocked.');
    this.rates = h('p', {class: 'note'});
    security.append(
        h('div', {}, h('h3', {text: 'Rate limits and the cost of security'}), this.rates));
    const system = columns('system-body');
    this.processes = part(
        system, 'Processes of the servers',
        [t('process'), n('CPU'), n('memory'), n('files'), n('threads'), n('up for')],
        'No server process is seen.');
    this.gauges = part(system, 'Gauges', [t('gauge'), n('now'), n('most')], 'No gauge.');
    this.host = part(system, 'Host and daemon', [t('figure'), n('value')], 'Not known.');
    this.databases = part(
        system, 'Database and resilience', [t('figure'), n('value')],
        'No transaction and no circuit breaker is traced.');
    const quality = columns('quality-body');
    this.books = h('p');
    byId('quality-body').prepend(this.books);
    this.rings = part(
        quality, 'Rings',
        [
          t('ring'), t('state'), n('written'), n('read'), n('lost'), n('torn'), n('rejected'),
          n('sampled')
        ],
        'No ring yet.');
    this.lanes = part(
        quality, 'Lanes: in flight and lag',
        [t('thread'), t('operation'), n('for'), n('not read yet'), n('lost'), t('state')],
        'No lane yet.');
  }

  show(store) {
    const m = store.metrics;
    if (!m) return;
    const now = store.nowMs();
    const last = at => at === null ? 'never' : f.when(f.instant(at), now);
    this.showErrors(m, last);
    this.showRegressions(m, last);
    this.showSecurity(m, last);
    this.showSystem(m, store.tick?.gauges ?? m.system.gauges);
    this.showQuality(m, store.tick?.books ?? m.data_quality.books, now);
  }

  showErrors(m, last) {
    this.errors.show(
        m.errors.slice(0, MOST_ROWS)
            .map(one => ({
                   key: `${one.code} ${one.ring} ${one.operation} ${one.outcome}`,
                   cells: [
                     `${one.code} ${f.name(one.name)} (${one.outcome})`, f.name(one.operation),
                     f.count(one.count['1m']), f.count(one.count['5m']), f.count(one.count['1h']),
                     last(one.last_at), f.party(one.last_actor)
                   ]
                 })),
        m.errors.length);
    const actors = m.top.actors_by_errors.filter(one => one.errors > 0);
    this.actors.show(actors.map(one => ({
                                  key: `${one.ring} ${one.party?.kind} ${one.party?.id}`,
                                  cells: [
                                    f.party(one.party), about(one, 'count'), about(one, 'errors'),
                                    about(one, 'refused'), f.span(one.time_ns)
                                  ]
                                })));
  }

  showRegressions(m, last) {
    const found = (m.regressions?.found ?? []).filter(one => one.ongoing);
    this.regressions.show(
        found.map(one => ({
                    key: `${one.ring} ${one.operation} ${one.stage} ${one.kind}`,
                    cells: [
                      f.name(one.operation) + (one.stage ? `, stage ${f.name(one.stage, 30)}` : ''),
                      f.percent(one.effect_percent / 100), last(one.since_at), f.sentence(one.text)
                    ]
                  })));
  }

  showSecurity(m, last) {
    const s = m.security;
    this.events.show(s.events.map(one => ({
                                    key: `${one.ring} ${one.name}`,
                                    cells: [
                                      f.name(one.name), f.sentence(one.meaning), f.count(one.count),
                                      last(one.last_at), f.party(one.last_party)
                                    ]
                                  })));
    const logins = (kind, all) =>
        all.map(one => ({
                  key: `${kind} ${one.ring} ${one.party?.kind} ${one.party?.id}`,
                  cells: [
                    f.party(one.party), f.count(one.count_1m), f.count(one.count_1h),
                    f.count(one.others), last(one.last_at)
                  ]
                }));
    this.logins.show([
      ...logins('from', m.failed_by_address ?? []), ...logins('for', m.failed_by_account ?? [])
    ]);
    this.blocks.show((s.blocks ?? []).map(one => ({
                                            key: `${one.ring} ${one.address?.id}`,
                                            cells: [
                                              f.party(one.address), last(one.blocked_at),
                                              f.count(one.attempts_before),
                                              f.count(one.turned_away), f.count(one.got_through)
                                            ]
                                          })));
    const decisions = s.rate_allowed + s.rate_limited;
    setText(
        this.rates,
        decisions === 0 ?
            'No rate-limit decision was traced.' :
            `${f.count(s.rate_limited)} of ${f.count(decisions)} calls were limited. ` +
                (s.stage ? `Security checks take ${f.percent(s.stage.share)} of all time. ` : '') +
                (s.audit_ns > 0 ? `The audit log took ${f.span(s.audit_ns)}.` : ''));
  }

  showSystem(m, gauges) {
    const {processes, host, daemon} = m.system;
    const percent = value => value === null ? '–' : f.percent(value / 100);
    this.processes.show(
        processes.map(one => ({
                        key: `${one.ring} ${one.pid}`,
                        cells: [
                          `${f.name(one.ring, 30)} ${one.pid}`, percent(one.cpu_percent),
                          f.bytes(one.resident_bytes),
                          f.count(one.open_files) +
                              (one.open_files_limit ? ` of ${f.count(one.open_files_limit)}` : ''),
                          f.count(one.threads), f.age(one.uptime_seconds)
                        ]
                      })));
    this.gauges.show(gauges.map(one => ({
                                  key: `${one.ring} ${one.name}`,
                                  cells: [f.name(one.name), f.count(one.value), f.count(one.max)]
                                })));
    const used = host.memory_total_bytes === null ?
        null :
        host.memory_total_bytes - host.memory_available_bytes;
    const pressure = Object.entries(host.pressure)
                         .filter(([, one]) => one !== null)
                         .map(([what, one]) => [`waits for ${what}`, percent(one.some_percent)]);
    this.host.show(pairs([
      ['host CPU', percent(host.cpu_percent)],
      ['load', [host.load_1m, host.load_5m, host.load_15m].map(f.number).join(' · ')],
      [
        'host memory used',
        used === null ? '–' : `${f.bytes(used)} of ${f.bytes(host.memory_total_bytes)}`
      ],
      ...pressure, ['daemon CPU', percent(daemon.cpu_percent)],
      ['daemon memory', f.bytes(daemon.resident_bytes)],
      ['daemon restarts', f.count(daemon.restarts)]
    ]));
    this.databases.show(pairs([
      ...(m.databases ?? [])
          .flatMap(
              one => [
                  [`transactions of ${f.name(one.ring, 30)}`, f.count(one.transactions)],
                  ['rolled back', f.percent(one.rollback_share)],
                  ['at once now', f.count(one.at_once_now)],
                  ['slow queries', f.count(one.slow_queries)]]),
      ...(m.resilience?.breakers ?? [])
          .map(
              one =>
                  [`circuit breaker of ${f.name(one.ring, 30)}`,
                   `${one.state}, moved ${f.plural(one.moves, 'time')}`]),
      ...(m.resilience?.events ?? []).map(one => [f.name(one.name), f.count(one.count)])
    ]));
  }

  showQuality(m, books, now) {
    const q = m.data_quality;
    setText(
        this.books,
        `${f.count(books.written)} written = ${f.count(books.read)} read + ` +
            `${f.count(books.lost)} lost: ${
                books.balance ? 'the books balance' :
                                'THE BOOKS DO NOT ' +
                        'BALANCE'}. ${f.count(books.torn)} torn, ${
                f.count(books.rejected)} rejected, ` +
            `${f.count(q.late_records)} late.`);
    setAttribute(this.books, 'class', books.balance && books.lost === 0 ? 'good' : 'wrong');
    this.rings.show(q.rings.map(
        one => ({
          key: one.name,
          cells: [
            f.name(one.name),
            one.state + (one.problem ? `: ${f.name(one.problem, 80)}` : '') +
                (one.enabled ? '' : ', tracing is off'),
            f.count(one.books.written), f.count(one.books.read), f.count(one.books.lost),
            f.count(one.books.torn), f.count(one.books.rejected), f.count(one.sampled.length)
          ]
        })));
    const lanes = [...q.lanes].sort(
        (a, b) => (b.in_flight !== null) - (a.in_flight !== null) || b.pending - a.pending ||
            a.lane - b.lane);
    this.lanes.show(
        lanes.map(one => ({
                    key: `${one.ring} ${one.lane}`,
                    cells: [
                      one.overflow ? 'overflow lane' : f.name(one.thread || `lane ${one.lane}`, 30),
                      one.in_flight ? f.name(one.in_flight.operation) : '–',
                      one.in_flight ? f.age((now - f.instant(one.in_flight.since)) / 1000) : '–',
                      f.count(one.pending), f.count(one.books.lost), one.state
                    ]
                  })));
  }
}

const pairs = all => all.map(([key, value]) => ({key, cells: [key, value]}));

// An estimate says that it is one.
const about = (one, field) => one.estimated ?
    `${f.count(one[`${field}_between`][0])} to ${f.count(one[`${field}_between`][1])}` :
    f.count(one[field]);
