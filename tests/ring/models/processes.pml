/* How an entry of the process table changes hands, and what a reader makes of it: shm/processes.cpp
 * take_entry(), enter_process(), hold_process(), entered_at_claim(), leave_process(),
 * look_at_entries() and gauge_value(); producer/thread_lane.cpp stay_entered(). Several processes
 * each want the one entry. Each may be killed before any step, and the kernel then marks the locks
 * that it holds.
 * Over 400 lines: the properties are about all steps together, and Spin checks one model at a time.
 *
 *   enter     registry -> standing, lock, lane: nobody's? -> standing: exchange to free -> lane:
 *             still nobody's? -> word: take_along(), then compare-and-swap -> gauge = 0 -> pid ->
 *             standing = entered -> registry       or: standing as it was -> registry
 *   let go    word = 0                             its thread ends, the process lives on
 *   hold      word, standing -> registry -> standing -> word: compare-and-swap -> registry
 *   claim     lane -> standing: or 0               and, where the entry is lost, hold
 *   leave     standing -> left + 1 -> standing: compare-and-swap to left -> word = 0
 *   reader    standing -> pid -> word -> standing -> gauge -> standing
 *
 * The number of a process in the entry is its tenure. A gauge's value tells in whose tenure it was
 * stored: 2n is the zero of tenure n, 2n + 1 what its process stored. The pid stands for start time
 * and namespace, which are stored and loaded alike.
 *
 * Smaller than life: LIVES processes, one entry, one gauge. The robust mutex is one step here
 * (claim.pml has its steps). A process holds its entry while it stores a gauge. There is one lane.
 * Its lock and the entry that it names are one word: 0, or the tenure of its owner. Who has lost
 * its entry at its claim gives up, where the code would enter anew. */

#ifndef LIVES
#define LIVES 2
#endif
#ifndef HOLDS
#define HOLDS 1   /* times that a process lets go of its entry, and wants to hold it again */
#endif

/* What breaks when it is switched on; `holds` where nothing does, with the reason. models.py checks
 * it. */
/* Orders, weakened at one end. */
#define take_along_rmw        1   /* lock_is_theirs */
#define lock_load             2   /* lock_is_theirs */
#define pid_store             3   /* pid_is_theirs */
#define pid_load              4   /* pid_is_theirs */
#define standing_store        5   /* pid_is_theirs */
#define standing_load         6   /* pid_is_theirs */
#define zero_store            7   /* gauge_is_theirs */
#define gauge_store           8   /* gauge_is_theirs */
#define gauge_load            9   /* gauge_is_theirs */
#define registry_unlock       10  /* living_stands */
#define registry_lock         11  /* living_stands */
#define trylock_cas           12  /* holds: the look at the word before it has brought all along */
#define unlock_store          13  /* stores_in_order */
#define mark_store            14  /* stores_in_order */
#define hold_load             15  /* by_another_is_ours */
#define taking_exchange       16  /* writer_stands */
#define taking_claim          17  /* writer_stands */
/* Defects. */
#define lock_before_standing  20  /* lock_is_theirs */
#define no_second_look        21  /* pid_is_theirs */
#define no_look_after_gauge   22  /* gauge_is_theirs */
#define zero_after_standing   23  /* gauge_is_theirs */
#define leave_stores          24  /* living_stands */
#define left_is_not_added     25  /* left_is_counted */
#define hold_without_registry 26  /* living_stands */
#define hold_without_look     27  /* lock_is_theirs */
#define taken_while_held      28  /* one_holder */
#define no_look_after_taking  29  /* writer_stands */
#define no_look_after_claim   30  /* writer_stands */
#define no_look_before_taking 31  /* holds: the look after it sees the same lane */
#define lost_without_registry 32  /* given_back_stays */
/* States that must be reachable. */
#define taken_from_the_dead   40
#define taken_from_who_let_go 41
#define died_while_taking     42
#define left_too_late         43
#define held_again            44
#define hold_lost             45
#define found_changed         46
#define gauge_left_out        47
#define dead_looked_at        48
#define living_looked_at      49
#define left_to_a_lane        50
#define claim_lost            51
#define came_back             52

