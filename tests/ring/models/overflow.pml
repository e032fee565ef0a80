/* The overflow lane: shm/lane.h write_overflow(), shm/lane_claim.cpp settle_overflow(),
 * shm/lane_reader.h read_overflow(), and how daemon/rings/ring_follower.cpp settle() finds its
 * totals exact. There are several writers and one reader. Each writer may sleep at any step for as
 * long as anybody looks. It may also die there. Then somebody settles its header, and may die in
 * the middle of it, and somebody else settles it again.
 * Over 400 lines: the properties are about all steps together, and Spin checks one model at a time.
 *
 *   writer   head + 1 -> total + 1 -> announced -> sequence: even to odd -> words -> even
 *            -> not announced                              or: dropped -> not announced
 *   settler  lock -> announced q -> slot still odd by q? even, of nobody -> not announced
 *   reader   head -> the holes again -> sequence -> words -> sequence -> ...
 *            totals -> head
 *
 * A writer that sleeps between its reservation and its compare-and-swap may wake up laps later.
 * Smaller than life: CAPACITY slots, WRITERS times RECORDS records, WORDS words a record, one total
 * a writer. All words of record p hold p + 1. kMaxHoles is MAX_HOLES. DEATHS is 0 or 1.
 *
 * The announcement is a plain variable here: whoever settles it has locked its header, and
 * claim.pml shows what the lock of a dead owner brings along.
 * A writer who dies before it announces leaves nothing to settle. It only sleeps for ever. */

#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef RECORDS
#define RECORDS 2   /* of each writer */
#endif
#ifndef WORDS
#define WORDS 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef MAX_HOLES
#define MAX_HOLES CAPACITY
#endif

/* What breaks when it is switched on; `holds` where nothing does, with the reason. models.py checks
 * it. */
/* Orders, weakened at one end. */
#define publish_store        1   /* record_is_whole */
#define hand_over_store      2   /* stores_in_order */
#define poll_load            3   /* record_is_whole */
#define words_store          4   /* record_is_whole */
#define words_load           5   /* record_is_whole */
#define hand_over_cas        6   /* stores_in_order */
#define totals_store         7   /* totals_stand_at_head */
#define totals_load          8   /* totals_stand_at_head */
#define head_load            9   /* holds: head is reserved, not published: it brings nothing */
#define head_load_of_totals  10  /* holds: the totals before it have brought head along */
#define settler_store        13  /* stores_in_order */
#define settler_lock         14  /* slot_is_not_lost */
/* Defects. */
#define no_second_check      20  /* record_is_whole */
#define no_compare_and_swap  21  /* stores_in_order */
#define odd_is_taken         22  /* stores_in_order */
#define sleeper_is_let_in    23  /* hole_is_unpublished */
#define holes_are_lost       24  /* lost_only_if_overwritten */
#define holes_are_forgotten  25  /* books_balance */
#define no_head_for_totals   26  /* totals_stand_at_head */
#define announced_late       27  /* slot_is_not_lost */
#define withdrawn_early      28  /* slot_is_not_lost */
#define handler_clears       29  /* slot_is_not_lost */
#define handler_restores     30  /* slot_is_not_lost */
#define withdrawn_first      31  /* slot_is_not_lost */
#define settled_unseen       32  /* lost_only_if_overwritten */
#define settled_to_zero      33  /* settled_is_known */
#define settled_to_published 34  /* record_is_whole */
#define settled_to_next      35  /* record_is_whole */
/* States that must be reachable. */
#define lapped_before_copy   40
#define lapped_during_copy   41
#define dropped_at_odd       42
#define dropped_at_cas       43
#define sleeper_dropped      44
#define hole_filled          45
#define hole_overwritten     46
#define hole_given_up        47
#define hole_pending         48
#define resumed              49
#define totals_found_exact   50
#define too_many_holes       51
#define settled_torn         52
#define settled_published    53
#define settled_twice        54
#define settled_slot_reused  55
#define settled_seen         56
#define announced_and_no_more 57

mtype = {
  model_large_enough, reached, stores_in_order,
  record_is_whole,          /* I2: an accepted copy is record p, all of it */
  lost_only_if_overwritten, /* given up: `capacity` records old, or torn (or a hole too many) */
  books_balance,            /* reserved = read + lost + holes */
  hole_is_unpublished,      /* in the end: what is neither read nor lost was never published */
  slot_is_not_lost,         /* no slot is odd by a writer whose header was settled */
  settled_is_known,         /* in the end: no hole was in a slot that was settled */
  totals_stand_at_head      /* totals that are taken for exact are */
};

