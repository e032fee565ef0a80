/* Ringside for servers in C: the same as ringside.hpp, as functions. C99. Installed as
 * <ringside/ringside.h>.
 *
 *   ringside_start("my-server");              once; tracing is off unless RINGSIDE_RING is set
 *   ringside_operation op;
 *   ringside_begin(&op, RINGSIDE_SEND_MESSAGE);
 *   ringside_actor(&op, RINGSIDE_ACTOR_USER, user_id);
 *   ...                                       ringside_stage(&op, RINGSIDE_STAGE_DATABASE);
 *   ringside_finish(&op, RINGSIDE_OK, 0);
 *
 * Nothing here fails the server: where the ring can't be had, every call does nothing.
 *
 * Structures of all zeros stand for nothing: the defaults, an operation that does nothing, an event
 * without fields. Those that a server fills have their size in front. So a later library can give
 * them more fields, and programs that are compiled today go on working with it.
 */
#ifndef RINGSIDE_PRODUCER_RINGSIDE_H
#define RINGSIDE_PRODUCER_RINGSIDE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "producer/version.h"
#include "shm/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  RINGSIDE_OK,
  RINGSIDE_ERROR,
  RINGSIDE_TIMEOUT,
  RINGSIDE_REJECTED,
  RINGSIDE_DENIED,
  RINGSIDE_LIMITED,
  RINGSIDE_CANCELLED
} ringside_outcome;

typedef enum {
  RINGSIDE_ACTOR_NONE,
  RINGSIDE_ACTOR_USER,
  RINGSIDE_ACTOR_SESSION,
  RINGSIDE_ACTOR_ADDRESS
} ringside_actor_kind;
typedef enum {
  RINGSIDE_SUBJECT_NONE,
  RINGSIDE_SUBJECT_ROOM,
  RINGSIDE_SUBJECT_MESSAGE,
  RINGSIDE_SUBJECT_USER,
  RINGSIDE_SUBJECT_ADDRESS
} ringside_subject_kind;

/* The words of a chat server, generated from one list. producer/README.md says what they mean.
 * Operations and events of your own: ringside_register_operation(), ringside_register_event(). */
enum {
#define RINGSIDE_CHAT_OPERATION(name, category) RINGSIDE_##name,
#include "shm/chat_words.def"
};
enum {
  RINGSIDE_EVENTS_BEGIN = 255, /* the first event is 256 */
#define RINGSIDE_CHAT_EVENT(name, ...) RINGSIDE_EVENT_##name,
#include "shm/chat_words.def"
};
enum {
#define RINGSIDE_CHAT_STAGE(name, Name, NAME, ...) RINGSIDE_STAGE_##NAME,
#include "shm/chat_words.def"
};
enum {
#define RINGSIDE_CHAT_ERROR(code, name, ...) RINGSIDE_ERROR_##name = code,
#include "shm/chat_words.def"
};

/* One operation. Its contents are the library's; some are room to grow. It may be copied while it
 * is under way: from then on only the copy may be used. */
typedef struct {
  uint64_t words[16];
} ringside_operation;

/* What a compiled program has of this header, besides the structures that say their size. */
#define RINGSIDE_C_ABI ((uint64_t)RINGSIDE_ABI << 32 | sizeof(ringside_operation))

/* --- the ring --- */

/* How the ring is made; see ringside::Setup. */
typedef struct {
  size_t size;                /* sizeof(ringside_setup); 0: the fields that are here today */
  const char* program;        /* shown by readers */
  const char* ring;           /* name or path; NULL: $RINGSIDE_RING, untraced when that is unset */
  const char* group;          /* of a group that may watch, too: name or number; NULL: none */
  uint32_t lanes;             /* threads with a lane of their own; 0: 64 */
  uint32_t lane_capacity;     /* records, a power of two from 64 to 1048576; 0: 4096 */
  uint32_t overflow_capacity; /* likewise */
  uint32_t mode;              /* permissions of the ring's file; 0: 0600 */
  int share;                  /* 1: join the ring of a living process of the same program */
  int keep;                   /* 1: leave the ring in place after ringside_stop() */
  int slow_clock;             /* 1: trace although a read of the clock takes 500 ns and more */
  int no_chat_names;          /* 1: leave the words of a chat server out of the ring */
  int no_labels;              /* 1: ringside_label() does nothing */
  /* These two are read only with a `size`. See ringside::Setup; NULL: not given. */
  const char* build_id;             /* at most 47 bytes */
  const char* configuration_digest; /* at most 71 bytes */
} ringside_setup;

