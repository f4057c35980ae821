// What type symbols, labels and formulas say of elements. See the header for the contract.

#include "cif_species.hpp"

#include <gemmi/elem.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace sluice {

namespace {

bool isUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool isLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool isLetter(char c) {
  return isUpper(c) || isLower(c);
}
bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

constexpr ElementCode hydrogen = 'H';
constexpr ElementCode oxygen = 'O';

bool isHeavyHydrogen(std::string_view letters) {
  return letters.size() == 1 && (letters[0] == 'D' || letters[0] == 'T' || letters[0] == 'd' || letters[0] == 't');
}

// Several species in one text: "Al,Cu1", "Fe/Mg", "0.75Si + 0.25Al", "Si0.75Al0.25", "(Fe,Mg)1". Nothing where it is
// not made of species alone.
std::vector<Share> speciesList(const std::string &text, bool &haveShares) {
  std::vector<Share> list;
  haveShares = true;
  bool separated = false;
  size_t position = 0;
  auto number = [&](double &value) {
    size_t start = position;
    while (position < text.size() && (isDigit(text[position]) || text[position] == '.')) position++;
    if (position == start) return false;
    value = std::atof(text.substr(start, position - start).c_str());
    return true;
  };
  while (position < text.size()) {
    char c = text[position];
    if (c == ' ' || c == '\t' || c == '(' || c == ')' || c == '[' || c == ']') {
      position++;
      continue;
    }
    if (c == ',' || c == '/' || c == ';' || c == '&' || c == '|' || (c == '+' && !list.empty())) {
      separated = separated || !list.empty();
      position++;
      continue;
    }
    double before = 0, after = 0;
    bool isShare = number(before) && before <= 1;
    while (position < text.size() && (text[position] == ' ' || text[position] == '*')) position++;
    size_t letters = position;
    if (letters >= text.size() || !isUpper(text[letters])) {
      // A number behind the last species is the site's.
      if (!list.empty() && letters >= text.size()) break;
      return {};
    }
    position++;
    if (position < text.size() && isLower(text[position])) position++;
    ElementCode element = elementCode(std::string_view(text).substr(letters, position - letters));
    if (element == 0 || (position < text.size() && isLower(text[position]))) return {};
    size_t digits = position;
    bool hasPoint = false;
    if (number(after)) hasPoint = after < 1 && text.substr(digits, position - digits).find('.') != std::string::npos;
    bool isCharge = position < text.size() && (text[position] == '+' || text[position] == '-')
                    && (position + 1 >= text.size() || !isLetter(text[position + 1]));
    if (isCharge) position++;
    bool isGiven = isShare || (hasPoint && !isCharge);
    if (!isGiven) haveShares = false;
    list.push_back({element, isShare ? before : hasPoint ? after : 0});
  }
  bool anyShare = std::any_of(list.begin(), list.end(), [](const Share &share) { return share.amount > 0; });
  if (list.size() < 2 && !anyShare) return {};
  return separated || anyShare ? list : std::vector<Share>();
}

// The elements that the part of a label after its element names: "CO3", "SiAl", "H2O".
std::vector<ElementCode> spelledElements(std::string_view text) {
  std::vector<ElementCode> elements;
  for (size_t k = 0; k < text.size(); k++) {
    if (!isUpper(text[k])) continue;
    size_t count = k + 1 < text.size() && isLower(text[k + 1]) ? 2 : 1;
    std::string_view letters = text.substr(k, count);
    ElementCode element = isHeavyHydrogen(letters) ? 0 : elementCode(letters);
    if (element != 0) elements.push_back(element);
  }
  return elements;
}

// A valence in brackets, "Fe(3+)" or "Fe(III)", stands as one without them; the text itself where there is none.
std::string withoutBrackets(const std::string &text) {
  size_t open = text.find('(');
  if (open == std::string::npos || open == 0 || text.back() != ')') return text;
  std::string valence = text.substr(open + 1, text.size() - open - 2);
  if (valence == "II" || valence == "III" || valence == "IV") return text.substr(0, open);
  bool isValence = valence.find_first_of("+-") != std::string::npos
                   && valence.find_first_not_of("0123456789.+-") == std::string::npos;
  return isValence ? text.substr(0, open) + valence : text;
}

// The mass number before an element's symbol, "57Fe"; 0 where the text begins with none.
int massNumber(const std::string &text, size_t &digits) {
  digits = 0;
  while (digits < text.size() && isDigit(text[digits])) digits++;
  if (digits == 0 || digits > 3 || digits == text.size() || text[0] == '0' || !isUpper(text[digits])) return 0;
  return std::atoi(text.substr(0, digits).c_str());
}

// Two thirds of a nucleus at most are protons, a third at least; "3Fe" is no isotope.
bool isNuclide(ElementCode element, int mass) {
  int protons = gemmi::Element(symbolOf(element)).atomic_number();
  return protons == 1 ? mass <= 3 : 2 * mass >= 3 * protons && mass <= 3 * protons;
}

// Sites are called A, B, C and so on; "OH" is a hydroxide sooner than the eighth oxygen.
bool isSiteLetter(std::string_view tail) {
  return tail.size() == 1 && tail[0] >= 'A' && tail[0] <= 'G';
}

void setShared(SpeciesReading &reading, std::vector<Share> list, bool haveShares) {
  reading.isShared = true;
  reading.element = 0;
  if (haveShares) reading.shares = std::move(list);
}

}  // namespace

