import type { Action } from '../../src/access/policy.ts'

/** What the ledger names beside the actions: sessions begin before there is anyone to decide about. */
type Recorded = Action | 'session.begin' | 'session.end' | 'session.renew'

/** Every action that the ledger can name, as a person would ask for it: how it ended stands beside it. */
export const actionWords: Readonly<Record<Recorded, string>> = {
  'credential.read': 'Look at credentials',
  'credential.create': 'Store credentials',
  'credential.edit': 'Edit credentials',
  'credential.apply-edit': 'Apply an edit',
  'credential.split-edit': 'Split an edit',
  'credential.discard-edit': 'Discard an edit',
  'credential.delete': 'Delete credentials',
  'credential.associate': 'Associate with a connection',
  'credential.dissociate': 'Remove an association',
  'credential.confirm-destination': 'Confirm a destination',
  'credential.set-default': 'Make default on a connection',
  'credential.use': 'Use credentials',
  'credential.restore': 'Restore an earlier version',
  'credential.erase': 'Erase a replaced version',
  'credential.share': 'Share for use',
  'credential.unshare': 'Stop sharing',
  'credential.give-back': 'Give shared credentials back',
  'credential.set-expiry': 'Set the expiry',
  'credential.remind': 'Remind of the expiry',
  'credential.set-maintenance': 'Change the maintenance window',
  'credential.pause': 'Pause after a refusal',
  'credential.resume': 'End a pause',
  'credential.transfer': 'Transfer to another owner',
  'credential.bulk': 'Change several credentials at once',
  'connection.read': 'Look at a data connection',
  'connection.create': 'Add a data connection',
  'connection.edit': 'Edit a data connection',
  'connection.delete': 'Delete a data connection',
  'connection.use': 'Use a data connection',
  'connection.share': 'Share a data connection',
  'connection.unshare': 'Stop sharing a data connection',
  'connection.leave': 'Leave a data connection',
  'connection.set-health': 'Change health checks',
  'dataset.read': 'Look at a dataset',
  'dataset.create': 'Add a dataset',
  'dataset.refresh': 'Take a snapshot',
  'dataset.cancel': 'Cancel a snapshot',
  'dataset.analyse': 'Profile or compare a dataset',
  'dataset.query': 'Query a dataset',
  'dataset.delete': 'Delete a dataset',
  'feature.read': 'Look at feature access',
  'feature.change': 'Change feature access',
  'egress.read': 'Look at outgoing connections',
  'storage.read': 'Look at what snapshots take',
  'storage.set-limit': 'Set the limit of storage',
  'user.read': 'Look at users',
  'user.create': 'Add a user',
  'user.disable': 'Disable a user',
  'user.enable': 'Enable a user',
  'user.set-password': 'Set the password of a user',
  'user.change-own-password': 'Change the own password',
  'user.choose-notifications': 'Choose what goes by e-mail',
  'organization.create': 'Set up an organization',
  'organization.give-up-delivery': 'Give up a notification',
  'session.begin': 'Sign in to Keyward',
  'session.end': 'Sign out of Keyward',
  'session.renew': 'Confirm the own password',
}

/** Returns an action as people read it: "Make default on a connection". One of another release reads as it is spelt. */
export function actionInWords(action: string): string {
  const words: Readonly<Record<string, string>> = actionWords
  return words[action] ?? action
}
