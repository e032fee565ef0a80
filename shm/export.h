/* What the shared library exports, in C and C++. The static library keeps every symbol to the
 * program or plug-in that it is linked into. So two plug-ins never call each other's copy. */
#ifndef RINGSIDE_SHM_EXPORT_H
#define RINGSIDE_SHM_EXPORT_H

#ifdef RINGSIDE_BUILDS_STATIC
#define RINGSIDE_API
#else
#define RINGSIDE_API __attribute__((visibility("default")))
#endif

#endif
