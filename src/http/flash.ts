import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { FlashMessage } from '../../views/ui/flash.tsx'
import type { AssociateOutcome } from '../credentials/associations.ts'
import type { Proof } from '../sign-ins/save-and-sign-in.ts'
import type { AppContext } from './app-context.ts'
import { cookieName, cookieOptions } from './cookies.ts'

/**
 * Everything that can be said after a redirect. The cookie carries only the key, so nothing typed and nothing secret can
 * get into it. One line per message.
 */
const messages = {
  'credentials-saved': ['success', 'Saved. Nothing was proven: no data connection yet.'],
  'credentials-unproven': ['success', 'Saved without signing in. Nothing was proven.'],
  'credentials-still-paused': [
    'warning',
    'Saved without signing in. These credentials stay paused until one sign-in with them works: test a connection below.',
  ],
  'credentials-resumed': [
    'success',
    'These credentials were paused, and this sign-in ended that. What was missed is listed on their page.',
  ],
  'maintenance-set': ['success', 'Maintenance window saved.'],
  'maintenance-ended': ['success', 'Maintenance window ended. What was missed is made up for now.'],
  'maintenance-none': ['neutral', 'There is no maintenance window any more.'],
  'credentials-proven': ['success', 'Saved. The sign-in worked.'],
  'credentials-renamed': ['success', 'Saved.'],
  'credentials-restored': [
    'success',
    'Restored, as a new version. Nothing was proven: test a connection to be sure that it still works.',
  ],
  'version-gone': [
    'neutral',
    'Nothing was changed: a version can be restored for 30 days after it was replaced, and that one cannot.',
  ],
  'credentials-shared': [
    'success',
    'Shared. They can use these credentials where you associated them, and see nothing of them.',
  ],
  'credentials-unshared': ['success', 'Removed. From now on each use of theirs is refused.'],
  'credentials-given-back': ['success', 'Given back. You can no longer use these credentials.'],
  'expiry-set': ['success', 'Expiry saved.'],
  'expiry-learned': ['success', 'The expiry is now what the data stores say.'],
  'edit-applied': ['success', 'Applied. Every associated connection uses the new version from now on.'],
  'edit-split': [
    'success',
    'Split. What the new version did not open keeps the old one under a new account; everything else uses the new one.',
  ],
  'edit-discarded': ['success', 'Discarded. What was typed is erased, and nothing was changed.'],
  'credentials-deleted': ['success', 'Credentials deleted. Nothing can sign in with them any more.'],
  'credentials-kept': ['success', 'Association removed. The credentials are kept without connections.'],
  'association-added': ['success', 'Connected. These credentials can now be used on this data connection.'],
  'association-there': ['neutral', 'These credentials are associated with that data connection already.'],
  'association-moved': [
    'warning',
    'Nothing was connected: the destination of that data connection changed meanwhile. Check it, then connect again.',
  ],
  'association-proven': ['success', 'Connected. The sign-in worked.'],
  'association-removed': ['success', 'Association removed.'],
  'association-default': ['success', 'This account is now the default of the data connection.'],
  'destination-confirmed': ['success', 'Destination confirmed. The credentials can be used there again.'],
  'connection-added': ['success', 'Data connection added.'],
  'connection-added-with-account': [
    'success',
    'Data connection added, and its credentials stored. Nothing was proven: test the connection to see whether they work.',
  ],
  'connection-added-without-account': [
    'warning',
    'Data connection added. The account was not stored, because its name was taken meanwhile. Add credentials to store it.',
  ],
  'connection-saved': ['success', 'Data connection saved.'],
  'connection-destination-changed': [
    'warning',
    'Data connection saved. Its destination changed, so each associated account stops until its owner confirms it.',
  ],
  'connection-deleted': ['success', 'Data connection deleted.'],
  'connection-shared': ['success', 'Shared. They use this data connection with credentials of their own.'],
  'connection-role-changed': ['success', 'Role changed.'],
  'connection-unshared': [
    'success',
    'Removed. They can no longer see this data connection, nor use their credentials on it.',
  ],
  'connection-left': ['success', 'You left the data connection.'],
  'health-on': ['success', 'Health checks saved. The first sign-in is due now.'],
  'health-off': ['success', 'Health checks are off.'],
  'dataset-started': ['success', 'Snapshot started.'],
  'dataset-cancelled': ['success', 'Snapshot cancelled. Nothing of it was kept.'],
  'analysis-cancelled': ['neutral', 'Cancelled.'],
  'schedule-saved': ['success', 'Schedule saved.'],
  'schedule-beside': ['success', 'Schedule saved, and a first snapshot started. This is the dataset that holds them.'],
  'schedule-paused': ['success', 'Schedule paused.'],
  'schedule-resumed': ['success', 'Schedule resumed.'],
  'schedule-run': ['success', 'A run was started.'],
  'schedule-deleted': ['success', 'Schedule deleted. The versions stay.'],
  'storage-limit': ['success', 'Limit saved.'],
  'datasets-started': ['success', 'Snapshots started.'],
  'datasets-cancelled': ['success', 'Cancelled. What had been completed is kept.'],
  'dataset-dynamic': ['success', 'Added as dynamic. Its rows are read from where they are each time you look.'],
  'dataset-saved': ['success', 'Dataset saved.'],
  'dataset-shared': ['success', 'Shared. They see the data, and nothing of your accounts.'],
  'dataset-role-changed': ['success', 'Role changed.'],
  'dataset-unshared': ['success', 'Removed. They no longer see this dataset.'],
  'dataset-left': ['success', 'You left the dataset.'],
  'version-deleted': ['success', 'Version deleted, with its data.'],
  'version-running': ['warning', 'Nothing was deleted: this version is still being made. Cancel it first.'],
  'dataset-deleted': ['success', 'Dataset deleted. For 30 days it can be restored from the deleted datasets.'],
  'dataset-restored': ['success', 'Dataset restored, with all of its versions.'],
  'dataset-erased': ['success', 'Dataset deleted for good, with its stored data.'],
  'feature-on': ['success', 'Stored credentials are on.'],
  'feature-off': ['success', 'Stored credentials are off. Nothing was deleted, and nothing stored is used.'],
  'feature-exception': ['success', 'Exception saved.'],
  'notifications-read': ['success', 'Marked as read.'],
  'notifications-chosen': ['success', 'Saved. This applies from the next notification on.'],
  'password-changed': ['success', 'Password changed. All your other sessions are over.'],
  'user-created': ['success', 'User added.'],
  'user-disabled': ['success', 'User disabled. Their sessions are over.'],
  'user-enabled': ['success', 'User enabled.'],
  'signed-out': ['neutral', 'You are signed out.'],
  'session-over': [
    'warning',
    'Your session had ended, so what you just sent was not done and is not kept. Sign in, then do it again.',
  ],
  'setup-done': ['success', 'Keyward is ready.'],
  'setup-done-without-sample': [
    'warning',
    'Keyward is ready, but the sample could not be added. Everything else works; the log says why.',
  ],
} as const satisfies Record<string, readonly [FlashMessage['tone'], string]>

