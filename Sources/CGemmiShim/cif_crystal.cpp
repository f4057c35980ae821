// CIF text to flat crystal buffers. See the header for the contract.
//
// gemmi parses the syntax and knows the space groups. The sites are gathered here because gemmi 0.5 takes its
// operations from the Hermann-Mauguin symbol alone, where the listed operations must win, and needs atom labels.

#include "CGemmiShim.h"

#include <gemmi/cif.hpp>
#include <gemmi/elem.hpp>
#include <gemmi/numb.hpp>
#include <gemmi/symmetry.hpp>
#include <gemmi/unitcell.hpp>

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace cif = gemmi::cif;

namespace {

// Images of one site closer than this (Å) are one atom on a special position, as in gemmi and most programs.
constexpr double specialPositionTolerance = 0.4;
// Sites of a shared position are listed with the same coordinates; this much rounding (Å) is allowed.
constexpr double sharedPositionTolerance = 0.1;
constexpr size_t mostOperations = 1000;

struct Fault : std::runtime_error {
  int32_t status;
  Fault(int32_t code, const std::string &message) : std::runtime_error(message), status(code) {}
};

struct Operation {
  double rotation[9];
  double translation[3];
};

struct Site {
  double point[3];
  uint16_t symbol;
  double occupancy;
};

struct Scratch {
  std::vector<double> positions;
  std::vector<uint16_t> symbols;
  std::vector<double> values;
  std::vector<uint8_t> present;
  std::string found;
  std::vector<Operation> operations;
  std::vector<Site> sites;
  std::string message;
};

uint16_t elementCode(const char *letters, size_t count) {
  char text[3] = {letters[0], count > 1 ? letters[1] : '\0', '\0'};
  gemmi::El element = gemmi::find_element(text);
  if (element == gemmi::El::X) return 0;
  if (element == gemmi::El::D) element = gemmi::El::H;  // deuterium is hydrogen to a structure
  const char *name = gemmi::element_name(element);
  return uint16_t(uint8_t(name[0]) | uint16_t(uint8_t(name[1])) << 8);
}

// "Fe", "FE3+", "O2-", "Fe0+", "D": the letters must be an element, what follows a charge.
uint16_t typeSymbol(const std::string &text) {
  size_t letters = 0;
  while (letters < text.size() && std::isalpha(uint8_t(text[letters]))) letters++;
  if (letters == 0 || letters > 2) return 0;
  for (size_t k = letters; k < text.size(); k++) {
    char c = text[k];
    if (!((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')) return 0;
  }
  return elementCode(text.data(), letters);
}

// A label such as "Fe1" or "O2A": its first two letters are an element, or else the first is.
uint16_t labelSymbol(const std::string &text) {
  if (text.empty() || !std::isalpha(uint8_t(text[0]))) return 0;
  if (text.size() > 1 && std::isalpha(uint8_t(text[1]))) {
    if (uint16_t code = elementCode(text.data(), 2)) return code;
  }
  return elementCode(text.data(), 1);
}

double requiredNumber(const std::string &text, int32_t whenNull, const char *what) {
  double value = cif::as_number(text);
  if (std::isfinite(value)) return value;
  bool null = cif::is_null(text);
  throw Fault(null ? whenNull : int32_t(cif_crystal_unreadable), std::string(what) + " is '" + text.substr(0, 24) + "'");
}

// Rounding makes "0.3333" of 1/3, off the special position by up to 1e-4 of the cell. A coordinate of four or more
// decimals that is 1/3 or 2/3 to all its digits is taken for the fraction; other digits are left alone.
double wholeThird(const std::string &text, double value) {
  size_t point = text.find('.');
  if (point == std::string::npos) return value;
  size_t decimals = 0;
  while (point + 1 + decimals < text.size() && std::isdigit(uint8_t(text[point + 1 + decimals]))) decimals++;
  if (decimals < 4 || decimals > 15) return value;
  double thirds = std::round(3 * value);
  if (thirds == 0 || std::fabs(thirds) > 2) return value;
  double last = std::pow(10.0, -double(decimals));
  double excess = std::fabs(value) - std::fabs(thirds / 3);
  // Rounded at its last decimal, or cut off after it.
  return excess > -last && excess < 0.5 * last ? thirds / 3 : value;
}

// One of the three parts of an operation such as "-y+1/2"; numbers may be fractions or decimals.
void readOperationPart(const char *start, const char *end, double *rotation, double &translation) {
  const char *p = start;
  bool any = false;
  auto wrong = [&] {
    return Fault(cif_crystal_unreadable, "symmetry operation part '" + std::string(start, end) + "' is not understood");
  };
  while (p < end) {
    if (*p == ' ' || *p == '\t') {
      p++;
      continue;
    }
    double factor = 1;
    if (*p == '+' || *p == '-') {
      factor = *p == '-' ? -1 : 1;
      p++;
    } else if (any) {
      throw wrong();
    }
    while (p < end && *p == ' ') p++;
    bool number = false;
    if (p < end && ((*p >= '0' && *p <= '9') || *p == '.')) {
      double value = 0;
      auto read = fast_float::from_chars(p, end, value);
      if (read.ec != std::errc()) throw wrong();
      p = read.ptr;
      number = true;
      factor *= value;
      if (p < end && *p == '/') {
        auto divisor = fast_float::from_chars(p + 1, end, value);
        if (divisor.ec != std::errc() || value == 0) throw wrong();
        p = divisor.ptr;
        factor /= value;
      }
      if (p < end && *p == '*') p++;
    }
    char letter = p < end ? char(*p | 0x20) : '\0';
    if (letter >= 'x' && letter <= 'z') {
      rotation[letter - 'x'] += factor;
      p++;
    } else if (number) {
      translation += factor;
    } else {
      throw wrong();
    }
    any = true;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
  }
  if (!any || !std::isfinite(translation)) throw wrong();
  // "0.3333" means 1/3: space groups shift by multiples of 1/24.
  double exact = std::round(translation * 24) / 24;
  if (std::fabs(exact - translation) < 1e-3) translation = exact;
}

Operation readOperation(const std::string &text) {
  Operation operation{};
  const char *start = text.data(), *end = start + text.size();
  for (int row = 0; row < 3; row++) {
    const char *stop = std::find(start, end, ',');
    if ((stop == end) != (row == 2)) {
      throw Fault(cif_crystal_unreadable, "symmetry operation '" + text.substr(0, 48) + "' has not three parts");
    }
    readOperationPart(start, stop, operation.rotation + 3 * row, operation.translation[row]);
    start = stop + 1;
  }
  const double *r = operation.rotation;
  double determinant = r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6])
                       + r[2] * (r[3] * r[7] - r[4] * r[6]);
  if (std::fabs(std::fabs(determinant) - 1) > 1e-6) {
    throw Fault(cif_crystal_unreadable, "symmetry operation '" + text.substr(0, 48) + "' is no symmetry");
  }
  return operation;
}

const std::string *firstValue(const cif::Block &block, std::initializer_list<const char *> tags) {
  for (const char *tag : tags) {
    const std::string *value = block.find_value(tag);
    if (value != nullptr && !cif::is_null(*value)) return value;
  }
  return nullptr;
}

void addOperations(const gemmi::GroupOps &group, std::vector<Operation> &operations) {
  for (gemmi::Op op : group) {
    Operation operation;
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 3; column++) {
        operation.rotation[3 * row + column] = double(op.rot[row][column]) / gemmi::Op::DEN;
      }
      operation.translation[row] = double(op.tran[row]) / gemmi::Op::DEN;
    }
    operations.push_back(operation);
  }
}

