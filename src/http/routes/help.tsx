import { DiagnosesPage, DiagnosisPage } from '../../../views/help/diagnosis.tsx'
import { NotFound } from '../../access/refusals.ts'
import { diagnosisHelp, failureCodes } from '../../connector/diagnosis-help.ts'
import { anyone, Routes } from '../routing.ts'

/** The pages that explain. They say nothing about this installation, so they are for anyone. */
export function helpRoutes(): Routes {
  const routes = new Routes()

  routes.get('/help/diagnosis', anyone, (c) => {
    const codes = failureCodes.flatMap((code) => diagnosisHelp(code) ?? [])
    return c.render(<DiagnosesPage codes={codes} />)
  })

  routes.get('/help/diagnosis/:code', anyone, (c) => {
    const help = diagnosisHelp(c.req.param('code') ?? '')
    if (help === undefined) throw new NotFound()
    return c.render(<DiagnosisPage help={help} />)
  })

  return routes
}
