// From sites and symmetry to the atoms of the cell. See cif_sites.hpp for the contract.

#include "cif_sites.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace sluice {

namespace {

// Images of one site closer than this (Å) are one atom on a special position, as in most programs.
constexpr double specialPositionTolerance = 0.4;
// Images farther apart than this (Å) are more than rounding: that they were merged is noted.
constexpr double roundingTolerance = 0.05;
// Sites of a shared position are listed with the same coordinates; this much rounding (Å) is allowed.
constexpr double sharedPositionTolerance = 0.1;
// No two atoms are closer than this (Å): the shortest bond, of hydrogen, is 0.74 Å long.
constexpr double overlapTolerance = 0.4;

// Ways to give labels elements that are tried before a file is refused.
constexpr size_t mostWays = 20000;

bool isPartial(double occupancy) {
  return occupancy < 0.99 || occupancy > 1.01;
}

// Distances in the periodic cell.
class Metric {
 public:
  explicit Metric(const gemmi::UnitCell &cell) : cell(cell) {
    const double lengths[3] = {cell.ar, cell.br, cell.cr};
    for (int k = 0; k < 3; k++) reciprocal[k] = lengths[k];
  }

  /// Whether two points, or images of them, are closer than `tolerance` (Å); if so `squared` is set.
  bool areClose(const double *left, const double *right, double tolerance, double &squared) const {
    double d[3];
    for (int k = 0; k < 3; k++) {
      d[k] = left[k] - right[k];
      d[k] -= nearestWhole(d[k]);
      // The distance of lattice planes bounds the distance from below.
      if (std::fabs(d[k]) > tolerance * reciprocal[k]) return false;
    }
    const auto &m = cell.orth.mat;
    double x = m[0][0] * d[0] + m[0][1] * d[1] + m[0][2] * d[2];
    double y = m[1][1] * d[1] + m[1][2] * d[2];
    double z = m[2][2] * d[2];
    squared = x * x + y * y + z * z;
    return squared < tolerance * tolerance;
  }

  double reach(double tolerance) const { return tolerance * reciprocal[0]; }

 private:
  const gemmi::UnitCell &cell;
  double reciprocal[3];
};

// The images of a site: points `first` up to `first + count`, the site itself first.
struct Orbit {
  size_t first;
  size_t count;
  /// Largest distance (Å) between images that were taken for one atom.
  double merged;
};

// A pair of sites of which the later stands on an image of the earlier.
struct Coincidence {
  size_t earlier;
  size_t later;
  double distance;
  /// The image is the listed point itself, not one that symmetry makes.
  bool isSamePoint;
};

enum class Verdict {
  matches,
  unknown,
  lacksHydrogen,
  contradicts
};

// The cell under one setting.
struct Candidate {
  std::vector<Orbit> orbits;
  std::vector<double> points;
  std::vector<Site> sites;
  std::vector<bool> isKept;
  Amounts content;
  Verdict verdict = Verdict::unknown;
  double units = 0;
  /// The stated multiplicities: 1 fit, 0 none stated, -1 contradict.
  int multiplicities = 0;
  size_t contradictedRow = 0;
  Notes notes;
  std::optional<Fault> fault;
};

class Settling {
 public:
  Settling(const SiteList &list, const gemmi::UnitCell &cell, const Policy &policy, bool isStated)
      : list(list), metric(cell), policy(policy), isStated(isStated) {}

  Candidate candidate(const Setting &setting) const {
    Candidate result;
    expand(setting.operations, result);
    result.isKept.assign(result.sites.size(), true);
    try {
      settleDisorder(result);
      std::vector<Coincidence> pairs = coincidences(result);
      dropListedAgain(pairs, result);
      nameElements(result);
      refuseOverlaps(pairs, result);
      judge(setting.operations, result);
      settleShares(pairs, result);
      refuseOverlaps(pairs, result);
    } catch (const Fault &fault) {
      result.fault = fault;
    }
    return result;
  }

  /// Whether operations bring every atom of a candidate to one of its element.
  bool isInvariant(const Candidate &candidate, const std::vector<Operation> &operations) const {
    const std::vector<Entry> entries = sortedPoints(candidate);
    for (const Operation &operation : operations) {
      for (const Entry &entry : entries) {
        double image[3];
        operation.apply(&candidate.points[3 * entry.point], image);
        bool isThere = false;
        visitNear(candidate, entries, image, overlapTolerance, [&](const Entry &other, double) {
          isThere = isThere || candidate.sites[other.site].element == candidate.sites[entry.site].element;
        });
        if (!isThere) return false;
      }
    }
    return true;
  }

