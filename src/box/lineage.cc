#include "box/lineage.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <tuple>

#include "box/access.h"

namespace headrace::box {
namespace {

// A spell of writing: who wrote, from when to when, and what stood there afterwards.
struct Spell {
  std::vector<size_t> writers;  // accesses
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  FileState state;
  bool is_of_one = true;  // one task of one process is all its writers
};

// One name of a version, from some moment on.
struct Alias {
  std::string path;
  int64_t since_ns = 0;
  size_t entity = 0;
  std::set<std::string> earlier_names;  // that its writer gave it on the way
};

struct Version {
  FileState state;
  std::vector<Alias> aliases;
};

class Builder {
 public:
  Builder(const ClassRules& rules, const FileSystemNow& now, BoxLineage* out)
      : rules_(rules), now_(now), out_(*out), accesses_(accesses_of(out->processes)) {
    out_.environments.resize(out_.processes.size());
  }

  void build() {
    std::map<Inode, std::vector<size_t>> by_inode;
    for (size_t i = 0; i < accesses_.files.size(); ++i) {
      Access& access = accesses_.files[i];
      if (access.how == std::string_view("executable") && !place_executable(&access)) continue;
      const FileClass file_class = class_at(access.path);
      if (file_class == FileClass::kOwn) continue;
      if (!is_data(file_class) && !is_kept_though_no_data(access, file_class)) {
        note_environment(access, file_class);
        continue;
      }
      by_inode[access.inode].push_back(i);
    }
    for (const auto& change : accesses_.names) names_[change.inode].push_back(&change);
    facts_.resize(accesses_.files.size());
    for (const auto& [inode, files] : by_inode) file(inode, files);
    // Of files that nobody opened only the names changed.
    for (const auto& [inode, changes] : names_) {
      if (!by_inode.contains(inode)) file(inode, {});
    }
    for (const auto& [inode, ends] : accesses_.pipes) pipe(ends);
    for (const Listing& listing : accesses_.listings) list(listing);
    for (size_t i = 0; i < out_.processes.size(); ++i) libraries(i);
    drop_private_temporaries();
    for (Environment& environment : out_.environments) {
      std::sort(environment.paths.begin(), environment.paths.end());
      environment.paths.erase(std::unique(environment.paths.begin(), environment.paths.end()),
                              environment.paths.end());
    }
  }

 private:
  FileClass class_at(const std::string& path) {
    const auto found = classes_.find(path);
    if (found != classes_.end()) return found->second;
    const FileClass file_class = class_of(path, rules_);
    classes_.emplace(path, file_class);
    return file_class;
  }

  bool place_executable(Access* access) {
    if (!is_data(class_at(access->path))) return false;
    access->at_open = now_.state(access->path);
    access->inode = {access->at_open.dev, access->at_open.ino};
    return access->at_open.is_known;
  }

  // What is written anywhere but in a cache is an output.
  bool is_kept_though_no_data(const Access& access, FileClass file_class) {
    return access.writes && file_class != FileClass::kCache && wrote(access);
  }

  void note_environment(const Access& access, FileClass file_class) {
    Environment& environment = out_.environments[access.process];
    if (access.writes && file_class == FileClass::kCache) {
      ++environment.cache_files_written;
      return;
    }
    if (!access.reads || (access.is_inherited && !access.moved)) return;
    environment.paths.push_back(access.path);
  }

  void libraries(size_t process) {
    for (const std::string& path : out_.processes[process].libraries) {
      if (class_at(path) != FileClass::kOwn && !path.ends_with("/libheadrace_box.so")) {
        out_.environments[process].paths.push_back(path);
      }
    }
  }