mtype = {
  model_large_enough, reached, stores_in_order,
  one_holder,              /* at most one process holds the entry's lock */
  lock_is_theirs,          /* P2: a lock that is held under `entered` is held in that tenure */
  pid_is_theirs,           /* P1: a pid is shown with its own process's number alone */
  gauge_is_theirs,         /* P1: so is a gauge's value: never a predecessor's, never the next's */
  by_another_is_ours,      /* who finds the entry held by another thread finds its own process's */
  living_stands,           /* who holds the entry stands in it, entered or entering */
  left_is_counted,         /* everyone who left is counted, once */
  writer_stands,           /* P4: who writes in a lane stands in the entry that it names */
  given_back_stays         /* P4: who got its entry back does not take it for lost */
};

/* The lock word: free, a process's number, or died. */
#define free      0
#define died      100
#define is_held(word)  ((word) != free && (word) != died)

/* Phases, and `standing`. */
#define taken     0            /* kPhaseFree */
#define entered   1
#define has_left  2
#define stands_as(tenure, phase)  (4 * (tenure) + (phase))

#define LOCK            0
#define STANDING        1
#define GAUGE           2
#define PID             3
#define LANE            4
#define LOCATIONS       5
#define MESSAGES        (7 * LIVES + 1)
#define known           views[me]   /* global: the kernel hands on what the dead had seen */
#include "memory.pml"

View views[LIVES + 1];
View registry;                 /* what its last holder knew */

#define real(where)     (memory[where].at[memory[where].last].value)

hidden byte ignored;
byte started;
bit killed[LIVES], holds[LIVES];
bit writes[LIVES];             /* in the lane */
bit gave_up[LIVES];            /* found its entry lost */
byte registrar;                /* who holds the registry, + 1 */
byte tenure[LIVES];            /* of each process; 0: it has not entered */
byte tenant[LIVES + 1];        /* of each tenure, + 1 */
byte lock_tenure[MESSAGES];    /* in which each message of LOCK was stored by a holder */
byte left, left_really;        /* `left` is changed by additions alone: they need no history */
/* Of gauge, pid and lane a run has one, and leaves the others out. */
bit gauge_looked_at, lane_claimed;

inline forget() {
  for (each : 0 .. LOCATIONS - 1) { known.at[each] = 0 };
  skip
}

inline hand_on() {
  for (each : 0 .. LOCATIONS - 1) { registry.at[each] = known.at[each] };
  skip
}
inline take_registry() {
  d_step {
    registrar == 0 ->
    registrar = me + 1;
    if :: !mutant(registry_lock) -> learn(registry, 0, LOCATIONS - 1) :: else fi
  }
}
inline give_registry() {
  d_step {
    if :: !mutant(registry_unlock) -> hand_on() :: else fi;
    registrar = 0
  }
}

/* pthread_mutex_trylock() of the entry's lock. `number`: the tenure that it is to be held in. */
inline try_lock(number) {
  d_step {
    won = !is_held(real(LOCK)) || mutant(taken_while_held);
    if
    :: won ->
       for (every : 0 .. LIVES - 1) { must(one_holder, !holds[every]) };
       if :: real(LOCK) == died -> reachable(taken_from_the_dead) :: else fi;
       if
       :: real(LOCK) == free && number > 1 && tenure[me] == 0 -> reachable(taken_from_who_let_go)
       :: else
       fi;
       modify(order(acquire, trylock_cas), LOCK, me + 1);
       lock_tenure[memory[LOCK].last] = number;
       holds[me] = true
    :: else
    fi
  }
}

inline give_back() {
  d_step { modify(order(release, unlock_store), LOCK, free); holds[me] = false }
}

/* Steps. A process may be killed, and others may act, between any two of them. A load is one step
 * with what follows it in its thread: it may give any older value, so it need not come sooner. So
 * are stores that nobody but a reader sees: it may see the earlier one alone. */