// The listed operations, or those of the Hall symbol, the Hermann-Mauguin symbol or the group's number, in this order.
void gatherOperations(cif::Block &block, const gemmi::UnitCell &cell, std::vector<Operation> &operations) {
  for (const char *tag :
       {"_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_space_group_symop.operation_xyz"}) {
    cif::Column column = block.find_values(tag);
    if (column.length() > int(mostOperations)) throw Fault(cif_crystal_unreadable, "too many symmetry operations");
    for (const std::string &raw : column) {
      if (!cif::is_null(raw)) operations.push_back(readOperation(cif::as_string(raw)));
    }
    if (!operations.empty()) return;
  }
  if (auto *hall = firstValue(block, {"_space_group_name_Hall", "_symmetry_space_group_name_Hall"})) {
    addOperations(gemmi::symops_from_hall(cif::as_string(*hall).c_str()), operations);
    return;
  }
  const gemmi::SpaceGroup *group = nullptr;
  const std::string *symbol = firstValue(
      block, {"_space_group_name_H-M_alt", "_symmetry_space_group_name_H-M", "_space_group_name_H-M"});
  const std::string *number =
      firstValue(block, {"_space_group_IT_number", "_symmetry_Int_Tables_number"});
  if (symbol != nullptr) {
    group = gemmi::find_spacegroup_by_name(cif::as_string(*symbol), cell.alpha, cell.gamma);
  }
  if (group == nullptr && number != nullptr) {
    double value = cif::as_number(*number);
    if (value >= 1 && value <= 230) group = gemmi::find_spacegroup_by_number(int(value));
  }
  if (group == nullptr && (symbol != nullptr || number != nullptr)) {
    const std::string &shown = symbol != nullptr ? *symbol : *number;
    throw Fault(cif_crystal_unreadable, "space group " + shown.substr(0, 24) + " is not known");
  }
  if (group != nullptr) addOperations(group->operations(), operations);
}