  // What the file was when this access ended, by whoever looked at it next.
  FileState end_state(const Access& access) {
    if (access.end_is_sure) return access.at_end;
    const auto seen = accesses_.sightings.find(access.inode);
    if (seen != accesses_.sightings.end()) {
      const auto next = std::upper_bound(
          seen->second.begin(), seen->second.end(), access.end_ns,
          [](int64_t at_ns, const Sighting& sighting) { return at_ns < sighting.at_ns; });
      if (next != seen->second.end()) return next->state;
    }
    for (const std::string& path : {last_name(access), access.path}) {
      const FileState now = now_.state(path);
      if (now.is_known && Inode{now.dev, now.ino} == access.inode) return now;
    }
    return access.at_end;
  }

  bool wrote(const Access& access) {
    if (!access.writes) return false;
    if (access.surely_wrote || access.makes_new) return true;
    const FileState end = end_state(access);
    return !end.is_known || !is_same_content(access.at_open, end);
  }

  // The name under which the process that had it open left the file.
  std::string last_name(const Access& access) {
    std::string path = access.path;
    const auto found = names_.find(access.inode);
    if (found == names_.end()) return path;
    for (const NameChange* change : found->second) {
      if (change->process != access.process || change->at_ns < access.begin_ns) continue;
      if (change->kind == NameChange::kRename && change->from == path) path = change->to;
      if (change->kind == NameChange::kLink) {
        if (moves_name(*change, path)) path = change->to;
      }
    }
    return path;
  }
  // Is a link the file's new name, rather than a second one?
  bool moves_name(const NameChange& link, const std::string& path) {
    return class_at(path) == FileClass::kTemp || is_unlinked(link, path);
  }
  // Is the name given up after the link (git and mail programs rename so)?
  bool is_unlinked(const NameChange& link, const std::string& path) {
    if (link.from.starts_with("/proc/")) return true;  // O_TMPFILE
    const auto& changes = names_[link.inode];
    return std::any_of(changes.begin(), changes.end(), [&](const NameChange* change) {
      return change->kind == NameChange::kUnlink && change->from == path &&
             change->at_ns > link.at_ns;
    });
  }

  std::string canonical(const std::string& path, const FileState& state) {
    const auto found = canonical_.find(path);
    std::string real = found != canonical_.end() ? found->second : now_.canonical(path);
    if (found == canonical_.end()) canonical_.emplace(path, real);
    if (real == path) return path;
    const FileState now = now_.state(real);
    return now.is_known && now.dev == state.dev && now.ino == state.ino ? real : path;
  }

  size_t add_entity(EntityKind kind, const std::string& path, const FileState& state) {
    Entity entity;
    entity.kind = kind;
    entity.path = path;
    entity.state = state;
    entity.file_class = kind == EntityKind::kPipe ? FileClass::kUser : class_at(path);
    out_.entities.push_back(std::move(entity));
    return out_.entities.size() - 1;
  }

  void use(size_t process, const Uuid& task, size_t entity, bool generated, bool exact,
           const char* how) {
    if (!seen_uses_.insert({process, task, entity, generated}).second) return;
    out_.uses.push_back({process, task, entity, generated, exact, how});
  }

  // --- files -----------------------------------------------------------------------------------

  void file(const Inode& inode, const std::vector<size_t>& files) {
    const std::vector<Spell> spells = spells_of(files);
    std::vector<Version> versions(spells.size());
    for (size_t i = 0; i < spells.size(); ++i) {
      const int64_t until = i + 1 < spells.size() ? spells[i + 1].begin_ns : INT64_MAX;
      write_version(spells[i], until, &versions[i]);
    }
    std::vector<Version> others;  // that nobody here wrote
    // Readers and renames in the order of time, so that a version has its names when it is read.
    struct Step {
      int64_t at_ns;
      size_t access;
      const NameChange* change;  // null: the access
    };
    std::vector<Step> steps;
    for (const size_t i : files) {
      steps.push_back({accesses_.files[i].begin_ns, i, nullptr});
    }
    if (const auto found = names_.find(inode); found != names_.end()) {
      for (const NameChange* change : found->second) {
        steps.push_back({change->at_ns, 0, change});
      }
    }
    std::stable_sort(steps.begin(), steps.end(),
                     [](const Step& a, const Step& b) { return a.at_ns < b.at_ns; });
    for (const Step& step : steps) {
      if (step.change == nullptr) {
        read(step.access, spells, &versions, &others);
      } else {
        renamed(*step.change, spells, &versions, &others);
      }
    }
  }

