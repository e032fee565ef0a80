// RINGSIDE_ASSERT(condition): a mistake of our own, such as a call out of order, from the wrong
// thread or with an argument that its header rules out. It prints where, and aborts.
//
// Never about bytes that another process wrote: those are checked, counted and survived. It is
// compiled in only where RINGSIDE_ASSERTS is defined, as the sanitizer presets do. A server that is
// traced in production must not be ended by its tracer, and the hot path has no cycle to spare.
#pragma once

#ifdef RINGSIDE_ASSERTS

#include <cstdio>
#include <cstdlib>

namespace ringside {
namespace detail {

[[noreturn, gnu::cold]] inline void assertion_failed(const char* file, int line,
                                                     const char* condition) {
  std::fprintf(stderr, "ringside: %s:%d: our own mistake: expected %s\n", file, line, condition);
  std::abort();
}

}  // namespace detail
}  // namespace ringside

#define RINGSIDE_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) \
               : ::ringside::detail::assertion_failed(__FILE__, __LINE__, #condition))

#else

#define RINGSIDE_ASSERT(condition) static_cast<void>(0)

#endif
