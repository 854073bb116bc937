import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { testCluster } from '../testing/database.ts'
import { clusterUrl } from './embedded/cluster.ts'
import { withClient } from './one-client.ts'
import { scramVerifier } from './scram-verifier.ts'

test('a role made with the verifier of a password, signs in with that password and no other', async () => {
  const { superuserUrl, server } = testCluster()
  const role = `verified_${randomBytes(4).toString('hex')}`
  const password = randomBytes(24).toString('base64url')
  await withClient(superuserUrl, (client) =>
    client.query(`create role ${role} login password '${scramVerifier(password)}'`),
  )
  const url = (text: string) => clusterUrl(server, { user: role, password: text }, 'keyward_none')
  // The server looks at the database only when the password is right.
  await expect(withClient(url(password), async () => {})).rejects.toMatchObject({ code: '3D000' })
  await expect(withClient(url(`${password}x`), async () => {})).rejects.toMatchObject({ code: '28P01' })
})
