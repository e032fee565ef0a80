// Ringside compiled out: the whole interface, and every call does nothing. What includes
// <ringside/ringside.hpp> with RINGSIDE_DISABLE defined needs no library and leaves no trace of it
// in the program. Files that are compiled with it and without it may be linked together.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "producer/chat.hpp"
#include "producer/ids.h"
#include "producer/types.hpp"
#include "producer/version.h"
#include "shm/address.h"
#include "shm/label_kind.h"
#include "shm/record.h"

namespace ringside {
inline namespace RINGSIDE_ABI_NAMESPACE {

inline bool start(const Setup&) { return false; }
inline bool attach_thread() { return false; }
inline void stop() {}
inline bool traced() { return false; }
inline std::string why_untraced() {
  return "the program was compiled with RINGSIDE_DISABLE\n  next: compile it without";
}
inline std::string mistakes() { return {}; }
inline std::string remarks() { return {}; }

inline Stamp now() { return {}; }
inline Stamp ago(std::int64_t) noexcept { return {}; }
inline std::int64_t nanoseconds_between(Stamp, Stamp) noexcept { return 0; }

inline OperationId register_operation(const Declaration&) { return {}; }
inline OperationId register_operation(const std::string&, const std::string&,
                                      const std::array<std::string, kStageCount>& = {}) {
  return {};
}
inline EventId register_event(const std::string&) { return {}; }
inline void register_error(std::uint16_t, const std::string&) {}
inline void label(LabelKind, std::uint64_t, std::string_view) noexcept {}

class Gauge64 {
 public:
  void set(std::int64_t) noexcept {}
  void add(std::int64_t) noexcept {}
};
inline Gauge64 register_gauge(const std::string&) { return {}; }

class [[nodiscard]] Operation {
 public:
  explicit Operation(OperationId) noexcept {}
  Operation(OperationId, Stamp) noexcept {}
  Operation() noexcept {}
  Operation(Operation&&) noexcept {}
  Operation& operator=(Operation&&) noexcept { return *this; }
  // So that one which is never used draws no warning, as in the real interface.
  ~Operation() {}

  void actor(ActorKind, std::uint64_t) noexcept {}
  void subject(SubjectKind, std::uint64_t) noexcept {}
  void stage(unsigned) noexcept {}
  void stage_at(unsigned, Stamp) noexcept {}
  void skip() noexcept {}
  void skip_at(Stamp) noexcept {}
  Stamp finish(Outcome, std::uint16_t = 0) noexcept { return {}; }
  Stamp finish_at(Stamp, Outcome, std::uint16_t = 0) noexcept { return {}; }
  Stamp finish_stage(unsigned, Outcome, std::uint16_t = 0) noexcept { return {}; }
  void abandon() noexcept {}
  OperationId id() const noexcept { return {}; }
};

inline void event(EventId, const Event& = {}) noexcept {}
inline void event_since(EventId, Stamp, const Event& = {}) noexcept {}
inline void count(EventId) noexcept {}

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside
