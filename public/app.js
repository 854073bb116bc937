// Makes the pages faster to use; every page works without it. htmx does the requests, this does the keyboard,
// the focus after a swap, and the parts of the document that lie outside <main>.

const on = (type, listener) => document.addEventListener(type, listener)
const find = (selector) => document.querySelector(selector)
const isField = (element) =>
  element?.matches('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]')

// --- Requests -------------------------------------------------------------------------------------------------------

const busy = new Map()

on('htmx:config:request', (event) => {
  // A second press of a button does not post again.
  const { sourceElement, sourceEvent, request } = event.detail.ctx
  if (request.method !== 'GET' && busy.has(sourceElement)) event.preventDefault()
  // Searching while typing leads away from a page only where nothing was typed into it.
  if (isSiteSearch(sourceElement) && sourceEvent?.type === 'input' && isTyped()) event.preventDefault()
})
on('htmx:before:request', ({ detail: { ctx } }) => {
  if (!isBoosted(ctx)) return
  const pressed = ctx.request.submitter ?? ctx.sourceElement
  busy.set(ctx.sourceElement, pressed)
  pressed.setAttribute('aria-busy', 'true')
})
on('htmx:finally:request', ({ detail: { ctx } }) => {
  for (const element of [ctx.request.form, ctx.request.submitter, ctx.sourceElement]) {
    busy.get(element)?.removeAttribute('aria-busy')
    busy.delete(element)
  }
})

// Nothing came back: the page stays as it is, with what was typed, and says so.
on('htmx:error', ({ detail: { ctx } }) => {
  const unanswered = find('#unanswered-template')
  if (!unanswered || !ctx || !isBoosted(ctx)) return
  find('#flash').replaceChildren(unanswered.content.cloneNode(true))
  scrollTo(0, 0)
})

on('htmx:before:history:update', (event) => {
  const { history, response, sourceElement } = event.detail
  if (isSiteSearch(sourceElement) && location.pathname === searchPath()) history.type = 'replace'
  // A message that was put beside a form did not lead anywhere.
  if (response?.headers.has('HX-Retarget')) event.preventDefault()
  // Browsers do not add an entry for the page that is already open.
  if (history.path === location.pathname + location.search) history.type = 'replace'
})

function isSiteSearch(element) {
  return element !== undefined && element === find('#site-search')?.form
}

function searchPath() {
  return find('#site-search')?.form.getAttribute('action')
}

function isTyped() {
  const fields = [...document.querySelectorAll('main form[method=post] :is(input, textarea)')]
  return fields.some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked)
}

// --- After a swap ---------------------------------------------------------------------------------------------------

let place = location.pathname

on('htmx:before:swap', ({ detail: { ctx, tasks } }) => {
  // Parsed out of a response, what is meant for browsers without JavaScript would take effect: a reload, for example.
  for (const { fragment } of tasks) for (const one of fragment?.querySelectorAll('noscript') ?? []) one.remove()
  if (isNavigation(ctx) && !tasks.some((task) => task.target?.id === 'flash')) find('#flash').replaceChildren()
})
on('htmx:after:swap', ({ detail: { ctx } }) => {
  markSection()
  if (ctx.hx?.retarget) scrollTo(0, 0)
  if (!isNavigation(ctx)) return
  const moved = place !== location.pathname
  place = location.pathname
  find('#user-menu')?.removeAttribute('open')
  keepSelection()
  showSearch()
  if (document.activeElement?.type === 'search') return
  // Morphing keeps what was typed; what counts is what the server sent, above all for secrets.
  for (const form of document.querySelectorAll('main form:not([data-selection])')) form.reset()
  if (moved || find('#flash p')) scrollTo(0, 0)
  if (find('#error-summary')) return focus(find('#error-summary'))
  const lost = !find('main').contains(document.activeElement)
  if (moved || lost) focus(find('main [autofocus]') ?? find('main h1') ?? find('main'))
})

function isBoosted(ctx) {
  return ctx.request?.headers?.['HX-Boosted'] === 'true'
}

function isNavigation(ctx) {
  return isBoosted(ctx) ? ctx.target?.id === 'main' : ctx.target === document.body
}

function markSection() {
  for (const link of document.querySelectorAll('.main-navigation a')) {
    const current = `${location.pathname}/`.startsWith(`${link.pathname}/`)
    current ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current')
  }
}

/** The top bar stays: its box says what the page of the search looks for, and nothing elsewhere. */
function showSearch() {
  const box = find('#site-search')
  if (!box || document.activeElement === box) return
  box.value = location.pathname === searchPath() ? (new URLSearchParams(location.search).get('q') ?? '') : ''
}

function focus(element) {
  element?.focus()
}

// --- What is selected in a list ---------------------------------------------------------------------------------------

// What was checked stays so while other pages of the list, or one of its rows, are looked at.
const selected = new Set()
const boxesOf = (form) => form.querySelectorAll('[type=checkbox][name=id]')

on('change', ({ target }) => {
  const form = target.closest('[data-selection]')
  if (!form || target.name !== 'id') return
  selected[target.checked ? 'add' : 'delete'](target.value)
  saySelection(form)
})
on('reset', ({ target }) => {
  if (!target.matches('[data-selection]')) return
  selected.clear()
  for (const box of boxesOf(target)) box.defaultChecked = false
  saySelection(target)
})

