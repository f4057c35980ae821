// A library to preload into the program under test: at one chosen call that writes below one folder it kills the
// process or makes the system fail. The program itself holds no such hooks.
//
// SLUICE_FAULT_FOLDER  calls on files below this folder count, from 1, over all threads
// SLUICE_FAULT_AT      the call that is hit; 0 for none
// SLUICE_FAULT_MODE    kill     the process dies before the call
//                      torn     half of the bytes are written, then the process dies
//                      full     half of the bytes are written, from then on the disk is full
//                      error    this one call fails with EIO
//                      short    this one call writes half of the bytes and says so
// SLUICE_FAULT_LOG     file that receives the number of calls when the process ends by itself
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum mode { NONE, KILL, TORN, FULL, ERROR, SHORT };

static atomic_long calls;
static long hit_at;
static enum mode mode;
static const char *folder;
static size_t folder_length;

__attribute__((constructor)) static void configure(void) {
  const char *at = getenv("SLUICE_FAULT_AT"), *name = getenv("SLUICE_FAULT_MODE");
  folder = getenv("SLUICE_FAULT_FOLDER");
  folder_length = folder ? strlen(folder) : 0;
  hit_at = at ? atol(at) : 0;
  if (!name) return;
  const char *names[] = {"none", "kill", "torn", "full", "error", "short"};
  for (int index = 0; index < 6; index++)
    if (!strcmp(name, names[index])) mode = (enum mode)index;
}

__attribute__((destructor)) static void report(void) {
  const char *log = getenv("SLUICE_FAULT_LOG");
  FILE *file = log ? fopen(log, "w") : NULL;
  if (!file) return;
  folder_length = 0;  // What is written here does not count.
  fprintf(file, "%ld\n", atomic_load(&calls));
  fclose(file);
}

static int is_below(const char *path) {
  return folder_length && !strncmp(path, folder, folder_length);
}

static int is_ours(int descriptor) {
  if (!folder_length) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

enum verdict { GO, HALF, HALF_DIE, FAIL_FULL, FAIL_ERROR };

// What becomes of a call on one of our files. `bytes` is 0 for calls that write none.
static enum verdict judge(size_t bytes) {
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (hit_at <= 0 || number < hit_at) return GO;
  if (number > hit_at) return mode == FULL && bytes > 0 ? FAIL_FULL : GO;
  switch (mode) {
    case KILL: die();
    case TORN: return bytes > 1 ? HALF_DIE : (die(), GO);
    case FULL: return bytes > 1 ? HALF : bytes ? FAIL_FULL : GO;
    case ERROR: return FAIL_ERROR;
    case SHORT: return bytes > 1 ? HALF : GO;
    default: return GO;
  }
}

// SLUICE_FAULT_CRASH   a colon and a text of 16 to 64 bytes; whoever copies exactly this text crashes. A record with
//                      this id then has a decoder that crashes. (The colon lets the environment itself be copied.)
static char crash_text[65];
static size_t crash_length;
static int crash_is_silent;

__attribute__((constructor)) static void configure_crash(void) {
  const char *text = getenv("SLUICE_FAULT_CRASH");
  size_t length = text && *text == ':' ? strlen(++text) : 0;
  if (length < 16 || length > 64) return;
  for (size_t index = 0; index < length; index++) crash_text[index] = text[index];
  crash_length = length;
  crash_is_silent = getenv("SLUICE_FAULT_SILENT") != NULL;
}

static int is_deadly(const unsigned char *bytes, size_t count) {
  if (!crash_length || count != crash_length) return 0;
  for (size_t index = 0; index < count; index++)
    if (bytes[index] != (unsigned char)crash_text[index]) return 0;
  return 1;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  if (is_deadly(from, count)) {
    if (crash_is_silent) die();
    *(volatile int *)16 = 1;
  }
  void *start = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  return start;
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define FAIL(verdict) \
  if (verdict == FAIL_FULL) { errno = ENOSPC; return -1; } \
  if (verdict == FAIL_ERROR) { errno = EIO; return -1; }

ssize_t write(int descriptor, const void *bytes, size_t count) {
  REAL(write);
  if (!is_ours(descriptor)) return real(descriptor, bytes, count);
  enum verdict verdict = judge(count);
  FAIL(verdict)
  ssize_t written = real(descriptor, bytes, verdict == GO ? count : count / 2);
  if (verdict == HALF_DIE) die();
  return written;
}

#define PWRITE(name, offset_type) \
  ssize_t name(int descriptor, const void *bytes, size_t count, offset_type offset) { \
    REAL(name); \
    if (!is_ours(descriptor)) return real(descriptor, bytes, count, offset); \
    enum verdict verdict = judge(count); \
    FAIL(verdict) \
    ssize_t written = real(descriptor, bytes, verdict == GO ? count : count / 2, offset); \
    if (verdict == HALF_DIE) die(); \
    return written; \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, offset_type) \
  int name(int descriptor, offset_type length) { \
    REAL(name); \
    if (is_ours(descriptor)) { enum verdict verdict = judge(0); FAIL(verdict) } \
    return real(descriptor, length); \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name) \
  int name(int descriptor) { \
    REAL(name); \
    if (is_ours(descriptor)) { enum verdict verdict = judge(0); FAIL(verdict) } \
    return real(descriptor); \
  }
SYNC(fsync)
SYNC(fdatasync)

int rename(const char *from, const char *to) {
  REAL(rename);
  if (is_below(to)) { enum verdict verdict = judge(0); FAIL(verdict) }
  return real(from, to);
}

int unlink(const char *path) {
  REAL(unlink);
  if (is_below(path)) { enum verdict verdict = judge(0); FAIL(verdict) }
  return real(path);
}
