import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { describeError } from '../api/errors.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { useAdminApi } from './AdminContext.ts';
import type { Price } from './adminApi.ts';
import { AdminPage, QueryNote, TableScroller, Time } from './parts.tsx';

const PRICES = ['prices'];

const FIGURES = [
  { name: 'input_usd', label: 'Read' }, { name: 'cached_input_usd', label: 'Read from the cache' }, { name: 'output_usd', label: 'Written' },
] as const;

/** Prices of models. A new price is a new row: what was used before keeps its cost. */
export function PricesPage() {
  const api = useAdminApi();
  const prices = useQuery({ queryKey: PRICES, queryFn: api.prices });
  const [isAdding, setIsAdding] = useState(false);
  return (
    <AdminPage title="Prices" actions={!isAdding && <button type="button" className="button small" onClick={() => setIsAdding(true)}>New price</button>}>
      <p className="muted">US dollars for a million tokens. A model without a price is not asked where a budget in dollars holds.</p>
      {isAdding && <PriceForm onEnd={() => setIsAdding(false)} />}
      <QueryNote query={prices} />
      {prices.data && <PriceTable prices={prices.data} />}
    </AdminPage>
  );
}

function PriceTable({ prices }: { prices: Price[] }) {
  return (
    <TableScroller label="Prices">
      <table data-testid="prices">
        <thead>
          <tr>
            <th scope="col">Model</th>
            {FIGURES.map(({ name, label }) => <th key={name} scope="col" className="number">{label}</th>)}
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {prices.map((price) => (
            <tr key={`${price.model} ${price.valid_from}`}>
              <th scope="row">{price.model}</th>
              {FIGURES.map(({ name }) => <td key={name} className="number">{dollars(price[name])}</td>)}
              <td><Time at={price.valid_from} />{!price.is_current && <span className="tag">not now</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroller>
  );
}

function PriceForm({ onEnd }: { onEnd: () => void }) {
  const api = useAdminApi();
  const queries = useQueryClient();
  const [failure, setFailure] = useState<unknown>();

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setFailure(undefined);
    const fields = new FormData(event.currentTarget);
    const figures = Object.fromEntries(FIGURES.map(({ name }) => [name, Number(fields.get(name))])) as Record<(typeof FIGURES)[number]['name'], number>;
    try {
      await api.savePrice({ model: String(fields.get('model')).trim(), ...figures });
      await queries.invalidateQueries({ queryKey: PRICES });
      onEnd();
    } catch (error) {
      setFailure(error);
    }
  }

  return (
    <form className="employee-form" onSubmit={(event) => void save(event)}>
      <fieldset>
        <legend>New price, from now on</legend>
        <label className="field"><span>Model</span><input name="model" required maxLength={100} autoFocus /></label>
        {FIGURES.map(({ name, label }) => (
          <label key={name} className="field"><span>{label}</span><input name={name} type="number" min="0" step="any" required /></label>
        ))}
      </fieldset>
      {failure !== undefined && <ErrorNote text={describeError(failure)} />}
      <div className="save-bar">
        <button type="submit" className="button primary">Save the price</button>
        <button type="button" className="button" onClick={onEnd}>Cancel</button>
      </div>
    </form>
  );
}

function dollars(value: number): string {
  return value.toLocaleString('en', { style: 'currency', currency: 'USD', maximumSignificantDigits: 4 });
}
