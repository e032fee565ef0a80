/* How a lane changes hands: shm/lane_claim.cpp claim_lane(), settle(), release_lane(), and
 * shm/lane_reader.cpp lane_remainder(). Several processes of one thread each want one lane. Each
 * may be killed before any step. A pid comes back with another process.
 * Over 400 lines: the properties are about all steps together, and Spin checks one model at a time.
 *
 *   claim     owner -> (dead owner? its start time out) -> owner: compare-and-swap -> start time
 *             -> (pages -> owner) -> head -> (after a dead owner: settle)
 *   record    as in lane.pml
 *   release   start time out -> owner
 *
 * With -DREADER=1 a reader looks at the lane meanwhile, as soon as the lane's owner word says that
 * it has memory.
 *
 * The model takes for granted:
 *   - Whoever learns from the kernel that a process is dead sees all that the process had stored
 *     (`death_is_not_seen` is the mutant without it).
 *   - A process is its pid and its start time.
 *   - Generations (24 bits) do not come round while somebody holds an old owner word.
 * One attempt here is one pass of claim_lane() over one lane, for the one of its three picks that
 * fits what it finds: the others turn away without a store.
 *
 * Smaller than life: PIDS pids with LIVES processes in all, CLAIMS attempts each (with one attempt
 * each, the next attempt of a process is what another one does), RECORDS records of one word an
 * ownership, one operation. */

#ifndef READER
#define READER 0
#endif
#ifndef PIDS
#define PIDS 2
#endif
#ifndef LIVES
#define LIVES 3
#endif
#ifndef KILLS
#define KILLS LIVES   /* the first of them may be killed */
#endif
#ifndef CLAIMS
#define CLAIMS 1
#endif
#ifndef RECORDS
#define RECORDS 1
#endif
#ifndef CAPACITY
#define CAPACITY 2
#endif
#define WORDS 1

/* Of read_lane.pml, and tried in lane.pml. */
#define poll_load             100
#define words_load            101
#define no_second_check       102
#define resume_at_newest      103
#define resume_under_the_pen  104
#define loss_not_counted      105
#define lapped_before_copy    106
#define lapped_during_copy    107
#define odd_seen_before_head  108
#define lapped_twice          109

/* What breaks when it is switched on; `holds` where nothing does, with the reason. models.py checks
 * it. */
/* Orders, weakened at one end. */
#define claim_load            1   /* holds: the compare-and-swap after it acquires too */
#define claim_cas_acquire     2   /* holds: the load before it has read the same store */
#define claim_loads           15  /* position_written_once */
#define claim_cas_release     3   /* holds: a compare-and-swap looks at the start time once more */
#define owned_store           4   /* pages_before_touch */
#define released_store        5   /* position_written_once */
#define readable_load         6   /* pages_before_touch */
#define start_store           7   /* stores_in_order */
#define start_load            8   /* stores_in_order */
#define settle_load           9   /* holds: the death of its owner has shown the slot */
#define settling_store        10  /* holds: the same */
#define settling_word_store   11  /* record_is_whole */
#define settled_store         12  /* holds: whoever reads the 0 reads no word after it */
#define settled_head_store    13  /* lost_only_if_overwritten */
#define owned_head_load       14  /* holds: the owner word has brought it along */
#define head_store            16  /* lost_only_if_overwritten */
#define head_load             20  /* lost_only_if_overwritten */
/* Defects. */
#define death_is_not_seen     21  /* stores_in_order */
#define no_settle             22  /* position_written_once */
#define no_compare_and_swap   23  /* one_owner */
#define start_time_kept_by_heir     24  /* one_owner */
#define start_time_kept_by_release  25  /* one_owner */
#define start_time_kept_by_failure  26  /* one_owner */
#define start_time_left_in    27  /* one_owner */
#define start_time_ignored    28  /* holds: a lane of a pid that came back waits for its end */
#define own_pid_is_judged     29  /* holds: its start time tells */
#define torn_not_cleared      30  /* holds: a second count comes to the same number */
#define torn_counted_first    31  /* torn_once */
#define torn_cleared_first    32  /* torn_once */
#define totals_after_even     33  /* totals_fit */
/* States that must be reachable. */
#define take_over             44
#define take_over_in_claiming 45
#define reuse                 47
#define torn_found            48
#define published_found       49
#define settling_found        50
#define lost_race             51
#define torn_left_to_reader   52
#define published_left_to_reader 53
#define reader_while_owned    54
#define settling_left_to_reader  55
#define start_time_came_late  56

