// Chat requests for token counts. Properties are sorted by name, like in Rust's JSON.

const WEATHER = {
  name: 'get_weather',
  description: 'Get the current weather in a given location',
  parameters: {
    type: 'object',
    properties: {
      days: { type: 'integer', enum: [1, 3, 7] },
      location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
      unit: { type: 'string', description: 'The unit of temperature to return.', enum: ['celsius', 'fahrenheit'] },
    },
    required: ['location'],
  },
};

const NESTED = {
  name: 'book',
  parameters: {
    type: 'object',
    properties: {
      flags: { type: 'array', items: { type: 'boolean' } },
      guest: {
        type: 'object',
        description: 'Who comes',
        properties: {
          address: { type: 'object', properties: { city: { type: 'string', description: 'not told' } }, required: ['city'] },
          age: { type: 'number', description: 'not told either' },
          name: { type: 'string' },
        },
        required: ['name'],
      },
      nothing: { type: 'null' },
      rest: { description: 'Of any type' },
      tags: { type: 'array' },
    },
    required: ['guest', 'tags'],
  },
};

const EMPTY = { name: 'ping', description: 'Is anybody there?', parameters: { type: 'object', properties: {} } };

const system = { role: 'system', content: 'You are a helpful assistant that can answer to questions about the weather.' };
const user = { role: 'user', content: 'What’s the weather like in 東京?' };
const call = { role: 'assistant', content: '', function_call: { name: 'get_weather', arguments: '{"location":"Tokyo"}' } };

/** @returns {object[]} */
export function requests() {
  const conversations = [
    [user],
    [system, user],
    [{ ...system, content: `${system.content}\n` }, user],
    [{ ...system, content: '' }, system, user],
    [user, { ...system, name: 'example_user' }, { role: 'assistant', content: 'Sunny.' }, { ...user, name: 'Ada_Lovelace' }],
    [{ ...system, role: 'developer' }, user, call, { role: 'tool', content: '{"celsius":21}' }],
  ];
  const toolsets = [[], [EMPTY], [WEATHER], [NESTED], [WEATHER, EMPTY, NESTED]];
  return conversations.flatMap((messages) => toolsets.map((functions) => ({ messages, functions })));
}
