#include "query/edge_run.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "query/edge_nodes.h"

namespace headrace::query {
namespace {

constexpr char kMagic[8] = {'H', 'R', 'E', 'D', 'G', 'E', '0', '1'};
constexpr size_t kLongestStore = 64;

size_t aligned(size_t bytes) { return (bytes + 7) / 8 * 8; }

class Mapping {
 public:
  Mapping(void* bytes, size_t size) : bytes_(bytes), size_(size) {}
  ~Mapping() { munmap(bytes_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

 private:
  void* bytes_;
  size_t size_;
};

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

Status write_all(int fd, const uint8_t* bytes, size_t size, const std::string& file) {
  while (size > 0) {
    const ssize_t written = ::write(fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return io_error("cannot write " + file, errno);
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return {};
}

}  // namespace

// Numbers as this machine has them: a run is a cache, made anew on another.
struct EdgeRun::Header {
  char magic[8];
  char store[kLongestStore];
  uint64_t first;
  uint64_t past;
  uint64_t held;
  uint64_t nodes;
  uint64_t edges;
  uint64_t names;
  uint64_t name_bytes;
  uint64_t workflows;

  // Where each part begins: nodes, out and in begins, out and in steps, kinds, workflows, the ends
  // of the names, their bytes; then the end of all.
  std::array<size_t, 10> parts() const {
    const size_t sizes[] = {
        nodes * sizeof(Uuid),     (nodes + 1) * sizeof(uint32_t), (nodes + 1) * sizeof(uint32_t),
        edges * sizeof(Step),     edges * sizeof(Step),           nodes,
        workflows * sizeof(Uuid), names * sizeof(uint64_t),       name_bytes};
    std::array<size_t, 10> out{};
    out[0] = aligned(sizeof(Header));
    for (size_t i = 0; i < 9; ++i) out[i + 1] = out[i] + aligned(sizes[i]);
    return out;
  }
};

std::string_view name_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kObject: return "object";
    case NodeKind::kTask: return "task";
    case NodeKind::kWorkflow: return "workflow";
  }
  return "node";
}

std::string_view name_of(Relation relation) {
  switch (relation) {
    case Relation::kUsed: return "used";
    case Relation::kGenerated: return "generated";
    case Relation::kParent: return "parent";
  }
  return "edge";
}

EdgeRun EdgeRun::build(const std::vector<StoredEdge>& edges, const std::vector<std::string>& names,
                       RunRange rows) {
  const NumberedNodes nodes = number_nodes(edges);
  std::vector<Uuid> workflows;
  for (size_t i = 0; i < nodes.ids.size(); ++i) {
    if (nodes.kinds[i] == NodeKind::kWorkflow) workflows.push_back(nodes.ids[i]);
  }
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.first = rows.first;
  header.past = rows.past;
  header.held = rows.held;
  header.nodes = nodes.ids.size();
  header.edges = edges.size();
  header.names = names.size();
  for (const std::string& name : names) header.name_bytes += name.size();
  header.workflows = workflows.size();
  const auto parts = header.parts();
  auto owner = std::make_shared<std::vector<uint64_t>>(parts.back() / 8, 0);
  auto* bytes = reinterpret_cast<uint8_t*>(owner->data());

  std::copy(nodes.ids.begin(), nodes.ids.end(), reinterpret_cast<Uuid*>(bytes + parts[0]));
  std::transform(nodes.kinds.begin(), nodes.kinds.end(), bytes + parts[5],
                 [](NodeKind kind) { return static_cast<uint8_t>(kind); });
  for (const bool out : {true, false}) {
    auto* begins = reinterpret_cast<uint32_t*>(bytes + parts[out ? 1 : 2]);
    auto* steps = reinterpret_cast<Step*>(bytes + parts[out ? 3 : 4]);
    for (const auto& [from, to] : nodes.ends) ++begins[(out ? from : to) + 1];
    for (size_t i = 0; i < nodes.ids.size(); ++i) begins[i + 1] += begins[i];
    std::vector<uint32_t> next(begins, begins + nodes.ids.size());
    for (size_t i = 0; i < edges.size(); ++i) {
      const auto& [from, to] = nodes.ends[i];
      const uint32_t tag = edges[i].name << 3 | static_cast<uint32_t>(edges[i].relation) << 1 |
                           static_cast<uint32_t>(edges[i].exact);
      steps[next[out ? from : to]++] = {out ? to : from, tag};
    }
  }
  std::copy(workflows.begin(), workflows.end(), reinterpret_cast<Uuid*>(bytes + parts[6]));
  uint64_t end = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    std::copy(names[i].begin(), names[i].end(), bytes + parts[8] + end);
    end += names[i].size();
    reinterpret_cast<uint64_t*>(bytes + parts[7])[i] = end;
  }
  std::memcpy(bytes, &header, sizeof header);
  EdgeRun run;
  static_cast<void>(run.attach(owner, bytes, parts.back()));  // what was just made is whole
  return run;
}

Status EdgeRun::attach(std::shared_ptr<const void> owner, const uint8_t* bytes, size_t size) {
  Header header{};
  if (size < sizeof header) return corrupt("is no run of edges");
  std::memcpy(&header, bytes, sizeof header);
  const uint64_t most = size;
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.nodes > most ||
      header.edges > most || header.names > most || header.name_bytes > most ||
      header.workflows > most || header.parts().back() != size) {
    return corrupt("is no whole run of edges");
  }
  const auto parts = header.parts();
  owner_ = std::move(owner);
  bytes_ = bytes;
  size_ = size;
  rows_ = {header.first, header.past, header.held};
  node_count_ = header.nodes;
  edge_count_ = header.edges;
  nodes_ = reinterpret_cast<const Uuid*>(bytes + parts[0]);
  for (size_t i = 0; i < 2; ++i) {
    begins_[i] = reinterpret_cast<const uint32_t*>(bytes + parts[1 + i]);
    steps_[i] = reinterpret_cast<const Step*>(bytes + parts[3 + i]);
  }
  kinds_ = bytes + parts[5];
  const auto* workflows = reinterpret_cast<const Uuid*>(bytes + parts[6]);
  workflows_.assign(workflows, workflows + header.workflows);
  uint64_t begin = 0;
  for (size_t i = 0; i < header.names; ++i) {
    const uint64_t end = reinterpret_cast<const uint64_t*>(bytes + parts[7])[i];
    if (end < begin || end > header.name_bytes) return corrupt("has names that are none");
    names_.emplace_back(reinterpret_cast<const char*>(bytes + parts[8] + begin), end - begin);
    begin = end;
  }
  return {};
}

Status EdgeRun::write(const std::filesystem::path& file, std::string_view store) const {
  const std::string part = file.string() + "." + std::to_string(getpid()) + ".part";
  const Descriptor to(open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (to.fd < 0) return io_error("cannot write " + part, errno);
  Header header{};
  std::memcpy(&header, bytes_, sizeof header);
  store.copy(header.store, kLongestStore);
  Status status = write_all(to.fd, reinterpret_cast<const uint8_t*>(&header), sizeof header, part);
  if (status.ok()) {
    status = write_all(to.fd, bytes_ + sizeof header, size_ - sizeof header, part);
  }
  // The name promises whole contents, also after the power was cut.
  if (status.ok() && fdatasync(to.fd) != 0) status = io_error("cannot write " + part, errno);
  if (status.ok() && std::rename(part.c_str(), file.c_str()) != 0) {
    status = io_error("cannot name " + file.string(), errno);
  }
  if (!status.ok()) unlink(part.c_str());
  return status;
}

Result<EdgeRun> EdgeRun::map(const std::filesystem::path& file, std::string_view store) {
  const Descriptor from(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (from.fd < 0) return io_error("cannot open " + file.string(), errno);
  struct stat about {};
  if (fstat(from.fd, &about) != 0) return io_error("cannot open " + file.string(), errno);
  const auto size = static_cast<size_t>(about.st_size);
  if (size < sizeof(Header)) return corrupt(file.string() + " is no run of edges");
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_SHARED, from.fd, 0);
  if (bytes == MAP_FAILED) return io_error("cannot map " + file.string(), errno);
  const auto owner = std::make_shared<Mapping>(bytes, size);
  EdgeRun run;
  const Status status = run.attach(owner, static_cast<const uint8_t*>(bytes), size);
  if (!status.ok()) return status.with_context(file.string());
  Header header{};
  std::memcpy(&header, bytes, sizeof header);
  char wanted[kLongestStore] = {};
  store.copy(wanted, kLongestStore);
  if (std::memcmp(header.store, wanted, kLongestStore) != 0) {
    return corrupt(file.string() + " is of another store");
  }
  return run;
}

void EdgeRun::visit_steps(const Uuid& node, bool out, const StepVisitor& visit) const {
  const Uuid* end = nodes_ + node_count_;
  const Uuid* found = std::lower_bound(nodes_, end, node);
  if (found == end || *found != node) return;
  const size_t side = out ? 0 : 1;
  const auto at = static_cast<size_t>(found - nodes_);
  for (size_t i = begins_[side][at]; i < begins_[side][at + 1] && i < edge_count_; ++i) {
    const Step& step = steps_[side][i];
    const size_t name = step.tag >> 3;
    if (step.other >= node_count_ || name >= names_.size()) return;  // a damaged cache
    visit({nodes_[step.other], static_cast<NodeKind>(kinds_[step.other]),
           static_cast<Relation>(step.tag >> 1 & 3), (step.tag & 1) != 0, names_[name]});
  }
}

}  // namespace headrace::query
