#include "CGemmiShim.h"
