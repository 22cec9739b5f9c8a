#include "query/energy_carbon.h"

#include <algorithm>
#include <limits>

#include "query/own_energy.h"

namespace headrace::query {
namespace {

constexpr double kUjPerKwh = 3.6e12;

// Tasks of one line after those of another.
constexpr const char* kTasks =
    "SELECT coalesce(w.workflow::VARCHAR, ''), coalesce(a.name, ''), o.domain, o.uj, o.ts, o.ts + "
    "coalesce(o.dur, 0) FROM own_energy o LEFT JOIN workflow_row w ON w.wf = o.wf LEFT JOIN "
    "activity_row a ON a.activity = o.activity WHERE o.ts IS NOT NULL ORDER BY o.wf, o.activity, "
    "o.domain";

class Emissions {
 public:
  Emissions(const CarbonFactors& factors, const CarbonQuestion& question, EnergyCard* card)
      : factors_(factors), card_(card) {
    carbon_.question = question;
    carbon_.sha256 = factors.sha256();
    carbon_.source = factors.source();
    for (EnergyLine& line : card_->lines) line.carbon_g = 0;
  }

  void add_task(std::string_view workflow, std::string_view activity, std::string_view domain,
                int64_t uj, int64_t from_ns, int64_t until_ns) {
    if (line_ == nullptr || line_->workflow_id != workflow || line_->activity != activity ||
        line_->domain != domain) {
      const auto found =
          std::find_if(card_->lines.begin(), card_->lines.end(), [&](const EnergyLine& line) {
            return line.workflow_id == workflow && line.activity == activity &&
                   line.domain == domain;
          });
      line_ = found == card_->lines.end() ? nullptr : &*found;
    }
    if (line_ == nullptr) return;  // was not asked for
    first_ns_ = std::min(first_ns_, from_ns);
    last_ns_ = std::max(last_ns_, until_ns);
    if (uj == 0 || !line_->carbon_g) return;
    const std::optional<double> part = grams(uj, from_ns, until_ns);
    line_->carbon_g = part ? std::optional(*line_->carbon_g + *part) : std::nullopt;
  }

  void finish() {
    carbon_.attributed_g = 0;
    for (const EnergyLine& line : card_->lines) {
      if (!line.carbon_g) carbon_.attributed_g.reset();
      if (carbon_.attributed_g) *carbon_.attributed_g += *line.carbon_g;
    }
    if (last_ns_ >= first_ns_) {
      carbon_.idle_g = grams(card_->all_books.idle_uj, first_ns_, last_ns_);
      carbon_.unattributed_g = grams(card_->all_books.unattributed_uj, first_ns_, last_ns_);
    } else {
      carbon_.attributed_g.reset();
      carbon_.reason = "there is no task with energy";
    }
    card_->carbon = std::move(carbon_);
  }

 private:
  std::optional<double> grams(int64_t uj, int64_t from_ns, int64_t until_ns) {
    const std::optional<double> mean = factors_.mean(from_ns, until_ns);
    if (mean) return static_cast<double>(uj) / kUjPerKwh * *mean;
    if (carbon_.reason.empty()) carbon_.reason = factors_.why_not(from_ns, until_ns);
    return std::nullopt;
  }

  const CarbonFactors& factors_;
  EnergyCard* const card_;
  EnergyLine* line_ = nullptr;  // of the task before
  Carbon carbon_;
  int64_t first_ns_ = std::numeric_limits<int64_t>::max();
  int64_t last_ns_ = std::numeric_limits<int64_t>::min();
};

}  // namespace

Status add_carbon(const Session& session, const std::string& reach, const CarbonFactors& factors,
                  const CarbonQuestion& question, EnergyCard* card) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::QueryResult> rows = connection->query(with_own_energy(reach) + kTasks);
  if (!rows.ok()) return rows.status();
  Emissions emissions(factors, question, card);
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      emissions.add_task(c.text(0, row), c.text(1, row), c.text(2, row), c.integer(3, row),
                         c.integer(4, row), c.integer(5, row));
    }
  }
  emissions.finish();
  return {};
}

}  // namespace headrace::query
