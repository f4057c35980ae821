#include "CCommit.h"

// Package.swift says it, where `make` has put it into the environment.
#ifndef SLUICE_COMMIT
#define SLUICE_COMMIT ""
#endif

const char *commit_text(void) { return SLUICE_COMMIT; }
