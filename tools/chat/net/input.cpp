#include "tools/chat/net/input.h"

#include <algorithm>

namespace chatd {
namespace {

constexpr std::size_t kReadAhead = kMaxLineBytes;
// A client that sends line after line in packets of their own fills the list before the bytes.
constexpr std::size_t kMaxArrivals = 1024;

}  // namespace

void Input::append(std::string_view bytes, trace::Stamp arrived) {
  bytes_.erase(0, begin_);
  scanned_ -= std::min(scanned_, begin_);
  for (Arrival& arrival : arrivals_) arrival.end -= begin_;
  begin_ = 0;
  if (const std::size_t newline = bytes.rfind('\n'); newline != std::string_view::npos)
    arrivals_.push_back({bytes_.size() + newline + 1, arrived});
  bytes_.append(bytes);
}

Input::Next Input::take(Line& line) {
  const std::size_t newline = bytes_.find('\n', std::max(scanned_, begin_));
  const std::size_t end = newline == std::string::npos ? bytes_.size() : newline;
  scanned_ = end;
  if (end - begin_ > kMaxLineBytes) return Next::too_long;
  if (newline == std::string::npos) return Next::none;
  while (arrivals_.front().end <= newline) arrivals_.pop_front();
  line = {std::string_view(bytes_).substr(begin_, end - begin_), arrivals_.front().at};
  begin_ = scanned_ = newline + 1;
  return Next::line;
}

bool Input::full() const {
  return bytes_.size() - begin_ >= kReadAhead || arrivals_.size() >= kMaxArrivals;
}

void Input::clear() {
  bytes_.clear();
  begin_ = scanned_ = 0;
  arrivals_.clear();
}

}  // namespace chatd
