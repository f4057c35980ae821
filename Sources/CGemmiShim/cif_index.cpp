// Which tags of a block mean what, whatever their spelling.

#include "cif_species.hpp"

#include <gemmi/numb.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

namespace cif = gemmi::cif;

namespace sluice {

namespace {

// Lower case, points as underscores: "_cell.length_a" of DDLm and "_cell_length_a" fall together.
const std::unordered_map<std::string, Tag> &knownTags() {
  static const std::unordered_map<std::string, Tag> tags = {
      {"_cell_length_a", Tag::lengthA},
      {"_cell_length_b", Tag::lengthB},
      {"_cell_length_c", Tag::lengthC},
      {"_cell_angle_alpha", Tag::alpha},
      {"_cell_angle_beta", Tag::beta},
      {"_cell_angle_gamma", Tag::gamma},
      {"_space_group_symop_operation_xyz", Tag::operations},
      {"_symmetry_equiv_pos_as_xyz", Tag::operations},
      {"_symmetry_equiv_as_xyz", Tag::operations},
      {"_space_group_symop_magn_operation_xyz", Tag::magneticOperations},
      {"_space_group_symop_magn_centering_xyz", Tag::magneticCentrings},
      {"_space_group_symop_ssg_operation_algebraic", Tag::superspaceOperations},
      {"_space_group_symop_magn_ssg_operation_algebraic", Tag::superspaceOperations},
      {"_cell_modulation_dimension", Tag::modulationDimension},
      {"_cell_subsystems_number", Tag::subsystems},
      {"_space_group_name_hall", Tag::hall},
      {"_symmetry_space_group_name_hall", Tag::hall},
      {"_space_group_name_h-m_alt", Tag::symbolAlternative},
      {"_symmetry_space_group_name_h-m", Tag::symbol},
      {"_space_group_name_h-m", Tag::symbol},
      {"_space_group_name_h-m_full", Tag::symbolFull},
      {"_symmetry_space_group_name_h-m_full", Tag::symbolFull},
      {"_space_group_it_number", Tag::number},
      {"_symmetry_int_tables_number", Tag::number},
      {"_space_group_it_coordinate_system_code", Tag::coordinateSystemCode},
      {"_space_group_crystal_system", Tag::crystalSystem},
      {"_symmetry_cell_setting", Tag::crystalSystem},
      {"_chemical_formula_sum", Tag::formulaSum},
      {"_cell_formula_units_z", Tag::formulaUnits},
      {"_atom_site_fract_x", Tag::fractX},
      {"_atom_site_fract_y", Tag::fractY},
      {"_atom_site_fract_z", Tag::fractZ},
      {"_atom_site_cartn_x", Tag::cartesianX},
      {"_atom_site_type_symbol", Tag::type},
      {"_atom_site_label", Tag::label},
      {"_atom_site_occupancy", Tag::occupancy},
      {"_atom_site_calc_flag", Tag::calculation},
      {"_atom_site_attached_hydrogens", Tag::attachedHydrogens},
      {"_atom_site_disorder_group", Tag::disorderGroup},
      {"_atom_site_disorder_assembly", Tag::disorderAssembly},
      {"_atom_site_symmetry_multiplicity", Tag::multiplicity},
      {"_atom_site_site_symmetry_multiplicity", Tag::multiplicity},
      {"_atom_site_site_symmetry_order", Tag::multiplicity},
      {"_atom_type_symbol", Tag::atomTypes},
  };
  return tags;
}

const std::string &normalized(const std::string &name) {
  static thread_local std::string normal;
  normal = name;
  for (char &c : normal) {
    if (c >= 'A' && c <= 'Z') c = char(c | 0x20);
    if (c == '.') c = '_';
  }
  return normal;
}

// Whether a tag, of any dictionary or none, is about the symmetry of the crystal as a whole.
bool tellsOfSymmetry(const std::string &name) {
  static const char *const others[] = {"_geom", "_atom_",   "_refln", "_diffrn",  "_exptl",
                                       "_publ", "_journal", "_audit", "_struct_", "_computing"};
  for (const char *other : others) {
    if (name.compare(0, std::strlen(other), other) == 0) return false;
  }
  static const char *const words[] = {"spacegroup", "space_group", "symmetry",     "_sg_",
                                      "symop",      "equiv_pos",   "schoenflies",  "bravais",
                                      "laue",       "point_group", "cell_setting", "crystal_system"};
  static const char *const settings[] = {"tolerance", "precision", "symprec"};
  auto holds = [&](const char *word) { return name.find(word) != std::string::npos; };
  return std::any_of(std::begin(words), std::end(words), holds)
         && std::none_of(std::begin(settings), std::end(settings), holds);
}

// Whether any value says more than that there is no symmetry: "P 1", number 1, "C_1^1".
bool saysMore(const Values &values) {
  static const char *const none[] = {"",    "?",     ".",        "1",  "p1",        "c1",
                                     "c11", "x,y,z", "+x,+y,+z", "ap", "triclinic", "anorthic"};
  for (size_t row = 0; row < values.count(); row++) {
    if (cif::is_null(values[row])) continue;
    std::string text;
    for (char c : cif::as_string(values[row])) {
      if (c >= 'A' && c <= 'Z') c = char(c | 0x20);
      if (std::strchr(" \t\r\n_^.{}()", c) == nullptr) text.push_back(c);
    }
    if (std::none_of(std::begin(none), std::end(none), [&](const char *word) { return text == word; })) return true;
  }
  return false;
}

// Tags about symmetry that say nothing of the operations, or repeat what others say.
bool saysNothing(const std::string &name) {
  static const char *const harmless[] = {
      "_space_group_id",
      "_space_group_symop_id",
      "_symmetry_equiv_pos_site_id",
      "_space_group_symop_sg_id",
      "_symmetry_equiv_pos_id",
      "_space_group_symop_magn_operation_id",
      "_space_group_symop_magn_centering_id",
      "_symmetry_entry_id",
      "_symmetry_id",
      "_space_group_symop_operation_description"};
  for (const char *tag : harmless) {
    if (name == tag) return true;
  }
  return false;
}

// A value without quotes and blanks, in lower case.
std::string spelling(const std::string &value) {
  std::string text;
  for (char c : cif::as_string(value)) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    text.push_back(c >= 'A' && c <= 'Z' ? char(c | 0x20) : c);
  }
  return text;
}

// Whether a tag that is given twice, under an old and a new name say, must say the same each time.
bool saysOneNumber(Tag tag) {
  switch (tag) {
    case Tag::lengthA:
    case Tag::lengthB:
    case Tag::lengthC:
    case Tag::alpha:
    case Tag::beta:
    case Tag::gamma:
    case Tag::number:
    case Tag::formulaUnits:
      return true;
    default:
      return false;
  }
}

// Whether a list that is given twice must be the same both times, for else a part of the crystal would be passed over.
bool saysOneList(Tag tag) {
  switch (tag) {
    case Tag::operations:
    case Tag::fractX:
    case Tag::fractY:
    case Tag::fractZ:
      return true;
    default:
      return false;
  }
}

bool areSame(const Values &left, const Values &right) {
  if (left.count() != right.count()) return false;
  for (size_t row = 0; row < left.count(); row++) {
    if (spelling(left[row]) != spelling(right[row])) return false;
  }
  return true;
}

bool isGiven(const Values &values) {
  for (size_t row = 0; row < values.count(); row++) {
    if (!cif::is_null(values[row])) return true;
  }
  return false;
}

}  // namespace

