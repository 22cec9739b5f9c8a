// What TensorBoard's summaries and hparams are as Headrace's values.
#pragma once

#include <string_view>

#include "collect/told_value.h"
#include "exchange/tensorboard_event.h"
#include "exchange/tensorboard_hparams.h"

namespace headrace::exchange {

// A number for a scalar: a simple value, or a tensor of one number. A map for anything else, whose
// `type` is tensor, histogram, image, images, or audio: of a tensor dtype, shape and, of one
// of at most kTensorKept numbers, `values`; of a histogram count, min, max, sum, mean, std and
// buckets; of images and sounds their sizes. `plugin`: of its tag, "" if unknown.
collect::Value summary_value(const SummaryValue& value, std::string_view plugin);

collect::Value hparam_value(const HparamValue& value);

}  // namespace headrace::exchange
