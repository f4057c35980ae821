// Symmetry operations and space-group symbols. See the header for the contract.

#include "cif_symmetry.hpp"

#include <gemmi/numb.hpp>
#include <gemmi/symmetry.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cif = gemmi::cif;

namespace sluice {

namespace {

constexpr size_t mostOperations = 1000;
// An operation may change lengths and angles of the cell by this much, relative to |a_i| |a_j|: a cell's own rounding.
constexpr double metricTolerance = 0.01;

// A bar above a digit, as typesetters and Unicode write it, is a minus sign: "\\=3", "\\bar{3}", "3" and a combining
// line.
std::string withoutBars(std::string text) {
  bool isPlain = std::none_of(text.begin(), text.end(), [](char c) { return c == '\\' || uint8_t(c) > 127; });
  if (isPlain) return text;
  static const std::pair<const char *, const char *> bars[] = {
      {"\\=", "-"}, {"\\bar", "-"}, {"\\overline", "-"}, {"\u2212", "-"}, {"\u2013", "-"}};
  for (const auto &[bar, minus] : bars) {
    for (size_t at; (at = text.find(bar)) != std::string::npos;) text.replace(at, std::strlen(bar), minus);
  }
  for (const char *line : {"\u0304", "\u0305"}) {  // behind its digit
    for (size_t at; (at = text.find(line)) != std::string::npos && at > 0;) {
      text.erase(at, std::strlen(line));
      text.insert(at - 1, "-");
    }
  }
  return text;
}

// One of the three parts of an operation such as "-y+1/2"; numbers may be fractions or decimals.
void readOperationPart(const char *start, const char *end, double *rotation, double &translation) {
  const char *p = start;
  bool any = false;
  auto wrong = [&] {
    return Fault(cif_crystal_unreadable, "symmetry operation part '" + std::string(start, end) + "' is not understood");
  };
  while (p < end) {
    if (*p == ' ' || *p == '\t') {
      p++;
      continue;
    }
    double factor = 1;
    if (*p == '+' || *p == '-') {
      factor = *p == '-' ? -1 : 1;
      p++;
    } else if (any) {
      throw wrong();
    }
    while (p < end && *p == ' ') p++;
    bool number = false;
    if (p < end && ((*p >= '0' && *p <= '9') || *p == '.')) {
      double value = 0;
      auto read = fast_float::from_chars(p, end, value);
      if (read.ec != std::errc()) throw wrong();
      p = read.ptr;
      number = true;
      factor *= value;
      if (p < end && *p == '/') {
        auto divisor = fast_float::from_chars(p + 1, end, value);
        if (divisor.ec != std::errc() || value == 0) throw wrong();
        p = divisor.ptr;
        factor /= value;
      }
      if (p < end && *p == '*') p++;
    }
    char letter = p < end ? char(*p | 0x20) : '\0';
    if (letter >= 'x' && letter <= 'z') {
      rotation[letter - 'x'] += factor;
      p++;
    } else if (number) {
      translation += factor;
    } else {
      throw wrong();
    }
    any = true;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
  }
  if (!any || !std::isfinite(translation)) throw wrong();
  // "0.3333" means 1/3: space groups shift by multiples of 1/24.
  double exact = nearestWhole(translation * 24) / 24;
  if (std::fabs(exact - translation) < 1e-3) translation = exact;
}

// First `right`, then `left`.
Operation product(const Operation &left, const Operation &right) {
  Operation product{};
  for (int i = 0; i < 3; i++) {
    product.translation[i] = left.translation[i];
    for (int k = 0; k < 3; k++) {
      product.translation[i] += left.rotation[3 * i + k] * right.translation[k];
      for (int j = 0; j < 3; j++) product.rotation[3 * i + j] += left.rotation[3 * i + k] * right.rotation[3 * k + j];
    }
  }
  return product;
}

bool areSame(const Operation &left, const Operation &right) {
  for (int k = 0; k < 9; k++) {
    if (std::fabs(left.rotation[k] - right.rotation[k]) > 1e-3) return false;
  }
  for (int k = 0; k < 3; k++) {
    double shift = left.translation[k] - right.translation[k];
    if (std::fabs(shift - nearestWhole(shift)) > 5e-3) return false;
  }
  return true;
}

Operation readOperation(const std::string &text) {
  Operation operation{};
  const char *start = text.data(), *end = start + text.size();
  for (int row = 0; row < 3; row++) {
    const char *stop = std::find(start, end, ',');
    if ((stop == end) != (row == 2)) {
      throw Fault(cif_crystal_unreadable, "symmetry operation '" + text.substr(0, 48) + "' has not three parts");
    }
    readOperationPart(start, stop, operation.rotation + 3 * row, operation.translation[row]);
    start = stop + 1;
  }
  const double *r = operation.rotation;
  double determinant =
      r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) + r[2] * (r[3] * r[7] - r[4] * r[6]);
  if (std::fabs(std::fabs(determinant) - 1) > 1e-6) {
    throw Fault(cif_crystal_unreadable, "symmetry operation '" + text.substr(0, 48) + "' is no symmetry");
  }
  return operation;
}

// "x,y,z,+1" and "x,y,z,mx,my,mz,-1" of magnetic groups: what follows the position says nothing of it.
std::string withoutTimeReversal(const std::string &text) {
  size_t comma = 0;
  for (int part = 0; part < 3; part++) {
    comma = text.find(',', comma + (part > 0 ? 1 : 0));
    if (comma == std::string::npos) return text;
  }
  return text.substr(0, comma);
}

// R^T G R = G: the operation keeps the lengths and angles of the cell.
bool keepsCell(const Operation &operation, const gemmi::UnitCell &cell, const double (&metric)[3][3]) {
  const double lengths[3] = {cell.a, cell.b, cell.c};
  const double *r = operation.rotation;
  for (int i = 0; i < 3; i++) {
    for (int j = i; j < 3; j++) {
      double sum = 0;
      for (int k = 0; k < 3; k++) {
        if (r[3 * k + i] == 0) continue;
        for (int l = 0; l < 3; l++) sum += r[3 * k + i] * metric[k][l] * r[3 * l + j];
      }
      if (!(std::fabs(sum - metric[i][j]) <= metricTolerance * lengths[i] * lengths[j])) return false;
    }
  }
  return true;
}

bool keepCell(const std::vector<Operation> &operations, const gemmi::UnitCell &cell) {
  double metric[3][3];
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      const auto &m = cell.orth.mat;
      metric[i][j] = m[0][i] * m[0][j] + m[1][i] * m[1][j] + m[2][i] * m[2][j];
    }
  }
  return std::all_of(operations.begin(), operations.end(), [&](const Operation &operation) {
    return keepsCell(operation, cell, metric);
  });
}