/* Who may die writes one record. */
#define records_of(id)    ((DEATHS && (id) == 0 -> 1 : RECORDS))
#define POSITIONS         (WRITERS * RECORDS)
#define HEAD              0
#define SEQUENCE(slot)    (1 + (1 + WORDS) * (slot))
#define WORD(slot, i)     (SEQUENCE(slot) + 1 + (i))
#define TOTAL(id)         (SEQUENCE(CAPACITY) + (id))
#define LOCATIONS         (SEQUENCE(CAPACITY) + WRITERS)
#define MESSAGES          (POSITIONS + 2)
#define known             views[me]   /* global: the settler learns what the dead had seen */
#include "memory.pml"

mtype = { record, not_yet, lapped };

#define slot_of(p)        ((p) % CAPACITY)
#define real_head         (memory[HEAD].at[memory[HEAD].last].value)

View views[WRITERS + 2];

bit over;                      /* no step of any writer any more */
bit totals_looked_at;          /* or the records: a run looks at one, and leaves the other out */
bit published[POSITIONS];      /* what happened, whoever has seen it */
byte author[POSITIONS];        /* which writer reserved it, + 1 */
byte announced[WRITERS];       /* the position that it is in, + 1 */
byte killed, settled;          /* a writer, + 1 */
bit mortal;                    /* the first writer is where its death leaves something to settle */
bit torn[POSITIONS];           /* the settler has given it up */

byte first_records;   /* writers that have reserved one */
hidden byte ignored;

inline finish() {
  d_step {
    announced[me] = 0;
    if :: me == 0 -> mortal = false :: else fi;
    sequence = 0; taken = 0; i = 0; position = 0; left--
  }
}

proctype writer(byte me) {
  byte left = records_of(me);
  byte position, sequence, i;
  bit taken;
  {
  do
  :: atomic {
       /* They are alike, so that they may be numbered in the order of their first records. */
       left > 0 && (left < records_of(me) || first_records == me) ->
       if :: left == records_of(me) -> first_records++ :: else fi;
       fetch_add(relaxed, HEAD, position);
       author[position] = me + 1
     };
     if
     :: totals_looked_at -> fetch_add(order(release, totals_store), TOTAL(me), ignored)
     :: else
     fi;
     atomic {
       if :: DEATHS && me == 0 -> mortal = true :: else fi;
       if :: DEATHS && !mutant(announced_late) -> announced[me] = position + 1 :: else fi;
       load(relaxed, SEQUENCE(slot_of(position)), sequence);
       if
       :: (sequence & 1) && !mutant(odd_is_taken) -> reachable(dropped_at_odd); finish()
       :: !(sequence & 1) && sequence > 2 * position && !mutant(sleeper_is_let_in) ->
          reachable(sleeper_dropped); finish()
       :: else -> taken = true
       fi
     };
     if
     :: taken ->
        atomic {
          if
          :: mutant(no_compare_and_swap) ->
             store(relaxed, SEQUENCE(slot_of(position)), 2 * position + 1)
          :: else ->
             compare_exchange(order(acquire, hand_over_cas), SEQUENCE(slot_of(position)), sequence,
                              2 * position + 1, taken);
             if
             :: taken && position >= CAPACITY && torn[position - CAPACITY] ->
                reachable(settled_slot_reused)
             :: else
             fi
          fi;
          sequence = 0;
          if :: !taken -> reachable(dropped_at_cas); finish() :: else fi;
          if :: mutant(handler_clears) || mutant(handler_restores) -> announced[me] = 0 :: else fi
        };
        if
        :: taken ->
#if DEATHS
           if
           :: atomic {
                mutant(announced_late) || mutant(handler_restores) -> announced[me] = position + 1
              }
           :: atomic { mutant(withdrawn_early) -> announced[me] = 0 }
           :: else
           fi;
#endif
           do
           :: d_step {
                i < WORDS && !totals_looked_at ->
                store(order(release, words_store), WORD(slot_of(position), i), position + 1);
                i++
              }
           :: i == WORDS || totals_looked_at -> break
           od;
           atomic {
             store((mutant(publish_store) || mutant(hand_over_store) -> relaxed : release),
                   SEQUENCE(slot_of(position)), 2 * (position + 1));
             published[position] = true;
#if DEATHS
           };
           atomic {   /* a step of its own only if somebody may die before it */
#endif
             finish()
           }
        :: else
        fi
     :: else
     fi
  :: left == 0 -> break
  od
  } unless {
    if
    :: d_step { killed == me + 1 -> position = 0; sequence = 0; i = 0; taken = 0; left = 0 }
    :: over
    fi
  }
}

