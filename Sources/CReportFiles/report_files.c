#include "report_files.h"

// Of the next C, and known to every clang that Swift comes with. Swift's own way to embed files is a list of numbers, which
// takes seconds to compile.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char script[] = {
#embed "report.js"
    , 0};

static const char style[] = {
#embed "report.css"
    , 0};

const char *report_script(void) { return script; }

const char *report_style(void) { return style; }
