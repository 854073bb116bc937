import type { CredentialType } from '../credential-type.ts'

/** A connection string of Azure Storage. */
export const azure: CredentialType = {
  id: 'azure',
  label: 'Azure connection string',
  summary: 'The connection string of a storage account, with its key or a shared access signature',
  usernameField: null,
  fields: [
    {
      id: 'azureConnectionString',
      label: 'Connection string',
      hint: 'DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…',
      kind: 'text',
      secret: true,
      required: true,
      maximumLength: 8_192,
    },
  ],
  check(text) {
    const error = problemOf(text('azureConnectionString') ?? '')
    return error === undefined ? {} : { azureConnectionString: error }
  },
}

function problemOf(text: string): string | undefined {
  const parts = text.split(';').filter((part) => part.trim() !== '')
  const names = parts.map((part) => /^\s*([A-Za-z]+)=./s.exec(part)?.[1]?.toLowerCase())
  if (names.includes(undefined)) {
    return 'This is not a connection string. Copy it whole from "Access keys" of the storage account.'
  }
  if (names.includes('accountkey') || names.includes('sharedaccesssignature')) return undefined
  return 'This connection string has neither AccountKey nor SharedAccessSignature. Copy one that has.'
}