  std::vector<Spell> spells_of(const std::vector<size_t>& files) {
    std::vector<size_t> writers;
    for (const size_t i : files) {
      if (wrote(accesses_.files[i])) writers.push_back(i);
    }
    std::stable_sort(writers.begin(), writers.end(), [this](size_t a, size_t b) {
      return accesses_.files[a].begin_ns < accesses_.files[b].begin_ns;
    });
    const bool is_shared = std::any_of(files.begin(), files.end(), [&](size_t i) {
      const Access& first = accesses_.files[files.front()];
      const Access& access = accesses_.files[i];
      return access.process != first.process || access.task != first.task;
    });
    std::vector<Spell> out;
    for (const size_t i : writers) {
      const Access& access = accesses_.files[i];
      if (out.empty() ||
          (access.begin_ns > out.back().end_ns && !goes_on(out.back(), access, files, is_shared))) {
        out.push_back({{}, access.begin_ns, access.end_ns, {}, true});
      }
      Spell& spell = out.back();
      const bool ends_last = access.end_ns >= spell.end_ns;
      spell.end_ns = std::max(spell.end_ns, access.end_ns);
      if (!spell.writers.empty()) {
        const Access& last = accesses_.files[spell.writers.back()];
        spell.is_of_one &= last.process == access.process && last.task == access.task;
      }
      spell.writers.push_back(i);
      if (ends_last || !spell.state.is_known) spell.state = end_state(access);
    }
    for (Spell& spell : out) settle(&spell);
    return out;
  }

  // A task that opens a file again and again to write makes one version of it, unless somebody else
  // looked at it in between. `is_shared`: others than that task had it open at all.
  bool goes_on(const Spell& spell, const Access& next, const std::vector<size_t>& files,
               bool is_shared) const {
    const auto is_of_next = [&](size_t i) {
      const Access& access = accesses_.files[i];
      return access.process == next.process && access.task == next.task;
    };
    if (!spell.is_of_one || !is_of_next(spell.writers.back())) return false;
    // An inode's number may be another file's by now.
    if (accesses_.files[spell.writers.back()].path != next.path) return false;
    if (!is_shared) return true;
    return std::none_of(files.begin(), files.end(), [&](size_t i) {
      const Access& access = accesses_.files[i];
      return !is_of_next(i) && access.end_ns >= spell.begin_ns && access.begin_ns < next.begin_ns;
    });
  }

  // Who of those that held the file wrote, and whose old content stays in it.
  void settle(Spell* spell) {
    const Access* old = nullptr;
    for (const size_t i : spell->writers) {
      const Access& access = accesses_.files[i];
      if (access.is_inherited) continue;
      if (access.keeps_old && access.at_open.size_bytes > 0) old = &access;
      break;  // what later ones found had been written in this spell
    }
    const std::vector<size_t> all = spell->writers;
    std::erase_if(spell->writers, [&](size_t i) { return is_holder_only(i, all); });
    for (const size_t i : spell->writers) facts_[i] = {true, old};
  }

  // A shell that opens a file for the programs it starts has it open all the while: it is a writer
  // only if the file changed while none of them ran.
  bool is_holder_only(size_t i, const std::vector<size_t>& writers) {
    const Access& access = accesses_.files[i];
    if (access.surely_wrote) return false;
    const bool has_heirs = std::any_of(writers.begin(), writers.end(), [&](size_t other) {
      return accesses_.files[other].is_inherited && is_below(other, i);
    });
    if (!has_heirs) return false;
    std::vector<Sighting> seen{{access.begin_ns, access.at_open}};
    if (const auto found = accesses_.sightings.find(access.inode);
        found != accesses_.sightings.end()) {
      const auto first = std::lower_bound(
          found->second.begin(), found->second.end(), access.begin_ns,
          [](const Sighting& sighting, int64_t at_ns) { return sighting.at_ns < at_ns; });
      for (auto at = first; at != found->second.end() && at->at_ns <= access.end_ns; ++at) {
        seen.push_back(*at);
      }
    }
    seen.push_back({access.end_ns, end_state(access)});
    for (size_t k = 1; k < seen.size(); ++k) {
      if (is_same_content(seen[k - 1].state, seen[k].state)) continue;
      const bool by_heir = std::any_of(writers.begin(), writers.end(), [&](size_t other) {
        const Access& heir = accesses_.files[other];
        return is_below(other, i) && heir.begin_ns < seen[k].at_ns &&
               heir.end_ns > seen[k - 1].at_ns;
      });
      if (!by_heir) return false;
    }
    return true;
  }

