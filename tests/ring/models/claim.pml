/* How a lane changes hands: shm/lane_claim.cpp claim_lane(), settle(), release_lane(), and
 * shm/lane_reader.cpp lane_remainder(). Several threads each want one lane. Each may end before any
 * step: killed, by exec, or because its function returns. The kernel then marks the lock it holds.
 * Over 400 lines: the properties are about all steps together, and Spin checks one model at a time.
 *
 *   claim     word: free or died? -> pending -> word: compare-and-swap -> listed, not pending
 *             -> (pages -> state) -> head -> (after a dead owner: settle)
 *   record    as in lane.pml
 *   release   pending, not listed -> word = 0 -> not pending
 *   death     listed or pending, and the word is its own -> word = died
 *
 * That is glibc's robust mutex, by pthread_mutex_trylock() and pthread_mutex_unlock() alone, and
 * handle_futex_death() of the kernel. `pending` is op_pending, and `listed` is the robust list: of
 * a lock that is in neither the kernel knows nothing. The death and its mark are one step here. A
 * thread that is dead and not yet marked looks to the others like one that sleeps before it dies.
 *
 * With -DREADER=1 a reader looks at the lane meanwhile, as soon as its state says that it has
 * memory. With -DLEFT=1 there was an owner before, who died in mid-record. With -DEQUAL_TIDS=1 all
 * threads have one tid, as threads of different pid namespaces may.
 *
 * The model takes for granted that the kernel's mark is a full barrier: it comes after all stores
 * of the dead thread (`mark_store` is the mutant without it).
 * One attempt here is one pass of claim_lane() over one lane, for the one of its three picks that
 * fits what it finds: the others turn away without a store.
 *
 * Smaller than life: LIVES threads with one attempt each (the next attempt of a thread is what
 * another one does), RECORDS records of one word an ownership, one operation. */

#ifndef READER
#define READER 0
#endif
#ifndef LEFT
#define LEFT 0
#endif
#ifndef EQUAL_TIDS
#define EQUAL_TIDS 0
#endif
#ifndef LIVES
#define LIVES 3
#endif
#ifndef FAILS
#define FAILS 1   /* times that there is no memory */
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
#define trylock_cas           1   /* position_written_once */
#define unlock_store          2   /* position_written_once */
#define mark_store            3   /* position_written_once */
#define mark_store_to_reader  4   /* death_is_seen */
#define word_load             5   /* death_is_seen */
#define ready_store           6   /* pages_before_touch */
#define ready_load            7   /* pages_before_touch */
#define state_load            8   /* holds: the lock has brought it along */
#define settle_load           9   /* holds: the lock has brought the slot */
#define settling_store        10  /* holds: its readers hold the lock, or all is still */
#define settling_word_store   11  /* record_is_whole */
#define settled_store         12  /* holds: whoever reads the 0 reads no word after it */
#define settled_head_store    13  /* lost_only_if_overwritten */
#define owned_head_load       14  /* holds: the lock has brought it along */
#define head_store            16  /* lost_only_if_overwritten */
#define head_load             20  /* lost_only_if_overwritten */
/* Defects. */
#define no_lock               21  /* one_owner */
#define no_settle             22  /* position_written_once */
#define hint_tells_who_died   23  /* position_written_once */
#define hint_tells_the_state  24  /* position_written_once */
#define no_consistent         25  /* lane_is_not_lost */
#define pending_ignored       26  /* lane_is_not_lost */
#define tid_changed_by_exec   27  /* lane_is_not_lost */
#define tries_held            28  /* one_owner */
#define dies_after_lost_race  29  /* one_owner */
#define dies_after_unlock     35  /* one_owner */
#define torn_not_cleared      30  /* holds: a second count comes to the same number */
#define torn_counted_first    31  /* torn_once */
#define torn_cleared_first    32  /* torn_once */
#define totals_after_even     33  /* totals_fit */
#define ready_before_pages    34  /* pages_before_touch */
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
#define died_pending          56
#define died_unlocking        57
#define death_read            58

mtype = {
  model_large_enough, reached, stores_in_order,
  /* as in lane.pml */
  record_is_whole, reader_moves_on, lost_only_if_overwritten, nothing_left_unread, books_balance,
  one_owner,               /* I1 */
  lane_is_not_lost,        /* a lane is free or marked, or somebody who lives holds it */
  death_is_seen,           /* whoever reads the mark sees all that the dead owner saw and stored */
  position_written_once,   /* a record that was published is never written anew */
  published_is_taken_in,   /* every published record is below head, or the remainder says so */
  torn_once,               /* every half-written record is counted, once */
  totals_fit,              /* I3: totals count what was published, and at most the torn beside it */
  pages_before_touch       /* nobody touches a lane's pages before they are there */
};

/* The lock word: free, a tid, or died. */
#define free     0
#define died     100
#define tid(id)  (EQUAL_TIDS -> 1 : (id) + 1)
#define is_held(word)  ((word) != free && (word) != died)