 private:
  // A point of a candidate by its first coordinate, so that near ones are found among few.
  struct Entry {
    double x;
    uint32_t point;
    uint32_t site;
  };

  std::vector<Entry> sortedPoints(const Candidate &candidate) const {
    std::vector<Entry> entries;
    entries.reserve(candidate.points.size() / 3);
    for (size_t i = 0; i < candidate.orbits.size(); i++) {
      if (!candidate.isKept[i]) continue;
      const Orbit &orbit = candidate.orbits[i];
      for (size_t k = orbit.first; k < orbit.first + orbit.count; k++) {
        double x = candidate.points[3 * k];
        entries.push_back({x - wholeBelow(x), uint32_t(k), uint32_t(i)});
      }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry &left, const Entry &right) {
      return left.x != right.x ? left.x < right.x : left.point < right.point;
    });
    return entries;
  }

  // Calls `visit` with the entries closer than `tolerance` (Å) to a point, and their squared distances.
  template <typename Visit>
  void visitNear(
      const Candidate &candidate, const std::vector<Entry> &entries, const double *point, double tolerance,
      Visit visit) const {
    double x = point[0] - wholeBelow(point[0]), reach = metric.reach(tolerance);
    auto look = [&](double from, double to) {
      auto entry = std::lower_bound(
          entries.begin(), entries.end(), from, [](const Entry &left, double value) { return left.x < value; });
      for (; entry != entries.end() && entry->x <= to; ++entry) {
        double squared = 0;
        if (metric.areClose(point, &candidate.points[3 * entry->point], tolerance, squared)) visit(*entry, squared);
      }
    };
    if (reach >= 0.5) {
      look(0, 1);
      return;
    }
    look(x - reach, x + reach);
    if (x - reach < 0) look(x - reach + 1, 1);
    if (x + reach > 1) look(0, x + reach - 1);
  }

  const SiteList &list;
  Metric metric;
  const Policy &policy;
  /// Whether the block states its symmetry.
  const bool isStated;

  void expand(const std::vector<Operation> &operations, Candidate &result) const {
    result.sites = list.sites;
    result.orbits.reserve(list.sites.size());
    result.points.reserve(3 * list.sites.size() * (operations.size() < 2 ? 1 : 4));
    for (const Site &site : list.sites) {
      Orbit orbit{result.points.size() / 3, 1, 0};
      result.points.insert(result.points.end(), site.point, site.point + 3);
      double merged = 0;
      for (const Operation &operation : operations) {
        double image[3];
        operation.apply(site.point, image);
        bool known = false;
        for (size_t k = orbit.first; k < orbit.first + orbit.count && !known; k++) {
          double squared = 0;
          known = metric.areClose(image, &result.points[3 * k], specialPositionTolerance, squared);
          if (known) merged = std::max(merged, squared);
        }
        if (known) continue;
        orbit.count++;
        result.points.insert(result.points.end(), image, image + 3);
        if (result.points.size() > 3 * policy.largestSiteCount) {
          throw Fault(
              cif_crystal_too_many_sites,
              "more than " + std::to_string(policy.largestSiteCount) + " sites in the cell");
        }
      }
      orbit.merged = std::sqrt(merged);
      result.orbits.push_back(orbit);
    }
  }

  // Alternatives of an assembly: one of them at a time is there.
  void settleDisorder(Candidate &result) const {
    struct Group {
      int assembly;
      int number;
      double occupancy;
      size_t count;
    };
    if (!list.hasDisorder) return;
    std::vector<Group> groups;
    for (const Site &site : result.sites) {
      if (site.group == 0) continue;
      auto place = std::find_if(groups.begin(), groups.end(), [&](const Group &group) {
        return group.assembly == site.assembly && group.number == site.group;
      });
      if (place == groups.end()) place = groups.insert(groups.end(), {site.assembly, site.group, 0, 0});
      place->occupancy += site.occupancy;
      place->count++;
    }
    for (size_t k = 0; k < groups.size(); k++) {
      const int assembly = groups[k].assembly;
      const std::string &name = list.assemblies[size_t(assembly)];
      bool isFirst = std::none_of(
          groups.begin(), groups.begin() + long(k), [&](const Group &group) { return group.assembly == assembly; });
      if (!isFirst) continue;
      Group best = groups[k];
      double total = 0;
      size_t alternatives = 0;
      for (const Group &group : groups) {
        if (group.assembly != assembly) continue;
        alternatives++;
        double share = group.occupancy / double(group.count);
        total += share;
        if (share > best.occupancy / double(best.count) + 1e-9) best = group;
      }
      // A negative group is disordered about a symmetry element of its site.
      if (alternatives < 2 && best.number > 0) continue;
      if (!policy.majority) {
        throw Fault(
            cif_crystal_partial,
            name.empty() ? "atoms are listed in alternative groups of disorder"
                         : "atoms of assembly " + shown(name, 8) + " are listed in alternative groups of disorder");
      }
      if (best.number < 0) continue;  // its share says what remains of it
      for (size_t i = 0; i < result.sites.size(); i++) {
        Site &site = result.sites[i];
        if (site.group == 0 || site.assembly != assembly) continue;
        if (site.group != best.number)
          result.isKept[i] = false;
        else if (total > 0.99)
          site.occupancy = 1;
      }
      result.notes.add(
          "majority_occupancy", "of the groups of disorder" + (name.empty() ? "" : " of assembly " + shown(name, 8))
                                    + " number " + shown(list.groupName(best.number), 8) + " was kept");
    }
  }

