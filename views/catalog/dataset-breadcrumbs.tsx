import { paths } from '../../src/paths.ts'
import { Breadcrumbs } from '../ui/breadcrumbs.tsx'

/** Where a page of a dataset is: Catalog, the dataset (unless this is its own page), the page. */
export function DatasetBreadcrumbs(props: { dataset?: { id: string; name: string }; current: string }) {
  const { dataset } = props
  const catalog = { label: 'Catalog', href: paths.catalog() }
  const trail = dataset === undefined ? [catalog] : [catalog, { label: dataset.name, href: paths.dataset(dataset.id) }]
  return <Breadcrumbs trail={trail} current={props.current} />
}