  // Is the process of access `inner` one that the process of `outer` started?
  bool is_below(size_t inner, size_t outer) const {
    const size_t above = accesses_.files[outer].process;
    size_t at = out_.processes[accesses_.files[inner].process].parent;
    for (int steps = 0; at != kNoProcess && steps < 256; ++steps) {
      if (at == above) return true;
      at = out_.processes[at].parent;
    }
    return false;
  }

  void write_version(const Spell& spell, int64_t until_ns, Version* version) {
    version->state = spell.state;
    for (const size_t i : spell.writers) {
      const Access& access = accesses_.files[i];
      const std::string path = canonical(last_name(access), spell.state);
      Alias* alias = find_alias(version, path);
      if (alias == nullptr) {
        // Several who write one file together call it alike, but for what they inherited it as.
        if (access.is_inherited && !version->aliases.empty()) {
          alias = &version->aliases.front();
        } else {
          version->aliases.push_back(
              {path, access.begin_ns, add_entity(EntityKind::kFile, path, spell.state), {}});
          alias = &version->aliases.back();
          alias->earlier_names.insert(access.path);
        }
      }
      mark_removed(access.inode, path, spell.begin_ns, until_ns, alias->entity);
      use(access.process, access.task, alias->entity, true, true, access.how);
    }
  }

  void mark_removed(const Inode& inode, const std::string& path, int64_t from_ns, int64_t until_ns,
                    size_t entity) {
    const auto found = names_.find(inode);
    if (found == names_.end()) return;
    for (const NameChange* change : found->second) {
      if (change->kind == NameChange::kUnlink && change->links <= 1 && change->at_ns >= from_ns &&
          change->at_ns <= until_ns) {
        out_.entities[entity].is_removed = true;
      }
    }
    static_cast<void>(path);
  }

  static Alias* find_alias(Version* version, const std::string& path) {
    for (Alias& alias : version->aliases) {
      if (alias.path == path) return &alias;
    }
    return nullptr;
  }

  // The version that stood in the file at a moment, in a given state; `exact`: it can be told.
  Version* version_at(int64_t at_ns, const FileState& state, const std::vector<Spell>& spells,
                      std::vector<Version>* versions, std::vector<Version>* others, bool before,
                      bool* exact) {
    *exact = true;
    for (size_t i = spells.size(); i-- > 0;) {
      if (before ? spells[i].end_ns >= at_ns : spells[i].begin_ns > at_ns) continue;
      if (is_same_content(spells[i].state, state) || !spells[i].state.is_known) {
        return &(*versions)[i];
      }
      if (!before && at_ns <= spells[i].end_ns) {
        *exact = false;  // while it was being written
        return &(*versions)[i];
      }
      break;
    }
    for (Version& version : *others) {
      if (is_same_content(version.state, state)) return &version;
    }
    others->push_back({state, {}});
    return &others->back();
  }

  size_t alias_entity(Version* version, const std::string& called, int64_t at_ns) {
    const std::string path = canonical(called, version->state);
    for (const Alias& alias : version->aliases) {
      if (alias.path == path || alias.earlier_names.contains(called)) return alias.entity;
    }
    if (version->aliases.empty()) {
      version->aliases.push_back(
          {path, at_ns, add_entity(EntityKind::kFile, path, version->state), {called}});
      return version->aliases.back().entity;
    }
    const Alias* latest = &version->aliases.front();
    for (const Alias& alias : version->aliases) {
      if (alias.since_ns <= at_ns) latest = &alias;
    }
    return latest->entity;
  }

