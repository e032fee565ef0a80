// Under what the tests run. Cases that make no sense there, or take minutes, say so and are left
// out.
#pragma once

namespace ringside::test {

// qemu-user is not a whole machine: it makes up some of what it tells a process about processes.
#ifdef RINGSIDE_TEST_EMULATED
inline constexpr bool kEmulated = true;
#else
inline constexpr bool kEmulated = false;
#endif

#if defined(RINGSIDE_UNDER_ADDRESS) || defined(RINGSIDE_UNDER_THREAD)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace ringside::test
