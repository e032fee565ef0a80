// The tracepoint that carries a Payload, described as LTTng-UST wants it. LTTng's macros include
// this file several times.
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER ringside_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tools/bench/rivals/rival_lttng_events.h"

#if !defined(RINGSIDE_BENCH_RIVAL_LTTNG_EVENTS_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define RINGSIDE_BENCH_RIVAL_LTTNG_EVENTS_H

#include <lttng/tracepoint.h>
#include <stdint.h>

// 56 bytes. LTTng puts its own header before them, which makes 64. The header has an id and a time
// stamp, for which LTTng reads the clock once more.
LTTNG_UST_TRACEPOINT_EVENT(
    ringside_bench, operation,
    LTTNG_UST_TP_ARGS(uint64_t, start, uint64_t, end, uint32_t, id, uint32_t, outcome, uint64_t,
                      actor, uint64_t, subject, uint64_t, rest0, uint64_t, rest1),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, start,
                                                start) lttng_ust_field_integer(uint64_t, end, end)
                            lttng_ust_field_integer(uint32_t, id, id)
                                lttng_ust_field_integer(uint32_t, outcome, outcome)
                                    lttng_ust_field_integer(uint64_t, actor, actor)
                                        lttng_ust_field_integer(uint64_t, subject, subject)
                                            lttng_ust_field_integer(uint64_t, rest0, rest0)
                                                lttng_ust_field_integer(uint64_t, rest1, rest1)))

#endif

#include <lttng/tracepoint-event.h>