/* The states of a lane. */
#define never    0
#define ready    1

/* pending[] */
#define trying      1
#define unlocking   2
#define tried_held  3

#define LOCK            0
#define STATE           1
#define HEAD            2
#define TORN            3
#define PAGES           4
#define TOTAL           5
#define SEQUENCE(slot)  (6 + (slot))
#define WORD(slot, i)   (6 + CAPACITY + (slot))
#define LOCATIONS       (6 + 2 * CAPACITY)
#define settling        255   /* kSettling */
#define POSITIONS       (LIVES * RECORDS + LEFT * CAPACITY + 1)
#define MESSAGES        14
#define known          views[me]   /* global: the kernel hands on what the dead had seen */
#include "memory.pml"

View views[LIVES + 1];

hidden byte ignored;
byte started;
bit over;                      /* no step of any thread any more */
bit killed[LIVES];
bit holds[LIVES];              /* has the lane */
bit listed[LIVES];
byte pending[LIVES];
bit half[LIVES];               /* has begun a record and not published it */
bit published[POSITIONS];
byte author[POSITIONS];        /* of what was published there, + 1 */
byte published_count, torn_really = LEFT;
byte last_dead;                /* whose mark stands in the word, + 1 */
bit not_recoverable;           /* glibc: unlocked after a death, and never declared consistent */
byte fails;                    /* times that there was no memory */

#define content(p)      (100 + author[p])   /* no count of torn records looks like it */
#define real(where)     (memory[where].at[memory[where].last].value)
#include "read_lane.pml"

inline take() {
  for (every : 0 .. LIVES - 1) { must(one_owner, every == me || !holds[every]) };
  holds[me] = true
}

inline touch() {
  must(pages_before_touch, known.at[PAGES] > 0 && memory[PAGES].at[known.at[PAGES]].value)
}

/* Steps. A thread may end, and others may act, between any two of them. A load of what the lane's
 * owner alone stores (all but LOCK, as long as `one_owner` holds) is one step with what the owner
 * does next: the load finds the same whenever it takes place. The condition that leads to a step is
 * part of it. */
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

/* A thread that is through with the lane. What it knows can matter to nobody any more. */
inline give_up() {
  word = 0; dead = 0; won = 0; has_memory = 0; position = 0; records = 0;
  if
  :: !holds[me] -> for (each : 0 .. LOCATIONS - 1) { known.at[each] = 0 }
  :: else
  fi
}

/* pthread_mutex_trylock(), up to its compare-and-swap. It loads the word once more: an old value
 * would only turn it away, as the first load does already. */
inline try_lock() {
  d_step {
    won = (!is_held(real(LOCK)) || mutant(no_lock));
    if
    :: won ->
       dead = ((mutant(hint_tells_who_died) -> word : real(LOCK)) == died);
       modify(order(acquire, trylock_cas), LOCK, tid(me));
       take()
    :: else -> reachable(lost_race); give_up()
    fi;
    word = 0
  }
}

/* pthread_mutex_unlock(). It takes the lock off the list before it gives it back. */
inline unlock() {
  d_step { pending[me] = unlocking; listed[me] = false };
  d_step {
    modify(order(release, unlock_store), LOCK, free);
    holds[me] = false;
    if :: dead && mutant(no_consistent) -> not_recoverable = true :: else fi
  };
  pending[me] = 0
}