std::vector<Operation> operationsOf(const gemmi::GroupOps &group) {
  std::vector<Operation> operations;
  for (gemmi::Op op : group) {
    Operation operation;
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 3; column++) {
        operation.rotation[3 * row + column] = double(op.rot[row][column]) / gemmi::Op::DEN;
      }
      operation.translation[row] = double(op.tran[row]) / gemmi::Op::DEN;
    }
    operations.push_back(operation);
  }
  return operations;
}

std::string lowered(std::string text) {
  for (char &c : text) {
    if (c >= 'A' && c <= 'Z') c = char(c | 0x20);
  }
  return text;
}

std::string withoutBlanks(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t'; }), text.end());
  return text;
}

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

std::vector<std::string> words(const std::string &text) {
  std::vector<std::string> list;
  size_t position = 0;
  while ((position = text.find_first_not_of(" \t", position)) != std::string::npos) {
    size_t end = std::min(text.find_first_of(" \t", position), text.size());
    list.push_back(text.substr(position, end - position));
    position = end;
  }
  return list;
}

std::string joined(const std::vector<std::string> &list) {
  std::string text;
  for (const std::string &word : list) text += (text.empty() ? "" : " ") + word;
  return text;
}

// The full symbol's parts shortened as the tables do: "F 4/d -3 2/m" is "F d -3 m", "P 21/n 21/m 21/a" is "P n m a".
std::string shortened(const std::string &text) {
  std::vector<std::string> parts = words(text);
  if (parts.size() == 3 && parts[1] == "-3" && parts[2].compare(0, 2, "2/") == 0) {  // "R -3 2/c"
    return parts[0] + " -3 " + parts[2].substr(2);
  }
  if (parts.size() != 4) return text;
  auto plane = [](const std::string &part) {
    size_t slash = part.find('/');
    return slash == std::string::npos ? part : part.substr(slash + 1);
  };
  auto isFull = [](const std::string &part) { return part.find('/') != std::string::npos; };
  if (!isFull(parts[3]) && !isFull(parts[2])) return text;
  bool isPrincipal = isFull(parts[1]) && parts[1][0] != '2' && parts[2] != "-3";  // 4/m, 42/n, 63/m stay as they are
  if (!isPrincipal) parts[1] = plane(parts[1]);
  for (size_t k = 2; k < 4; k++) parts[k] = plane(parts[k]);
  return joined(parts);
}

// What a symbol says besides the group: origin choice '1' or '2', axes 'H' or 'R', or a code such as "cab".
struct Symbol {
  std::string base;
  char choice = 0;
  std::string code;
  /// Unique axis and cell choice of a monoclinic group, 0 where not told.
  char axis = 0;
  char cellChoice = 0;
  int number = 0;
  bool understood = true;
  bool respelled = false;
};

