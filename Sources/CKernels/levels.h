// Whether the kernels are compiled for several levels of x86-64.
#ifndef SLUICE_LEVELS_H
#define SLUICE_LEVELS_H

// One binary for every x86-64: the loader picks the clone. Under the thread sanitizer the resolver runs before the
// sanitizer is ready and crashes, so there is only the default then.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define HAS_LEVELS
#endif

#endif