  std::vector<Coincidence> coincidences(const Candidate &result) const {
    std::vector<Coincidence> pairs;
    if (result.sites.size() < 2) return pairs;
    const std::vector<Entry> entries = sortedPoints(result);
    for (size_t j = 0; j < result.sites.size(); j++) {
      if (!result.isKept[j]) continue;
      const double *point = &result.points[3 * result.orbits[j].first];
      visitNear(result, entries, point, overlapTolerance, [&](const Entry &entry, double squared) {
        if (entry.site >= j) return;
        pairs.push_back({entry.site, j, std::sqrt(squared), entry.point == result.orbits[entry.site].first});
      });
    }
    std::sort(pairs.begin(), pairs.end(), [](const Coincidence &left, const Coincidence &right) {
      return left.later != right.later ? left.later < right.later : left.earlier < right.earlier;
    });
    return pairs;
  }

  // Sites that symmetry makes of others, or that stand in the list twice, count once.
  void dropListedAgain(const std::vector<Coincidence> &pairs, Candidate &result) const {
    size_t count = 0, example = 0;
    for (const Coincidence &pair : pairs) {
      const Site &earlier = result.sites[pair.earlier], &later = result.sites[pair.later];
      if (!result.isKept[pair.earlier] || !result.isKept[pair.later] || pair.distance > roundingTolerance) continue;
      if (earlier.element != later.element || earlier.stem != later.stem) continue;
      bool areFull = !isPartial(earlier.occupancy) && !isPartial(later.occupancy);
      // Equal shares at the very same point are shares of one site; at an image they are the same share again.
      bool isSameShare = earlier.occupancy == later.occupancy && !pair.isSamePoint;
      if (!areFull && !isSameShare) continue;
      result.isKept[pair.later] = false;
      example = count == 0 ? later.row : example;
      count++;
    }
    if (count > 0) {
      result.notes.add(
          "images_listed_again", std::to_string(count) + (count == 1 ? " site is an image" : " sites are images")
                                     + " of others and count" + (count == 1 ? "s" : "") + " once, site "
                                     + list.name(example) + " first");
    }
  }

  // Two atoms on one position: alternatives, or a mistake; which, the file does not say.
  void refuseOverlaps(const std::vector<Coincidence> &pairs, const Candidate &result) const {
    for (const Coincidence &pair : pairs) {
      if (!result.isKept[pair.earlier] || !result.isKept[pair.later]) continue;
      const Site &earlier = result.sites[pair.earlier], &later = result.sites[pair.later];
      if (isPartial(earlier.occupancy) || isPartial(later.occupancy)) continue;
      const std::string both = "sites " + list.name(earlier.row) + " and " + list.name(later.row);
      if (pair.distance <= sharedPositionTolerance && earlier.element != later.element) {
        throw Fault(cif_crystal_partial, both + " stand on one position, and nothing says how they share it");
      }
      char distance[32];
      std::snprintf(distance, sizeof distance, "%.2f", pair.distance);
      throw Fault(
          cif_crystal_partial,
          both + " are " + distance + " Å apart, too close for two atoms, and nothing says how they share the place");
    }
  }

  double weight(const Candidate &result, size_t i) const {
    return double(result.orbits[i].count) * result.sites[i].occupancy;
  }