  void read(size_t number, const std::vector<Spell>& spells, std::vector<Version>* versions,
            std::vector<Version>* others) {
    const Access& access = accesses_.files[number];
    const bool is_writer = facts_[number].wrote;
    const Access* from = &access;
    if (is_writer) {
      // What stays of the content before goes into the new one.
      from = facts_[number].old;
      if (from == nullptr) return;
    } else if (access.is_inherited && !access.moved) {
      ++out_.environments[access.process].untouched_descriptors;
      return;
    } else if (!access.reads) {
      return;  // opened for writing, and left as it was
    }
    bool exact = true;
    Version* version =
        version_at(from->begin_ns, from->at_open, spells, versions, others, is_writer, &exact);
    const size_t entity = alias_entity(version, from->path, from->begin_ns);
    if (generated_by(access.process, access.task, entity)) return;  // its own, read again
    use(access.process, access.task, entity, false, exact, is_writer ? "before" : access.how);
  }

  bool generated_by(size_t process, const Uuid& task, size_t entity) const {
    return seen_uses_.contains({process, task, entity, true});
  }

  // `mv` and `ln` by another process than the writer: a step of its own.
  void renamed(const NameChange& change, const std::vector<Spell>& spells,
               std::vector<Version>* versions, std::vector<Version>* others) {
    if (change.kind == NameChange::kUnlink || !change.state.is_known) return;
    bool exact = true;
    Version* version =
        version_at(change.at_ns, change.state, spells, versions, others, false, &exact);
    const auto at = static_cast<size_t>(version - versions->data());
    if (at < spells.size()) {
      for (const size_t i : spells[at].writers) {
        if (accesses_.files[i].process != change.process) continue;
        renamed_by_writer(change, accesses_.files[i], version);
        return;
      }
    }
    const size_t from = alias_entity(version, change.from, change.at_ns);
    const std::string path = canonical(change.to, change.state);
    if (find_alias(version, path) != nullptr) return;
    version->aliases.push_back(
        {path, change.at_ns, add_entity(EntityKind::kFile, path, version->state), {}});
    const size_t to = version->aliases.back().entity;
    if (!is_data(out_.entities[to].file_class) && !is_data(out_.entities[from].file_class)) return;
    use(change.process, change.task, from, false, exact, "file");
    use(change.process, change.task, to, true, exact, "file");
    if (change.kind == NameChange::kRename) out_.entities[from].is_removed = true;
  }

  // A file's own name is known from the start (last_name). What its writer links it to is another
  // name of the same version, which may be renamed again.
  void renamed_by_writer(const NameChange& change, const Access& access, Version* version) {
    const std::string to = canonical(change.to, version->state);
    if (change.kind == NameChange::kRename) {
      Alias* alias = find_alias(version, change.from);
      if (alias == nullptr || alias->earlier_names.contains(change.from)) return;
      alias->path = to;
      out_.entities[alias->entity].path = to;
      return;
    }
    if (moves_name(change, change.from) || find_alias(version, to) != nullptr) return;
    version->aliases.push_back(
        {to, change.at_ns, add_entity(EntityKind::kFile, to, version->state), {}});
    use(access.process, access.task, version->aliases.back().entity, true, true, access.how);
  }

  void drop_private_temporaries() {
    std::vector<std::set<size_t>> actors(out_.entities.size());
    std::set<size_t> made;
    for (const EntityUse& one : out_.uses) {
      actors[one.entity].insert(one.process);
      if (one.is_generated) made.insert(one.entity);
    }
    std::set<size_t> dropped;
    for (size_t i = 0; i < out_.entities.size(); ++i) {
      const Entity& entity = out_.entities[i];
      if (entity.kind != EntityKind::kFile || !entity.is_removed || actors[i].size() > 1) continue;
      if (!made.contains(i)) continue;
      dropped.insert(i);
      for (const size_t process : actors[i]) ++out_.environments[process].private_temporaries;
    }
    std::erase_if(out_.uses, [&](const EntityUse& one) { return dropped.contains(one.entity); });
  }