struct Expansion {
  const gemmi::UnitCell &cell;
  Scratch &scratch;
  size_t largestSiteCount;

  double distanceSquared(const double *left, const double *right) const {
    double d[3];
    for (int k = 0; k < 3; k++) {
      d[k] = left[k] - right[k];
      d[k] -= std::round(d[k]);
    }
    const auto &m = cell.orth.mat;
    double x = m[0][0] * d[0] + m[0][1] * d[1] + m[0][2] * d[2];
    double y = m[1][1] * d[1] + m[1][2] * d[2];
    double z = m[2][2] * d[2];
    return x * x + y * y + z * z;
  }

  void add(uint16_t symbol, const double *point) {
    if (scratch.symbols.size() >= largestSiteCount) {
      throw Fault(
          cif_crystal_too_many_sites, "more than " + std::to_string(largestSiteCount) + " sites in the cell");
    }
    scratch.symbols.push_back(symbol);
    scratch.positions.insert(scratch.positions.end(), point, point + 3);
  }

  // The site and its images, each position once.
  void expand(const Site &site) {
    size_t first = scratch.symbols.size();
    add(site.symbol, site.point);
    for (const Operation &operation : scratch.operations) {
      double image[3];
      for (int row = 0; row < 3; row++) {
        const double *r = operation.rotation + 3 * row;
        double value = r[0] * site.point[0] + r[1] * site.point[1] + r[2] * site.point[2] + operation.translation[row];
        image[row] = value - std::floor(value);
      }
      bool known = false;
      for (size_t k = first; k < scratch.symbols.size() && !known; k++) {
        known = distanceSquared(image, &scratch.positions[3 * k])
                < specialPositionTolerance * specialPositionTolerance;
      }
      if (!known) add(site.symbol, image);
    }
  }
};

bool isPartial(double occupancy) { return occupancy < 0.99 || occupancy > 1.01; }

