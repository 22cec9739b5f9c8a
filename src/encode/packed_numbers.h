// Numbers that follow each other, in as many bits as they differ by.
//
//   numbers := first varint                              nothing where there are none
//              of more than one: least zigzag varint, width u8 (0 to 64, +128: step varint
//              follows), (count - 1) x width bits, the lowest first, zeros to a whole byte
//
// Number i is number i-1 + least + step x its bits, all modulo 2^64, so that any numbers come back
// as they were; those at even distances take no bits. step: 1 where it is not said. varint: 7 bits
// a byte, the lowest first, 128 where more follow (LEB128). zigzag: 0, -1, 1, -2, ... as 0, 1,
// 2, 3. How many there are stands elsewhere. Rows of deltas in a frame of reference are from
// Goldstein, Ramakrishnan and Shaft, "Compressing relations and indexes", ICDE 1998.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace headrace {

constexpr size_t kMostVarintBytes = 10;
void put_varint(uint64_t value, std::string& out);
// Takes one off the front of `bytes`. False: they end in it, or it is more than 64 bits.
bool take_varint(std::string_view& bytes, uint64_t* out);

// Allocates nothing where `out` has room: 10 bytes for one number, for more
// 31 + 8 x (count - 1) at most. A µs for some ten numbers.
void pack_numbers(std::span<const uint64_t> numbers, std::string& out);
// Takes numbers.size() numbers off the front of `bytes`. False: there are no such numbers.
bool unpack_numbers(std::string_view& bytes, std::span<uint64_t> numbers);

}  // namespace headrace
