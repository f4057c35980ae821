// JSON documents to flat crystal buffers. See the header for the contract.
//
// The DOM is used rather than on-demand parsing: it validates the whole document and gives fields in any order,
// and decompression, not this, is what bounds the reading rate.

#include "CSimdjsonShim.h"

#include <simdjson.h>

#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

using namespace simdjson;

namespace {

// Larger scratch than this is given back after use, so that one huge record does not stay in memory.
constexpr size_t keptCapacity = 4 << 20;

struct Species {
  std::string_view name;
  uint16_t symbol = 0;
  bool partial = false;
  bool vacant = false;  // the empty share is the largest
};

struct Scratch {
  dom::parser parser;
  std::vector<uint8_t> padded;
  std::vector<double> positions;
  std::vector<uint16_t> symbols;
  std::vector<double> values;
  std::vector<uint8_t> present;
  std::vector<Species> species;
  std::vector<std::string_view> names;
  std::string found;
  std::string id;
  std::string message;
};

struct Decoder {
  Scratch &scratch;
  json_crystal &result;
  bool majority;
  bool all;

  bool fail(int32_t status, std::string message) {
    result.status = status;
    scratch.message = std::move(message);
    return false;
  }

  // First letter | second letter << 8 of a species such as "Fe", "Fe3+" or "O2-"; 0 when it is none.
  static uint16_t symbol(std::string_view text) {
    if (text.empty() || text[0] < 'A' || text[0] > 'Z') return 0;
    uint16_t code = uint8_t(text[0]);
    size_t position = 1;
    if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') {
      code = uint16_t(code | uint16_t(uint8_t(text[1])) << 8);
      position = 2;
    }
    for (; position < text.size(); position++) {
      char c = text[position];
      if (!((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')) return 0;
    }
    return code;
  }

  bool unknownSpecies(size_t site, std::string_view text) {
    std::string shown(text.substr(0, 24));
    return fail(json_crystal_unknown_element, "site " + std::to_string(site) + ": no element named '" + shown + "'");
  }

  // Exactly three numbers; null among them means "no coordinate".
  bool triple(dom::element element, double *out, const char *what) {
    dom::array array;
    if (element.get(array)) {
      if (element.is_null()) return fail(json_crystal_not_a_crystal, std::string(what) + " is null");
      return fail(json_crystal_unreadable, std::string(what) + " is not an array of three numbers");
    }
    size_t count = 0;
    for (dom::element item : array) {
      if (count == 3) return fail(json_crystal_unreadable, std::string(what) + " has more than three numbers");
      double value;
      if (item.get(value)) {
        std::string_view text;
        bool empty = item.is_null() || (!item.get(text) && text.empty());  // NaN becomes "", see replaceNotANumber
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

  bool positions(dom::element element) {
    dom::array rows;
    if (element.get(rows)) {
      if (element.is_null()) return fail(json_crystal_not_a_crystal, "the coordinates are null");
      return fail(json_crystal_unreadable, "the coordinates are not an array");
    }
    for (dom::element row : rows) {
      double point[3];
      if (!triple(row, point, "a coordinate")) return false;
      scratch.positions.insert(scratch.positions.end(), point, point + 3);
    }
    return true;
  }

  // lattice, species and coordinates as three parallel fields.
  bool parallel(dom::element lattice, dom::element species, dom::element coordinates) {
    if (!matrix(lattice) || !positions(coordinates)) return false;
    dom::array names;
    if (species.get(names)) return fail(json_crystal_unreadable, "the species are not an array");
    for (dom::element name : names) {
      std::string_view text;
      if (name.get(text)) return fail(json_crystal_unreadable, "a species is not a string");
      uint16_t code = symbol(text);
      if (code == 0) return unknownSpecies(scratch.symbols.size(), text);
      scratch.symbols.push_back(code);
    }
    return true;
  }

  // Adds one site whose share of each species is known; the largest share decides when sharing is allowed.
  bool addSite(uint16_t best, double bestShare, double total, bool shared, const double *point) {
    bool partial = shared || total < 0.99 || total > 1.01;
    if (partial && !majority) {
      size_t site = scratch.symbols.size();
      return fail(
          json_crystal_partial, "site " + std::to_string(site) + " is shared by several species or partly empty");
    }
    if (1 - total > bestShare) return true;
    scratch.symbols.push_back(best);
    scratch.positions.insert(scratch.positions.end(), point, point + 3);
    return true;
  }

  // One site of pymatgen's dictionary form: {"species": [{"element": "Ba", "occu": 1}], "abc": [...]}.
  bool pymatgenSite(dom::element element) {
    size_t index = scratch.symbols.size();
    dom::object site;
    if (element.get(site)) return fail(json_crystal_unreadable, "a site is not an object");
    dom::element coordinates;
    double point[3];
    if (site.at_key("abc").get(coordinates)) {
      return fail(json_crystal_unreadable, "site " + std::to_string(index) + " has no 'abc'");
    }
    if (!triple(coordinates, point, "a site's 'abc'")) return false;
    dom::array species;
    if (site.at_key("species").get(species)) {
      return fail(json_crystal_unreadable, "site " + std::to_string(index) + " has no 'species'");
    }
    uint16_t best = 0;
    double bestShare = -1, total = 0;
    size_t count = 0;
    for (dom::element entry : species) {
      std::string_view name;
      double share = 1;
      if (entry["element"].get(name)) return fail(json_crystal_unreadable, "a species has no 'element'");
      dom::element occupancy;
      if (!entry["occu"].get(occupancy) && occupancy.get(share)) {
        return fail(json_crystal_unreadable, "an occupancy is no number");
      }
      uint16_t code = symbol(name);
      if (code == 0) return unknownSpecies(index, name);
      if (share > bestShare) {
        bestShare = share;
        best = code;
      }
      total += share;
      count++;
    }
    if (count == 0) return addSite(0, 0, 0, true, point);
    return addSite(best, bestShare, total, count > 1, point);
  }

  bool pymatgenStructure(dom::object structure) {
    result.form = json_crystal_pymatgen;
    dom::element lattice, matrixElement;
    dom::array sites;
    if (structure.at_key("lattice").get(lattice) || lattice.is_null()) {
      return fail(json_crystal_not_a_crystal, "the structure has no lattice");
    }
    if (lattice.is_object()) {
      if (lattice["matrix"].get(matrixElement)) return fail(json_crystal_unreadable, "the lattice has no 'matrix'");
    } else {
      matrixElement = lattice;
    }
    if (!matrix(matrixElement)) return false;
    if (structure.at_key("sites").get(sites)) return fail(json_crystal_unreadable, "'sites' is not an array");
    for (dom::element site : sites) {
      if (!pymatgenSite(site)) return false;
    }
    return true;
  }

  // The "species" list of OPTIMADE: name, chemical_symbols, concentration.
  bool optimadeSpecies(dom::object attributes) {
    dom::array list;
    if (attributes.at_key("species").get(list)) return true;  // names are then element symbols themselves
    for (dom::element entry : list) {
      Species species;
      dom::array symbols, shares;
      if (entry["name"].get(species.name) || entry["chemical_symbols"].get(symbols)) {
        return fail(json_crystal_unreadable, "a species lacks 'name' or 'chemical_symbols'");
      }
      bool hasShares = !entry["concentration"].get(shares);
      auto share = shares.begin();
      double bestShare = -1, vacancy = 0, total = 0;
      size_t count = 0;
      for (dom::element item : symbols) {
        std::string_view text;
        double value = 1;
        if (item.get(text)) return fail(json_crystal_unreadable, "a chemical symbol is not a string");
        if (hasShares) {
          if (!(share != shares.end()) || (*share).get(value)) {
            return fail(json_crystal_unreadable, "'concentration' does not match 'chemical_symbols'");
          }
          ++share;
        }
        total += value;
        count++;
        if (text == "vacancy") {
          vacancy += value;
          continue;
        }
        if (value > bestShare) {
          bestShare = value;
          species.symbol = symbol(text);
        }
      }
      species.partial = count != 1 || vacancy > 0 || total < 0.99 || total > 1.01;
      species.vacant = vacancy + (total < 1 ? 1 - total : 0) > bestShare;
      scratch.species.push_back(species);
    }
    return true;
  }

  bool optimade(dom::object attributes) {
    result.form = json_crystal_optimade;
    dom::element lattice, coordinates;
    dom::array names;
    if (attributes.at_key("lattice_vectors").get(lattice) || lattice.is_null()) {
      return fail(json_crystal_not_a_crystal, "no 'lattice_vectors'");
    }
    if (attributes.at_key("cartesian_site_positions").get(coordinates) || coordinates.is_null()
        || attributes.at_key("species_at_sites").get(names)) {
      return fail(json_crystal_not_a_crystal, "no 'cartesian_site_positions' with 'species_at_sites'");
    }
    if (!matrix(lattice) || !positions(coordinates) || !optimadeSpecies(attributes)) return false;
    result.cartesian = 1;
    size_t site = 0, kept = 0;
    for (dom::element item : names) {
      std::string_view name;
      if (item.get(name)) return fail(json_crystal_unreadable, "'species_at_sites' holds something that is no string");
      Species plain;
      const Species *species = nullptr;
      for (const Species &candidate : scratch.species) {
        if (candidate.name == name) species = &candidate;
      }
      if (species == nullptr) {
        plain.symbol = symbol(name);
        species = &plain;
      }
      if (species->partial && !majority) {
        return fail(
            json_crystal_partial, "site " + std::to_string(site) + " is shared by several species or partly empty");
      }
      if (site * 3 + 3 > scratch.positions.size()) break;  // the count check below reports it
      if (!species->vacant) {
        if (species->symbol == 0) return unknownSpecies(site, name);
        scratch.symbols.push_back(species->symbol);
        std::memmove(&scratch.positions[3 * kept], &scratch.positions[3 * site], 3 * sizeof(double));
        kept++;
      }
      site++;
    }
    if (site != names.size() || site * 3 != scratch.positions.size()) {
      return fail(
          json_crystal_unreadable, std::to_string(names.size()) + " species for "
                                       + std::to_string(scratch.positions.size() / 3) + " positions");
    }
    scratch.positions.resize(3 * kept);
    return true;
  }

  // JARVIS atoms: lattice_mat, coords, elements, cartesian.
  bool jarvis(dom::object atoms) {
    result.form = json_crystal_jarvis;
    dom::element lattice, species, coordinates;
    if (atoms.at_key("lattice_mat").get(lattice) || atoms.at_key("elements").get(species)
        || atoms.at_key("coords").get(coordinates)) {
      return fail(json_crystal_not_a_crystal, "'atoms' lacks lattice_mat, elements or coords");
    }
    bool cartesian = false;
    if (atoms.at_key("cartesian").get(cartesian)) cartesian = false;
    result.cartesian = cartesian ? 1 : 0;
    return parallel(lattice, species, coordinates);
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
    for (std::string_view known : scratch.names) {
      if (known == name) return;
    }
    if (name.find('\0') != std::string_view::npos) return;
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
    dom::object inner;
    dom::element lattice, species, coordinates;
    findId(root);
    findProperties(root);
    if (!root.at_key("attributes").get(inner)) {
      findProperties(inner);
      return optimade(inner);
    }
    if (!root.at_key("structure").get(inner)) {
      dom::object data;
      if (!root.at_key("data").get(data)) {
        if (scratch.id.empty()) findId(data);
        findProperties(data);
      }
      return crystal(inner);
    }
    if (!root.at_key("atoms").get(inner)) return jarvis(inner);
    return crystal(root);
  }

  // An object that itself holds the crystal.
  bool crystal(dom::object root) {
    dom::element lattice, species, coordinates;
    if (root.at_key("frac_coords").get(coordinates) == SUCCESS) {
      if (root.at_key("lattice").get(lattice)) return fail(json_crystal_not_a_crystal, "no 'lattice'");
      if (root.at_key("species").get(species)) return fail(json_crystal_not_a_crystal, "no 'species'");
      return parallel(lattice, species, coordinates);
    }
    if (root.at_key("sites").get(coordinates) == SUCCESS) {
      dom::object properties;
      if (!root.at_key("properties").get(properties)) findProperties(properties);
      return pymatgenStructure(root);
    }
    if (root.at_key("lattice_vectors").get(lattice) == SUCCESS) return optimade(root);
    if (root.at_key("lattice_mat").get(lattice) == SUCCESS) return jarvis(root);
    return fail(json_crystal_not_a_crystal, "no field that holds a crystal");
  }

  // A row of a table: the column "structure", or else the first object, is the crystal.
  bool row(dom::array cells, const std::vector<std::string_view> &columns) {
    dom::object structure;
    bool found = false;
    size_t index = 0;
    for (dom::element cell : cells) {
      std::string_view name = index < columns.size() ? columns[index] : std::string_view();
      dom::object candidate;
      double value;
      if (!cell.get(candidate)) {
        if (!found || name == "structure") structure = candidate;
        found = true;
      } else if (name == "id" || name == "material_id" || name == "mat_id") {
        setId(cell);
      } else if (!name.empty() && !cell.get(value)) {
        if (all) addProperty(name, value);
        for (size_t k = 0; k < scratch.names.size(); k++) {
          if (scratch.names[k] != name || scratch.present[k]) continue;
          scratch.present[k] = 1;
          scratch.values[k] = value;
        }
      }
      index++;
    }
    if (!found) return fail(json_crystal_not_a_crystal, "the row holds no structure");
    return object(structure);
  }
};

std::vector<std::string_view> split(const char *names, size_t count) {
  std::vector<std::string_view> list;
  for (size_t k = 0; k < count; k++) {
    list.emplace_back(names);
    names += list.back().size() + 1;
  }
  return list;
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
    size_t columnCount, bool all, bool majority, json_crystal *result) {
  if (scratch.padded.size() < length + SIMDJSON_PADDING) scratch.padded.resize(length + SIMDJSON_PADDING);
  std::memcpy(scratch.padded.data(), bytes, length);
  std::memset(scratch.padded.data() + length, 0, SIMDJSON_PADDING);
  scratch.positions.clear();
  scratch.symbols.clear();
  scratch.species.clear();
  scratch.id.clear();
  scratch.message.clear();
  scratch.names = split(names, nameCount);
  scratch.values.assign(nameCount, 0);
  scratch.present.assign(nameCount, 0);

  scratch.found.clear();

  Decoder decoder{scratch, *result, majority, all};
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
    good = decoder.row(array, split(columns, columnCount));
  } else {
    good = decoder.fail(json_crystal_unreadable, "the record is not a JSON object");
  }
  if (good && scratch.symbols.size() * 3 != scratch.positions.size()) {
    good = decoder.fail(
        json_crystal_unreadable, std::to_string(scratch.symbols.size()) + " species for "
                                     + std::to_string(scratch.positions.size() / 3) + " positions");
  }
  if (good && scratch.symbols.empty()) good = decoder.fail(json_crystal_not_a_crystal, "the structure has no sites");
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
}

}  // namespace

extern "C" void json_crystal_decode(
    const uint8_t *bytes, size_t length, const char *names, size_t name_count, const char *columns,
    size_t column_count, int32_t all, int32_t majority, json_crystal *result) {
  std::memset(result, 0, sizeof *result);
  try {
    // A parser keeps its buffers between records; one for each thread makes the function safe to call in parallel.
    static thread_local Scratch scratch;
    if (scratch.padded.size() > keptCapacity && length < keptCapacity) scratch = Scratch();
    decode(scratch, bytes, length, names, name_count, columns, column_count, all != 0, majority != 0, result);
  } catch (...) {
    static const char message[] = "out of memory while decoding";
    std::memset(result, 0, sizeof *result);
    result->status = json_crystal_no_memory;
    result->message = message;
    result->message_length = sizeof message - 1;
  }
}
