// The rows of the site loop. See the header for the contract.

#include "cif_sites.hpp"

#include <gemmi/numb.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace cif = gemmi::cif;

namespace sluice {

namespace {

// Rounding makes "0.3333" of 1/3, off the special position by up to 1e-4 of the cell. A coordinate of four or more
// decimals that is 1/3 or 2/3 to all its digits is taken for the fraction; other digits are left alone.
double wholeThird(const std::string &text, double value) {
  if (std::fabs(value) > 1e6) return value;
  size_t point = text.find('.');
  if (point == std::string::npos) return value;
  size_t decimals = 0;
  while (point + 1 + decimals < text.size() && std::isdigit(uint8_t(text[point + 1 + decimals]))) decimals++;
  if (decimals < 4 || decimals > 15) return value;
  double thirds = nearestWhole(3 * value);
  if (thirds == 0 || std::fabs(thirds) > 2) return value;
  if (std::fabs(3 * value - thirds) > 3e-4) return value;
  double last = std::pow(10.0, -double(decimals));
  double excess = std::fabs(value) - std::fabs(thirds / 3);
  // Rounded at its last decimal, or cut off after it.
  return excess > -last && excess < 0.5 * last ? thirds / 3 : value;
}

double coordinate(const Values &column, size_t row, const SiteList &list) {
  if (row >= column.count() || cif::is_null(column[row])) {
    throw Fault(cif_crystal_not_listed, "site " + list.name(row) + " has no position");
  }
  double value = numberOf(column[row]);
  if (!std::isfinite(value))
    throw Fault(
        cif_crystal_unreadable, "a coordinate of site " + list.name(row) + " is '" + shown(column[row], 24) + "'");
  value = wholeThird(column[row], value);
  if (std::fabs(value) > 1e6)
    throw Fault(cif_crystal_not_a_crystal, "a coordinate of site " + list.name(row) + " is absurdly far from the cell");
  return value;
}

double numberOr(double other, const Values &column, size_t row) {
  if (row >= column.count() || cif::is_null(column[row])) return other;
  double value = numberOf(column[row]);
  return std::isfinite(value) ? value : other;
}

// Readings of texts that repeat from row to row.
class Readings {
 public:
  size_t index(const std::string &value, size_t row, bool isLabel, std::vector<Stem> &stems) {
    for (size_t k = texts.size(); k-- > 0;) {
      if (texts[k].first == value) return texts[k].second;
    }
    std::string text = cif::as_string(value);
    size_t start = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
    if (start != std::string::npos) text = text.substr(start, end - start + 1);
    Stem stem{isLabel ? readLabel(text) : readType(text), row};
    size_t place = stems.size();
    if (isLabel) {
      // Labels of one kind share their letters: "Wat1", "Wat2".
      for (size_t k = 0; k < stems.size(); k++) {
        const SpeciesReading &other = stems[k].reading;
        bool isSame = other.stem == stem.reading.stem && other.element == stem.reading.element
                      && other.needsEvidence == stem.reading.needsEvidence && !other.isShared && !stem.reading.isShared;
        if (isSame) place = k;
      }
    }
    if (place == stems.size()) stems.push_back(std::move(stem));
    if (texts.size() < most) texts.emplace_back(value, place);
    return place;
  }