  // Elements of sites that have a label only.
  void nameElements(Candidate &result) const {
    if (list.stems.empty()) return;
    std::vector<double> amounts(list.stems.size(), 0);
    Amounts known;
    bool anyLabel = false;
    for (size_t i = 0; i < result.sites.size(); i++) {
      if (!result.isKept[i]) continue;
      if (result.sites[i].stem >= 0) {
        amounts[size_t(result.sites[i].stem)] += weight(result, i);
        anyLabel = true;
      } else {
        known.add(result.sites[i].element, weight(result, i));
      }
    }
    if (!anyLabel) return;
    std::vector<ElementCode> elements(list.stems.size(), 0);
    nameStems(amounts, known, elements, result.notes);
    for (Site &site : result.sites) {
      if (site.stem >= 0) site.element = elements[size_t(site.stem)];
    }
  }

  bool mayHold(ElementCode element) const {
    bool inFormula = list.formula.list.empty() || list.formula[element] > 0;
    bool inTypes =
        list.allowed.empty() || std::find(list.allowed.begin(), list.allowed.end(), element) != list.allowed.end();
    return inFormula && inTypes;
  }

  [[noreturn]] void unnamed(size_t stem, const std::string &why) const {
    throw Fault(cif_crystal_unknown_element, "site " + list.name(list.stems[stem].row) + ": the label " + why);
  }

  void nameStems(
      const std::vector<double> &amounts, const Amounts &known, std::vector<ElementCode> &elements,
      Notes &notes) const {
    bool haveFormula = !list.formula.list.empty(), haveTypes = !list.allowed.empty();
    std::vector<size_t> open;
    std::vector<std::vector<ElementCode>> choices;
    Amounts fixed = known;
    std::string plain;
    for (size_t k = 0; k < list.stems.size(); k++) {
      if (amounts[k] == 0) continue;
      SpeciesReading reading = list.stems[k].reading;
      if (reading.endsInLetter && hasLetteredSite(reading)) reading.needsEvidence = false;
      std::vector<ElementCode> candidates;
      if (reading.element != 0 && mayHold(reading.element)) candidates.push_back(reading.element);
      for (ElementCode other : reading.others) {
        if (mayHold(other) && (haveFormula || haveTypes)) candidates.push_back(other);
      }
      bool isSure = reading.element != 0 && !reading.needsEvidence && candidates.size() <= 1;
      if (isSure && !haveFormula && !haveTypes) refuseAmbiguous(k, amounts, known);
      bool isProper = reading.stem.size() > 1 && reading.stem[1] >= 'a' && reading.stem[1] <= 'z';
      // "Ho1" is holmium wherever there may be some; a contradiction is for the formula to find.
      if (isProper && !reading.needsEvidence && !candidates.empty() && candidates.front() == reading.element)
        isSure = true;
      if (reading.stem == "W" && mayHold(reading.element)) isSure = true;
      if (isSure) {
        elements[k] = candidates.empty() ? reading.element : candidates.front();
        if (elements[k] != reading.element) {
          notes.add(
              "element_by_formula",
              "label '" + list.name(list.stems[k].row) + "' was read as " + symbolOf(elements[k]));
        }
        fixed.add(elements[k], amounts[k]);
        plain += (plain.empty() ? "" : ", ") + reading.stem;
        continue;
      }
      if (!haveFormula && !haveTypes) {
        if (reading.element != 0 && !reading.needsEvidence) {
          elements[k] = reading.element;
          plain += (plain.empty() ? "" : ", ") + reading.stem;
          continue;
        }
        unnamed(k, "is no element with a site code, and neither a type symbol nor a formula tells what it is");
      }
      if (reading.element == 0 || reading.needsEvidence) {
        // Any element of the formula may be meant; the counts tell. Those that the label begins with come first.
        candidates.clear();
        for (bool isLikely : {true, false}) {
          for (const Share &share : list.formula.list) {
            bool isMeant =
                reading.spelled.empty()
                || std::find(reading.spelled.begin(), reading.spelled.end(), share.element) != reading.spelled.end();
            bool fits = isMeant && mayHold(share.element) && begins(reading.stem, share.element) == isLikely;
            if (fits) candidates.push_back(share.element);
          }
        }
        if (!haveFormula && reading.element != 0 && mayHold(reading.element)) candidates.push_back(reading.element);
        if (!haveFormula && candidates.empty()) candidates = beginnings(reading);
      }
      if (candidates.empty()) unnamed(k, "names no element of the formula or the atom types");
      open.push_back(k);
      choices.push_back(std::move(candidates));
    }
    if (!plain.empty())
      notes.add("element_by_label", "without type symbols the elements were read from the labels: " + shown(plain, 80));
    if (open.empty()) return;
    if (!haveFormula) {
      for (size_t k = 0; k < open.size(); k++) {
        // A type that no other site is must be this one's.
        bool isMissing = open.size() == 1 && !choices[k].empty() && fixed[choices[k].front()] == 0;
        bool isSure = !list.stems[open[k]].reading.needsEvidence || mayHold(list.stems[open[k]].reading.element);
        if (choices[k].size() != 1 || (!isSure && !isMissing)) unnamed(open[k], "may be one of several atom types");
        elements[open[k]] = choices[k].front();
        notes.add(
            "element_by_formula", "label of site " + list.name(list.stems[open[k]].row) + " was read as "
                                      + symbolOf(elements[open[k]]) + ", the only atom type that it may be");
      }
      return;
    }
    // Every way to give the open labels elements that they begin with; one alone may give the formula. Where none does,
    // every way at all.
    std::vector<std::vector<ElementCode>> likely = choices;
    for (size_t k = 0; k < open.size(); k++) {
      auto &elements = likely[k];
      const std::string &stem = list.stems[open[k]].reading.stem;
      auto end =
          std::find_if(elements.begin(), elements.end(), [&](ElementCode element) { return !begins(stem, element); });
      if (end != elements.begin()) elements.erase(end, elements.end());
    }
    std::vector<size_t> solutions = this->solutions(open, likely, amounts, fixed);
    if (solutions.empty())
      solutions = this->solutions(open, choices, amounts, fixed);
    else
      choices = likely;
    bool areReadable = std::all_of(open.begin(), open.end(), [&](size_t k) {
      const SpeciesReading &reading = list.stems[k].reading;
      return reading.element != 0 && !reading.needsEvidence && mayHold(reading.element);
    });
    if (solutions.size() > 1)
      unnamed(open.front(), "may be one of several elements of the formula '" + shown(list.formulaText, 48) + "'");
    if (solutions.empty() && !areReadable) {
      unnamed(
          open.front(), "is no element, and no reading of it gives the formula '" + shown(list.formulaText, 48) + "'");
    }
    size_t rest = solutions.empty() ? 0 : solutions.front();
    for (size_t k = 0; k < open.size(); k++) {
      size_t stem = open[k];
      // Where nothing gives the formula the labels stand as they are, and the check of the formula says so.
      elements[stem] = solutions.empty() ? list.stems[stem].reading.element : choices[k][rest % choices[k].size()];
      rest /= choices[k].size();
      notes.add(
          "element_by_formula", "label of site " + list.name(list.stems[stem].row) + " was read as "
                                    + symbolOf(elements[stem]) + " by the formula '" + shown(list.formulaText, 48)
                                    + "'");
    }
  }