/* take_entry(). */
inline take_entry() {
  atomic {
    take_registry();
    load(relaxed, STANDING, standing);
    number = standing / 4 + 1;
    load(acquire, LOCK, word);
    won = !is_held(word) || mutant(taken_while_held);
    load(acquire, LANE, word);
    won = won && (word == free || word != number - 1 || standing % 4 == has_left ||
                  mutant(no_look_before_taking));
    standing = 0; word = 0
  };
  if
  :: !won -> give_registry()
  :: won && mutant(lock_before_standing) ->
     try_lock(number);
     if :: won -> store(relaxed, STANDING, stands_as(number - 1, taken)) :: else fi
  :: won && !mutant(lock_before_standing) ->
     d_step {
       standing = real(STANDING);
       modify(order(acquire, taking_exchange), STANDING, stands_as(number - 1, taken))
     };
     atomic {
       load(acquire, LANE, word);
       won = (word == free || word != number - 1 || standing % 4 == has_left ||
              mutant(no_look_after_taking));
       word = 0
     };
     if
     :: !won ->
        atomic {
          compare_exchange(relaxed, STANDING, stands_as(number - 1, taken), standing, won);
          for (every : 0 .. LIVES - 1) {
            must(given_back_stays, !gave_up[every] || tenure[every] != number - 1)
          };
          won = false; standing = 0; number = 0;
          give_registry();
          reachable(left_to_a_lane)
        }
     :: else ->
        d_step {
          standing = 0;
          word = real(LOCK);
          modify(order(release, take_along_rmw), LOCK, word);
          word = 0
        };
        try_lock(number)
     fi
  fi
}

/* The rest of enter_process(). */
inline stand_in_entry() {
  atomic {
    if
    :: gauge_looked_at && !mutant(zero_after_standing) ->
       store(order(release, zero_store), GAUGE, 2 * number)
    :: !gauge_looked_at && !lane_claimed -> store(order(release, pid_store), PID, me + 1)
    :: else
    fi;
    store(order(release, standing_store), STANDING, stands_as(number, entered));
    d_step { for (every : 0 .. LIVES - 1) { must(writer_stands, !writes[every]) } };
    tenure[me] = number;
    tenant[number] = me + 1;
    if
    :: gauge_looked_at && mutant(zero_after_standing) ->
       store(order(release, zero_store), GAUGE, 2 * number)
    :: else
    fi;
    number = 0;
    give_registry()
  }
}

#define ours         stands_as(tenure[me], entered)
#define being_taken  stands_as(tenure[me], taken)

inline hold() {
  atomic {
    load(order(acquire, hold_load), LOCK, word);
    load(relaxed, STANDING, standing);
    must(by_another_is_ours, standing != ours || !is_held(word));
    won = (standing == ours && !is_held(word)) || standing == being_taken;
    word = 0; standing = 0
  };
  if
  :: won && !mutant(hold_without_registry) ->
     atomic {
       take_registry();
       load(relaxed, STANDING, standing);
       won = (standing == ours || mutant(hold_without_look));
       standing = 0;
       if :: !won -> reachable(hold_lost) :: else fi
     };
     if :: won -> try_lock(tenure[me]) :: else fi;
     give_registry()
  :: won && mutant(hold_without_registry) -> try_lock(tenure[me])
  :: else
  fi;
  if :: won -> reachable(held_again) :: else fi;
  won = false
}

/* stay_entered(), after claim_lane(). */
inline claim() {
  d_step {
    standing = real(STANDING);
    modify(order(release, taking_claim), STANDING, standing);
    writes[me] = (standing == ours || mutant(no_look_after_claim));
    must(writer_stands, !writes[me] || standing == ours);
    won = !writes[me];
    standing = 0
  };
  if
  :: won ->
     if
     :: mutant(lost_without_registry) -> load(relaxed, STANDING, standing)
     :: else -> atomic { take_registry(); load(relaxed, STANDING, standing) }
     fi;
     if
     :: standing == ours ->
        reachable(came_back);
        writes[me] = true;
        if
        :: !mutant(lost_without_registry) ->
           if :: !holds[me] -> try_lock(tenure[me]) :: else fi;
           give_registry()
        :: else
        fi
     :: else ->
        reachable(claim_lost);
        d_step { modify(release, LANE, free) };
        if :: !mutant(lost_without_registry) -> give_registry() :: else fi;
        gave_up[me] = true
     fi;
     standing = 0
  :: else
  fi;
  won = false
}

inline leave() {
  atomic { load(relaxed, STANDING, standing); won = (standing == ours); standing = 0 };
  if
  :: won ->
     if
     :: mutant(left_is_not_added) ->
        word = left;
        d_step { left = word + 1; word = 0; left_really++ }
     :: else -> d_step { left++; left_really++ }
     fi;
     if
     :: mutant(leave_stores) -> store(release, STANDING, stands_as(tenure[me], has_left))
     :: else ->
        atomic {
          compare_exchange(release, STANDING, ours, stands_as(tenure[me], has_left), won);
          if :: !won -> reachable(left_too_late) :: else fi
        }
     fi
  :: else
  fi;
  won = false;
  if :: holds[me] -> give_back() :: else fi
}