ElementCode elementCode(std::string_view letters) {
  if (letters.empty() || letters.size() > 2) return 0;
  if (isHeavyHydrogen(letters)) return hydrogen;
  char text[3] = {letters[0], letters.size() > 1 ? letters[1] : '\0', '\0'};
  gemmi::El element = gemmi::find_element(text);
  if (element == gemmi::El::X) return 0;
  const char *name = gemmi::element_name(element);
  return ElementCode(uint8_t(name[0]) | uint16_t(uint8_t(name[1])) << 8);
}

std::string symbolOf(ElementCode element) {
  std::string text(1, char(element & 0xFF));
  if (element >> 8) text.push_back(char(element >> 8));
  return text;
}

SpeciesReading readType(const std::string &given) {
  SpeciesReading reading;
  std::string text = withoutBrackets(given);
  size_t digits = 0, letters = 0;
  if (int mass = massNumber(text, digits); mass > 0) {
    SpeciesReading plain = readType(text.substr(digits));
    if (plain.element == 0 || plain.isIsotope || !isNuclide(plain.element, mass)) return reading;
    plain.isIsotope = plain.element == hydrogen && mass > 1;
    plain.stem = given;
    return plain;
  }
  while (letters < text.size() && isLetter(text[letters])) letters++;
  reading.stem = text;
  std::string_view name = std::string_view(text).substr(0, letters);
  // Scattering factors of valence states.
  if (name == "Cval" || name == "Cva") name = "C";
  if (name == "Siva" || name == "Sival") name = "Si";
  bool hasSign = false, hasPoint = false, isPlain = true;
  for (size_t k = letters; k < text.size(); k++) {
    char c = text[k];
    hasSign = hasSign || c == '+' || c == '-';
    hasPoint = hasPoint || c == '.';
    isPlain = isPlain && (isDigit(c) || c == '+' || c == '-' || c == '.');
  }
  if (name.size() > 0 && isPlain && (hasSign || !hasPoint)) {
    reading.element = elementCode(name);
    reading.isIsotope = isHeavyHydrogen(name);
    if (reading.element != 0) return reading;
  }
  bool haveShares = false;
  std::vector<Share> list = speciesList(text, haveShares);
  if (!list.empty()) setShared(reading, std::move(list), haveShares);
  return reading;
}

