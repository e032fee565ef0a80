// Makes a system call of the code under test fail, as a broken disk or a signal would. Linked in
// with -Wl,--wrap, so the code under test is unchanged.
#pragma once

namespace ringside::test {

enum class Call { read, write, pwrite, fsync, ftruncate, flock, close };

// That call fails once with this errno, after so many that do not.
void fail(Call call, int error, int after = 0);

}  // namespace ringside::test
