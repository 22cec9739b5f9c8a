#include "box/shim/next.h"

#include <link.h>

#include "box/shim/raw.h"

// This library's own dynamic section, and the list of loaded objects that debuggers read. musl
// keeps the list under another name.
extern "C" {
extern __attribute__((visibility("hidden"))) const ElfW(Dyn) own_dynamic[] __asm__("_DYNAMIC");
extern __attribute__((weak)) r_debug* _dl_debug_addr;
}
#pragma weak _r_debug

namespace headrace::box {
namespace {

constexpr uint32_t kSymbols = static_cast<uint32_t>(Symbol::kCount);
// One text and offsets into it rather than pointers, which the loader would have to relocate in
// every process.
constexpr char kNames[] =
#define HEADRACE_WRAPPED(name, since) #name "\0"
#include "box/shim/symbols.def"
#undef HEADRACE_WRAPPED
    ;

const char* name_of(uint32_t symbol) {
  const char* at = kNames;
  for (uint32_t i = 0; i < symbol; ++i) at += length_of(at) + 1;
  return at;
}

const link_map* first_object() {
  if (&_r_debug != nullptr && _r_debug.r_map != nullptr) return _r_debug.r_map;
  if (&_dl_debug_addr != nullptr && _dl_debug_addr != nullptr) return _dl_debug_addr->r_map;
  return nullptr;
}

const link_map* own_object() {
  const link_map* at = first_object();
  while (at != nullptr && at->l_ld != own_dynamic) at = at->l_next;
  return at;
}

// What of an object's dynamic section a look-up needs.
struct Tables {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const uint32_t* gnu_hash = nullptr;
  const uint32_t* hash = nullptr;
  const uint16_t* versions = nullptr;
};

template <typename T>
const T* pointer(const link_map& object, ElfW(Addr) value) {
  // Most loaders have made these absolute; musl, and the vDSO's, are as in the file.
  if (value < object.l_addr) value += object.l_addr;
  return reinterpret_cast<const T*>(value);
}

Tables tables_of(const link_map& object) {
  Tables out;
  for (const ElfW(Dyn)* at = object.l_ld; at != nullptr && at->d_tag != DT_NULL; ++at) {
    const ElfW(Addr) value = at->d_un.d_ptr;
    switch (at->d_tag) {
      case DT_SYMTAB: out.symbols = pointer<ElfW(Sym)>(object, value); break;
      case DT_STRTAB: out.names = pointer<char>(object, value); break;
      case DT_GNU_HASH: out.gnu_hash = pointer<uint32_t>(object, value); break;
      case DT_HASH: out.hash = pointer<uint32_t>(object, value); break;
      case DT_VERSYM: out.versions = pointer<uint16_t>(object, value); break;
      default: break;
    }
  }
  return out;
}

constexpr uint16_t kHiddenVersion = 0x8000;  // an old version of a symbol, for old programs

bool is_match(const Tables& tables, uint32_t index, const char* name) {
  const ElfW(Sym)& symbol = tables.symbols[index];
  if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) return false;
  if (tables.versions != nullptr && (tables.versions[index] & kHiddenVersion) != 0) return false;
  return same_text(tables.names + symbol.st_name, name);
}

uint32_t gnu_hash_of(const char* name) {
  uint32_t h = 5381;
  for (; *name != '\0'; ++name) h = h * 33 + static_cast<uint8_t>(*name);
  return h;
}

// Index of the symbol, 0 if the object has none. Layouts: System V ABI, and the comments on
// DT_GNU_HASH in binutils' elflink.c.
uint32_t find_gnu(const Tables& tables, const char* name) {
  const uint32_t* t = tables.gnu_hash;
  const uint32_t buckets = t[0];
  const uint32_t first = t[1];
  const uint32_t bloom_words = t[2];
  if (buckets == 0 || bloom_words == 0) return 0;
  const uint32_t h = gnu_hash_of(name);
  constexpr uint32_t kBits = sizeof(ElfW(Addr)) * 8;
  const auto* bloom = reinterpret_cast<const ElfW(Addr)*>(t + 4);
  const ElfW(Addr) word = bloom[h / kBits % bloom_words];
  const ElfW(Addr) mask = ElfW(Addr){1} << (h % kBits) | ElfW(Addr){1} << ((h >> t[3]) % kBits);
  if ((word & mask) != mask) return 0;
  const auto* bucket = reinterpret_cast<const uint32_t*>(bloom + bloom_words);
  const uint32_t* chain = bucket + buckets;
  uint32_t index = bucket[h % buckets];
  if (index < first) return 0;
  for (;; ++index) {
    const uint32_t entry = chain[index - first];
    if ((entry | 1) == (h | 1) && is_match(tables, index, name)) return index;
    if ((entry & 1) != 0) return 0;
  }
}

uint32_t find_sysv(const Tables& tables, const char* name) {
  uint32_t h = 0;
  for (const char* at = name; *at != '\0'; ++at) {
    h = (h << 4) + static_cast<uint8_t>(*at);
    h = (h ^ (h & 0xF0000000) >> 24) & 0x0FFFFFFF;
  }
  const uint32_t* t = tables.hash;
  if (t[0] == 0) return 0;
  for (uint32_t i = t[2 + h % t[0]]; i != 0; i = t[2 + t[0] + i]) {
    if (is_match(tables, i, name)) return i;
  }
  return 0;
}

void* find_next(const char* name) {
  const link_map* at = own_object();
  if (at == nullptr) return nullptr;
  for (at = at->l_next; at != nullptr; at = at->l_next) {
    const Tables tables = tables_of(*at);
    if (tables.symbols == nullptr || tables.names == nullptr) continue;
    uint32_t index = 0;
    if (tables.gnu_hash != nullptr) {
      index = find_gnu(tables, name);
    } else if (tables.hash != nullptr) {
      index = find_sysv(tables, name);
    }
    if (index != 0) {
      return reinterpret_cast<void*>(at->l_addr + tables.symbols[index].st_value);
    }
  }
  return nullptr;
}

}  // namespace

void* g_next[kSymbols];

void* look_for_next(Symbol symbol) {
  void* found = find_next(name_of(static_cast<uint32_t>(symbol)));
  __atomic_store_n(&g_next[static_cast<uint32_t>(symbol)], found, __ATOMIC_RELAXED);
  return found;
}

const char* own_path() {
  const link_map* own = own_object();
  return own == nullptr || own->l_name == nullptr ? "" : own->l_name;
}

void for_each_object(void (*each)(void* context, const char* name), void* context) {
  for (const link_map* at = first_object(); at != nullptr; at = at->l_next) {
    if (at->l_name != nullptr && at->l_name[0] == '/') each(context, at->l_name);
  }
}

}  // namespace headrace::box