  // --- pipes and folders -----------------------------------------------------------------------

  void pipe(const std::vector<PipeEnd>& ends) {
    std::map<size_t, Uuid> writers;
    std::map<size_t, Uuid> readers;
    std::optional<PipeEnd> creator;
    for (const PipeEnd& end : ends) {
      if (end.is_creator) {
        creator = end;
      } else {
        (end.writes ? writers : readers).emplace(end.process, end.task);
      }
    }
    bool exact = true;
    // Who made a pipe and gave away one end has the other.
    if (creator && readers.empty() && !writers.empty() && !writers.contains(creator->process)) {
      readers.emplace(creator->process, creator->task);
      exact = false;
    } else if (creator && writers.empty() && !readers.empty() &&
               !readers.contains(creator->process)) {
      writers.emplace(creator->process, creator->task);
      exact = false;
    }
    for (const auto& [process, task] : writers) readers.erase(process);
    if (writers.empty() || readers.empty()) return;
    std::string name;
    for (const auto& [process, task] : writers) {
      name += (name.empty() ? "" : ", ") + out_.processes[process].name();
    }
    name += " |";
    for (const auto& [process, task] : readers) {
      name += (name.ends_with('|') ? " " : ", ") + out_.processes[process].name();
    }
    const size_t entity = add_entity(EntityKind::kPipe, name, {});
    for (const auto& [process, task] : writers) use(process, task, entity, true, exact, "pipe");
    for (const auto& [process, task] : readers) use(process, task, entity, false, exact, "pipe");
  }

  void list(const Listing& listing) {
    if (class_at(listing.path) != FileClass::kUser) return;
    const std::string path = now_.canonical(listing.path);
    auto [found, is_new] = folders_.emplace(path, 0);
    if (is_new) found->second = add_entity(EntityKind::kDirectory, path, {});
    use(listing.process, listing.task, found->second, false, true, "folder");
  }

  const ClassRules& rules_;
  const FileSystemNow& now_;
  BoxLineage& out_;
  Accesses accesses_;
  std::map<Inode, std::vector<const NameChange*>> names_;
  std::map<std::string, FileClass> classes_;
  std::map<std::string, std::string> canonical_;
  std::map<std::string, size_t> folders_;
  struct WriteFact {
    bool wrote = false;
    const Access* old = nullptr;  // whose content at its opening stays
  };
  std::vector<WriteFact> facts_;  // by access
  std::set<std::tuple<size_t, Uuid, size_t, bool>> seen_uses_;
};

}  // namespace

bool is_same_content(const FileState& a, const FileState& b) {
  return a.is_known && b.is_known && a.dev == b.dev && a.ino == b.ino &&
         a.size_bytes == b.size_bytes && a.mtime_ns == b.mtime_ns;
}

FileSystemNow file_system_now() {
  FileSystemNow out;
  out.state = [](const std::string& path) {
    FileState state;
    struct stat facts {};
    if (stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return state;
    state.dev = facts.st_dev;
    state.ino = facts.st_ino;
    state.size_bytes = facts.st_size;
    state.mtime_ns = int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
    state.ctime_ns = int64_t{facts.st_ctim.tv_sec} * 1'000'000'000 + facts.st_ctim.tv_nsec;
    state.is_known = true;
    return state;
  };
  out.canonical = [](const std::string& path) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(path, error);
    return error ? path : real.string();
  };
  return out;
}

BoxLineage lineage_of(const std::vector<ImageLog>& logs, const ClassRules& rules,
                      const FileSystemNow& now) {
  BoxLineage out;
  out.processes = processes_of(logs);
  Builder(rules, now, &out).build();
  return out;
}

}  // namespace headrace::box