proctype process(byte me) {
  byte word, standing, number;
  bit won, wrote, let_go, may_hold, claimed;
  {
  atomic { started == me -> started++ };   /* they are alike */
  take_entry();
  if
  :: won ->
     stand_in_entry();
     won = false;
     do
     :: gauge_looked_at && !wrote && holds[me] ->
        wrote = true;
        store(order(release, gauge_store), GAUGE, 2 * tenure[me] + 1)
     :: let_go < HOLDS && holds[me] -> let_go = true; give_back()
     :: let_go && !may_hold && !holds[me] -> may_hold = true; hold()
     :: d_step {
          lane_claimed && !claimed && real(LANE) == free ->
          claimed = true;
          modify(acquire, LANE, tenure[me])
        };
        claim()
     :: d_step { writes[me] -> modify(release, LANE, free); writes[me] = false }
     :: !writes[me] -> leave(); break
     :: break   /* lives on */
     od
  :: else
  fi;
  atomic {
    won = 0; number = 0; wrote = 0; let_go = 0; may_hold = 0; claimed = 0;
    if :: !holds[me] -> forget() :: else fi
  }
  } unless {
    d_step {
      killed[me] ->
      won = 0; number = 0; wrote = 0; let_go = 0; may_hold = 0; claimed = 0;
      word = 0; standing = 0
    }
  }
}

/* The end of a process, at any time, and the kernel's marks. It shows who held the entry. */
proctype killer(byte me) {
end:
  d_step {
    holds[me] || registrar == me + 1 || (tenure[me] != 0 && real(LANE) == tenure[me]) ->
    killed[me] = true;
    if
    :: holds[me] ->
       if
       :: tenure[me] == 0 -> reachable(died_while_taking)
       :: else ->
          must(living_stands, real(STANDING) == stands_as(tenure[me], entered) ||
                              real(STANDING) == stands_as(tenure[me], has_left))
       fi;
       modify((mutant(mark_store) -> relaxed : acq_rel), LOCK, died);
       holds[me] = false
    :: else
    fi;
    if
    :: tenure[me] != 0 && real(LANE) == tenure[me] ->
       modify(acq_rel, LANE, free);
       writes[me] = false
    :: else
    fi;
    if :: registrar == me + 1 -> hand_on(); registrar = 0 :: else fi;
    forget()
  }
}

/* look_at_entries() and gauge_value(), for one entry. The reader stores nothing. So it looks when
 * nobody else can do any step: what it could have seen before, it can see then. */
inline look() {
  load(order(acquire, standing_load), STANDING, standing);
  if :: !gauge_looked_at -> load(order(acquire, pid_load), PID, whose) :: else fi;
  load(order(acquire, lock_load), LOCK, word);
  number = lock_tenure[known.at[LOCK]];
  load(relaxed, STANDING, again);
  if
  :: standing % 4 != entered
  :: standing % 4 == entered && again != standing && !mutant(no_second_look) ->
     reachable(found_changed)
  :: standing % 4 == entered && (again == standing || mutant(no_second_look)) ->
     must(pid_is_theirs, gauge_looked_at || whose == tenant[standing / 4]);
     if
     :: is_held(word) ->
        must(lock_is_theirs, number == standing / 4);
        reachable(living_looked_at)
     :: else -> reachable(dead_looked_at)
     fi;
     if
     :: gauge_looked_at ->
        load(order(acquire, gauge_load), GAUGE, gauge);
        load(relaxed, STANDING, again);
        if
        :: again == standing || mutant(no_look_after_gauge) ->
           must(gauge_is_theirs, gauge / 2 == standing / 4)
        :: else -> reachable(gauge_left_out)
        fi
     :: else
     fi
  fi
}

proctype reader() {
  byte me = LIVES;
  byte standing, again, whose, word, number, gauge;
end:
  do
  :: atomic {
       timeout && !lane_claimed ->
       must(left_is_counted, left == left_really);
       look();
       d_step { forget(); standing = 0; again = 0; whose = 0; word = 0; number = 0; gauge = 0 }
     }
  od
}

init {
  atomic {
    byte n, me;
    choose();
    if :: gauge_looked_at = true :: lane_claimed = true :: skip fi;
    for (n : 1 .. LIVES) { run process(n - 1); run killer(n - 1) };
    run reader()
  }
}
