/* The C++ memory model, as far as the ring needs it. Every atomic location keeps the history of its
 * stores. Every thread has a view: the oldest store of each location that it may still see.
 * (This is the operational reading of release and acquire: Kang et al., "A promising semantics for
 * relaxed-memory concurrency", POPL 2017, without its promises. The axioms are RC11's, Lahav et
 * al., PLDI 2017.)
 *
 *   location      0        1        2        3 = last   the location's modification order
 *   SEQUENCE(0)   0        1        2        5
 *                          ^ with a view that stands here, a load may answer 1, 2 or 5
 *
 *   load          picks any store that is not older than the view allows, and moves the view there;
 *                 an acquire load also takes over the view that came with the store
 *   store         goes to the end of the history; a release store carries its thread's view along,
 *                 a relaxed one carries nothing
 *   read, modify, write
 *                 takes the last store, and hands on its view with its own (C++20: a release
 *                 sequence goes on through read-modify-writes of any thread, and through nothing
 *                 else)
 *
 * So a relaxed store may be seen later than what its thread stores after it, and a relaxed load may
 * give an older value than a load before it. That is all that a weak machine can do here, x86's
 * store buffer and ARM's speculation included.
 *
 * What this leaves out, and why it may:
 *   - A load never sees a store that is not yet executed (no load buffering, as in RC11). Load
 *     buffering takes a cycle of relaxed loads, each followed by a store that does not depend on
 *     it. In the ring a store that follows a relaxed load depends on it, is a release, or goes to a
 *     word that its thread alone writes.
 *   - A store goes to the end of its location's history. C++ lets a store that is not ordered after
 *     the others slip in before them. The model asserts that this never happens: `stores_in_order`
 *     fails at the first store whose thread has not seen all of them (but for read-modify-writes,
 *     before which nothing fits), and at the first compare-and-swap that might have matched an
 *     older one. Up to that store both machines do the same, so if it never fails they always do.
 *   - There are no fences and no seq_cst: the ring uses none.
 *   - Values are bytes, and there are few of them. The size of a word is not the model's subject.
 *
 * The file that includes this one defines LOCATIONS. It also defines MESSAGES, the longest history
 * that can come about (a longer one fails as `model_large_enough`). Each proctype declares
 * `View known;`, its own view. */

#define relaxed 0
#define acquire 1
#define release 2
#define acq_rel 3

/* What must hold: pan's message says which property did not. -DMUTANT=name switches in a weakening
 * or a defect; each model lists its own, numbered from 1. With -DFOCUS=property only that property
 * is checked, so that each mutant has to break the very thing that it is said to break. models.py
 * tries all mutants. It compiles a model once and tells the finished pan. */
#ifdef AT_RUN_TIME
hidden byte MUTANT, FOCUS;
c_decl { extern char *getenv(const char *); extern int atoi(const char *); };
inline choose() {
  c_code {
    if (getenv("MUTANT")) MUTANT = atoi(getenv("MUTANT"));
    if (getenv("FOCUS")) FOCUS = atoi(getenv("FOCUS"));
  }
}
#else
inline choose() { skip }
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef FOCUS
#define FOCUS 0
#endif
#endif
#define mutant(name) (MUTANT == name)
#define must(property, condition) \
  assert(!(property) || (condition) || (FOCUS && FOCUS != property))

/* The order at one end of a pair, weakened to relaxed by its mutant. */
#define order(strong, name) (mutant(name) -> relaxed : strong)
/* A state that the model must reach, or it proves nothing: the mutant of that name fails there. */
#define reachable(name) must(reached, !mutant(name))

typedef View { byte at[LOCATIONS] }
typedef Message { byte value; bit modified; View view }   /* modified: by a read-modify-write */
typedef Location { byte last; Message at[MESSAGES] }

Location memory[LOCATIONS];
byte picked;                 /* inside one atomic step only */
hidden byte each, every;     /* inside one d_step only */

