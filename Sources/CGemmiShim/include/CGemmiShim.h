#ifndef CGEMMISHIM_H
#define CGEMMISHIM_H
#include <stdint.h>
#endif
