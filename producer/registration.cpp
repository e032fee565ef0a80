// Names that a server registers: of operations, events, errors and gauges.
#include <algorithm>
#include <array>

#include "producer/place.h"
#include "producer/ringside.hpp"
#include "producer/runtime.h"
#include "shm/names.h"
#include "shm/words.h"

namespace ringside {

namespace {

using detail::g_registrar;
using detail::HeldBy;
using detail::name_gauge;
using detail::runtime;
using detail::Runtime;
using detail::Uncancelled;

void name_error(Segment& segment, std::uint16_t code, const std::string& name) {
  if (!enter_error_name(segment, code, name))
    segment.header().names_refused.fetch_add(1, std::memory_order_relaxed);
}

// The chat server's words under their ids.
void register_chat(Runtime& state) {
  const std::array<std::string, kStageCount> stages = {
#define RINGSIDE_CHAT_STAGE(name, ...) #name,
#include "shm/chat_words.def"
  };
#define RINGSIDE_CHAT_OPERATION(name, category) \
  state.names[chat::name.value] = {#name, category, stages, false, 0};
#define RINGSIDE_CHAT_EVENT(name, ...) state.names[chat::name.value] = {#name, "", {}, false, 0};
#include "shm/chat_words.def"
}

std::string cut(const std::string& name, std::size_t field_bytes) {
  return name.substr(0, field_bytes - 1);
}
bool merge(const std::string& a, const std::string& b, std::size_t field_bytes) {
  return a != b && cut(a, field_bytes) == cut(b, field_bytes);
}

// Counts a name that its field cuts to the name of another. The two are one from then on.
void count_merged(Runtime& state) {
  if (state.segment != nullptr) {
    state.segment->header().names_merged.fetch_add(1, std::memory_order_relaxed);
  } else {
    ++state.merged_before_start;
  }
}

// The same for the category of a new entry, and for its stages among each other.
void count_merged_parts(Runtime& state, const NameEntry& entry, std::uint32_t first,
                        std::uint32_t end) {
  for (std::uint32_t id = first; id < end; ++id) {
    if (!merge(entry.category, state.names[id].category, kCategoryBytes)) continue;
    count_merged(state);
    break;
  }
  for (std::size_t i = 1; i < kStageCount; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!merge(entry.stages[i], entry.stages[j], kStageNameBytes)) continue;
      count_merged(state);
      break;
    }
  }
}

// The id of a name, new or known; kInvalidId when the table is full. A server's own names go behind
// the chat server's. They take the chat server's places only when those are known to be free.
std::uint16_t register_name(Runtime& state, const NameEntry& entry, std::uint32_t first,
                            std::uint32_t after_chat, std::uint32_t end) {
  const std::string shown = cut(entry.name, kNameBytes);
  for (std::uint32_t id = first; id < end; ++id) {
    if (cut(state.names[id].name, kNameBytes) != shown) continue;
    if (state.names[id].name != entry.name) count_merged(state);
    return static_cast<std::uint16_t>(id);
  }
  const auto enter = [&](std::uint32_t id) {
    if (!state.names[id].name.empty()) return false;
    if (state.segment != nullptr &&
        !enter_name(*state.segment, static_cast<std::uint16_t>(id), entry))
      return false;
    count_merged_parts(state, entry, first, end);
    state.names[id] = entry;
    return true;
  };
  for (std::uint32_t id = after_chat; id < end; ++id) {
    if (enter(id)) return static_cast<std::uint16_t>(id);
  }
  if (state.segment != nullptr && !state.setup.chat_names) {
    for (std::uint32_t id = first; id < after_chat; ++id) {
      if (enter(id)) return static_cast<std::uint16_t>(id);
    }
  }
  if (state.segment != nullptr)
    state.segment->header().names_refused.fetch_add(1, std::memory_order_relaxed);
  return kInvalidId;
}

}  // namespace

namespace detail {

Latch g_registrar{0};

bool hand_over_names(Runtime& state, Created& created, std::string* why) {
  const HeldBy lock(g_registrar);
  if (!lock) {
    *why = "start() interrupted a registration of names\n  next: call start() outside of signal "
           "handlers";
    return false;
  }
  if (state.setup.chat_names) register_chat(state);
  for (std::uint32_t id = 0; id < kFirstEvent + kMaxEvents; ++id) {
    if (state.names[id].name.empty()) continue;
    if (!enter_name(*created.segment, static_cast<std::uint16_t>(id), state.names[id])) {
      *why = created.segment->path() +
             ": the ring that this process joined has another name than " + state.names[id].name +
             " under id " + std::to_string(id) +
             "\n  next: let only processes of the same program share a ring";
      return false;
    }
  }
  // A ring that was given up stays mapped: a thread may still look at it.
  static_cast<void>(state.segment.release());
  state.segment = std::move(created.segment);
  stand_at(created.place);
  for (std::uint32_t i = 0; i < state.gauges.size(); ++i)
    name_gauge(*state.segment, i, state.gauges[i]);
  for (const auto& error : state.errors) name_error(*state.segment, error.first, error.second);
  return true;
}

}  // namespace detail

inline namespace RINGSIDE_ABI_NAMESPACE {

OperationId register_operation(const Declaration& declaration) {
  const Uncancelled uncancelled;
  const HeldBy lock(g_registrar);
  if (!lock || declaration.name.empty()) return {};
  return {register_name(runtime(),
                        {declaration.name, declaration.category, declaration.stages,
                         declaration.waits_for_client, declaration.threshold_ns},
                        0, chat::kOperationCount, kMaxOperations)};
}

EventId register_event(const std::string& name) {
  const Uncancelled uncancelled;
  const HeldBy lock(g_registrar);
  if (!lock || name.empty()) return {};
  return {register_name(runtime(), {name, "", {}, false, 0}, kFirstEvent,
                        kFirstEvent + chat::kEventCount, kFirstEvent + kMaxEvents)};
}

void register_error(std::uint16_t code, const std::string& name) {
  const Uncancelled uncancelled;
  const HeldBy lock(g_registrar);
  if (!lock || name.empty()) return;
  Runtime& state = runtime();
  // Kept also when the ring has them: a forked child may make a ring of its own.
  const bool known = std::any_of(state.errors.begin(), state.errors.end(),
                                 [&](const auto& error) { return error.first == code; });
  if (!known) state.errors.emplace_back(code, name);
  if (state.segment != nullptr) name_error(*state.segment, code, name);
}

Gauge64 register_gauge(const std::string& name) {
  const Uncancelled uncancelled;
  const HeldBy lock(g_registrar);
  if (!lock || name.empty()) return Gauge64{};
  Runtime& state = runtime();
  const auto at = std::find(state.gauges.begin(), state.gauges.end(), name);
  const auto index = static_cast<std::uint32_t>(at - state.gauges.begin());
  if (at != state.gauges.end()) return Gauge64{index};
  Segment* segment = state.segment.get();
  if (index == kMaxGauges) {
    if (segment != nullptr)
      segment->header().names_refused.fetch_add(1, std::memory_order_relaxed);
    return Gauge64{};
  }
  if (segment != nullptr && !name_gauge(*segment, index, name)) return Gauge64{};
  const bool is_merged = std::any_of(
      state.gauges.begin(), state.gauges.end(),
      [&](const std::string& other) { return merge(name, other, sizeof GaugeName::name); });
  if (is_merged) count_merged(state);
  state.gauges.push_back(name);
  return Gauge64{index};
}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside
