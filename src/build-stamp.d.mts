/** See build-stamp.mjs. */
export function buildStamp(root: string): string