  // The atom types that a label begins with.
  std::vector<ElementCode> beginnings(const SpeciesReading &reading) const {
    std::vector<ElementCode> elements;
    for (ElementCode element : list.allowed) {
      bool isNew = std::find(elements.begin(), elements.end(), element) == elements.end();
      if (isNew && begins(reading.stem, element)) elements.push_back(element);
    }
    return elements;
  }

  // "ClB" is a chlorine beside "ClA": its last letter names a site, as no element is called A.
  bool hasLetteredSite(const SpeciesReading &reading) const {
    return std::any_of(list.stems.begin(), list.stems.end(), [&](const Stem &stem) {
      return stem.reading.endsInLetter && stem.reading.element == reading.element && !stem.reading.needsEvidence;
    });
  }

  // "CA1" beside carbon may be calcium, or an alpha carbon: upper case alone does not tell.
  void refuseAmbiguous(size_t stem, const std::vector<double> &amounts, const Amounts &known) const {
    const SpeciesReading &reading = list.stems[stem].reading;
    if (reading.stem.size() < 2 || (reading.stem[1] >= 'a' && reading.stem[1] <= 'z')) return;
    for (ElementCode other : reading.others) {
      bool isThere = known[other] > 0;
      for (size_t k = 0; k < list.stems.size() && !isThere; k++) {
        const SpeciesReading &reading = list.stems[k].reading;
        isThere = amounts[k] > 0 && reading.element == other && !reading.needsEvidence;
      }
      if (isThere) {
        unnamed(
            stem, "may be " + symbolOf(reading.element) + " or, like others, " + symbolOf(other)
                      + ", and neither a type symbol nor a formula tells which");
      }
    }
  }