// Words about the setting, from brackets or after a comma.
void readRemark(const std::string &text, Symbol &symbol) {
  std::string word = lowered(withoutBlanks(text));
  word.erase(std::remove(word.begin(), word.end(), ':'), word.end());  // "origin choice: 2"
  symbol.respelled = true;
  auto take = [&](const char *name, const char *values, char &value) {
    size_t place = word.find(name), end = place + std::strlen(name);
    if (place == std::string::npos || end >= word.size() || std::strchr(values, word[end]) == nullptr) return;
    value = word[end];
    word.erase(place, end - place + 1);
    while (!word.empty() && (word.back() == ',' || word.back() == ';')) word.pop_back();
    word.erase(0, word.find_first_not_of(",;"));
  };
  take("uniqueaxis", "abc", symbol.axis);
  take("cellchoice", "123", symbol.cellChoice);
  if (word.find("uniqueaxis") != std::string::npos || word.find("cellchoice") != std::string::npos)
    symbol.understood = false;
  if (word.empty() || word == "x,y,z" || word == "a,b,c") return;
  auto contains = [&](const char *part) { return word.find(part) != std::string::npos; };
  for (const char *prefix : {"originchoice", "origin", "choice", "setting", "o"}) {
    size_t length = std::strlen(prefix);
    if (word.compare(0, length, prefix) == 0 && word.size() == length + 1
        && (word[length] == '1' || word[length] == '2')) {
      symbol.choice = word[length];
      return;
    }
  }
  if (word == "1" || word == "2") {
    symbol.choice = word[0];
  } else if (word == "h" || contains("hexagonal") || word == "hex") {
    symbol.choice = 'H';
  } else if (word == "r" || contains("rhombohedral") || word == "rhomb") {
    symbol.choice = 'R';
  } else {
    size_t digits = word.find_first_of("0123456789");
    if (digits == std::string::npos) {
      // Words such as "non-standard setting"; a comma would mean a change of axes or origin.
      if (contains(",") || contains("+")) symbol.understood = false;
      return;
    }
    std::string before = word.substr(0, digits), after = word.substr(digits);
    bool isNumber = before.empty() || before == "#" || before == "no." || before == "no" || before == "nr."
                    || before == "nr" || before == "it" || before == "number" || before == "sgno." || before == "itno.";
    if (!isNumber || after.size() > 3 || !std::all_of(after.begin(), after.end(), isDigit)) {
      symbol.understood = false;
      return;
    }
    symbol.number = std::atoi(after.c_str());
  }
}

Symbol readSymbol(const std::string &given) {
  Symbol symbol;
  std::string rest;
  const std::string text = withoutBars(given);
  symbol.respelled = text != given;
  for (size_t k = 0; k < text.size(); k++) {
    char c = text[k];
    if (c == '{' || c == '}' || c == '$') continue;
    if (c == '_' && !rest.empty() && isDigit(rest.back())) continue;  // "P2_1/c"
    rest.push_back(c == '_' || c == '\t' || c == '\n' ? ' ' : c);
  }
  // "P2(1)/n" is an axis; other brackets are remarks.
  for (size_t open; (open = rest.find_first_of("([")) != std::string::npos;) {
    size_t close = rest.find_first_of(")]", open);
    if (close == std::string::npos) {
      symbol.understood = false;
      return symbol;
    }
    std::string content = rest.substr(open + 1, close - open - 1);
    bool isAxis = content.size() == 1 && content[0] >= '1' && content[0] <= '5' && open > 0 && isDigit(rest[open - 1]);
    if (!isAxis) readRemark(content, symbol);
    if (isAxis) symbol.respelled = true;
    rest = rest.substr(0, open) + (isAxis ? content : " ") + rest.substr(close + 1);
  }
  size_t mark = rest.find_first_of(",;");
  for (const char *word : {"origin", "unique", "cell choice"}) mark = std::min(mark, lowered(rest).find(word));
  if (mark != std::string::npos) {
    readRemark(rest.substr(rest[mark] == ',' || rest[mark] == ';' ? mark + 1 : mark), symbol);
    rest = rest.substr(0, mark);
  }
  size_t colon = rest.find(':');
  if (colon != std::string::npos) {
    std::string code = lowered(withoutBlanks(rest.substr(colon + 1)));
    rest = rest.substr(0, colon);
    if (code == "1" || code == "2" || code == "o1" || code == "o2") {
      symbol.choice = code.back();
    } else if (code == "h" || code == "r") {
      symbol.choice = char(code[0] & ~0x20);
    } else if (code == "hex") {
      symbol.choice = 'H';
    } else if (!code.empty()) {
      symbol.code = code;
    }
  }
  std::vector<std::string> parts = words(rest);
  if (parts.size() > 1) {
    // A suffix of its own, as the Inorganic Crystal Structure Database writes it.
    std::string last = lowered(parts.back());
    char choice = last == "s" || last == "o1" ? '1' : last == "z" || last == "o2" ? '2' : 0;
    if (last == "h" || last == "hr" || last == "hs") choice = 'H';
    if (last == "r" || last == "rs") choice = 'R';
    if (choice != 0) {
      symbol.choice = choice;
      symbol.respelled = true;
      parts.pop_back();
    }
  }
  symbol.base = joined(parts);
  return symbol;
}

