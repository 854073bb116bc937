/** Returns a size as people read it: `950 bytes`, `1.5 MB`, `12 GB`; decimal units, as disks are sold. */
export function sizeText(bytes: number): string {
  const unit = units.findLast(({ size }) => bytes >= size)
  if (unit === undefined) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  const amount = bytes / unit.size
  return `${amount >= 100 ? Math.round(amount) : Number(amount.toFixed(1))} ${unit.name}`
}

/** Returns the bytes that a text such as `500 MB`, `1.5GB` or `10 GiB` means; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const [, amount = '', prefix = '', binary] =
    /^(\d{1,15}(?:\.\d{1,6})?)\s*(?:([kmgtp])?(i)?b)?$/i.exec(text.trim()) ?? []
  if (amount === '' || (prefix === '' && binary !== undefined)) return undefined
  const power = prefix === '' ? 0 : 'kmgtp'.indexOf(prefix.toLowerCase()) + 1
  const bytes = Math.round(Number(amount) * (binary === undefined ? 1000 : 1024) ** power)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const units = ['KB', 'MB', 'GB', 'TB', 'PB'].map((name, index) => ({ name, size: 1000 ** (index + 1) }))