  // The ways (up to two of them) to give the open labels elements so that the cell's content is the formula's.
  std::vector<size_t> solutions(
      const std::vector<size_t> &open, const std::vector<std::vector<ElementCode>> &choices,
      const std::vector<double> &amounts, const Amounts &fixed) const {
    size_t ways = 1;
    for (const auto &elements : choices) {
      ways *= elements.size();
      if (ways > mostWays) unnamed(open.front(), "and others leave too many ways to give the formula");
    }
    std::vector<size_t> found;
    for (size_t way = 0; way < ways && found.size() < 2; way++) {
      Amounts content = fixed;
      size_t rest = way;
      for (size_t k = 0; k < open.size(); k++) {
        content.add(choices[k][rest % choices[k].size()], amounts[open[k]]);
        rest /= choices[k].size();
      }
      if (compare(content, list.formula, list.units, isStated).kind == FormulaMatch::matches) found.push_back(way);
    }
    return found;
  }

  // Whether a label's letters begin with an element's symbol, in any case.
  static bool begins(const std::string &label, ElementCode element) {
    std::string symbol = symbolOf(element);
    if (label.size() < symbol.size()) return false;
    for (size_t k = 0; k < symbol.size(); k++) {
      if ((label[k] | 0x20) != (symbol[k] | 0x20)) return false;
    }
    return true;
  }

  void judge(const std::vector<Operation> &operations, Candidate &result) const {
    size_t order = std::max<size_t>(1, operations.size());
    bool asMultiplicity = true, asOrder = true, any = false;
    for (size_t i = 0; i < result.sites.size(); i++) {
      if (!result.isKept[i]) continue;
      const Site &site = result.sites[i];
      result.content.add(site.element, weight(result, i));
      if (site.multiplicity <= 0) continue;
      any = true;
      double count = double(result.orbits[i].count);
      bool fits = site.multiplicity == count;
      if (!fits && asMultiplicity) result.contradictedRow = i;
      asMultiplicity = asMultiplicity && fits;
      // Some programs write the order of the site's symmetry under this name.
      asOrder = asOrder && site.multiplicity * count == double(order);
    }
    result.multiplicities = !any ? 0 : asMultiplicity || asOrder ? 1 : -1;
    if (list.formula.list.empty()) return;
    FormulaMatch match = compare(result.content, list.formula, list.units, isStated);
    result.units = match.units;
    result.verdict = match.kind == FormulaMatch::matches         ? Verdict::matches
                     : match.kind == FormulaMatch::lacksHydrogen ? Verdict::lacksHydrogen
                                                                 : Verdict::contradicts;
  }

  // Species that share a position: their shares add up by element; then one element has the site, or it is shared.
  void settleShares(const std::vector<Coincidence> &pairs, Candidate &result) const {
    std::vector<size_t> owner(result.sites.size());
    for (size_t i = 0; i < owner.size(); i++) owner[i] = i;
    for (const Coincidence &pair : pairs) {
      const double left = result.sites[pair.earlier].occupancy, right = result.sites[pair.later].occupancy;
      // The parts of a split position stand farther apart than one position's shares.
      bool isOne = pair.distance <= sharedPositionTolerance || (policy.majority && left + right < 1.01);
      bool areShares =
          isOne && result.isKept[pair.earlier] && result.isKept[pair.later] && isPartial(left) && isPartial(right);
      if (areShares && owner[pair.later] == pair.later) owner[pair.later] = owner[pair.earlier];
    }
    size_t added = 0, given = 0, emptied = 0;
    for (size_t i = 0; i < result.sites.size(); i++) {
      if (!result.isKept[i] || owner[i] != i || !isPartial(result.sites[i].occupancy)) continue;
      std::vector<Share> shares;
      double total = 0;
      size_t members = 0;
      for (size_t j = i; j < result.sites.size(); j++) {
        if (!result.isKept[j] || owner[j] != i) continue;
        const Site &site = result.sites[j];
        auto same = std::find_if(
            shares.begin(), shares.end(), [&](const Share &share) { return share.element == site.element; });
        if (same == shares.end())
          shares.push_back({site.element, site.occupancy});
        else
          same->amount += site.occupancy;
        total += site.occupancy;
        members++;
        if (j != i) result.isKept[j] = false;
      }
      Share best = shares.front();
      for (const Share &share : shares) {
        if (share.amount > best.amount + 1e-9) best = share;
      }
      bool isWhole = shares.size() == 1 && !isPartial(total);
      if (isWhole) {
        if (members > 1) added++;
      } else if (!policy.majority) {
        throw Fault(
            cif_crystal_partial,
            "site " + list.name(result.sites[i].row) + " is shared by several species or partly empty");
      } else if (1 - total > best.amount) {
        result.isKept[i] = false;
        emptied++;
      } else {
        given++;
      }
      result.sites[i].element = best.element;
      result.sites[i].occupancy = 1;
    }
    if (added > 0)
      result.notes.add(
          "shares_added", "the shares of one element on " + std::to_string(added) + (added == 1 ? " site" : " sites")
                              + " add up to a full one");
    if (given + emptied > 0) {
      result.notes.add(
          "majority_occupancy", std::to_string(given) + " shared or partly empty " + (given == 1 ? "site" : "sites")
                                    + " went to the largest share, " + std::to_string(emptied)
                                    + " mostly empty left out");
    }
  }
};

