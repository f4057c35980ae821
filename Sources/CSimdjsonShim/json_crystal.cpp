// JSON documents to flat crystal buffers. See the header for the contract.
//
// The DOM is used rather than on-demand parsing: it validates the whole document and gives fields in any order,
// and decompression, not this, is what bounds the reading rate.

#include "CSimdjsonShim.h"

#include "stated_formula.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

using namespace simdjson;
using stated_formula::Agreement;
using stated_formula::Amounts;

namespace {

// Larger scratch than this is given back after use, so that one huge record does not stay in memory.
constexpr size_t keptCapacity = 4 << 20;

constexpr size_t mostSpecies = 10'000;

// What the shares of a site come to, added up by element.
struct Occupancy {
  uint16_t symbol = 0;
  bool partial = false;  // shared by several elements, or partly empty
  bool vacant = false;   // the empty share is the largest
  bool added = false;    // several shares of one element fill the site
  std::string text;      // the shares for a person, where there is something to say
};

struct Species {
  std::string_view name;
  bool attached = false;  // with further atoms that have no positions
  Occupancy occupancy;
};

// A field that states something of the crystal.
struct Statement {
  std::string_view key;
  dom::element value;
};

// A rule that was applied to sites, with the first of them.
struct SiteNote {
  size_t count = 0;
  std::string first;
};

struct Scratch {
  dom::parser parser;
  std::vector<uint8_t> padded;
  std::vector<double> positions;
  std::vector<double> points;  // positions as listed, of which some may be left out
  std::vector<uint16_t> symbols;
  std::vector<double> values;
  std::vector<uint8_t> present;
  std::vector<Species> species;
  std::vector<double> concentrations;
  std::vector<Statement> statements;
  Amounts shares;
  Amounts stated;
  Amounts listed;
  std::vector<std::string_view> names;
  std::unordered_map<std::string_view, size_t> known;  // where a name stands among those taken along
  std::vector<std::string_view> columns;
  std::string found;
  std::string id;
  std::string message;
  std::string notes;
};

struct Decoder {
  Scratch &scratch;
  json_crystal &result;
  bool majority;
  bool all;
  bool notesFormula;
  size_t sites = 0;  // sites listed, those left out as empty among them
  size_t isotopes = 0;
  bool ordered = true;  // no site was decided by its largest share
  bool contradiction = false;  // one was noted
  SiteNote labels, added, decided;
  std::string_view twice;  // a field of the crystal that stands twice
  std::string_view passedOver;
  size_t passedOverCount = 0;

  bool fail(int32_t status, std::string message) {
    result.status = status;
    scratch.message = std::move(message);
    return false;
  }

  void note(const char *rule, const std::string &message) {
    scratch.notes.append(rule).append("\t");
    for (char c : message) scratch.notes.push_back(c == '\0' ? ' ' : c);
    scratch.notes.push_back('\0');
  }

  // The field `key`. Two fields of one name contradict each other: they are noted, and refused at the end.
  bool find(dom::object object, std::string_view key, dom::element &value) {
    bool found = false;
    for (dom::key_value_pair field : object) {
      if (field.key != key) continue;
      if (found) {
        twice = key;
        break;
      }
      value = field.value;
      found = true;
    }
    return found;
  }

  // A field that is looked for among others.
  struct Field {
    std::string_view key;
    dom::element value;
    bool found = false;
  };

  // Looks for several fields in one pass.
  void find(dom::object object, std::initializer_list<Field *> fields) {
    for (dom::key_value_pair entry : object) take(entry, fields);
  }

  void take(const dom::key_value_pair &entry, std::initializer_list<Field *> fields) {
    for (Field *field : fields) {
      if (entry.key != field->key) continue;
      if (field->found) twice = field->key;
      field->value = entry.value;
      field->found = true;
    }
  }

  template <typename Value>
  bool find(dom::object object, std::string_view key, Value &value) {
    dom::element element;
    return find(object, key, element) && !element.get(value);
  }

