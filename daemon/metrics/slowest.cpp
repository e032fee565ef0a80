#include "daemon/metrics/slowest.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace ringside {

// Of two that took equally long the later one comes first, then the one of the larger lane.
bool Slowest::slower(const Entry& a, const Entry& b) {
  return std::tie(a.span_ns, a.slice, a.end_ns, a.lane, a.record.sequence) >
         std::tie(b.span_ns, b.slice, b.end_ns, b.lane, b.record.sequence);
}

void Slowest::insert(std::vector<Entry>& list, const Entry& entry) const {
  if (list.size() == wanted_) {
    if (!slower(entry, list.back())) return;
    list.pop_back();
  }
  list.insert(std::upper_bound(list.begin(), list.end(), entry, slower), entry);
}

void Slowest::resize(std::size_t wanted) {
  wanted_ = wanted;
  if (current_.size() > wanted) current_.resize(wanted);
  if (since_start_.size() > wanted) since_start_.resize(wanted);
  floor_ticks_ = 0;   // a longer list takes in what a shorter one did not
}

void Slowest::add(const Entry& entry, std::int64_t now_slice) {
  insert(since_start_, entry);
  if (entry.slice > now_slice) return;
  if (entry.slice < now_slice) {
    if (entry.slice > now_slice - kSlices) add_earlier(entry);
    return;
  }
  insert(current_, entry);
  // Only ticks of the present clock can be compared with those of the next record.
  if (current_.size() == wanted_ && !current_.back().fixed) {
    const std::int64_t least = current_.back().record.duration;
    floor_ticks_ = least > 0 ? static_cast<std::uint64_t>(least) : 0;
  }
}

void Slowest::add_earlier(const Entry& entry) {
  earlier_.push_back(entry);
  if (earlier_.size() > thin_out_at_) thin_out(INT64_MIN);
}

void Slowest::roll(std::int64_t to) {
  earlier_.insert(earlier_.end(), current_.begin(), current_.end());
  current_.clear();
  floor_ticks_ = 0;
  thin_out(to);
}

// Drops entries that can no longer be among the slowest of an hour that ends in `now_slice` or
// later.
void Slowest::thin_out(std::int64_t now_slice) {
  std::sort(earlier_.begin(), earlier_.end(),
            [](const Entry& a, const Entry& b) { return a.slice > b.slice; });
  // Go from the latest slice back. Keep the entries that are among the slowest of their own slice
  // and all later ones.
  std::vector<Entry> slowest;
  std::vector<Entry> kept;
  for (auto begin = earlier_.begin(); begin != earlier_.end();) {
    const std::int64_t slice = begin->slice;
    if (now_slice != INT64_MIN && slice <= now_slice - kSlices) break;
    const auto end = std::find_if(begin, earlier_.end(),
                                  [&](const Entry& entry) { return entry.slice != slice; });
    std::for_each(begin, end, [&](const Entry& entry) { insert(slowest, entry); });
    std::copy_if(begin, end, std::back_inserter(kept), [&](const Entry& entry) {
      return slowest.size() < wanted_ || !slower(slowest.back(), entry);
    });
    begin = end;
  }
  kept.shrink_to_fit();
  earlier_ = std::move(kept);
  thin_out_at_ = 2 * earlier_.size() + 4 * wanted_;
}

std::vector<Slowest::Entry> Slowest::last_hour(std::int64_t now_slice) const {
  std::vector<Entry> out = current_;
  for (const Entry& entry : earlier_) {
    if (entry.slice > now_slice - kSlices) insert(out, entry);
  }
  return out;
}

void Slowest::restore_of_hour(const Entry& entry, std::int64_t now_slice) {
  if (entry.slice <= now_slice && entry.slice > now_slice - kSlices) add_earlier(entry);
}

void Slowest::restore_since_start(const Entry& entry) { insert(since_start_, entry); }

}  // namespace ringside
