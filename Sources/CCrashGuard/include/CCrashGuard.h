#ifndef C_CRASH_GUARD_H
#define C_CRASH_GUARD_H

#include <stdint.h>

// Remembers which record each thread has in hand. Where a signal such as SIGSEGV or SIGILL ends the program in the
// middle of one, the record is noted in a file and the program starts again in its own place.

/// Begins to watch the process: the guard stays for its life.
///
/// `note` is the file that receives one line "SOURCE RECORD SIGNAL" for each record that ended the program;
/// `arguments` is the command to start again with, ended by NULL, and stays valid. 0, or an error number.
int crash_guard_arm(const char *note, char *const *arguments);

/// Says that this thread takes a record in hand.
void crash_guard_begin(int64_t source, int64_t record);

/// Says that this thread is done with its record.
void crash_guard_end(void);

#endif
