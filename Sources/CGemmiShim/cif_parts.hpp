// What the parts of the CIF decoding share. Not part of the C interface.
#ifndef CIF_PARTS_HPP
#define CIF_PARTS_HPP

#include "CGemmiShim.h"

#include <gemmi/cifdoc.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

// The standard library's rounding is a call where the processor's instruction may not be assumed. Coordinates are
// within 1e6 of the cell, far below where these lose digits.
inline double nearestWhole(double value) {
  constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
  return (value + shift) - shift;
}
inline double wholeBelow(double value) {
  double whole = double(int64_t(value));
  return whole > value ? whole - 1 : whole;
}

/// Why a block is no crystal.
struct Fault : std::runtime_error {
  int32_t status;
  Fault(int32_t code, const std::string &message) : std::runtime_error(message), status(code) {}
};

/// Text of a file shown in a message.
inline std::string shown(std::string_view text, size_t most = 32) {
  return std::string(text.substr(0, most));
}

/// The rules that were applied, as the C interface gives them.
struct Notes {
  std::string text;

  void add(const char *rule, const std::string &message) {
    text.append(rule).push_back('\t');
    for (char c : message) text.push_back(c == '\0' ? ' ' : c);
    text.push_back('\0');
  }
};

/// A symmetry operation on fractional coordinates: x' = rotation x + translation.
struct Operation {
  double rotation[9];
  double translation[3];

  /// The image of a point, within the cell.
  void apply(const double *point, double *image) const {
    for (int row = 0; row < 3; row++) {
      const double *r = rotation + 3 * row;
      double value = r[0] * point[0] + r[1] * point[1] + r[2] * point[2] + translation[row];
      image[row] = value - wholeBelow(value);
    }
  }
};

/// The number that a value is, quoted or not, without its uncertainty; NaN where it is none.
double numberOf(const std::string &value);

/// The tags that the decoding looks at. CIF 1.1 and DDLm spellings, in any case, fall together.
enum class Tag {
  lengthA,
  lengthB,
  lengthC,
  alpha,
  beta,
  gamma,
  operations,
  magneticOperations,
  magneticCentrings,
  superspaceOperations,
  modulationDimension,
  subsystems,
  hall,
  symbol,
  symbolAlternative,
  symbolFull,
  number,
  coordinateSystemCode,
  crystalSystem,
  otherSymmetry,
  formulaSum,
  formulaUnits,
  fractX,
  fractY,
  fractZ,
  cartesianX,
  type,
  label,
  occupancy,
  calculation,
  attachedHydrogens,
  disorderGroup,
  disorderAssembly,
  multiplicity,
  atomTypes,
  count
};

/// The values of a tag: one, or a column of a loop.
class Values {
 public:
  Values() = default;
  explicit Values(const std::string &value) : single(&value) {}
  Values(const gemmi::cif::Loop &loop, size_t column) : loop(&loop), column(column) {}

  size_t count() const { return single != nullptr ? 1 : loop != nullptr ? loop->length() : 0; }
  const std::string &operator[](size_t row) const {
    return single != nullptr ? *single : loop->values[row * loop->tags.size() + column];
  }
  bool isColumnOf(const Values &other) const { return loop == other.loop; }

 private:
  const std::string *single = nullptr;
  const gemmi::cif::Loop *loop = nullptr;
  size_t column = 0;
};

/// The values of a block by tag, gathered in one pass.
class BlockIndex {
 public:
  explicit BlockIndex(const gemmi::cif::Block &block);

  const Values &operator[](Tag tag) const { return values[size_t(tag)]; }
  bool has(Tag tag) const { return values[size_t(tag)].count() > 0; }
  /// The tag's first value that is given, without its quotes; empty where there is none.
  std::string text(Tag tag) const;
  /// The name of a tag about symmetry that is not looked at and says more than P 1; empty where there is none.
  std::string unreadSymmetry() const;
  /// The name of a tag that gives another number or list than was given before; empty where none does.
  const std::string &contradictedTag() const { return twice; }
  /// The name of a tag that gives another formula than was given before; empty where none does.
  const std::string &contradictedFormula() const { return secondFormula; }

 private:
  void add(const std::string &name, Values found);
  const gemmi::cif::Block *block;
  Values values[size_t(Tag::count)];
  std::string twice;
  std::string secondFormula;
};

}  // namespace sluice

#endif
