// Plain C face of the CIF decoding done with gemmi. No exception crosses it.
#ifndef CGEMMISHIM_H
#define CGEMMISHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Why a file did not become a crystal.
enum cif_crystal_status {
  cif_crystal_ok = 0,
  cif_crystal_unreadable = 1,       // not CIF, or a value of the wrong type
  cif_crystal_not_a_crystal = 2,    // CIF, but no cell or no sites
  cif_crystal_unknown_element = 3,  // a type symbol that is no element
  cif_crystal_partial = 4,          // shared or partly empty site
  cif_crystal_too_many_sites = 5,
  cif_crystal_truncated = 6,        // the text ends within a value
  cif_crystal_symmetry = 7,         // symmetry not understood, ambiguous, or against the cell
  cif_crystal_formula = 8,          // the composition is not the formula that the block states
  cif_crystal_not_listed = 9,       // atoms that are declared without positions
};

/// One decoded crystal. Pointers lead into scratch memory of the calling thread and hold until its next call.
typedef struct {
  int32_t status;
  /// Row vectors a, b, c (Å): a along x, b in the plane of x and y.
  double lattice[9];
  size_t site_count;
  /// 3 * site_count fractional coordinates.
  const double *positions;
  /// site_count symbols: first letter | second letter << 8 (0 when there is one letter).
  const uint16_t *symbols;
  /// One value and one flag (1 = present and numeric) per name asked for.
  const double *values;
  const uint8_t *present;
  /// Where all tags were asked for: the tags found, as `names` are given, and their number.
  const char *found;
  size_t found_count;
  size_t found_length;
  /// The rules that settled what the text leaves open: for each its code, a tab and a message, ended by a zero byte.
  const char *notes;
  size_t notes_length;
  /// Explanation when status is not ok; UTF-8, not terminated.
  const char *message;
  size_t message_length;
  /// Position of a syntax error, or -1.
  int64_t byte_offset;
} cif_crystal;

/// Decodes the first data block that has atom sites, with all its symmetry operations applied.
///
/// `names` are `name_count` tags, each terminated by a zero byte, whose values are wanted; `all` != 0 asks for
/// those of every tag that has one number. `majority` != 0 keeps the most abundant species of a shared site instead of
/// refusing it.
/// `noted_formula` != 0 notes a composition that contradicts the block's formula instead of refusing it.
void cif_crystal_decode(
    const uint8_t *bytes, size_t length, const char *names, size_t name_count, int32_t all,
    int32_t majority, int32_t noted_formula, size_t largest_site_count, cif_crystal *result);

/// Reads a decimal number at `start` (a sign, digits, point, exponent; also Fortran's D). Returns the first byte
/// after it, or `start` when there is none. Correctly rounded.
const uint8_t *decimal_number(const uint8_t *start, const uint8_t *end, double *value);

#ifdef __cplusplus
}
#endif

#endif
