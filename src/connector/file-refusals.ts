import { Refusal } from './diagnosis.ts'
import type { FileFormat } from './file-format.ts'

/** Returns why a file cannot be read, from what DuckDB says. Its words repeat parts of the file, so they go no further. */
export function unreadable(error: unknown, kind: FileFormat['kind']): Refusal {
  const said = error instanceof Error ? error.message : ''
  if (/maximum.?line.?size|maximum_object_size|buffer_size|out of memory/i.test(said)) {
    return new Refusal('read', 'limit.exceeded', {
      sentence:
        'The file has a row that is larger than one may be (16 MB), or needs more memory than one use may take.',
      nextStep: 'Check that it is the right file, and have its largest values left out.',
    })
  }
  if (/has duplicate key/.test(said)) {
    return new Refusal('read', 'protocol.unexpected', {
      sentence: 'A line of the file has two members of one name, of which a dataset could keep one.',
      nextStep: 'Have the file written with each name once a line.',
    })
  }
  if (/unicode|utf-?8/i.test(said)) {
    return new Refusal('read', 'protocol.unexpected', {
      sentence: 'The file has text that is not UTF-8.',
      nextStep: 'Have the file written as UTF-8.',
    })
  }
  return new Refusal('read', 'protocol.unexpected', {
    sentence: `The file cannot be read as ${words[kind]}.`,
    nextStep: 'Check that it is the right file, that it is whole, and that its name ends in what it is.',
  })
}

/** Returns the refusal of a file with more columns than a dataset may have. */
export function tooManyColumns(): Refusal {
  return new Refusal('read', 'limit.exceeded', {
    sentence: 'The file has more than 2,000 columns.',
    nextStep: 'Have it written with fewer columns.',
  })
}

/** Returns the refusal of a Parquet file whose column has numbers that no decimal of a dataset holds. */
export function tooManyDigits(column: string, digits: number): Refusal {
  return new Refusal('read', 'limit.exceeded', {
    sentence: `The column "${column.slice(0, 63).toWellFormed()}" has numbers of ${digits} digits; a dataset holds 38.`,
    nextStep: 'Have the file written with numbers of up to 38 digits, or with text in that column.',
  })
}

const words = { csv: 'CSV', tsv: 'TSV', json: 'JSON', parquet: 'Parquet' } as const
