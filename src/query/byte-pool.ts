/**
 * Memory for large answers, which is used again once they have been sent. Fresh memory for each lies outside the engine's own, so that it looks
 * for garbage in all of its memory every few answers, at 30 ms a time.
 */

/** Smaller ones are cut from memory that many share. */
const SMALLEST = 8 * 1024;
/** Larger pieces are rare, and too large to be kept. */
export const LARGEST_KEPT = 256 * 1024;
/** Pieces of each size that are kept. */
const MOST_FREE = 8;

/** Size in bytes -> pieces that nobody uses. */
const free = new Map<number, ArrayBuffer[]>();
/** Pieces that are used and have not been given back: whatever is given back twice must not be used by two. */
const lent = new WeakSet<ArrayBufferLike>();

/** Takes memory of a length; what it holds is not known. */
export function takeBytes(length: number): Buffer {
  if (length < SMALLEST || length > LARGEST_KEPT) return Buffer.allocUnsafe(length);
  const size = 2 ** Math.ceil(Math.log2(length));
  const piece = free.get(size)?.pop() ?? new ArrayBuffer(size);
  lent.add(piece);
  return Buffer.from(piece, 0, length);
}

/** Whether memory, or what it is a part of, is to be given back. */
export function isLent({ buffer }: Buffer): boolean {
  return lent.has(buffer);
}

/** Gives memory back for others to write to. It must not be looked at any more. */
export function giveBack({ buffer }: Buffer): void {
  if (!lent.delete(buffer)) return;
  const { byteLength } = buffer;
  const pieces = free.get(byteLength) ?? [];
  if (pieces.length < MOST_FREE) pieces.push(buffer as ArrayBuffer);
  free.set(byteLength, pieces);
}
