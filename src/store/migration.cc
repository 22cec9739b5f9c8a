#include "store/migration.h"

#include <algorithm>

namespace headrace::store {

std::span<const Migration> migrations() { return {}; }

Status migrate(const Connection& connection, std::span<const Migration> steps, int version,
               int target) {
  while (version < target) {
    const auto step = std::find_if(steps.begin(), steps.end(), [version](const Migration& m) {
      return m.from_version == version;
    });
    if (step == steps.end()) {
      return unsupported("no migration leads from version " + std::to_string(version) +
                         " of the store's schema to " + std::to_string(target));
    }
    Result<Transaction> transaction = Transaction::begin(connection);
    if (!transaction.ok()) return transaction.status();
    const std::string doing = "migration from schema version " + std::to_string(version);
    HEADRACE_RETURN_IF_ERROR(connection.run(step->sql).with_context(doing));
    ++version;
    HEADRACE_RETURN_IF_ERROR(connection.run("UPDATE meta SET value = '" + std::to_string(version) +
                                            "' WHERE key = 'schema_version'"));
    HEADRACE_RETURN_IF_ERROR(transaction->commit().with_context(doing));
  }
  return {};
}

}  // namespace headrace::store
