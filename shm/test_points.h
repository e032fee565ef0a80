// Named points inside the protocol. A test kills or stops a process that comes to one.
//
// Compiled to nothing unless RINGSIDE_TEST_POINTS is defined. Only tests/support/points.cmake
// defines it, for copies of shm and producer that tests link. What a server builds, installs and
// includes has no trace of the points (crash_points_free checks that). Never define it in a server.
// shm/README.md says what a reader sees after a death at each point.
#pragma once

#ifdef RINGSIDE_TEST_POINTS

#include <atomic>

namespace ringside {

// In the order in which a process comes to them. The enumeration and the names are made from this
// one list.
#define RINGSIDE_TEST_POINT_LIST(X)                                                              \
  /* segment_create.cpp: making a ring */                                                        \
  X(create_cleared) /* the old ring is out of the way: a dead one under its other name, a closed \
                       one gone */                                                               \
  X(create_sized)   /* the file is sized and allocated; it has no name, its header is zeros */   \
  X(create_filled)  /* the header is filled, the switches are not */                             \
  X(create_whole)   /* everything is there but the name */                                       \
  X(create_named)   /* the ring stands under its name */                                         \
  /* segment_create.cpp: joining one, leaving it */                                              \
  X(join_taken)    /* a place among the processes has our pid, and no start time yet */          \
  X(join_entered)  /* we stand among the processes */                                            \
  X(leave_left)    /* we left the processes, and the ring is not closed yet */                   \
  X(leave_closed)  /* the ring is closed, its name still there */                                \
  X(leave_unnamed) /* the name is removed */                                                     \
  /* names.cpp */                                                                                \
  X(name_begun) /* an entry is taken, and half of its bytes are written */                       \
  /* lane_claim.cpp */                                                                           \
  X(claim_taken)     /* the compare-and-swap of `owner` is done, nothing else */                 \
  X(claim_allocated) /* a fresh lane has its pages, and is not said to be owned yet */           \
  X(claim_owned)     /* the lane is said to be owned */                                          \
  X(claim_torn)      /* what a dead owner left half-written is counted, its slot still odd */    \
  X(claim_settled)   /* what a dead owner left is settled */                                     \
  X(release_begun)   /* the start time is taken out, the lane still ours */                      \
  X(release_done)    /* the lane is released */                                                  \
  /* producer/hot_path.h */                                                                      \
  X(lane_asked) /* the thread's lane was found open, and is not closed to signal handlers yet */ \
  /* lane.h: write_record() */                                                                   \
  X(record_begun)       /* the slot's sequence is odd, its words are the last lap's */           \
  X(words_half)         /* both lanes: half of the words are this record's */                    \
  X(totals_half)        /* the record is counted, its duration is not */                         \
  X(record_unpublished) /* all is there but the even sequence */                                 \
  X(record_published)   /* the sequence is even, head still says that there is no such record */ \
  X(record_done)        /* head says that there is one */                                        \
  /* lane.h: write_overflow() */                                                                 \
  X(overflow_reserved)    /* head has grown, nothing is counted */                               \
  X(overflow_half)        /* the record is counted, its duration is not */                       \
  X(overflow_counted)     /* its duration is counted too; no slot is taken */                    \
  X(overflow_taken)       /* the slot's sequence is odd */                                       \
  X(overflow_unpublished) /* all is there but the even sequence */                               \
  X(overflow_done)        /* the record can be read */                                           \
  X(overflow_refused) /* the slot is somebody else's: the record is given up, and not counted as \
                         dropped yet */

enum class TestPoint : unsigned {
#define RINGSIDE_TEST_POINT_ENTRY(name) name,
  RINGSIDE_TEST_POINT_LIST(RINGSIDE_TEST_POINT_ENTRY)
#undef RINGSIDE_TEST_POINT_ENTRY
};

// Called at each point, from any thread or signal handler. Null: nothing is called.
using TestPointHook = void (*)(TestPoint);
inline std::atomic<TestPointHook> g_test_point_hook{nullptr};

inline void reach_test_point(TestPoint point) {
  const TestPointHook hook = g_test_point_hook.load(std::memory_order_acquire);
  if (hook != nullptr) hook(point);
}

}  // namespace ringside

#define RINGSIDE_TEST_POINT(name) ::ringside::reach_test_point(::ringside::TestPoint::name)

#else

#define RINGSIDE_TEST_POINT(name) static_cast<void>(0)

#endif