void gatherSites(cif::Block &block, bool majority, std::vector<Site> &sites) {
  cif::Table table = block.find(
      "_atom_site_", {"fract_x", "fract_y", "fract_z", "?type_symbol", "?label", "?occupancy", "?calc_flag"});
  size_t number = 0;
  for (auto row : table) {
    Site site{};
    std::string name = row.has2(3) ? cif::as_string(row[3]) : row.has2(4) ? cif::as_string(row[4]) : "";
    if (row.has2(6) && cif::as_string(row[6]) == "dum") continue;
    site.occupancy = 1;
    if (row.has2(5)) site.occupancy = requiredNumber(row[5], cif_crystal_unreadable, "an occupancy");
    if (site.occupancy == 0) continue;
    site.symbol = row.has2(3) ? typeSymbol(name) : labelSymbol(name);
    if (site.symbol == 0) {
      throw Fault(
          cif_crystal_unknown_element,
          "site " + std::to_string(number) + ": no element named '" + name.substr(0, 24) + "'");
    }
    for (int k = 0; k < 3; k++) {
      site.point[k] = wholeThird(row[k], requiredNumber(row[k], cif_crystal_not_a_crystal, "a coordinate"));
      if (std::fabs(site.point[k]) > 1e6) {
        throw Fault(cif_crystal_not_a_crystal, "a coordinate is absurdly far from the cell");
      }
    }
    if (isPartial(site.occupancy) && !majority) {
      throw Fault(
          cif_crystal_partial,
          "site " + std::to_string(number) + " (" + name.substr(0, 24) + ") is shared by several species or partly empty");
    }
    sites.push_back(site);
    number++;
  }
}

// Of the species that share a position the most abundant remains, unless the empty share is larger.
void keepMajority(const Expansion &expansion, std::vector<Site> &sites) {
  std::vector<Site> kept;
  std::vector<bool> used(sites.size());
  for (size_t i = 0; i < sites.size(); i++) {
    if (used[i]) continue;
    Site best = sites[i];
    double total = best.occupancy;
    for (size_t j = i + 1; isPartial(sites[i].occupancy) && j < sites.size(); j++) {
      if (used[j] || !isPartial(sites[j].occupancy)) continue;
      double d = expansion.distanceSquared(sites[i].point, sites[j].point);
      if (d > sharedPositionTolerance * sharedPositionTolerance) continue;
      used[j] = true;
      total += sites[j].occupancy;
      if (sites[j].occupancy > best.occupancy) best = sites[j];
    }
    if (1 - total <= best.occupancy) kept.push_back(best);
  }
  sites = kept;
}

gemmi::UnitCell readCell(const cif::Block &block) {
  const char *tags[6] = {"_cell_length_a", "_cell_length_b", "_cell_length_c",
                         "_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma"};
  double values[6];
  for (int k = 0; k < 6; k++) {
    const std::string *text = block.find_value(tags[k]);
    if (text == nullptr) throw Fault(cif_crystal_not_a_crystal, std::string("no ") + tags[k]);
    values[k] = requiredNumber(*text, cif_crystal_not_a_crystal, tags[k]);
    if (values[k] <= 0 || (k >= 3 && values[k] >= 180)) {
      throw Fault(cif_crystal_not_a_crystal, std::string(tags[k]) + " is " + text->substr(0, 24));
    }
  }
  gemmi::UnitCell cell;
  cell.set(values[0], values[1], values[2], values[3], values[4], values[5]);
  return cell;
}

void decode(
    Scratch &scratch, const uint8_t *bytes, size_t length, const char *names, size_t nameCount, bool all,
    bool majority, size_t largestSiteCount, cif_crystal *result) {
  cif::Document document;
  tao::pegtl::memory_input<> input(reinterpret_cast<const char *>(bytes), length, "cif");
  cif::parse_input(document, input);
  cif::check_for_missing_values(document);
  cif::Block *block = nullptr;
  for (cif::Block &candidate : document.blocks) {
    if (candidate.find_values("_atom_site_fract_x").item() != nullptr) {
      block = &candidate;
      break;
    }
  }
  if (block == nullptr) {
    bool none = document.blocks.empty();
    throw Fault(
        none ? cif_crystal_unreadable : cif_crystal_not_a_crystal,
        none ? "no data block" : "no data block with fractional coordinates");
  }
  gemmi::UnitCell cell = readCell(*block);
  for (int row = 0; row < 3; row++) {
    for (int k = 0; k < 3; k++) result->lattice[3 * row + k] = cell.orth.mat[k][row];
  }
  gatherOperations(*block, cell, scratch.operations);
  gatherSites(*block, majority, scratch.sites);
  Expansion expansion{cell, scratch, largestSiteCount};
  if (majority) keepMajority(expansion, scratch.sites);
  for (const Site &site : scratch.sites) expansion.expand(site);
  if (scratch.symbols.empty()) throw Fault(cif_crystal_not_a_crystal, "the structure has no sites");
  for (size_t k = 0; k < nameCount; k++, names += std::strlen(names) + 1) {
    if (names[0] != '_') continue;
    const std::string *text = block->find_value(names);
    double value = text == nullptr ? NAN : cif::as_number(*text);
    if (!std::isfinite(value)) continue;
    scratch.values[k] = value;
    scratch.present[k] = 1;
  }
  if (!all) return;
  for (const cif::Item &item : block->items) {
    if (item.type != cif::ItemType::Pair) continue;
    double value = cif::as_number(item.pair[1]);
    if (!std::isfinite(value)) continue;
    scratch.found.append(item.pair[0]).push_back('\0');
    scratch.values.push_back(value);
    scratch.present.push_back(1);
    result->found_count++;
  }
}

}  // namespace

