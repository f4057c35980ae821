/// Tables of element data. Facts only; the source of each column is named beside it.
enum ElementTable {
  /// IUPAC symbols in order of atomic number.
  static let symbols: [String] = [
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K",
    "Ca",
    "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr",
    "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La",
    "Ce",
    "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os",
    "Ir",
    "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am",
    "Cm",
    "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh",
    "Fl", "Mc",
    "Lv", "Ts", "Og",
  ]

  /// Pauling electronegativities (dimensionless), 0 where none is given. Values as in the CRC Handbook of
  /// Chemistry and Physics, section "Electronegativity". Used to order symbols within a formula, nothing else.
  static let electronegativities: [Double] = [
    2.20, 0, 0.98, 1.57, 2.04, 2.55, 3.04, 3.44, 3.98, 0, 0.93, 1.31, 1.61, 1.90, 2.19, 2.58, 3.16, 0, 0.82,
    1.00,
    1.36, 1.54, 1.63, 1.66, 1.55, 1.83, 1.88, 1.91, 1.90, 1.65, 1.81, 2.01, 2.18, 2.55, 2.96, 3.00, 0.82,
    0.95, 1.22,
    1.33, 1.60, 2.16, 1.90, 2.20, 2.28, 2.20, 1.93, 1.69, 1.78, 1.96, 2.05, 2.10, 2.66, 2.60, 0.79, 0.89,
    1.10, 1.12,
    1.13, 1.14, 1.13, 1.17, 1.20, 1.20, 1.10, 1.22, 1.23, 1.24, 1.25, 1.10, 1.27, 1.30, 1.50, 2.36, 1.90,
    2.20, 2.20,
    2.28, 2.54, 2.00, 1.62, 2.33, 2.02, 2.00, 2.20, 0, 0.70, 0.90, 1.10, 1.30, 1.50, 1.38, 1.36, 1.28, 1.30,
    1.30,
    1.30, 1.30, 1.30, 1.30, 1.30, 1.30, 1.30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ]

  /// Standard atomic weights (u), to at most three places: abridged values of the IUPAC commission on isotopic abundances
  /// and atomic weights of 2021; for elements without one the mass number of an isotope.
  static let atomicWeights: [Double] = [
    1.008, 4.003, 6.94, 9.012, 10.81, 12.011, 14.007, 15.999, 18.998, 20.18, 22.99, 24.305, 26.982, 28.085,
    30.974, 32.06, 35.45, 39.95, 39.098, 40.078, 44.956, 47.867, 50.941, 51.996, 54.938, 55.845, 58.933,
    58.693, 63.546, 65.38, 69.723, 72.63, 74.922, 78.971, 79.904, 83.798, 85.468, 87.62, 88.906, 91.224,
    92.906, 95.95, 98, 101.07, 102.905, 106.42, 107.868, 112.414, 114.818, 118.71, 121.76, 127.6, 126.904,
    131.293, 132.905, 137.327, 138.905, 140.116, 140.908, 144.242, 145, 150.36, 151.964, 157.25, 158.925,
    162.5, 164.93, 167.259, 168.934, 173.045, 174.967, 178.486, 180.948, 183.84, 186.207, 190.23, 192.217,
    195.084, 196.967, 200.592, 204.38, 207.2, 208.98, 209, 210, 222, 223, 226, 227, 232.038, 231.036,
    238.029, 237, 244, 243, 247, 247, 251, 252, 257, 258, 259, 262, 261, 262, 266, 264, 277, 268, 281, 272,
    285, 286, 289, 289, 293, 294, 294,
  ]

  /// Atomic number by `(first letter) * 27 + (second letter or 0)`; 0 where no element has that symbol.
  static let numberBySymbolSlot: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 26 * 27)
    for (index, symbol) in symbols.enumerated() {
      let bytes = Array(symbol.utf8)
      let slot = Int(bytes[0] - 65) * 27 + (bytes.count > 1 ? Int(bytes[1] - 96) : 0)
      table[slot] = UInt8(index + 1)
    }
    return table
  }()
}
