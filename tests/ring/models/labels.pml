/* One set of the table of labels: shm/labels.cpp give_label() with enter() and remove(), and
 * copy_of() with find(). Several writers each give an id a label, or take one away. Each may stop
 * for good with an entry in its hands (a dead writer and one that sleeps for as long as anybody
 * looks are the same: nobody asks who it was).
 *
 *   give     number + 1 -> find: the id's entry, else an empty one, else the oldest label's
 *            -> sequence: even to odd -> id -> words -> even                     or: dropped
 *   remove   each entry of the id: number + 1 -> even to odd -> id = 0 -> words = 0 -> sequence = 0
 *   reader   sequence -> id -> words -> sequence, of each entry; the id's latest
 *
 * Smaller than life: WAYS entries, WRITERS writers with one call each, one word. The word holds the
 * number of its call, so that a mixture shows. The kind is left out: it is a part of the id. */

#ifndef WAYS
#define WAYS 2
#endif
#ifndef WRITERS
#define WRITERS 3
#endif
#define ATTEMPTS 2   /* of enter(); one fails only because another writer was faster */

/* What breaks when it is switched on; `holds` where nothing does, with the reason. models.py checks
 * it. */
/* Orders, weakened at one end. */
#define publish_store         1   /* label_is_whole */
#define hand_over_store       2   /* stores_in_order */
#define poll_load             3   /* label_is_whole */
#define words_store           4   /* label_is_whole */
#define words_load            5   /* label_is_whole */
#define hand_over_cas         6   /* stores_in_order */
#define removal_store         7   /* stores_in_order */
/* Defects. */
#define no_second_check       20  /* label_is_whole */
#define id_before_sequence    21  /* label_is_whole */
#define no_compare_and_swap   22  /* stores_in_order */
#define odd_is_taken          23  /* stores_in_order */
#define number_comes_twice    24  /* label_is_whole */
#define first_is_shown        25  /* later_is_shown */
#define newest_gives_way      26  /* oldest_gives_way */
#define removes_first_only    27  /* removed_is_gone */
#define empty_is_not_taken    28  /* given_is_shown */
/* States that must be reachable. */
#define given_anew            40
#define gave_way              41
#define emptied               42
#define lost_race             43
#define died_inside           44
#define twice_there           45
#define all_are_odd           46
#define changed_meanwhile     47

mtype = {
  model_large_enough, reached, stores_in_order,
  label_is_whole,          /* an accepted copy is one label, all of it, under its own id */
  later_is_shown,          /* of two labels that one id got at once, the later one */
  oldest_gives_way,        /* a label gives way to another id's only if no older one is left */
  given_is_shown,          /* when all is still: a label that is given now is shown */
  removed_is_gone          /* and one that is taken away now is not */
};

#define IDS               2
#define CALLS             (WRITERS + 2 * WAYS + 2)
#define SEQUENCE(way)     (3 * (way))
#define ID(way)           (3 * (way) + 1)
#define WORD(way)         (3 * (way) + 2)
#define LOCATIONS         (3 * WAYS)
#define MESSAGES          (2 * (WRITERS + 2) + 1)
#include "memory.pml"

#define real(where)       (memory[where].at[memory[where].last].value)
#define is_odd(n)         ((n) & 1)
#define none              255

byte started;
byte given;                 /* labels_given: changed by additions alone, it needs no history */
byte id_of[CALLS + 1];      /* of each number that was given */

inline next_number(of_id) { given++; id_of[given] = of_id }

#define load_entry(way, how, where, into) \
  load_within(SEQUENCE(way), WORD(way), how, where, into)

/* copy_of(): `sequence` is 0 if there is none. */
inline copy(way) {
  if :: mutant(id_before_sequence) -> load_entry(way, acquire, ID(way), found_id) :: else fi;
  load_entry(way, order(acquire, poll_load), SEQUENCE(way), sequence);
  if
  :: sequence == 0 || is_odd(sequence) -> sequence = 0
  :: else ->
     if
     :: !mutant(id_before_sequence) ->
        load_entry(way, order(acquire, words_load), ID(way), found_id)
     :: else
     fi;
     load_entry(way, order(acquire, words_load), WORD(way), word);
     load(relaxed, SEQUENCE(way), again);
     if
     :: again != sequence && !mutant(no_second_check) ->
        reachable(changed_meanwhile);
        sequence = 0
     :: else ->
        must(label_is_whole, found_id == id_of[word]);
        must(label_is_whole, sequence == 2 * word || mutant(number_comes_twice))
     fi;
     again = 0
  fi
}

/* find(): `had` and `at`, and `text`. */
inline find(of_id) {
  had = 0; text = 0; way = 0;
  do
  :: way < WAYS ->
     copy(way);
     if
     :: sequence > 0 && found_id == of_id && sequence >= had &&
        !(mutant(first_is_shown) && had > 0) ->
        had = sequence; at = way; text = word
     :: else
     fi;
     sequence = 0; found_id = 0; word = 0;
     way++
  :: way == WAYS -> break
  od;
  way = 0
}

/* enter(), where the id has no label: `had` and `at` of an empty entry, or of the oldest label.
 * `had` is none if all are odd. */
inline choose_entry() {
  had = none;
  do
  :: way < WAYS ->
     load(relaxed, SEQUENCE(way), sequence);
     if
     :: (!is_odd(sequence) || mutant(odd_is_taken)) &&
        (had == none || (sequence < had && !mutant(newest_gives_way)) ||
         (sequence > had && mutant(newest_gives_way))) &&
        (sequence > 0 || !mutant(empty_is_not_taken)) ->
        had = sequence; at = way
     :: else
     fi;
     sequence = 0;
     way++
  :: way == WAYS -> break
  od;
  way = 0
}

