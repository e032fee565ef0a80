// Operations and stages that end with their scope.
//
//   ringside::ScopedOperation op(ringside::chat::JOIN_ROOM);
//   op->actor(ringside::ActorKind::user, user_id);
//   {
//     ringside::StageGuard database(*op, ringside::chat::kDatabase);
//     if (!store()) { op.fail(kDatabaseBusy); return; }
//   }
//   deliver();
//
// ringside.hpp includes it.
#pragma once

#include <cstdint>
#include <exception>

#include "producer/ringside.hpp"

namespace ringside {
inline namespace RINGSIDE_ABI_NAMESPACE {

// What an exception that leaves the scope of an operation means.
enum class Exceptions : std::uint8_t {
  are_errors,  // the operation ends as an error with the code of fail(), or 0
  say_nothing  // it ends as it would have without one; saves two calls into the C++ runtime
};

// An operation that ends when the scope does: as ok, unless fail() or an exception said otherwise.
class [[nodiscard]] ScopedOperation {
 public:
  explicit ScopedOperation(OperationId id, Exceptions exceptions = Exceptions::are_errors) noexcept
      : operation_(id), exceptions_(in_flight_now(exceptions)) {}
  // Begins at `start`, as Operation does.
  ScopedOperation(OperationId id, Stamp start,
                  Exceptions exceptions = Exceptions::are_errors) noexcept
      : operation_(id, start), exceptions_(in_flight_now(exceptions)) {}
  ScopedOperation(const ScopedOperation&) = delete;
  ScopedOperation& operator=(const ScopedOperation&) = delete;
  ~ScopedOperation() {
    if (exceptions_ >= 0 && std::uncaught_exceptions() > exceptions_ && outcome_ == Outcome::ok)
      outcome_ = Outcome::error;
    operation_.finish(outcome_, error_);
  }

  // How the operation will end. The last call holds.
  void fail(std::uint16_t error = 0, Outcome outcome = Outcome::error) noexcept {
    error_ = error;
    outcome_ = outcome;
  }

  // For actor(), subject(), stage(), id() and abandon(). One that is moved away, ended or abandoned
  // is ended no more here.
  Operation& operator*() noexcept { return operation_; }
  Operation* operator->() noexcept { return &operation_; }

 private:
  static int in_flight_now(Exceptions exceptions) noexcept {
    return exceptions == Exceptions::are_errors ? std::uncaught_exceptions() : -1;
  }

  Operation operation_;
  int exceptions_;  // under way when it began; -1: they say nothing
  std::uint16_t error_ = 0;
  Outcome outcome_ = Outcome::ok;
};

// A stage that begins and ends with the scope: two clock reads. What ran since the last mark
// belongs to no stage. The operation must outlive it, in one place: a move takes the mark along.
class [[nodiscard]] StageGuard {
 public:
  StageGuard(Operation& operation, unsigned stage) noexcept : operation_(operation), stage_(stage) {
    operation.skip();
  }
  StageGuard(const StageGuard&) = delete;
  StageGuard& operator=(const StageGuard&) = delete;
  ~StageGuard() { operation_.stage(stage_); }

 private:
  Operation& operation_;
  unsigned stage_;
};

}  // namespace RINGSIDE_ABI_NAMESPACE
}  // namespace ringside
