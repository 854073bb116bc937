/** The SQL of the sample shop: four related tables with 50,200 rows, the same at every place that makes them. */
export const sampleTables = `
  create schema shop;

  create table shop.customers (
    id integer primary key,
    name text not null,
    city text not null,
    since date not null,
    newsletter boolean not null
  );
  insert into shop.customers
  select n,
    (array['Ada','Blaise','Clara','Dmitri','Emmy','Fatima','Grace','Hedy','Ines','Jun'])[1 + n % 10] || ' ' ||
      (array['Archer','Brandt','Costa','Dubois','Eriksen','Fischer','Garcia','Haddad','Ito','Jansen','Kowalski'])[1 + n % 11],
    (array['Amsterdam','Berlin','Cádiz','Dublin','Évora','Firenze','Gdańsk'])[1 + n % 7],
    date '2019-01-01' + (n * 37) % 2500,
    n % 3 = 0
  from generate_series(1, 2000) as n;

  create table shop.products (
    id integer primary key,
    name text not null,
    category text not null,
    price numeric(8, 2) not null
  );
  insert into shop.products
  select n,
    (array['Oak','Steel','Linen','Glass','Cork'])[1 + n % 5] || ' ' || (array['lamp','chair','bowl','shelf','clock','vase','tray','stool'])[1 + n % 8] || ' ' || n,
    (array['Lighting','Furniture','Kitchen','Storage'])[1 + n % 4],
    round((5 + (n * 7919) % 40000 / 100.0)::numeric, 2)
  from generate_series(1, 200) as n;

  create table shop.orders (
    id integer primary key,
    customer_id integer not null references shop.customers (id),
    ordered_at timestamptz not null,
    status text not null,
    note text
  );
  insert into shop.orders
  select n,
    1 + (n * 7919) % 2000,
    timestamptz '2024-01-01 08:00+00' + n * interval '53 minutes',
    (array['delivered','delivered','delivered','shipped','returned','open'])[1 + n % 6],
    case when n % 9 = 0 then 'Leave it at the "back door", then ring' end
  from generate_series(1, 15000) as n;

  create table shop.order_lines (
    order_id integer not null references shop.orders (id),
    line integer not null,
    product_id integer not null references shop.products (id),
    quantity integer not null,
    unit_price numeric(8, 2) not null,
    primary key (order_id, line)
  );
  insert into shop.order_lines
  select (n - 1) % 15000 + 1, (n - 1) / 15000 + 1, 1 + (n * 7919) % 200, 1 + n % 5, 0
  from generate_series(1, 33000) as n;
  update shop.order_lines set unit_price = products.price from shop.products where products.id = product_id;

  create view shop.revenue_by_month as
  select date_trunc('month', ordered_at)::date as month, count(distinct orders.id) as orders, sum(quantity * unit_price) as revenue
  from shop.orders join shop.order_lines on order_id = orders.id
  where status <> 'returned'
  group by 1;
`
