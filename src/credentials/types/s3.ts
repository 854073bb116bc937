import type { CredentialType } from '../credential-type.ts'

/** An access key of S3, or of a store that speaks its protocol. */
export const s3: CredentialType = {
  id: 's3',
  label: 'S3 access key',
  summary: 'Access key id and secret access key of AWS, or of a store that speaks S3',
  usernameField: 'awsAccessKeyId',
  fields: [
    { id: 'awsAccessKeyId', label: 'Access key id', kind: 'text', secret: false, required: true, maximumLength: 128 },
    {
      id: 'awsSecretAccessKey',
      label: 'Secret access key',
      kind: 'text',
      secret: true,
      required: true,
      maximumLength: 1_024,
    },
    {
      id: 'awsSessionToken',
      label: 'Session token',
      hint: 'Only for temporary keys, which end on their own',
      kind: 'text',
      secret: true,
      required: false,
      maximumLength: 16_384,
    },
  ],
}