using Groups = std::vector<const gemmi::SpaceGroup *>;

// The settings of the tables by their symbols without blanks, in lower case.
const std::map<std::string, Groups> &groupsBySymbol() {
  static const std::map<std::string, Groups> table = [] {
    std::map<std::string, Groups> table;
    auto add = [&table](const std::string &name, const gemmi::SpaceGroup *group) {
      Groups &list = table[lowered(withoutBlanks(name))];
      if (std::find(list.begin(), list.end(), group) == list.end()) list.push_back(group);
    };
    const auto &main = gemmi::spacegroup_tables::main;
    for (const gemmi::SpaceGroup &group : main) add(group.hm, &group);
    for (const gemmi::SpaceGroupAltName &other : gemmi::spacegroup_tables::alt_names) {
      const gemmi::SpaceGroup *group = &main[other.pos];
      // The alternative name of a group holds for both of its origin choices.
      for (const gemmi::SpaceGroup &same : main) {
        if (std::strcmp(same.hm, group->hm) == 0) add(other.hm, &same);
      }
    }
    std::map<std::string, Groups> aliases;
    for (const gemmi::SpaceGroup &group : main) {
      std::vector<std::string> parts = words(group.hm);
      // "P 21/c" is "P 1 21/c 1"; with another unique axis it is told by the cell.
      if (parts.size() == 4 && group.number >= 3 && group.number <= 15) {
        for (size_t k = 1; k < 4; k++) {
          if (parts[k] != "1") aliases[lowered(parts[0] + parts[k])].push_back(&group);
        }
      }
      // "F m 3 m" of older tables is "F m -3 m".
      if (group.number >= 200 && parts.size() >= 3 && parts[2] == "-3") {
        parts[2] = "3";
        std::string old = joined(parts);
        aliases[lowered(withoutBlanks(old))].push_back(&group);
      }
    }
    for (auto &[name, groups] : aliases) {
      if (table.count(name) == 0) table[name] = groups;
    }
    return table;
  }();
  return table;
}

// A symbol without blanks in parts: "F41/d-32/m" is "F 41/d -3 2/m". A digit behind an axis is its screw, if it can be.
std::string separated(const std::string &base) {
  std::string text = withoutBlanks(base), parts;
  for (size_t k = 0; k < text.size(); k++) {
    char c = text[k];
    parts += (parts.empty() ? "" : " ") + std::string(1, c);
    bool isBar = c == '-' && k + 1 < text.size() && isDigit(text[k + 1]);
    if (isBar) parts += text[++k];
    if (!isDigit(text[k])) continue;
    if (!isBar && k + 1 < text.size() && isDigit(text[k + 1]) && text[k + 1] > '0' && text[k + 1] < text[k])
      parts += text[++k];
    if (k + 2 < text.size() && text[k + 1] == '/') {
      parts += text.substr(k + 1, 2);
      k += 2;
    }
  }
  return parts;
}

Groups groupsNamed(const std::string &base) {
  const auto &table = groupsBySymbol();
  auto found = table.find(lowered(withoutBlanks(base)));
  if (found == table.end()) found = table.find(lowered(withoutBlanks(shortened(base))));
  if (found == table.end()) found = table.find(lowered(withoutBlanks(shortened(separated(base)))));
  return found == table.end() ? Groups() : found->second;
}

