/** How far long work is. Without `maximum` the bar only says that it is going on; the words always say how far. */
export function Progress(props: { label: string; words: string; value?: number; maximum?: number }) {
  const known = props.maximum !== undefined && props.maximum > 0 && props.value !== undefined
  return (
    <div class="progress">
      <progress aria-label={props.label} {...(known ? { value: props.value, max: props.maximum } : {})} />
      <p role="status">{props.words}</p>
    </div>
  )
}
