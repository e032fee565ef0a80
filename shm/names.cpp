#include "shm/names.h"

#include <algorithm>
#include <cstring>

#include "shm/processes.h"
#include "shm/test_points.h"

namespace ringside {

namespace {

template <std::size_t N>
std::string printable(const char (&text)[N]) {
  std::string out;
  for (std::size_t i = 0; i < N; ++i) {
    const char c = __atomic_load_n(&text[i], __ATOMIC_RELAXED);
    if (c == '\0') break;
    out.push_back(c > 0x20 && c < 0x7f ? c : '?');
  }
  return out;
}

template <std::size_t N>
void put(char (&field)[N], const std::string& text) {
  const std::size_t bytes = text.size() < N - 1 ? text.size() : N - 1;
  for (std::size_t i = 0; i < N; ++i)
    __atomic_store_n(&field[i], i < bytes ? text[i] : '\0', __ATOMIC_RELAXED);
}

template <std::size_t N>
bool same(const char (&field)[N], const std::string& text) {
  for (std::size_t i = 0; i < N; ++i) {
    const char wanted = i < std::min(text.size(), N - 1) ? text[i] : '\0';
    if (__atomic_load_n(&field[i], __ATOMIC_RELAXED) != wanted) return false;
    if (wanted == '\0') break;
  }
  return true;
}

// Takes an entry for writing: a free one, or one whose writer died. The caller holds the registry.
bool take(std::atomic<std::uint32_t>& state) {
  if (state.load(std::memory_order_relaxed) == kNameReady) return false;
  state.store(kNameWriting, std::memory_order_relaxed);
  return true;
}

}  // namespace

bool read_name(const Segment& segment, std::uint16_t id, NameEntry* out) {
  const Name& entry = segment.names()[id & (kIdCount - 1)];
  if (entry.state.load(std::memory_order_acquire) != kNameReady) return false;
  out->name = printable(entry.name);
  out->category = printable(entry.category);
  for (std::size_t i = 0; i < kStageCount; ++i) out->stages[i] = printable(entry.stages[i]);
  out->waits_for_client =
      (__atomic_load_n(&entry.flags, __ATOMIC_RELAXED) & kNameWaitsForClient) != 0;
  out->threshold_ns = __atomic_load_n(&entry.threshold_ns, __ATOMIC_RELAXED);
  return !out->name.empty();
}

bool read_gauge_name(const Segment& segment, std::uint32_t index, std::string* out) {
  RINGSIDE_ASSERT(index < kMaxGauges);
  const GaugeName& gauge = segment.gauge_names()[index];
  if (gauge.state.load(std::memory_order_acquire) != kNameReady) return false;
  *out = printable(gauge.name);
  return !out->empty();
}

bool read_error_name(const Segment& segment, std::uint32_t index, std::uint16_t* code,
                     std::string* out) {
  RINGSIDE_ASSERT(index < kMaxErrorNames);
  const ErrorName& entry = segment.error_names()[index];
  if (entry.state.load(std::memory_order_acquire) != kNameReady) return false;
  *code = static_cast<std::uint16_t>(__atomic_load_n(&entry.code, __ATOMIC_RELAXED));
  *out = printable(entry.name);
  return !out->empty();
}

bool enter_name(Segment& segment, std::uint16_t id, const NameEntry& entry) {
  RINGSIDE_ASSERT(id < kFirstEvent + kMaxEvents && !entry.name.empty());
  Name& slot = segment.names()[id & (kIdCount - 1)];
  if (slot.state.load(std::memory_order_acquire) == kNameReady) return same(slot.name, entry.name);
  const Registry registry(segment);
  if (!registry.held()) return false;
  if (take(slot.state)) {
    put(slot.name, entry.name);
    RINGSIDE_TEST_POINT(name_begun);
    put(slot.category, entry.category);
    for (std::size_t i = 0; i < kStageCount; ++i) put(slot.stages[i], entry.stages[i]);
    __atomic_store_n(&slot.flags, entry.waits_for_client ? kNameWaitsForClient : 0,
                     __ATOMIC_RELAXED);
    __atomic_store_n(&slot.threshold_ns, entry.threshold_ns, __ATOMIC_RELAXED);
    slot.state.store(kNameReady, std::memory_order_release);
    return true;
  }
  return same(slot.name, entry.name);
}

std::uint32_t enter_gauge(Segment& segment, const std::string& name) {
  const Registry registry(segment);
  if (!registry.held()) return kMaxGauges;
  for (std::uint32_t i = 0; i < kMaxGauges; ++i) {
    GaugeName& gauge = segment.gauge_names()[i];
    if (take(gauge.state)) {
      put(gauge.name, name);
      RINGSIDE_TEST_POINT(name_begun);
      gauge.state.store(kNameReady, std::memory_order_release);
      return i;
    }
    if (same(gauge.name, name)) return i;
  }
  return kMaxGauges;
}

bool enter_error_name(Segment& segment, std::uint16_t code, const std::string& name) {
  const Registry registry(segment);
  if (!registry.held()) return false;
  for (std::uint32_t i = 0; i < kMaxErrorNames; ++i) {
    ErrorName& entry = segment.error_names()[i];
    if (take(entry.state)) {
      __atomic_store_n(&entry.code, std::uint32_t{code}, __ATOMIC_RELAXED);
      put(entry.name, name);
      RINGSIDE_TEST_POINT(name_begun);
      entry.state.store(kNameReady, std::memory_order_release);
      return true;
    }
    if (__atomic_load_n(&entry.code, __ATOMIC_RELAXED) == code) return same(entry.name, name);
  }
  return false;
}

}  // namespace ringside