/* What ringside_start() and ringside_start_with() call. They pass what the headers that the program
 * is compiled with say, and a library that does not fit them traces nothing. */
RINGSIDE_API int ringside_start_checked(const ringside_setup* setup, uint64_t abi,
                                        const char* headers);

/* 1 when the process is traced. `setup` may be NULL. See ringside::start(). */
static inline int ringside_start_with(const ringside_setup* setup) {
  return ringside_start_checked(setup, RINGSIDE_C_ABI, RINGSIDE_VERSION_STRING);
}
static inline int ringside_start(const char* program) {
  ringside_setup setup;
  memset(&setup, 0, sizeof setup);
  setup.program = program;
  return ringside_start_with(&setup);
}
/* Gives the calling thread its lane now: 1 when it has one. See ringside::attach_thread(). */
RINGSIDE_API int ringside_attach_thread(void);
RINGSIDE_API void ringside_stop(void);
RINGSIDE_API int ringside_traced(void);

/* Texts. Each writes at most `bytes`, NUL included, and returns the full length. */
/* Why the process is not traced; empty when it is. */
RINGSIDE_API size_t ringside_why_untraced(char* buffer, size_t bytes);
/* What is worse than it could be although the process is traced; see ringside::remarks(). */
RINGSIDE_API size_t ringside_remarks(char* buffer, size_t bytes);
/* What the calls so far got wrong; empty when all is well. See ringside::mistakes(). */
RINGSIDE_API size_t ringside_mistakes(char* buffer, size_t bytes);

/* --- names --- */

/* What a server says of an operation of its own; see ringside::Declaration. */
typedef struct {
  size_t size;             /* sizeof(ringside_declaration); 0: the fields that are here today */
  const char* name;
  const char* category;
  const char* stages[6];
  uint64_t threshold_ns;
  int waits_for_client;    /* 1: most of its time is its client's */
} ringside_declaration;

/* The id of a refused registration is one whose calls do nothing. */
RINGSIDE_API uint16_t ringside_register_operation(const ringside_declaration* declaration);
RINGSIDE_API uint16_t ringside_register_event(const char* name);
RINGSIDE_API void ringside_register_error(uint16_t code, const char* name);

/* What an id is called, so that readers show `alice (user 42)`; see ringside::label(). */
typedef enum {
  RINGSIDE_LABEL_USER = 1,
  RINGSIDE_LABEL_SESSION = 2,
  RINGSIDE_LABEL_ADDRESS = 3,
  RINGSIDE_LABEL_ROOM = 4,
  RINGSIDE_LABEL_MESSAGE = 5
} ringside_label_kind;
/* A `text` that is NULL or empty takes the label away. */
RINGSIDE_API void ringside_label(ringside_label_kind kind, uint64_t id, const char* text);

/* The id of an address, for RINGSIDE_ACTOR_ADDRESS and RINGSIDE_SUBJECT_ADDRESS. `bytes` is an
 * in_addr (length 4) or an in6_addr (length 16). shm/README.md has the form. */
RINGSIDE_API uint64_t ringside_address_id(const void* bytes, size_t length);

/* --- operations --- */

RINGSIDE_API uint64_t ringside_now(void);   /* a moment: ticks of the ring's clock */
/* The moment so many nanoseconds before now; see ringside::ago(). */
RINGSIDE_API uint64_t ringside_ago(int64_t ns);
/* From one moment to the other; see ringside::nanoseconds_between(). */
RINGSIDE_API int64_t ringside_nanoseconds_between(uint64_t from, uint64_t to);