mtype = {
  model_large_enough, reached, stores_in_order,
  /* as in lane.pml */
  record_is_whole, reader_moves_on, lost_only_if_overwritten, nothing_left_unread, books_balance,
  one_owner,               /* I1 */
  position_written_once,   /* a record that was published is never written anew */
  published_is_taken_in,   /* every published record is below head, or the remainder says so */
  torn_once,               /* every half-written record is counted, once */
  totals_fit,              /* I3: totals count what was published, and at most the torn beside it */
  pages_before_touch       /* nobody touches a lane's pages before they are there */
};

/* The states of a lane; its owner word is pid, generation, state. */
#define never    0
#define claiming 1
#define owned    2
#define released 3
#define pack(who, generation, state)  (((who) << 6) | (((generation) & 15) << 2) | (state))
#define pid_in(word)         ((word) >> 6)
#define generation_in(word)  (((word) >> 2) & 15)
#define state_in(word)       ((word) & 3)

/* What a claimer makes of it: a lane without memory is not owned yet. */
#define taken(word)  ((state_in(word) == never || state_in(word) == claiming) -> claiming : owned)

#define OWNER           0
#define START           1
#define HEAD            2
#define TORN            3
#define PAGES           4
#define TOTAL           5
#define SEQUENCE(slot)  (6 + (slot))
#define WORD(slot, i)   (6 + CAPACITY + (slot))
#define LOCATIONS       (6 + 2 * CAPACITY)
#define settling        255   /* kSettling */
#define POSITIONS       (LIVES * CLAIMS * RECORDS + 1)
#define MESSAGES        14
#define known          views[me]   /* global: an heir learns what the dead had seen */
#include "memory.pml"

View views[LIVES + 1];

hidden byte ignored;
bit over;                      /* no step of any process any more */
bit killed[LIVES];
bit holds[LIVES];              /* has the lane, or is about to get its memory */
bit half[LIVES];               /* has begun a record and not published it */
bit published[POSITIONS];
byte author[POSITIONS];        /* of what was published there, + 1 */
byte published_count, torn_really;
byte fails;                    /* times that there was no memory */

#define content(p)      (100 + author[p])   /* no count of torn records looks like it */
#define real(where)     (memory[where].at[memory[where].last].value)
#include "read_lane.pml"

#define pid_of(id)      ((id) % PIDS + 1)
#define start_of(id)    ((id) + 1)

/* Whether the owner is dead, as the kernel says (process_liveness()). Whoever learns it has seen
 * all that the owner stored. */
inline judge(who, since, verdict) {
  d_step {
    verdict = true;
    for (every : 0 .. LIVES - 1) {
      if
      :: pid_of(every) == who && !killed[every] && (every < PIDS || killed[every - PIDS]) ->
         verdict = (since != 0 && since != start_of(every) && !mutant(start_time_ignored))
      :: else
      fi
    };
    if
    :: verdict && !mutant(death_is_not_seen) ->
       for (every : 0 .. LIVES - 1) {
         if
         :: pid_of(every) == who && killed[every] -> learn(views[every], 0, LOCATIONS - 1)
         :: else
         fi
       }
    :: else
    fi
  }
}

inline take() {
  d_step {
    for (every : 0 .. LIVES - 1) { must(one_owner, every == me || !holds[every]) };
    holds[me] = true
  }
}

inline touch() {
  must(pages_before_touch, known.at[PAGES] > 0 && memory[PAGES].at[known.at[PAGES]].value)
}

/* Steps. A process may be killed, and others may act, between any two of them. A load of what the
 * lane's owner alone stores (all but OWNER and START, as long as `one_owner` holds) is one step
 * with what the owner does next: the load finds the same whenever it takes place. The condition
 * that leads to a step is part of it. */

inline count_torn() {
  atomic {
    load(relaxed, WORD(slot_of(position), 0), total);
    store(relaxed, TORN, total);
    total = 0
  };
  if
  :: atomic {
       !mutant(torn_not_cleared) ->
       store(order(release, settled_store), SEQUENCE(slot_of(position)), 0)
     }
  :: else
  fi
}

