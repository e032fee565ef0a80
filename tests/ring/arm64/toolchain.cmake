# Cross-builds for 64-bit Arm with Debian's g++-aarch64-linux-gnu, and runs what was built under
# qemu-user.
#
# No include path is set on purpose. Debian's cross compiler searches /usr/aarch64-linux-gnu/include
# first, which has Arm's C library. It then searches /usr/include, which has the headers that are
# the same on every machine (Boost, doctest). It does not search /usr/include/x86_64-linux-gnu,
# which has the parts of this machine's C library that differ.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# qemu is named here and not registered with the kernel, so nothing on the machine has to be
# changed. -L says where qemu finds Arm's dynamic loader and libraries.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
