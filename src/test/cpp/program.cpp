#include "program.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

namespace ptx {
namespace {

struct Token {
  std::string text;
  int line;
};

bool is_word(char c) { return std::isalnum((unsigned char)c) || c == '_' || c == '$' || c == '.' || c == '%'; }

std::vector<Token> tokens(const std::string& text) {
  std::vector<Token> all;
  int line = 1;
  for (size_t k = 0; k < text.size();) {
    char c = text[k];
    if (c == '\n') line++;
    if (std::isspace((unsigned char)c)) {
      k++;
    } else if (text.compare(k, 2, "//") == 0) {
      while (k < text.size() && text[k] != '\n') k++;
    } else if (is_word(c)) {
      size_t end = k;
      while (end < text.size() && is_word(text[end])) end++;
      all.push_back({text.substr(k, end - k), line});
      k = end;
    } else {
      all.push_back({std::string(1, c), line});
      k++;
    }
  }
  return all;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t k = 0; k <= text.size();) {
    size_t dot = std::min(text.find('.', k), text.size());
    parts.push_back(text.substr(k, dot - k));
    k = dot + 1;
  }
  return parts;
}

bool number_type(const std::string& name, Type& type) {
  if (name == "pred") {
    type = {'p', 1};
    return true;
  }
  if (name.size() < 2 || !std::strchr("busf", name[0])) return false;
  for (size_t k = 1; k < name.size(); k++) {
    if (!std::isdigit((unsigned char)name[k])) return false;
  }
  type = {name[0], std::atoi(name.c_str() + 1)};
  return true;
}

const std::map<std::string, int> SPECIAL = {
    {"%tid.x", TID_X}, {"%tid.y", TID_Y}, {"%tid.z", TID_Z}, {"%ntid.x", NTID_X}, {"%ntid.y", NTID_Y},
    {"%ntid.z", NTID_Z}, {"%ctaid.x", CTAID_X}, {"%ctaid.y", CTAID_Y}, {"%ctaid.z", CTAID_Z},
    {"%nctaid.x", NCTAID_X}, {"%nctaid.y", NCTAID_Y}, {"%nctaid.z", NCTAID_Z}, {"%laneid", LANE}};

const std::map<std::string, Op> OF_NUMBERS = {
    {"add", Op::ADD}, {"sub", Op::SUB}, {"mul.lo", Op::MUL_LO}, {"mul.hi", Op::MUL_HI}, {"mul.wide", Op::MUL_WIDE},
    {"mad.lo", Op::MAD_LO}, {"div", Op::DIV}, {"rem", Op::REM}, {"min", Op::MIN}, {"max", Op::MAX}, {"neg", Op::NEG},
    {"not", Op::NOT}, {"and", Op::AND}, {"or", Op::OR}, {"xor", Op::XOR}, {"shl", Op::SHL}, {"shr", Op::SHR},
    {"bfe", Op::BFE}, {"selp", Op::SELECT}, {"mov", Op::MOVE},
    {"cvta.local", Op::MOVE}, {"cvta.to.local", Op::MOVE}};  // no access goes by a generic address: it would fail

// Rounding to nearest is what every one of them does that has no other name.
const std::map<std::string, Op> OF_FLOATS = {
    {"fma.rn", Op::FMA_F32}, {"add", Op::ADD_F32}, {"add.rn", Op::ADD_F32}, {"sub", Op::SUB_F32},
    {"sub.rn", Op::SUB_F32}, {"mul", Op::MUL_F32}, {"mul.rn", Op::MUL_F32}, {"div.rn", Op::DIV_F32},
    {"rcp.rn", Op::RCP_F32}, {"sqrt.rn", Op::SQRT_F32}, {"neg", Op::NEG_F32}, {"abs", Op::ABS_F32},
    {"min", Op::MIN_F32}, {"max", Op::MAX_F32}, {"min.NaN", Op::MIN_NAN_F32}, {"max.NaN", Op::MAX_NAN_F32},
    {"selp", Op::SELECT}, {"mov", Op::MOVE}};

const std::map<std::string, Compare> COMPARE = {
    {"eq", Compare::EQ}, {"ne", Compare::NE}, {"lt", Compare::LT}, {"le", Compare::LE}, {"gt", Compare::GT},
    {"ge", Compare::GE}, {"lo", Compare::LT}, {"ls", Compare::LE}, {"hi", Compare::GT}, {"hs", Compare::GE},
    {"equ", Compare::EQU}, {"neu", Compare::NEU}, {"ltu", Compare::LTU}, {"leu", Compare::LEU},
    {"gtu", Compare::GTU}, {"geu", Compare::GEU}, {"num", Compare::NUM}, {"nan", Compare::NAN_}};

const std::map<std::string, Op> MATRIX = {
    {"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", Op::MMA_TF32},
    {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", Op::MMA_F16},
    {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", Op::MMA_BF16}};

class Parser {
 public:
  explicit Parser(const std::string& text) : all(tokens(text)), program(new Program) { program->text = text; }

  std::unique_ptr<Program> run() {
    while (at < all.size()) {
      const std::string word = take();
      if (word == ".version" || word == ".address_size" || word == ".target") {
        // the rest of the line
        const int line = all[at - 1].line;
        while (at < all.size() && all[at].line == line) at++;
      } else if (word == ".shared" || word == ".const") {
        variable(word, module_names);
      } else if (word == ".entry") {
        entry();
      } else if (word != ".visible" && word != ".weak") {
        fail("'" + word + "' between kernels");
      }
    }
    return std::move(program);
  }

 private:
  struct Name {
    bool is_register;
    int64_t value;
  };
  using Names = std::map<std::string, Name>;

  std::vector<Token> all;
  size_t at = 0;
  std::unique_ptr<Program> program;
  Names module_names;
  int module_shared = 0;
  // of the kernel at hand
  Kernel* kernel = nullptr;
  std::vector<Names> scopes;
  std::map<std::string, int> parameter_offsets;
  std::map<std::string, int> labels;
  std::map<int, std::string> jumps;
  std::map<uint64_t, int> constant_numbers;
  std::map<Place, int> widths;  // of registers, in bits

  [[noreturn]] void fail(const std::string& what) {
    int line = at == 0 || all.empty() ? 0 : all[std::min(at, all.size()) - 1].line;
    throw Error("PTX line " + std::to_string(line) + ": " + what);
  }

  const std::string& peek() {
    if (at >= all.size()) fail("ends too early");
    return all[at].text;
  }

  std::string take() {
    std::string word = peek();
    at++;
    return word;
  }

  void expect(const std::string& word) {
    const std::string got = take();
    if (got != word) fail("'" + got + "' in place of '" + word + "'");
  }

  int64_t whole() {
    bool negative = peek() == "-";
    if (negative) at++;
    const std::string word = take();
    char* end;
    uint64_t value = std::strtoull(word.c_str(), &end, 0);
    if (*end == 'U') end++;
    if (*end != 0) fail("'" + word + "' is no number");
    return negative ? -(int64_t)value : (int64_t)value;
  }

  static int aligned(int offset, int to) { return (offset + to - 1) / to * to; }

  // .shared .align 4 .b8 name[N];   .const .align 8 .b8 name[N] = {...};
  void variable(const std::string& space, Names& names) {
    int align = 1;
    Type type;
    while (peek()[0] == '.') {
      const std::string word = take();
      if (word == ".align") {
        align = (int)whole();
      } else if (!number_type(word.substr(1), type)) {
        fail("a variable's " + word);
      }
    }
    const std::string name = take();
    int64_t count = 1;
    if (peek() == "[") {
      at++;
      count = peek() == "]" ? 0 : whole();
      expect("]");
    }
    align = std::max(align, type.bytes());
    if (space == ".shared" || space == ".local") {
      const bool shared = space == ".shared";
      int& used = !shared ? kernel->private_bytes : kernel ? kernel->shared_bytes : module_shared;
      used = aligned(used, align);
      names[name] = {false, (shared ? (int64_t)SHARED_BASE : 0) + used};
      used += (int)count * type.bytes();
    } else {
      std::vector<uint8_t>& bytes = program->constants[name];
      bytes.assign(count * type.bytes(), 0);
      names[name] = {false, (int64_t)(uintptr_t)bytes.data()};
      if (peek() == "=") {
        at++;
        expect("{");
        for (size_t k = 0; peek() != "}"; k++) {
          int64_t value = whole();
          std::memcpy(&bytes.at(k * type.bytes()), &value, type.bytes());
          if (peek() == ",") at++;
        }
        at++;
      }
    }
    expect(";");
  }

  void parameters() {
    expect("(");
    int offset = 0;
    while (peek() != ")") {
      expect(".param");
      Parameter parameter;
      Type type;
      bool named = false;
      while (!named) {
        std::string word = take();
        if (word == ".ptr") {
          word = take();
          parameter.space = word == ".shared" ? Space::SHARED : word == ".const" ? Space::CONSTANT : Space::GLOBAL;
        } else if (word == ".align") {
          whole();
        } else if (word[0] == '.') {
          if (!number_type(word.substr(1), type)) fail("a parameter's " + word);
        } else {
          parameter.bytes = type.bytes();
          parameter.offset = aligned(offset, type.bytes());
          offset = parameter.offset + parameter.bytes;
          parameter_offsets[word] = parameter.offset;
          named = true;
        }
      }
      kernel->parameters.push_back(parameter);
      if (peek() == ",") at++;
    }
    at++;
    kernel->parameter_bytes = offset;
  }

  void entry() {
    program->kernels.emplace_back(new Kernel);
    kernel = program->kernels.back().get();
    kernel->name = take();
    kernel->shared_bytes = module_shared;
    kernel->register_words = SPECIALS * LANES;
    parameter_offsets.clear();
    labels.clear();
    jumps.clear();
    constant_numbers.clear();
    widths.clear();
    parameters();
    while (peek() != "{") {
      if (take() != ".reqntid") fail("'" + all[at - 1].text + "' before a kernel's code");
      for (int k = 0; k < 3; k++) {
        kernel->items[k] = (int)whole();
        if (k < 2) expect(",");
      }
    }
    at++;
    scopes = {module_names, {}};
    while (scopes.size() > 1) statement();
    for (const auto& jump : jumps) {
      auto label = labels.find(jump.second);
      if (label == labels.end()) fail("no label " + jump.second);
      kernel->code[jump.first].target = label->second;
    }
    if (kernel->code.empty() || kernel->code.back().op != Op::RETURN) fail(kernel->name + " does not end with ret");
    kernel = nullptr;
  }

  void statement() {
    const std::string word = take();
    if (word == "{") {
      scopes.push_back({});
    } else if (word == "}") {
      scopes.pop_back();
    } else if (word == ";") {
      return;
    } else if (word == ".pragma") {
      while (peek() != ";") at++;
    } else if (word == ".reg") {
      registers();
    } else if (word == ".shared" || word == ".local") {
      variable(word, scopes.back());
    } else if (peek() == ":") {
      at++;
      labels[word] = (int)kernel->code.size();
    } else {
      Instruction next;
      next.line = all[at - 1].line;
      std::string name = word;
      if (word == "@") {
        next.unless = peek() == "!";
        if (next.unless) at++;
        next.guard = place(take());
        name = take();
      }
      instruction(next, name);
      expect(";");
      kernel->code.push_back(next);
    }
  }

  int new_register(int bits) {
    int place = kernel->register_words;
    widths[place] = bits;
    kernel->register_words += bits == 1 ? 2 : bits == 64 ? 2 * LANES : LANES;
    return place;
  }

  void registers() {
    Type type;
    if (!number_type(take().substr(1), type)) fail("a register's type");
    while (true) {
      const std::string name = take();
      if (peek() == "<") {
        at++;
        int64_t count = whole();
        expect(">");
        for (int64_t k = 0; k < count; k++) {
          scopes.back()[name + std::to_string(k)] = {true, new_register(type.bits)};
        }
      } else {
        scopes.back()[name] = {true, new_register(type.bits)};
      }
      if (take() == ";") return;
    }
  }

  Place constant(uint64_t value) {
    auto known = constant_numbers.find(value);
    if (known != constant_numbers.end()) return ~known->second;
    int number = (int)constant_numbers.size();
    constant_numbers[value] = number;
    std::vector<uint32_t>& words = kernel->constants;
    for (int lane = 0; lane < LANES; lane++) words.push_back((uint32_t)value);
    for (int lane = 0; lane < LANES; lane++) {
      words.push_back((uint32_t)value);
      words.push_back((uint32_t)(value >> 32));
    }
    return ~number;
  }

  Place place(const std::string& name) {
    auto special = SPECIAL.find(name);
    if (special != SPECIAL.end()) return special->second * LANES;
    for (size_t k = scopes.size(); k-- > 0;) {
      auto found = scopes[k].find(name);
      if (found != scopes[k].end()) {
        const Name& what = found->second;
        return what.is_register ? (Place)what.value : constant((uint64_t)what.value);
      }
    }
    fail("unknown name " + name);
  }

  Place operand() {
    const std::string& word = peek();
    if (word.size() == 10 && word[0] == '0' && (word[1] == 'f' || word[1] == 'F')) {
      return constant(std::strtoul(take().c_str() + 2, nullptr, 16));
    }
    if (word == "-" || std::isdigit((unsigned char)word[0])) return constant((uint64_t)whole());
    return place(take());
  }

  // one, or several in braces
  std::vector<Place> operands() {
    std::vector<Place> several;
    if (peek() == "{") {
      do {
        at++;
        several.push_back(operand());
      } while (peek() == ",");
      expect("}");
    } else {
      several.push_back(operand());
    }
    return several;
  }

  void comma() { expect(","); }

  void address(Instruction& i) {
    expect("[");
    if (i.space == Space::PARAM) {
      const std::string name = take();
      auto offset = parameter_offsets.find(name);
      if (offset == parameter_offsets.end()) fail("unknown parameter " + name);
      i.offset = offset->second;
    } else {
      i.of.push_back(operand());
    }
    if (peek() == "+") {
      at++;
      i.offset += whole();
    }
    expect("]");
  }

  bool is_wide(Place place) {
    auto width = widths.find(place);
    return width != widths.end() && width->second == 64;
  }

  void arguments(Instruction& i, int count) {
    i.to = {operand()};
    for (int k = 0; k < count; k++) {
      comma();
      i.of.push_back(operand());
    }
  }

  void memory(Instruction& i, const std::vector<std::string>& parts) {
    int vector = 1;
    bool typed = false;
    bool own = false;
    for (size_t k = 1; k < parts.size(); k++) {
      const std::string& part = parts[k];
      if (part == "param") i.space = Space::PARAM;
      else if (part == "global") i.space = Space::GLOBAL;
      else if (part == "shared") i.space = Space::SHARED;
      else if (part == "local") i.space = Space::PRIVATE;
      else if (part == "const") i.space = Space::CONSTANT;
      else if (part == "relaxed" || part == "volatile") i.relaxed = true;
      else if (part == "acquire") i.relaxed = i.acquires = true;
      else if (part == "release") i.relaxed = i.releases = true;
      else if (part == "cta") own = true;
      else if (part == "v2") vector = 2;
      else if (part == "v4") vector = 4;
      else if (part == "add") i.atomic = Atomic::ADD;
      else if (part == "or") i.atomic = Atomic::OR;
      else if (part == "exch") i.atomic = Atomic::EXCHANGE;
      else if (part == "nc" || part == "gpu" || part == "gl" || part == "acq_rel" || part == "sc") continue;
      else if (number_type(part, i.type)) typed = true;
      else fail("'." + part + "' of a memory access");
    }
    if (parts[0] == "membar" || parts[0] == "fence") {
      i.op = own ? Op::NOTHING : Op::FENCE;  // others of the group see each other's stores at once
      return;
    }
    if (!typed) fail("a memory access without a type");
    if (parts[0] == "ld") {
      i.op = Op::LOAD;
      i.to = operands();
      if ((int)i.to.size() != vector) fail("not as many registers as values");
      i.wide = is_wide(i.to[0]);
      comma();
      address(i);
    } else if (parts[0] == "st") {
      i.op = Op::STORE;
      address(i);
      comma();
      for (Place value : operands()) i.of.push_back(value);
      if ((int)i.of.size() != vector + 1) fail("not as many registers as values");
      i.wide = is_wide(i.of[1]) || i.type.bits == 64;
    } else {
      i.op = Op::ATOMIC;
      if (parts[0] == "atom") {
        i.to = {operand()};
        comma();
      }
      address(i);
      comma();
      i.of.push_back(operand());
    }
    if (i.space == Space::GLOBAL && (i.relaxed || i.op == Op::ATOMIC)) kernel->waits = true;
  }

  void instruction(Instruction& i, const std::string& name) {
    const std::vector<std::string> parts = split(name);
    const std::string& first = parts[0];
    auto matrix = MATRIX.find(name);
    if (matrix != MATRIX.end()) {
      i.op = matrix->second;
      i.to = operands();
      for (int k = 0; k < 3; k++) {
        comma();
        for (Place value : operands()) i.of.push_back(value);
      }
      if (i.to.size() != 4 || i.of.size() != 10) fail("fragments of other sizes");
      return;
    }
    if (first == "ld" || first == "st" || first == "atom" || first == "red" || first == "membar" || first == "fence") {
      memory(i, parts);
      return;
    }
    if (first == "bra") {
      i.op = Op::BRANCH;
      jumps[(int)kernel->code.size()] = take();
      return;
    }
    if (first == "ret") {
      i.op = Op::RETURN;
      return;
    }
    if (name == "bar.sync") {
      i.op = Op::BARRIER;
      if (whole() != 0) fail("a barrier other than 0");
      return;
    }
    if (name == "bar.warp.sync") {
      i.op = Op::WARP_BARRIER;
      if ((uint32_t)whole() != 0xffffffffu) fail("a barrier of a part of a warp");
      return;
    }
    if (first == "setp") {
      auto compare = COMPARE.find(parts.at(1));
      if (parts.size() != 3 || compare == COMPARE.end() || !number_type(parts[2], i.from)) fail(name);
      i.op = Op::SET;
      i.compare = compare->second;
      arguments(i, 2);
      return;
    }
    if (name == "cvt.rn.f16x2.f32" || name == "cvt.rn.bf16x2.f32") {
      i.op = name == "cvt.rn.f16x2.f32" ? Op::PACK_F16 : Op::PACK_BF16;
      arguments(i, 2);
      return;
    }
    if (first == "cvt") {
      if (!number_type(parts.at(parts.size() - 2), i.type) || !number_type(parts.back(), i.from)) fail(name);
      const std::string rounding = parts.size() == 4 ? parts[1] : "";
      if (i.type.kind == 'f' && i.from.kind != 'f' && i.type.bits == 32 && rounding == "rn") {
        i.op = Op::CONVERT_TO_F32;
      } else if (i.type.kind != 'f' && i.from.kind == 'f' && i.from.bits == 32 && rounding == "rzi") {
        i.op = Op::CONVERT_FROM_F32;
      } else if (i.type.kind != 'f' && i.from.kind != 'f' && rounding.empty()) {
        i.op = Op::CONVERT;
      } else {
        fail(name);
      }
      arguments(i, 1);
      i.wide = is_wide(i.of[0]);
      if (is_wide(i.to[0]) != (i.type.bits == 64)) fail("a register of another width");
      return;
    }
    if (!number_type(parts.back(), i.type)) fail("unknown instruction " + name);
    const std::string stem = name.substr(0, name.size() - parts.back().size() - 1);
    const std::map<std::string, Op>& ops = i.type.kind == 'f' ? OF_FLOATS : OF_NUMBERS;
    auto op = ops.find(stem);
    if (op == ops.end() || (i.type.kind == 'f' && i.type.bits != 32)) fail("unknown instruction " + name);
    i.op = op->second;
    i.to = operands();
    while (peek() == ",") {
      at++;
      for (Place value : operands()) i.of.push_back(value);
    }
    if (i.op == Op::MOVE && i.of.size() > 1) i.op = Op::PACK;
    if (i.op == Op::MOVE && i.to.size() > 1) i.op = Op::UNPACK;
  }
};

}  // namespace

std::unique_ptr<Program> parse(const std::string& text) { return Parser(text).run(); }

}  // namespace ptx
