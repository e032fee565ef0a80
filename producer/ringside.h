/* Ringside for servers in C: the same as producer/ringside.hpp, as functions.
 *
 *   ringside_start("my-server");              once; tracing is off unless RINGSIDE_RING is set
 *   ringside_operation op;
 *   ringside_begin(&op, RINGSIDE_SEND_MESSAGE);
 *   ringside_actor(&op, RINGSIDE_ACTOR_USER, user_id);
 *   ...                                       ringside_stage(&op, 2);
 *   ringside_finish(&op, RINGSIDE_OK, 0);
 *
 * Nothing here fails the server: where the ring can't be had, every call does nothing. An operation
 * that was begun must be finished or abandoned. Until then it may be copied to another thread's
 * memory and ended there.
 */
#ifndef RINGSIDE_PRODUCER_RINGSIDE_H
#define RINGSIDE_PRODUCER_RINGSIDE_H

#include <stddef.h>
#include <stdint.h>

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

/* The id of an address, for RINGSIDE_ACTOR_ADDRESS and RINGSIDE_SUBJECT_ADDRESS. `bytes` is an
 * in_addr (length 4) or an in6_addr (length 16). shm/README.md has the form. */
uint64_t ringside_address_id(const void* bytes, size_t length);

/* One operation that has begun. Its contents are the library's. */
typedef struct {
  uint64_t words[7];
} ringside_operation;

typedef struct {
  ringside_outcome outcome;
  uint16_t error;
  uint16_t operation;   /* during which it happened; RINGSIDE_NO_OPERATION for none */
  int64_t value;
  uint64_t duration;    /* ticks */
  ringside_actor_kind actor_kind;
  uint64_t actor;
  ringside_subject_kind subject_kind;
  uint64_t subject;
} ringside_event_fields;

#define RINGSIDE_NO_OPERATION 0xffff

/* 1 when the process is traced. See ringside::start(). */
int ringside_start(const char* program);
void ringside_stop(void);
int ringside_traced(void);
/* Why it is not traced; empty when it is. Writes at most `bytes`, NUL included. Returns the full
 * length. */
size_t ringside_why_untraced(char* buffer, size_t bytes);

/* Stage names may be NULL. The id of a refused registration is one whose calls do nothing. */
uint16_t ringside_register_operation(const char* name, const char* category, const char* stage0,
                                     const char* stage1, const char* stage2, const char* stage3);
uint16_t ringside_register_event(const char* name);
void ringside_register_error(uint16_t code, const char* name);

uint64_t ringside_now(void);   /* ticks of the ring's clock */

void ringside_begin(ringside_operation* operation, uint16_t id);
void ringside_begin_at(ringside_operation* operation, uint16_t id, uint64_t start);
void ringside_actor(ringside_operation* operation, ringside_actor_kind kind, uint64_t id);
void ringside_subject(ringside_operation* operation, ringside_subject_kind kind, uint64_t id);
void ringside_stage(ringside_operation* operation, unsigned stage);
/* The end, where the next operation may start. */
uint64_t ringside_finish(ringside_operation* operation, ringside_outcome outcome, uint16_t error);
uint64_t ringside_finish_stage(ringside_operation* operation, unsigned stage,
                               ringside_outcome outcome, uint16_t error);
void ringside_abandon(ringside_operation* operation);

/* `fields` may be NULL. */
void ringside_event(uint16_t id, const ringside_event_fields* fields);
void ringside_count(uint16_t id);

/* A gauge. It does nothing when untraced or when the table is full. Every gauge call takes NULL. */
typedef struct ringside_gauge ringside_gauge;
ringside_gauge* ringside_register_gauge(const char* name);
void ringside_gauge_set(ringside_gauge* gauge, int64_t value);
void ringside_gauge_add(ringside_gauge* gauge, int64_t by);

#ifdef __cplusplus
}
#endif

#endif
