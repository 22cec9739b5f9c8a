// Packs columns as the C++ side does, for fixtures only.

/** @param {number[]} bytes @param {number | bigint} value */
function varint(bytes, value) {
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
}

/** @param {bigint} value */
const zigzag = (value) => (value < 0n ? -value * 2n - 1n : value * 2n);

/**
 * @param {import("../src/api/report.ts").Encoding} encoding
 * @param {readonly (number | bigint)[]} values
 * @returns {import("../src/api/report.ts").PackedColumn}
 */
export function pack(encoding, values) {
  /** @type {number[]} */
  const bytes = [];
  if (encoding === "f32") {
    const packed = Float32Array.from(values, Number);
    for (const byte of new Uint8Array(packed.buffer)) bytes.push(byte);
  } else if (encoding === "runs") {
    for (let i = 0; i < values.length; ) {
      let end = i;
      while (end < values.length && values[end] === values[i]) end++;
      varint(bytes, values[i] ?? 0);
      varint(bytes, end - i);
      i = end;
    }
  } else {
    let last = 0n;
    for (const value of values) {
      const wide = BigInt(value);
      if (encoding === "varint") varint(bytes, wide);
      else if (encoding === "signed") varint(bytes, zigzag(wide));
      else varint(bytes, zigzag(BigInt.asIntN(64, wide - last)));
      last = wide;
    }
  }
  return { encoding, data: Buffer.from(bytes).toString("base64") };
}