// The settings that a Hermann-Mauguin symbol may mean; empty when it is not understood.
Groups groupsOf(Symbol &symbol) {
  if (!symbol.understood || symbol.base.empty()) return {};
  std::string base = symbol.base;
  Groups groups = groupsNamed(base);
  // A suffix that is not set apart: "Fd-3mZ", "R-3cH", "R-3mHR".
  static const std::pair<const char *, char> suffixes[] = {{"HR", 'H'}, {"HS", 'H'}, {"RS", 'R'}, {"S", '1'},
                                                           {"Z", '2'},  {"H", 'H'},  {"R", 'R'}};
  for (const auto &[suffix, choice] : suffixes) {
    if (!groups.empty()) break;
    size_t length = std::strlen(suffix);
    if (base.size() <= length + 1 || base.compare(base.size() - length, length, suffix) != 0) continue;
    groups = groupsNamed(base.substr(0, base.size() - length));
    if (!groups.empty()) {
      symbol.choice = choice;
      symbol.respelled = true;
    }
  }
  if (groups.empty() && (base[0] == 'H' || base[0] == 'h')) {
    groups = groupsNamed("R" + base.substr(1));  // "H 3" of the Protein Data Bank: hexagonal axes
    symbol.choice = 'H';
    symbol.respelled = true;
  }
  return groups;
}

// "b1" of the dictionary is plain "b" where a group has no other cell choice.
bool isCode(const gemmi::SpaceGroup &group, const std::string &code) {
  const std::string own = group.qualifier;
  return code == own || (own.size() == 1 && code == own + "1");
}

// The code of the dictionary with two axes interchanged, "-b1", names a setting of the tables by what it does to the
// plain one.
bool isInterchanged(const gemmi::SpaceGroup &group, const std::string &code) {
  if (code.size() < 2 || code[0] != '-' || group.number < 3 || group.number > 15) return false;
  const char *change = code[1] == 'a' ? "-x,z,y" : code[1] == 'b' ? "z,-y,x" : code[1] == 'c' ? "y,x,-z" : nullptr;
  if (change == nullptr) return false;
  for (const gemmi::SpaceGroup &plain : gemmi::spacegroup_tables::main) {
    if (plain.number != group.number || !isCode(plain, code.substr(1))) continue;
    gemmi::GroupOps operations = plain.operations();
    operations.change_basis_forward(gemmi::parse_triplet(change));
    if (operations.is_same_as(group.operations())) return true;
  }
  return false;
}

// Those of `groups` that have the choice and code that the block asks for.
Groups chosen(const Groups &groups, char choice, const std::string &code, const std::string &name) {
  Groups left;
  bool haveChoices = std::any_of(groups.begin(), groups.end(), [](auto *group) { return group->ext != 0; });
  if (choice == '1' && !haveChoices) choice = 0;  // the standard one of a group that has no others
  // "S", the standard setting, means hexagonal or rhombohedral axes by the table that was used: the cell tells.
  if (choice == '1' && std::any_of(groups.begin(), groups.end(), [](auto *group) { return group->ext == 'H'; }))
    choice = 0;
  for (const gemmi::SpaceGroup *group : groups) {
    if (choice != 0 && group->ext != choice) continue;
    if (!code.empty() && !isCode(*group, code) && !isInterchanged(*group, code)) continue;
    left.push_back(group);
  }
  if (left.empty()) {
    throw Fault(
        cif_crystal_symmetry,
        "space group " + shown(name) + " has no setting '" + (choice != 0 ? std::string(1, choice) : code) + "'");
  }
  return left;
}

// Those of `groups` that have the unique axis and the cell choice that words behind the symbol name.
Groups ofMonoclinic(const Groups &groups, const Symbol &symbol, const std::string &name) {
  Groups left;
  for (const gemmi::SpaceGroup *group : groups) {
    std::string code = group->qualifier;
    code.erase(0, code.find_first_not_of('-'));
    char axis = code.empty() ? 0 : code[0], cellChoice = code.size() < 2 ? '1' : code[1];
    bool fits =
        (symbol.axis == 0 || symbol.axis == axis) && (symbol.cellChoice == 0 || symbol.cellChoice == cellChoice);
    if (fits) left.push_back(group);
  }
  if (left.empty())
    throw Fault(cif_crystal_symmetry, "space group " + shown(name, 48) + " has no such unique axis and cell choice");
  return left;
}

int readNumber(const std::string &text) {
  double value = cif::as_number(text);
  return value >= 1 && value <= 230 && value == std::floor(value) ? int(value) : 0;
}

// A coordinate-system code of the dictionary: origin choice, axes, or a permutation of them.
void readCode(std::string code, char &choice, std::string &axes) {
  code = lowered(withoutBlanks(code));
  if (code == "1" || code == "2") {
    choice = code[0];
  } else if (code == "h" || code == "r") {
    choice = char(code[0] & ~0x20);
  } else if (!code.empty() && code != "abc") {
    axes = code;
    if (axes.size() > 1 && (axes.front() == '1' || axes.front() == '2')) {  // "2cab"
      choice = axes.front();
      axes.erase(0, 1);
      if (axes == "abc") axes.clear();
    }
  }
}

