// The script and the style of reports, as they lie beside: text with a zero at its end.
#pragma once

const char *report_script(void);
const char *report_style(void);