export type FlashKey = keyof typeof messages

/** What is said after "Save and sign in" has saved. */
export const savedFlash: Record<Proof, FlashKey> = {
  'signed in': 'credentials-proven',
  skipped: 'credentials-unproven',
  'still paused': 'credentials-still-paused',
  'nothing to try': 'credentials-saved',
  'nothing to prove': 'credentials-renamed',
}

/** Returns what is said after someone pressed **Connect**. */
export function associatedFlash(outcome: AssociateOutcome): FlashKey {
  if (outcome.ok) return 'association-added'
  return outcome.reason === 'already associated' ? 'association-there' : 'association-moved'
}

/** Shows a message on the next page. */
export function setFlash(c: AppContext, key: FlashKey): void {
  setCookie(c, cookieName(c, 'flash'), key, { ...cookieOptions(c), maxAge: 60 })
}

/** Returns the message left by `setFlash` and forgets it; null where there is none. */
export function takeFlash(c: AppContext): FlashMessage | null {
  const name = cookieName(c, 'flash')
  const key = getCookie(c, name)
  if (key === undefined) return null
  deleteCookie(c, name, cookieOptions(c))
  if (!Object.hasOwn(messages, key)) return null
  const [tone, text] = messages[key as FlashKey]
  return { tone, text }
}
