"""OpenAI's own client before the door for programs: openai_client.py ADDRESS KEY DEED

Does one deed and prints what it sees, one JSON value a line, as soon as it is known.
"""

import json
import sys

import openai

address, key, deed = sys.argv[1:]
client = openai.OpenAI(base_url=f"http://{address}/v1", api_key=key, max_retries=0, timeout=30)


def say(value):
    print(json.dumps(value), flush=True)


def asked(words, **options):
    messages = [{"role": "user", "content": words}]
    return client.chat.completions.create(**{"model": "Wren", "messages": messages} | options)


def models():
    say([[model.id, model.owned_by] for model in client.models.list()])
    say(client.models.retrieve("wren").id)


def chat():
    say(asked("hello").choices[0].message.content)
    parts = [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]
    say(asked(parts, max_tokens=7).choices[0].finish_reason)
    reply = asked("briefly", max_completion_tokens=9)
    say([reply.object, reply.choices[0].message.role, reply.usage.completion_tokens > 0])


def stream():
    for chunk in asked("count", stream=True, stream_options={"include_usage": True}):
        for choice in chunk.choices:
            if choice.delta.content:
                say({"text": choice.delta.content})
            if choice.finish_reason:
                say({"finish": choice.finish_reason})
        if chunk.usage:
            say({"usage": chunk.usage.completion_tokens, "choices": len(chunk.choices)})
    say("end")


def leave():
    with asked("go on", stream=True) as chunks:
        say(next(chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content))
    say("left")


def refusals():
    stranger = client.with_options(api_key="wek_wrong")
    picture = [{"type": "image_url", "image_url": {"url": "data:,"}}]
    for attempt in (
        lambda: stranger.models.list(),
        lambda: asked("hello", model="nobody"),
        lambda: asked(picture),
        lambda: asked("hello", n=2),
    ):
        try:
            attempt()
            say("was not refused")
        except openai.APIStatusError as error:
            say([type(error).__name__, error.status_code, error.code])


{"models": models, "chat": chat, "stream": stream, "leave": leave, "refusals": refusals}[deed]()
