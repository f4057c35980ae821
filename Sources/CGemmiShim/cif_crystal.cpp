// CIF text to flat crystal buffers. See the header for the contract.
//
// gemmi parses the syntax and knows the space groups. Elements, sites and settings are settled here, by what the text
// says and by evidence, because a reader that guesses them makes wrong crystals: see docs/reading.md.

#include "CGemmiShim.h"
#include "cif_sites.hpp"
#include "cif_symmetry.hpp"

#include <gemmi/cif.hpp>
#include <gemmi/numb.hpp>

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace cif = gemmi::cif;

namespace sluice {

namespace {

struct Scratch {
  std::vector<double> positions;
  std::vector<uint16_t> symbols;
  std::vector<double> values;
  std::vector<uint8_t> present;
  std::string found;
  std::string notes;
  std::string message;
};

gemmi::UnitCell readCell(const BlockIndex &block, Notes &notes) {
  const Tag tags[6] = {Tag::lengthA, Tag::lengthB, Tag::lengthC, Tag::alpha, Tag::beta, Tag::gamma};
  const char *names[6] = {"cell length a",    "cell length b",   "cell length c",
                          "cell angle alpha", "cell angle beta", "cell angle gamma"};
  double values[6];
  std::string assumed;
  for (int k = 0; k < 6; k++) {
    std::string text = block.text(tags[k]);
    if (text.empty() && k >= 3) {
      values[k] = 90;  // the dictionary's default
      assumed += (assumed.empty() ? "" : ", ") + std::string(names[k] + 11);
      continue;
    }
    if (text.empty()) throw Fault(cif_crystal_not_a_crystal, std::string("no ") + names[k]);
    values[k] = numberOf(text);
    if (!std::isfinite(values[k]))
      throw Fault(cif_crystal_unreadable, std::string("the ") + names[k] + " is '" + shown(text, 24) + "'");
    if (values[k] <= 0 || (k >= 3 && values[k] >= 180)) {
      throw Fault(cif_crystal_not_a_crystal, std::string("the ") + names[k] + " is " + shown(text, 24));
    }
  }
  if (!assumed.empty()) notes.add("default_angles", "no angle is given for " + assumed + ": 90 degrees");
  gemmi::UnitCell cell;
  cell.set(values[0], values[1], values[2], values[3], values[4], values[5]);
  return cell;
}

// gemmi takes bytes above 127 in quoted text only. They stand in names and remarks, never in what a crystal is made of.
void parse(cif::Document &document, const uint8_t *bytes, size_t length, std::string &plain) {
  try {
    tao::pegtl::memory_input<> input(reinterpret_cast<const char *>(bytes), length, "cif");
    cif::parse_input(document, input);
    return;
  } catch (const tao::pegtl::parse_error &) {
    plain.assign(reinterpret_cast<const char *>(bytes), length);
    bool changed = false;
    for (char &c : plain) {
      if (uint8_t(c) > 127) {
        c = '?';
        changed = true;
      }
    }
    if (!changed) throw;
  }
  document.clear();
  tao::pegtl::memory_input<> input(plain.data(), plain.size(), "cif");
  cif::parse_input(document, input);
}

struct CrystalBlock {
  cif::Block *block;
  BlockIndex index;
};

// The first block with sites; else the first with a cell, which then says what it lacks.
std::optional<CrystalBlock> crystalBlock(cif::Document &document) {
  std::optional<CrystalBlock> withCell;
  for (cif::Block &block : document.blocks) {
    CrystalBlock candidate{&block, BlockIndex(block)};
    if (candidate.index.has(Tag::fractX)) return candidate;
    if (!withCell && (candidate.index.has(Tag::lengthA) || candidate.index.has(Tag::cartesianX)))
      withCell = std::move(candidate);
  }
  return withCell;
}

void findProperties(
    cif::Block &block, Scratch &scratch, const char *names, size_t nameCount, bool all, cif_crystal *result) {
  for (size_t k = 0; k < nameCount; k++, names += std::strlen(names) + 1) {
    if (names[0] != '_') continue;
    const std::string *text = block.find_value(names);
    double value = text == nullptr ? NAN : numberOf(*text);
    if (!std::isfinite(value)) continue;
    scratch.values[k] = value;
    scratch.present[k] = 1;
  }
  if (!all) return;
  for (const cif::Item &item : block.items) {
    if (item.type != cif::ItemType::Pair) continue;
    double value = cif::as_number(item.pair[1]);
    if (!std::isfinite(value)) continue;
    scratch.found.append(item.pair[0]).push_back('\0');
    scratch.values.push_back(value);
    scratch.present.push_back(1);
    result->found_count++;
  }
}

void decode(
    Scratch &scratch, const uint8_t *bytes, size_t length, const char *names, size_t nameCount, bool all,
    const Policy &policy, cif_crystal *result) {
  cif::Document document;
  std::string plain;
  parse(document, bytes, length, plain);
  cif::check_for_missing_values(document);
  std::optional<CrystalBlock> found = crystalBlock(document);
  if (!found) {
    bool none = document.blocks.empty();
    throw Fault(
        none ? cif_crystal_unreadable : cif_crystal_not_a_crystal,
        none ? "no data block" : "no data block with fractional coordinates");
  }
  const BlockIndex &index = found->index;
  if (!index.has(Tag::fractX)) {
    throw Fault(
        cif_crystal_not_a_crystal, index.has(Tag::cartesianX)
                                       ? "the sites have Cartesian coordinates only, no fractional ones"
                                       : "no data block with fractional coordinates");
  }
  if (!index.contradictedTag().empty()) {
    throw Fault(
        cif_crystal_unreadable,
        "'" + shown(index.contradictedTag(), 48) + "' gives something else than was given before");
  }
  Notes notes;
  if (!index.contradictedFormula().empty()) {
    const std::string message = "'" + shown(index.contradictedFormula(), 48) + "' states another formula than before";
    if (!policy.notesFormula) throw Fault(cif_crystal_formula, message);
    notes.add("formula_contradicted", message);
  }
  gemmi::UnitCell cell = readCell(index, notes);
  for (int row = 0; row < 3; row++) {
    for (int k = 0; k < 3; k++) result->lattice[3 * row + k] = cell.orth.mat[k][row];
  }
  Symmetry symmetry = readSymmetry(index, cell, notes);
  SiteList sites = readSites(index, notes);
  Content content = settle(sites, symmetry, cell, policy, notes);
  scratch.symbols = std::move(content.elements);
  scratch.positions = std::move(content.positions);
  scratch.notes = std::move(notes.text);
  findProperties(*found->block, scratch, names, nameCount, all, result);
}

}  // namespace

}  // namespace sluice

extern "C" void cif_crystal_decode(
    const uint8_t *bytes, size_t length, const char *names, size_t name_count, int32_t all, int32_t majority,
    int32_t noted_formula, size_t largest_site_count, cif_crystal *result) {
  std::memset(result, 0, sizeof *result);
  result->byte_offset = -1;
  try {
    // Buffers kept between records; one set for each thread makes the function safe to call in parallel.
    static thread_local sluice::Scratch scratch;
    scratch.positions.clear();
    scratch.symbols.clear();
    scratch.message.clear();
    scratch.notes.clear();
    scratch.found.clear();
    scratch.values.assign(name_count, 0);
    scratch.present.assign(name_count, 0);
    sluice::Policy policy{majority != 0, noted_formula != 0, largest_site_count};
    try {
      sluice::decode(scratch, bytes, length, names, name_count, all != 0, policy, result);
    } catch (const sluice::Fault &fault) {
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
    result->notes = scratch.notes.data();
    result->notes_length = scratch.notes.size();
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