  // First letter | second letter << 8 of a species such as "Fe", "Fe3+", "O2-" or "Fe3+,spin=5"; 0 when it is none.
  // D and T are hydrogen.
  uint16_t symbol(std::string_view text) {
    if (text.empty() || text[0] < 'A' || text[0] > 'Z') return 0;
    uint16_t code = uint8_t(text[0]);
    size_t position = 1;
    if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') {
      code = uint16_t(code | uint16_t(uint8_t(text[1])) << 8);
      position = 2;
    }
    for (; position < text.size(); position++) {
      char c = text[position];
      if (c == ',' && text.find('=', position) != std::string_view::npos) break;
      if (!((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')) return 0;
    }
    if (code != 'D' && code != 'T') return code;
    isotopes++;
    return 'H';
  }

  std::string sharesText() {
    std::string text;
    char number[32];
    for (const auto &part : scratch.shares.parts) {
      std::snprintf(number, sizeof number, " %.4g", part.second);
      text += (text.empty() ? "" : ", ") + stated_formula::symbolText(part.first) + number;
    }
    return text.empty() ? "nothing" : text;
  }

  // What `scratch.shares` come to, given by `count` species; `empty` is the share that is said to be vacant.
  Occupancy settle(size_t count, double empty) {
    Occupancy occupancy;
    double best = 0, total = empty;
    for (const auto &part : scratch.shares.parts) {
      total += part.second;
      if (part.second > best) {
        best = part.second;
        occupancy.symbol = part.first;
      }
    }
    occupancy.partial = scratch.shares.parts.size() != 1 || empty > 0 || !(total >= 0.99 && total <= 1.01);
    occupancy.added = !occupancy.partial && count > 1;
    if (!occupancy.partial && !occupancy.added) return occupancy;
    occupancy.vacant = empty + (total < 1 ? 1 - total : 0) > best;
    occupancy.text = sharesText();
    return occupancy;
  }

  // Puts the site at `point` of this occupancy, or leaves it out where the empty share is the largest.
  bool place(const Occupancy &occupancy, const double *point) {
    size_t site = sites++;
    if (occupancy.partial || occupancy.added) {
      if (occupancy.partial && !majority) {
        return fail(
            json_crystal_partial, "site " + std::to_string(site) + " is shared by several species or partly empty ("
                                      + occupancy.text + ")");
      }
      if (occupancy.partial) ordered = false;
      SiteNote &note = occupancy.partial ? decided : added;
      if (note.count++ == 0) {
        note.first = "site " + std::to_string(site) + " holds " + occupancy.text + ": "
                     + (occupancy.vacant ? "left out" : "taken as " + stated_formula::symbolText(occupancy.symbol));
      }
      if (occupancy.vacant) return true;
    }
    scratch.symbols.push_back(occupancy.symbol);
    scratch.positions.insert(scratch.positions.end(), point, point + 3);
    return true;
  }

  bool unknownSpecies(size_t site, std::string_view text) {
    std::string shown(text.substr(0, 24));
    return fail(json_crystal_unknown_element, "site " + std::to_string(site) + ": no element named '" + shown + "'");
  }

  // Exactly three numbers; null among them means "no coordinate".
  bool triple(dom::element element, double *out, const char *what, int32_t whenNull = json_crystal_not_a_crystal) {
    dom::array array;
    if (element.get(array)) {
      if (element.is_null()) return fail(whenNull, std::string(what) + " is null");
      return fail(json_crystal_unreadable, std::string(what) + " is not an array of three numbers");
    }
    size_t count = 0;
    for (dom::element item : array) {
      if (count == 3) return fail(json_crystal_unreadable, std::string(what) + " has more than three numbers");
      double value;
      if (item.get(value)) {
        std::string_view text;
        if (item.is_null()) return fail(whenNull, std::string(what) + " is null");
        bool empty = !item.get(text) && text.empty();  // NaN becomes "", see replaceNotANumber
        if (empty) return fail(json_crystal_not_a_crystal, std::string(what) + " has no value");
        return fail(json_crystal_unreadable, std::string(what) + " holds something that is no number");
      }
      out[count++] = value;
    }
    if (count != 3) return fail(json_crystal_unreadable, std::string(what) + " has fewer than three numbers");
    return true;
  }

  bool matrix(dom::element element) {
    dom::array rows;
    if (element.get(rows)) {
      if (element.is_null()) return fail(json_crystal_not_a_crystal, "the lattice is null");
      return fail(json_crystal_unreadable, "the lattice is not a 3 x 3 array");
    }
    size_t count = 0;
    for (dom::element row : rows) {
      if (count == 3) return fail(json_crystal_unreadable, "the lattice has more than three rows");
      if (!triple(row, result.lattice + 3 * count, "a lattice row")) return false;
      count++;
    }
    if (count != 3) return fail(json_crystal_unreadable, "the lattice has fewer than three rows");
    return true;
  }

  bool positions(dom::element element, int32_t whenNull = json_crystal_not_a_crystal) {
    dom::array rows;
    if (element.get(rows)) {
      if (element.is_null()) return fail(json_crystal_not_a_crystal, "the coordinates are null");
      return fail(json_crystal_unreadable, "the coordinates are not an array");
    }
    // The size that an array states saturates at 2²⁴ - 1: it is where to begin.
    scratch.positions.resize(3 * rows.size());
    size_t end = 0;
    for (dom::element row : rows) {
      if (end + 3 > scratch.positions.size()) scratch.positions.resize(2 * end + 3);
      if (!triple(row, &scratch.positions[end], "a coordinate", whenNull)) return false;
      end += 3;
    }
    scratch.positions.resize(end);
    return true;
  }

  // Along which lattice vectors the crystal repeats: three booleans, or the numbers 0 and 1.
  bool periodicity(dom::element element, const char *name) { return flags(element, name) && isPeriodic(); }

  bool flags(dom::element element, const char *name) {
    if (element.is_null()) return true;
    bool flags[3];
    size_t count = 0;
    dom::array items;
    bool one;
    if (!element.get(one)) {
      flags[0] = flags[1] = flags[2] = one;
      count = 3;
    } else if (!element.get(items)) {
      for (dom::element item : items) {
        int64_t number;
        if (!item.get(number) && (number == 0 || number == 1)) {
          one = number == 1;
        } else if (item.get(one)) {
          count = 4;
        }
        if (count >= 3) {
          count = 4;
          break;
        }
        flags[count++] = one;
      }
    }
    if (count != 3) return fail(json_crystal_unreadable, std::string("'") + name + "' is not three booleans");
    result.periodic_count = 0;
    for (size_t k = 0; k < 3; k++) {
      result.periodic[k] = flags[k] ? 1 : 0;
      result.periodic_count += result.periodic[k];
    }
    return true;
  }

  bool isPeriodic() {
    if (result.periodic_count > 0) return true;
    return fail(
        json_crystal_not_a_crystal, "the record says that it is periodic in no direction: a molecule or cluster");
  }

  // The element of one species at a site, or the shares of several: "Fe", "O2-", "Fe:0.6, Mg:0.4".
  bool speciesText(std::string_view text, Occupancy &occupancy) {
    occupancy.symbol = symbol(text);
    if (occupancy.symbol != 0) return true;
    scratch.shares.clear();
    size_t count = 0;
    for (std::string_view rest = text; !rest.empty(); count++) {
      size_t comma = rest.find(',');
      std::string_view part = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
      size_t colon = part.find(':');
      uint16_t code = symbol(part.substr(0, colon));
      if (colon == std::string_view::npos || code == 0) return unknownSpecies(sites, text);
      const char *start = part.data() + colon + 1;
      char *end = nullptr;
      std::string number(start, part.data() + part.size());
      double share = std::strtod(number.c_str(), &end);
      if (end == number.c_str() || *end != '\0' || !(share >= 0)) return unknownSpecies(sites, text);
      scratch.shares.add(code, share);
    }
    if (count == 0) return unknownSpecies(sites, text);
    occupancy = settle(count, 0);
    return true;
  }

  // lattice, species and coordinates as three parallel fields.
  bool parallel(dom::element lattice, dom::element species, dom::element coordinates) {
    if (!matrix(lattice) || !positions(coordinates)) return false;
    dom::array names;
    if (species.get(names)) return fail(json_crystal_unreadable, "the species are not an array");
    scratch.symbols.reserve(names.size());
    for (dom::element name : names) {
      std::string_view text;
      if (name.get(text)) return fail(json_crystal_unreadable, "a species is not a string");
      uint16_t code = symbol(text);
      if (code == 0) return parallelShares(names);
      scratch.symbols.push_back(code);
    }
    sites = scratch.symbols.size();
    return 3 * sites == scratch.positions.size() || countsDiffer(sites, scratch.positions.size() / 3);
  }

  // The same where some species are shares.
  bool parallelShares(dom::array names) {
    takePoints();
    scratch.symbols.clear();
    isotopes = 0;
    for (dom::element name : names) {
      std::string_view text;
      Occupancy occupancy;
      if (name.get(text)) return fail(json_crystal_unreadable, "a species is not a string");
      if (!speciesText(text, occupancy) || !placeNext(occupancy, names.size())) return false;
    }
    return allPlaced();
  }

  // Makes the positions listed those from which sites are placed one after the other.
  void takePoints() {
    scratch.points.clear();
    scratch.points.swap(scratch.positions);
  }

  bool placeNext(const Occupancy &occupancy, size_t count) {
    if (3 * sites + 3 > scratch.points.size()) return countsDiffer(count, scratch.points.size() / 3);
    return place(occupancy, &scratch.points[3 * sites]);
  }

  bool allPlaced() { return 3 * sites == scratch.points.size() || countsDiffer(sites, scratch.points.size() / 3); }

  bool countsDiffer(size_t species, size_t points) {
    return fail(
        json_crystal_unreadable, std::to_string(species) + " species for " + std::to_string(points) + " positions");
  }

  // Adds the share of one species of a site, of which "occu" is 1 where it is not given.
  bool addShare(dom::element entry, size_t index) {
    std::string_view name;
    double share = 1;
    dom::object fields;
    if (!entry.get(fields)) {
      dom::element occupancy;
      if (fields.at_key("element").get(name)) return fail(json_crystal_unreadable, "a species has no 'element'");
      if (!fields.at_key("occu").get(occupancy) && occupancy.get(share)) {
        return fail(json_crystal_unreadable, "an occupancy is no number");
      }
    } else if (entry.get(name)) {
      return fail(json_crystal_unreadable, "a species has no 'element'");
    }
    return addShare(name, share, index);
  }

  bool addShare(std::string_view name, double share, size_t index) {
    uint16_t code = symbol(name);
    if (code == 0) return unknownSpecies(index, name);
    if (!(share >= 0)) return fail(json_crystal_unreadable, "an occupancy is negative");
    scratch.shares.add(code, share);
    return true;
  }

  // What is at a site: a list of species with their shares, an object of shares by species, one species, or else the
  // site's label.
  bool pymatgenSpecies(dom::object site, Occupancy &occupancy) {
    size_t index = sites;
    dom::element species;
    std::string_view text;
    if (site.at_key("species").get(species) || species.is_null()) {
      if (site.at_key("label").get(text)) {
        return fail(json_crystal_unreadable, "site " + std::to_string(index) + " has neither 'species' nor 'label'");
      }
      occupancy.symbol = symbol(text);
      if (occupancy.symbol == 0) return unknownSpecies(index, text);
      if (labels.count++ == 0) {
        labels.first = "site " + std::to_string(index) + ": " + stated_formula::symbolText(occupancy.symbol)
                       + " from the label " + std::string(text.substr(0, 24));
      }
      return true;
    }
    if (!species.get(text)) return speciesText(text, occupancy);
    scratch.shares.clear();
    size_t count = 0;
    dom::array list;
    dom::object shares;
    if (!species.get(list)) {
      for (dom::element entry : list) {
        if (!addShare(entry, index)) return false;
        count++;
      }
    } else if (!species.get(shares)) {
      for (dom::key_value_pair field : shares) {
        double share;
        if (field.value.get(share)) return fail(json_crystal_unreadable, "an occupancy is no number");
        if (!addShare(field.key, share, index)) return false;
        count++;
      }
    } else {
      return fail(json_crystal_unreadable, "the species of site " + std::to_string(index) + " are no list");
    }
    occupancy = settle(count, 0);
    return true;
  }

  // Sites of pymatgen's dictionary form: {"species": [{"element": "Ba", "occu": 1}], "abc": [...]}, by `key`: "abc", or
  // the Cartesian "xyz".
  bool pymatgenSites(dom::array list, const char *key) {
    for (dom::element element : list) {
      dom::object site;
      if (element.get(site)) return fail(json_crystal_unreadable, "a site is not an object");
      dom::element coordinates;
      double point[3];
      if (site.at_key(key).get(coordinates)) {
        return fail(json_crystal_unreadable, "site " + std::to_string(sites) + " has no '" + key + "'");
      }
      Occupancy occupancy;
      if (!triple(coordinates, point, key[0] == 'a' ? "a site's 'abc'" : "a site's 'xyz'")) return false;
      if (!pymatgenSpecies(site, occupancy) || !place(occupancy, point)) return false;
    }
    return true;
  }

  // Flags that stand with the structure, and must be those of its lattice where that has some as well.
  bool periodicityBeside(dom::object structure, bool latticeHasFlags) {
    dom::element element;
    if (!find(structure, "pbc", element) || element.is_null()) return true;
    const std::vector<int32_t> ofLattice(result.periodic, result.periodic + 3);
    if (!flags(element, "pbc")) return false;
    if (latticeHasFlags && !std::equal(ofLattice.begin(), ofLattice.end(), result.periodic)) {
      return fail(json_crystal_unreadable, "the 'pbc' of the structure is not that of its lattice");
    }
    return isPeriodic();
  }

  // A length of the cell that is stated beside the matrix is that of its row; numbers may be rounded.
  bool lengthAgrees(dom::element stated, size_t row) {
    double length;
    const double *v = result.lattice + 3 * row;
    double found = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    if (stated.get(length) || !(std::abs(length - found) > 0.01 * std::abs(length))) return true;
    char text[96];
    std::snprintf(
        text, sizeof text, "the lattice says %c = %.4g where its matrix has %.4g", char('a' + row), length, found);
    return fail(json_crystal_unreadable, text);
  }

  bool pymatgenStructure(dom::object structure) {
    result.form = json_crystal_pymatgen;
    dom::element lattice, matrixElement, periodic;
    dom::array list;
    if (!find(structure, "lattice", lattice) || lattice.is_null()) {
      return fail(json_crystal_not_a_crystal, "the structure has no lattice");
    }
    dom::object fields;
    if (!lattice.get(fields)) {
      if (fields.at_key("matrix").get(matrixElement)) {
        return fail(json_crystal_unreadable, "the lattice has no 'matrix'");
      }
      bool hasFlags = !fields.at_key("pbc").get(periodic) && !periodic.is_null();
      if (hasFlags && !periodicity(periodic, "pbc")) return false;
      if (!periodicityBeside(structure, hasFlags) || !matrix(matrixElement)) return false;
      for (size_t row = 0; row < 3; row++) {
        dom::element length;
        const char name[2] = {char('a' + row), 0};
        if (!fields.at_key(name).get(length) && !lengthAgrees(length, row)) return false;
      }
    } else if (!periodicityBeside(structure, false) || !matrix(lattice)) {
      return false;
    }
    if (!find(structure, "sites", list)) return fail(json_crystal_unreadable, "'sites' is not an array");
    bool fractional = true;
    for (dom::element site : list) {
      dom::element point;
      if (!site["abc"].get(point)) continue;
      if (!site["xyz"].get(point)) fractional = false;
    }
    result.cartesian = fractional ? 0 : 1;
    return pymatgenSites(list, fractional ? "abc" : "xyz");
  }

  // The "species" list of OPTIMADE: name, chemical_symbols, concentration.
  bool optimadeSpecies(dom::array list) {
    for (dom::element entry : list) {
      Species species;
      dom::array symbols, shares, attached, counts;
      if (entry["name"].get(species.name) || entry["chemical_symbols"].get(symbols)) {
        return fail(json_crystal_unreadable, "a species lacks 'name' or 'chemical_symbols'");
      }
      // Names are looked up one by one.
      if (scratch.species.size() == mostSpecies) return fail(json_crystal_unreadable, "more than 10,000 species");
      for (const Species &other : scratch.species) {
        if (other.name != species.name) continue;
        return fail(
            json_crystal_unreadable, "the species '" + std::string(species.name.substr(0, 24)) + "' stands twice");
      }
      bool hasShares = !entry["concentration"].get(shares);
      double vacancy = 0;
      scratch.concentrations.clear();
      if (hasShares) {
        for (dom::element item : shares) {
          double value;
          if (item.get(value)) return fail(json_crystal_unreadable, "a concentration is no number");
          scratch.concentrations.push_back(value);
        }
      }
      size_t count = 0;
      scratch.shares.clear();
      for (dom::element item : symbols) {
        std::string_view text;
        double value = 1;
        if (item.get(text)) return fail(json_crystal_unreadable, "a chemical symbol is not a string");
        if (hasShares) {
          if (count >= scratch.concentrations.size()) {
            return fail(json_crystal_unreadable, "'concentration' does not match 'chemical_symbols'");
          }
          value = scratch.concentrations[count];
        }
        count++;
        if (!(value >= 0)) return fail(json_crystal_unreadable, "a concentration is negative");
        if (text == "vacancy") {
          vacancy += value;
          continue;
        }
        uint16_t code = symbol(text);
        if (code == 0) {
          return fail(
              json_crystal_unknown_element, "species '" + std::string(species.name.substr(0, 24))
                                                + "': no element named '" + std::string(text.substr(0, 24)) + "'");
        }
        scratch.shares.add(code, value);
      }
      species.occupancy = settle(count, vacancy);
      if (!entry["attached"].get(attached) && attached.size() > 0) {
        // Without numbers there is at least one of each.
        species.attached = true;
        if (!entry["nattached"].get(counts)) {
          int64_t number;
          species.attached = counts.size() == 0;
          for (dom::element item : counts) species.attached |= item.get(number) || number != 0;
        }
      }
      scratch.species.push_back(species);
    }
    return true;
  }

  // Atoms that an OPTIMADE structure declares without a position of their own, or as alternatives.
  bool listsAllAtoms(dom::object attributes) {
    dom::array features, assemblies;
    dom::element element;
    int64_t count;
    const char *what = nullptr;
    if (!attributes.at_key("structure_features").get(features)) {
      for (dom::element item : features) {
        std::string_view feature;
        if (item.get(feature)) continue;
        if (feature == "implicit_atoms") what = "'structure_features' has 'implicit_atoms': they have no positions";
        if (feature == "site_attachments") what = "'structure_features' has 'site_attachments': they have no positions";
        if (feature == "assemblies") what = "'structure_features' has 'assemblies': sites that exclude each other";
        if (feature == "unknown_positions") what = "'structure_features' has 'unknown_positions'";
      }
    }
    if (!attributes.at_key("assemblies").get(assemblies) && assemblies.size() > 0) {
      what = "'assemblies' lists sites that exclude each other";
    }
    if (what) return fail(json_crystal_atoms_not_listed, what);
    if (attributes.at_key("nsites").get(element) || element.get(count)) return true;
    int64_t listed = int64_t(scratch.positions.size() / 3);
    return count == listed || siteCountDiffers(count, listed);
  }

  bool siteCountDiffers(int64_t count, int64_t listed) {
    std::string message = "'nsites' says " + std::to_string(count) + " where " + std::to_string(listed) + " are listed";
    if (count > listed) return fail(json_crystal_atoms_not_listed, message);
    return contradicts(message);
  }

  // What contradicts the document's own statement is refused, or noted once where that is asked for.
  bool contradicts(const std::string &message) {
    if (!notesFormula) return fail(json_crystal_formula_contradicted, message);
    if (!contradiction) note("formula_contradicted", message);
    contradiction = true;
    return true;
  }

  // By 'dimension_types' and 'nperiodic_dimensions', which must agree.
  bool optimadePeriodicity(dom::object attributes) {
    dom::element types, number;
    double count;
    bool hasTypes = find(attributes, "dimension_types", types) && !types.is_null();
    if (hasTypes && !flags(types, "dimension_types")) return false;
    if (!find(attributes, "nperiodic_dimensions", number) || number.is_null()) return isPeriodic();
    if (number.get(count) || !(count >= 0 && count <= 3) || count != std::floor(count)) {
      return fail(json_crystal_unreadable, "'nperiodic_dimensions' is not 0 to 3");
    }
    if (hasTypes && result.periodic_count != int32_t(count)) {
      return fail(
          json_crystal_unreadable, "'nperiodic_dimensions' says " + std::to_string(int32_t(count))
                                       + " where 'dimension_types' has " + std::to_string(result.periodic_count)
                                       + " periodic directions");
    }
    result.periodic_count = int32_t(count);
    if (!hasTypes && count < 3) {
      for (int32_t &flag : result.periodic) flag = -1;
    }
    return isPeriodic();
  }

  bool optimade(dom::object attributes) {
    result.form = json_crystal_optimade;
    dom::element lattice, coordinates;
    dom::array names, list;
    if (!optimadePeriodicity(attributes)) return false;
    if (!find(attributes, "lattice_vectors", lattice) || lattice.is_null()) {
      return fail(json_crystal_not_a_crystal, "no 'lattice_vectors'");
    }
    if (!find(attributes, "cartesian_site_positions", coordinates) || coordinates.is_null()
        || !find(attributes, "species_at_sites", names)) {
      return fail(json_crystal_not_a_crystal, "no 'cartesian_site_positions' with 'species_at_sites'");
    }
    if (!matrix(lattice)) {
      if (result.status != json_crystal_not_a_crystal || result.periodic_count == 3) return false;
      return fail(json_crystal_not_a_crystal, "no lattice vector along a direction without periodicity: no cell");
    }
    if (!positions(coordinates, json_crystal_atoms_not_listed)) return false;
    if (!listsAllAtoms(attributes)) return false;
    // Without a list of species the names are element symbols themselves.
    bool hasList = find(attributes, "species", list) && list.size() > 0;
    if (hasList && !optimadeSpecies(list)) return false;
    result.cartesian = 1;
    takePoints();
    Species plain;
    for (dom::element item : names) {
      std::string_view name;
      if (item.get(name)) return fail(json_crystal_unreadable, "'species_at_sites' holds something that is no string");
      const Species *species = nullptr;
      for (const Species &candidate : scratch.species) {
        if (candidate.name == name) species = &candidate;
      }
      if (species == nullptr) {
        if (hasList) {
          return fail(
              json_crystal_unreadable, "site " + std::to_string(sites) + ": 'species' does not list '"
                                           + std::string(name.substr(0, 24)) + "'");
        }
        plain.occupancy.symbol = symbol(name);
        if (plain.occupancy.symbol == 0) return unknownSpecies(sites, name);
        species = &plain;
      }
      if (species->attached) {
        return fail(
            json_crystal_atoms_not_listed, "site " + std::to_string(sites) + ": the species '"
                                               + std::string(name.substr(0, 24))
                                               + "' has atoms attached that have no positions");
      }
      if (!placeNext(species->occupancy, names.size())) return false;
    }
    return allPlaced();
  }

  // JARVIS atoms: lattice_mat, coords, elements, cartesian.
  bool jarvis(dom::object atoms) {
    result.form = json_crystal_jarvis;
    dom::element lattice, species, coordinates;
    if (!find(atoms, "lattice_mat", lattice) || !find(atoms, "elements", species)
        || !find(atoms, "coords", coordinates)) {
      return fail(json_crystal_not_a_crystal, "'atoms' lacks lattice_mat, elements or coords");
    }
    dom::element mode, lengths;
    bool cartesian = false;
    int64_t number;
    if (find(atoms, "cartesian", mode) && !mode.is_null() && mode.get(cartesian)) {
      if (mode.get(number) || (number != 0 && number != 1)) {
        return fail(json_crystal_unreadable, "'cartesian' is neither true nor false");
      }
      cartesian = number == 1;
    }
    result.cartesian = cartesian ? 1 : 0;
    if (!parallel(lattice, species, coordinates)) return false;
    dom::array list;
    if (!find(atoms, "abc", lengths) || lengths.get(list) || list.size() != 3) return true;
    size_t row = 0;
    for (dom::element length : list) {
      if (!lengthAgrees(length, row++)) return false;
    }
    return true;
  }

  bool setId(dom::element element) {
    std::string_view text;
    int64_t number;
    if (!element.get(text)) {
      if (text.empty()) return false;
      scratch.id.assign(text);
      return true;
    }
    if (!element.get(number)) {
      scratch.id = std::to_string(number);
      return true;
    }
    return false;
  }

  void findId(dom::object object) {
    for (const char *key : {"id", "material_id", "entry_id", "mat_id", "jid"}) {
      dom::element element;
      if (!object.at_key(key).get(element) && setId(element)) return;
    }
  }

  // Notes a number under its name, unless the name is there already.
  void addProperty(std::string_view name, double value) {
    if (name.find('\0') != std::string_view::npos) return;
    if (!scratch.known.try_emplace(name, scratch.names.size()).second) return;
    scratch.names.push_back(name);
    scratch.values.push_back(value);
    scratch.present.push_back(1);
  }

  void findProperties(dom::object object) {
    if (all) {
      for (dom::key_value_pair field : object) {
        double value;
        if (!field.value.get(value)) addProperty(field.key, value);
      }
      return;
    }
    for (size_t k = 0; k < scratch.names.size(); k++) {
      dom::element element;
      double value;
      if (scratch.present[k] || object.at_key(scratch.names[k]).get(element) || element.get(value)) continue;
      scratch.present[k] = 1;
      scratch.values[k] = value;
    }
  }

  bool object(dom::object root) {
    Field attributes{"attributes"}, structure{"structure"}, atoms{"atoms"}, data{"data"};
    std::string_view crystals[2];
    size_t crystalCount = 0;
    // One pass for all: records are many, and most of these fields are absent.
    for (dom::key_value_pair field : root) {
      collectStated(field.key, field.value);
      take(field, {&attributes, &structure, &atoms, &data});
      if (!looksLikeCrystal(field.value)) continue;
      if (crystalCount < 2) crystals[crystalCount] = field.key;
      crystalCount++;
    }
    findId(root);
    findProperties(root);
    const Field *chosen = nullptr;
    for (const Field *field : {&atoms, &structure, &attributes}) {
      if (field->found && field->value.is_object()) chosen = field;
    }
    if (chosen && looksLikeCrystal(chosen->value)) {
      crystalCount--;
      if (crystals[0] == chosen->key) crystals[0] = crystals[1];
    }
    // A row of a table may have noted others already.
    if (passedOverCount == 0) passedOver = crystals[0];
    passedOverCount += crystalCount;
    dom::object inner, beside;
    if (!chosen || chosen->value.get(inner)) return crystal(root);
    if (chosen == &attributes) {
      describe(inner);
      return optimade(inner);
    }
    if (chosen == &atoms) return jarvis(inner);
    if (data.found && !data.value.get(beside)) {
      if (scratch.id.empty()) findId(beside);
      describe(beside);
    }
    return crystal(inner);
  }

  // Takes from an object that stands beside the crystal, or around it, what it says.
  void describe(dom::object object) {
    findProperties(object);
    for (dom::key_value_pair field : object) collectStated(field.key, field.value);
  }

  // An object that itself holds the crystal.
  bool crystal(dom::object root) {
    Field lattice{"lattice"}, species{"species"}, coordinates{"frac_coords"}, periodic{"pbc"}, reading{"reading"};
    find(root, {&lattice, &species, &coordinates, &periodic, &reading});
    if (coordinates.found) {
      if (!lattice.found) return fail(json_crystal_not_a_crystal, "no 'lattice'");
      if (!species.found) return fail(json_crystal_not_a_crystal, "no 'species'");
      if (periodic.found && !periodicity(periodic.value, "pbc")) return false;
      if (reading.found) takeUpReading(reading.value);
      return parallel(lattice.value, species.value, coordinates.value);
    }
    dom::element field;
    if (root.at_key("sites").get(field) == SUCCESS) {
      dom::object properties;
      if (!root.at_key("properties").get(properties)) findProperties(properties);
      return pymatgenStructure(root);
    }
    if (root.at_key("lattice_vectors").get(field) == SUCCESS) return optimade(root);
    if (root.at_key("lattice_mat").get(field) == SUCCESS) return jarvis(root);
    if (passedOverCount == 0) return fail(json_crystal_not_a_crystal, "no field that holds a crystal");
    return fail(
        json_crystal_not_a_crystal, "no field that holds a crystal; what stands in '"
                                        + std::string(passedOver.substr(0, 24)) + "' is not looked for there");
  }

  // Rules that a reader applied before the record was packed stay with it; names that are none are passed over later.
  void takeUpReading(dom::element reading) {
    std::string_view codes;
    if (reading.get(codes)) return;
    for (size_t start = 0; start < codes.size();) {
      size_t end = std::min(codes.find(',', start), codes.size());
      note(std::string(codes.substr(start, end - start)).c_str(), "concluded when the record was packed");
      start = end + 1;
    }
  }

  // Whether an object, or the first element of a list, has the fields of a crystal.
  static bool looksLikeCrystal(dom::element element) {
    dom::object object;
    if (element.is_array()) {
      dom::array list;
      if (element.get(list)) return false;
      auto first = list.begin();
      return first != list.end() && !(*first).get(object) && looksLikeCrystal(object);
    }
    return element.is_object() && !element.get(object) && looksLikeCrystal(object);
  }

  static bool looksLikeCrystal(dom::object object) {
    dom::element field;
    if (!object.at_key("lattice").get(field)) {
      return !object.at_key("sites").get(field) || !object.at_key("frac_coords").get(field);
    }
    return !object.at_key("lattice_mat").get(field) || !object.at_key("lattice_vectors").get(field);
  }

  // Takes along the number of a column, where it is wanted.
  bool takeCell(std::string_view name, double value) {
    if (all) {
      addProperty(name, value);
      auto known = scratch.known.find(name);
      return known == scratch.known.end() || scratch.values[known->second] == value || columnTwice(name);
    }
    for (size_t k = 0; k < scratch.names.size(); k++) {
      if (scratch.names[k] != name) continue;
      if (scratch.present[k] && scratch.values[k] != value) return columnTwice(name);
      scratch.present[k] = 1;
      scratch.values[k] = value;
    }
    return true;
  }

  bool columnTwice(std::string_view name) {
    return fail(
        json_crystal_unreadable,
        "the table has the column '" + std::string(name.substr(0, 24)) + "' twice, with different values");
  }

  // A row of a table: the column "structure", or else the first object, is the crystal.
  bool row(dom::array cells, const std::vector<std::string_view> &columns) {
    dom::object structure;
    std::string_view chosen;
    bool found = false;
    size_t index = 0, crystals = 0;
    if (cells.size() != columns.size()) {
      return fail(
          json_crystal_unreadable, "the row has " + std::to_string(cells.size()) + " cells where the table has "
                                       + std::to_string(columns.size()) + " columns");
    }
    for (dom::element cell : cells) {
      std::string_view name = columns[index];
      dom::object candidate;
      double value;
      if (!cell.get(candidate)) {
        bool better = !found || name == "structure";
        std::string_view other = better ? chosen : name;
        if (better) {
          structure = candidate;
          chosen = name;
        }
        if (looksLikeCrystal(cell) && crystals++ > 0 && passedOverCount++ == 0) passedOver = other;
        found = true;
      } else if (name == "id" || name == "material_id" || name == "mat_id") {
        setId(cell);
      } else if (!name.empty() && !cell.get(value)) {
        if (!takeCell(name, value)) return false;
      }
      index++;
    }
    if (!found) return fail(json_crystal_not_a_crystal, "the row holds no structure");
    return object(structure);
  }

  // Keeps a field that states something of the crystal, to be compared at the end.
  void collectStated(std::string_view key, dom::element value) {
    static constexpr std::string_view names[] = {
        "formula",          "formula_pretty",         "full_formula",
        "pretty_formula",   "chemical_formula",       "chemical_formula_reduced",
        "reduced_formula",  "chemical_formula_hill",  "chemical_formula_descriptive",
        "composition",      "unit_cell_formula",      "composition_reduced",
        "reduced_cell_formula", "nsites",             "elements",
        "nelements",
    };
    // Most keys are told apart by their length and first letter.
    constexpr auto bit = [](std::string_view name) {
      return uint64_t(1) << ((name.size() + 5 * uint8_t(name[0])) & 63);
    };
    static constexpr uint64_t bits = [bit] {
      uint64_t mask = 0;
      for (std::string_view name : names) mask |= bit(name);
      return mask;
    }();
    if (key.empty() || (bits & bit(key)) == 0) return;
    for (std::string_view name : names) {
      if (key == name) scratch.statements.push_back({name, value});
    }
  }

  // Compares the crystal with what the document states of it.
  bool agrees() {
    for (const Statement &statement : scratch.statements) {
      bool good = true;
      if (statement.key == "nsites") {
        good = siteCountAgrees(statement.value);
      } else if (statement.key == "nelements") {
        continue;
      } else if (statement.key != "elements") {
        good = formulaAgrees(statement.key, statement.value);
      } else if (result.form == json_crystal_optimade) {
        good = elementsAgree(statement.value);
      }
      if (!good) return false;
    }
    for (const Statement &statement : scratch.statements) {
      // Where a formula has said more of it already, in a note, the number adds nothing.
      if (statement.key == "nelements" && !contradiction && !elementCountAgrees(statement.value)) return false;
    }
    return true;
  }

  // Cells of one crystal differ in size, so the numbers of sites agree where one divides the other.
  bool siteCountAgrees(dom::element value) {
    int64_t count, listed = int64_t(sites);
    if (value.get(count) || count <= 0 || count % listed == 0 || listed % count == 0) return true;
    return siteCountDiffers(count, listed);
  }

  // D and T may have been counted beside H.
  bool elementCountAgrees(dom::element value) {
    int64_t count;
    if (value.get(count) || count <= 0 || isotopes > 0 || !counted()) return true;
    int64_t listed = int64_t(scratch.listed.parts.size());
    return count == listed
           || contradicts("'nelements' says " + std::to_string(count) + " where the crystal is " + scratch.listed.text());
  }

  // Counts the crystal's atoms; false where they cannot be compared: an unknown element, or sites that were decided by
  // their largest share.
  bool counted() {
    if (!ordered) return false;
    if (!scratch.listed.parts.empty()) return true;
    // Sites of one element often follow each other.
    const std::vector<uint16_t> &symbols = scratch.symbols;
    for (size_t start = 0, end; start < symbols.size(); start = end) {
      if (!stated_formula::isElement(symbols[start])) {
        scratch.listed.clear();
        return false;
      }
      for (end = start + 1; end < symbols.size() && symbols[end] == symbols[start];) end++;
      scratch.listed.add(symbols[start], double(end - start));
    }
    return true;
  }

  // Reads a formula as a text, or as amounts by element. What cannot be understood as one says nothing.
  bool readFormula(dom::element value) {
    std::string_view text;
    dom::object amounts;
    if (!value.get(text)) return text.size() <= 256 && stated_formula::Reader::read(text, scratch.stated);
    if (value.get(amounts)) return false;
    scratch.stated.clear();
    size_t before = isotopes;
    for (dom::key_value_pair field : amounts) {
      double amount;
      uint16_t code = symbol(field.key);
      if (code == 0 || !stated_formula::isElement(code) || field.value.get(amount) || !(amount >= 0)) return false;
      scratch.stated.add(code, amount);
    }
    isotopes = before;
    return !scratch.stated.parts.empty();
  }

  bool formulaAgrees(std::string_view key, dom::element value) {
    if (!readFormula(value) || !counted()) return true;
    Agreement agreement = stated_formula::compare(scratch.stated, scratch.listed);
    if (agreement == Agreement::same) return true;
    std::string_view text;
    return contradicted(agreement, key, value.get(text) ? scratch.stated.text() : std::string(text));
  }

  bool elementsAgree(dom::element value) {
    dom::array list;
    if (value.get(list) || list.size() == 0 || !counted()) return true;
    scratch.stated.clear();
    size_t before = isotopes;
    for (dom::element item : list) {
      std::string_view text;
      uint16_t code = item.get(text) ? 0 : symbol(text);
      if (code == 0 || !stated_formula::isElement(code)) return true;
      scratch.stated.add(code, 1);
    }
    isotopes = before;
    std::string named;
    for (auto &part : scratch.stated.parts) {
      named += (named.empty() ? "" : ", ") + stated_formula::symbolText(part.first);
      // Only which elements there are is stated, not how many of each.
      part.second = scratch.listed.amount(part.first);
      if (part.second == 0) part.second = 1;
    }
    Agreement agreement = stated_formula::compare(scratch.stated, scratch.listed);
    return agreement == Agreement::same || contradicted(agreement, "elements", named);
  }

  bool contradicted(Agreement agreement, std::string_view key, const std::string &stated) {
    std::string message =
        "the crystal is " + scratch.listed.text() + " where '" + std::string(key) + "' says " + stated;
    if (agreement == Agreement::other) return contradicts(message);
    if (!contradiction) note("formula_without_hydrogen", message);
    contradiction = true;
    return true;
  }

  void noteSites(const char *rule, const SiteNote &sites) {
    if (sites.count == 0) return;
    note(rule, sites.first + (sites.count > 1 ? "; so at " + std::to_string(sites.count - 1) + " further" : ""));
  }

  void writeNotes() {
    noteSites("element_by_label", labels);
    noteSites("shares_added", added);
    noteSites("majority_occupancy", decided);
    if (isotopes > 0) note("isotope_as_hydrogen", "D and T, hydrogen's isotopes, count as H");
    if (passedOverCount == 0) return;
    note(
        "structures_passed_over", "'" + std::string(passedOver.substr(0, 24)) + "'"
                                      + (passedOverCount > 1 ? " and others hold" : " holds")
                                      + " another structure, which is passed over");
  }
};

void split(const char *names, size_t count, std::vector<std::string_view> &list) {
  list.clear();
  for (size_t k = 0; k < count; k++) {
    list.emplace_back(names);
    names += list.back().size() + 1;
  }
}

// Python writes NaN and Infinity, which are not JSON. Outside strings they become "": no number, and no longer than
// the three letters they replace.
bool replaceNotANumber(uint8_t *bytes, size_t length) {
  bool inString = false, changed = false;
  for (size_t k = 0; k < length; k++) {
    uint8_t byte = bytes[k];
    if (byte == '"') inString = !inString;
    if (inString) {
      if (byte == '\\') k++;
      continue;
    }
    size_t token = 0;
    if (byte == 'N' && length - k >= 3 && std::memcmp(bytes + k, "NaN", 3) == 0) token = 3;
    if (byte == 'I' && length - k >= 8 && std::memcmp(bytes + k, "Infinity", 8) == 0) token = 8;
    if (token == 0) continue;
    if (k > 0 && bytes[k - 1] == '-') bytes[k - 1] = ' ';
    std::memset(bytes + k, ' ', token);
    std::memcpy(bytes + k, "\"\"", 2);
    changed = true;
    k += token - 1;
  }
  return changed;
}

void decode(
    Scratch &scratch, const uint8_t *bytes, size_t length, const char *names, size_t nameCount, const char *columns,
    size_t columnCount, bool all, bool majority, bool notesFormula, json_crystal *result) {
  if (scratch.padded.size() < length + SIMDJSON_PADDING) scratch.padded.resize(length + SIMDJSON_PADDING);
  std::memcpy(scratch.padded.data(), bytes, length);
  std::memset(scratch.padded.data() + length, 0, SIMDJSON_PADDING);
  scratch.positions.clear();
  scratch.symbols.clear();
  scratch.species.clear();
  scratch.statements.clear();
  scratch.listed.clear();
  scratch.known.clear();
  scratch.id.clear();
  scratch.message.clear();
  scratch.notes.clear();
  split(names, nameCount, scratch.names);
  scratch.values.assign(nameCount, 0);
  scratch.present.assign(nameCount, 0);

  scratch.found.clear();

  Decoder decoder{scratch, *result, majority, all, notesFormula};
  result->periodic_count = 3;
  for (int32_t &flag : result->periodic) flag = 1;
  dom::element root;
  error_code error = scratch.parser.parse(scratch.padded.data(), length, false).get(root);
  if (error && replaceNotANumber(scratch.padded.data(), length)) {
    error = scratch.parser.parse(scratch.padded.data(), length, false).get(root);
  }
  dom::object object;
  dom::array array;
  bool good = false;
  if (error) {
    good = decoder.fail(json_crystal_unreadable, error_message(error));
  } else if (!root.get(object)) {
    good = decoder.object(object);
  } else if (columnCount > 0 && !root.get(array)) {
    split(columns, columnCount, scratch.columns);
    good = decoder.row(array, scratch.columns);
  } else {
    good = decoder.fail(
        json_crystal_unreadable,
        root.is_array() ? "the record is a list: a row of a table is read where 'columns' names its cells, which must "
                          "stand before the rows of a table larger than a record may be"
                        : "the record is not a JSON object");
  }
  if (good && scratch.symbols.size() * 3 != scratch.positions.size()) {
    good = decoder.fail(
        json_crystal_unreadable, std::to_string(scratch.symbols.size()) + " species for "
                                     + std::to_string(scratch.positions.size() / 3) + " positions");
  }
  if (good && scratch.symbols.empty()) good = decoder.fail(json_crystal_not_a_crystal, "the structure has no sites");
  if (!decoder.twice.empty()) {
    good = decoder.fail(json_crystal_unreadable, "the field '" + std::string(decoder.twice) + "' stands twice");
  }
  if (good) good = decoder.agrees();
  if (good) decoder.writeNotes();
  if (all) {
    for (std::string_view name : scratch.names) scratch.found.append(name).push_back('\0');
    result->found = scratch.found.data();
    result->found_count = scratch.names.size();
    result->found_length = scratch.found.size();
  }
  result->site_count = scratch.symbols.size();
  result->positions = scratch.positions.data();
  result->symbols = scratch.symbols.data();
  result->id = scratch.id.data();
  result->id_length = scratch.id.size();
  result->values = scratch.values.data();
  result->present = scratch.present.data();
  result->message = scratch.message.data();
  result->message_length = scratch.message.size();
  result->notes = scratch.notes.data();
  result->notes_length = scratch.notes.size();
}

}  // namespace

extern "C" void json_crystal_decode(
    const uint8_t *bytes, size_t length, const char *names, size_t name_count, const char *columns,
    size_t column_count, int32_t all, int32_t majority, int32_t note_formula, json_crystal *result) {
  std::memset(result, 0, sizeof *result);
  try {
    // A parser keeps its buffers between records; one for each thread makes the function safe to call in parallel.
    static thread_local Scratch scratch;
    if (scratch.padded.size() > keptCapacity && length < keptCapacity) scratch = Scratch();
    decode(
        scratch, bytes, length, names, name_count, columns, column_count, all != 0, majority != 0, note_formula != 0,
        result);
  } catch (...) {
    static const char message[] = "out of memory while decoding";
    std::memset(result, 0, sizeof *result);
    result->status = json_crystal_no_memory;
    result->message = message;
    result->message_length = sizeof message - 1;
  }
}
