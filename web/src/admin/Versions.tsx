import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { describeError } from '../api/errors.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { useAdminApi } from './AdminContext.ts';
import type { AdminEmployee, EmployeeVersion, Profile } from './adminApi.ts';
import { lineDiff } from './lineDiff.ts';
import { QueryNote, Time } from './parts.tsx';
import { FIELDS, spell } from './profileFields.ts';

interface Props {
  employee: AdminEmployee;
  onRolledBack: () => void;
}

/** Versions of a profile: each compared with the one before or with the current one, and rolled back to. */
export function Versions({ employee, onRolledBack }: Props) {
  const api = useAdminApi();
  const { slug, version: current } = employee;
  const versions = useQuery({ queryKey: ['versions', slug], queryFn: () => api.versions(slug) });
  const [opened, setOpened] = useState<number>();
  const list = versions.data ?? [];
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      <QueryNote query={versions} />
      <ol className="versions" data-testid="versions">
        {list.map((version, index) => (
          <li key={version.version}>
            <button type="button" className="version-button" aria-expanded={opened === version.version}
              onClick={() => setOpened(opened === version.version ? undefined : version.version)}>
              <strong>Version {version.version}</strong>
              {version.version === current && <span className="tag">current</span>}
              <span className="muted">{version.author_email ?? 'by SQL'} · <Time at={version.created_at} /></span>
            </button>
            {opened === version.version && (
              <VersionDetails slug={slug} version={version} before={list[index + 1]?.profile} current={employee}
                isCurrent={version.version === current} onRolledBack={onRolledBack} />
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

interface DetailsProps {
  slug: string;
  version: EmployeeVersion;
  before: Profile | undefined;
  current: Profile;
  isCurrent: boolean;
  onRolledBack: () => void;
}

function VersionDetails({ slug, version, before, current, isCurrent, onRolledBack }: DetailsProps) {
  const api = useAdminApi();
  const [base, setBase] = useState<'before' | 'current'>('before');
  const [isConfirming, setIsConfirming] = useState(false);
  const [failure, setFailure] = useState<unknown>();

  async function rollBack() {
    setFailure(undefined);
    try {
      await api.rollBack(slug, version.version);
      setIsConfirming(false);
      onRolledBack();
    } catch (error) {
      setFailure(error);
    }
  }

  return (
    <div className="version-details">
      <div className="choices" role="group" aria-label="Compared with">
        <label><input type="radio" checked={base === 'before'} onChange={() => setBase('before')} /> The version before</label>
        {!isCurrent && <label><input type="radio" checked={base === 'current'} onChange={() => setBase('current')} /> The current version</label>}
      </div>
      {base === 'before' ? <ProfileDiff from={before} to={version.profile} /> : <ProfileDiff from={current} to={version.profile} />}
      {failure !== undefined && <ErrorNote text={describeError(failure)} />}
      {!isCurrent && !isConfirming && <button type="button" className="button small" onClick={() => setIsConfirming(true)}>Roll back to version {version.version}</button>}
      {isConfirming && (
        <p role="group" aria-label={`Roll back to version ${version.version}?`}>
          A new version like this one answers from now on.{' '}
          <button type="button" className="button small primary" autoFocus onClick={() => void rollBack()}>Roll back</button>{' '}
          <button type="button" className="button small" onClick={() => setIsConfirming(false)}>Cancel</button>
        </p>
      )}
    </div>
  );
}

/** Fields that differ between two profiles, line by line. */
function ProfileDiff({ from, to }: { from: Profile | undefined; to: Profile }) {
  const fields = FIELDS.flatMap(({ name, label }) => {
    if (name === 'is_active') return [];
    const [before, after] = [from ? spell(from[name]) : '', spell(to[name])];
    return before === after ? [] : [{ label, lines: lineDiff(before, after) }];
  });
  if (fields.length === 0) return <p className="muted">Nothing differs.</p>;
  return fields.map(({ label, lines }) => (
    <div key={label} className="diff">
      <h3>{label}</h3>
      <div className="diff-lines" tabIndex={0} role="region" aria-label={`Changes of ${label}`}>
        {lines.map(({ kind, text }, index) => {
          if (kind === 'same') return <div key={index}>{text || ' '}</div>;
          return kind === 'added' ? <ins key={index}>{text || ' '}</ins> : <del key={index}>{text || ' '}</del>;
        })}
      </div>
    </div>
  ));
}
