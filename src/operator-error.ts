/** Something that whoever runs Keyward can mend. The message is a sentence with the next step and holds no secret. */
export class OperatorError extends Error {}
