"""The `openai` package of PyPI, unchanged but for base URL and key. Prints one JSON object: results by name."""

import asyncio
import json
import sys

import openai
from pydantic import BaseModel

base_url, token, marker = sys.argv[1:4]
client = openai.OpenAI(base_url=base_url, api_key=token, max_retries=0)
results = {}


def ask(name, **fields):
    return {"model": "prime-boss", "messages": [{"role": "user", "content": f"{marker} {name}"}], **fields}


class Letter(BaseModel):
    to: str
    urgent: bool


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"], "additionalProperties": False},
    },
}

completion = client.chat.completions.create(**ask("once"))
results["once"] = completion.choices[0].message.content
results["total_tokens"] = completion.usage.total_tokens

chunks = list(client.chat.completions.create(**ask("stream", stream=True, stream_options={"include_usage": True})))
results["stream"] = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
results["stream_usage"] = chunks[-1].usage.total_tokens

with client.chat.completions.stream(**ask("helper")) as stream:
    results["helper"] = stream.get_final_completion().choices[0].message.content

question = ask("tools", tools=[WEATHER])
call = client.chat.completions.create(**question).choices[0]
results["tool_finish"] = call.finish_reason
results["tool_arguments"] = json.loads(call.message.tool_calls[0].function.arguments)
messages = [*question["messages"], call.message, {"role": "tool", "tool_call_id": call.message.tool_calls[0].id, "content": "21"}]
results["tools"] = client.chat.completions.create(**{**question, "messages": messages}).choices[0].message.content

parsed = client.chat.completions.parse(**ask("structured", response_format=Letter)).choices[0].message.parsed
results["structured"] = [type(parsed).__name__, parsed.to, parsed.urgent]

results["models"] = [model.id for model in client.models.list()]


def error_of(make, **options):
    try:
        make(client.with_options(**options) if options else client)
    except openai.APIError as error:
        return [type(error).__name__, getattr(error, "code", None)]
    return None


results["errors"] = {
    "model": error_of(lambda api: api.chat.completions.create(**{**ask("x"), "model": "nobody"})),
    "field": error_of(lambda api: api.chat.completions.create(**ask("x", temperature=9))),
    "key": error_of(lambda api: api.models.list(), api_key="x"),
    "path": error_of(lambda api: api.embeddings.create(model="m", input="x")),
    "cut": error_of(lambda api: list(api.chat.completions.create(**ask("cut", stream=True)))),
}

aborted = client.chat.completions.create(**ask("abort", stream=True))
next(iter(aborted))
aborted.close()
results["after_abort"] = client.chat.completions.create(**ask("once")).choices[0].message.content


async def ask_async():
    async with openai.AsyncOpenAI(base_url=base_url, api_key=token, max_retries=0) as api:
        text = ""
        async for chunk in await api.chat.completions.create(**ask("stream", stream=True)):
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
        return text


results["async"] = asyncio.run(ask_async())
print(json.dumps(results))