/* The death of a writer who is in a slot, or about to take one. */
proctype killer() {
  if
  :: d_step { !over && mortal -> killed = 1 }
  :: over
  fi
}

inline withdraw() {
  announced[killed - 1] = 0; settled = killed; q = 0; sequence = 0;
  for (every : 0 .. LOCATIONS - 1) { views[killed - 1].at[every] = 0; known.at[every] = 0 };
  skip
}

#define after_settling(q)                                       \
  (mutant(settled_to_zero) -> 0 :                               \
   (mutant(settled_to_published) -> 2 * ((q) + 1) :             \
    (mutant(settled_to_next) -> 2 * ((q) + CAPACITY + 1) : 2 * ((q) + CAPACITY))))

/* The next owner of a dead writer's header. If it dies, too, the one after it begins anew, and
 * knows what this one knew. Its load and its store are one step: an odd slot is its own. */
proctype settler() {
  byte me = WRITERS + 1;
  byte q, sequence;
  bit again;
  {
  killed > 0;
  if :: mutant(withdrawn_first) -> q = announced[killed - 1]; announced[killed - 1] = 0 :: else fi;
again_from_here:
  atomic {
    if :: !mutant(settler_lock) -> d_step { learn(views[killed - 1], 0, LOCATIONS - 1) } :: else fi;
    if :: announced[killed - 1] > 0 -> q = announced[killed - 1] - 1 :: else fi;
    load(relaxed, SEQUENCE(slot_of(q)), sequence);
    d_step {
      if
      :: announced[killed - 1] > 0 &&
         (sequence == 2 * q + 1 || (mutant(settled_unseen) && !again)) ->
         reachable(settled_torn);
         store(order(release, settler_store), SEQUENCE(slot_of(q)), after_settling(q));
         torn[q] = true
      :: announced[killed - 1] > 0 && sequence != 2 * q + 1 ->
         if :: published[q] -> reachable(settled_published) :: else fi;
         if :: again -> reachable(settled_twice) :: else fi;
         if :: !published[q] && !torn[q] -> reachable(announced_and_no_more) :: else fi
      :: else
      fi;
      sequence = 0
    }
  };
  if
  :: !again -> again = true; goto again_from_here
  :: d_step { withdraw() }
  fi
  } unless { over }
}

/* `capacity` records old, or torn. */
#define out_of_date(p)  ((p) + CAPACITY <= real_head || (torn[p] && !published[p]))

inline conclude_hole() {
  d_step {
    if
    :: poll == record -> reachable(hole_filled); counted++
    :: poll == lapped ->
       reachable(hole_overwritten);
       if :: torn[hole[next_hole]] -> reachable(settled_seen) :: else fi;
       must(lost_only_if_overwritten, out_of_date(hole[next_hole]));
       counted++
    :: poll == not_yet && head > hole[next_hole] && head - hole[next_hole] >= CAPACITY ->
       reachable(hole_given_up);
       must(lost_only_if_overwritten, out_of_date(hole[next_hole]));
       counted++
    :: else -> hole[kept] = hole[next_hole]; kept++
    fi;
    next_hole++;
    poll = 0; sequence = 0; i = 0
  };
  start_anew(over)
}

inline conclude_position() {
  d_step {
    if
    :: poll == record -> counted++
    :: poll == lapped || (poll == not_yet && mutant(holes_are_lost)) ->
       must(lost_only_if_overwritten, out_of_date(position));
       counted++
    :: poll == not_yet && !mutant(holes_are_lost) && !mutant(holes_are_forgotten) ->
       if
       :: holes == MAX_HOLES ->
          reachable(too_many_holes);
          for (i : 1 .. holes - 1) { hole[i - 1] = hole[i] };
          holes--;
          counted++
       :: else
       fi;
       hole[holes] = position;
       holes++
    :: else
    fi;
    position++;
    poll = 0; sequence = 0; i = 0
  };
  start_anew(over)
}

inline conclude(is_hole) {
  if :: is_hole -> conclude_hole() :: else -> conclude_position() fi
}

#define load_slot(at, how, where, into) \
  load_within(SEQUENCE(slot_of(at)), WORD(slot_of(at), WORDS - 1), how, where, into)

/* read_words() for position `at`. It needs nothing that the reader knew before. What becomes of the
 * position is the same step as the load that decides it: nobody sees what lies between. */
