// Plain C face of the JSON decoding done with simdjson. No exception crosses it.
#ifndef CSIMDJSONSHIM_H
#define CSIMDJSONSHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Why a document did not become a crystal.
enum json_crystal_status {
  json_crystal_ok = 0,
  json_crystal_unreadable = 1,       // not JSON, or a field of the wrong type
  json_crystal_not_a_crystal = 2,    // JSON, but no lattice or no sites
  json_crystal_unknown_element = 3,  // a species that cannot be an element symbol
  json_crystal_partial = 4,          // shared or partly empty site
  json_crystal_no_memory = 5,
  json_crystal_atoms_not_listed = 6,      // atoms that the document declares have no positions
  json_crystal_formula_contradicted = 7,  // the crystal is not of the formula that the document states
};

/// Which form a document has.
enum json_crystal_form {
  json_crystal_flat = 0,      // lattice, species, frac_coords
  json_crystal_pymatgen = 1,  // a pymatgen structure, on its own or in an entry
  json_crystal_optimade = 2,
  json_crystal_jarvis = 3,
};

/// One decoded crystal. Pointers lead into scratch memory of the calling thread and hold until its next call.
typedef struct {
  int32_t status;
  /// 1 when `positions` are Cartesian (Å), 0 when they are fractional.
  int32_t cartesian;
  /// Row vectors a, b, c (Å).
  double lattice[9];
  /// Along how many lattice vectors the crystal repeats; 3 where nothing else is said.
  int32_t periodic_count;
  /// Along which: 1 or 0; -1 where only their number is given.
  int32_t periodic[3];
  size_t site_count;
  /// 3 * site_count coordinates.
  const double *positions;
  /// site_count symbols: first letter | second letter << 8 (0 when there is one letter).
  const uint16_t *symbols;
  /// UTF-8, not terminated; length 0 when the document has no id.
  const char *id;
  size_t id_length;
  /// One value and one flag (1 = present and numeric) per name asked for.
  const double *values;
  const uint8_t *present;
  /// Where all names were asked for: the names found, as `names` are given, and their number.
  const char *found;
  size_t found_count;
  size_t found_length;
  /// One of json_crystal_form.
  int32_t form;
  /// Explanation when status is not ok; UTF-8, not terminated.
  const char *message;
  size_t message_length;
  /// What was concluded: for each note the code of its rule, a tab and a message, ended by a zero byte.
  const char *notes;
  size_t notes_length;
} json_crystal;

/// Decodes one JSON document: an object, or a table row (array) whose columns are named.
///
/// `names` are `name_count` property names, each terminated by a zero byte, one after the other; `columns`
/// likewise. `all` != 0 asks for every number that could be asked for by name. `majority` != 0 keeps the most
/// abundant element of a shared site instead of refusing it. `note_formula` != 0 notes a contradiction between the
/// crystal and the formula that the document states instead of refusing it.
void json_crystal_decode(
    const uint8_t *bytes, size_t length, const char *names, size_t name_count, const char *columns,
    size_t column_count, int32_t all, int32_t majority, int32_t note_formula, json_crystal *result);

#ifdef __cplusplus
}
#endif

#endif
