#ifndef C_COMMIT_H
#define C_COMMIT_H

/// The commit that this file was compiled for; an empty text where the build did not know it.
const char *commit_text(void);

#endif