/* The heir writes the new torn count into the slot first (the slot is written anew anyway). If the
 * heir dies before it counts, the next owner repeats the count instead of adding to it. */
inline settle() {
  if
  :: atomic {
       sequence == 2 * (position + 1) ->
       reachable(published_found);
       position++;
       store(order(release, settled_head_store), HEAD, position)
     }
  :: atomic {
       sequence == 2 * position + 1 && mutant(torn_counted_first) ->
       fetch_add(relaxed, TORN, ignored)
     };
     store(release, SEQUENCE(slot_of(position)), 0)
  :: atomic {
       sequence == 2 * position + 1 && mutant(torn_cleared_first) ->
       store(release, SEQUENCE(slot_of(position)), 0)
     };
     fetch_add(relaxed, TORN, ignored)
  :: atomic {
       sequence == 2 * position + 1 && !mutant(torn_counted_first) && !mutant(torn_cleared_first) ->
       reachable(torn_found);
       load(relaxed, TORN, total);
       store(order(release, settling_word_store), WORD(slot_of(position), 0), total + 1);
       total = 0
     };
     atomic { store(order(release, settling_store), SEQUENCE(slot_of(position)), settling) };
     count_torn()
  :: atomic { sequence == settling -> reachable(settling_found) };
     count_torn()
  :: else
  fi;
  sequence = 0
}

inline bump() {
  load(relaxed, TOTAL, total);
  store(release, TOTAL, total + 1);
  total = 0
}

/* After its first step. */
inline write_record() {
  if
  :: atomic { READER -> store(release, WORD(slot_of(position), 0), 100 + me + 1) }
  :: else
  fi;
  if :: atomic { !mutant(totals_after_even) -> bump() } :: else fi;
  atomic {
    must(position_written_once, !published[position]);
    store(release, SEQUENCE(slot_of(position)), 2 * (position + 1));
    half[me] = false;
    published[position] = true; author[position] = me + 1; published_count++
  };
  if :: atomic { mutant(totals_after_even) -> bump() } :: else fi;
  atomic { position++; store(order(release, head_store), HEAD, position); records++ }
}

inline give_up() {
  d_step { seen = 0; start = 0; won = 0; position = 0; records = 0 }
}

inline give_back() {
  atomic {
    store(order(release, released_store), OWNER, pack(0, generation_in(seen) + 1, released));
    holds[me] = false
  }
}

#define cas_order \
  ((mutant(claim_cas_acquire) || mutant(claim_loads) -> relaxed : acquire) | \
   order(release, claim_cas_release))