// The settings by symbol or number, before the cell is asked.
Groups statedGroups(const BlockIndex &block, std::string &name, bool &hasSymbol, Notes &notes) {
  int number = 0;
  std::string numberText = block.text(Tag::number);
  if (!numberText.empty()) {
    number = readNumber(numberText);
    if (number == 0) throw Fault(cif_crystal_symmetry, "space group number " + shown(numberText) + " is none");
  }
  char choice = 0;
  std::string axes;
  readCode(block.text(Tag::coordinateSystemCode), choice, axes);
  Groups groups;
  hasSymbol = false;
  std::string unread;
  for (Tag tag : {Tag::symbolAlternative, Tag::symbol, Tag::symbolFull}) {
    std::string text = block.text(tag);
    if (text.empty()) continue;
    hasSymbol = true;
    Symbol symbol = readSymbol(text);
    Groups found = groupsOf(symbol);
    if (found.empty()) {
      if (unread.empty()) unread = text;
      continue;
    }
    bool contradicts = (number != 0 && found.front()->number != number)
                       || (symbol.number != 0 && found.front()->number != symbol.number)
                       || (!groups.empty() && groups.front()->number != found.front()->number);
    if (contradicts) {
      throw Fault(
          cif_crystal_symmetry, "space group symbol '" + shown(text) + "' is number "
                                    + std::to_string(found.front()->number) + ", which the file contradicts");
    }
    found = chosen(found, symbol.choice, symbol.code, text);
    if (symbol.axis != 0 || symbol.cellChoice != 0) found = ofMonoclinic(found, symbol, text);
    if (choice != 0 || !axes.empty()) found = chosen(found, choice, axes, text);
    if (!groups.empty()) {
      // A second symbol may say more: "F d -3 m" and "F d -3 m :2".
      Groups both;
      for (auto *group : groups) {
        if (std::find(found.begin(), found.end(), group) != found.end()) both.push_back(group);
      }
      if (both.empty())
        throw Fault(
            cif_crystal_symmetry,
            "the space group symbols '" + name + "' and '" + shown(text) + "' are different settings");
      groups = both;
      continue;
    }
    groups = found;
    name = shown(text);
    if (symbol.respelled)
      notes.add("symbol_spelling", "space group '" + shown(text) + "' was read as " + groups.front()->xhm());
  }
  if (hasSymbol && groups.empty()) {
    throw Fault(cif_crystal_symmetry, "space group symbol '" + shown(unread) + "' is not understood");
  }
  if (groups.empty() && number != 0) {
    const gemmi::SpaceGroup *standard = gemmi::find_spacegroup_by_number(number);
    for (const gemmi::SpaceGroup &group : gemmi::spacegroup_tables::main) {
      // The number alone means the standard axes; origin and kind of axes are for the cell and the sites to tell.
      bool fits = !axes.empty() || std::strcmp(group.hm, standard->hm) == 0;
      if (group.number == number && fits) groups.push_back(&group);
    }
    name = "number " + std::to_string(number);
    groups = chosen(groups, choice, axes, name);
  }
  return groups;
}

// An operation as text; archives repeat few of them a great many times, so those of the texts seen are kept.
const Operation &knownOperation(const std::string &text, bool isMagnetic) {
  static const size_t mostKept = 4096;
  thread_local std::unordered_map<std::string, Operation> known[2];
  auto &own = known[isMagnetic ? 1 : 0];
  auto found = own.find(text);
  if (found != own.end()) return found->second;
  if (own.size() >= mostKept) own.clear();
  const std::string plain = withoutBars(text);
  return own.emplace(text, readOperation(isMagnetic ? withoutTimeReversal(plain) : plain)).first->second;
}

Setting listedOperations(const BlockIndex &block) {
  Setting setting{{}, "the listed operations"};
  bool isMagnetic = block.has(Tag::magneticOperations);
  const Values &listed = block[isMagnetic ? Tag::magneticOperations : Tag::operations];
  if (listed.count() > mostOperations) throw Fault(cif_crystal_unreadable, "too many symmetry operations");
  setting.operations.reserve(listed.count());
  for (size_t row = 0; row < listed.count(); row++) {
    if (cif::is_null(listed[row])) continue;
    setting.operations.push_back(knownOperation(cif::as_string(listed[row]), isMagnetic));
  }
  const Values &centrings = block[Tag::magneticCentrings];
  if (!isMagnetic || centrings.count() == 0) return setting;
  std::vector<Operation> all;
  if (centrings.count() * setting.operations.size() > mostOperations) {
    throw Fault(cif_crystal_unreadable, "too many symmetry operations");
  }
  for (size_t row = 0; row < centrings.count(); row++) {
    if (cif::is_null(centrings[row])) continue;
    Operation centring = readOperation(withoutTimeReversal(cif::as_string(centrings[row])));
    for (const Operation &operation : setting.operations) all.push_back(product(centring, operation));
  }
  if (!all.empty()) setting.operations = all;
  return setting;
}

}  // namespace

