// Elements: what type symbols, labels and formulas say.
#ifndef CIF_SPECIES_HPP
#define CIF_SPECIES_HPP

#include "cif_parts.hpp"

namespace sluice {

/// An element as the C interface gives it: first letter | second letter << 8; 0 where there is none.
using ElementCode = uint16_t;

/// The element that `letters` (one or two, in any case) name; deuterium and tritium are hydrogen.
ElementCode elementCode(std::string_view letters);

/// The symbol of an element.
std::string symbolOf(ElementCode element);

/// A species with its share of a site.
struct Share {
  ElementCode element;
  double amount;
  /// How far the amount may be from what was meant: half of its last decimal.
  double rounding = 0;
};

/// What a type symbol or a label names.
struct SpeciesReading {
  /// The element as a whole; 0 where there is none.
  ElementCode element = 0;
  /// Other elements that the letters may mean, most usual first.
  std::vector<ElementCode> others;
  /// The reading holds only where formula or atom types confirm it: "CO3" may be a group of atoms.
  bool needsEvidence = false;
  /// The label is an element and one letter of A to G, which may be a site's or an element: "ClB".
  bool endsInLetter = false;
  /// The elements that a label of several spells, such as "FeMg1": only one of these may be meant.
  std::vector<ElementCode> spelled;
  /// Several species share the site; their shares where they are given.
  bool isShared = false;
  std::vector<Share> shares;
  /// The site is empty.
  bool isVacancy = false;
  /// Deuterium or tritium.
  bool isIsotope = false;
  /// The letters, by which sites of one kind belong together.
  std::string stem;
};

/// Reads a type symbol: "Fe", "FE3+", "O2-", "Fe(3+)", "57Fe", "Cval", "D", "0.75Si + 0.25Al".
SpeciesReading readType(const std::string &text);

/// Reads a label as a whole: an element and a site code such as "Fe1", "O2A", "NaM4", "OW1".
SpeciesReading readLabel(const std::string &text);

/// Amounts of elements, sorted by code.
struct Amounts {
  std::vector<Share> list;

  void add(ElementCode element, double amount, double rounding = 0);
  double operator[](ElementCode element) const;
  double total() const;
  /// "Ca4 O4".
  std::string text() const;
};

/// A formula sum such as "C2 H6 O"; empty where the text is none.
///
/// Letters in upper case alone are elements of one letter, but where these are none: "CO" is carbon and oxygen.
/// `wholeWords` takes each word for one element: "SN O" is tin and oxygen.
Amounts readFormula(const std::string &text, bool wholeWords = false);

/// How a cell's content relates to a formula.
struct FormulaMatch {
  enum Kind {
    matches,
    contradicts,
    lacksHydrogen
  } kind;
  /// Formula units in the cell.
  double units;
};

/// Compares a cell's content with `formula`, times `units` where these are given (above 0); where they are not, any
/// multiple of it matches. With `mayBeWhole` the formula may be that of the whole cell beside the number of units, by
/// which its amounts must then be divisible.
///
/// Whole numbers of atoms must be the formula's, as far as its decimals go; shares of sites may be rounded too.
FormulaMatch compare(const Amounts &content, const Amounts &formula, double units, bool mayBeWhole);

}  // namespace sluice

#endif
