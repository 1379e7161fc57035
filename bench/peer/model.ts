// The client of an OpenAI-compatible API.

export type Message = { role: 'system' | 'user' | 'assistant'; content: string };
export type Usage = { prompt_tokens: number; completion_tokens: number; total_tokens: number };

type Choice = { delta?: { content?: string }; message?: Message; finish_reason?: string | null };
type Completion = { choices: Choice[]; usage?: Usage | null };

/** The variables that name the API. */
export type ModelEnv = { OPENAI_BASE_URL: string; OPENAI_API_KEY: string };

const NO_USAGE = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

/** Asks the model. `onText` gets text as it comes; a completion that is not streamed comes as one text. */
export async function complete(
  env: ModelEnv, messages: Message[], options: { stream: boolean; onText: (text: string) => void },
): Promise<Usage> {
  const { stream, onText } = options;
  const response = await fetch(`${env.OPENAI_BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${env.OPENAI_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages, stream, ...(stream && { stream_options: { include_usage: true } }) }),
  });
  if (!response.ok || !response.body) throw new Error(`the model answered ${response.status}`);
  if (!stream) {
    const { choices: [choice], usage } = await response.json<Completion>();
    onText(choice?.message?.content ?? '');
    return usage ?? NO_USAGE;
  }
  let usage: Usage | undefined;
  let isFinished = false;
  for await (const data of readEvents(response.body)) {
    if (data === '[DONE]') {
      isFinished = true;
      break;
    }
    const chunk: Completion = JSON.parse(data);
    const [choice] = chunk.choices;
    if (choice?.delta?.content) onText(choice.delta.content);
    if (choice?.finish_reason) isFinished = true;
    usage = chunk.usage ?? usage;
  }
  if (!isFinished) throw new Error('the answer broke off');
  return usage ?? NO_USAGE;
}

/** The data of server-sent events. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const bytes of body) {
    buffer += decoder.decode(bytes, { stream: true });
    const events = buffer.split('\n\n');
    buffer = events.pop() ?? '';
    for (const event of events) if (event.startsWith('data: ')) yield event.slice('data: '.length);
  }
}
