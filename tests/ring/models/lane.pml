/* A single-writer lane: shm/lane.h write_record() and read_words(), shm/lane_reader.h
 * read_lane_words(), and copy_totals_at(). There is one writer, which may stop for good at any
 * step, and one reader (readers write nothing, so a second one changes nothing for the first).
 *
 *   writer   odd -> words -> totals -> even -> head         laps the reader as often as it likes
 *   reader   head -> sequence -> words -> sequence -> ...   in calls of one record, or of all
 *            head -> totals -> sequence                     between the calls
 *
 * Smaller than life: CAPACITY slots, RECORDS records, WORDS words a record (each is stored and
 * loaded alike), two operations with one total each. All words of record p hold p + 1, so that a
 * mixture shows. */

#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef RECORDS
#define RECORDS 5   /* laps twice, and one more */
#endif
#ifndef WORDS
#define WORDS 2
#endif

/* What breaks when it is switched on; `holds` where nothing does, with the reason. models.py checks
 * it. */
/* Orders, weakened at one end. */
#define publish_store         1   /* holds: head -> totals brings the words, but see overflow.pml */
#define poll_load             2   /* holds: the same */
#define words_store           3   /* record_is_whole */
#define words_load            4   /* record_is_whole */
#define head_store            5   /* totals_stand_at_head */
#define head_load             6   /* lost_only_if_overwritten */
#define head_load_of_totals   7   /* totals_stand_at_head */
#define totals_store          8   /* totals_stand_at_head */
#define totals_load           9   /* totals_stand_at_head */
/* Defects. */
#define no_second_check       20  /* record_is_whole */
#define resume_at_newest      21  /* lost_only_if_overwritten */
#define resume_under_the_pen  22  /* reader_moves_on */
#define totals_before_odd     23  /* totals_stand_at_head */
#define totals_after_even     24  /* holds: head still hides them; for heirs see claim.pml */
#define totals_after_head     25  /* totals_stand_at_head */
#define head_before_even      26  /* lost_only_if_overwritten */
#define loss_not_counted      27  /* books_balance */
#define no_check_of_totals    28  /* totals_stand_at_head */
/* States that must be reachable. */
#define lapped_before_copy    40
#define lapped_during_copy    41
#define odd_seen_before_head  42
#define lapped_twice          43
#define totals_found_moving   44
#define totals_found_exact    45
#define writer_died_torn      46
#define writer_died_published 47

mtype = {
  model_large_enough, reached, stores_in_order,
  record_is_whole,         /* I2: an accepted copy is record p, all of it */
  reader_moves_on,         /* no step of the reader leaves it where it was */
  lost_only_if_overwritten,/* I5: what is given up was at least `capacity` records old */
  nothing_left_unread,     /* a call that is not limited ends at the head that it saw, or beyond */
  books_balance,           /* written = read + lost */
  totals_stand_at_head     /* I3 */
};

#define HEAD              0
#define SEQUENCE(slot)    (1 + (slot))
#define WORD(slot, i)     (1 + CAPACITY + WORDS * (slot) + (i))
#define TOTAL(id)         (1 + CAPACITY + WORDS * CAPACITY + (id))
#define IDS               2
#define LOCATIONS         (1 + CAPACITY + WORDS * CAPACITY + IDS)
#define MESSAGES          (RECORDS + 2)
#include "memory.pml"

#define id_of(p)          ((p) % IDS)
#define content(p)        ((p) + 1)
#define recorded(id, p)   (((p) + IDS - 1 - (id)) / IDS)   /* of the first p records */

#include "read_lane.pml"

bit over;   /* no step of the writer any more: it is dead, or asleep for as long as anybody looks */

inline bump(id) {
  load(relaxed, TOTAL(id), total);
  store(order(release, totals_store), TOTAL(id), total + 1);
  total = 0
}

proctype writer() {
  View known;
  byte position, i, total;
  {
  do
  :: position < RECORDS ->
     if :: mutant(totals_before_odd) -> bump(id_of(position)) :: else fi;
     store(relaxed, SEQUENCE(slot_of(position)), 2 * position + 1);
     for (i : 0 .. WORDS - 1) {
       store(order(release, words_store), WORD(slot_of(position), i), position + 1)
     }
     i = 0;
     if
     :: mutant(totals_before_odd) || mutant(totals_after_even) || mutant(totals_after_head)
     :: else -> bump(id_of(position))
     fi;
     if :: mutant(head_before_even) -> store(release, HEAD, position + 1) :: else fi;
     store(order(release, publish_store), SEQUENCE(slot_of(position)), 2 * (position + 1));
     if :: mutant(totals_after_even) -> bump(id_of(position)) :: else fi;
     if
     :: !mutant(head_before_even) -> store(order(release, head_store), HEAD, position + 1)
     :: else
     fi;
     if :: mutant(totals_after_head) -> bump(id_of(position)) :: else fi;
     position++
  :: else -> break
  od
  } unless { over }
}

/* copy_totals_at(position) */
inline copy_totals_at() {
  start_anew(over);
  exact = false;
  load(order(acquire, head_load_of_totals), HEAD, head);
  if
  :: head == position ->
     for (i : 0 .. IDS - 1) { load(order(acquire, totals_load), TOTAL(i), total[i]) }
     load(relaxed, SEQUENCE(slot_of(position)), sequence);
     d_step {
       if
       :: sequence < 2 * position + 1 || mutant(no_check_of_totals) ->
          exact = true;
          if :: position > CAPACITY && !over -> reachable(totals_found_exact) :: else fi;
          for (i : 0 .. IDS - 1) { must(totals_stand_at_head, total[i] == recorded(i, position)) }
       :: else -> reachable(totals_found_moving)
       fi;
       for (i : 0 .. IDS - 1) { total[i] = 0 };
       skip
     }
  :: else
  fi;
  d_step { head = 0; sequence = 0; i = 0 };
  start_anew(over)
}

proctype reader() {
  View known;
  byte position, counted;   /* counted: read or lost, it is the sum that must balance */
  byte head, begin, sequence, i;
  byte word[WORDS], total[IDS];
  bit exact;
  mtype poll;
  do
  :: read_lane(false)
  :: copy_totals_at(); exact = false
  :: over = true; break
  od;
  /* The writer's last step is done, wherever it stood; all that it stored has arrived. */
  read_lane(true);
  must(books_balance, position == real_head && position == counted);
  copy_totals_at();
  d_step {
    /* Exact just when nobody died in mid-record. */
    must(totals_stand_at_head, exact == (real_sequence(slot_of(position)) < 2 * position + 1));
    if
    :: real_sequence(slot_of(position)) == 2 * position + 1 -> reachable(writer_died_torn)
    :: else
    fi;
    if
    :: real_sequence(slot_of(position)) == 2 * (position + 1) -> reachable(writer_died_published)
    :: else
    fi
  }
}

init { atomic { choose(); run writer(); run reader() } }
