import { getToolName } from 'ai';
import { objectFields, type ToolCallPart } from './toolCalls.ts';

/** A table that `sheet_export` made. */
export interface ExportedFile {
  id: string;
  name: string;
  rows: number | undefined;
  format: string | undefined;
}

/** Reads the file from the output of an export; undefined for any other call. */
export function exportedFile(part: ToolCallPart): ExportedFile | undefined {
  if (part.state !== 'output-available' || getToolName(part) !== 'sheet_export') return undefined;
  const { id, name, rows, format } = objectFields(objectFields(part.output)['file']);
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  return { id, name, rows: typeof rows === 'number' ? rows : undefined, format: typeof format === 'string' ? format : undefined };
}
