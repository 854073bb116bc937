/** What a version can be downloaded as; also the end of the file's name. */
export const downloadFormats = ['parquet', 'csv', 'jsonl'] as const
export type DownloadFormat = (typeof downloadFormats)[number]

/**
 * Returns a `Content-Disposition` that saves under the dataset's name (RFC 6266, RFC 5987): what a file name cannot hold
 * on some system becomes `_`.
 */
export function attachment(name: string, version: number, format: DownloadFormat): string {
  const base = name
    .replace(/[\p{Cc}\p{Cf}\p{Cs}/\\:*?"<>|]/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '')
    .slice(0, 80)
  const suffix = `-v${version}.${format}`
  const full = `${base === '' ? 'dataset' : base.toWellFormed()}${suffix}`
  const ascii = base
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/g, '')
    .replace(/["\\%]/g, '_')
  return `attachment; filename="${ascii.trim() === '' ? 'dataset' : ascii}${suffix}"; filename*=UTF-8''${percentEncoded(full)}`
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
