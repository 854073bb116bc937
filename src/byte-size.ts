/** Returns "512 B", "1.4 MB", as pages write sizes: decimal units, as disks are sold. */
export function sizeText(bytes: number): string {
  const { amount, name } = inUnits(bytes)
  return `${name === 'B' || amount >= 10 ? Math.round(amount) : amount.toFixed(1)} ${name}`
}

/** Returns a size that `parseSize` reads as exactly these bytes: "1.25 GB", "1234567 B". */
export function exactSize(bytes: number): string {
  const { amount, name } = inUnits(bytes)
  const text = `${Number(amount.toFixed(3))} ${name}`
  return parseSize(text) === bytes ? text : `${bytes} B`
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

const names = ['B', 'kB', 'MB', 'GB', 'TB']

function inUnits(bytes: number): { readonly amount: number; readonly name: string } {
  const power = Math.max(
    0,
    names.findLastIndex((_, index) => bytes >= 1000 ** index),
  )
  return { amount: bytes / 1000 ** power, name: names[power] ?? 'B' }
}
