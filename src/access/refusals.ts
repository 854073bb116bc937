/** What a service throws when it will not do something. HTTP statuses for them are known only to `http/failures`. */
export abstract class Refusal extends Error {}

/** It does not exist, or the actor may not know that it does. */
export class NotFound extends Refusal {
  constructor(message = 'That page does not exist, or you do not have access to it.') {
    super(message)
  }
}

/** The account that was to be used does not exist, is somebody else's, or is not shared with the actor any more. */
export class AccountNotFound extends NotFound {
  constructor() {
    super('That account does not exist, or you may not use it any more, so nothing was sent. Choose another account.')
  }
}

/** The actor may see it but not do this to it. */
export class Forbidden extends Refusal {
  constructor(message = 'You do not have permission to do that. Ask an administrator of your organization.') {
    super(message)
  }
}

/** The actor's role on something shared does not go that far. */
export class RoleTooLow extends Forbidden {
  constructor(what: 'data connection' | 'dataset') {
    super(`Your role on this ${what} does not allow that. Ask one of its owners.`)
  }
}

/** The actor was disabled since they asked for it, for example while a snapshot waited in line. */
export class AccountDisabled extends Forbidden {
  constructor() {
    super('The account that asked for this was disabled, so nothing was done. Ask an administrator to enable it.')
  }
}

/** The organization has the feature switched off for this actor. */
export class FeatureOff extends Forbidden {
  constructor() {
    super('Stored credentials are switched off here. An administrator can switch them on under Feature access.')
  }
}

/** A sealed record does not open: it, its key or what it is bound to was changed outside Keyward. Nothing was done. */
export class Unreadable extends Refusal {
  constructor() {
    super('This credential cannot be opened, so nothing was done. Ask an administrator to run "keyward key verify".')
  }
}

/** Nobody is signed in, or the session is over. */
export class Unauthenticated extends Error {}
