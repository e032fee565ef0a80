// Whether the tests run under qemu-user, which is no machine of its own: some of what it tells a
// process about processes is made up. A case that rests on one of those says so and is left out
// there.
#pragma once

namespace ringside::test {

#ifdef RINGSIDE_TEST_EMULATED
inline constexpr bool kEmulated = true;
#else
inline constexpr bool kEmulated = false;
#endif

}  // namespace ringside::test