proctype process(byte me) {
  byte word, position, sequence, total, records;
  bit won, dead;      /* has the lock; its last owner died */
  bit has_memory;     /* had it when the lock was taken */
  {
  atomic {
    /* They are alike, so that they may be numbered in the order of their first steps. */
    started == me -> started++;
    load(relaxed, LOCK, word);
    if :: mutant(hint_tells_the_state) -> load(relaxed, STATE, has_memory) :: else fi;
    if
    :: !is_held(word) -> pending[me] = trying
    :: is_held(word) && mutant(tries_held) -> pending[me] = tried_held; give_up()
    :: else -> give_up()
    fi
  };
  if
  :: atomic { pending[me] == trying -> try_lock() };
     atomic {
       listed[me] = won; pending[me] = 0;
       if :: won && !mutant(hint_tells_the_state) -> load(relaxed, STATE, has_memory) :: else fi
     }
  :: pending[me] == tried_held -> pending[me] = 0
  :: else
  fi;
  if
  :: atomic { won && !has_memory && fails < FAILS -> fails++ };
     unlock();
     d_step { give_up() }
  :: atomic {
       won && !has_memory ->
       if
       :: mutant(ready_before_pages) -> store(release, STATE, ready)
       :: else -> store(relaxed, PAGES, 1)
       fi
     };
     if
     :: mutant(ready_before_pages) -> store(relaxed, PAGES, 1)
     :: else -> store(order(release, ready_store), STATE, ready)
     fi
  :: won && has_memory
  :: !won
  fi;
  if
  :: atomic {
       won ->
       load(order(acquire, owned_head_load), HEAD, position);
       if
       :: dead && has_memory && !mutant(no_settle) ->
          reachable(take_over);
          load(order(acquire, settle_load), SEQUENCE(slot_of(position)), sequence);
          touch()
       :: dead && !has_memory -> reachable(take_over_in_claiming)
       :: !dead && has_memory -> reachable(reuse)
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
     :: skip   /* it lives on with its lane */
     :: unlock()
     fi;
     d_step { give_up() }
  :: else
  fi
  } unless {
    if
    :: d_step {
         killed[me] ->
         word = 0; dead = 0; won = 0; has_memory = 0; position = 0; records = 0;
         sequence = 0; total = 0
       }
    :: over
    fi
  }
}

/* Another thread of the same tid may have the lock that such a thread's pending pointer names. */
#define kernel_may_err(id) \
  (EQUAL_TIDS && !holds[id] && ((pending[id] == trying && !mutant(dies_after_lost_race)) || \
                                (pending[id] == unlocking && !mutant(dies_after_unlock))))

/* The end of a thread, at any time, and the kernel's mark. */
proctype killer(byte me) {
  if
  :: d_step {
       !over && (holds[me] || pending[me]) && !kernel_may_err(me) ->
       killed[me] = true;
       torn_really = torn_really + half[me];
       half[me] = false;
       if :: pending[me] == trying && holds[me] -> reachable(died_pending) :: else fi;
       if :: pending[me] == unlocking && !holds[me] -> reachable(died_unlocking) :: else fi;
       if
       :: real(LOCK) == tid(me) && !mutant(tid_changed_by_exec) &&
          (listed[me] || (pending[me] && !mutant(pending_ignored))) ->
          modify((mutant(mark_store) || mutant(mark_store_to_reader) -> relaxed : acq_rel), LOCK,
                 died);
          if
          :: last_dead > 0 ->
             for (each : 0 .. LOCATIONS - 1) { views[last_dead - 1].at[each] = 0 }
          :: else
          fi;
          last_dead = me + 1
       :: else -> for (each : 0 .. LOCATIONS - 1) { known.at[each] = 0 }
       fi;
       holds[me] = false; listed[me] = false; pending[me] = 0
     }
  :: over
  fi
}

/* Looks at the lock word: whoever reads the mark that stands there has seen all that the dead owner
 * stored. */
inline look_at_word() {
  atomic {
    load(order(acquire, word_load), LOCK, i);
    d_step {
      if
      :: i == died && last_dead > 0 && known.at[LOCK] == memory[LOCK].last ->
         reachable(death_read);
         for (every : 0 .. LOCATIONS - 1) {
           must(death_is_seen, known.at[every] >= views[last_dead - 1].at[every])
         }
      :: else
      fi;
      i = 0
    };
    start_anew(over)
  }
}

inline look_at_remains() {
  i = 0;
  for (every : 0 .. LIVES - 1) {
    torn_really = torn_really + half[every];
    i = i + holds[every]
  };
  must(lane_is_not_lost, !not_recoverable && (!is_held(real(LOCK)) || i > 0));
  position = real_head;
  sequence = real_sequence(slot_of(position));
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
       load(order(acquire, ready_load), STATE, i);
       if
       :: i == ready ->
          touch();
          if :: position > 0 && is_held(real(LOCK)) -> reachable(reader_while_owned) :: else fi
       :: else -> start_anew(over); i = 0
       fi
     };
     if
     :: i > 0 -> i = 0; read_lane(false)
     :: else
     fi
  :: look_at_word()
  :: READER -> over = true; break
  :: d_step { !READER -> over = true; look_at_remains() }; break
  od;
  /* Nobody moves any more. The daemon reads to the end, and counts what lane_remainder() finds at
   * head. */
  if
  :: READER ->
     read_lane(true);
     must(books_balance, position == real_head && position == counted);
     d_step { look_at_remains() }
  :: else
  fi
}

/* The lane of an owner who died in the middle of his first record of the second lap. */
inline leave_torn() {
  store(relaxed, PAGES, 1);
  store(release, STATE, ready);
  do
  :: n < CAPACITY ->
     author[n] = LIVES + 1;
     store(release, WORD(n, 0), content(n));
     store(release, TOTAL, n + 1);
     store(release, SEQUENCE(n), 2 * (n + 1));
     n++;
     store(release, HEAD, n);
     published[n - 1] = true
  :: else -> break
  od;
  published_count = CAPACITY;
  store(relaxed, SEQUENCE(0), 2 * CAPACITY + 1);
  store(release, TOTAL, CAPACITY + 1);
  d_step { modify(acq_rel, LOCK, died) };
  start_anew(false)
}

init {
  atomic {
    byte n, me;
    choose();
    if :: LEFT -> leave_torn() :: else fi;
    for (n : 1 .. LIVES) { run process(n - 1); run killer(n - 1) };
    run reader()
  }
}