SpeciesReading readLabel(const std::string &text) {
  SpeciesReading reading;
  size_t count = 0;
  while (count < text.size() && isLetter(text[count])) count++;
  std::string_view letters = std::string_view(text).substr(0, count), rest = std::string_view(text).substr(count);
  reading.stem = std::string(letters);
  bool haveShares = false;
  std::vector<Share> list = speciesList(text, haveShares);
  bool isCode = list.size() == 1 && rest.size() > 1 && rest[0] == '.';  // "C.3": an atom type's code, no share
  if (!list.empty() && !isCode) {
    setShared(reading, std::move(list), haveShares);
    return reading;
  }
  if (count == 0) {
    reading.stem = text;
    return reading;
  }
  std::string lower(letters);
  for (char &c : lower) c = char(c | 0x20);
  if (lower == "va" || lower == "vac" || lower == "vacancy") {
    reading.isVacancy = letters[0] == 'V' && (lower != "va" || letters[1] == 'a');
  }
  ElementCode one = elementCode(letters.substr(0, 1)), pair = count > 1 ? elementCode(letters.substr(0, 2)) : 0;
  // "OW1", "Hw2": oxygen and hydrogen of water.
  bool isWater = count == 2 && lower[1] == 'w' && (one == oxygen || one == hydrogen);
  bool isProper = count > 1 && isUpper(letters[0]) && isLower(letters[1]);
  if (count == 1) {
    reading.element = one;
    reading.isIsotope = isHeavyHydrogen(letters);
    // "T1" is a tetrahedral site more often than tritium; "H2O" is a molecule.
    if (lower[0] == 'w') reading.others.push_back(oxygen);  // water, where formula or atom types have no tungsten
    reading.needsEvidence =
        lower[0] == 't' || (one == hydrogen && rest.size() > 1 && rest[0] == '2' && (rest[1] | 0x20) == 'o');
  } else if (isWater) {
    reading.element = one;
  } else if (isProper && pair != 0) {
    std::string_view tail = letters.substr(2);
    if (!tail.empty() && isLower(tail[0])) return reading;  // "Sit": no element and a site code
    reading.element = pair;
    reading.spelled = spelledElements(tail);
    reading.endsInLetter = isSiteLetter(tail);
    reading.needsEvidence = !reading.spelled.empty();
    if (reading.needsEvidence) reading.spelled.push_back(pair);
    // "Ho" of a hydroxide, where the formula has no holmium.
    if (one != 0) reading.others.push_back(one);
  } else if (isProper) {
    return reading;  // "Wat", "Oa"
  } else {
    // Upper case or lower case alone: "CA1" is calcium, or an alpha carbon.
    std::string_view tail = letters.substr(pair != 0 ? 2 : 1);
    std::string upper(tail);
    for (char &c : upper) c = char(c & ~0x20);
    reading.element = pair != 0 ? pair : one;
    if (pair != 0 && one != 0) reading.others.push_back(one);
    if (pair != 0 && count == 2) {
      // Carbonate, phosphate, nitrate, ammonium, a hydroxyl's H: "CO3", "PO4", "NO3", "NH4", "HO1".
      char second = char(letters[1] & ~0x20);
      reading.needsEvidence = one != 0 && (second == 'O' || second == 'H');
    } else {
      reading.needsEvidence = count > 2 || !spelledElements(upper).empty();
      reading.endsInLetter = isSiteLetter(tail);
    }
  }
  // "Fe1Mg1", "Fe-Mg", "O_Si": a second element behind the site code is one that shares the site, or a neighbor.
  bool isPlain = count == 1 || (isProper && count == 2);
  for (size_t k = 0; isPlain && k + 1 < rest.size(); k++) {
    if (!isUpper(rest[k]) || !isLower(rest[k + 1]) || (k + 2 < rest.size() && isLetter(rest[k + 2]))) continue;
    ElementCode element = elementCode(rest.substr(k, 2));
    if (element == 0 || element == reading.element) continue;
    if (reading.spelled.empty()) reading.spelled.push_back(reading.element);
    reading.spelled.push_back(element);
    reading.needsEvidence = true;
  }
  return reading;
}

void Amounts::add(ElementCode element, double amount, double rounding) {
  auto place = std::lower_bound(
      list.begin(), list.end(), element, [](const Share &share, ElementCode code) { return share.element < code; });
  if (place != list.end() && place->element == element) {
    place->amount += amount;
    place->rounding += rounding;
  } else {
    list.insert(place, {element, amount, rounding});
  }
}

double Amounts::operator[](ElementCode element) const {
  for (const Share &share : list) {
    if (share.element == element) return share.amount;
  }
  return 0;
}

double Amounts::total() const {
  double sum = 0;
  for (const Share &share : list) sum += share.amount;
  return sum;
}

std::string Amounts::text() const {
  std::string text;
  for (const Share &share : list) {
    char amount[32];
    std::snprintf(amount, sizeof amount, "%.4g", share.amount);
    text += (text.empty() ? "" : " ") + symbolOf(share.element) + amount;
  }
  return text.empty() ? "nothing" : text;
}

