// Unpacks the report's columns. 100,000 tasks are eight columns of a few bytes a task, so the page
// decodes them once into typed arrays and never makes an object per task.
import type { PackedColumn } from "./report.ts";

export function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// Unsigned LEB128 numbers, one after another. Multiplies instead of shifting: times in ns pass 2^32.
class VarintReader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  next(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new Error("a column ends in the middle of a number");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  nextSigned(): number {
    const folded = this.next();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  nextBig(): bigint {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new Error("a column ends in the middle of a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
      shift += 7n;
    }
  }
}

export function unpack(column: PackedColumn, rows: number): Float64Array {
  const bytes = bytesOf(column.data);
  const out = new Float64Array(rows);
  if (column.encoding === "f32") {
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < rows; i++) out[i] = view.getFloat32(i * 4, true);
    return out;
  }
  const reader = new VarintReader(bytes);
  if (column.encoding === "runs") {
    for (let i = 0; i < rows; ) {
      const value = reader.next();
      const end = i + reader.next();
      if (end > rows || end === i) throw new Error("a column's runs do not match its rows");
      out.fill(value, i, end);
      i = end;
    }
    return out;
  }
  let last = 0;
  for (let i = 0; i < rows; i++) {
    if (column.encoding === "delta") out[i] = last += reader.nextSigned();
    else out[i] = column.encoding === "signed" ? reader.nextSigned() : reader.next();
  }
  return out;
}

// 64-bit numbers, delta-coded modulo 2^64.
export function unpackBig(column: PackedColumn, rows: number): BigUint64Array {
  const reader = new VarintReader(bytesOf(column.data));
  const out = new BigUint64Array(rows);
  let last = 0n;
  for (let i = 0; i < rows; i++) {
    const folded = reader.nextBig();
    const delta = folded & 1n ? -((folded + 1n) >> 1n) : folded >> 1n;
    last = BigInt.asUintN(64, last + delta);
    out[i] = last;
  }
  return out;
}
