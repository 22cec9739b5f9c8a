// A campaign as the tests of this room use it: raw text -> data -> four models, and a failed try.
#pragma once

#include <string>

#include "query/store_for_test.h"

namespace headrace::report {

// Four finished configurations and a failed one; raw text -> data -> models.
inline query::Session make_sweep() {
  query::StoreForTest store;
  const std::string campaign = store.campaign("sweep </script>");
  const int prepare = store.workflow(campaign, "prepare");
  const int train =
      store.workflow(campaign, "train", "{}", R"({"command":"python train.py","exit_code":0})");
  const int64_t clean = store.task(prepare, {"clean", {}, {{"lines", int64_t{7}}}, 0, 2});
  const std::string raw = store.object("file", "/data/raw.txt", "aa");
  const std::string data = store.object("dataset", "/data/data.npy", "bb");
  store.edge(clean, raw, false);
  store.edge(clean, data, true);
  store.energy(clean, "node/cpu", "3", "estimated");
  const double losses[] = {2.5, 2.0, 2.2, 3.0};
  for (int i = 0; i < 4; ++i) {
    const int64_t task = store.task(train, {"train",
                                            {{"lr", 0.1 * (i + 1)}, {"seed", int64_t{7}}},
                                            {{"val_loss", losses[i]}, {"loss", 1.0}},
                                            0,
                                            10.0 - i});
    store.energy(task, "node/cpu", std::to_string(10 * (i + 1)), "estimated");
    const int64_t epoch =
        store.task(train, {"epoch", {{"epoch", int64_t{0}}}, {{"loss", 1.5}}, task, 1});
    store.energy(epoch, "node/cpu", "1", "estimated");
    store.edge(task, data, false);
    store.edge(task,
               store.object("model", "/models/m" + std::to_string(i), "c" + std::to_string(i)),
               true);
  }
  store.task(train, {"train", {{"lr", 9.0}, {"seed", int64_t{7}}}, {}, 0, 1, 3});
  return store.session();
}

// Made once for all tests.
inline const query::Session& sweep() {
  static const query::Session session = make_sweep();
  return session;
}

}  // namespace headrace::report
