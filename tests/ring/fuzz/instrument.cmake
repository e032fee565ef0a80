# How everything is compiled for fuzzing. Included before the libraries, so that they are
# instrumented too.
include(CheckCXXSourceCompiles)

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR
    "the fuzz targets need clang (libFuzzer comes with it), found ${CMAKE_CXX_COMPILER_ID}\n"
    "  next: cmake --preset fuzz, in a build directory of its own")
endif()
if(RINGSIDE_SANITIZE)
  message(FATAL_ERROR "RINGSIDE_FUZZ brings its sanitizers along; leave RINGSIDE_SANITIZE empty")
endif()

set(CMAKE_REQUIRED_FLAGS "-fsanitize=fuzzer,address,undefined")
check_cxx_source_compiles(
  "extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }"
  RINGSIDE_HAVE_LIBFUZZER)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT RINGSIDE_HAVE_LIBFUZZER)
  unset(RINGSIDE_HAVE_LIBFUZZER CACHE)   # looked for again after it is installed
  message(FATAL_ERROR
    "clang has no libFuzzer here: a program could not be linked with -fsanitize=fuzzer\n"
    "  next: tools/setup (on Debian 12 it is in libclang-rt-14-dev)")
endif()

# Only our own code has the counters that guide the fuzzer (not_ours.txt). unchecked.txt says which
# checks libraries do without.
add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
  -fsanitize-coverage-ignorelist=${CMAKE_CURRENT_LIST_DIR}/not_ours.txt
  -fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/unchecked.txt
  -fno-omit-frame-pointer -O2 -g1)
# Null pointers and sizes of objects are AddressSanitizer's to find.
add_compile_options(-fno-sanitize=null,object-size)
add_link_options(-fsanitize=address,undefined)
# ccache accepts clang's precompiled headers only without a timestamp in them.
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
