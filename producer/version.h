/* The version of these headers, in C and C++. CMake reads the numbers from here, so they stand in
 * no other place. */
#ifndef RINGSIDE_PRODUCER_VERSION_H
#define RINGSIDE_PRODUCER_VERSION_H

#define RINGSIDE_VERSION_MAJOR 0
#define RINGSIDE_VERSION_MINOR 1
#define RINGSIDE_VERSION_PATCH 0

/* Grows when a server must be compiled again: when something changes that the headers compile into
 * it. It is the number behind libringside.so, and in every C++ symbol of the library. */
#define RINGSIDE_ABI 1

#define RINGSIDE_TEXT_OF(number) #number
#define RINGSIDE_TEXT(number) RINGSIDE_TEXT_OF(number)
#define RINGSIDE_VERSION_STRING           \
  RINGSIDE_TEXT(RINGSIDE_VERSION_MAJOR)   \
  "." RINGSIDE_TEXT(RINGSIDE_VERSION_MINOR) "." RINGSIDE_TEXT(RINGSIDE_VERSION_PATCH)

#define RINGSIDE_JOINED_NOW(a, b) a##b
#define RINGSIDE_JOINED(a, b) RINGSIDE_JOINED_NOW(a, b)
/* What is compiled out has names of its own, so that it never meets the library's. */
#ifdef RINGSIDE_DISABLE
#define RINGSIDE_ABI_NAMESPACE RINGSIDE_JOINED(disabled, RINGSIDE_ABI)
#else
#define RINGSIDE_ABI_NAMESPACE RINGSIDE_JOINED(abi, RINGSIDE_ABI)
#endif

#endif
