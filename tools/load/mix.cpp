#include "tools/load/mix.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <vector>

namespace ringside::load {
namespace {

// Levenshtein distance, to find the known name that is nearest to a misspelt one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string_view nearest_name(std::string_view name) {
  std::string_view best = name_of(Op::CREATE_ROOM);
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const std::string_view known = name_of(static_cast<Op>(i));
    if (distance(name, known) < distance(name, best)) best = known;
  }
  return best;
}

}  // namespace

double Mix::total() const { return std::accumulate(weights.begin(), weights.end(), 0.0); }

Mix default_mix() {
  Mix mix;
  const auto set = [&mix](Op op, double weight) { mix.weights[index_of(op)] = weight; };
  set(Op::SEND_MESSAGE, 34);
  set(Op::MESSAGE_HISTORY, 14);
  set(Op::MESSAGE_REACTIONS, 10);
  set(Op::DIRECT_MESSAGE, 8);
  set(Op::THREADED_REPLIES, 7);
  set(Op::REQUEST_USER_LIST, 5);
  set(Op::MESSAGE_SEARCH, 4);
  set(Op::LIST_ROOMS, 4);
  set(Op::EDIT_MESSAGE, 3);
  set(Op::LEAVE_ROOM, 2.5);
  set(Op::LIST_INVITATIONS, 2);
  set(Op::JOIN_ROOM, 1.5);
  set(Op::DELETE_MESSAGE, 1.5);
  set(Op::INVITE_USER, 1.1);
  set(Op::AUTHENTICATION, 0.8);
  set(Op::CREATE_ROOM, 0.6);
  set(Op::ACCEPT_INVITATION, 0.5);
  set(Op::DECLINE_INVITATION, 0.4);
  set(Op::REGISTRATION, 0.1);  // each costs the server an Argon2id hash: 64 MiB, tens of ms
  return mix;
}

bool parse_mix(std::string_view text, Mix& mix, std::string& error) {
  Mix result = mix;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      error = fmt::format("\"{}\": expected OPERATION=WEIGHT, as in SEND_MESSAGE=50", item);
      return false;
    }
    const std::string_view name = item.substr(0, equals);
    const std::string_view number = item.substr(equals + 1);
    double weight = 0;
    const auto [end, status] =
        std::from_chars(number.data(), number.data() + number.size(), weight);
    if (status != std::errc{} || end != number.data() + number.size() || !std::isfinite(weight) ||
        weight < 0) {
      error = fmt::format("{}: \"{}\" is no weight; expected a number from 0", name, number);
      return false;
    }
    const Op op = op_named(name);
    if (name == "all") {
      result.weights.fill(weight);
    } else if (op == Op::none) {
      error = fmt::format("\"{}\" is no operation; did you mean {}?", name, nearest_name(name));
      return false;
    } else {
      result.weights[index_of(op)] = weight;
    }
  }
  if (!(result.total() > 0) || !std::isfinite(result.total())) {
    error = "every weight is 0, so there is nothing to send; give one operation a weight above 0";
    return false;
  }
  mix = result;
  return true;
}

}  // namespace ringside::load