// The operations that map the whole list onto itself are a subgroup; the list is a group when that holds all of it. So
// one operation outside of what is known to belong is tried at a time, and each at least doubles what is known.
bool formGroup(const std::vector<Operation> &listed) {
  std::vector<Operation> operations = {{{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0, 0, 0}}};
  auto place = [&](const Operation &operation) {
    return size_t(
        std::find_if(
            operations.begin(), operations.end(), [&](const Operation &other) { return areSame(operation, other); })
        - operations.begin());
  };
  for (const Operation &operation : listed) {
    if (place(operation) == operations.size()) operations.push_back(operation);
  }
  const size_t count = operations.size();
  std::vector<std::vector<size_t>> tables;
  std::vector<size_t> members = {0};
  std::vector<bool> isMember(count, false);
  isMember[0] = true;
  for (size_t next = 1; next < count; next++) {
    if (isMember[next]) continue;
    std::vector<size_t> table;
    for (const Operation &operation : operations) {
      table.push_back(place(product(operations[next], operation)));
      if (table.back() == count) return false;
    }
    tables.push_back(std::move(table));
    for (size_t k = 0; k < members.size(); k++) {
      for (const auto &generator : tables) {
        size_t reached = generator[members[k]];
        if (isMember[reached]) continue;
        isMember[reached] = true;
        members.push_back(reached);
      }
    }
  }
  return true;
}

namespace {

// Whether the block names P 1 and nothing else, as programs do that list all atoms.
bool isPlainP1(const BlockIndex &block) {
  std::string number = block.text(Tag::number);
  bool isNamed = number == "1";
  for (Tag tag : {Tag::symbolAlternative, Tag::symbol, Tag::symbolFull}) {
    std::string text = block.text(tag);
    if (text.empty()) continue;
    if (text != "P 1" && text != "P1") return false;
    isNamed = true;
  }
  return isNamed && (number.empty() || number == "1") && !block.has(Tag::hall);
}

// How many operations a group of the tables has, and without its centrings; making them takes longer than a record's
// reading, so it is done once.
struct GroupOrder {
  size_t whole;
  size_t primitive;
};

GroupOrder orderOf(const gemmi::SpaceGroup *group) {
  static const std::vector<GroupOrder> orders = [] {
    std::vector<GroupOrder> orders;
    for (const gemmi::SpaceGroup &group : gemmi::spacegroup_tables::main) {
      gemmi::GroupOps operations = group.operations();
      orders.push_back({size_t(operations.order()), operations.sym_ops.size()});
    }
    return orders;
  }();
  return orders[size_t(group - gemmi::spacegroup_tables::main)];
}

// A symbol or number that has more operations than are listed: either the list was lost in part, or all atoms of the
// cell are listed. The sites tell.
void addFuller(const BlockIndex &block, const gemmi::UnitCell &cell, Symmetry &symmetry) {
  if (isPlainP1(block)) return;
  const size_t count = symmetry.settings.front().operations.size();
  Notes unused;
  std::string name;
  bool hasSymbol = false, isUnderstood = true;
  Groups groups;
  try {
    groups = statedGroups(block, name, hasSymbol, unused);
  } catch (const Fault &) {
    isUnderstood = false;
  }
  std::string hall = block.text(Tag::hall);
  if (groups.empty() && !hall.empty()) {
    try {
      gemmi::GroupOps operations = gemmi::symops_from_hall(hall.c_str());
      if (size_t(operations.order()) <= count) return;
      symmetry.fuller = "Hall symbol " + shown(hall);
      std::vector<Operation> all = operationsOf(operations);
      if (keepCell(all, cell)) symmetry.fullerSettings.push_back({std::move(all), symmetry.fuller});
      return;
    } catch (const std::exception &) {
      isUnderstood = false;
    }
  }
  if (groups.empty()) {
    if (count > 1) return;  // a list that is more than "x,y,z" was written with care
    std::string system = lowered(block.text(Tag::crystalSystem)), unread = block.unreadSymmetry();
    bool isTriclinic = system.empty() || system == "triclinic" || system == "anorthic";
    if (!isUnderstood)
      symmetry.fuller = "a space group that is not understood or contradicts itself";
    else if (!unread.empty())
      symmetry.fuller = unread;
    else if (!isTriclinic)
      symmetry.fuller = "the crystal system " + shown(system);
    return;
  }
  bool isPrimitive = false;
  for (const gemmi::SpaceGroup *group : groups) {
    GroupOrder order = orderOf(group);
    if (order.whole <= count) continue;
    symmetry.fuller = "space group " + name;
    isPrimitive = isPrimitive || order.primitive == count;
    std::vector<Operation> all = operationsOf(group->operations());
    if (keepCell(all, cell)) symmetry.fullerSettings.push_back({std::move(all), group->xhm()});
  }
  // The operations of a primitive cell, beside the symbol, which is that of the centered one.
  if (isPrimitive && symmetry.fullerSettings.empty()) symmetry.fuller.clear();
}

}  // namespace