proctype process(byte me) {
  byte attempts = CLAIMS;
  byte seen, start, position, sequence, total, records;
  bit won;
  {
  if :: me < PIDS :: else -> killed[me - PIDS] fi;
  do
  :: atomic {
       attempts > 0 ->
       attempts--;
       load((mutant(claim_load) || mutant(claim_loads) -> relaxed : acquire), OWNER, seen);
       if
       :: state_in(seen) == never || state_in(seen) == released -> won = true
       :: (state_in(seen) == owned || state_in(seen) == claiming) &&
          (pid_in(seen) != pid_of(me) || mutant(own_pid_is_judged)) -> skip
       :: else -> seen = 0
       fi
     };
     if
     :: atomic { !won && seen > 0 -> load(order(acquire, start_load), START, start) };
        atomic { judge(pid_in(seen), start, won); if :: !won -> give_up() :: else fi };
        if
        :: atomic {
             won && !mutant(start_time_kept_by_heir) ->
             compare_exchange(relaxed, START, start, 0, won);
             if
             :: mutant(start_time_left_in) -> won = true
             :: !won -> reachable(start_time_came_late); give_up()
             :: else
             fi;
             start = 0
           }
        :: else
        fi
     :: else
     fi;
     if
     :: atomic {
          won ->
          start = 0;
          if
          :: mutant(no_compare_and_swap) ->
             store(acq_rel, OWNER, pack(pid_of(me), generation_in(seen) + 1, taken(seen)))
          :: else ->
             compare_exchange(cas_order, OWNER, seen,
                              pack(pid_of(me), generation_in(seen) + 1, taken(seen)), won)
          fi;
          if :: won -> take() :: else -> reachable(lost_race); give_up() fi
        };
        if
        :: atomic { won -> store(order(release, start_store), START, start_of(me)) };
           if
           :: atomic {   /* no memory */
                taken(seen) == claiming && fails == 0 ->
                fails++;
                if :: !mutant(start_time_kept_by_failure) -> store(relaxed, START, 0) :: else fi
              };
              atomic {
                store(release, OWNER, pack(0, generation_in(seen) + 1, never));
                holds[me] = false;
                give_up()
              }
           :: atomic { taken(seen) == claiming -> store(relaxed, PAGES, 1) };
              store(order(release, owned_store), OWNER,
                    pack(pid_of(me), generation_in(seen) + 1, owned))
           :: taken(seen) == owned
           fi;
           if
           :: atomic {
                won ->
                load(order(acquire, owned_head_load), HEAD, position);
                if
                :: state_in(seen) == owned && !mutant(no_settle) ->
                   reachable(take_over);
                   load(order(acquire, settle_load), SEQUENCE(slot_of(position)), sequence);
                   touch()
                :: state_in(seen) == claiming -> reachable(take_over_in_claiming)
                :: state_in(seen) == released -> reachable(reuse)
                :: else
                fi
              };
              if :: sequence > 0 -> settle() :: else fi;
              do
              :: atomic {
                   records < RECORDS ->
                   store(relaxed, SEQUENCE(slot_of(position)), 2 * position + 1);
                   half[me] = true;
                   touch()
                 };
                 write_record()
              :: break   /* it has nothing more to say */
              od;
              if
              :: attempts = 0   /* it lives on with its lane */
              :: atomic { !mutant(start_time_kept_by_release) -> store(relaxed, START, 0) };
                 give_back()
              :: mutant(start_time_kept_by_release); give_back()
              fi;
              give_up()
           :: else
           fi
        :: else
        fi
     :: else
     fi
  :: attempts == 0 -> break
  od
  } unless { killed[me] || over }
}

/* SIGKILL, at any time. */
proctype killer(byte it) {
  if
  :: d_step {
       !over && (it < PIDS || killed[it - PIDS]) ->
       killed[it] = true;
       holds[it] = false;
       torn_really = torn_really + half[it];
       half[it] = false
     }
  :: over
  fi
}

/* Looks at the lane meanwhile, and at what is left in the end. */
proctype reader() {
  byte me = LIVES;
  byte position, counted;   /* counted: read or lost, it is the sum that must balance */
  byte head, begin, sequence, i;
  byte word[WORDS];
  mtype poll;
  do
  :: READER ->
     atomic {
       load(order(acquire, readable_load), OWNER, i);
       if
       :: state_in(i) == owned || state_in(i) == released ->
          touch();
          if :: position > 0 && state_in(i) == owned -> reachable(reader_while_owned) :: else fi
       :: else -> start_anew(over); i = 0
       fi
     };
     if
     :: i > 0 -> i = 0; read_lane(false)
     :: else
     fi
  :: over = true; break
  od;
  /* Everybody is dead now. The daemon reads to the end, and counts what lane_remainder() finds at
   * head. */
  if
  :: READER ->
     read_lane(true);
     must(books_balance, position == real_head && position == counted)
  :: else
  fi;
  d_step {
    position = real_head;
    sequence = real_sequence(slot_of(position));
    for (i : 0 .. LIVES - 1) { torn_really = torn_really + half[i] };
    i = (sequence == 2 * position + 1 ||
         (sequence == settling && real(TORN) != real(WORD(slot_of(position), 0))));
    if :: i -> reachable(torn_left_to_reader) :: else fi;
    if :: sequence == settling -> reachable(settling_left_to_reader) :: else fi;
    if :: sequence == 2 * (position + 1) -> reachable(published_left_to_reader) :: else fi;
    must(torn_once, real(TORN) + i == torn_really);
    must(published_is_taken_in, published_count == position + (sequence == 2 * (position + 1)));
    must(totals_fit,
         real(TOTAL) >= published_count && real(TOTAL) <= published_count + torn_really);
    i = 0
  }
}

init {
  atomic {
    byte n;
    choose();
    for (n : 1 .. LIVES) { run process(n - 1); if :: n <= KILLS -> run killer(n - 1) :: else fi };
    run reader()
  }
}