function keepSelection() {
  const form = find('[data-selection]')
  if (!form && !isAside()) selected.clear()
  if (!form) return
  for (const box of boxesOf(form)) {
    if (box.defaultChecked) selected.add(box.value)
    box.checked = selected.has(box.value)
  }
  saySelection(form)
}

/** One account, or the question whether to do something to all that are selected. */
function isAside() {
  const [, id] = /^\/credentials\/([^/]+)/.exec(location.pathname) ?? []
  return /^[\da-f]+-/.test(id) || (id === 'bulk' && find('main [data-cancel]') !== null)
}

/** Says how many there are, and adds to the form those that have no box on this page. */
function saySelection(form) {
  const here = new Set([...boxesOf(form)].map((box) => box.value))
  const elsewhere = [...selected].filter((id) => !here.has(id))
  for (const input of form.querySelectorAll('[type=hidden][name=id]')) input.remove()
  for (const value of elsewhere)
    form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'id', value }))
  const others = elsewhere.length === 0 ? '' : `, ${elsewhere.length} of them not on this page`
  form.querySelector('[data-selected]').textContent = selected.size === 0 ? '' : `${selected.size} selected${others}.`
}

// --- Keyboard -------------------------------------------------------------------------------------------------------

let prefix = ''

on('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  if (find('dialog[open]')) return
  if (event.key === 'Escape') return leave(event.target)
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') return moveInPanel(event)
  if (isField(event.target) || localStorage.getItem('shortcuts') === 'off') return
  follow(event)
})

function follow(event) {
  const checkbox = event.key === ' ' && event.target.closest('[data-panel] a')?.parentElement.querySelector('input')
  if (checkbox) return press(event, checkbox)
  const keys = prefix + event.key
  prefix = event.key === 'g' ? 'g ' : ''
  const named = { '?': '[data-shortcuts]', 'g s': '#site-search' }[keys]
  const target = named ? find(named) : visible(`[data-shortcut="${CSS.escape(keys)}"]`)
  if (!target) return
  if (!isField(target)) return press(event, target)
  event.preventDefault()
  target.select()
}

function press(event, element) {
  event.preventDefault()
  element.click()
}

/** What the page itself has goes before what every page has. */
function visible(selector) {
  const found = [...document.querySelectorAll(`main ${selector}`), ...document.querySelectorAll(selector)]
  return found.find((element) => element.checkVisibility?.() ?? true)
}

function leave(from) {
  if (from.id === 'site-search') return focus(find('main h1'))
  const menu = find('#user-menu[open]')
  if (!menu) return find('main [data-cancel]')?.click()
  menu.removeAttribute('open')
  menu.querySelector('summary').focus()
}

function moveInPanel(event) {
  const list = find('[data-panel]')
  const rows = [...(list?.querySelectorAll('a') ?? [])]
  const inSearch = event.target.type === 'search'
  const box = list?.id === 'found' ? find('#site-search') : null
  if (event.target.id === 'site-search' && !box) return
  if (isField(event.target) && !inSearch) return
  if (!inSearch && !list?.contains(event.target)) return
  const step = event.key === 'ArrowDown' ? 1 : -1
  // Of a row's checkbox, the row is where it is.
  const here = inSearch ? -1 : rows.indexOf(event.target.closest('li')?.querySelector('a'))
  const row = rows[here + step] ?? (here === 0 ? box : null)
  if (!row) return
  event.preventDefault()
  row.focus()
}

// --- The user menu and the list of keys -----------------------------------------------------------------------------

on('click', (event) => {
  const menu = find('#user-menu[open]')
  if (menu && !menu.contains(event.target)) menu.removeAttribute('open')
  if (event.target.closest?.('[data-shortcuts]')) showShortcuts()
})

function showShortcuts() {
  const dialog = find('#shortcuts-template').content.firstElementChild.cloneNode(true)
  const checkbox = dialog.querySelector('#shortcuts-on')
  checkbox.checked = localStorage.getItem('shortcuts') !== 'off'
  checkbox.onchange = () => localStorage.setItem('shortcuts', checkbox.checked ? 'on' : 'off')
  dialog.onclose = () => dialog.remove()
  document.body.append(dialog)
  dialog.showModal()
}

function enhance() {
  for (const button of document.querySelectorAll('[data-shortcuts]')) button.hidden = false
  for (const input of document.querySelectorAll('[data-own-zone]')) suggestZone(input)
}

// The time zone of whoever sets a schedule is the likeliest one; only the browser knows it.
function suggestZone(input) {
  delete input.dataset.ownZone
  // Its default, as resetting the form after a swap must keep it and it is nothing that somebody typed.
  input.defaultValue = Intl.DateTimeFormat().resolvedOptions().timeZone || input.value
  input.value = input.defaultValue
}

on('htmx:after:settle', enhance)
enhance()

for (const box of document.querySelectorAll('[data-selection] [name=id]:checked')) selected.add(box.value)
keepSelection()
