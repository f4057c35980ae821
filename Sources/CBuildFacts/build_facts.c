#include "CBuildFacts.h"

#include "CCommit.h"

// A Swift module is compiled anew when an object of a C target that it depends on changes. This one never does, so that
// another commit costs the compilation of CCommit and linking.
const char *build_facts_commit(void) { return commit_text(); }
