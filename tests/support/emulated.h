// Whether the tests run under qemu-user. qemu-user is not a whole machine: it makes up some of what
// it tells a process about processes. A case that depends on such an answer says so and is left out
// there.
#pragma once

namespace ringside::test {

#ifdef RINGSIDE_TEST_EMULATED
inline constexpr bool kEmulated = true;
#else
inline constexpr bool kEmulated = false;
#endif

}  // namespace ringside::test
