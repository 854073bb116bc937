/** Returns for example "2 datasets and 3 of others"; undefined where there are none. Others' are only counted. */
export function datasetsInWords(own: number, ofOthers: number): string | undefined {
  if (own === 0 && ofOthers === 0) return undefined
  if (own === 0) return `${counted(ofOthers, 'dataset')} of others`
  return ofOthers === 0 ? counted(own, 'dataset') : `${counted(own, 'dataset')} and ${ofOthers} of others`
}

/** Returns for example "2 schedules"; undefined where there are none. */
export function schedulesInWords(count: number): string | undefined {
  return count === 0 ? undefined : counted(count, 'schedule')
}

/** Returns for example "1 connection" or "1,200 connections". */
export function counted(count: number, noun: string): string {
  // A list says this of every row, and `toLocaleString` makes a formatter each time.
  const digits = count < 1000 ? String(count) : numbers.format(count)
  return `${digits} ${noun}${count === 1 ? '' : 's'}`
}

const numbers = new Intl.NumberFormat('en')
