#ifndef C_BUILD_FACTS_H
#define C_BUILD_FACTS_H

/// The commit that the program was built from, ending in "-dirty" where its sources differed from that; an empty text where
/// the build did not know it.
const char *build_facts_commit(void);

#endif
