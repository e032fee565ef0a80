#include "tools/simulate/clients.h"

#include <algorithm>

#include "tools/simulate/profile.h"

namespace ringside::simulate {
namespace {

// Nobody sleeps longer than this without asking what time of day it is.
constexpr Ns kLongestThought = 60 * kSecondNs;
constexpr Ns kOfflineCheck = 300 * kSecondNs;

}  // namespace

Clients::Clients(Site& site, std::uint32_t count, std::function<bool(Request)> send)
    : site_(site), send_(std::move(send)), clients_(count) {
  for (const Profile& profile : kProfiles) weights_ += profile.weight;
  for (std::uint32_t i = 0; i < count; ++i) {
    // Version 1: seven of ten. Version 2: two. Version 3: one.
    clients_[i].version = i % 10 < 7 ? 1 : i % 10 < 9 ? 2 : 3;
    // The first clients are there when the server starts; all log in within two minutes.
    later(i, ns_of(site_.random.between(0, 120)));
  }
}

double Clients::wanted_per_second() const {
  return site_.habits.peak_per_second * activity_at(site_.habits, site_.wall()) *
         site_.wandering.factor() * site_.conditions.traffic;
}

double Clients::share_online() const {
  return 0.25 + 0.75 * std::min(1.0, activity_at(site_.habits, site_.wall()));
}

void Clients::later(std::uint32_t client, Ns after) {
  site_.agenda.add(site_.now + after, What::client_acts, client, ++clients_[client].stamp);
}

void Clients::go_offline(Client& client) {
  if (client.state == State::thinking || client.state == State::waiting) --online_;
  client.state = State::offline;
  ++client.asked;  // an answer that comes now is nobody's
}

// Who is away does not make the others ask more often. An exponential thought may be cut and begun
// again: how long it has lasted tells nothing about how long it will.
void Clients::think(std::uint32_t client) {
  clients_[client].state = State::thinking;
  const double usual = static_cast<double>(clients_.size()) * share_online();
  const double mean = usual / std::max(wanted_per_second(), 1e-6);
  const double seconds = site_.random.exponential(mean);
  const Ns span = seconds < seconds_of(kLongestThought) ? ns_of(seconds) : kLongestThought;
  clients_[client].asks = seconds < seconds_of(kLongestThought);
  later(client, span);
}

void Clients::act(std::uint32_t number, std::uint32_t stamp) {
  Client& client = clients_[number];
  if (stamp != client.stamp || client.cut) return;
  if (client.state == State::offline) {
    const double place = static_cast<double>(number) / static_cast<double>(clients_.size());
    if (place >= share_online()) {
      later(number, ns_of(site_.random.between(0.5, 1) * seconds_of(kOfflineCheck)));
      return;
    }
    client.state = State::logging_in;
    ask(number, Op::AUTHENTICATION);
    return;
  }
  if (client.state != State::thinking) return;
  const double place = static_cast<double>(number) / static_cast<double>(clients_.size());
  if (place >= share_online() + 0.03) {
    go_offline(client);
    later(number, kOfflineCheck);
    return;
  }
  if (!client.asks) {
    think(number);
    return;
  }
  client.state = State::waiting;
  ask(number, choose_op());
}

Op Clients::choose_op() {
  double at = site_.random.part() * weights_;
  for (const Profile& profile : kProfiles) {
    if (at < profile.weight) return profile.op;
    at -= profile.weight;
  }
  return Op::SEND_MESSAGE;
}

Request Clients::request_of(std::uint32_t number, Op op) {
  const Client& client = clients_[number];
  Request request;
  request.op = op;
  request.client = number;
  request.asked = client.asked;
  request.version = client.version;
  request.actor = {ActorKind::user, 1000 + number};
  request.subject = {SubjectKind::room, 1 + site_.random.below(40)};
  request.address = 0x0a000000U + number;
  request.wrong_password = profile_of(op).password && site_.random.chance(0.02);
  return request;
}

void Clients::ask(std::uint32_t number, Op op) {
  Client& client = clients_[number];
  ++client.asked;
  if (send_(request_of(number, op))) {
    if (site_.conditions.patience > 0 && op != Op::AWAIT_NEWS) {
      site_.agenda.add(site_.now + site_.conditions.patience, What::client_gives_up, number,
                       client.asked);
    }
    return;
  }
  // Nobody listens. It tries again, after longer pauses, but not much longer.
  go_offline(client);
  client.tries = static_cast<std::uint8_t>(std::min(client.tries + 1, 2));
  later(number, ns_of(site_.random.between(0.5, 1) * static_cast<double>(1U << client.tries)));
}

void Clients::give_up(std::uint32_t number, std::uint32_t asked) {
  Client& client = clients_[number];
  if (asked != client.asked) return;
  if (client.state == State::logging_in) client.state = State::offline;
  if (client.state == State::waiting) {
    client.state = State::thinking;
    client.asks = true;
  }
  ++client.asked;
  later(number, ns_of(site_.random.between(0, 0.1)));
}

void Clients::answered(const Request& request) {
  Client& client = clients_[request.client];
  if (request.asked != client.asked) return;
  ++client.asked;
  if (client.state == State::logging_in) {
    if (request.outcome != Outcome::ok) {
      client.state = State::offline;
      later(request.client, ns_of(site_.random.between(2, 10)));
      return;
    }
    ++online_;
    client.tries = 0;
  } else if (is_error(request.outcome) && site_.random.chance(0.3)) {
    // Some ask again at once.
    client.state = State::thinking;
    client.asks = true;
    later(request.client, ns_of(site_.random.between(0.5, 3)));
    return;
  }
  think(request.client);
}

void Clients::cut_off(Ns least, Ns most) {
  for (std::uint32_t i = 0; i < clients_.size(); ++i) {
    if (clients_[i].cut || clients_[i].state == State::offline) continue;
    go_offline(clients_[i]);
    later(i, ns_of(site_.random.between(seconds_of(least), seconds_of(most))));
  }
}

void Clients::conditions_changed() {
  const Conditions& c = site_.conditions;
  ++attack_stamp_;
  for (std::uint32_t i = 0; i < c.attacks.size(); ++i)
    site_.agenda.add(site_.now, What::attack, i, attack_stamp_);
  for (std::uint32_t i = 0; i < clients_.size(); ++i) {
    Client& client = clients_[i];
    // Spread over all numbers, so that every version is hit alike.
    const double place =
        static_cast<double>(i * 7919U % clients_.size()) / static_cast<double>(clients_.size());
    const bool cut = place < c.gone;
    if (cut == client.cut) continue;
    client.cut = cut;
    if (cut) {
      go_offline(client);
    } else {
      later(i, ns_of(site_.random.between(0, 60)));
    }
  }
}

void Clients::attack(std::uint32_t attack, std::uint32_t stamp) {
  if (stamp != attack_stamp_) return;
  const Effect& effect = *site_.conditions.attacks[attack];
  Request request;
  request.op = effect.what == Do::flood ? effect.op : Op::AUTHENTICATION;
  const std::uint64_t source = site_.random.below(std::max<std::uint64_t>(effect.count, 1));
  request.address = 0xc0a80000U + source;
  request.actor = {ActorKind::address, request.address};
  const std::uint64_t victim = site_.random.below(clients_.size());
  request.subject = {SubjectKind::user, 1000 + (effect.only_account ? 7 : victim)};
  if (effect.what == Do::guess) request.wrong_password = true;
  if (effect.what == Do::bad_tokens) {
    request.code = Code::TOKEN_REJECTED;
    request.outcome = Outcome::denied;
  }
  if (effect.what == Do::flood) {
    request.code = Code::RATE_LIMITED;
    request.outcome = Outcome::limited;
  }
  send_(request);
  // Who is slow to stay unseen keeps a steady pace.
  const double mean_s = 1 / effect.amount;
  const double pause_s =
      mean_s > 2 ? mean_s * site_.random.between(0.8, 1.2) : site_.random.exponential(mean_s);
  site_.agenda.add(site_.now + ns_of(pause_s), What::attack, attack, stamp);
}

}  // namespace ringside::simulate
