import { system } from '../access/actor.ts'
import type { Feature } from '../access/features.ts'
import { organizationId, withAccounts } from './accounts.ts'
import { type Command, type Invocation, NothingFound, type Status, status } from './command.ts'

const features: readonly Feature[] = ['stored_credentials']
const options = { organization: { type: 'string' } } as const

/** `keyward feature …`: what an organization may use (product.md §2.9). */
export const featureCommands: readonly Command[] = [
  {
    name: 'feature on',
    summary: 'Switch a feature on for an organization',
    usage: 'FEATURE [--organization NAME]',
    options,
    words: ['FEATURE'],
    run: (invocation) => change(invocation, true),
  },
  {
    name: 'feature off',
    summary: 'Switch a feature off; nothing is deleted',
    usage: 'FEATURE [--organization NAME]',
    options,
    words: ['FEATURE'],
    run: (invocation) => change(invocation, false),
  },
  {
    name: 'feature list',
    summary: 'Show which features are on',
    usage: '[--organization NAME]',
    options,
    run: list,
  },
]

function change(invocation: Invocation, enabled: boolean): Promise<Status> {
  const feature = features.find((one) => one === invocation.word(0))
  if (feature === undefined) {
    throw new NothingFound(`There is no feature called "${invocation.word(0)}". There is: ${features.join(', ')}.`)
  }
  return withAccounts(invocation, async (accounts) => {
    const of = await organizationId(accounts, invocation.text('organization'))
    await accounts.features.change(system, of, feature, enabled)
    invocation.answer([`${feature} is ${enabled ? 'on' : 'off'}.`], { feature, enabled })
    return status.done
  })
}

function list(invocation: Invocation): Promise<Status> {
  return withAccounts(invocation, async (accounts) => {
    const of = await organizationId(accounts, invocation.text('organization'))
    const settings = await Promise.all(features.map((feature) => accounts.features.show(system, of, feature)))
    const lines = settings.map(({ feature, enabled, decided, exceptions }) => {
      const how = decided ? '' : ', as is the default'
      const others = exceptions.length === 0 ? '' : `, ${exceptions.length} users have exceptions`
      return `${feature} is ${enabled ? 'on' : 'off'}${how}${others}`
    })
    invocation.answer(lines, { features: settings })
    return status.done
  })
}
