// Sites of a block and their images: what stands in the cell once a setting is chosen.
#ifndef CIF_SITES_HPP
#define CIF_SITES_HPP

#include "cif_species.hpp"
#include "cif_symmetry.hpp"

#include <gemmi/unitcell.hpp>

namespace sluice {

/// What the caller allows.
struct Policy {
  /// A shared site is given to the element with the largest share.
  bool majority = false;
  /// A contradicted formula is noted, not refused.
  bool notesFormula = false;
  size_t largestSiteCount = 0;
};

/// A row of the site loop; of a shared row one for each species.
struct Site {
  double point[3];
  /// 0 where only the label can tell: see `stem`.
  ElementCode element = 0;
  /// Number of the kind of label, or -1 where a type symbol named the element.
  int stem = -1;
  double occupancy = 1;
  /// Multiplicity, or order of the site symmetry, that the row states; 0 where none.
  double multiplicity = 0;
  /// Row of the loop, for messages.
  size_t row = 0;
  /// Assembly and group of disorder; group 0 where the site is in none.
  int assembly = 0;
  int group = 0;
};

/// Sites whose labels begin with the same letters.
struct Stem {
  SpeciesReading reading;
  size_t row = 0;
};

/// The site loop of a block, read once.
struct SiteList {
  std::vector<Site> sites;
  std::vector<Stem> stems;
  /// Elements that the block's list of atom types allows; empty where there is none.
  std::vector<ElementCode> allowed;
  Amounts formula;
  /// The formula where each word of it is one element, "SN O"; empty where that is no other one.
  Amounts wordFormula;
  std::string formulaText;
  /// Formula units in the cell; 0 where not given.
  double units = 0;
  Values labels;
  /// Names of the assemblies of disorder; the first is that of sites without one.
  std::vector<std::string> assemblies = {""};
  bool hasDisorder = false;
  /// Names of groups of disorder that are no numbers.
  std::vector<std::string> groupNames;

  std::string name(size_t row) const;
  /// The number of the group in a row, 0 for none; groups with names get numbers beyond any that is written.
  int groupNumber(const Values &column, size_t row);
  std::string groupName(int group) const;

 private:
  static constexpr int firstNamedGroup = 1000000;
};

SiteList readSites(const BlockIndex &block, Notes &notes);

/// The atoms of a cell: elements and fractional coordinates, images after their site.
struct Content {
  std::vector<ElementCode> elements;
  std::vector<double> positions;
};

/// The atoms that `sites` make under one of the settings of `symmetry`: the one, or that which the multiplicities and
/// the formula leave. Notes say how it was settled. Throws a Fault where nothing settles it, or where the result
/// contradicts what the block states.
Content settle(
    const SiteList &sites, const Symmetry &symmetry, const gemmi::UnitCell &cell, const Policy &policy, Notes &notes);

}  // namespace sluice

#endif