inline learn(theirs, first, final) {
  for (each : first .. final) {
    if :: theirs.at[each] > known.at[each] -> known.at[each] = theirs.at[each] :: else fi
  };
  skip
}

/* A load that, if it acquires, learns of the locations first..final alone. C++ gives more. A
 * thread that needs no more has fewer states, and can do more than a real thread, never less. */
inline load_within(first, final, how, where, into) {
  atomic {
    picked = known.at[where];
    do :: picked < memory[where].last -> picked++ :: break od;
    known.at[where] = picked;
    into = memory[where].at[picked].value;
    if
    :: (how) & acquire -> d_step { learn(memory[where].at[picked].view, first, final) }
    :: else
    fi;
    picked = 0
  }
}

inline load(how, where, into) { load_within(0, LOCATIONS - 1, how, where, into) }

/* Appends a message; inside a d_step. */
inline append(how, where, what, by_rmw) {
  assert(!model_large_enough || memory[where].last + 1 < MESSAGES);
  memory[where].last++;
  known.at[where] = memory[where].last;
  memory[where].at[memory[where].last].value = what;
  memory[where].at[memory[where].last].modified = by_rmw;
  if
  :: (how) & release ->
     for (each : 0 .. LOCATIONS - 1) {
       memory[where].at[memory[where].last].view.at[each] = known.at[each]
     };
     skip
  :: else
  fi
}

inline store(how, where, what) {
  d_step {
    for (every : known.at[where] + 1 .. memory[where].last) {
      must(stores_in_order, memory[where].at[every].modified)
    };
    append(how, where, what, 0)
  }
}

/* The half of a read-modify-write that follows its load of the last message; inside a d_step. */
inline modify(how, where, what) {
  if
  :: (how) & acquire -> learn(memory[where].at[memory[where].last].view, 0, LOCATIONS - 1)
  :: else
  fi;
  append(how, where, what, 1);
  /* The release sequence: the view of the message that was read goes on to this one's readers. */
  for (each : 0 .. LOCATIONS - 1) {
    if
    :: memory[where].at[memory[where].last - 1].view.at[each] >
       memory[where].at[memory[where].last].view.at[each] ->
       memory[where].at[memory[where].last].view.at[each] =
         memory[where].at[memory[where].last - 1].view.at[each]
    :: else
    fi
  };
  skip
}

/* fetch_add(1); `before` is what was there. */
inline fetch_add(how, where, before) {
  d_step {
    before = memory[where].at[memory[where].last].value;
    modify(how, where, before + 1)
  }
}

/* compare_exchange_strong, relaxed where it fails. A failure may come from an older message with
 * another value. */
inline compare_exchange(how, where, expected, desired, success) {
  atomic {
    picked = known.at[where];
    do
    :: picked < memory[where].last ->
       /* An older message that matches may be passed over only if another modification has taken
        * it, or if nobody could tell: the value to be written stands there next, or there
        * already. */
       must(stores_in_order,
            memory[where].at[picked].value != (expected) ||
            memory[where].at[picked + 1].modified ||
            (!((how) & release) && (memory[where].at[picked + 1].value == (desired) ||
                                    (expected) == (desired))));
       picked++
    :: memory[where].at[picked].value != (expected) ->
       known.at[where] = picked; success = false; break
    :: (expected) == (desired) && !((how) & release) &&
       memory[where].at[picked].value == (expected) ->
       known.at[where] = picked; success = true; break   /* writes what is there */
    :: picked == memory[where].last && memory[where].at[picked].value == (expected) &&
       ((expected) != (desired) || ((how) & release)) ->
       d_step { modify(how, where, desired); success = true };
       break
    od;
    picked = 0
  }
}

/* A thread that is new here, or may be: its view is empty. Whatever it could do with a fuller view
 * it can do with this one, so a thread that forgets now and then does more than a real one, and has
 * fewer states. `all` is the opposite: every store has arrived, as each does in the end. */
inline start_anew(all) {
  d_step {
    for (each : 0 .. LOCATIONS - 1) { known.at[each] = (all -> memory[each].last : 0) };
    skip
  }
}