Amounts readFormula(const std::string &text, bool wholeWords) {
  Amounts amounts;
  size_t position = 0;
  while (position < text.size()) {
    char c = text[position];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      position++;
      continue;
    }
    if (!isLetter(c)) return {};
    size_t start = position, end = position + 1;
    while (end < text.size() && isLetter(text[end])) end++;
    // Two letters are one element where they are written so, or cannot be two: "CL2". "CaO" and "CO" are two elements.
    size_t length = 1;
    if (end - start > 1) {
      bool areTwo = elementCode(text.substr(start, 1)) != 0 && elementCode(text.substr(start + 1, 1)) != 0;
      if (isLower(text[start + 1]) || (end - start == 2 && (!areTwo || wholeWords))) length = 2;
    }
    ElementCode element = elementCode(std::string_view(text).substr(start, length));
    if (element == 0) return {};
    position = start + length;
    size_t digits = position;
    while (position < text.size() && (isDigit(text[position]) || text[position] == '.')) position++;
    std::string number = text.substr(digits, position - digits);
    double amount = number.empty() ? 1 : std::atof(number.c_str()), rounding = 0;
    size_t point = number.find('.');
    if (point != std::string::npos) rounding = 0.5 * std::pow(10.0, -double(number.size() - point - 1));
    if (position < text.size() && text[position] == '(') {  // an uncertainty, in the last decimal
      rounding *= std::max(1.0, 2 * std::atof(text.c_str() + position + 1));
      while (position < text.size() && text[position] != ')') position++;
      if (position < text.size()) position++;
    }
    if (!(amount >= 0) || amount > 1e6) return {};
    if (amount > 0) amounts.add(element, amount, rounding);
  }
  return amounts;
}

namespace {

// Factors by which a formula becomes a content of whole atoms, as far as the formula's decimals tell.
struct Factors {
  double least = 0;
  double most = INFINITY;

  bool hold(double factor) const {
    return std::isfinite(factor) && factor >= least * (1 - 1e-6) && factor <= most * (1 + 1e-6);
  }
};

Factors factors(const Amounts &content, const Amounts &formula, bool withHydrogen) {
  Factors factors;
  auto narrow = [&](ElementCode element, double wanted, double rounding) {
    if (!withHydrogen && element == hydrogen) return;
    double found = std::round(content[element]);
    if (found > 0) factors.least = std::max(factors.least, wanted > 0 ? found / (wanted + rounding) : INFINITY);
    factors.most = std::min(factors.most, wanted > rounding ? found / (wanted - rounding) : INFINITY);
  };
  for (const Share &share : formula.list) narrow(share.element, share.amount, share.rounding);
  for (const Share &share : content.list) {
    if (formula[share.element] == 0) narrow(share.element, 0, 0);
  }
  return factors;
}

bool isWhole(const Share &share) {
  return std::fabs(share.amount - std::round(share.amount)) < 0.02;
}

bool agree(const Amounts &content, const Amounts &formula, double scale, bool withHydrogen) {
  if (std::all_of(content.list.begin(), content.list.end(), isWhole))
    return factors(content, formula, withHydrogen).hold(scale);
  auto close = [&](const Share &share) {
    if (!withHydrogen && share.element == hydrogen) return true;
    double wanted = formula[share.element] * scale, found = content[share.element];
    return std::fabs(wanted - found) <= 0.02 * std::max(wanted, found) + 0.05;
  };
  return std::all_of(formula.list.begin(), formula.list.end(), close)
         && std::all_of(content.list.begin(), content.list.end(), close);
}

bool isDivisible(const Amounts &formula, double units) {
  return std::all_of(formula.list.begin(), formula.list.end(), [&](const Share &share) {
    double count = share.amount / units;
    return std::fabs(count - std::round(count)) < 1e-6;
  });
}

}  // namespace

FormulaMatch compare(const Amounts &content, const Amounts &formula, double units, bool mayBeWhole) {
  // Where the number of units is open, the factor that all elements allow, or else the nearest to it.
  auto multiple = [&](bool withHydrogen) {
    double left = withHydrogen ? 0 : content[hydrogen], right = withHydrogen ? 0 : formula[hydrogen];
    double ratio = (content.total() - left) / (formula.total() - right);
    Factors range = factors(content, formula, withHydrogen);
    return range.least <= range.most ? std::clamp(ratio, range.least, range.most) : ratio;
  };
  std::vector<double> scales = {units > 0 ? units : multiple(true)};
  // Some programs give the formula of the whole cell beside the number of units.
  if (units > 1 && mayBeWhole && isDivisible(formula, units)) scales.push_back(1);
  for (double scale : scales) {
    if (agree(content, formula, scale, true)) return {FormulaMatch::matches, scale};
  }
  double heavy = formula.total() - formula[hydrogen];
  if (formula[hydrogen] > 0 && heavy > 0) {
    if (units <= 0) scales = {multiple(false)};
    for (double scale : scales) {
      if (content[hydrogen] < formula[hydrogen] * scale && agree(content, formula, scale, false))
        return {FormulaMatch::lacksHydrogen, scale};
    }
  }
  return {FormulaMatch::contradicts, content.total() / formula.total()};
}

}  // namespace sluice