inline read_slot(at, is_hole) {
  atomic {
    start_anew(over);
    load_slot(at, order(acquire, poll_load), SEQUENCE(slot_of(at)), sequence);
    if
    :: sequence < 2 * (at + 1) -> poll = not_yet; conclude(is_hole)
    :: sequence > 2 * (at + 1) -> reachable(lapped_before_copy); poll = lapped; conclude(is_hole)
    :: else -> poll = record
    fi
  };
  if
  :: poll == record ->
     do
     :: atomic {
          i < WORDS ->
          load_slot(at, order(acquire, words_load), WORD(slot_of(at), i), word[i]);
          i++
        }
     :: i == WORDS -> break
     od;
     atomic {
       load_slot(at, relaxed, SEQUENCE(slot_of(at)), sequence);
       if
       :: sequence == 2 * (at + 1) || mutant(no_second_check) ->
          for (i : 0 .. WORDS - 1) { must(record_is_whole, word[i] == at + 1) }
       :: else -> reachable(lapped_during_copy); poll = lapped
       fi;
       for (i : 0 .. WORDS - 1) { word[i] = 0 };
       conclude(is_hole)
     }
  :: else
  fi
}

/* read_overflow(). Unless it is patient it stops after as many records as it likes, as `limit`
 * tells it to. */
inline read_overflow(patient) {
  atomic {
    start_anew(over);
    load(order(acquire, head_load), HEAD, head);
    start_anew(over)
  };
  do
  :: next_hole < holes -> read_slot(hole[next_hole], true)
  :: d_step {
       next_hole == holes ->
       for (i : kept .. holes - 1) { hole[i] = 0 };
       i = 0; next_hole = 0; holes = kept; kept = 0;
       if
       :: head > position && head - position > CAPACITY ->
          reachable(resumed);
          must(lost_only_if_overwritten, out_of_date(head - CAPACITY - 1));
          counted = counted + (head - CAPACITY - position);
          position = head - CAPACITY
       :: else
       fi
     };
     break
  od;
  do
  :: position < head -> read_slot(position, false)
  :: position >= head || !patient -> break
  od;
  must(books_balance, position == counted + holes);
  head = 0
}

/* settle() of the daemon: totals are exact when they add up to the reader's position, and head,
 * loaded after them, stands there too. Here, with nothing read, whatever they add up to may be that
 * position. */
inline copy_totals() {
  do
  :: atomic { i < WRITERS -> load(order(acquire, totals_load), TOTAL(i), total[i]); i++ }
  :: i == WRITERS -> break
  od;
  atomic {
    load(order(acquire, head_load_of_totals), HEAD, head);
    d_step {
      position = 0;
      for (i : 0 .. WRITERS - 1) { position = position + total[i] };
      if
      :: head == position || mutant(no_head_for_totals) ->
         if :: position > 1 && head < POSITIONS -> reachable(totals_found_exact) :: else fi;
         for (i : 1 .. position) { total[author[i - 1] - 1]-- };
         for (i : 0 .. WRITERS - 1) { must(totals_stand_at_head, total[i] == 0) }
      :: else
      fi
    }
  }
}

proctype reader() {
  byte me = WRITERS;
  byte position, counted, holes;   /* counted: read or lost, it is the sum that must balance */
  byte hole[MAX_HOLES + 1];
  byte head, next_hole, kept, sequence, i;
  byte word[WORDS], total[WRITERS];
  mtype poll;
  if
  :: totals_looked_at -> copy_totals(); over = true
  :: else ->
     do
     :: read_overflow(DEATHS)
     :: over = true; break
     od;
     /* The writers' last steps are done, wherever they stood; all that they stored has arrived. */
     read_overflow(true);
     must(books_balance, position == real_head && position == counted + holes);
     d_step {
       for (i : 1 .. holes) {
         must(hole_is_unpublished, !published[hole[i - 1]]);
         must(settled_is_known, !torn[hole[i - 1]]);
         reachable(hole_pending)
       };
       for (i : 0 .. CAPACITY - 1) {
         every = memory[SEQUENCE(i)].at[memory[SEQUENCE(i)].last].value;
         must(slot_is_not_lost, settled == 0 || !(every & 1) || author[every / 2] != settled)
       };
       i = 0
     }
  fi
}

init {
  atomic {
    byte n;
    choose();
    if :: !DEATHS -> totals_looked_at = true :: skip fi;
    for (n : 1 .. WRITERS) { run writer(n - 1) };
    if :: DEATHS -> run killer(); run settler() :: else fi;
    run reader()
  }
}