std::string formulaMessage(const SiteList &list, const Candidate &candidate) {
  std::string text =
      "the cell holds " + candidate.content.text() + ", where the formula '" + shown(list.formulaText, 64) + "'";
  if (list.units > 0) {
    char units[32];
    std::snprintf(units, sizeof units, "%.6g", list.units);
    text += std::string(" times Z = ") + units;
  }
  return text + " is stated";
}

// The same atoms at the same places, whatever their order.
bool areSame(const Candidate &left, const Candidate &right, const Metric &metric) {
  size_t leftCount = 0, rightCount = 0;
  for (size_t i = 0; i < left.sites.size(); i++) leftCount += left.isKept[i] ? left.orbits[i].count : 0;
  for (size_t i = 0; i < right.sites.size(); i++) rightCount += right.isKept[i] ? right.orbits[i].count : 0;
  if (leftCount != rightCount || leftCount > 2000) return false;
  for (size_t i = 0; i < left.sites.size(); i++) {
    if (!left.isKept[i]) continue;
    for (size_t k = left.orbits[i].first; k < left.orbits[i].first + left.orbits[i].count; k++) {
      bool found = false;
      for (size_t j = 0; j < right.sites.size() && !found; j++) {
        if (!right.isKept[j] || right.sites[j].element != left.sites[i].element) continue;
        double squared = 0;
        for (size_t l = right.orbits[j].first; l < right.orbits[j].first + right.orbits[j].count && !found; l++) {
          found = metric.areClose(&left.points[3 * k], &right.points[3 * l], 1e-3, squared);
        }
      }
      if (!found) return false;
    }
  }
  return true;
}

