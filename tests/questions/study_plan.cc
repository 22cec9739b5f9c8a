#include "study_plan.h"

#include <array>

namespace headrace::questions {
namespace {

constexpr size_t kNodeA = 0;
constexpr size_t kNodeB = 1;
constexpr size_t kLogin = 2;
constexpr int64_t kRest_ms = 200;  // of a process before its first task and after its last

// Which of the trainings stand out, and in which epoch.
constexpr size_t kHotRun = 10;
constexpr int kHotEpoch = 3;
constexpr size_t kSlowRun = 5;
constexpr int kSlowEpoch = 2;
constexpr size_t kOddRun = 12;
constexpr int kOddEpoch = 4;

// The levels of one training: 0 or 1 of each.
struct Levels {
  explicit Levels(size_t run)
      : lr(run & 1), width(run >> 1 & 1), frozen(run >> 2 & 1), dataset(run >> 3 & 1) {}
  size_t lr;
  size_t width;
  size_t frozen;
  size_t dataset;
  size_t batch = lr ^ width ^ frozen;
  // So that the two trainings of a pair that differ in their data share a machine.
  size_t host = lr ^ width;
};

// Small, without a pattern that a factor has, and the same every time.
double unlike(size_t run, size_t by) { return static_cast<double>(run * by % 16) - 7.5; }

class Planner {
 public:
  StudyPlan make() {
    prepare();
    now_ms_.fill(13'000);
    pretrain();
    now_ms_[kNodeB] = now_ms_[kNodeA];
    for (size_t run = 0; run < kTrainings; ++run) fine_tune(run);
    evaluate();
    infer();
    return std::move(plan_);
  }

 private:
  Uuid object(const std::string& kind, const std::string& name) {
    plan_.objects.push_back({named_uuid("study", name), kind, name});
    return plan_.objects.back().id;
  }
  int64_t& now() { return now_ms_[plan_.workflows.back().host]; }

  void begin(const std::string& name, size_t host) {
    plan_.workflows.push_back({name, host, now_ms_[host], 0, {}});
    rest();
  }
  void end() {
    rest();
    plan_.workflows.back().end_ms = now();
    now() += 600;  // nobody runs
  }
  void rest() {
    Stretch idle;
    idle.begin_ms = now();
    idle.end_ms = now() += kRest_ms;
    plan_.workflows.back().stretches.push_back(idle);
  }
  int open(const std::string& activity, int parent, PlannedValues used) {
    plan_.tasks.push_back(
        {activity, plan_.workflows.size() - 1, parent, now(), 0, std::move(used)});
    return static_cast<int>(plan_.tasks.size()) - 1;
  }
  void close(int task, PlannedValues generated) {
    plan_.tasks[static_cast<size_t>(task)].end_ms = now();
    plan_.tasks[static_cast<size_t>(task)].generated = std::move(generated);
  }
  void run(int task, int64_t length_ms, Stretch stretch) {
    stretch.begin_ms = now();
    stretch.end_ms = now() += length_ms;
    stretch.task = task;
    plan_.workflows.back().stretches.push_back(stretch);
  }
  int leaf(const std::string& activity, int parent, int64_t length_ms, const Stretch& stretch,
           PlannedValues used = {}, PlannedValues generated = {}) {
    const int task = open(activity, parent, std::move(used));
    run(task, length_ms, stretch);
    close(task, std::move(generated));
    return task;
  }

  void prepare() {
    const Uuid raw = object("dataset", "corpus.txt");
    begin("prepare", kLogin);
    for (const char* name : {"folio.npy", "modern.npy"}) {
      datasets_.push_back(object("dataset", name));
      Stretch work;
      work.cpus = 2;
      leaf("tokenise", -1, 4000, work, {{"text", raw}}, {{"tokens", datasets_.back()}});
    }
    end();
  }

  void pretrain() {
    base_ = object("model", "base.npz");
    begin("pretrain", kNodeA);
    const int all = open("pretrain", -1, {{"width", int64_t{128}}, {"corpus", datasets_[0]}});
    Stretch work;
    work.gpu_w = 300;
    work.gpu_use = 0.92;
    work.cpus = 1;
    work.to_c = 66;
    for (int64_t epoch = 1; epoch <= 3; ++epoch) {
      const int one = open("epoch", all, {{"epoch", epoch}});
      load(one);
      leaf("train", one, 5000, work,
           {{"params", int64_t{1'600'000}}, {"tokens", int64_t{1'000'000}}});
      close(one, {{"val_loss", 4.0 - 0.4 * static_cast<double>(epoch)}});
    }
    close(all, {{"base_loss", 2.8}, {"model", base_}});
    end();
  }

  void load(int epoch, int64_t length_ms = 1000) {
    Stretch work;
    work.gpu_w = 75;
    work.gpu_use = 0.05;
    work.cpus = 4;
    work.disk_use = 0.6;
    work.to_c = 45;
    if (length_ms > 1000) {  // waits for somebody else
      work.gpu_w = 62;
      work.gpu_use = 0.02;
      work.cpus = 0.5;
      work.disk_use = 0.1;
    }
    const int task = leaf("load", epoch, length_ms, work);
    if (length_ms > 1000) plan_.marks.straggler = task;
  }

  void fine_tune(size_t run) {
    const Levels is(run);
    begin("finetune", is.host == 0 ? kNodeA : kNodeB);
    const int all = open("finetune", -1,
                         {{"lr", is.lr == 0 ? 0.001 : 0.003},
                          {"width", is.width == 0 ? int64_t{64} : int64_t{128}},
                          {"frozen", is.frozen == 0 ? int64_t{0} : int64_t{2}},
                          {"batch", is.batch == 0 ? int64_t{16} : int64_t{32}},
                          {"dataset", datasets_[is.dataset]},
                          {"base", base_}});
    double loss = 0;
    for (int epoch = 1; epoch <= kEpochs; ++epoch) {
      const int one = open("epoch", all, {{"epoch", int64_t{epoch}}});
      load(one, run == kSlowRun && epoch == kSlowEpoch ? 6000 : 1000);
      train(one, run, epoch);
      Stretch validate;
      validate.gpu_w = 180;
      validate.gpu_use = 0.55;
      validate.cpus = 1;
      validate.to_c = 56;
      leaf("validate", one, 500, validate);
      loss = loss_of(run) + 1.2 / static_cast<double>(1 << epoch);
      close(one, {{"val_loss", loss}});
    }
    models_.push_back(object("model", "tuned-" + std::to_string(run) + ".npz"));
    close(all, {{"val_loss", loss}, {"model", models_.back()}});
    end();
  }

  static double loss_of(size_t run) {
    const Levels is(run);
    const auto by = [](size_t level, double change) { return level == 0 ? 0 : change; };
    return 2.0 + by(is.width, -0.3) + by(is.lr, -0.12) + by(is.frozen, 0.05) +
           by(is.width & is.frozen, 0.08) + by(is.dataset, 0.1) + by(is.batch, 0.03) +
           0.0006 * unlike(run, 7);
  }

  void train(int epoch, size_t run, int number) {
    const Levels is(run);
    const auto by = [](size_t level, int64_t change) { return level == 0 ? 0 : change; };
    Stretch work;
    work.gpu_w =
        static_cast<double>(220 + by(is.width, 90) + by(is.batch, 25) - by(is.frozen, 30)) +
        0.4 * unlike(run, 5);
    work.gpu_use = 0.8 + (is.width == 0 ? 0 : 0.1) + (is.batch == 0 ? 0 : 0.04);
    work.cpus = 1;
    work.to_c = 58 + by(is.width, 12) + by(is.batch, 4) - by(is.frozen, 3);
    const int64_t length_ms = 2000 + by(is.width, 600) - by(is.frozen, 300) -
                              by(is.width & is.frozen, 300) + by(is.dataset, 200);
    if (run == kOddRun && number == kOddEpoch) work.gpu_w *= 1.6;
    const int task = open("train", epoch,
                          {{"params", is.width == 0 ? int64_t{400'000} : int64_t{1'600'000}},
                           {"tokens", length_ms * 100}});
    if (run == kOddRun && number == kOddEpoch) plan_.marks.anomaly = task;
    if (run != kHotRun || number != kHotEpoch) {
      this->run(task, length_ms, work);
    } else {
      work.to_c = 87;
      this->run(task, 1000, work);
      Stretch slow = work;
      slow.gpu_w = 150;
      slow.throttle = kTooHot;
      plan_.marks.throttled = task;
      plan_.marks.throttled_begin_ms = now();
      this->run(task, 1500, slow);
      plan_.marks.throttled_end_ms = now();
      work.to_c = 70;
      this->run(task, length_ms, work);
    }
    close(task, {});
  }

  void evaluate() {
    now_ms_[kNodeA] = now_ms_[kNodeB] = std::max(now_ms_[kNodeA], now_ms_[kNodeB]);
    begin("evaluate", kNodeA);
    Stretch work;
    work.gpu_w = 150;
    work.gpu_use = 0.4;
    work.cpus = 1;
    work.to_c = 52;
    for (const Uuid& model : models_) leaf("evaluate", -1, 800, work, {{"model", model}});
    end();
  }

  void infer() {
    begin("inference", kNodeB);
    Stretch work;
    work.gpu_w = 120;
    work.gpu_use = 0.3;
    work.cpus = 2;
    work.to_c = 50;
    leaf("generate", -1, 5000, work, {{"model", models_[kOddRun - 1]}},
         {{"sample", object("file", "sample.txt")}});
    end();
  }

  StudyPlan plan_;
  std::array<int64_t, 3> now_ms_{};
  std::vector<Uuid> datasets_;
  std::vector<Uuid> models_;
  Uuid base_;
};

}  // namespace

StudyPlan plan_study() { return Planner().make(); }

}  // namespace headrace::questions
