#include "cli/checks.h"

#include <filesystem>
#include <map>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/liveness.h"
#include "box/shim_file.h"
#include "cli/open_session.h"
#include "collect/ring_files.h"
#include "query/units.h"
#include "spool/directory.h"
#include "spool/segment_reader.h"

namespace headrace::cli {
namespace {

using query::bytes_text;
using query::grouped;

constexpr double kLittleSpace = 256e6;  // bytes: four segments

// What a query counted, as a number of `one`.
std::string counted(double value, std::string_view one) {
  return query::counted(static_cast<uint64_t>(value), one);
}

Check folder_check(const Program& program, const Directory& directory) {
  const std::string path = directory.root.string();
  std::error_code error;
  if (!std::filesystem::exists(directory.root, error)) {
    if (program.directory.empty()) {
      return {"folder", CheckState::kNote, path + " is not there yet",
              "headrace run -- CMD captures a program and makes it"};
    }
    return {"folder", CheckState::kFail, path + " is not there",
            "name another with --dir, or let headrace run --dir make it"};
  }
  if (access(directory.root.c_str(), W_OK | X_OK) != 0) {
    return {
        "folder", CheckState::kFail, path + " cannot be written",
        "chmod u+w " + path + ", or set HEADRACE_DIR to a folder of yours; reading still works"};
  }
  struct statvfs disk {};
  if (statvfs(directory.root.c_str(), &disk) == 0) {
    const double left = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
    if (left < kLittleSpace) {
      return {"folder", CheckState::kFail,
              path + ", only " + bytes_text(left) + " free on its disk",
              "free some space, or set HEADRACE_DIR to another disk"};
    }
    return {"folder", CheckState::kOk, path + ", " + bytes_text(left) + " free", ""};
  }
  return {"folder", CheckState::kOk, path, ""};
}

Check files_check() {
  const Result<std::string> shim = box::find_shim();
  if (shim.ok()) return {"files of programs", CheckState::kOk, "seen by " + *shim, ""};
  return {"files of programs", CheckState::kNote, shim.status().message(),
          "install Headrace whole, or name the library in HEADRACE_BOX_LIBRARY"};
}

Check spool_check(const Directory& directory) {
  uint64_t bytes = 0;
  size_t open = 0;
  const std::vector<SegmentFile> segments = list_segments(directory);
  for (const SegmentFile& segment : segments) {
    bytes += segment.size_bytes;
    open += segment.sealed ? 0 : 1;
  }
  return {"spool", CheckState::kOk,
          counted(static_cast<double>(segments.size()), "segment") + " of " +
              bytes_text(static_cast<double>(bytes)) + ", " + grouped(open) + " being written",
          ""};
}

// What programs that were killed left in memory for other folders: this one's was just taken in.
Check rings_check() {
  const std::vector<collect::LeftRing> left = collect::find_left_rings(Liveness());
  if (left.empty()) return {"rings", CheckState::kOk, "none left by programs that were killed", ""};
  uint64_t bytes = 0;
  std::map<std::string, size_t> folders;
  size_t gone = 0;
  for (const collect::LeftRing& ring : left) {
    bytes += ring.size_bytes;
    if (ring.has_folder) {
      ++folders[ring.folder.string()];
    } else {
      ++gone;
    }
  }
  std::string detail = counted(static_cast<double>(left.size()), "ring file") + " of " +
                       bytes_text(static_cast<double>(bytes)) +
                       " left by programs that were killed, in " +
                       left[0].path.parent_path().string();
  constexpr size_t kMostNamed = 5;
  size_t named = 0;
  for (const auto& [folder, rings] : folders) {
    if (++named > kMostNamed) break;
    detail += "; " + grouped(rings) + " for " + folder;
  }
  if (folders.size() > kMostNamed) {
    detail +=
        "; and for " + counted(static_cast<double>(folders.size() - kMostNamed), "more folder");
  }
  if (gone > 0) detail += "; " + grouped(gone) + " for folders that are gone";
  std::string next;
  if (!folders.empty())
    next = "headrace ls --dir " + folders.begin()->first + " takes its records in";
  if (gone > 0) {
    next += std::string(next.empty() ? "" : "; ") +
            "those of deleted folders go when a program next records here, an hour after their end";
  }
  return {"rings", CheckState::kNote, detail, next};
}

double number(const query::Session& session, const std::string& sql) {
  const auto rows = session.rows(sql);
  return rows.ok() && !rows->empty() ? (*rows)[0][0].real : 0;
}

std::string count(double value) { return grouped(static_cast<uint64_t>(value)); }

Check records_check(const query::Session& session) {
  const auto rows = session.rows(
      "SELECT sum(accepted), sum(stored), sum(quarantined), sum(dropped), sum(missing), "
      "sum(greatest(spooled, 0)), count(*) FROM accounting");
  if (!rows.ok()) return {"records", CheckState::kFail, rows.status().message(), ""};
  const auto& r = (*rows)[0];
  const double lost = r[3].real + r[4].real;
  std::string detail = count(r[0].real) + " accepted from " + counted(r[6].real, "process") +
                       " = " + count(r[1].real) + " stored + " + count(r[5].real) + " spooled + " +
                       count(r[2].real) + " quarantined + " + count(r[3].real) + " dropped + " +
                       count(r[4].real) + " missing";
  if (lost == 0) return {"records", CheckState::kOk, detail, ""};
  return {"records", CheckState::kFail, detail, "headrace query \"FROM gap\" says which and why"};
}

// One for each process, those with losses first.
std::vector<Check> process_checks(const query::Session& session) {
  Result<std::vector<Account>> all = accounts(session);
  if (!all.ok()) return {{"process", CheckState::kFail, all.status().message(), ""}};
  std::vector<Check> out;
  for (Account& account : *all) {
    Check check{"process", CheckState::kOk, account.process + ", " + account.state, ""};
    if (!account.is_whole()) check.state = CheckState::kFail;
    for (const std::string& sentence : explain(account)) check.detail += "; " + sentence;
    if (!account.is_explained()) {
      check.next =
          "look for segments that were moved or deleted; headrace query \"FROM gap\" lists "
          "the numbers";
    }
    check.account = std::move(account);
    out.push_back(std::move(check));
  }
  return out;
}

// One line for each damaged place, up to a few.
std::vector<Check> quarantine_checks(const query::Session& session) {
  const auto rows = session.rows(
      "SELECT file, \"offset\", length_bytes, reason, kept_as FROM quarantine ORDER BY file, "
      "\"offset\" "
      "LIMIT 10");
  if (!rows.ok()) return {{"damage", CheckState::kFail, rows.status().message(), ""}};
  if (rows->empty()) return {{"damage", CheckState::kOk, "nothing in quarantine", ""}};
  std::vector<Check> out;
  for (const auto& row : *rows) {
    out.push_back(
        {"damage", CheckState::kFail,
         row[0].text + " at byte " + row[1].text + ", " + row[2].text + " bytes: " + row[3].text,
         row[4].is_null || row[4].text.empty() ? "" : "its bytes are kept in " + row[4].text});
  }
  const double all = number(session, "SELECT count(*) FROM quarantine");
  if (all > static_cast<double>(out.size())) {
    out.push_back({"damage", CheckState::kFail, count(all) + " places in all",
                   "headrace query \"FROM quarantine\" lists them"});
  }
  return out;
}

Check gaps_check(const query::Session& session) {
  const auto rows = session.rows(
      "SELECT reason, sum(count), count(DISTINCT producer) FROM gap GROUP BY reason ORDER BY "
      "reason");
  if (!rows.ok()) return {"gaps", CheckState::kFail, rows.status().message(), ""};
  if (rows->empty()) return {"gaps", CheckState::kOk, "none", ""};
  std::string detail;
  for (const auto& row : *rows) {
    detail += (detail.empty() ? "" : "; ") + row[1].text + " records of " + row[2].text +
              " processes: " + row[0].text;
  }
  return {"gaps", CheckState::kFail, detail, "headrace query \"FROM gap\" lists them"};
}

Check secrets_check(const query::Session& session) {
  const auto rows = session.rows(
      "SELECT coalesce(sum(TRY_CAST(facts->>'$.redacted_values' AS BIGINT)), 0), "
      "coalesce(sum(TRY_CAST(facts->>'$.redacted_texts' AS BIGINT)), 0) FROM producer");
  if (!rows.ok()) return {"secrets", CheckState::kFail, rows.status().message(), ""};
  const auto& r = (*rows)[0];
  if (r[0].real + r[1].real == 0) return {"secrets", CheckState::kOk, "none met", ""};
  return {"secrets", CheckState::kOk,
          "withheld: " + counted(r[0].real, "value") + " by name, " + counted(r[1].real, "piece") +
              " of text",
          ""};
}

Check processes_check(const query::Session& session) {
  const auto rows = session.rows(
      "SELECT count(*), count(*) FILTER (state = 'lost'), "
      "(SELECT count(*) FROM task WHERE status = 'lost'), "
      "(SELECT string_agg(ended_by, ', ' ORDER BY ended_by) FROM (SELECT DISTINCT "
      "facts->>'$.ended_by' AS ended_by FROM producer WHERE state = 'lost')) FROM accounting");
  if (!rows.ok()) return {"processes", CheckState::kFail, rows.status().message(), ""};
  const auto& r = (*rows)[0];
  const std::string how = r[3].is_null || r[3].text.empty() ? "" : " (" + r[3].text + ")";
  const std::string detail = count(r[0].real) + " recorded, " + count(r[1].real) +
                             " ended abruptly" + how + ", " + count(r[2].real) +
                             " tasks open in them are lost";
  if (r[1].real == 0) return {"processes", CheckState::kOk, count(r[0].real) + " recorded", ""};
  return {"processes", CheckState::kNote, detail,
          "they were killed or crashed; headrace ls tasks --status lost"};
}

Check store_check(const query::Session& session, const Directory& directory) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(directory.store(), error);
  const double tasks = number(session, "SELECT count(*) FROM task");
  std::string detail = counted(tasks, "task") + ", " +
                       counted(number(session, "SELECT count(*) FROM workflow"), "workflow") +
                       ", " + counted(number(session, "SELECT count(*) FROM campaign"), "campaign");
  if (!error) detail += " in " + bytes_text(static_cast<double>(bytes));
  if (session.note().empty()) return {"store", CheckState::kOk, detail, ""};
  return {"store", CheckState::kNote, detail + "; " + session.note(), ""};
}

}  // namespace

std::vector<Check> all_checks(const Program& program, bool redrive) {
  const Directory directory{program.root()};
  std::vector<Check> checks{folder_check(program, directory)};
  std::error_code error;
  if (std::filesystem::exists(directory.root, error)) {
    checks.push_back(spool_check(directory));
    Result<query::Session> session = open_session(program, redrive);
    if (session.ok()) {
      checks.push_back(store_check(*session, directory));
      checks.push_back(records_check(*session));
      for (Check& check : quarantine_checks(*session)) checks.push_back(std::move(check));
      checks.push_back(gaps_check(*session));
      checks.push_back(processes_check(*session));
      for (Check& check : process_checks(*session)) checks.push_back(std::move(check));
      checks.push_back(secrets_check(*session));
    } else {
      const bool nothing_yet = session.status().code() == StatusCode::kNotFound;
      checks.push_back({"store", nothing_yet ? CheckState::kNote : CheckState::kFail,
                        session.status().message(), ""});
    }
  }
  checks.push_back(rings_check());
  checks.push_back(files_check());
  for (Check& check : source_checks()) checks.push_back(std::move(check));
  return checks;
}

}  // namespace headrace::cli
