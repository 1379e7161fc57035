import { getToolName } from 'ai';
import { fieldsOf, type CallPart } from './calls.ts';

/** A table that a tool made. */
export interface MadeFile {
  id: string;
  name: string;
  rows: number | undefined;
  format: string | undefined;
}

/** What a call made, if it is a file. */
export function fileOf(part: CallPart): MadeFile | undefined {
  if (part.state !== 'output-available' || getToolName(part) !== 'sheet_export') return undefined;
  const { id, name, rows, format } = fieldsOf(fieldsOf(part.output)['file']);
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  return { id, name, rows: typeof rows === 'number' ? rows : undefined, format: typeof format === 'string' ? format : undefined };
}
