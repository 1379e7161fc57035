import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, useRef, type ReactNode } from 'react';
import { describeError } from '../api/errors.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';

interface PageProps {
  title: string;
  /** Buttons beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page with its title, which gets the focus when the reader comes from another page. */
export function AdminPage({ title, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${title} · Frontdesk administration`;
    heading.current?.focus();
  }, [title]);

  return (
    <main className="admin-main" id="main">
      <header className="admin-title">
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {actions}
      </header>
      {children}
    </main>
  );
}

/** The state of a query that has no data. */
export function QueryNote({ query }: { query: UseQueryResult<unknown> }) {
  if (query.isPending) return <p className="muted loading" role="status">Loading…</p>;
  if (!query.isError) return null;
  return <ErrorNote text={describeError(query.error)} actions={[{ label: 'Try again', run: () => void query.refetch() }]} />;
}

/** A table that scrolls on its own where it is wider than the screen. */
export function TableScroller({ label, children }: { label: string; children: ReactNode }) {
  return <div className="table-scroller admin-table" role="region" tabIndex={0} aria-label={label}>{children}</div>;
}

/** A time as its reader's clock has it. */
export function Time({ at }: { at: string }) {
  return <time dateTime={at}>{new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })}</time>;
}