Content settleByFormula(
    const SiteList &list, const Symmetry &symmetry, const gemmi::UnitCell &cell, const Policy &policy, Notes &notes) {
  if (list.sites.empty()) throw Fault(cif_crystal_not_a_crystal, "the structure has no sites");
  Settling settling(list, cell, policy, symmetry.isStated);
  std::vector<Candidate> candidates;
  for (const Setting &setting : symmetry.settings) candidates.push_back(settling.candidate(setting));
  std::vector<size_t> left;
  for (size_t k = 0; k < candidates.size(); k++) left.push_back(k);
  auto keep = [&](auto condition) {
    std::vector<size_t> passing;
    for (size_t k : left) {
      if (condition(candidates[k])) passing.push_back(k);
    }
    bool narrowed = !passing.empty() && passing.size() < left.size();
    if (!passing.empty()) left = passing;
    return narrowed && left.size() == 1;
  };
  const std::string names =
      symmetry.settings.size() > 1 ? symmetry.settings.front().name + " and " + symmetry.settings.back().name : "";
  if (left.size() > 1) {
    if (keep([](const Candidate &candidate) { return candidate.multiplicities == 1; })) {
      notes.add(
          "setting_by_multiplicity", "of the settings " + names + " only " + symmetry.settings[left.front()].name
                                         + " gives the sites their multiplicities");
    } else if (keep([](const Candidate &candidate) { return candidate.verdict == Verdict::matches; })) {
      notes.add(
          "setting_by_formula", "of the settings " + names + " only " + symmetry.settings[left.front()].name
                                    + " gives the formula '" + shown(list.formulaText, 48) + "'");
    } else {
      Metric metric(cell);
      bool isOne = !candidates[left[0]].fault && !candidates[left[1]].fault && left.size() == 2
                   && areSame(candidates[left[0]], candidates[left[1]], metric);
      if (!isOne) {
        if (candidates[left[0]].fault && candidates[left[0]].fault->status == cif_crystal_partial)
          throw *candidates[left[0]].fault;
        throw Fault(
            cif_crystal_symmetry,
            "the settings " + names
                + " are both possible, and neither multiplicities nor a formula tell which is meant");
      }
      left.resize(1);
    }
  }
  Candidate &chosen = candidates[left.front()];
  if (chosen.fault) throw *chosen.fault;
  notes.text += chosen.notes.text;
  if (chosen.multiplicities < 0 && chosen.verdict != Verdict::matches) {
    const Site &site = chosen.sites[chosen.contradictedRow];
    throw Fault(
        cif_crystal_symmetry,
        "site " + list.name(site.row) + " has " + std::to_string(chosen.orbits[chosen.contradictedRow].count)
            + " images, where the multiplicity " + std::to_string(int(site.multiplicity)) + " is stated");
  }
  // A list that lost some of its operations makes fewer atoms; only what the file says of their number shows another
  // cause.
  bool isConfirmed = chosen.verdict == Verdict::matches || chosen.multiplicities > 0;
  if (symmetry.isListed && !isConfirmed && !formGroup(symmetry.settings.front().operations)) {
    throw Fault(
        cif_crystal_symmetry, "the listed symmetry operations are no group: some are missing, or one is misspelled");
  }
  if (!symmetry.fuller.empty()) {
    const bool isWhole = std::any_of(
        symmetry.fullerSettings.begin(), symmetry.fullerSettings.end(),
        [&](const Setting &setting) { return settling.isInvariant(chosen, setting.operations); });
    // Where the symbol is not for this cell, all that it could be asked is whether the formula is met.
    const bool isCounted = chosen.verdict == Verdict::matches
                           && (symmetry.fullerSettings.empty() || (list.units > 0 && chosen.units == list.units));
    if (!isWhole && !isCounted && chosen.multiplicities <= 0) {
      throw Fault(
          cif_crystal_symmetry, "fewer symmetry operations are listed than make " + symmetry.fuller
                                    + ", and the listed sites are not all atoms that it makes");
    }
  }
  if (chosen.verdict == Verdict::lacksHydrogen) {
    if (!policy.notesFormula)
      throw Fault(cif_crystal_not_listed, formulaMessage(list, chosen) + ": hydrogen is missing");
    notes.add("formula_without_hydrogen", formulaMessage(list, chosen));
  }
  if (chosen.verdict == Verdict::contradicts) {
    if (!policy.notesFormula) throw Fault(cif_crystal_formula, formulaMessage(list, chosen));
    notes.add("formula_contradicted", formulaMessage(list, chosen));
  }
  Content content;
  content.elements.reserve(chosen.points.size() / 3);
  content.positions.reserve(chosen.points.size());
  double merged = 0;
  size_t mergedRow = 0;
  for (size_t i = 0; i < chosen.sites.size(); i++) {
    if (!chosen.isKept[i]) continue;
    const Orbit &orbit = chosen.orbits[i];
    content.elements.insert(content.elements.end(), orbit.count, chosen.sites[i].element);
    content.positions.insert(
        content.positions.end(), chosen.points.begin() + long(3 * orbit.first),
        chosen.points.begin() + long(3 * (orbit.first + orbit.count)));
    if (orbit.merged > merged) {
      merged = orbit.merged;
      mergedRow = chosen.sites[i].row;
    }
  }
  if (content.elements.empty()) throw Fault(cif_crystal_not_a_crystal, "the structure has no sites");
  if (merged > roundingTolerance) {
    char distance[32];
    std::snprintf(distance, sizeof distance, "%.2f", merged);
    notes.add(
        "images_merged", "images of site " + list.name(mergedRow) + " up to " + distance
                             + " Å apart were taken for one atom on a symmetry element");
  }
  return content;
}

}  // namespace

Content settle(
    const SiteList &list, const Symmetry &symmetry, const gemmi::UnitCell &cell, const Policy &policy, Notes &notes) {
  if (list.wordFormula.list.empty()) return settleByFormula(list, symmetry, cell, policy, notes);
  // "SN O" in upper case is SNO, or tin oxide where the sites give that alone.
  Policy strict = policy;
  strict.notesFormula = false;
  Notes before = notes;
  try {
    return settleByFormula(list, symmetry, cell, strict, notes);
  } catch (const Fault &) {
    SiteList words = list;
    words.formula = list.wordFormula;
    notes = before;
    try {
      return settleByFormula(words, symmetry, cell, strict, notes);
    } catch (const Fault &) {
      notes = before;
      return settleByFormula(list, symmetry, cell, policy, notes);
    }
  }
}

}  // namespace sluice
