// The dictionary entry of a sensor (EntryKind::kSensor): a nested map of the fields of Sensor.
//
//   uint32_t id = dictionary.intern(EntryKind::kSensor, encode_sensor(sensor));
//   Result<Sensor> again = decode_sensor(bytes);
//
// Keys, all strings: name quantity unit kind domain source truth method assumption device
// (strings), scale (float), range (int, two's complement of the unsigned range). A reader ignores
// keys it does not know and takes Sensor's defaults for missing ones, so that keys can be added.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "model/sensor.h"

namespace headrace {

std::string encode_sensor(const Sensor& sensor);

// Errors: kCorrupt when the bytes are no such map, a value has the wrong type, a kind or truth is
// unknown, the scale is not finite, or there is no name.
Result<Sensor> decode_sensor(std::string_view bytes);

}  // namespace headrace