double numberOf(const std::string &value) {
  bool isQuoted = !value.empty() && (value[0] == '\'' || value[0] == '"' || value[0] == ';');
  if (!isQuoted) return cif::as_number(value);
  std::string text = cif::as_string(value);
  size_t start = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
  return start == std::string::npos ? cif::as_number("?") : cif::as_number(text.substr(start, end - start + 1));
}

BlockIndex::BlockIndex(const cif::Block &block) : block(&block) {
  for (const cif::Item &item : block.items) {
    if (item.type == cif::ItemType::Pair) {
      add(item.pair[0], Values(item.pair[1]));
    } else if (item.type == cif::ItemType::Loop) {
      for (size_t column = 0; column < item.loop.tags.size(); column++) {
        add(item.loop.tags[column], Values(item.loop, column));
      }
    }
  }
}

void BlockIndex::add(const std::string &name, Values found) {
  // Only these families are looked at: _cell, _chemical, _atom, _space_group, _symmetry.
  if (name.size() < 9) return;
  char family = char(name[1] | 0x20);
  if (family != 'c' && family != 'a' && family != 's') return;
  auto known = knownTags().find(normalized(name));
  if (known != knownTags().end()) {
    // The first tag that gives a value counts: files repeat a tag under its old and its new name.
    Values &place = values[size_t(known->second)];
    if (saysOneNumber(known->second) && place.count() > 0 && twice.empty()) {
      double first = numberOf(place[0]), second = found.count() > 0 ? numberOf(found[0]) : first;
      if (std::fabs(first - second) > 1e-3 * std::fabs(first)) twice = name;
    }
    if (saysOneList(known->second) && twice.empty() && isGiven(place) && isGiven(found) && !areSame(place, found))
      twice = name;
    if (known->second == Tag::formulaSum && isGiven(place) && isGiven(found)) {
      // "Gd1 N" is "Gd N".
      bool isSame = readFormula(cif::as_string(place[0])).text() == readFormula(cif::as_string(found[0])).text();
      if (!isSame) secondFormula = name;
    }
    if (place.count() == 0 || (!isGiven(place) && isGiven(found))) place = found;
  }
}

std::string BlockIndex::unreadSymmetry() const {
  auto isUnread = [](const std::string &name, const Values &found) {
    std::string normal = normalized(name);
    return knownTags().count(normal) == 0 && tellsOfSymmetry(normal) && !saysNothing(normal) && saysMore(found);
  };
  for (const cif::Item &item : block->items) {
    if (item.type == cif::ItemType::Pair) {
      if (isUnread(item.pair[0], Values(item.pair[1]))) return item.pair[0];
    } else if (item.type == cif::ItemType::Loop) {
      for (size_t column = 0; column < item.loop.tags.size(); column++) {
        if (isUnread(item.loop.tags[column], Values(item.loop, column))) return item.loop.tags[column];
      }
    }
  }
  return std::string();
}

std::string BlockIndex::text(Tag tag) const {
  const Values &found = values[size_t(tag)];
  for (size_t row = 0; row < found.count(); row++) {
    if (cif::is_null(found[row])) continue;
    std::string text = cif::as_string(found[row]);
    size_t start = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
    if (start == std::string::npos) continue;
    text = text.substr(start, end - start + 1);
    if (text != "?" && text != ".") return text;  // programs quote them, and mean that nothing is known
  }
  return std::string();
}

}  // namespace sluice