/* Every operation that is begun must be finished or abandoned. */
RINGSIDE_API void ringside_begin(ringside_operation* operation, uint16_t id);
/* Begins at a moment that was read already; 0 stands for now. */
RINGSIDE_API void ringside_begin_at(ringside_operation* operation, uint16_t id, uint64_t start);
RINGSIDE_API void ringside_actor(ringside_operation* operation, ringside_actor_kind kind,
                                 uint64_t id);
RINGSIDE_API void ringside_subject(ringside_operation* operation, ringside_subject_kind kind,
                                   uint64_t id);
/* Ends a stage, 0 to 5. Operation::stage() in ringside.hpp says what a mark does. */
RINGSIDE_API void ringside_stage(ringside_operation* operation, unsigned stage);
RINGSIDE_API void ringside_stage_at(ringside_operation* operation, unsigned stage, uint64_t at);
/* What has run since the last mark belongs to no stage. */
RINGSIDE_API void ringside_skip(ringside_operation* operation);
RINGSIDE_API void ringside_skip_at(ringside_operation* operation, uint64_t at);
/* Ends the operation. Returns the end, where the next operation may start. */
RINGSIDE_API uint64_t ringside_finish(ringside_operation* operation, ringside_outcome outcome,
                                      uint16_t error);
RINGSIDE_API uint64_t ringside_finish_at(ringside_operation* operation, uint64_t end,
                                         ringside_outcome outcome, uint16_t error);
/* Ends the last stage and the operation with one clock read. */
RINGSIDE_API uint64_t ringside_finish_stage(ringside_operation* operation, unsigned stage,
                                            ringside_outcome outcome, uint16_t error);
/* Forgets the operation: nothing is recorded or counted. */
RINGSIDE_API void ringside_abandon(ringside_operation* operation);
/* Takes an operation to other memory, for instance another thread's. `to` may be uninitialised, and
 * must hold no operation that is under way. `from` is left as one that does nothing. */
RINGSIDE_API void ringside_move(ringside_operation* to, ringside_operation* from);
/* Also after its end. */
RINGSIDE_API uint16_t ringside_operation_id(const ringside_operation* operation);

/* --- events --- */

/* An operation as something that may be missing. */
typedef struct {
  uint16_t id_plus_one;
} ringside_context;
static inline ringside_context ringside_during(uint16_t operation) {
  ringside_context context;
  context.id_plus_one = (uint16_t)(operation + 1);
  return context;
}

typedef struct {
  size_t size;              /* sizeof(ringside_event_fields); 0: the fields that are here today */
  ringside_outcome outcome;
  uint16_t error;
  ringside_context during;  /* ringside_during(id): the operation during which it happened */
  int64_t value;
  uint64_t duration;        /* ticks */
  ringside_actor_kind actor_kind;
  ringside_subject_kind subject_kind;
  uint64_t actor;
  uint64_t subject;
} ringside_event_fields;

/* `fields` may be NULL. */
RINGSIDE_API void ringside_event(uint16_t id, const ringside_event_fields* fields);
/* One that began at `since`; `fields->duration` is not used. */
RINGSIDE_API void ringside_event_since(uint16_t id, uint64_t since,
                                       const ringside_event_fields* fields);
/* Counts an event without writing a record. */
RINGSIDE_API void ringside_count(uint16_t id);

/* --- gauges --- */

/* A gauge. It does nothing when untraced or when the table is full. Every gauge call takes NULL. */
typedef struct ringside_gauge ringside_gauge;
RINGSIDE_API ringside_gauge* ringside_register_gauge(const char* name);
RINGSIDE_API void ringside_gauge_set(ringside_gauge* gauge, int64_t value);
RINGSIDE_API void ringside_gauge_add(ringside_gauge* gauge, int64_t by);

#ifdef __cplusplus
}
#endif

#endif