Symmetry readSymmetry(const BlockIndex &block, const gemmi::UnitCell &cell, Notes &notes) {
  if (block.has(Tag::superspaceOperations) || cif::as_number(block.text(Tag::modulationDimension)) >= 1) {
    throw Fault(cif_crystal_symmetry, "a modulated structure: its symmetry is that of superspace");
  }
  if (cif::as_number(block.text(Tag::subsystems)) >= 2) {
    throw Fault(cif_crystal_symmetry, "a composite structure: its symmetry is that of superspace");
  }
  Setting listed = listedOperations(block);
  if (!listed.operations.empty()) {
    if (!keepCell(listed.operations, cell))
      throw Fault(cif_crystal_symmetry, "the listed symmetry operations do not fit the cell");
    Symmetry symmetry;
    symmetry.settings.push_back(std::move(listed));
    symmetry.isListed = true;
    if (!block.has(Tag::magneticOperations)) addFuller(block, cell, symmetry);
    return symmetry;
  }
  std::string hall = block.text(Tag::hall);
  std::string name;
  bool hasSymbol = false;
  Groups groups = statedGroups(block, name, hasSymbol, notes);
  if (!hall.empty()) {
    Setting setting{{}, "Hall symbol " + shown(hall)};
    try {
      gemmi::GroupOps operations = gemmi::symops_from_hall(hall.c_str());
      const gemmi::SpaceGroup *group = gemmi::find_spacegroup_by_ops(operations);
      // A symbol says which axes and origin as well; a number does not.
      bool agrees = group == nullptr || groups.empty() || group->number == groups.front()->number;
      if (agrees && group != nullptr && hasSymbol) {
        agrees = std::any_of(
            groups.begin(), groups.end(), [&](auto *other) { return operations.is_same_as(other->operations()); });
      }
      if (!agrees) {
        throw Fault(cif_crystal_symmetry, "the Hall symbol '" + shown(hall) + "' contradicts space group " + name);
      }
      setting.operations = operationsOf(operations);
    } catch (const Fault &) {
      throw;
    } catch (const std::exception &) {
      throw Fault(cif_crystal_symmetry, "the Hall symbol '" + shown(hall) + "' is not understood");
    }
    if (!keepCell(setting.operations, cell)) {
      throw Fault(cif_crystal_symmetry, "the operations of the Hall symbol '" + shown(hall) + "' do not fit the cell");
    }
    Symmetry symmetry;
    symmetry.settings.push_back(std::move(setting));
    return symmetry;
  }
  if (groups.empty()) {
    std::string system = lowered(block.text(Tag::crystalSystem));
    bool isTriclinic = system.empty() || system == "triclinic" || system == "anorthic";
    const std::string unread = block.unreadSymmetry();
    if (!unread.empty() || !isTriclinic) {
      const std::string what = unread.empty() ? "the crystal system " + shown(system) : shown(unread, 48);
      throw Fault(cif_crystal_symmetry, "the symmetry is given in a form that is not read: " + what);
    }
    Symmetry none;
    none.settings.push_back({{}, "no symmetry"});
    none.isStated = false;
    return none;
  }
  // The first axes that fit the cell, with all their origins. Symbols that leave the axes open list the usual ones
  // first.
  Symmetry symmetry;
  const gemmi::SpaceGroup *fitting = nullptr;
  bool isNarrowed = false;
  for (const gemmi::SpaceGroup *group : groups) {
    if (fitting != nullptr && std::strcmp(group->hm, fitting->hm) != 0) continue;
    std::vector<Operation> operations = operationsOf(group->operations());
    if (!keepCell(operations, cell)) {
      isNarrowed = true;
      continue;
    }
    if (fitting == nullptr) fitting = group;
    symmetry.settings.push_back({std::move(operations), group->xhm()});
  }
  if (fitting == nullptr) {
    throw Fault(cif_crystal_symmetry, "the operations of space group " + name + " do not fit the cell");
  }
  if (isNarrowed && symmetry.settings.size() == 1) {
    notes.add(
        "setting_by_cell",
        "of the settings of space group " + name + " only " + symmetry.settings.front().name + " fits the cell");
  }
  return symmetry;
}

}  // namespace sluice
