# Cross-builds for 64-bit Arm with Debian's g++-aarch64-linux-gnu, and runs what was built under
# qemu-user.
#
# No include path is set on purpose: Debian's cross compiler looks into
# /usr/aarch64-linux-gnu/include, where Arm's C library is, and after that into /usr/include by
# itself, where the headers that are the same on every machine are (Boost, doctest); those of this
# machine's C library that are not are in /usr/include/x86_64-linux-gnu, out of its sight.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# Named, not registered with the kernel: nothing on the machine has to be changed for it. It finds
# Arm's dynamic loader and libraries below -L.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
