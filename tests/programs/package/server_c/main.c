/* A server in C99 that is traced; the same as ../server_cpp in C. It takes one command a line:
 *
 *   send USER ROOM TEXT     SEND_MESSAGE, with its stages
 *   upload USER BYTES       UPLOAD_FILE, an operation of our own
 *
 *   RINGSIDE_RING=try ./server_c          and in another terminal: ringside tail try
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <ringside/ringside.h>

enum { TEXT_TOO_LONG = 1105, FILE_TOO_LARGE = 1901, DATABASE_ERROR = 5004 };

static uint16_t upload_file;
static ringside_gauge* uploads_running;

static const char* send_message(uint64_t user, uint64_t room, const char* text) {
  ringside_operation op;
  ringside_begin(&op, RINGSIDE_SEND_MESSAGE); /* reads the clock */
  ringside_actor(&op, RINGSIDE_ACTOR_USER, user);
  ringside_subject(&op, RINGSIDE_SUBJECT_ROOM, room);

  const int valid = strlen(text) <= 4096;
  /* Reads it again: what ran since then was validation. */
  ringside_stage(&op, RINGSIDE_STAGE_VALIDATION);
  if (!valid) {
    const ringside_event_fields why = {.size = sizeof why,
                                       .outcome = RINGSIDE_REJECTED,
                                       .error = TEXT_TOO_LONG,
                                       .during = ringside_during(RINGSIDE_SEND_MESSAGE)};
    ringside_finish(&op, RINGSIDE_REJECTED, TEXT_TOO_LONG);
    ringside_event(RINGSIDE_EVENT_VALIDATION_REJECT, &why);
    return "rejected";
  }
  if (room == 13) { /* the disk of room 13 is full */
    ringside_finish_stage(&op, RINGSIDE_STAGE_DATABASE, RINGSIDE_ERROR, DATABASE_ERROR);
    return "error";
  }
  ringside_stage(&op, RINGSIDE_STAGE_DATABASE);
  fflush(stdout);
  /* The end of the last stage is the end of the operation: one clock read for both. */
  ringside_finish_stage(&op, RINGSIDE_STAGE_DELIVERY, RINGSIDE_OK, 0);
  return "ok";
}

static const char* upload(uint64_t user, uint64_t bytes) {
  const int fits = bytes < 1000000;
  ringside_operation op;
  ringside_begin(&op, upload_file);
  ringside_actor(&op, RINGSIDE_ACTOR_USER, user);
  ringside_gauge_add(uploads_running, 1);
  ringside_finish(&op, fits ? RINGSIDE_OK : RINGSIDE_REJECTED, fits ? 0 : FILE_TOO_LARGE);
  ringside_gauge_add(uploads_running, -1);
  return fits ? "ok" : "rejected";
}

int main(void) {
  char line[8192];

  /* Once, before other threads start. Where the ring can't be had the server runs on, and can say
   * why. */
  if (ringside_start("server_c")) {
    puts("traced");
  } else {
    char why[512];
    ringside_why_untraced(why, sizeof why);
    printf("untraced: %s\n", why);
  }
  fflush(stdout);
  const ringside_declaration upload_declared = {
      .size = sizeof upload_declared, .name = "UPLOAD_FILE", .category = "files",
      .stages = {"receive"}, .waits_for_client = 1};
  upload_file = ringside_register_operation(&upload_declared);
  uploads_running = ringside_register_gauge("uploads running");
  ringside_register_error(TEXT_TOO_LONG, "TEXT_TOO_LONG");
  ringside_register_error(FILE_TOO_LARGE, "FILE_TOO_LARGE");

  while (fgets(line, sizeof line, stdin) != NULL) {
    uint64_t user = 0, what = 0;
    char command[16] = "";
    int text = 0;
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%15s %" SCNu64 " %" SCNu64 "%n", command, &user, &what, &text) < 3) text = 0;
    if (strcmp(command, "send") == 0) {
      puts(send_message(user, what, line + text));
    } else if (strcmp(command, "upload") == 0) {
      puts(upload(user, what));
    } else {
      puts("unknown command");
    }
    fflush(stdout);
  }
  ringside_stop(); /* closes the ring in order; at exit it would happen by itself */
  return 0;
}
