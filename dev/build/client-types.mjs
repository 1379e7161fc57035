// Types of the client, made of the schemas of the OpenAPI document.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../bootstrap.mjs';

/** @typedef {Record<string, any>} Schema */

export const TYPES_PATH = join(ROOT, 'client/src/schemas.ts');

const HEADER = '// Made by dev/build/client-types.mjs of the schemas in src/api/openapi. Do not edit.\n';

/** Schemas of OpenAI's API, which has clients of its own. */
const OF_OPENAI = /^(Completion|Model|OpenAi)/;

/**
 * The module of types for the schemas of a document.
 * @param {Record<string, Schema>} schemas
 */
export function clientTypes(schemas) {
  const { Problem: { properties: { code } } } = schemas;
  const types = sorted({ ...schemas, Problem: problemSchema(code.enum.toSorted()) }).filter(([name]) => !OF_OPENAI.test(name)).map(([name, schema]) => {
    const about = schema.description ? `/** ${schema.description} */\n` : '';
    return `${about}export type ${name} = ${typeOf(schema, '')};\n`;
  });
  return [HEADER, ...types].join('\n');
}

/** Entries by their keys: the Worker sorts them. @param {Record<string, Schema>} entries */
function sorted(entries) {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The schemas that the Worker would serve, read from the sources. @returns {Record<string, Schema>} */
export function schemasOfSources() {
  const read = (/** @type {string} */ path) => readFileSync(join(ROOT, path), 'utf8');
  const codes = [...read('src/error.rs').matchAll(/\("([a-z_]+)", \d{3}, "/g)].map(([, code]) => code);
  return { ...JSON.parse(read('src/api/openapi/schemas.json')), Problem: problemSchema(codes) };
}

/** @param {string[]} codes @returns {Schema} */
function problemSchema(codes) {
  const text = { type: 'string' };
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code'],
    properties: { type: { const: 'about:blank' }, title: text, status: { type: 'integer' }, detail: text, code: { enum: codes }, field: text },
  };
}

/** @param {Schema} schema @param {string} indent @returns {string} */
function typeOf(schema, indent) {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if ('const' in schema) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  // Beside a type, the alternatives only say which fields come together.
  if (schema.anyOf && !schema.type) return schema.anyOf.map((/** @type {Schema} */ one) => typeOf(one, indent)).join(' | ');
  if (schema.type === undefined) return 'unknown';
  return [schema.type].flat().map((type) => typeNamed(type, schema, indent)).join(' | ');
}

/** @param {string} type @param {Schema} schema @param {string} indent @returns {string} */
function typeNamed(type, schema, indent) {
  if (type === 'integer') return 'number';
  if (type === 'array') return `Array<${typeOf(schema.items ?? {}, indent)}>`;
  if (type !== 'object') return type;
  if (schema.properties) return objectType(schema, indent);
  const values = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
  return `Record<string, ${typeOf(values, indent)}>`;
}

/** @param {Schema} schema @param {string} indent */
function objectType({ properties, required = [] }, indent) {
  const inner = `${indent}  `;
  const fields = sorted(properties).map(([name, schema]) => {
    const about = schema.description ? `${inner}/** ${schema.description} */\n` : '';
    return `${about}${inner}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)};\n`;
  });
  return `{\n${fields.join('')}${indent}}`;
}

/** @param {unknown} value */
function literal(value) {
  return typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : JSON.stringify(value);
}

if (process.argv[1] === import.meta.filename) writeFileSync(TYPES_PATH, clientTypes(schemasOfSources()));