extern "C" void cif_crystal_decode(
    const uint8_t *bytes, size_t length, const char *names, size_t name_count, int32_t all,
    int32_t majority, size_t largest_site_count, cif_crystal *result) {
  std::memset(result, 0, sizeof *result);
  result->byte_offset = -1;
  try {
    // Buffers kept between records; one set for each thread makes the function safe to call in parallel.
    static thread_local Scratch scratch;
    scratch.positions.clear();
    scratch.symbols.clear();
    scratch.operations.clear();
    scratch.sites.clear();
    scratch.message.clear();
    scratch.found.clear();
    scratch.values.assign(name_count, 0);
    scratch.present.assign(name_count, 0);
    try {
      decode(scratch, bytes, length, names, name_count, all != 0, majority != 0, largest_site_count, result);
    } catch (const Fault &fault) {
      result->status = fault.status;
      scratch.message = fault.what();
    } catch (const tao::pegtl::parse_error &error) {
      result->status = cif_crystal_unreadable;
      scratch.message = std::string(error.message());
      if (!error.positions().empty()) result->byte_offset = int64_t(error.positions().front().byte);
      if (result->byte_offset == int64_t(length)) result->status = cif_crystal_truncated;
    } catch (const std::runtime_error &error) {
      result->status = cif_crystal_unreadable;
      scratch.message = error.what();
    }
    result->site_count = scratch.symbols.size();
    result->positions = scratch.positions.data();
    result->symbols = scratch.symbols.data();
    result->values = scratch.values.data();
    result->present = scratch.present.data();
    result->found = scratch.found.data();
    result->found_length = scratch.found.size();
    result->message = scratch.message.data();
    result->message_length = scratch.message.size();
  } catch (...) {
    static const char message[] = "out of memory while decoding";
    std::memset(result, 0, sizeof *result);
    result->status = cif_crystal_unreadable;
    result->byte_offset = -1;
    result->message = message;
    result->message_length = sizeof message - 1;
  }
}

extern "C" const uint8_t *decimal_number(const uint8_t *start, const uint8_t *end, double *value) {
  const char *first = reinterpret_cast<const char *>(start), *last = reinterpret_cast<const char *>(end);
  if (first < last && *first == '+') first++;
  auto read = fast_float::from_chars(first, last, *value);
  if (read.ec != std::errc()) return start;
  const char *next = read.ptr;
  // Fortran writes 1.5D-03.
  if (next < last && (*next == 'D' || *next == 'd')) {
    int exponent = 0, sign = 1;
    const char *p = next + 1;
    if (p < last && (*p == '+' || *p == '-')) sign = *p++ == '-' ? -1 : 1;
    const char *digits = p;
    while (p < last && *p >= '0' && *p <= '9' && p - digits < 4) exponent = 10 * exponent + (*p++ - '0');
    if (p > digits) {
      *value *= std::pow(10.0, sign * exponent);
      next = p;
    }
  }
  return reinterpret_cast<const uint8_t *>(next);
}
