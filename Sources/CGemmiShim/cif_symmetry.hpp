// The symmetry that a block states: operations, or the settings that its symbols leave open.
#ifndef CIF_SYMMETRY_HPP
#define CIF_SYMMETRY_HPP

#include "cif_parts.hpp"

#include <gemmi/unitcell.hpp>

namespace sluice {

/// One way to read the symmetry of a block.
struct Setting {
  std::vector<Operation> operations;
  /// What it is called, for messages: "F d -3 m:2".
  std::string name;
};

/// The symmetry of a block as far as its cell settles it.
struct Symmetry {
  /// One setting; several where the two origin choices, or both kinds of axes, are still open.
  std::vector<Setting> settings;
  /// Whether the operations were listed, so that some may lack.
  bool isListed = false;
  /// Whether the block says anything of its symmetry.
  bool isStated = true;
  /// What the block says of its symmetry besides listed operations, where that makes more of them than are listed;
  /// empty where it does not.
  std::string fuller;
  /// The settings of it that fit the cell.
  std::vector<Setting> fullerSettings;
};

/// Whether operations, together with the identity, form a group: each after each is one of them, but for whole cells.
bool formGroup(const std::vector<Operation> &operations);

/// The settings that fit what the block states and its cell. Listed operations come first, then the Hall symbol, the
/// Hermann-Mauguin symbol, and the group's number where there is no symbol.
///
/// Throws a Fault when the symmetry is not understood, contradicts itself, or does not fit the cell.
Symmetry readSymmetry(const BlockIndex &block, const gemmi::UnitCell &cell, Notes &notes);

}  // namespace sluice

#endif
