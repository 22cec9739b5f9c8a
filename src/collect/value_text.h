// Captured values as the store keeps them: text for a string slot, JSON for a fact, the objects in
// a nested value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "encode/odd_text.h"
#include "model/value.h"

namespace headrace::collect {

// Appends what a string slot holds for a value in the tail: text and decimal integers as they are,
// bytes in hex, an object's UUID, typed text with its type, nested values and placeholders as JSON.
// False when the bytes are not such a value; a string that is not UTF-8 is none here.
bool append_slot_text(std::string& out, ValueTag tag, std::string_view tail);

// Appends the JSON of any value (see encode/nested.h). False when it is none.
bool append_json(std::string& out, ValueTag tag, uint64_t cell, std::string_view tail);

// Appends the ids of the objects anywhere in a nested value.
void append_objects(std::vector<Uuid>& out, std::string_view nested);

// The pairs of a nested map whose keys are strings, the values still encoded; of two equal keys the
// later is the one that holds. False when the bytes are no such map.
bool split_map(std::string_view nested,
               std::vector<std::pair<std::string_view, std::string_view>>& out);

// True for the text of an integer that SQL's widest type cannot hold.
bool is_beyond_128_bits(std::string_view big_int);

// Text with what is not UTF-8 replaced by U+FFFD.
std::string as_utf8(std::string_view text);

}  // namespace headrace::collect
