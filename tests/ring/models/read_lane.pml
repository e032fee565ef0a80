/* The reader of a single-writer lane: shm/lane.h read_words() and shm/lane_reader.h
 * read_lane_words(). lane.pml and claim.pml include it. They say what a record holds: content(p) in
 * every word of record p. */

#define real_head             (memory[HEAD].at[memory[HEAD].last].value)
#define real_sequence(slot)   (memory[SEQUENCE(slot)].at[memory[SEQUENCE(slot)].last].value)
#define slot_of(p)            ((p) % CAPACITY)

mtype = { record, not_yet, lapped };

/* read_words(): sets `poll`. */
inline read_slot() {
  atomic {
    load(order(acquire, poll_load), SEQUENCE(slot_of(position)), sequence);
    if
    :: sequence < 2 * (position + 1) -> poll = not_yet
    :: sequence > 2 * (position + 1) -> reachable(lapped_before_copy); poll = lapped
    :: else -> poll = record
    fi
  };
  if
  :: poll == record ->
     do
     :: atomic {
          i < WORDS ->
          load(order(acquire, words_load), WORD(slot_of(position), i), word[i]);
          i++
        }
     :: i == WORDS -> break
     od;
     atomic {
       load(relaxed, SEQUENCE(slot_of(position)), sequence);
       if
       :: sequence == 2 * (position + 1) || mutant(no_second_check) ->
          for (i : 0 .. WORDS - 1) { must(record_is_whole, word[i] == content(position)) }
       :: else -> reachable(lapped_during_copy); poll = lapped
       fi;
       for (i : 0 .. WORDS - 1) { word[i] = 0 };
       sequence = 0; i = 0
     }
  :: else -> sequence = 0
  fi
}

/* Goes on at `oldest`; what lies between is lost. Inside a d_step. */
inline resume(oldest) {
  must(reader_moves_on, oldest > position);
  must(lost_only_if_overwritten, oldest - 1 + CAPACITY <= real_head);
  if :: oldest - position > CAPACITY -> reachable(lapped_twice) :: else fi;
  if :: !mutant(loss_not_counted) -> counted = counted + (oldest - position) :: else fi;
  position = oldest
}

#define overrun    (head > position && head - position >= CAPACITY)
#define resumption \
  (head - CAPACITY + 1 + mutant(resume_at_newest) * (CAPACITY - 1) - mutant(resume_under_the_pen))

/* read_lane_words(). Unless it is patient it stops after as many records as it likes, as `limit`
 * tells it to. It may be the first call of another process, which goes on with a saved cursor. */
inline read_lane(patient) {
  atomic {
    start_anew(over);
    load(order(acquire, head_load), HEAD, head);
    begin = head;
    if :: overrun -> d_step { resume(resumption) } :: else fi
  };
  do
  :: position < head ->
     read_slot();
     if
     :: d_step { poll == record -> poll = 0; position++; counted++ }
     :: atomic {
          poll == lapped || poll == not_yet ->
          load(acquire, HEAD, head);
          d_step {
            poll = 0;
            if
            :: overrun -> resume(resumption)
            :: else -> reachable(odd_seen_before_head); resume(position + 1)
            fi
          }
        }
     fi
  :: position >= head || !patient -> break
  od;
  atomic {
    must(nothing_left_unread, !patient || position >= begin);
    must(books_balance, position == counted);
    begin = 0; head = 0;
    start_anew(over)
  }
}
