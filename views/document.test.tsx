import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { Document, type DocumentProps } from './document.tsx'
import { Title } from './ui/title.tsx'

const administrator = { name: 'Ada', email: 'ada@example.com', role: 'administrator' } as const
const props: DocumentProps = {
  actor: administrator,
  features: { storedCredentials: true },
  unread: 0,
  search: null,
  section: 'connections',
  assets: { url: (name) => `/assets/${name}` },
  insecure: false,
  flash: null,
}

describe('Document', () => {
  test('around a view with a title, has it once, in the head', () => {
    const page = rendered(props)
    expect([...page.querySelectorAll('title')].map((title) => title.textContent)).toEqual(['Sales & more · Keyward'])
    expect(page.querySelector('head title')).not.toBeNull()
  })

  test('has one main, a skip link to it, and marks the section it is in', () => {
    const page = rendered(props)
    expect(page.querySelectorAll('main#main').length).toBe(1)
    expect(page.querySelector('body a')?.getAttribute('href')).toBe('#main')
    const current = [...page.querySelectorAll('.main-navigation [aria-current="page"]')]
    expect(current.map((link) => link.textContent)).toEqual(['Data connections'])
  })

  test('with stored credentials off, does not mention them', () => {
    expect(words(props, '.top-bar')).toContain('Credentials management')
    expect(words({ ...props, features: { storedCredentials: false } }, 'body')).not.toContain('Credentials')
  })

  test('for a member, leaves out what administrators have', () => {
    expect(words(props, '.user-menu')).toContain('Feature access')
    expect(words({ ...props, actor: { ...administrator, role: 'member' } }, '.user-menu')).not.toContain(
      'Feature access',
    )
  })

  test('signed out, has neither navigation nor menu', () => {
    const page = rendered({ ...props, actor: null })
    expect(page.querySelectorAll('nav, details, form, template').length).toBe(0)
  })

  test('signed in, signs out by a form that loads a page of its own', () => {
    const form = rendered(props).querySelector('.user-menu form')
    expect(form?.getAttribute('method')).toBe('post')
    expect(form?.getAttribute('action')).toBe('/logout')
    expect(form?.getAttribute('hx-boost')).toBe('false')
  })

  test('on an unencrypted connection, says so', () => {
    expect(words(props, 'body')).not.toContain('not encrypted')
    expect(words({ ...props, insecure: true }, 'body')).toContain('This connection is not encrypted.')
  })

  test('with a message, shows it in #flash; what went wrong as an alert', () => {
    const page = rendered({ ...props, flash: { tone: 'danger', text: 'Not saved.' } })
    expect(page.querySelector('#flash [role="alert"]')?.textContent).toBe('Not saved.')
    expect(rendered(props).querySelector('#flash')?.textContent).toBe('')
  })

  test('has nothing that the content security policy forbids, and switches off the styles of htmx', () => {
    const page = rendered({ ...props, insecure: true })
    expect(page.querySelectorAll('style, script:not([src])').length).toBe(0)
    for (const element of page.querySelectorAll('*')) {
      const names = [...element.attributes].map((attribute) => attribute.name)
      expect(names.filter((name) => name === 'style' || /^(on|hx-on)/.test(name))).toEqual([])
    }
    const config = JSON.parse(page.querySelector('meta[name="htmx-config"]')?.getAttribute('content') ?? '{}')
    expect(config).toMatchObject({ includeIndicatorCSS: false, mode: 'same-origin' })
  })
})

function rendered(document: DocumentProps) {
  const html = String(
    <Document {...document}>
      <Title>{'Sales & more'}</Title>
      <h1>Sales</h1>
    </Document>,
  )
  return parseHTML(`<!doctype html>${html}`).document
}

function words(document: DocumentProps, selector: string): string {
  return rendered(document).querySelector(selector)?.textContent ?? ''
}