/* What the writer knew before brings it nothing that it needs. */
inline take(all) {
  start_anew(all);
  if
  :: mutant(no_compare_and_swap) -> store(relaxed, SEQUENCE(at), 2 * number - 1); won = true
  :: else ->
     compare_exchange(order(acquire, hand_over_cas), SEQUENCE(at), had, 2 * number - 1, won)
  fi
}

/* write(), and the even sequence or 0. One step: others see the entry as taken until the last of
 * these stores, whenever a reader sees the first. */
inline write(of_id, what, published, how) {
  atomic {
    store(order(release, words_store), ID(at), of_id);
    store(order(release, words_store), WORD(at), what);
    store(how, SEQUENCE(at), published)
  }
}

#define sequence_to_be  (2 * number + mutant(number_comes_twice) * (had + 2 - 2 * number))

/* One attempt of enter(). A load is one step with the compare-and-swap after it: it may give any
 * older value, so it need not come sooner. */
inline attempt(id, all) {
  find(id);
  text = 0;
  if
  :: had > 0 -> reachable(given_anew)
  :: else ->
     choose_entry();
     if :: had != none && had > 0 -> reachable(gave_way) :: else fi
  fi;
  if
  :: had == none -> attempts = 0
  :: else -> take(all); attempts--; if :: !won -> reachable(lost_race) :: else fi
  fi
}

proctype writer(byte me) {
  View known;
  byte id, number, had, at, text, attempts, way, sequence, again, found_id, word;
  bit won;
  atomic {
    started == me -> started++;   /* they are alike */
    if :: id = 1 :: id = 2 fi
  };
  if
  :: atomic {
       next_number(id); number = given;
       attempts = ATTEMPTS
     };
     do
     :: atomic { !won && attempts > 0 -> attempt(id, false) }
     :: won || attempts == 0 -> break
     od;
     if
     :: won -> write(id, number, sequence_to_be, (mutant(publish_store) || mutant(hand_over_store)
                                                  -> relaxed : release))
     :: won -> reachable(died_inside)
     :: !won
     fi
  :: attempts = 0;
     do
     :: attempts < WAYS ->
        atomic {
          way = attempts;
          copy(way);
          if
          :: sequence > 0 && found_id == id ->
             next_number(0); number = given;
             had = sequence; at = way;
             take(false)
          :: else
          fi;
          sequence = 0; found_id = 0; word = 0; way = 0
        };
        if
        :: won ->
           write(0, 0, 0, order(release, removal_store));
           reachable(emptied)
        :: !won
        fi;
        won = false;
        attempts++
     :: attempts == WAYS -> break
     od
  fi;
  atomic {
    start_anew(false);
    id = 0; number = 0; had = 0; at = 0; attempts = 0; won = 0
  }
}

/* What every reader may see: it stores nothing, so it looks when nobody else can do any step. What
 * it could have seen before, it can see then. */
inline look() {
  way = 0;
  do
  :: way < WAYS -> copy(way); sequence = 0; found_id = 0; word = 0; way++
  :: way == WAYS -> break
  od;
  way = 0
}

/* Whether an entry of the id is there that find() should have preferred. */
inline check_shown(of_id) {
  for (every : 0 .. WAYS - 1) {
    if
    :: real(SEQUENCE(every)) > 0 && !is_odd(real(SEQUENCE(every))) && real(ID(every)) == of_id ->
       must(later_is_shown, had >= real(SEQUENCE(every)));
       if :: had > real(SEQUENCE(every)) -> reachable(twice_there) :: else fi
    :: else
    fi
  }
}

/* When all is still, a reader gives a label and takes one away. All that the others stored has
 * arrived. */
proctype reader() {
  View known;
  byte id, number, had, at, text, attempts, way, sequence, again, found_id, word;
  bit won;
  atomic {
    timeout;
    look();
    start_anew(true);
    if :: id = 1 :: id = 2 :: id = 3 fi;
    find(id);
    d_step { check_shown(id) };
    next_number(id); number = given;
    attempts = 1;
    attempt(id, true);
    if
    :: !won ->
       d_step {
         for (every : 0 .. WAYS - 1) { must(given_is_shown, is_odd(real(SEQUENCE(every)))) };
         reachable(all_are_odd)
       }
    :: won ->
       d_step {
         for (every : 0 .. WAYS - 1) {
           must(oldest_gives_way,
                id_of[had / 2] == id || is_odd(real(SEQUENCE(every))) ||
                real(SEQUENCE(every)) >= had)
         }
       };
       write(id, number, sequence_to_be, release);
       find(id);
       must(given_is_shown, text == number)
    fi
  };
  /* remove() */
  atomic {
    attempts = 0;
    do
    :: attempts < WAYS ->
       way = attempts;
       copy(way);
       if
       :: sequence > 0 && found_id == id && !(mutant(removes_first_only) && won) ->
          next_number(0); number = given;
          had = sequence; at = way;
          take(true);
          write(0, 0, 0, release)
       :: else
       fi;
       sequence = 0; found_id = 0; word = 0;
       attempts++
    :: attempts == WAYS -> break
    od;
    find(id);
    must(removed_is_gone, had == 0)
  }
}

init {
  atomic {
    byte n;
    choose();
    for (n : 1 .. WRITERS) { run writer(n - 1) };
    run reader()
  }
}
