import { inspect } from 'node:util'

/**
 * A value that cannot be shown by accident: printing, serialising, spreading or cloning it gives nothing.
 *
 * Its bytes are reachable only through `expose()`; `src/architecture.test.ts` lists the files that may call it.
 */
export class Secret {
  readonly #bytes: Buffer

  /** Takes a copy of the bytes, or the UTF-8 of the text. */
  constructor(value: Uint8Array | string) {
    this.#bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value)
  }

  /** Returns the bytes themselves, not a copy: `wipe()` zeroes them for every holder. */
  expose(): Buffer {
    return this.#bytes
  }

  /** Length in bytes. */
  get length(): number {
    return this.#bytes.length
  }

  /** Returns another secret with the same bytes, which lives on when this one is wiped. */
  copy(): Secret {
    return new Secret(this.#bytes)
  }

  /** Overwrites the bytes with zeros. */
  wipe(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.toPrimitive](): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
