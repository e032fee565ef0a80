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
  /* processes.cpp: joining one; segment_create.cpp: leaving it */                               \
  X(join_found)    /* an entry was found to be nobody's, and is as it was */                     \
  X(join_taken)    /* we hold an entry among the processes, and nothing of ours is in it */      \
  X(join_entered)  /* we stand among the processes */                                            \
  X(leave_left)    /* we left the processes, and the ring is not closed yet */                   \
  X(leave_marked)  /* the ring is marked closed; we look once more whether anybody is there */   \
  X(leave_closed)  /* the ring is closed, its name still there */                                \
  X(leave_unnamed) /* the name is removed */                                                     \
  /* names.cpp */                                                                                \
  X(name_begun) /* an entry is taken, and half of its bytes are written */                       \
  /* labels.cpp */                                                                               \
  X(label_taken) /* an entry's sequence is odd, its words are the last label's */                \
  X(label_half)  /* half of its words are the new label's */                                     \
  /* lane_claim.cpp */                                                                           \
  X(claim_taken)     /* we hold the lane's lock, nothing else */                                 \
  X(claim_allocated) /* a fresh lane has its pages, and is not said to be ready yet */           \
  X(claim_ready)     /* the lane is said to be ready */                                          \
  X(claim_torn)      /* what a dead owner left half-written is counted, its slot still odd */    \
  X(claim_freed)     /* the overflow slot that a dead owner announced is free, and announced */  \
  X(claim_settled)   /* what a dead owner left is settled */                                     \
  X(seat_taken)      /* we hold the seat's lock, nothing else */                                 \
  X(release_begun)   /* the lane is still ours */                                                \
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
  X(overflow_announced)   /* the thread says which slot it is about to take */                   \
  X(overflow_taken)       /* the slot's sequence is odd */                                       \
  X(overflow_unpublished) /* all is there but the even sequence */                               \
  X(overflow_published)   /* the record can be read */                                           \
  X(overflow_done)        /* and is not announced any more */                                    \
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
