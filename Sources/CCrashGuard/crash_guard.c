#define _GNU_SOURCE
#include "CCrashGuard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int watched[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
enum { watched_count = sizeof watched / sizeof *watched, stack_size = 1 << 16 };

static struct sigaction before[watched_count];
static char note_path[4096];
static char *const *command;

static _Thread_local struct {
  int64_t source, record;
  int is_in_hand, has_stack;
} hand;

// Only calls that are allowed in a signal handler from here on: no memory is taken, no lock waited for.

static char *digits(char *end, int64_t value) {
  do *--end = (char)('0' + value % 10);
  while (value /= 10);
  return end;
}

static void note(int number) {
  char line[80], *start = line + sizeof line;
  *--start = '\n';
  start = digits(start, number);
  *--start = ' ';
  start = digits(start, hand.record);
  *--start = ' ';
  start = digits(start, hand.source);
  size_t length = (size_t)(line + sizeof line - start);
  int file = open(note_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0 || write(file, start, length) != (ssize_t)length || fsync(file) != 0) return;
  const char message[] = "\nnote: a record ended the program; it is rejected, and the run goes on\n";
  ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
  (void)ignored;
  // What is masked now would stay so.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
  execv("/proc/self/exe", command);
}

static void end_of_record(int number) {
  if (hand.is_in_hand) {
    hand.is_in_hand = 0;
    note(number);
  }
  // Nothing to go on with: as if nobody had watched.
  for (int index = 0; index < watched_count; index++)
    if (watched[index] == number) sigaction(number, &before[index], NULL);
  raise(number);
}

int crash_guard_arm(const char *note, char *const *arguments) {
  int is_armed = command != NULL;
  if (strlen(note) >= sizeof note_path) return ENAMETOOLONG;
  strcpy(note_path, note);
  command = arguments;
  if (is_armed) return 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = end_of_record;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int index = 0; index < watched_count; index++)
    if (sigaction(watched[index], &action, &before[index]) != 0) return errno;
  return 0;
}

void crash_guard_begin(int64_t source, int64_t record) {
  if (!command) return;
  if (!hand.has_stack) {
    // A record may also use up the thread's own stack. Kept for the life of the thread, of which there are few.
    hand.has_stack = 1;
    stack_t stack;
    memset(&stack, 0, sizeof stack);
    stack.ss_sp = malloc(stack_size);
    stack.ss_size = stack_size;
    if (stack.ss_sp) sigaltstack(&stack, NULL);
  }
  hand.source = source;
  hand.record = record;
  hand.is_in_hand = 1;
}

void crash_guard_end(void) { hand.is_in_hand = 0; }