 private:
  static constexpr size_t most = 64;
  std::vector<std::pair<std::string, size_t>> texts;
};

}  // namespace

std::string SiteList::name(size_t row) const {
  std::string number = std::to_string(row);
  if (row >= labels.count() || cif::is_null(labels[row])) return number;
  return number + " (" + shown(cif::as_string(labels[row]), 24) + ")";
}

int SiteList::groupNumber(const Values &column, size_t row) {
  if (row >= column.count() || cif::is_null(column[row])) return 0;
  double value = numberOf(column[row]);
  if (std::fabs(value) <= firstNamedGroup) return int(value);
  std::string text = cif::as_string(column[row]);
  if (text.find_first_not_of(" .?") == std::string::npos) return 0;
  auto place = std::find(groupNames.begin(), groupNames.end(), text);
  if (place == groupNames.end()) place = groupNames.insert(groupNames.end(), text);
  return firstNamedGroup + 1 + int(place - groupNames.begin());
}

std::string SiteList::groupName(int group) const {
  return group <= firstNamedGroup ? std::to_string(group) : groupNames[size_t(group - firstNamedGroup - 1)];
}

SiteList readSites(const BlockIndex &block, Notes &notes) {
  SiteList list;
  list.labels = block[Tag::label];
  list.formulaText = block.text(Tag::formulaSum);
  list.formula = readFormula(list.formulaText);
  bool isUpper =
      std::none_of(list.formulaText.begin(), list.formulaText.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (isUpper && list.formulaText.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos) {
    Amounts words = readFormula(list.formulaText, true);
    if (words.text() != list.formula.text()) list.wordFormula = std::move(words);
  }
  double units = numberOf(block.text(Tag::formulaUnits));
  if (std::isfinite(units) && units > 0) list.units = units;
  const Values &types = block[Tag::type], &labels = block[Tag::label], &occupancies = block[Tag::occupancy];
  const Values &x = block[Tag::fractX], &y = block[Tag::fractY], &z = block[Tag::fractZ];
  for (Tag tag :
       {Tag::fractY, Tag::fractZ, Tag::type, Tag::label, Tag::occupancy, Tag::multiplicity, Tag::calculation,
        Tag::attachedHydrogens, Tag::disorderGroup, Tag::disorderAssembly}) {
    // Rows of two lists do not belong together by their number.
    if (block.has(tag) && !block[tag].isColumnOf(x))
      throw Fault(cif_crystal_unreadable, "what the block says of its sites stands in several lists");
  }
  Readings typeReadings, labelReadings;
  std::vector<Stem> typeStems;
  bool hasIsotopes = false;
  list.sites.reserve(x.count());
  for (size_t row = 0; row < x.count(); row++) {
    Site site;
    site.row = row;
    if (row < block[Tag::calculation].count() && cif::as_string(block[Tag::calculation][row]) == "dum") continue;
    if (row < occupancies.count() && !cif::is_null(occupancies[row])) {
      site.occupancy = numberOf(occupancies[row]);
      if (!std::isfinite(site.occupancy) || site.occupancy < 0) {
        throw Fault(
            cif_crystal_unreadable,
            "the occupancy of site " + list.name(row) + " is '" + shown(occupancies[row], 24) + "'");
      }
      if (site.occupancy == 0) continue;
    }
    if (numberOr(0, block[Tag::attachedHydrogens], row) > 0) {
      throw Fault(cif_crystal_not_listed, "site " + list.name(row) + " has attached hydrogens that are not listed");
    }
    site.point[0] = coordinate(x, row, list);
    site.point[1] = coordinate(y, row, list);
    site.point[2] = coordinate(z, row, list);
    site.multiplicity = numberOr(0, block[Tag::multiplicity], row);
    site.group = list.groupNumber(block[Tag::disorderGroup], row);
    if (site.group != 0 && row < block[Tag::disorderAssembly].count()
        && !cif::is_null(block[Tag::disorderAssembly][row])) {
      std::string assembly = cif::as_string(block[Tag::disorderAssembly][row]);
      auto place = std::find(list.assemblies.begin(), list.assemblies.end(), assembly);
      site.assembly = int(place - list.assemblies.begin());
      if (place == list.assemblies.end()) list.assemblies.push_back(assembly);
    }
    list.hasDisorder = list.hasDisorder || site.group != 0;
    bool hasType = row < types.count() && !cif::is_null(types[row]);
    if (!hasType && (row >= labels.count() || cif::is_null(labels[row]))) {
      throw Fault(cif_crystal_unknown_element, "site " + list.name(row) + " has no type symbol and no label");
    }
    std::vector<Stem> &stems = hasType ? typeStems : list.stems;
    const std::string &value = hasType ? types[row] : labels[row];
    size_t index = (hasType ? typeReadings : labelReadings).index(value, row, !hasType, stems);
    const SpeciesReading &reading = stems[index].reading;
    hasIsotopes = hasIsotopes || reading.isIsotope;
    if (reading.isShared) {
      if (reading.shares.empty()) {
        throw Fault(
            cif_crystal_partial, "site " + list.name(row) + " is shared by several species, '"
                                     + shown(cif::as_string(value), 24) + "', without their shares");
      }
      double whole = site.occupancy;
      for (const Share &share : reading.shares) {
        site.element = share.element;
        site.occupancy = whole * share.amount;
        list.sites.push_back(site);
      }
      continue;
    }
    if (hasType) {
      site.element = reading.element;
      if (site.element == 0)
        throw Fault(
            cif_crystal_unknown_element,
            "site " + list.name(row) + ": no element named '" + shown(cif::as_string(value), 24) + "'");
    } else {
      if (reading.isVacancy)
        throw Fault(cif_crystal_unknown_element, "site " + list.name(row) + ": the label names a vacancy, no element");
      site.stem = int(index);
    }
    list.sites.push_back(site);
  }
  const Values &atomTypes = block[Tag::atomTypes];
  for (size_t row = 0; row < atomTypes.count(); row++) {
    if (cif::is_null(atomTypes[row])) continue;
    ElementCode element = readType(cif::as_string(atomTypes[row])).element;
    if (element != 0) list.allowed.push_back(element);
  }
  if (hasIsotopes) notes.add("isotope_as_hydrogen", "deuterium or tritium was read as hydrogen");
  return list;
}

}  // namespace sluice
