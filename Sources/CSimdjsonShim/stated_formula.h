// Formulas that a document states, to be compared with the crystal that it lists.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stated_formula {

// A symbol's place in tables: first letter, then the second or none.
constexpr size_t slotCount = 26 * 27;

constexpr size_t slot(uint16_t code) {
  uint8_t first = code & 0xFF, second = code >> 8;
  return size_t(first - 'A') * 27 + (second == 0 ? 0 : size_t(second - 'a' + 1));
}

constexpr std::array<bool, slotCount> elementTable() {
  constexpr std::string_view symbols =
      "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr "
      "Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir "
      "Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl "
      "Mc Lv Ts Og ";
  std::array<bool, slotCount> table{};
  for (size_t k = 0; k < symbols.size(); k = symbols.find(' ', k) + 1) {
    uint8_t second = uint8_t(symbols[k + 1]);
    table[slot(uint16_t(uint8_t(symbols[k]) | (second == ' ' ? 0 : second << 8)))] = true;
  }
  return table;
}

inline bool isElement(uint16_t code) {
  static constexpr std::array<bool, slotCount> table = elementTable();
  return table[slot(code)];
}

inline std::string symbolText(uint16_t code) {
  std::string text(1, char(code & 0xFF));
  if (code >> 8) text.push_back(char(code >> 8));
  return text;
}

// Amounts by element, each element once.
struct Amounts {
  std::vector<std::pair<uint16_t, double>> parts;
  bool whole = true;  // all amounts are whole numbers

  void clear() {
    parts.clear();
    whole = true;
  }

  void add(uint16_t code, double amount) {
    if (amount != std::floor(amount)) whole = false;
    for (auto &part : parts) {
      if (part.first == code) {
        part.second += amount;
        return;
      }
    }
    parts.emplace_back(code, amount);
  }

  double amount(uint16_t code) const {
    for (const auto &part : parts) {
      if (part.first == code) return part.second;
    }
    return 0;
  }

  double total(uint16_t without = 0) const {
    double sum = 0;
    for (const auto &part : parts) {
      if (part.first != without) sum += part.second;
    }
    return sum;
  }

  // The formula for a person, in the order of mention.
  std::string text() const {
    std::string text;
    for (const auto &part : parts) {
      text += symbolText(part.first);
      if (part.second != 1) text += std::to_string(int64_t(part.second));
    }
    return text;
  }
};

// How the crystal stands to what is stated.
enum class Agreement { same, withoutHydrogen, other };

// Compares ratios: cells of any size of one crystal agree. Amounts with decimals are as good as two of them.
inline bool sameRatios(const Amounts &stated, const Amounts &crystal, uint16_t without) {
  double statedTotal = stated.total(without), total = crystal.total(without);
  if (!(statedTotal > 0 && total > 0)) return false;
  for (const auto &part : crystal.parts) {
    if (part.first != without && !(stated.amount(part.first) > 0)) return false;
  }
  for (const auto &part : stated.parts) {
    if (part.first == without || part.second == 0) continue;
    double wanted = part.second / statedTotal * total, given = crystal.amount(part.first);
    if (given == 0 || std::fabs(wanted - given) > (stated.whole ? 1e-6 : 0.02) * given) return false;
  }
  return true;
}

inline Agreement compare(const Amounts &stated, const Amounts &crystal) {
  if (sameRatios(stated, crystal, 0)) return Agreement::same;
  constexpr uint16_t hydrogen = 'H';
  // The same but for hydrogen, of which the crystal has too little.
  if (!sameRatios(stated, crystal, hydrogen)) return Agreement::other;
  double statedShare = stated.amount(hydrogen) / stated.total(hydrogen);
  double share = crystal.amount(hydrogen) / crystal.total(hydrogen);
  return share < statedShare ? Agreement::withoutHydrogen : Agreement::other;
}

// Reads formulas such as "Fe2 O3", "Ca(OH)2" or "Fe0.9O"; what is none (a name, "A2B") gives false.
class Reader {
 public:
  static bool read(std::string_view text, Amounts &amounts) {
    amounts.clear();
    Reader reader{text};
    return reader.group(0, 1, amounts) && reader.position == text.size() && !amounts.parts.empty();
  }

 private:
  explicit Reader(std::string_view text) : text(text) {}

  std::string_view text;
  size_t position = 0;

  bool group(int depth, double factor, Amounts &amounts) {
    if (depth > 8) return false;
    while (position < text.size()) {
      char c = text[position];
      if (c == ' ') {
        position++;
      } else if (c == '(' || c == '[') {
        // The factor stands behind the bracket: what is within is read twice.
        size_t open = ++position;
        Amounts ignored;
        if (!group(depth + 1, 1, ignored) || !closes(c)) return false;
        double times = 1;
        if (!number(times)) return false;
        size_t after = position;
        position = open;
        if (!group(depth + 1, factor * times, amounts)) return false;
        position = after;
      } else if (c == ')' || c == ']') {
        return depth > 0;
      } else {
        if (c < 'A' || c > 'Z') return false;
        uint16_t code = uint8_t(c);
        position++;
        if (position < text.size() && text[position] >= 'a' && text[position] <= 'z') {
          code = uint16_t(code | uint8_t(text[position++]) << 8);
        }
        if (code == 'D' || code == 'T') code = 'H';
        double times = 1;
        if (!isElement(code) || !number(times)) return false;
        amounts.add(code, factor * times);
      }
    }
    return depth == 0;
  }

  bool closes(char open) {
    if (position >= text.size() || text[position] != (open == '(' ? ')' : ']')) return false;
    position++;
    return true;
  }

  // An amount, 1 where none is given.
  bool number(double &value) {
    size_t start = position;
    double sum = 0, place = 1;
    bool decimals = false;
    while (position < text.size() && position - start < 12) {
      char c = text[position];
      if (c == '.' && !decimals) {
        decimals = true;
      } else if (c >= '0' && c <= '9') {
        sum = sum * 10 + (c - '0');
        if (decimals) place *= 10;
      } else {
        break;
      }
      position++;
    }
    if (position > start) value = sum / place;
    return value > 0;
  }
};

}  // namespace stated_formula
